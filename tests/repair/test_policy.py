"""The law of leaving: cases in removal.yaml, the invariants over all facts, and the workflow walked at random."""

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
from repair.policy.grounds import GROUNDS, RemovalGround
from repair.policy.kinds import KINDS, ApplicationKind
from repair.policy.removal import CIRCUMSTANCES, TERMED, UNTERMED, ListingFacts, judge, ways
from repair.policy.states import EDITABLE, FINAL, MOVES, OPEN_AT_COURT, State, Step, move, steps_of

CASES = yaml.safe_load((Path(__file__).parent / "removal.yaml").read_text("utf-8"))
DAY = date(2026, 11, 24)


def facts_of(raw: dict[str, Any]) -> ListingFacts:
    return ListingFacts(**{**raw, "grounds": frozenset(raw["grounds"])})


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_removal_case(case: dict[str, Any]) -> None:
    answer = judge(facts_of(case["facts"]), RemovalGround(case["ground"]), on=case.get("on", DAY))
    assert (answer.way.value, answer.clause.zh, answer.opens_on) == (
        case["way"],
        case["clause"],
        case.get("opens_on"),
    )


def test_every_circumstance_has_cases_on_both_sides() -> None:
    seen = {(case["ground"], case["way"]) for case in CASES}
    for ground in CIRCUMSTANCES:
        assert (ground.value, "open") in seen
        assert {(ground.value, "not_open"), (ground.value, "person_decides")} & seen


MAYBE = st.sampled_from([None, True, False])
FACTS = st.builds(
    ListingFacts,
    grounds=st.frozensets(st.sampled_from([UNTERMED, *sorted(TERMED)])),
    in_force=st.booleans(),
    until=st.none() | st.dates(date(2024, 1, 1), date(2030, 12, 31)),
    performance=st.sampled_from(["none", "partial", "full"]),
    settlement=st.sampled_from([None, "absent", "signed", "performed"]),
    creditor_request=st.sampled_from([None, "absent", "made", "agreed"]),
    round_ended=MAYBE,
    clean_searches=st.none() | st.integers(0, 5),
    open_lead=MAYBE,
    suspension=st.sampled_from([None, "absent", "retrial", "bankruptcy", "other"]),
    not_enforced=MAYBE,
    terminated=MAYBE,
)


@given(FACTS)
def test_invariants_hold_for_all_facts(facts: ListingFacts) -> None:
    answers = {answer.ground: answer for answer in ways(facts, on=DAY)}
    assert set(answers) == set(RemovalGround)
    for circumstance in CIRCUMSTANCES:
        if facts.termed:
            assert answers[circumstance].way is not Way.OPEN, "I06: art. 10(1) never fires on a listing with a term"
    assert answers[RemovalGround.EARLY].way is not Way.OPEN, "early removal is discretionary"
    if not facts.in_force:
        assert not any(answer.may_apply for answer in answers.values())
    if answers[RemovalGround.NO_PROPERTY].way is Way.OPEN:
        assert facts.round_ended and (facts.clean_searches or 0) >= 2 and facts.open_lead is False, "I16"
    if answers[RemovalGround.SUSPENDED].way is Way.OPEN:
        assert facts.suspension in {"retrial", "bankruptcy"}, "I17"


def test_tables_are_complete() -> None:
    assert set(KINDS) == set(ApplicationKind)
    assert set(GROUNDS) == set(ApplicationKind)
    assert set(GROUNDS[ApplicationKind.REMOVAL]) == set(RemovalGround)
    assert not any(kind.suspends for kind in KINDS.values()), "nothing that is pending hides a listing (I14)"


@given(st.sampled_from(ApplicationKind), st.lists(st.sampled_from(Step)))
def test_a_walk_never_leaves_the_table(kind: ApplicationKind, steps: list[Step]) -> None:
    state = State.DRAFT
    for step in steps:
        if (state, step) in MOVES and step in steps_of(kind):
            state = move(state, step, kind)
            continue
        with pytest.raises(Conflict):
            move(state, step, kind)


def test_final_states_and_reach() -> None:
    assert {State.GRANTED, State.REFUSED, State.WITHDRAWN, State.OVERTAKEN, State.DISCARDED} == FINAL
    reached = {State.DRAFT} | set(MOVES.values())
    assert reached == set(State)
    assert not OPEN_AT_COURT & (EDITABLE | FINAL)


def test_nothing_is_granted_or_refused_without_a_proposal_first() -> None:
    for (state, step), after in MOVES.items():
        if after in {State.GRANTED, State.REFUSED} and step is not Step.HAND_OUT:
            assert step is Step.APPROVE and state in {State.GRANT_PROPOSED, State.REFUSAL_PROPOSED}


def test_only_a_copy_of_ones_own_data_is_handed_out_by_itself() -> None:
    for kind in ApplicationKind:
        assert (Step.HAND_OUT in steps_of(kind)) is (kind is ApplicationKind.OWN_DATA)
