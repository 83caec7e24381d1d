"""A pending request is noted on its entry and hides nothing (法释〔2017〕7号 art. 12; 河南省社会信用条例 art. 41)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditsvc.access.callers import job_caller
from creditsvc.kernel.days import legal_day
from creditsvc.register.effects_marks import clear_settled, note_at_once
from creditsvc.register.marks import Mark
from repair.entries import view_for
from repair.policy.kinds import ApplicationKind
from repair.policy.states import WITH_COURT, State
from repair.tables import Application

MARKED: Mapping[ApplicationKind, Mark] = {
    ApplicationKind.REVOCATION: Mark.DISPUTED,
    ApplicationKind.CORRECTION: Mark.DISPUTED,
    ApplicationKind.OBJECTION: Mark.DISPUTED,
    ApplicationKind.RECONSIDERATION: Mark.RECONSIDERATION,
}
"""Kinds that say that something is wrong with the entry. To have performed disputes nothing."""
_SERVICE = job_caller("applications")


def annotate(session: Session, application: Application, *, now: datetime) -> None:
    """Set the entry's mark when a request against it is received, clear it when no such request is open any more.

    The mark is the service's own act on what was received or settled, so the service is named in its event.
    """
    mark = MARKED.get(ApplicationKind(application.kind))
    if mark is None or not application.number:
        return
    entry, number = application.entry, application.number
    if State(application.state) in WITH_COURT:
        if view_for(session, entry, application.subject_id, on=legal_day(now)).in_force:
            said = f"收到申请 {number}"
            note_at_once(session, entry, mark, document_number=number, reason=said, caller=_SERVICE, now=now)
    elif not _another_open(session, application, mark):
        document = str((application.proposal or {}).get("document_number", "")) or number
        said = f"申请 {number} 已办结"
        clear_settled(session, entry, mark, document_number=document, reason=said, caller=_SERVICE, now=now)


def _another_open(session: Session, application: Application, mark: Mark) -> bool:
    kinds = [kind.value for kind, one in MARKED.items() if one is mark]
    query = select(Application.id).where(
        Application.entry == application.entry,
        Application.kind.in_(kinds),
        Application.id != application.id,
        Application.is_open,
        Application.number.is_not(None),
    )
    return session.scalar(query.limit(1)) is not None
