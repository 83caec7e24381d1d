"""The decision on an application as a signed letter: set from what was signed, once, and the same for desk and applicant."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditsvc.access.callers import Caller
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import Conflict
from creditsvc.kernel.text import Bilingual
from creditsvc.papers.issuing import PaperKind, PaperOrder, copy_of, issue
from creditsvc.papers.tables import Paper
from creditsvc.papers.typesetting import Template, said
from creditsvc.services import Services
from repair.applications import shown_entry
from repair.history import load
from repair.policy.kinds import ApplicationKind
from repair.policy.states import State, state_name
from repair.portal_view import ground_name
from repair.tables import Application

DECISION = PaperKind(
    "AD", Bilingual("申请审查决定书", "Decision on an application"), Template("repair", "application_decision")
)


def decision_letter(
    session: Session, services: Services, application: Application, *, caller: Caller, now: datetime
) -> bytes:
    """The signed PDF; issued when it is first asked for, in the caller's transaction, and the same file from then on.

    Raises ``Conflict`` (``not-decided``), ``Unavailable`` without the extra ``pdf``.
    """
    if application.decided_at is None or not application.proposal:
        raise Conflict(Bilingual("尚未作出决定", "there is no decision yet"), code="not-decided")
    # two who ask at once come one after the other
    load(session, application.id, to_change=True)
    made = session.scalar(select(Paper).where(Paper.application == application.id, Paper.kind == DECISION.code))
    if made is not None:
        return copy_of(session, services, made)
    view = shown_entry(session, application, on=legal_day(now))
    name = view.name if view else ""
    order = PaperOrder(
        DECISION, application.court_code, name, _data(application, name), entry=application.entry or None,
        application=application.id, decision_id=application.decision_id, subject_id=application.subject_id,
    )  # fmt: skip
    return issue(session, services, order, caller=caller, now=now).pdf


def _data(application: Application, name: str) -> dict[str, Any]:
    decided = application.proposal or {}
    outcome = state_name(State(application.state), ApplicationKind(application.kind))
    period = f"{decided['from_day']} – {decided['to_day']}" if decided.get("from_day") else ""
    return {
        "name": name,
        "number": application.number or "",
        "ground": said(ground_name(application)),
        "case_number": application.case_number,
        "received": said(_day(application.received_on)),
        "document_number": decided.get("document_number", ""),
        "outcome": said(outcome),
        "reason": decided.get("reason", ""),
        "clause": decided.get("clause", ""),
        "period": period,
        "remedy": decided.get("remedy", ""),
    }


def _day(day: date | None) -> Bilingual:
    if day is None:
        return Bilingual("—", "—")
    return Bilingual(f"{day.year}年{day.month}月{day.day}日", f"{day.day} {day:%B} {day.year}")
