"""Who relied on an entry that was wrong from the start: found in the access ledger, told to look again, watched until done.

河南省社会信用条例 arts 42 and 66. A notice names the check by its number and matter, and nobody's number.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.orm import Session

from creditsvc.access.audit import record
from creditsvc.access.callers import Caller
from creditsvc.access.tables import AccessEntry
from creditsvc.kernel.days import end_of_legal_day, start_of_legal_day
from creditsvc.kernel.errors import Conflict, InvalidInput, NotFound
from creditsvc.kernel.text import Bilingual
from creditsvc.register.entries import target
from creditsvc.register.life import State
from creditsvc.register.tables import Listing
from creditsvc.storage.subjects import token_of
from repair.tables import RelianceNotice

OUTCOMES = {
    "changed": Bilingual("已重新审查并改变原处理", "looked at again, and changed"),
    "unchanged": Bilingual("已重新审查，处理不变（另有依据）", "looked at again, unchanged for another reason"),
    "not_used": Bilingual("当时没有据此作出处理", "nothing had been decided on it"),
}
_RELIED = frozenset({"restricted", "needs_officer"})
"""Answers on which somebody may have acted against the person."""


def tell_relying(session: Session, entry: str, *, caller: Caller, now: datetime) -> int:
    """A notice for every check that could rest on this revoked entry while it stood, once each; how many are new."""
    row = target(session, entry).row
    began = row.published_on or row.decided_on if isinstance(row, Listing) else row.issued_on
    since = start_of_legal_day(began)
    until = end_of_legal_day(row.ended_on) if row.ended_on else now
    checks = session.scalars(
        select(AccessEntry).where(
            _about(session, row.subject_id),
            AccessEntry.outcome.in_(_RELIED),
            AccessEntry.at >= since,
            AccessEntry.at < until,
        )
    ).all()
    told = set(session.scalars(select(RelianceNotice.access_id).where(RelianceNotice.entry == entry)))
    fresh = [check for check in checks if check.id not in told]
    session.add_all(_notice(entry, row.subject_id, check, now) for check in fresh)
    if fresh:
        session.flush()
        record(session, action="reliance.told", caller=caller, object=entry, at=now, details={"checks": len(fresh)})
    return len(fresh)


def _about(session: Session, subject_id: str) -> ColumnElement[bool]:
    token = token_of(session, subject_id)
    mine = AccessEntry.subject_id == subject_id
    return mine if token is None else or_(mine, AccessEntry.subject_token == token)


def _notice(entry: str, subject_id: str, check: AccessEntry, now: datetime) -> RelianceNotice:
    return RelianceNotice(
        entry=entry,
        subject_id=subject_id,
        unit=check.unit,
        access_id=check.id,
        asked_at=check.at,
        purpose=check.purpose,
        matter=check.matter,
        sector=check.sector,
        told_at=now,
    )


def revoked_untold(session: Session, *, limit: int) -> Sequence[str]:
    """Revoked listings whose relying checks have not been looked for: decided on another desk than the applications'."""
    told = select(RelianceNotice.id).where(RelianceNotice.entry == Listing.entry)
    query = select(Listing.entry).where(Listing.state == State.REVOKED.value, ~told.exists())
    return session.scalars(query.order_by(Listing.id.desc()).limit(limit)).all()


def notices_to(session: Session, unit: str, *, open_only: bool = False, limit: int = 200) -> Sequence[RelianceNotice]:
    """What one unit is told to look at again, open ones first, newest first."""
    query = select(RelianceNotice).where(RelianceNotice.unit == unit)
    if open_only:
        query = query.where(RelianceNotice.done_at.is_(None))
    order = (RelianceNotice.done_at.is_not(None), RelianceNotice.id.desc())
    return session.scalars(query.order_by(*order).limit(limit)).all()


def notices_about(session: Session, subject_id: str) -> Sequence[RelianceNotice]:
    """What was told about one person: they see who looks again and when it is done."""
    query = select(RelianceNotice).where(RelianceNotice.subject_id == subject_id).order_by(RelianceNotice.id.desc())
    return session.scalars(query).all()


def note_seen(session: Session, unit: str, *, now: datetime) -> None:
    """Somebody of the unit has opened its notices."""
    session.execute(
        update(RelianceNotice).where(RelianceNotice.unit == unit, RelianceNotice.seen_at.is_(None)).values(seen_at=now)
    )


def note_done(session: Session, notice_id: int, *, outcome: str, caller: Caller, now: datetime) -> RelianceNotice:
    """A unit says that it has looked again; raises ``NotFound`` for another unit's, ``InvalidInput``, ``Conflict``."""
    notice = session.get(RelianceNotice, notice_id, with_for_update=True)
    if notice is None or notice.unit != (caller.unit or caller.court_code):
        raise NotFound(Bilingual("没有这份通知", "there is no such notice"), code="reliance-unknown")
    if outcome not in OUTCOMES:
        raise InvalidInput(Bilingual("请选择处理结果", "choose what came of it"), code="field-missing", field="outcome")
    if notice.done_at is not None:
        raise Conflict(Bilingual("这份通知已经办结", "this notice has been dealt with"), code="reliance-done")
    notice.done_at, notice.done_by, notice.outcome = now, caller.actor, outcome
    record(session, action="reliance.done", caller=caller, object=f"reliance:{notice.id}", at=now,
           details={"outcome": outcome})  # fmt: skip
    return notice
