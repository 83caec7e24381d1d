"""The law of listing: each case with its clause, and what must hold for every case."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from creditsvc.kernel.days import add_months
from creditsvc.kernel.load import packaged_calendar
from creditsvc.register.answers import PolicyAnswer, Way
from creditsvc.register.bars import Candidate, bar_ends, may_be_listed
from creditsvc.register.policy import (
    CIRCUMSTANCES,
    ExitGround,
    exit_answer,
    extension_answer,
    is_termed,
    removal_due,
    term_answer,
)
from punishment_rules.law import Ground
from tests.register.world import DAY

CASES: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("cases.yaml").read_text("utf-8"))
CALENDAR = packaged_calendar()
days = st.dates(date(2018, 1, 1), date(2030, 12, 31))
grounds = st.frozensets(st.sampled_from(Ground), min_size=1)


def answered(case: dict[str, Any]) -> tuple[Way, tuple[PolicyAnswer, ...]]:
    """Ask the policy what the case asks."""
    on, held = case.get("day", DAY), frozenset(map(Ground, case["grounds"]))
    if case["ask"] == "listing":
        known = {name: case[name] for name in Candidate.__slots__ if name in case and name != "grounds"}
        who = Candidate(held, not case.get("unit", False), on, birth_date=case.get("born"), **known)
        found = may_be_listed(who, CALENDAR)
        return found.way, found.reasons
    if case["ask"] == "term":
        one = term_answer(held, decided_on=case["decided"], until=case.get("until"))
    elif case["ask"] == "exit":
        one = exit_answer(held, ExitGround(case["ground"]), until=case.get("until"), on=on)
    else:
        one = extension_answer(
            held, decided_on=case["decided"], until=case.get("until"), new_until=case["new_until"], on=on
        )
    return one.way, (one,)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['ask']}: {case['name']}")
def test_case_of_the_law(case: dict[str, Any]) -> None:
    way, reasons = answered(case)
    assert way is Way(case["way"]), reasons
    reason = next((reason for reason in reasons if reason.code == case["code"]), None)
    assert reason is not None, reasons
    assert reason.clause.endswith(case["clause"])
    assert reason.text.zh and reason.text.en


def test_every_exit_has_a_case_on_each_side() -> None:
    asked = {(case["ground"], case["way"]) for case in CASES if case["ask"] == "exit"}
    assert {ground for ground, _ in asked} == {ground.value for ground in ExitGround}
    assert {ways for _, ways in asked} == {"open", "not_open", "person_decides"}


@given(grounds, st.sampled_from(sorted(CIRCUMSTANCES)), st.none() | days, days)
def test_article_ten_never_removes_a_termed_listing_by_itself(
    held: frozenset[Ground], ground: ExitGround, until: date | None, on: date
) -> None:
    answer = exit_answer(held, ground, until=until, on=on)
    assert (answer.way is Way.OPEN) == (not is_termed(held)), "I06"


@given(grounds, days, st.none() | days)
def test_a_term_stands_if_and_only_if_the_ground_carries_one(
    held: frozenset[Ground], decided: date, until: date | None
) -> None:
    answer = term_answer(held, decided_on=decided, until=until)
    if answer.way is Way.OPEN:
        assert is_termed(held) == (until is not None), "I05"
    if answer.way is Way.OPEN and until is not None:
        lengths = [24, *range(36, 61)]
        near = {add_months(decided, months) + timedelta(days=shift) for months in lengths for shift in (-1, 0, 1)}
        assert until in near
    assert answer.way is not Way.NOT_OPEN, "a wrong term waits for a person; it refuses nobody's row for good"


@given(grounds, st.dates(date(1930, 1, 1), date(2026, 11, 24)), days)
def test_no_minor_is_ever_listed(held: frozenset[Ground], born: date, decided: date) -> None:
    found = may_be_listed(Candidate(held, True, decided, birth_date=born), CALENDAR)
    assert (found.way is Way.OPEN) == (decided > add_months(born, 216)), "I01"


@given(
    grounds,
    days,
    st.fixed_dictionaries(
        dict.fromkeys(
            ("security_suffices", "property_suffices", "ranks_later", "applicant_holds_off", "only_as_officer"),
            st.booleans(),
        )
    ),
)
def test_more_bars_never_open_a_way(held: frozenset[Ground], decided: date, bars: dict[str, bool]) -> None:
    order = [Way.OPEN, Way.PERSON_DECIDES, Way.NOT_OPEN]

    def way(**known: bool) -> int:
        who = Candidate(held, True, decided, birth_date=date(1980, 1, 1), **known)  # type: ignore[arg-type]
        return order.index(may_be_listed(who, CALENDAR).way)

    for name in bars:
        assert way(**bars) >= way(**{**bars, name: False})
    if held == {Ground.ABLE_BUT_REFUSES} and any(bars.values()):
        assert way(**bars) == 2, "I02, I03"


@given(grounds, days, st.none() | days, days, days)
def test_an_extension_is_never_automatic(
    held: frozenset[Ground], decided: date, until: date | None, new: date, on: date
) -> None:
    answer = extension_answer(held, decided_on=decided, until=until, new_until=new, on=on)
    assert answer.way is not Way.OPEN, "a person decides (I22)"
    if answer.way is Way.PERSON_DECIDES:
        assert until is not None and on <= until < new


def test_deadlines_of_the_vectors() -> None:
    assert removal_due(date(2026, 2, 13), CALENDAR).day == date(2026, 2, 25), "D1"
    ends = bar_ends(date(2026, 8, 31), CALENDAR)
    assert (ends.day, ends.provisional) == (date(2027, 3, 1), True), "D5"
