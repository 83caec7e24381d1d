"""Deadlines that anybody may have counted, by the same calendar as the court's own."""

from __future__ import annotations

from datetime import date

from creditsvc.kernel.calendars import Calendar
from creditsvc.kernel.days import Deadline, months, natural_days, working_days
from creditsvc.kernel.text import Bilingual
from creditsvc.kernel.timers import Timer, Unit

LONGEST = 400
"""Days or months that may be asked for."""
EARLIEST, LATEST = date(1990, 1, 1), date(2099, 12, 31)
"""Start days that may be asked for: a sum past the last year that dates know is never reached."""
UNITS: dict[str, Bilingual] = {
    "working_days": Bilingual("个工作日", "working days"),
    "days": Bilingual("日", "days"),
    "months": Bilingual("个月", "months"),
}


def counted(unit: str, start: date, count: int, calendar: Calendar, *, roll: bool) -> Deadline:
    """So many of one of ``UNITS`` after a start day, which is not counted; ``roll`` moves a last day of rest on.

    Working days end on a working day by themselves. Source: 民事诉讼法 art. 85, 民法典 arts 201-203.
    """
    if unit == "working_days":
        return working_days(start, count, calendar)
    if unit == "days":
        return natural_days(start, count, calendar, roll=roll)
    return months(start, count, calendar, roll=roll)


_WORDS = {
    Unit.WORKING_DAYS: UNITS["working_days"],
    Unit.DAYS: UNITS["days"],
    Unit.MONTHS: UNITS["months"],
    Unit.YEARS: Bilingual("年", "years"),
}


def length_text(timer: Timer) -> Bilingual:
    """How long a limit is, as people write it; a dash for one that has no number."""
    if timer.unit is None:
        return Bilingual("—", "-")
    low, high = timer.lengths
    figure, word = (f"{low}-{high}" if timer.varies else str(high)), _WORDS[timer.unit]
    return Bilingual(f"{figure} {word.zh}", f"{figure} {word.en}")
