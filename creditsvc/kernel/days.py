"""How days are counted. Legal days are days in Beijing; the day on which a period begins is not counted.

Pure: the calendar is handed in. Sources: 民事诉讼法 art. 85, 民法典 arts 201-203 (start day not counted; months end on the
corresponding day or the month's last; a last day that is a rest day rolls to the next working day); working days are
counted only where the text says 工作日. Periods that burden a person (a term, grace, a temporary lift) don't roll.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from creditsvc.kernel.calendars import Calendar, DayKind, Reading
from creditsvc.kernel.text import Bilingual

BEIJING = ZoneInfo("Asia/Shanghai")
ONE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class DayStep:
    """One day of a working: which count it has, if any, and why."""

    day: date
    counted: int | None
    why: Bilingual


@dataclass(frozen=True, slots=True)
class Deadline:
    """The last day to act, with its working. Provisional where a year's notice is not loaded: then it lies between
    ``earliest`` and ``latest``."""

    day: date
    provisional: bool
    earliest: date
    latest: date
    working: tuple[DayStep, ...]

    def ends_at(self) -> datetime:
        """The instant at which the last day is over: the next midnight in Beijing, exclusive, in UTC."""
        return start_of_legal_day(self.day + ONE)


def legal_day(instant: datetime) -> date:
    """The day in Beijing; raises ``ValueError`` for a time without a zone."""
    if instant.tzinfo is None:
        raise ValueError("a time without a zone is not a time")
    return instant.astimezone(BEIJING).date()


def start_of_legal_day(day: date) -> datetime:
    """The instant, in UTC, at which a day begins in Beijing."""
    return datetime.combine(day, time(), BEIJING).astimezone(UTC)


def add_months(day: date, months: int) -> date:
    """The corresponding day so many months later; the month's last day if there is none (民法典 art. 202)."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def age_on(birth: date, day: date) -> int:
    """Whole years on a day."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def working_days(start: date, count: int, calendar: Calendar) -> Deadline:
    """So many working days after ``start``; holidays and weekends don't count, make-up working days do."""
    day, steps = _count_working(start, count, calendar, Reading.STATUTE)
    return _bounded(day, steps, calendar, start, lambda reading: _count_working(start, count, calendar, reading)[0])


def natural_days(start: date, count: int, calendar: Calendar, *, roll: bool = True) -> Deadline:
    """So many calendar days after ``start``; with ``roll`` a last day that is a rest day moves to the next working day."""
    last = start + timedelta(days=count)
    steps = [_start_step(start)]
    steps += [
        DayStep(start + timedelta(days=n), n, _kind_text(start + timedelta(days=n), calendar))
        for n in range(1, count + 1)
    ]
    return _ended(start, last, steps, calendar, roll)


def months(start: date, count: int, calendar: Calendar, *, roll: bool) -> Deadline:
    """The corresponding day so many months after ``start``; with ``roll`` as for days."""
    last = add_months(start, count)
    why = Bilingual(f"{count} 个月后的对应日", f"corresponding day {count} months later")
    return _ended(start, last, [_start_step(start), DayStep(last, count, why)], calendar, roll)


def _ended(start: date, last: date, steps: list[DayStep], calendar: Calendar, roll: bool) -> Deadline:
    if not roll:
        return Deadline(last, False, last, last, tuple(steps))
    day = _rolled(last, calendar, Reading.STATUTE, steps)
    return _bounded(day, steps, calendar, last, lambda reading: _rolled(last, calendar, reading, []))


def _bounded(
    day: date, steps: list[DayStep], calendar: Calendar, first: date, again: Callable[[Reading], date]
) -> Deadline:
    earliest, latest = again(Reading.EARLIEST), again(Reading.LATEST)
    touched = {first.year, day.year, earliest.year, latest.year}
    provisional = any(year not in calendar.years for year in touched if year > first.year or year == day.year)
    if not provisional:
        return Deadline(day, False, day, day, tuple(steps))
    return Deadline(day, True, min(day, earliest), max(day, latest), tuple(steps))


def _count_working(start: date, count: int, calendar: Calendar, reading: Reading) -> tuple[date, list[DayStep]]:
    day, done, steps = start, 0, [_start_step(start)]
    while done < count:
        day += ONE
        if calendar.is_working_day(day, reading):
            done += 1
            steps.append(DayStep(day, done, _kind_text(day, calendar)))
        else:
            steps.append(DayStep(day, None, _kind_text(day, calendar)))
    return day, steps


def _rolled(last: date, calendar: Calendar, reading: Reading, steps: list[DayStep]) -> date:
    day = last
    while not calendar.is_working_day(day, reading):
        day += ONE
        why = Bilingual("期满日为休息日，顺延", "the last day is a rest day: moved on")
        steps.append(DayStep(day, None, why))
    return day


def _start_step(start: date) -> DayStep:
    return DayStep(start, None, Bilingual("起算当日不计入", "the day it begins is not counted"))


def _kind_text(day: date, calendar: Calendar) -> Bilingual:
    kind = calendar.kind(day)
    name = calendar.holiday_name(day)
    texts = {
        DayKind.WORKDAY: Bilingual("工作日", "working day"),
        DayKind.WEEKEND: Bilingual("周末", "weekend"),
        DayKind.HOLIDAY: Bilingual(f"{name or '节假日'}放假", f"public holiday {name}".strip()),
        DayKind.MAKEUP: Bilingual("调休上班日", "make-up working day"),
    }
    text = texts[kind]
    if not calendar.knows(day):
        return Bilingual(
            text.zh + "（该年放假通知未载入，暂定）", text.en + " (notice of that year not loaded: provisional)"
        )
    return text
