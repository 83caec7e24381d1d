"""A deadline as a strip of weeks, for people who count on their fingers: what each day is, its count, where it ends. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from creditsvc.kernel.calendars import Calendar, DayKind
from creditsvc.kernel.days import Deadline
from creditsvc.kernel.text import Bilingual

LONGEST_WEEKS = 10
WEEK = 7


@dataclass(frozen=True, slots=True)
class StripDay:
    """One day: rests or works (and why, where that is not plain from the weekday), its count, what it is to the deadline."""

    day: date
    works: bool
    name: Bilingual | None
    counted: int | None
    starts: bool
    ends: bool
    known: bool


def strip(start: date, due: Deadline, calendar: Calendar) -> tuple[tuple[StripDay, ...], ...]:
    """Whole weeks, Monday first, from the start day to the last; empty where that is longer than a page can show."""
    first = start - timedelta(days=start.weekday())
    last = due.day + timedelta(days=WEEK - 1 - due.day.weekday())
    weeks = ((last - first).days + 1) // WEEK
    if weeks > LONGEST_WEEKS:
        return ()
    counted = {step.day: step.counted for step in due.working}
    days = [
        _day(first + timedelta(days=n), start=start, due=due, calendar=calendar, counted=counted)
        for n in range(weeks * WEEK)
    ]
    return tuple(tuple(days[n : n + WEEK]) for n in range(0, len(days), WEEK))


def _day(day: date, *, start: date, due: Deadline, calendar: Calendar, counted: dict[date, int | None]) -> StripDay:
    kind = calendar.kind(day)
    name = calendar.holiday_text(day) if kind is DayKind.HOLIDAY else None
    if kind is DayKind.MAKEUP:
        name = Bilingual("上班", "working")
    return StripDay(
        day,
        kind in {DayKind.WORKDAY, DayKind.MAKEUP},
        name,
        counted.get(day),
        day == start,
        day == due.day,
        calendar.knows(day),
    )
