"""The law's time limits as a table: every one is there, and is counted as an independent reckoning counts it."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditsvc.kernel.errors import InvalidInput
from creditsvc.kernel.load import packaged_calendar, timers
from creditsvc.kernel.timers import Timer, Unit, due
from tests.support import day_oracle
from tests.support.depth import examples

CALENDAR = packaged_calendar()
COUNTABLE = [timer for timer in timers().values() if timer.countable]
SHORT = [timer for timer in COUNTABLE if timer.unit is not Unit.YEARS and timer.lengths[1] <= 7]


def reckoned(timer: Timer, start: date, length: int) -> date:
    if timer.unit is Unit.WORKING_DAYS:
        return day_oracle.in_working_days(start, length)
    if timer.unit is Unit.DAYS:
        return day_oracle.in_days(start, length, roll=timer.rolls)
    return day_oracle.in_months(start, length * (12 if timer.unit is Unit.YEARS else 1), roll=timer.rolls)


def agrees(timer: Timer, start: date, length: int) -> None:
    found = due(timer, start, CALENDAR, length=length)
    assert found.day == reckoned(timer, start, length), timer.id
    assert not found.provisional and found.earliest == found.latest == found.day
    assert found.working[0].day == start and found.working[-1].day == found.day


def periods(last: date) -> st.SearchStrategy[tuple[Timer, date, int]]:
    return st.sampled_from(SHORT).flatmap(
        lambda timer: st.tuples(st.just(timer), st.dates(date(2024, 1, 1), last), st.integers(*timer.lengths))
    )


@given(periods(date(2026, 5, 20)))
@examples(400)
def test_every_limit_agrees_with_the_oracle(period: tuple[Timer, date, int]) -> None:
    agrees(*period)


@pytest.mark.slow
@given(periods(date(2026, 5, 20)))
@examples(5000)
def test_five_thousand_limits_agree_with_the_oracle(period: tuple[Timer, date, int]) -> None:
    agrees(*period)


def test_the_table_has_every_limit_once_and_each_has_its_basis() -> None:
    assert {timer.id for timer in timers().values()} == {f"T{number:02}" for number in range(1, 43)} | {"T02b"}
    for timer in timers().values():
        assert timer.basis and timer.what.zh and timer.what.en and timer.starts.zh and timer.starts.en
        assert timer.countable == (timer.lengths != (0, 0)) and timer.lengths[0] <= timer.lengths[1]


def test_what_burdens_a_person_is_never_lengthened_by_a_day_of_rest() -> None:
    for name in ("T02", "T03", "T04", "T16"):
        assert not timers()[name].rolls, name


@pytest.mark.parametrize(("name", "length", "code"), [("T24", None, "timer-uncounted"), ("T02", 4, "timer-length")])
def test_what_can_not_be_counted_is_refused(name: str, length: int | None, code: str) -> None:
    with pytest.raises(InvalidInput) as wrong:
        due(timers()[name], date(2026, 1, 5), CALENDAR, length=length)
    assert wrong.value.code == code
