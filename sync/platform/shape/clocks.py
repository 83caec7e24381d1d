"""How long everybody has, with the clause. Pure: the calendar is handed in.

Working days by the State Council's calendar; the day on which a row or a message arrives is not counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from creditsvc.kernel.calendars import Calendar
from creditsvc.kernel.days import Deadline, working_days
from creditsvc.kernel.text import Bilingual


@dataclass(frozen=True, slots=True)
class Clock:
    """Who has how many working days for what, by which clause."""

    days: int
    who: Bilingual
    what: Bilingual
    clause: Bilingual


def _article(number: int, chinese: str) -> Bilingual:
    return Bilingual(f"《河南省社会信用条例》第{chinese}条", f"Henan Social Credit Regulation art. {number}")


_PLATFORM = Bilingual("平台", "platform")
_COURT = Bilingual("法院", "court")
CLOCKS: Mapping[str, Clock] = {
    "verify": Clock(5, _PLATFORM, Bilingual("核验归集的数据", "verify data that came in"), _article(17, "十七")),
    "revoke": Clock(1, _PLATFORM, Bilingual("撤销已被撤销的记录", "revoke what was revoked"), _article(42, "四十二")),
    "repair": Clock(1, _PLATFORM, Bilingual("修复（终止公示、移出）", "repair: take it off"), _article(43, "四十三")),
    "objection_own": Clock(
        3, _PLATFORM, Bilingual("自行核查异议", "look into an objection itself"), _article(41, "四十一")
    ),
    "objection_via": Clock(
        7,
        _PLATFORM,
        Bilingual("经提供单位核查并答复异议", "answer an objection through the provider"),
        _article(41, "四十一"),
    ),
    "objection_answer": Clock(
        3, _COURT, Bilingual("核查异议并同步结果", "look into an objection and send the result"), _article(41, "四十一")
    ),
    "agency": Clock(
        1,
        Bilingual("使用单位", "users"),
        Bilingual("停止使用已移出的记录", "stop using what has left"),
        _article(43, "四十三"),
    ),
}


def deadline(clock: str, since: date, calendar: Calendar) -> Deadline:
    """The last day of a clock that began on a day; ``KeyError`` for one that is not there."""
    rule = CLOCKS[clock]
    return replace(working_days(since, rule.days, calendar), basis=rule.clause)


def clock_of_row(operation: str, exit: str = "") -> str:
    """Which clock runs on a row that the platform has got."""
    if operation == "D":
        return "revoke" if exit == "revoked" else "repair"
    return "repair" if operation == "U" else "verify"
