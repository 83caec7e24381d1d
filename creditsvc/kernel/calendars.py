"""The State Council's calendar: rest days and make-up working days, a notice a year.

Pure: notices are handed in. A year whose notice is not loaded is never silently Monday to Friday: what is counted in it
is provisional, with an earliest and a latest reading.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from creditsvc.kernel.notices import SATURDAY, YearNotice, parse_notice
from creditsvc.kernel.text import Bilingual

__all__ = ["Calendar", "DayKind", "Holiday", "Reading", "YearNotice", "parse_notice"]

MAKE_UP_REACH = timedelta(days=14)
"""How far from a holiday's statutory days a make-up working day may lie: 11 at most from 2014 to 2026, and some room."""


class DayKind(StrEnum):
    """What a day is."""

    WORKDAY = "workday"
    WEEKEND = "weekend"
    HOLIDAY = "holiday"
    MAKEUP = "makeup"


class Reading(StrEnum):
    """How a year without a notice is read.

    ``STATUTE``: weekends and the 13 statutory days rest, nothing else. ``EARLIEST``: as many working days as a notice could
    make (statutory days rest; every weekend within reach of a holiday is worked). ``LATEST``: as few (each holiday at its
    widest, no weekend worked). The working days of the three nest, so a count by the real notice ends between them.
    """

    STATUTE = "statute"
    EARLIEST = "earliest"
    LATEST = "latest"


@dataclass(frozen=True, slots=True)
class Holiday:
    """A statutory holiday of one year: its first and last day by statute, and at its widest.

    Where the moon's date is not in the table, ``certain`` is false: the days are the window in which it can fall.
    """

    name: str
    first: date
    last: date
    widest_first: date
    widest_last: date
    certain: bool = True

    def covers(self, day: date, reading: Reading) -> bool:
        """Whether the day rests because of it in this reading."""
        if reading is Reading.LATEST:
            return self.widest_first <= day <= self.widest_last
        return self.certain and self.first <= day <= self.last

    def may_be_made_up_on(self, day: date) -> bool:
        """Whether a weekend day lies so near that a notice could make it a working day."""
        return self.first - MAKE_UP_REACH <= day <= self.last + MAKE_UP_REACH


class Calendar:
    """All loaded notices, and the statute for the years without one. ``statute`` is the content of statutory.json."""

    def __init__(self, notices: Iterable[YearNotice], statute: Mapping[str, Any]) -> None:
        self._notices = {notice.year: notice for notice in sorted(notices, key=lambda notice: notice.year)}
        self._statute = statute
        self._english = {row["name"]: row["name_en"] for row in (*statute["fixed"], *statute["moving"])}
        self._holidays: dict[int, tuple[Holiday, ...]] = {}
        self._told: dict[date, str | None] = {}  # what notices say: a holiday's name, or none for a make-up working day
        for notice in self._notices.values():  # of two notices about one day (31 December) the later governs
            self._told.update(dict.fromkeys(notice.work_days))
            self._told.update(notice.off_days)

    @property
    def years(self) -> tuple[int, ...]:
        """The years whose notice is loaded."""
        return tuple(self._notices)

    def notice(self, year: int) -> YearNotice | None:
        """The notice of a year, or none."""
        return self._notices.get(year)

    def with_notice(self, notice: YearNotice) -> Calendar:
        """A calendar in which this notice stands for its year."""
        return Calendar([*(n for n in self._notices.values() if n.year != notice.year), notice], self._statute)

    def knows(self, day: date) -> bool:
        """Whether a notice settles what the day is."""
        return day.year in self._notices or day in self._told

    def kind(self, day: date, reading: Reading = Reading.STATUTE) -> DayKind:
        """What a day is; ``reading`` matters only for a year without a notice."""
        if day in self._told:
            return DayKind.MAKEUP if self._told[day] is None else DayKind.HOLIDAY
        weekend = day.weekday() >= SATURDAY
        if day.year not in self._notices:
            return self._assumed(day, weekend, reading)
        return DayKind.WEEKEND if weekend else DayKind.WORKDAY

    def _assumed(self, day: date, weekend: bool, reading: Reading) -> DayKind:
        near = (*self.statutory(day.year), self.statutory(day.year + 1)[0])  # New Year's Day reaches back into December
        if any(holiday.covers(day, reading) for holiday in near):
            return DayKind.HOLIDAY
        if not weekend:
            return DayKind.WORKDAY
        made_up = reading is Reading.EARLIEST and any(holiday.may_be_made_up_on(day) for holiday in near)
        return DayKind.MAKEUP if made_up else DayKind.WEEKEND

    def holiday_name(self, day: date) -> str:
        """The Chinese name of the holiday that a rest day belongs to, or an empty text."""
        if self.knows(day):
            return self._told.get(day) or ""
        return next((h.name for h in self.statutory(day.year) if h.covers(day, Reading.STATUTE)), "")

    def holiday_text(self, day: date) -> Bilingual | None:
        """The holiday's name in both languages, or none."""
        name = self.holiday_name(day)
        if not name:
            return None
        return Bilingual(name, ", ".join(self._english.get(part, part) for part in name.split("、")))

    def is_working_day(self, day: date, reading: Reading = Reading.STATUTE) -> bool:
        """Whether people work on that day."""
        return self.kind(day, reading) in {DayKind.WORKDAY, DayKind.MAKEUP}

    def statutory(self, year: int) -> tuple[Holiday, ...]:
        """The statutory holidays of a year, New Year first (全国年节及纪念日放假办法 art. 2)."""
        if year not in self._holidays:
            fixed = [_holiday(year, row, row["first"]) for row in self._statute["fixed"]]
            moving = [_moving(year, row) for row in self._statute["moving"]]
            self._holidays[year] = tuple(sorted((*fixed, *moving), key=lambda holiday: holiday.first))
        return self._holidays[year]

    def missing_years(self, from_day: date, within_days: int = 60) -> tuple[int, ...]:
        """Years that are needed within so many days of a day and have no notice."""
        last = (from_day + timedelta(days=within_days)).year
        return tuple(year for year in range(from_day.year, last + 1) if year not in self._notices)


def _date(year: int, month_day: str) -> date:
    return date.fromisoformat(f"{year:04d}-{month_day}")


def _around(row: Mapping[str, Any], first: date, last: date, *, certain: bool) -> Holiday:
    widest_last = max(last, first + timedelta(days=row["after"])) if certain else last + timedelta(days=row["after"])
    return Holiday(row["name"], first, last, first - timedelta(days=row["before"]), widest_last, certain)


def _holiday(year: int, row: Mapping[str, Any], month_day: str) -> Holiday:
    first = _date(year, month_day)
    return _around(row, first, first + timedelta(days=row["days"] - 1), certain=True)


def _moving(year: int, row: Mapping[str, Any]) -> Holiday:
    if month_day := row["first"].get(str(year)):
        return _holiday(year, row, month_day)
    begins, ends = row["window"]
    return _around(row, _date(year, begins), _date(year, ends), certain=False)
