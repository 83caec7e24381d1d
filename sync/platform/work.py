"""Working off refused rows: sent again, returned to the court, or closed with a reason. Use cases of the desk."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session

from creditsvc.access import audit
from creditsvc.access.callers import Caller
from creditsvc.access.permissions import Permission
from creditsvc.kernel.errors import Conflict, InvalidInput, NotFound
from creditsvc.kernel.text import Bilingual
from creditsvc.register.entries import reaches
from sync.platform.receive import wish
from sync.platform.shape.answers import masked
from sync.platform.tables import PlatformMessage, PlatformRefusal

RESEND, RETURN, CLOSE = "resend", "return", "close"
_STATE = {RESEND: "resent", RETURN: "returned", CLOSE: "closed"}


def court_of(caller: Caller) -> str | None:
    """The beginning of the codes of courts that this caller sees; none: all of them."""
    return None if caller.may(Permission.SUBSCRIBER_MANAGE) else caller.court_code or "-"


def refusals(session: Session, caller: Caller, *, state: str, after: int, limit: int) -> Sequence[PlatformRefusal]:
    """Refused rows of the caller's courts, oldest first."""
    query = select(PlatformRefusal).where(
        PlatformRefusal.id > after, _own(PlatformRefusal.court, caller) | (PlatformRefusal.court == "")
    )
    if state != "all":
        query = query.where(PlatformRefusal.state == state)
    return session.scalars(query.order_by(PlatformRefusal.id).limit(limit)).all()


def messages(session: Session, caller: Caller, *, state: str, after: int, limit: int) -> Sequence[PlatformMessage]:
    """Messages about entries of the caller's courts, and about none, oldest first."""
    query = select(PlatformMessage).where(
        PlatformMessage.id > after, _own(PlatformMessage.court, caller) | (PlatformMessage.court == "")
    )
    if state != "all":
        query = query.where(PlatformMessage.state == state)
    return session.scalars(query.order_by(PlatformMessage.id).limit(limit)).all()


def _own(column: InstrumentedAttribute[str], caller: Caller) -> ColumnElement[bool]:
    court = court_of(caller)
    return true() if court is None else column.startswith(court)


def refusal_in_reach(session: Session, refusal_id: int, *, caller: Caller) -> PlatformRefusal:
    """A refused row of the caller's courts; raises ``NotFound``."""
    row = session.get(PlatformRefusal, refusal_id)
    if row is None or not (not row.court or caller.may(Permission.SUBSCRIBER_MANAGE) or reaches(caller, row.court)):
        raise NotFound(Bilingual("没有这条退回", "no such refusal"), code="refusal-unknown")
    return row


def work_off(session: Session, row: PlatformRefusal, action: str, note: str, *, caller: Caller, now: datetime) -> None:
    """Do one of three things with a refused row. Raises ``InvalidInput``, ``Conflict``."""
    if action not in _STATE:
        raise InvalidInput(Bilingual("请选择处理方式", "choose what to do"), code="action-missing", field="action")
    if action != RESEND and not note.strip():
        raise InvalidInput(Bilingual("请写明原因", "say why"), code="note-missing", field="note")
    if row.state == "closed":
        raise Conflict(Bilingual("这条退回已办结", "it has been closed"), code="refusal-closed")
    row.state, row.note, row.actor = _STATE[action], masked(note.strip()), caller.actor
    row.settled_at = now if action == CLOSE else None
    if action == RESEND:
        wish(session, row.link_id, row.entry, operation=row.operation, version=row.version, now=now)
    audit.record(session, action=f"platform.refusal-{action}", caller=caller, object=f"refusal:{row.id}", at=now,
                 details={"entry": row.entry})  # fmt: skip
