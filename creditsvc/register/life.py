"""The life of a listing and of a consumption order, as tables (law: docs of 法释〔2017〕7号 arts 5-12, 法释〔2015〕17号).

Pure: no database, network or clock. Final states are computed. A term's end is not a transition: it works by date alone.
"""

from __future__ import annotations

from enum import StrEnum

from creditsvc.kernel.errors import Conflict
from creditsvc.kernel.text import Bilingual


class State(StrEnum):
    """States of a listing."""

    CANDIDATE = "candidate"
    UNDER_REVIEW = "under_review"
    REFUSED = "refused"
    DECIDED = "decided"
    IN_GRACE = "in_grace"
    ACTIVE = "active"
    ACTIVE_NONPUBLIC = "active_nonpublic"
    REMOVED = "removed"
    REVOKED = "revoked"
    LAPSED = "lapsed"

    @property
    def label(self) -> Bilingual:
        """What people call it."""
        return _LABELS[self]


_LABELS = {
    State.CANDIDATE: Bilingual("待审查", "candidate"),
    State.UNDER_REVIEW: Bilingual("审查中", "under review"),
    State.REFUSED: Bilingual("不予纳入", "not listed"),
    State.DECIDED: Bilingual("已决定", "decided"),
    State.IN_GRACE: Bilingual("宽限期", "in grace"),
    State.ACTIVE: Bilingual("生效中", "in force"),
    State.ACTIVE_NONPUBLIC: Bilingual("生效（不公开）", "in force, not public"),
    State.REMOVED: Bilingual("已删除", "removed"),
    State.REVOKED: Bilingual("已撤销", "revoked"),
    State.LAPSED: Bilingual("未发布即终结", "lapsed unpublished"),
}


class Step(StrEnum):
    """What moves a listing."""

    REVIEW = "review"
    REFUSE = "refuse"
    DECIDE = "decide"
    GRANT_GRACE = "grant_grace"
    LAPSE = "lapse"
    PUBLISH = "publish"
    ENTER_NONPUBLIC = "enter_nonpublic"
    WITHHOLD = "withhold"
    CORRECT = "correct"
    EXTEND = "extend"
    ANNOTATE = "annotate"
    REMOVE = "remove"
    REVOKE = "revoke"


MOVES: dict[tuple[State, Step], State] = {
    (State.CANDIDATE, Step.REVIEW): State.UNDER_REVIEW,
    (State.CANDIDATE, Step.ANNOTATE): State.CANDIDATE,
    (State.UNDER_REVIEW, Step.ANNOTATE): State.UNDER_REVIEW,
    (State.UNDER_REVIEW, Step.REFUSE): State.REFUSED,
    (State.UNDER_REVIEW, Step.DECIDE): State.DECIDED,
    (State.DECIDED, Step.GRANT_GRACE): State.IN_GRACE,
    (State.DECIDED, Step.PUBLISH): State.ACTIVE,
    (State.DECIDED, Step.ENTER_NONPUBLIC): State.ACTIVE_NONPUBLIC,
    (State.DECIDED, Step.LAPSE): State.LAPSED,
    (State.DECIDED, Step.REVOKE): State.REVOKED,
    (State.DECIDED, Step.ANNOTATE): State.DECIDED,
    (State.DECIDED, Step.CORRECT): State.DECIDED,
    (State.IN_GRACE, Step.GRANT_GRACE): State.IN_GRACE,
    (State.IN_GRACE, Step.LAPSE): State.LAPSED,
    (State.IN_GRACE, Step.PUBLISH): State.ACTIVE,
    (State.IN_GRACE, Step.ENTER_NONPUBLIC): State.ACTIVE_NONPUBLIC,
    (State.IN_GRACE, Step.REVOKE): State.REVOKED,
    (State.IN_GRACE, Step.ANNOTATE): State.IN_GRACE,
    (State.IN_GRACE, Step.CORRECT): State.IN_GRACE,
    (State.ACTIVE, Step.CORRECT): State.ACTIVE,
    (State.ACTIVE, Step.EXTEND): State.ACTIVE,
    (State.ACTIVE, Step.ANNOTATE): State.ACTIVE,
    (State.ACTIVE, Step.WITHHOLD): State.ACTIVE_NONPUBLIC,
    (State.ACTIVE, Step.REMOVE): State.REMOVED,
    (State.ACTIVE, Step.REVOKE): State.REVOKED,
    (State.ACTIVE_NONPUBLIC, Step.CORRECT): State.ACTIVE_NONPUBLIC,
    (State.ACTIVE_NONPUBLIC, Step.EXTEND): State.ACTIVE_NONPUBLIC,
    (State.ACTIVE_NONPUBLIC, Step.ANNOTATE): State.ACTIVE_NONPUBLIC,
    (State.ACTIVE_NONPUBLIC, Step.REMOVE): State.REMOVED,
    (State.ACTIVE_NONPUBLIC, Step.REVOKE): State.REVOKED,
}
FINAL = frozenset(State) - {state for state, _ in MOVES}


class OrderState(StrEnum):
    """States of a consumption order."""

    ORDERED = "ordered"
    LIFTED = "lifted"
    REVOKED = "revoked"


ORDER_MOVES: dict[tuple[OrderState, Step], OrderState] = {
    (OrderState.ORDERED, Step.ANNOTATE): OrderState.ORDERED,
    (OrderState.ORDERED, Step.CORRECT): OrderState.ORDERED,
    (OrderState.ORDERED, Step.REMOVE): OrderState.LIFTED,
    (OrderState.ORDERED, Step.REVOKE): OrderState.REVOKED,
}


def moved(state: State, step: Step) -> State:
    """The state after a step; raises ``Conflict`` (``step-impossible``) where the law has no such step."""
    after = MOVES.get((state, step))
    if after is None:
        raise Conflict(
            Bilingual(
                f"记录现为“{state.label.zh}”，不能执行该步骤",
                f"the entry is {state.label.en}; this step is not possible",
            ),
            code="step-impossible",
            state=state.value,
            step=step.value,
        )
    return after


def order_moved(state: OrderState, step: Step) -> OrderState:
    """As ``moved``, for a consumption order."""
    after = ORDER_MOVES.get((state, step))
    if after is None:
        raise Conflict(
            Bilingual("限制消费令已经结束，不能再变更", "the consumption order has ended and can't be changed"),
            code="step-impossible",
            state=state.value,
            step=step.value,
        )
    return after
