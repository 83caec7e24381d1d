"""Marks set and cleared: by decision of two people, or, for what only tells of a request, at once by one officer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from creditsvc.access import audit
from creditsvc.access.callers import Caller
from creditsvc.access.permissions import Permission
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import Conflict, InvalidInput
from creditsvc.kernel.text import Bilingual
from creditsvc.register.effects_shared import Asked, Changer, Checker, Made
from creditsvc.register.entries import Target, in_reach, target
from creditsvc.register.life import OrderState, State, Step, moved, order_moved
from creditsvc.register.marks import MARKS, Mark
from creditsvc.register.tables import ConsumptionOrder, EntryMark, RegisterEvent
from creditsvc.storage.outbox import FactType, put


def standing(session: Session, entry: str, mark: Mark, *, on: date) -> EntryMark | None:
    """The mark of this name that stands on an entry on that day, or none."""
    query = select(EntryMark).where(
        EntryMark.entry == entry,
        EntryMark.mark == mark.value,
        or_(EntryMark.to_day.is_(None), EntryMark.to_day > on),
    )
    return session.scalar(query.order_by(EntryMark.id.desc()).limit(1))


def _of(kind: str) -> Mark:
    return Mark(kind.partition("_")[2])


def _not_standing(session: Session, about: Target, asked: Asked) -> None:
    if asked.changes.get("to_day") and asked.day("to_day") < asked.on:
        raise InvalidInput(
            Bilingual("标注的截止日已过", "the mark's last day is over"), code="mark-days", field="changes"
        )
    if standing(session, about.entry, _of(asked.kind), on=asked.on) is not None:
        raise Conflict(Bilingual("该标注已经存在", "this mark stands already"), code="mark-stands")


def _standing(session: Session, about: Target, asked: Asked) -> None:
    if standing(session, about.entry, _of(asked.kind), on=asked.on) is None:
        raise Conflict(Bilingual("没有这一标注", "there is no such mark"), code="mark-absent")


def _set(session: Session, about: Target, made: Made) -> None:
    session.add(
        EntryMark(
            entry=about.entry,
            mark=_of(made.decision.kind).value,
            from_day=made.today,
            to_day=made.day("to_day"),
            document_number=made.decision.draft["document_number"],
        )
    )


def _clear(session: Session, about: Target, made: Made) -> None:
    row = standing(session, about.entry, _of(made.decision.kind), on=made.today)
    if row is not None:
        row.to_day = made.today


CHECKS: Mapping[str, Checker] = {
    **{f"mark_{mark.value}": _not_standing for mark in Mark},
    **{f"clear_{mark.value}": _standing for mark in Mark},
}
CHANGES: Mapping[str, Changer] = {
    **{f"mark_{mark.value}": _set for mark in Mark},
    **{f"clear_{mark.value}": _clear for mark in Mark},
}


def note_at_once(
    session: Session, entry: str, mark: Mark, *, document_number: str, reason: str, caller: Caller, now: datetime
) -> bool:
    """Set a mark on the receipt of a request, by one officer or a job (条例 art. 41: on receipt).

    Only ``disputed`` and ``reconsideration``: they hide nothing and take nothing from anybody. False if it stands already.
    The caller (a person) holds DECISION_PROPOSE or APPLICATION_WORK and reaches the entry's court. Clearing is a decision
    (``clear_disputed`` …) or ``clear_settled``. Raises ``NotFound``, ``NotAllowed``, ``Conflict`` (the entry has ended).
    """
    return _note(
        session, entry, mark, begins=True, document_number=document_number, reason=reason, caller=caller, now=now
    )


def clear_settled(
    session: Session, entry: str, mark: Mark, *, document_number: str, reason: str, caller: Caller, now: datetime
) -> bool:
    """Clear such a mark because what it told of was settled by a decision of two people, whose document is named.

    False if there is none, or if the entry has ended meanwhile: then the mark went with it.
    """
    about = target(session, entry)
    if about.row.state not in {State.ACTIVE.value, State.ACTIVE_NONPUBLIC.value, OrderState.ORDERED.value}:
        return False
    return _note(
        session, entry, mark, begins=False, document_number=document_number, reason=reason, caller=caller, now=now
    )


def _note(
    session: Session, entry: str, mark: Mark, *, begins: bool, document_number: str, reason: str, caller: Caller,
    now: datetime,
) -> bool:  # fmt: skip
    rule, today = MARKS[mark], legal_day(now)
    if not rule.at_once:
        raise Conflict(Bilingual("该标注须经两人决定", "this mark needs a decision by two people"), code="mark-decided")
    about = _reached(session, entry, caller)
    row = about.row
    if isinstance(row, ConsumptionOrder):
        order_moved(OrderState(row.state), Step.ANNOTATE)
    else:
        moved(State(row.state), Step.ANNOTATE)
    before = standing(session, entry, mark, on=today)
    if begins == (before is not None):
        return False
    if before is not None:
        before.to_day = today
    else:
        made = EntryMark(entry=entry, mark=mark.value, from_day=today, document_number=document_number)
        session.add(made)
    row.revision += 1
    session.add(
        RegisterEvent(
            entry=entry, kind=about.kind, revision=row.revision, type=Step.ANNOTATE.value, event_on=today, known_on=today,
            decided_on=today, recorded_at=now, actor=caller.actor, clause=rule.clause, document_number=document_number,
            reason=reason,
        )
    )  # fmt: skip
    if row.state in {State.ACTIVE.value, OrderState.ORDERED.value}:
        put(session, entry=entry, kind=about.kind, revision=row.revision, fact=FactType.ANNOTATED, at=now)
    audit.record(
        session, action="entry.noted" if begins else "entry.note_cleared", caller=caller, object=entry, at=now,
        details={"mark": mark.value, "document": document_number},
    )  # fmt: skip
    return True


def _reached(session: Session, entry: str, caller: Caller) -> Target:
    about = target(session, entry, to_change=True)
    if caller.role == "job" or caller.subject_id == about.row.subject_id:
        return about  # a job acts for the house; a debtor's own request is noted on his own entry
    if not caller.may(Permission.APPLICATION_WORK):
        caller.require(Permission.DECISION_PROPOSE)
    return in_reach(about, caller)
