"""The life of an application as a table: state and step give the next state; what is not in the table can't be done.

Pure: no database, network or clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from creditsvc.kernel.errors import Conflict
from creditsvc.kernel.text import Bilingual
from repair.policy.deadlines import STOPS
from repair.policy.kinds import ApplicationKind


class State(StrEnum):
    """Where an application stands."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    UNDER_REVIEW = "under_review"
    PAUSED = "paused"
    GRANT_PROPOSED = "grant_proposed"
    REFUSAL_PROPOSED = "refusal_proposed"
    GRANTED = "granted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    OVERTAKEN = "overtaken"
    DISCARDED = "discarded"


class Step(StrEnum):
    """What can be done with it."""

    SUBMIT = "submit"
    DISCARD = "discard"
    TAKE = "take"
    RETURN = "return"
    PAUSE = "pause"
    RESUME = "resume"
    HAND_OUT = "hand_out"
    PROPOSE_GRANT = "propose_grant"
    PROPOSE_REFUSAL = "propose_refusal"
    APPROVE = "approve"
    SEND_BACK = "send_back"
    WITHDRAW = "withdraw"
    OVERTAKE = "overtake"


MOVES: Mapping[tuple[State, Step], State] = {
    (State.DRAFT, Step.SUBMIT): State.SUBMITTED,
    (State.DRAFT, Step.DISCARD): State.DISCARDED,
    (State.SUBMITTED, Step.TAKE): State.UNDER_REVIEW,
    (State.SUBMITTED, Step.WITHDRAW): State.WITHDRAWN,
    (State.SUBMITTED, Step.OVERTAKE): State.OVERTAKEN,
    (State.DRAFT, Step.HAND_OUT): State.GRANTED,
    (State.UNDER_REVIEW, Step.RETURN): State.RETURNED,
    (State.UNDER_REVIEW, Step.PAUSE): State.PAUSED,
    (State.PAUSED, Step.RESUME): State.UNDER_REVIEW,
    (State.PAUSED, Step.WITHDRAW): State.WITHDRAWN,
    (State.PAUSED, Step.OVERTAKE): State.OVERTAKEN,
    (State.UNDER_REVIEW, Step.PROPOSE_GRANT): State.GRANT_PROPOSED,
    (State.UNDER_REVIEW, Step.PROPOSE_REFUSAL): State.REFUSAL_PROPOSED,
    (State.UNDER_REVIEW, Step.WITHDRAW): State.WITHDRAWN,
    (State.UNDER_REVIEW, Step.OVERTAKE): State.OVERTAKEN,
    (State.RETURNED, Step.SUBMIT): State.SUBMITTED,
    (State.RETURNED, Step.WITHDRAW): State.WITHDRAWN,
    (State.RETURNED, Step.OVERTAKE): State.OVERTAKEN,
    (State.GRANT_PROPOSED, Step.APPROVE): State.GRANTED,
    (State.GRANT_PROPOSED, Step.SEND_BACK): State.UNDER_REVIEW,
    (State.GRANT_PROPOSED, Step.OVERTAKE): State.OVERTAKEN,
    (State.REFUSAL_PROPOSED, Step.OVERTAKE): State.OVERTAKEN,
    (State.REFUSAL_PROPOSED, Step.APPROVE): State.REFUSED,
    (State.REFUSAL_PROPOSED, Step.SEND_BACK): State.UNDER_REVIEW,
}

FINAL = frozenset(State) - {state for state, _ in MOVES}
"""States that nothing leaves, computed."""

OPEN_AT_COURT = frozenset(State) - FINAL - {State.DRAFT, State.RETURNED, State.PAUSED}
"""States in which the court's clock runs."""

WITH_COURT = OPEN_AT_COURT | {State.PAUSED}
"""States in which the court's desk shows it as open: what is paused waits there for somebody else."""

OUTLIVES = frozenset({ApplicationKind.OBJECTION, ApplicationKind.CERTIFICATE, ApplicationKind.PROMISE_BREACH})
"""Kinds that an entry's end does not settle: a copy may still be shown, a paper still be wanted, a promise still be broken."""
_OF_OFFICE = frozenset({Step.SUBMIT, Step.TAKE, Step.PROPOSE_GRANT, Step.PROPOSE_REFUSAL, Step.APPROVE, Step.SEND_BACK})
"""The court's own case: nobody else can take it back, and no exit of an entry settles it."""
_ON_THE_SPOT = frozenset({Step.HAND_OUT, Step.DISCARD})
_EXAMINED = frozenset(Step) - {Step.HAND_OUT, Step.PAUSE, Step.RESUME}


def steps_of(kind: ApplicationKind) -> frozenset[Step]:
    """The steps that this kind knows: a copy of data is handed out, all else is examined; some clocks can stop."""
    if kind is ApplicationKind.OWN_DATA:
        return _ON_THE_SPOT
    if kind is ApplicationKind.PROMISE_BREACH:
        return _OF_OFFICE
    able = _EXAMINED | {Step.PAUSE, Step.RESUME} if kind in STOPS else _EXAMINED
    return able - {Step.OVERTAKE} if kind in OUTLIVES else able


EDITABLE = frozenset({State.DRAFT, State.RETURNED})
"""States in which the person may still change statement and papers."""

STATE_NAMES: Mapping[State, Bilingual] = {
    State.DRAFT: Bilingual("草稿", "draft"),
    State.SUBMITTED: Bilingual("已提交", "sent"),
    State.RETURNED: Bilingual("需要补正", "returned to be completed"),
    State.UNDER_REVIEW: Bilingual("审查中", "under review"),
    State.PAUSED: Bilingual("期限暂停", "the clock is stopped"),
    State.GRANT_PROPOSED: Bilingual("审查中", "under review"),
    State.REFUSAL_PROPOSED: Bilingual("审查中", "under review"),
    State.GRANTED: Bilingual("已准许", "granted"),
    State.REFUSED: Bilingual("已驳回", "refused"),
    State.WITHDRAWN: Bilingual("已撤回", "withdrawn"),
    State.OVERTAKEN: Bilingual("记录已移出，申请终结", "closed: the entry has already left the list"),
    State.DISCARDED: Bilingual("已丢弃", "discarded"),
}
"""For the applicant: a proposal that the second person has not signed yet is no news."""

DESK_NAMES: Mapping[State, Bilingual] = {
    **STATE_NAMES,
    State.SUBMITTED: Bilingual("待受理", "to be taken up"),
    State.GRANT_PROPOSED: Bilingual("拟准许，待复核", "grant proposed, awaits second person"),
    State.REFUSAL_PROPOSED: Bilingual("拟驳回，待复核", "refusal proposed, awaits second person"),
}


_OF_A_BREACH = {
    State.GRANTED: Bilingual("认定违诺", "found to be broken"),
    State.REFUSED: Bilingual("不构成违诺", "not broken"),
}


def state_name(state: State, kind: ApplicationKind, *, at_desk: bool = False) -> Bilingual:
    """What a state is called: the court's own case about a promise grants and refuses nothing."""
    names = DESK_NAMES if at_desk else STATE_NAMES
    return _OF_A_BREACH.get(state, names[state]) if kind is ApplicationKind.PROMISE_BREACH else names[state]


def move(state: State, step: Step, kind: ApplicationKind = ApplicationKind.REMOVAL) -> State:
    """The state after this step; raises ``Conflict`` where the table, or this kind, has no such move."""
    after = MOVES.get((state, step)) if step in steps_of(kind) else None
    if after is None:
        name = DESK_NAMES[state]
        raise Conflict(
            Bilingual(
                f"申请目前为“{name.zh}”，不能进行此操作；请刷新后重试",
                f"the application is now “{name.en}”, so this can't be done; reload the page",
            ),
            code="application-state",
            state=state.value,
            step=step.value,
        )
    return after
