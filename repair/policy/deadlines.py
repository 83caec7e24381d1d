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
from repair.policy.answers import henan, listing_rules
from repair.policy.kinds import ApplicationKind


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
    is_target: bool = False
    """No clause names a number of days: the service's own target, said as such."""

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
    "decide_repair": Clock(
        Bilingual("法院审查并答复", "the court examines and answers"),
        15,
        Unit.DAYS,
        Bilingual("收到申请之日", "receipt of the application"),
        Bilingual(
            "没有法定期限，参照法释〔2017〕7号第十二条",
            "no period is fixed; after the model of 法释〔2017〕7号 art. 12",
        ),
        "court",
        is_target=True,
    ),
    "answer_urgent": Clock(
        Bilingual("法院审查，院长批准或者不批准", "the court examines and the president approves or not"),
        2,
        Unit.WORKING_DAYS,
        Bilingual("收到申请之日", "receipt of the application"),
        Bilingual(
            "法发〔2019〕35号第17条第3项没有规定期限；紧急事由，本服务定为两个工作日",
            "法发〔2019〕35号 no. 17(3) fixes no period; the need is urgent, the service's target is two working days",
        ),
        "court",
        is_target=True,
    ),
    "answer_soon": Clock(
        Bilingual("法院审查并答复", "the court examines and answers"),
        5,
        Unit.WORKING_DAYS,
        Bilingual("收到申请之日", "receipt of the application"),
        Bilingual(
            "没有法定期限，本服务定为五个工作日", "no period is fixed; the service's target is five working days"
        ),
        "court",
        is_target=True,
    ),
    "answer_objection": Clock(
        Bilingual("法院核查并回复平台", "the court checks and answers the platform"),
        3,
        Unit.WORKING_DAYS,
        Bilingual("收到核查通知之日", "receipt of the platform's request"),
        henan("第四十一条第二款", "art. 41 para. 2"),
        "court",
    ),
    "platform_own": Clock(
        Bilingual("平台处理自身信息的异议", "the platform answers about its own data"),
        3,
        Unit.WORKING_DAYS,
        Bilingual("收到异议之日", "receipt of the objection"),
        henan("第四十一条第一款", "art. 41 para. 1"),
        "platform",
    ),
    "platform_with_provider": Clock(
        Bilingual("需要提供单位核查的异议", "the platform answers after asking the provider"),
        7,
        Unit.WORKING_DAYS,
        Bilingual("收到异议之日", "receipt of the objection"),
        henan("第四十一条第一款", "art. 41 para. 1"),
        "platform",
    ),
    "creditor_answer": Clock(
        Bilingual("申请执行人答复", "the creditor answers"),
        5,
        Unit.WORKING_DAYS,
        Bilingual("链接发出之日", "the day the link was sent"),
        Bilingual("法院指定的期间", "a period that the court sets"),
        "creditor",
        is_target=True,
    ),
}

STOPS: Mapping[ApplicationKind, Mapping[str, tuple[Bilingual, Bilingual]]] = {
    ApplicationKind.OBJECTION: {
        "expert": (
            Bilingual("专家评审、检验检测所需时间", "expert review or testing"),
            henan("第四十一条第二款", "art. 41 para. 2"),
        ),
    },
}
"""What stops a clock, by kind: only what the law excludes from the count, each with its clause. No other kind has any."""


def resumed(due: date, *, paused_on: date, resumed_on: date, unit: Unit, calendar: Calendar) -> Deadline:
    """The new last day after a pause: what was left on the day of the pause runs on from the day of resumption."""
    if unit is Unit.WORKING_DAYS:
        return working_days(resumed_on, working_days_left(paused_on, due, calendar), calendar)
    return natural_days(resumed_on, max(0, (due - paused_on).days), calendar)


SOON = 3
"""Working days before the due day on which the court is reminded."""
HIGHER = 10
"""Working days after the due day on which the court above is told."""


class Level(StrEnum):
    """How far up the nearness or lateness of a due day is told."""

    SOON = "soon"
    """Whoever works on it."""
    LATE = "late"
    """The court's president; the person sees it too."""
    HIGHER = "higher"
    """The court one level up."""


def level_on(due: date | None, today: date, calendar: Calendar) -> Level | None:
    """How far up it is told on this day; none while there is time."""
    if due is None:
        return None
    if due >= today:
        return Level.SOON if working_days_left(today, due, calendar) <= SOON else None
    return Level.HIGHER if working_days_left(due, today, calendar) >= HIGHER else Level.LATE


def clock(code: str) -> Clock:
    """The clock of this code; ``KeyError`` for one that does not exist."""
    return CLOCKS[code]


def working_days_left(today: date, due: date, calendar: Calendar) -> int:
    """Working days after ``today`` up to and with ``due``; none when ``due`` is today or past."""
    days = (date.fromordinal(number) for number in range(today.toordinal() + 1, due.toordinal() + 1))
    return sum(1 for day in days if calendar.is_working_day(day))
