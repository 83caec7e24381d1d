"""The life of an entry as a table; the register walked at random is in ``test_walk.py``."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditsvc.kernel.errors import Conflict
from creditsvc.register.kinds import KINDS
from creditsvc.register.life import FINAL, MOVES, ORDER_MOVES, OrderState, State, Step, moved, order_moved


def test_what_is_final() -> None:
    assert {State.REFUSED, State.REMOVED, State.REVOKED, State.LAPSED} == FINAL


@given(st.lists(st.sampled_from(Step), max_size=12))
def test_a_walk_ends_where_the_law_ends(steps: list[Step]) -> None:
    state = State.CANDIDATE
    walked = [state]
    for step in steps:
        try:
            state = moved(state, step)
        except Conflict as impossible:
            assert impossible.code == "step-impossible"
            assert (state, step) not in MOVES
            continue
        walked.append(state)
    if State.ACTIVE in walked:
        assert State.DECIDED in walked[: walked.index(State.ACTIVE)], "nothing is published without a decision"
        assert State.LAPSED not in walked, "what was published does not lapse"
    if FINAL & set(walked):
        assert walked.index(next(found for found in walked if found in FINAL)) == len(walked) - 1


def test_every_state_is_reached_and_every_order_step_is_known() -> None:
    assert set(MOVES.values()) | {State.CANDIDATE} == set(State)
    for state in OrderState:
        for step in Step:
            if (state, step) in ORDER_MOVES:
                assert order_moved(state, step) is ORDER_MOVES[state, step]
            else:
                with pytest.raises(Conflict):
                    order_moved(state, step)


def test_every_step_of_a_decided_matter_is_somebodys_decision() -> None:
    """A step without a kind of decision could never be taken; reviews are begun by one officer."""
    assert {kind.step for kind in KINDS.values()} == set(Step) - {Step.REVIEW}
    for kind in KINDS.values():
        assert kind.clause and kind.label.zh and kind.label.en
        assert set(kind.fields) >= kind.must
