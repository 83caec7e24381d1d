"""How long everybody has: each clock with its length, its start and its clause; days are counted by the kernel.

Days and working days are Beijing days. The day of the start is not counted (CPL art. 85).
Pure: no database, network or clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from creditsvc.kernel.calendars import Calendar
from creditsvc.kernel.days import Deadline, natural_days, working_days
from creditsvc.kernel.text import Bilingual
from repair.policy.answers import listing_rules


class Unit(StrEnum):
    """How a clock counts."""

    DAYS = "days"
    """Calendar days; an end on a rest day moves to the next working day."""
    WORKING_DAYS = "working_days"


@dataclass(frozen=True, slots=True)
class Clock:
    """One legal period."""

    name: Bilingual
    length: int
    unit: Unit
    starts: Bilingual
    clause: Bilingual
    runs_against: str
    """``court`` or ``person``."""

    def due(self, start: date, calendar: Calendar) -> Deadline:
        """The last day of the period that starts with the event on ``start``, with its day-by-day working."""
        count = working_days if self.unit is Unit.WORKING_DAYS else natural_days
        return count(start, self.length, calendar)


CLOCKS: Mapping[str, Clock] = {
    "decide": Clock(
        Bilingual("法院审查并作出决定", "The court examines and decides"),
        15,
        Unit.DAYS,
        Bilingual("收到申请之日", "receipt of the application"),
        listing_rules("第十二条第一款", "art. 12 para. 1"),
        "court",
    ),
    "remove": Clock(
        Bilingual("删除失信信息", "the entry is removed"),
        3,
        Unit.WORKING_DAYS,
        Bilingual("法院确认之日", "the court's confirmation"),
        listing_rules("第十条第一款", "art. 10 para. 1"),
        "court",
    ),
    "remove_after_term": Clock(
        Bilingual("期限届满后删除", "removal after the term"),
        3,
        Unit.WORKING_DAYS,
        Bilingual("期限届满之日", "the last day of the term"),
        listing_rules("第十条第二款", "art. 10 para. 2"),
        "court",
    ),
    "correct": Clock(
        Bilingual("更正或者撤销", "correction or revocation"),
        3,
        Unit.WORKING_DAYS,
        Bilingual("认定之日", "the finding"),
        listing_rules("第九条、第十二条第一款", "arts 9 and 12 para. 1"),
        "court",
    ),
    "seek_reconsideration": Clock(
        Bilingual("向上一级人民法院申请复议", "apply to the higher court for reconsideration"),
        10,
        Unit.DAYS,
        Bilingual("驳回决定送达之日", "service of the refusal"),
        listing_rules("第十二条第二款", "art. 12 para. 2"),
        "person",
    ),
    "reconsider": Clock(
        Bilingual("上一级人民法院作出复议决定", "the higher court decides"),
        15,
        Unit.DAYS,
        Bilingual("收到复议申请之日", "receipt of the request"),
        listing_rules("第十二条第二款", "art. 12 para. 2"),
        "court",
    ),
    "lift_order": Clock(
        Bilingual("解除限制消费", "the consumption order is lifted"),
        3,
        Unit.WORKING_DAYS,
        Bilingual("履行完毕之日", "full performance"),
        Bilingual("法释〔2015〕17号第九条；法〔2021〕322号", "法释〔2015〕17号 art. 9; 法〔2021〕322号"),
        "court",
    ),
}


def clock(code: str) -> Clock:
    """The clock of this code; ``KeyError`` for one that does not exist."""
    return CLOCKS[code]


def working_days_left(today: date, due: date, calendar: Calendar) -> int:
    """Working days after ``today`` up to and with ``due``; none when ``due`` is today or past."""
    days = (date.fromordinal(number) for number in range(today.toordinal() + 1, due.toordinal() + 1))
    return sum(1 for day in days if calendar.is_working_day(day))
