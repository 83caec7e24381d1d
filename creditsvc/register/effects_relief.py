"""Reliefs granted and ended. They begin and end by their days alone; the streams are told of both days when granted."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditsvc.kernel.errors import Conflict
from creditsvc.kernel.text import Bilingual
from creditsvc.register.answers import PolicyAnswer
from creditsvc.register.court_rules import rule_for
from creditsvc.register.effects_shared import Asked, Changer, Checker, Made, granted
from creditsvc.register.entries import Target
from creditsvc.register.life import State
from creditsvc.register.reliefs import ReliefAsked, relief_answer
from creditsvc.register.rules_loaded import court_rules
from creditsvc.register.tables import ConsumptionOrder, Listing, Relief, ResponsibleMark
from creditsvc.storage.outbox import FactType, put
from punishment_rules.facts import ReliefKind

KIND_OF = {f"grant_{kind.value}": kind for kind in ReliefKind}


def abused_before(session: Session, subject_id: str) -> bool:
    """Whether any relief of this subject was abused, under whatever order."""
    orders = select(ConsumptionOrder.entry).where(ConsumptionOrder.subject_id == subject_id)
    return session.scalar(select(Relief.id).where(Relief.abused, Relief.entry.in_(orders)).limit(1)) is not None


def _grantable(session: Session, about: Target, asked: Asked) -> PolicyAnswer:
    if (mark := asked.changes.get("mark")) is not None:
        _bound_by(session, about, mark)
    return granted(
        relief_answer(
            ReliefAsked(
                KIND_OF[asked.kind],
                asked.day("from_day"),
                asked.day("to_day"),
                asked.on,
                undertaking=bool(asked.changes.get("undertaking")),
                abused_before=abused_before(session, about.row.subject_id),
                measures=tuple(asked.changes.get("measures", ())),
                single_lift_rule=rule_for(court_rules(session), about.court_code, asked.on).single_lift,
            )
        )
    )


def _bound_by(session: Session, about: Target, number: int) -> None:
    """Raise ``Conflict`` unless this mark binds somebody to this order: it stands on the unit's listing in the same case."""
    row = session.get(ResponsibleMark, number)
    unit = session.scalar(select(Listing).where(Listing.entry == row.unit_entry)) if row is not None else None
    if unit is None or (unit.subject_id, unit.case_number) != (about.row.subject_id, about.row.case_number):
        raise Conflict(Bilingual("没有这一标注", "there is no such mark"), code="officer-unknown")


def _relief_of(session: Session, about: Target, number: int) -> Relief:
    row = session.get(Relief, number)
    if row is None or row.entry != about.entry:
        raise Conflict(Bilingual("该限制消费令没有这一放宽", "this order has no such relief"), code="relief-unknown")
    return row


def _endable(session: Session, about: Target, asked: Asked) -> None:
    row = _relief_of(session, about, asked.changes["relief"])
    if row.granted_to is not None or (row.to_day < asked.on and not asked.changes.get("abused")):
        raise Conflict(Bilingual("这一放宽已经结束", "this relief has ended"), code="relief-ended")


def _grant(session: Session, about: Target, made: Made) -> None:
    session.add(
        Relief(
            entry=about.entry,
            kind=KIND_OF[made.decision.kind].value,
            from_day=made.day("from_day"),
            to_day=made.day("to_day"),
            measures=list(made.changes.get("measures", ())),
            decision_number=made.decision.draft["document_number"],
            purpose=made.changes["purpose"],
            mark_id=made.changes.get("mark"),
        )
    )
    _tell_listing(session, made.changes.get("mark"), made)


def _end(session: Session, about: Target, made: Made) -> None:
    """The restriction is back at once: yesterday was the relief's last day."""
    row = _relief_of(session, about, made.changes["relief"])
    row.granted_to, row.to_day = row.to_day, min(row.to_day, made.today - timedelta(days=1))
    row.abused = bool(made.changes.get("abused"))
    _tell_listing(session, row.mark_id, made)


def _tell_listing(session: Session, mark_id: int | None, made: Made) -> None:
    """An officer's own relief is told where their mark stands, on the unit's listing: its copies must know of it too."""
    mark = session.get(ResponsibleMark, mark_id) if mark_id is not None else None
    if mark is None:
        return
    unit = session.scalars(select(Listing).where(Listing.entry == mark.unit_entry)).one()
    if unit.state == State.ACTIVE.value and not unit.nonpublic:
        put(session, entry=unit.entry, kind="listing", revision=unit.revision, fact=FactType.ANNOTATED, at=made.now)


CHECKS: Mapping[str, Checker] = {**dict.fromkeys(KIND_OF, _grantable), "end_relief": _endable}
CHANGES: Mapping[str, Changer] = {**dict.fromkeys(KIND_OF, _grant), "end_relief": _end}
