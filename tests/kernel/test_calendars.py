"""The calendar against two other tables; notices read strictly; years without a notice bounded by what one could say."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from datetime import date, timedelta
from importlib.resources import files
from typing import Any

import chinese_calendar
import holidays
import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditsvc.kernel.calendars import Calendar, DayKind, Reading, parse_notice
from creditsvc.kernel.days import natural_days, working_days
from creditsvc.kernel.errors import InvalidInput
from creditsvc.kernel.load import packaged_calendar
from creditsvc.kernel.text import Bilingual
from tests.support import day_oracle

CALENDAR = packaged_calendar()
FOLDER = files("creditsvc.kernel") / "data" / "calendars"
STATUTE = json.loads((FOLDER / "statutory.json").read_text("utf-8"))
NOTICE_2026 = json.loads((FOLDER / "2026.json").read_text("utf-8"))
WITHOUT_NOTICES = Calendar([], STATUTE)


def days_of(year: int) -> list[date]:
    """Every day of a year."""
    first = date(year, 1, 1)
    return [first + timedelta(days=n) for n in range((date(year + 1, 1, 1) - first).days)]


@pytest.mark.parametrize("year", [2024, 2025, 2026])
def test_the_calendar_agrees_with_two_other_tables(year: int) -> None:
    other = holidays.country_holidays("CN", years=year)
    for day in days_of(year):
        assert CALENDAR.is_working_day(day) == chinese_calendar.is_workday(day) == other.is_working_day(day), day


@pytest.mark.parametrize("year", range(2025, 2051))
def test_the_statute_agrees_with_another_table(year: int) -> None:
    named = {
        day
        for day, name in holidays.country_holidays("CN", years=year, language="en_US").items()
        if "day off" not in name.lower() and "observed" not in name.lower()
    }
    ours = {day for day in days_of(year) if any(h.covers(day, Reading.STATUTE) for h in CALENDAR.statutory(year))}
    assert ours == named
    assert sum((holiday.last - holiday.first).days + 1 for holiday in CALENDAR.statutory(year)) == 13


@pytest.mark.parametrize(
    ("day", "kind", "name"),
    [
        (date(2026, 2, 14), DayKind.MAKEUP, ""),
        (date(2026, 2, 15), DayKind.HOLIDAY, "春节"),
        (date(2026, 2, 24), DayKind.WORKDAY, ""),
        (date(2026, 3, 1), DayKind.WEEKEND, ""),
        (date(2025, 10, 6), DayKind.HOLIDAY, "中秋节"),
        (date(2024, 2, 9), DayKind.WORKDAY, ""),
    ],
)
def test_kinds_of_day(day: date, kind: DayKind, name: str) -> None:
    assert (CALENDAR.kind(day), CALENDAR.holiday_name(day)) == (kind, name)


def test_a_holidays_name_has_two_languages() -> None:
    raw = copy.deepcopy(NOTICE_2026)
    raw["off_days"]["2026-10-04"] = "国庆节、中秋节"
    text = CALENDAR.with_notice(parse_notice(raw)).holiday_text(date(2026, 10, 4))
    assert text == Bilingual("国庆节、中秋节", "National Day, Mid-Autumn Festival")
    assert CALENDAR.holiday_text(date(2026, 10, 10)) is None


@pytest.mark.parametrize("year", [2025, 2026])  # the statute of today is in force since 2025
def test_the_readings_of_a_real_year_enclose_its_notice(year: int) -> None:
    for day in days_of(year):
        real = chinese_calendar.is_workday(day)
        assert WITHOUT_NOTICES.is_working_day(day, Reading.EARLIEST) >= real, day
        assert WITHOUT_NOTICES.is_working_day(day, Reading.LATEST) <= real, day


@given(start=st.dates(date(2025, 1, 2), date(2026, 8, 1)), count=st.integers(1, 40), plain=st.booleans())
def test_a_deadline_by_the_real_notice_lies_in_the_provisional_bounds(start: date, count: int, plain: bool) -> None:
    made = (natural_days if plain else working_days)(start, count, WITHOUT_NOTICES)
    real = day_oracle.in_days(start, count, roll=True) if plain else day_oracle.in_working_days(start, count)
    assert made.provisional
    assert made.earliest <= real <= made.latest
    assert made.latest - made.earliest <= timedelta(days=45)


@given(st.dates(date(1990, 1, 1), date(2120, 12, 1)))
def test_the_readings_nest_in_every_year(day: date) -> None:
    works = {reading: WITHOUT_NOTICES.is_working_day(day, reading) for reading in Reading}
    assert works[Reading.LATEST] <= works[Reading.STATUTE] <= works[Reading.EARLIEST]


@pytest.mark.parametrize(
    ("day", "statute", "earliest", "latest"),
    [
        (date(2027, 10, 17), False, True, False),  # a Sunday, 14 days after 3 October
        (date(2027, 10, 23), False, False, False),  # a Saturday out of reach
        (date(2029, 4, 3), True, True, False),  # a Tuesday; Qingming is the next day, and arrangements reach back
        (date(2029, 4, 4), False, False, False),
        (date(2030, 12, 31), True, True, False),  # a Tuesday before New Year's Day
        (date(2027, 5, 5), True, True, False),  # a Wednesday; five days off since 2020, two by statute
        (date(2027, 3, 17), True, True, True),
    ],
)
def test_what_each_reading_takes_a_day_for(day: date, statute: bool, earliest: bool, latest: bool) -> None:
    assert [
        CALENDAR.is_working_day(day, reading) for reading in (Reading.STATUTE, Reading.EARLIEST, Reading.LATEST)
    ] == [
        statute,
        earliest,
        latest,
    ]


def test_a_year_beyond_the_moons_table_is_wide_and_not_silent() -> None:
    spring = date(2060, 2, 2)
    assert not WITHOUT_NOTICES.is_working_day(spring, Reading.LATEST)
    assert WITHOUT_NOTICES.is_working_day(spring, Reading.EARLIEST)
    assert working_days(spring, 3, CALENDAR).provisional


def test_missing_years_are_seen_sixty_days_ahead() -> None:
    assert CALENDAR.missing_years(date(2026, 11, 1)) == ()
    assert CALENDAR.missing_years(date(2026, 11, 2)) == (2027,)
    assert CALENDAR.missing_years(date(2026, 11, 24), within_days=800) == (2027, 2028, 2029)


def notice_2019() -> dict[str, Any]:
    """2019's notice as it was: it began on 30 December 2018 and made the 29th a working day."""
    off = dict.fromkeys(("2019-05-01", "2019-05-02", "2019-05-03", "2019-05-04"), "劳动节")
    off |= dict.fromkeys(("2018-12-30", "2018-12-31", "2019-01-01"), "元旦")
    off |= {f"2019-02-{day:02d}": "春节" for day in range(4, 11)} | {
        f"2019-10-{day:02d}": "国庆节" for day in range(1, 8)
    }
    off |= {"2019-04-05": "清明节", "2019-06-07": "端午节", "2019-09-13": "中秋节"}
    work = ["2018-12-29", "2019-02-02", "2019-02-03", "2019-04-28", "2019-05-05", "2019-09-29", "2019-10-12"]
    return {
        "year": 2019,
        "document_number": "国办发明电〔2018〕15号",
        "issued_on": "2018-12-01",
        "source": "国务院办公厅",
        "off_days": off,
        "work_days": work,
    }


def test_a_notice_may_arrange_the_last_week_of_the_year_before() -> None:
    calendar = CALENDAR.with_notice(parse_notice(notice_2019()))
    assert calendar.kind(date(2018, 12, 29)) is DayKind.MAKEUP
    assert calendar.kind(date(2018, 12, 31)) is DayKind.HOLIDAY
    assert calendar.knows(date(2018, 12, 31)) and not calendar.knows(date(2018, 12, 28))
    for day in days_of(2019):
        assert calendar.is_working_day(day) == chinese_calendar.is_workday(day), day


def test_loading_a_notice_settles_its_year_and_leaves_the_old_calendar_alone() -> None:
    calendar = CALENDAR.with_notice(parse_notice(notice_2019()))
    assert calendar.years == (2019, 2024, 2025, 2026)
    assert CALENDAR.years == (2024, 2025, 2026)
    assert not working_days(date(2019, 4, 26), 3, calendar).provisional
    assert calendar.notice(2019) is not None and CALENDAR.notice(2019) is None


def changed(key: str, value: object) -> Callable[[dict[str, Any]], None]:
    """A notice with another value."""
    return lambda notice: notice.update({key: value})


def test_a_right_notice_is_read() -> None:
    notice = parse_notice(NOTICE_2026)
    assert (notice.year, notice.document_number, len(notice.off_days), len(notice.work_days)) == (
        2026,
        "国办发明电〔2025〕7号",
        33,
        6,
    )


@pytest.mark.parametrize(
    ("key", "spoil"),
    [
        ("year", lambda notice: notice.pop("year")),
        ("year", changed("year", "2026")),
        ("year", changed("year", True)),
        ("issued_on", changed("issued_on", "20251104")),
        ("issued_on", changed("issued_on", "2023-11-04")),
        ("document_number", changed("document_number", " ")),
        ("source", changed("source", None)),
        ("colour", changed("colour", "red")),
        ("off_days", changed("off_days", ["2026-01-01"])),
        ("off_days", changed("off_days", {})),
        ("off_days", lambda notice: notice["off_days"].pop("2026-10-02")),
        ("off_days", lambda notice: notice["off_days"].update({"2026-13-01": "元旦"})),
        ("off_days", lambda notice: notice["off_days"].update({"2027-01-01": "元旦"})),
        ("off_days", lambda notice: notice["off_days"].update({"2026-03-08": "妇女节"})),
        ("off_days", lambda notice: [notice["off_days"].pop(f"2026-06-{day}") for day in (19, 20, 21)]),
        ("work_days", changed("work_days", "2026-01-04")),
        ("work_days", lambda notice: notice["work_days"].append("2026-02-16")),
        ("work_days", lambda notice: notice["work_days"].append("2026-01-03")),
        ("work_days", lambda notice: notice["work_days"].append("2026-01-04")),
    ],
)
def test_a_wrong_notice_is_refused_by_its_key(key: str, spoil: Callable[[dict[str, Any]], object]) -> None:
    notice = copy.deepcopy(NOTICE_2026)
    spoil(notice)
    with pytest.raises(InvalidInput) as refused:
        parse_notice(notice)
    assert (refused.value.code, refused.value.details["key"]) == ("notice-invalid", key)
    assert key in refused.value.text.zh and key in refused.value.text.en
