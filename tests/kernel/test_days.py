"""Every deadline of the law's table, and the counting against a naive oracle."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import chinese_calendar
import holidays
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from creditsvc.kernel.calendars import DayKind
from creditsvc.kernel.days import add_months, age_on, legal_day, months, natural_days, start_of_legal_day, working_days
from creditsvc.kernel.load import packaged_calendar

CALENDAR = packaged_calendar()
CASES = yaml.safe_load((Path(__file__).parent / "deadlines.yaml").read_text("utf-8"))
KNOWN_DAYS = st.dates(date(2024, 1, 1), date(2026, 11, 1))


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_case(case: dict[str, object]) -> None:
    start, count = case["start"], case["count"]
    assert isinstance(start, date)
    assert isinstance(count, int)
    made = {
        "working_days": lambda: working_days(start, count, CALENDAR),
        "days": lambda: natural_days(start, count, CALENDAR),
        "months_rolled": lambda: months(start, count, CALENDAR, roll=True),
        "months": lambda: months(start, count, CALENDAR, roll=False),
    }[str(case["unit"])]()
    assert made.day == case["last_day"]
    assert made.provisional is bool(case.get("provisional", False))
    assert made.earliest <= made.day <= made.latest


@pytest.mark.parametrize("year", [2024, 2025, 2026])
def test_calendar_agrees_with_two_other_tables(year: int) -> None:
    other = holidays.country_holidays("CN", years=year)
    day = date(year, 1, 1)
    while day.year == year:
        assert CALENDAR.is_working_day(day) == chinese_calendar.is_workday(day) == other.is_working_day(day), day
        day += timedelta(days=1)


def _naive(start: date, count: int) -> date:
    day = start
    for _ in range(count):
        day += timedelta(days=1)
        while not chinese_calendar.is_workday(day):
            day += timedelta(days=1)
    return day


@given(start=KNOWN_DAYS, count=st.integers(1, 20))
def test_working_days_agree_with_the_naive_count(start: date, count: int) -> None:
    assert working_days(start, count, CALENDAR).day == _naive(start, count)


@given(start=KNOWN_DAYS, count=st.integers(1, 30))
def test_a_rolled_day_is_the_first_working_day(start: date, count: int) -> None:
    made = natural_days(start, count, CALENDAR)
    plain = start + timedelta(days=count)
    between = [plain + timedelta(days=n) for n in range((made.day - plain).days)]
    assert chinese_calendar.is_workday(made.day)
    assert not any(chinese_calendar.is_workday(day) for day in between)


@given(start=st.dates(date(2026, 12, 1), date(2030, 12, 1)), count=st.integers(1, 15))
def test_an_unknown_year_is_provisional_and_bounded(start: date, count: int) -> None:
    made = working_days(start, count, CALENDAR)
    assert made.provisional is (made.latest.year > 2026)
    assert made.earliest <= made.day <= made.latest
    assert start < made.earliest


@given(day=st.dates(date(1950, 1, 1), date(2100, 1, 1)), count=st.integers(0, 120))
def test_months_end_on_the_corresponding_day_or_the_months_last(day: date, count: int) -> None:
    end = add_months(day, count)
    assert (end.year * 12 + end.month) - (day.year * 12 + day.month) == count
    assert end.day == day.day or (end + timedelta(days=1)).day == 1


def test_a_day_begins_at_midnight_in_beijing() -> None:
    assert legal_day(datetime(2026, 3, 1, 15, 59, 59, tzinfo=UTC)) == date(2026, 3, 1)
    assert legal_day(datetime(2026, 3, 1, 16, 0, tzinfo=UTC)) == date(2026, 3, 2)
    assert start_of_legal_day(date(2026, 3, 2)) == datetime(2026, 3, 1, 16, 0, tzinfo=UTC)
    with pytest.raises(ValueError, match="zone"):
        legal_day(datetime(2026, 3, 1))  # noqa: DTZ001 - that is the point


def test_the_working_shows_every_day() -> None:
    made = working_days(date(2026, 2, 13), 3, CALENDAR)
    assert [step.counted for step in made.working if step.counted] == [1, 2, 3]
    assert made.working[1].why.zh == "调休上班日"
    assert sum("春节" in step.why.zh for step in made.working) == 9


def test_missing_years_are_seen_sixty_days_ahead() -> None:
    assert CALENDAR.missing_years(date(2026, 11, 1)) == ()
    assert CALENDAR.missing_years(date(2026, 11, 2)) == (2027,)


def test_birthdays() -> None:
    assert age_on(date(2008, 2, 29), date(2026, 2, 28)) == 17
    assert age_on(date(2008, 2, 29), date(2026, 3, 1)) == 18


def test_kinds_of_day() -> None:
    kinds = {date(2026, 2, 14): DayKind.MAKEUP, date(2026, 2, 15): DayKind.HOLIDAY, date(2026, 2, 24): DayKind.WORKDAY,
             date(2026, 3, 1): DayKind.WEEKEND}  # fmt: skip
    assert {day: CALENDAR.kind(day) for day in kinds} == kinds
