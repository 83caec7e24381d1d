"""How days are counted. Legal days are days in Beijing; the day on which a period begins is not counted.

Pure: the calendar is handed in. Sources: 民事诉讼法 art. 85, 民法典 arts 201-203 (start day not counted; months end on the
corresponding day or the month's last; a last day that is a rest day rolls to the next working day); working days are
counted only where the text says 工作日. Periods that burden a person (a term, grace, a temporary lift) don't roll.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Sequence
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
    """The last day to act, with its working.

    Provisional where a day that decides it lies in a year without a loaded notice: then the real day lies between
    ``earliest`` and ``latest`` (see ``calendars.Reading``). ``basis`` is the clause, where a caller adds it.
    """

    day: date
    provisional: bool
    earliest: date
    latest: date
    working: tuple[DayStep, ...]
    basis: Bilingual | None = None

    def ends_at(self) -> datetime:
        """The instant at which the last day is over: the next midnight in Beijing, exclusive, in UTC."""
        return end_of_legal_day(self.day)


def legal_day(instant: datetime) -> date:
    """The day in Beijing; raises ``ValueError`` for a time without a zone."""
    if instant.tzinfo is None:
        raise ValueError("a time without a zone is not a time")
    return instant.astimezone(BEIJING).date()


def start_of_legal_day(day: date) -> datetime:
    """The instant, in UTC, at which a day begins in Beijing."""
    return datetime.combine(day, time(), BEIJING).astimezone(UTC)


def end_of_legal_day(day: date) -> datetime:
    """The instant, in UTC, at which a day is over in Beijing (24:00, 民法典 art. 203): the first that is no longer in it."""
    return start_of_legal_day(day + ONE)


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
    _not_negative(count)
    steps = _count_working(start, count, calendar, Reading.STATUTE)
    return _bounded(
        start + ONE,
        (_start_step(start), *steps),
        calendar,
        lambda how: _last(start, _count_working(start, count, calendar, how)),
    )


def natural_days(start: date, count: int, calendar: Calendar, *, roll: bool = True) -> Deadline:
    """So many calendar days after ``start``; with ``roll`` a last day that is a rest day moves to the next working day."""
    _not_negative(count)
    days = [(start + timedelta(days=n), n) for n in range(1, count + 1)]
    steps = [DayStep(day, n, _kind_text(day, calendar)) for day, n in days]
    return _ended(start + timedelta(days=count), (_start_step(start), *steps), calendar, roll)


def months(start: date, count: int, calendar: Calendar, *, roll: bool) -> Deadline:
    """The corresponding day so many months after ``start``; with ``roll`` as for days."""
    _not_negative(count)
    last = add_months(start, count)
    why = Bilingual(f"{count} 个月后的对应日", f"the corresponding day {count} months later")
    if last.day != start.day:
        why = Bilingual(
            f"{count} 个月后无对应日，为月末日", f"no corresponding day {count} months later: the month's last"
        )
    return _ended(last, (_start_step(start), DayStep(last, count, why)), calendar, roll)


def _not_negative(count: int) -> None:
    if count < 0:
        raise ValueError("a period has no negative length")


def _ended(last: date, steps: tuple[DayStep, ...], calendar: Calendar, roll: bool) -> Deadline:
    if not roll:
        return Deadline(last, False, last, last, steps)
    moved = _rolled(last, calendar, Reading.STATUTE)
    return _bounded(last, (*steps, *moved), calendar, lambda how: _last(last, _rolled(last, calendar, how)))


def _last(day: date, steps: Sequence[DayStep]) -> date:
    return steps[-1].day if steps else day


def _bounded(first: date, steps: tuple[DayStep, ...], calendar: Calendar, again: Callable[[Reading], date]) -> Deadline:
    """The deadline whose last step is the day. The days from ``first`` on decided it: are they all settled by notices?"""
    day = steps[-1].day
    looked_at = range((day - first).days + 1)
    if all(calendar.knows(first + timedelta(days=n)) for n in looked_at):
        return Deadline(day, False, day, day, steps)
    return Deadline(day, True, again(Reading.EARLIEST), again(Reading.LATEST), steps)


def _count_working(start: date, count: int, calendar: Calendar, reading: Reading) -> list[DayStep]:
    day, done, steps = start, 0, []
    while done < count:
        day += ONE
        works = calendar.is_working_day(day, reading)
        done += works
        steps.append(DayStep(day, done if works else None, _kind_text(day, calendar)))
    return steps


def _rolled(last: date, calendar: Calendar, reading: Reading) -> list[DayStep]:
    day, steps = last, []
    while not calendar.is_working_day(day, reading):
        day += ONE
        steps.append(DayStep(day, None, _rolled_text(_kind_text(day, calendar))))
    return steps


def _rolled_text(kind: Bilingual) -> Bilingual:
    return Bilingual(f"期满日为休息日，顺延：{kind.zh}", f"the last day is a rest day, moved on: {kind.en}")


def _start_step(start: date) -> DayStep:
    return DayStep(start, None, Bilingual("起算当日不计入", "the day it begins is not counted"))


def _kind_text(day: date, calendar: Calendar) -> Bilingual:
    text = _KINDS[calendar.kind(day)]
    if holiday := calendar.holiday_text(day):
        text = Bilingual(f"{holiday.zh}放假", f"public holiday: {holiday.en}")
    if calendar.knows(day):
        return text
    return Bilingual(
        f"{text.zh}（该年放假通知未载入，暂定）", f"{text.en} (notice of that year not loaded: provisional)"
    )


_KINDS = {
    DayKind.WORKDAY: Bilingual("工作日", "working day"),
    DayKind.WEEKEND: Bilingual("周末", "weekend"),
    DayKind.HOLIDAY: Bilingual("节假日", "public holiday"),
    DayKind.MAKEUP: Bilingual("调休上班日", "make-up working day"),
}
