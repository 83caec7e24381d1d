"""What the court has recorded as having happened, and its consequence: prepared the same moment, decided by two people.

Recording performance proposes the removal (and the lifting of the order, and the end of what was not published yet) in
the same transaction, so it can't be late; whoever recorded it is its proposer, so another person signs. What came by a file
is drawn by the job, under the name of whoever recorded it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditsvc.access import audit
from creditsvc.access.callers import Caller, CallerKind
from creditsvc.access.permissions import Permission
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import Conflict, InvalidInput
from creditsvc.kernel.text import Bilingual
from creditsvc.register import decisions
from creditsvc.register.circumstance_kinds import (
    PERFORMANCE,
    CircumstanceKind,
    Consequence,
    Effect,
    Happened,
    Record,
    consequence,
)
from creditsvc.register.decisions import Draft
from creditsvc.register.entries import Target, in_reach, target
from creditsvc.register.kinds import LISTING
from creditsvc.register.life import OrderState, State
from creditsvc.register.policy import is_termed
from creditsvc.register.tables import ConsumptionOrder, Decision, Listing
from creditsvc.register.tables_matters import Circumstance
from creditsvc.register.task_kinds import TaskKind
from creditsvc.tasks.queue import NewTask, open_task

STANDING = (State.DECIDED.value, State.IN_GRACE.value, State.ACTIVE.value, State.ACTIVE_NONPUBLIC.value)
KIND_OF = {
    Effect.REMOVE: "remove_listing", Effect.REVOKE: "revoke_listing", Effect.LAPSE: "lapse_listing", Effect.LIFT: "lift_order",
}  # fmt: skip
TASK_OF = {
    Effect.REMOVE: (TaskKind.REMOVE, "T05"), Effect.REVOKE: (TaskKind.REVOKE, "T07"), Effect.LAPSE: (TaskKind.LAPSE, "T05"),
    Effect.LIFT: (TaskKind.LIFT, "T14"), Effect.REVIEW: (TaskKind.REVIEW_EARLY, "T05"), Effect.JUDGE: (TaskKind.JUDGE, None),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Recorded:
    """What happened. Days are Beijing days: when it happened and when the court came to know."""

    entry: str
    """A listing or an order of the case: every record of the same debtor in the same case is meant."""
    kind: CircumstanceKind
    event_on: date
    known_on: date
    document_number: str
    reason: str
    voluntary: bool | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


def record(session: Session, what: Recorded, *, caller: Caller, now: datetime) -> Sequence[Circumstance]:
    """Write down what happened and draw its consequence for every standing record of the debtor in the case.

    The same circumstance with the same document is written once. Raises ``NotFound``, ``NotAllowed``, ``InvalidInput``.
    """
    caller.require(Permission.DECISION_PROPOSE)
    about = in_reach(target(session, what.entry), caller)
    _complete(what, legal_day(now))
    rows = [
        row for entry in _of_the_case(session, about, what.kind) if (row := _keep(session, entry, what, caller, now))
    ]
    for row in sorted(rows, key=lambda row: row.entry.startswith("ord_")):  # listings first: an order waits for them
        draw(session, row, proposer=caller, now=now)
    return rows


def _complete(what: Recorded, today: date) -> None:
    if not what.document_number.strip() or not what.reason.strip():
        raise InvalidInput(
            Bilingual("请填写文书号和情况说明", "give the document's number and what it says"), code="reason-missing", field="reason"
        )  # fmt: skip
    if not what.event_on <= what.known_on <= today:
        raise InvalidInput(
            Bilingual("发生日不得晚于知悉日，知悉日不得晚于今天", "it can't have happened after the court knew, nor that after today"),
            code="days-order", field="known_on",
        )  # fmt: skip
    if what.kind in PERFORMANCE and what.voluntary is None:
        raise InvalidInput(
            Bilingual("请写明是否自动履行（法发〔2019〕35号第十九条）", "say whether it was performed of his own accord"),
            code="voluntary-missing", field="voluntary",
        )  # fmt: skip


def _of_the_case(session: Session, about: Target, kind: CircumstanceKind) -> list[str]:
    """Standing records of the same debtor in the same case and court; of a wrong listing or person the one record alone."""
    row = about.row
    if kind in {CircumstanceKind.WRONGLY_LISTED, CircumstanceKind.WRONG_PERSON}:
        return [about.entry]
    found: list[str] = []
    for table, states in ((Listing, STANDING), (ConsumptionOrder, (OrderState.ORDERED.value,))):
        found += session.scalars(
            select(table.entry)
            .where(table.subject_id == row.subject_id, table.case_number == row.case_number)
            .where(table.court_code == row.court_code, table.state.in_(states))
            .order_by(table.id)
        )
    return found


def _keep(session: Session, entry: str, what: Recorded, caller: Caller, now: datetime) -> Circumstance | None:
    same = select(Circumstance.id).where(
        Circumstance.entry == entry, Circumstance.kind == what.kind.value, Circumstance.event_on == what.event_on,
        Circumstance.document_number == what.document_number,
    )  # fmt: skip
    if session.scalar(same) is not None:
        return None
    row = Circumstance(
        entry=entry, kind=what.kind.value, event_on=what.event_on, known_on=what.known_on, recorded_at=now,
        recorder=caller.actor, recorder_person=caller.person, document_number=what.document_number, reason=what.reason,
        voluntary=what.voluntary, details=dict(what.details), prepared=False,
    )  # fmt: skip
    session.add(row)
    session.flush()
    audit.record(
        session, action="circumstance.recorded", caller=caller, object=entry, at=now,
        details={"kind": row.kind, "document": row.document_number, "event": row.event_on.isoformat()},
    )  # fmt: skip
    return row


def draw(session: Session, row: Circumstance, *, proposer: Caller, now: datetime) -> Effect:
    """Draw the consequence of one recorded circumstance: a proposal for two people to sign, or a matter for a judge."""
    about = target(session, row.entry, to_change=True)
    found = consequence_of(session, row, about)
    row.prepared = True
    if found.effect is Effect.STAYS or not _stands(about):
        return Effect.STAYS
    if found.effect in KIND_OF:
        row.decision_id = _propose(session, row, about, found, proposer=proposer, now=now)
    kind, timer = TASK_OF[found.effect]
    details = {
        "circumstance": row.kind,
        "document": row.document_number,
        "decision": row.decision_id,
        "ground": found.ground,
    }
    open_task(
        session,
        NewTask(
            f"{kind.value}/{row.entry}/{row.id}", kind.value, about.court_code, row.known_on, entry=row.entry, timer=timer,
            due_on=None if timer else legal_day(now), details=details,
        ),
        by=proposer.actor, now=now,
    )  # fmt: skip
    return found.effect


def consequence_of(session: Session, row: Circumstance, about: Target) -> Consequence:
    """What the law makes of a recorded circumstance for its record."""
    listing = isinstance(about.row, Listing)
    earlier = session.scalars(
        select(Circumstance).where(Circumstance.entry == row.entry, Circumstance.id != row.id).order_by(Circumstance.id)
    )
    return consequence(
        Record(listing, is_termed(about.grounds), State(about.row.state) if listing else None),
        Happened(CircumstanceKind(row.kind), row.event_on),
        [Happened(CircumstanceKind(one.kind), one.event_on) for one in earlier],
    )


def _stands(about: Target) -> bool:
    return about.row.state in (STANDING if about.kind == LISTING else (OrderState.ORDERED.value,))


def _propose(
    session: Session, row: Circumstance, about: Target, found: Consequence, *, proposer: Caller, now: datetime
) -> int | None:
    kind = KIND_OF[found.effect] if about.kind == LISTING else _order_kind(found.effect)
    waiting = session.scalar(select(Decision.id).where(Decision.entry == row.entry, Decision.open_key == kind))
    if waiting is not None:
        return waiting
    changes = (
        {"why": "performed" if CircumstanceKind(row.kind) in PERFORMANCE else "ruling"} if kind == "lift_order" else {}
    )
    ground = "identity_error" if kind == "revoke_order" else found.ground
    draft = Draft(
        kind, row.entry, ground, found.clause, row.event_on, row.known_on, row.reason, row.document_number, changes
    )
    try:
        return decisions.propose(session, draft, caller=proposer, now=now).id
    except Conflict:
        return None  # for example a listing with a term that stands: the order waits for it; the matter is in the queue


def _order_kind(effect: Effect) -> str:
    return "revoke_order" if effect is Effect.REVOKE else "lift_order"


def drawn_by_the_house(row: Circumstance, court_code: str) -> Caller:
    """The machine that prepares what somebody recorded: it counts as that person, who then can't sign it."""
    return Caller(
        CallerKind.JOB, name="register", person=row.recorder_person, role="job", court_code=court_code,
        permissions=frozenset({Permission.DECISION_PROPOSE}),
    )  # fmt: skip
