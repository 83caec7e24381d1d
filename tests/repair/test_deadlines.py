"""The clocks, on worked examples of the law with the State Council's calendar."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditsvc.kernel.load import packaged_calendar
from repair.policy.deadlines import CLOCKS, clock, working_days_left
from repair.policy.kinds import KINDS

CALENDAR = packaged_calendar()


@pytest.mark.parametrize(
    ("code", "start", "due"),
    [
        ("remove", date(2026, 2, 13), date(2026, 2, 25)),  # D1: across the Spring Festival, with a working Saturday
        ("decide", date(2026, 9, 22), date(2026, 10, 8)),  # D3: day 15 is a holiday and rolls
        ("seek_reconsideration", date(2026, 6, 10), date(2026, 6, 22)),  # D7
        ("decide", date(2026, 2, 6), date(2026, 2, 24)),  # D15
        ("remove", date(2026, 11, 23), date(2026, 11, 26)),
        ("remove_after_term", date(2026, 9, 30), date(2026, 10, 10)),  # 10-10 is a working Saturday
    ],
)
def test_due_day(code: str, start: date, due: date) -> None:
    deadline = clock(code).due(start, CALENDAR)
    assert (deadline.day, deadline.provisional) == (due, False)
    assert deadline.working[0].counted is None, "the day of the start is not counted"


def test_a_year_without_notice_is_provisional_and_blocks_nothing() -> None:
    deadline = clock("decide").due(date(2026, 12, 28), CALENDAR)
    assert deadline.provisional and deadline.earliest <= deadline.day <= deadline.latest


def test_every_kind_names_clocks_that_exist() -> None:
    assert {code for kind in KINDS.values() for code in (kind.clock, kind.after_grant) if code} <= set(CLOCKS)


@given(st.dates(date(2025, 1, 1), date(2026, 11, 30)), st.integers(0, 40))
def test_working_days_left_counts_down_to_nothing(today: date, ahead: int) -> None:
    due = date.fromordinal(today.toordinal() + ahead)
    left = working_days_left(today, due, CALENDAR)
    assert 0 <= left <= ahead
    if left:
        tomorrow = date.fromordinal(today.toordinal() + 1)
        assert working_days_left(tomorrow, due, CALENDAR) == left - CALENDAR.is_working_day(tomorrow)
    assert working_days_left(due, due, CALENDAR) == 0
