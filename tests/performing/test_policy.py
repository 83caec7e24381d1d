"""The positive path's law: cases in cases.yaml, invariants over all facts, and the table of stages walked at random."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from creditsvc.kernel.errors import Conflict
from repair.policy.answers import Way
from repair.policy.performing import ListFacts, PerformanceFacts, Source, certifiable, listable, merit_of, proposable
from repair.policy.performing_states import CERTIFIED, FINAL, MOVES, Act, Stage, move

CASES = yaml.safe_load((Path(__file__).parent / "cases.yaml").read_text("utf-8"))
DAY, DUE = date(2026, 11, 24), date(2026, 11, 20)


def performance(raw: dict[str, Any]) -> PerformanceFacts:
    source = Source(raw["source"]) if "source" in raw else None
    return PerformanceFacts(**{"due_on": DUE, **raw, "source": source})


@pytest.mark.parametrize("case", CASES["certificate"], ids=[case["name"] for case in CASES["certificate"]])
def test_certificate_case(case: dict[str, Any]) -> None:
    facts = performance(case["facts"])
    answer = certifiable(facts, on=DAY)
    assert (answer.way.value, answer.clause.zh, answer.lacking is not None) == (
        case["way"],
        case["clause"],
        case.get("lacking", False),
    )
    if "merit" in case:
        assert merit_of(facts).value == case["merit"]


@pytest.mark.parametrize("case", CASES["incentive"], ids=[case["name"] for case in CASES["incentive"]])
def test_incentive_case(case: dict[str, Any]) -> None:
    answer = listable(ListFacts(**case["facts"]), on=DAY)
    assert (answer.way.value, answer.clause.zh, answer.opens_on, answer.lacking is not None) == (
        case["way"], case["clause"], case.get("opens_on"), case.get("lacking", False),
    )  # fmt: skip


MAYBE = st.none() | st.booleans()
DAYS = st.dates(date(2026, 1, 1), date(2027, 12, 31))
FACTS = st.builds(
    PerformanceFacts, due_on=st.none() | DAYS, performed_on=st.none() | DAYS, in_full=MAYBE, compelled=MAYBE,
    source=st.none() | st.sampled_from(Source), was_listed=st.booleans(),
)  # fmt: skip
PLACES = st.builds(
    ListFacts, certified=st.booleans(), agreed=st.booleans(), listing_in_force=st.booleans(),
    publicity_until=st.none() | DAYS, open_objections=st.integers(0, 2),
)  # fmt: skip


@given(FACTS, DAYS)
def test_the_machine_certifies_only_what_is_whole_free_timely_and_confirmed(facts: PerformanceFacts, on: date) -> None:
    answer = certifiable(facts, on=on)
    assert answer.clause.zh and answer.reason.en
    if answer.way is Way.OPEN:
        assert facts.in_full and facts.compelled is False and facts.source is not None and not facts.was_listed
        assert facts.performed_on and facts.due_on and facts.performed_on <= min(facts.due_on, on)
    if facts.in_full is not True or facts.compelled or facts.source is None:
        assert answer.way is Way.NOT_OPEN


@given(PLACES, DAYS)
def test_nobody_is_on_both_lists_nor_listed_unheard(facts: ListFacts, on: date) -> None:
    answer = listable(facts, on=on)
    if answer.way is Way.OPEN:
        assert facts.agreed and facts.certified and not facts.listing_in_force and not facts.open_objections
        assert facts.publicity_until is not None and facts.publicity_until < on
        assert proposable(facts).way is Way.OPEN


@given(st.lists(st.sampled_from(Act), max_size=30))
def test_a_random_walk_never_certifies_without_two_people_nor_leaves_a_final_stage(acts: list[Act]) -> None:
    stage, seen = Stage.ADVISED, [Stage.ADVISED]
    for act in acts:
        try:
            stage = move(stage, act)
        except Conflict:
            assert (stage, act) not in MOVES
            continue
        assert seen[-1] not in FINAL
        seen.append(stage)
        if stage in CERTIFIED:
            assert Stage.CERTIFICATE_PROPOSED in seen
        if stage is Stage.ON_LIST:
            assert seen[-2] is Stage.PUBLICISED


def test_every_stage_can_be_reached_and_named_in_both_languages() -> None:
    assert set(MOVES.values()) | {Stage.ADVISED} == set(Stage)
    assert {Stage.EXPIRED, Stage.WITHDRAWN} == FINAL
    for stage in Stage:
        assert stage.label.zh and stage.label.en and stage.told.zh
