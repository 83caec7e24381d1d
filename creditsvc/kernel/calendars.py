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

from creditsvc.kernel.errors import InvalidInput
from creditsvc.kernel.text import Bilingual

SATURDAY = 5
MAKE_UP_REACH = 10
"""A weekend this many days from a statutory holiday may turn out to be a make-up working day."""


class DayKind(StrEnum):
    """What a day is."""

    WORKDAY = "workday"
    WEEKEND = "weekend"
    HOLIDAY = "holiday"
    MAKEUP = "makeup"


class Reading(StrEnum):
    """How a year without a notice is read: as the statute alone says, or towards either end of what a notice could say."""

    STATUTE = "statute"
    EARLIEST = "earliest"
    LATEST = "latest"


@dataclass(frozen=True, slots=True)
class YearNotice:
    """One year's notice: its number, its rest days with the holiday's name, its make-up working days."""

    year: int
    document_number: str
    issued_on: date
    off_days: Mapping[date, str]
    work_days: frozenset[date]


@dataclass(frozen=True, slots=True)
class Holiday:
    """A statutory holiday of one year: its first day, its days by statute, its widest arrangement so far."""

    name: str
    first: date
    days: int
    widest: int

    def covers(self, day: date, *, widest: bool) -> bool:
        """Whether a day falls into it, by statute or at its widest."""
        return self.first <= day < self.first + timedelta(days=self.widest if widest else self.days)


class Calendar:
    """All loaded notices, and the statute for the years without one."""

    def __init__(self, notices: Iterable[YearNotice], statute: Mapping[str, Any]) -> None:
        self._notices = {notice.year: notice for notice in notices}
        self._statute = statute

    @property
    def years(self) -> tuple[int, ...]:
        """The years whose notice is loaded."""
        return tuple(sorted(self._notices))

    def notice(self, year: int) -> YearNotice | None:
        """The notice of a year, or none."""
        return self._notices.get(year)

    def with_notice(self, notice: YearNotice) -> Calendar:
        """A calendar in which this notice stands for its year."""
        return Calendar([*(n for n in self._notices.values() if n.year != notice.year), notice], self._statute)

    def knows(self, day: date) -> bool:
        """Whether the notice of the day's year is loaded."""
        return day.year in self._notices

    def kind(self, day: date, reading: Reading = Reading.STATUTE) -> DayKind:
        """What a day is; ``reading`` matters only for a year without a notice."""
        notice = self._notices.get(day.year)
        weekend = day.weekday() >= SATURDAY
        if notice is not None:
            if day in notice.work_days:
                return DayKind.MAKEUP
            if day in notice.off_days:
                return DayKind.HOLIDAY
            return DayKind.WEEKEND if weekend else DayKind.WORKDAY
        return self._assumed(day, weekend, reading)

    def _assumed(self, day: date, weekend: bool, reading: Reading) -> DayKind:
        holidays = self.statutory(day.year)
        if any(holiday.covers(day, widest=reading is Reading.LATEST) for holiday in holidays):
            return DayKind.HOLIDAY
        if weekend and reading is Reading.EARLIEST:
            reach = timedelta(days=MAKE_UP_REACH)
            if any(holiday.first - reach <= day <= holiday.first + reach for holiday in holidays):
                return DayKind.MAKEUP
        return DayKind.WEEKEND if weekend else DayKind.WORKDAY

    def holiday_name(self, day: date) -> str:
        """The holiday that a rest day belongs to, or an empty text."""
        notice = self._notices.get(day.year)
        if notice is not None:
            return notice.off_days.get(day, "")
        return next((h.name for h in self.statutory(day.year) if h.covers(day, widest=True)), "")

    def is_working_day(self, day: date, reading: Reading = Reading.STATUTE) -> bool:
        """Whether people work on that day."""
        return self.kind(day, reading) in {DayKind.WORKDAY, DayKind.MAKEUP}

    def statutory(self, year: int) -> tuple[Holiday, ...]:
        """The statutory holidays of a year, as far as their dates are known here."""
        found = [_holiday(year, row["name"], row["first"], row) for row in self._statute["fixed"]]
        for name, row in self._statute["moving"].items():
            if first := row["first"].get(str(year)):
                found.append(_holiday(year, name, first, row))
        return tuple(sorted(found, key=lambda holiday: holiday.first))

    def missing_years(self, day: date, within_days: int = 60) -> tuple[int, ...]:
        """Years that are needed within so many days of a day and have no notice."""
        last = (day + timedelta(days=within_days)).year
        return tuple(year for year in range(day.year, last + 1) if year not in self._notices)


def _holiday(year: int, name: str, first: str, row: Mapping[str, Any]) -> Holiday:
    month, _, day = first.partition("-")
    return Holiday(name, date(year, int(month), int(day)), int(row["days"]), int(row["widest"]))


def _wrong(key: str, why_zh: str, why_en: str) -> InvalidInput:
    return InvalidInput(
        Bilingual(f"放假通知 {key}：{why_zh}", f"calendar notice, {key}: {why_en}"), code="notice-invalid", key=key
    )


def _day(key: str, text: object) -> date:
    try:
        return date.fromisoformat(str(text))
    except ValueError:
        raise _wrong(key, f"日期 {text} 不合格式 YYYY-MM-DD", f"{text} is not a date YYYY-MM-DD") from None


def parse_notice(raw: Mapping[str, Any]) -> YearNotice:
    """A notice from its data; raises ``InvalidInput`` (``notice-invalid``) that names the key."""
    known = {"year", "document_number", "issued_on", "issuer", "off_days", "work_days"}
    if strangers := sorted(raw.keys() - known):
        raise _wrong(strangers[0], "不认识的项", "unknown key")
    for key in ("year", "document_number", "issued_on", "off_days", "work_days"):
        if key not in raw:
            raise _wrong(key, "缺少", "missing")
    year = int(raw["year"])
    off = {_day("off_days", day): str(name) for day, name in raw["off_days"].items()}
    work = frozenset(_day("work_days", day) for day in raw["work_days"])
    if any(day.year != year for day in (*off, *work)):
        raise _wrong("off_days", "含有其他年份的日期", "a date of another year")
    if off.keys() & work:
        raise _wrong("work_days", "同一天既放假又上班", "a day is both off and working")
    if any(day.weekday() < SATURDAY for day in work):
        raise _wrong("work_days", "调休上班日应在周末", "a make-up working day must be at a weekend")
    return YearNotice(year, str(raw["document_number"]), _day("issued_on", raw["issued_on"]), off, work)
