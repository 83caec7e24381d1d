"""Every deadline of the lawyers' table, and the counting against an oracle that shares no code with it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from creditsvc.kernel.days import (
    BEIJING,
    Deadline,
    add_months,
    age_on,
    end_of_legal_day,
    legal_day,
    months,
    natural_days,
    start_of_legal_day,
    working_days,
)
from creditsvc.kernel.load import packaged_calendar
from tests.support import day_oracle
from tests.support.depth import examples

CALENDAR = packaged_calendar()
CASES = yaml.safe_load((Path(__file__).parent / "deadlines.yaml").read_text("utf-8"))
UNITS: dict[str, Callable[[date, int], Deadline]] = {
    "working_days": lambda start, count: working_days(start, count, CALENDAR),
    "days": lambda start, count: natural_days(start, count, CALENDAR),
    "days_fixed": lambda start, count: natural_days(start, count, CALENDAR, roll=False),
    "months_rolled": lambda start, count: months(start, count, CALENDAR, roll=True),
    "months": lambda start, count: months(start, count, CALENDAR, roll=False),
}
ORACLE: dict[str, Callable[[date, int], date]] = {
    "working_days": day_oracle.in_working_days,
    "days": lambda start, count: day_oracle.in_days(start, count, roll=True),
    "days_fixed": lambda start, count: day_oracle.in_days(start, count, roll=False),
    "months_rolled": lambda start, count: day_oracle.in_months(start, count, roll=True),
    "months": lambda start, count: day_oracle.in_months(start, count, roll=False),
}
LONGEST = {"working_days": 60, "days": 200, "days_fixed": 200, "months_rolled": 6, "months": 6}


@st.composite
def periods(draw: st.DrawFn) -> tuple[str, date, int]:
    """A period that ends before the last loaded notice does."""
    unit = draw(st.sampled_from(sorted(UNITS)))
    return unit, draw(st.dates(date(2023, 12, 31), date(2026, 5, 20))), draw(st.integers(1, LONGEST[unit]))


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_the_lawyers_table(case: dict[str, Any]) -> None:
    made = UNITS[case["unit"]](case["start"], case["count"])
    earliest, latest = case.get("bounds", [case["last_day"]] * 2)
    assert (made.day, made.provisional) == (case["last_day"], "bounds" in case)
    assert (made.earliest, made.latest) == (earliest, latest)
    assert case["what"] and case["clause"]


def _agrees(period: tuple[str, date, int]) -> None:
    unit, start, count = period
    made = UNITS[unit](start, count)
    assert made.day == ORACLE[unit](start, count)
    assert (made.provisional, made.earliest, made.latest) == (False, made.day, made.day)


@examples(1000)
@given(periods())
def test_a_thousand_deadlines_agree_with_the_oracle(period: tuple[str, date, int]) -> None:
    _agrees(period)


@pytest.mark.slow
@examples(5000)
@given(periods())
def test_five_thousand_deadlines_agree_with_the_oracle(period: tuple[str, date, int]) -> None:
    _agrees(period)


@given(periods())
def test_the_working_leads_from_the_start_to_the_day(period: tuple[str, date, int]) -> None:
    unit, start, count = period
    made = UNITS[unit](start, count)
    shown = [step.day for step in made.working]
    assert (shown[0], made.working[0].counted) == (start, None)
    assert shown == sorted(set(shown))
    assert shown[-1] == made.day
    counts = [step.counted for step in made.working if step.counted is not None]
    assert counts[-1] == count
    if unit in {"working_days", "days", "days_fixed"}:
        assert counts == list(range(1, count + 1))
        assert shown == [start + timedelta(days=n) for n in range(len(shown))]


def test_the_working_says_why() -> None:
    made = working_days(date(2026, 2, 13), 3, CALENDAR)
    assert made.working[0].why.zh == "起算当日不计入"
    assert (made.working[1].why.zh, made.working[1].counted) == ("调休上班日", 1)
    assert [step.why.zh for step in made.working[2:11]] == ["春节放假"] * 9
    assert made.working[2].why.en == "public holiday: Spring Festival"
    rolled = natural_days(date(2026, 9, 22), 15, CALENDAR).working
    assert (rolled[-2].counted, rolled[-2].why.zh) == (15, "国庆节放假")
    assert (rolled[-1].counted, rolled[-1].why.zh) == (None, "期满日为休息日，顺延：工作日")
    assert "无对应日" in months(date(2026, 1, 31), 1, CALENDAR, roll=False).working[-1].why.zh
    assert "暂定" in working_days(date(2026, 12, 31), 1, CALENDAR).working[-1].why.zh


@given(start=st.dates(date(2026, 6, 1), date(2060, 1, 1)), count=st.integers(0, 60))
def test_an_unknown_year_is_provisional_and_bounded(start: date, count: int) -> None:
    made = working_days(start, count, CALENDAR)
    assert made.provisional is (count > 0 and made.day.year > 2026)
    assert start <= made.earliest <= made.day <= made.latest


def test_a_count_that_began_in_an_unknown_year_is_provisional_though_it_ends_in_a_known_one() -> None:
    assert working_days(date(2023, 12, 20), 10, CALENDAR).provisional
    assert not natural_days(date(2023, 12, 20), 20, CALENDAR).provisional  # only where it ends matters for plain days


def test_a_period_that_does_not_roll_is_never_provisional() -> None:
    made = months(date(2026, 8, 31), 60, CALENDAR, roll=False)
    assert (made.day, made.provisional) == (date(2031, 8, 31), False)


@pytest.mark.parametrize("unit", sorted(UNITS))
def test_a_negative_length_is_refused(unit: str) -> None:
    with pytest.raises(ValueError, match="negative"):
        UNITS[unit](date(2026, 3, 2), -1)


@given(day=st.dates(date(1950, 1, 1), date(2100, 1, 1)), count=st.integers(0, 120))
def test_months_end_on_the_corresponding_day_or_the_months_last(day: date, count: int) -> None:
    assert add_months(day, count) == day_oracle.in_months(day, count, roll=False)


def test_a_day_begins_at_midnight_in_beijing() -> None:
    assert legal_day(datetime(2026, 3, 1, 15, 59, 59, tzinfo=UTC)) == date(2026, 3, 1)
    assert legal_day(datetime(2026, 3, 1, 16, 0, tzinfo=UTC)) == date(2026, 3, 2)
    assert start_of_legal_day(date(2026, 3, 2)) == datetime(2026, 3, 1, 16, 0, tzinfo=UTC)
    assert end_of_legal_day(date(2026, 3, 1)) == start_of_legal_day(date(2026, 3, 2))
    assert working_days(date(2026, 3, 2), 1, CALENDAR).ends_at() == datetime(2026, 3, 3, 16, 0, tzinfo=UTC)


def test_a_time_without_a_zone_has_no_day() -> None:
    with pytest.raises(ValueError, match="zone"):
        legal_day(datetime(2026, 3, 1))  # noqa: DTZ001 - that is the point


@given(
    instant=st.datetimes(datetime(1992, 1, 1), datetime(2100, 1, 1)),  # noqa: DTZ001 - zones are drawn beside it
    hours=st.integers(-12, 14),
)
def test_an_instant_has_one_legal_day_whatever_the_zone(instant: datetime, hours: int) -> None:
    here = instant.replace(tzinfo=UTC)
    there = here.astimezone(timezone(timedelta(hours=hours)))
    day = legal_day(there)
    assert day == legal_day(here) == here.astimezone(BEIJING).date()
    assert start_of_legal_day(day) <= here < end_of_legal_day(day)


@pytest.mark.parametrize(
    ("birth", "day", "years"),
    [
        (date(2008, 2, 29), date(2026, 2, 28), 17),
        (date(2008, 2, 29), date(2026, 3, 1), 18),
        (date(2008, 11, 24), date(2026, 11, 23), 17),
        (date(2008, 11, 24), date(2026, 11, 24), 18),
    ],
)
def test_birthdays(birth: date, day: date, years: int) -> None:
    assert age_on(birth, day) == years
