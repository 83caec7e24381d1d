"""The port ``open_case``: a platform's objection, or the result of a repair there, becomes an application at the court.

The platform never changes an entry: it asks, the court checks within three working days (河南省社会信用条例 art. 41) and
decides by its own rules, and the answer is read back here.
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditsvc.access.callers import Caller, job_caller
from creditsvc.kernel.calendars import Calendar
from creditsvc.kernel.errors import Conflict, InvalidInput
from creditsvc.kernel.text import Bilingual
from creditsvc.ports import CaseAsked, CaseStanding
from creditsvc.services import Services
from repair.annotations import annotate
from repair.applications import MAX_STATEMENT, open_draft, receive, seal_words
from repair.entries import entry_view
from repair.history import take_step
from repair.policy.grounds import GROUNDS
from repair.policy.kinds import ApplicationKind
from repair.policy.states import FINAL, State, Step
from repair.tables import Application

PLATFORM = job_caller("platform")


def open_case(
    session: Session, services: Services, asked: CaseAsked, *, calendar: Calendar, caller: Caller = PLATFORM
) -> CaseStanding:
    """Open it, or find the one that was opened for this reference; the caller commits.

    Raises ``NotFound`` for an unknown entry, ``InvalidInput`` for a kind or ground that is not taken from outside,
    ``Conflict`` while another objection about the entry is open.
    """
    if asked.kind != ApplicationKind.OBJECTION.value or asked.ground not in GROUNDS[ApplicationKind.OBJECTION]:
        raise InvalidInput(
            Bilingual("平台只转来异议", "a platform passes on objections only"), code="case-kind", field="kind"
        )
    standing = session.scalar(select(Application).where(Application.reference == asked.reference))
    if standing is not None:
        return _standing(standing)
    view = entry_view(session, asked.entry, on=asked.received_on)
    busy = session.scalar(
        select(Application).where(
            Application.entry == asked.entry, Application.kind == asked.kind, Application.is_open.is_(True)
        )
    )
    if busy is not None:
        raise Conflict(
            Bilingual("这条记录已有一件异议正在核查", "an objection about this entry is being checked"),
            code="case-open",
            case=busy.id,
        )
    case = open_draft(
        session, view, ApplicationKind.OBJECTION, asked.ground, caller=caller, now=asked.at, opened_by="platform"
    )
    case.reference, case.wanted = asked.reference, {"received_on": asked.received_on.isoformat()}
    seal_words(services, case, asked.words[:MAX_STATEMENT])
    receive(session, case, calendar=calendar, now=asked.at)
    take_step(session, case, Step.SUBMIT, caller=caller, now=asked.at)
    annotate(session, case, now=asked.at)
    return _standing(case)


def case_standing(session: Session, reference: str) -> CaseStanding | None:
    """Where the case of this reference stands, with its outcome once it is decided; none if there is no such case."""
    found = session.scalar(select(Application).where(Application.reference == reference))
    return _standing(found) if found else None


def _standing(case: Application) -> CaseStanding:
    state, proposal = State(case.state), case.proposal or {}
    decided = case.decided_at is not None
    return CaseStanding(
        case=case.id,
        number=case.number or "",
        due_on=case.due_on,
        due_provisional=case.due_provisional,
        closed=state in FINAL,
        outcome=_outcome(state, proposal.get("found", "")) if state in FINAL else "",
        reason=str(proposal.get("reason", "")) if decided else "",
        clause=str(proposal.get("clause", "")) if decided else "",
        decided_at=case.decided_at,
    )


def _outcome(state: State, found: str) -> str:
    if state is State.GRANTED:
        return {"correct": "corrected", "revoke": "revoked", "remove": "removed"}.get(found, "upheld")
    return {State.REFUSED: "refused", State.WITHDRAWN: "withdrawn"}.get(state, "overtaken")
