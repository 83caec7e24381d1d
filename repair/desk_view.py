"""What the court's pages show: the queue with remaining working days, and one application with its checklist."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from creditsvc.access.callers import Caller
from creditsvc.kernel.calendars import Calendar
from creditsvc.kernel.days import Deadline
from creditsvc.kernel.text import Bilingual
from creditsvc.services import Services
from repair import desk_work as work
from repair.applications import statement_of
from repair.entries import standing_order
from repair.evidence import Paper, papers_of
from repair.history import events_of
from repair.policy.deadlines import clock, working_days_left
from repair.policy.kinds import GROUND_MATERIALS, GROUND_NAMES, MATERIAL_NAMES, Material, RemovalGround, needs_file
from repair.policy.removal import NOT_FOR_TERMED
from repair.policy.states import DESK_NAMES, OPEN_AT_COURT, State, Step
from repair.portal_view import LISTING_GROUNDS, PERFORMANCE_NAMES, TONES
from repair.tables import Application

EVENT_NAMES = {
    "draft": Bilingual("申请人开始填写", "draft begun"),
    Step.SUBMIT.value: Bilingual("收到申请", "received"),
    Step.TAKE.value: Bilingual("开始审查", "taken up"),
    Step.RETURN.value: Bilingual("退回补正", "returned to be completed"),
    Step.PROPOSE_GRANT.value: Bilingual("拟准许", "grant proposed"),
    Step.PROPOSE_REFUSAL.value: Bilingual("拟驳回", "refusal proposed"),
    Step.APPROVE.value: Bilingual("复核签批", "signed by the second person"),
    Step.SEND_BACK.value: Bilingual("复核退回", "sent back by the second person"),
    Step.WITHDRAW.value: Bilingual("申请人撤回", "withdrawn by the applicant"),
    Step.OVERTAKE.value: Bilingual("记录已移出，终结", "closed: the entry has left the list"),
    Step.DISCARD.value: Bilingual("申请人丢弃草稿", "draft discarded"),
}


@dataclass(frozen=True, slots=True)
class QueueRow:
    """One application in the queue."""

    application: Application
    state: Bilingual
    tone: str
    ground: Bilingual
    working_days_left: int | None
    urgency: str
    """``late``, ``soon`` or empty."""


@dataclass(frozen=True, slots=True)
class CheckItem:
    """One thing to look at before deciding."""

    text: Bilingual
    met: bool | None
    """``None``: a person has to look."""


def queue_page(found: Sequence[Application], today: date, calendar: Calendar) -> dict[str, Any]:
    """Rows of the queue, and how many are late or nearly so."""
    rows = [_row(item, today, calendar) for item in found]
    return {
        "rows": rows,
        "late": sum(1 for row in rows if row.urgency == "late"),
        "soon": sum(1 for row in rows if row.urgency == "soon"),
        "today": today,
    }


def _row(item: Application, today: date, calendar: Calendar) -> QueueRow:
    state = State(item.state)
    left = None
    if item.due_on and state in OPEN_AT_COURT:
        left = working_days_left(today, item.due_on, calendar)
    urgency = (
        "" if left is None or item.due_on is None else "late" if item.due_on < today else "soon" if left <= 3 else ""
    )
    return QueueRow(item, DESK_NAMES[state], TONES[state], GROUND_NAMES[RemovalGround(item.ground)], left, urgency)


def case_page(
    session: Session, services: Services, found: Application, *, caller: Caller, on: date, calendar: Calendar
) -> dict[str, Any]:
    """Everything that the page of one application shows."""
    view, answer = work.policy_view(session, found, on=on)
    papers = papers_of(session, services, found)
    state = State(found.state)
    return {
        "application": found,
        "view": view,
        "answer": answer,
        "grounds": [LISTING_GROUNDS[ground] for ground in view.grounds if ground in LISTING_GROUNDS],
        "performance": PERFORMANCE_NAMES.get(view.performance, PERFORMANCE_NAMES["none"]),
        "ground": GROUND_NAMES[RemovalGround(found.ground)],
        "statement": statement_of(services, found),
        "papers": papers,
        "checks": checklist(found, papers, answer.may_apply),
        "due": clock("decide").due(found.received_on, calendar) if found.received_on else None,
        "due_clause": clock("decide").clause,
        "remove_due": _remove_due(found, calendar),
        "remove_clause": clock("remove").clause,
        "order": standing_order(session, view, on=on),
        "events": events_of(session, found),
        "event_names": EVENT_NAMES,
        "state": state,
        "state_name": DESK_NAMES[state],
        "tone": TONES[state],
        "digest": work.shown_digest(session, found) if found.proposal else "",
        "is_proposer": found.proposed_person == caller.person,
        "remedy": work.REMEDY,
        "refusal_clause": NOT_FOR_TERMED if answer.clause == NOT_FOR_TERMED else answer.clause,
        "row": _row(found, on, calendar),
    }


def _remove_due(found: Application, calendar: Calendar) -> Deadline | None:
    confirmed = (found.proposal or {}).get("confirmed_on")
    return clock("remove").due(date.fromisoformat(confirmed), calendar) if confirmed else None


def checklist(found: Application, papers: Sequence[Paper], excluded_not: bool) -> Sequence[CheckItem]:
    """What to look at: what the machine can say is said, the rest is a person's."""
    ground = RemovalGround(found.ground)
    items = [
        CheckItem(Bilingual("法律不排除这一理由", "the law does not exclude this ground"), excluded_not),
        CheckItem(Bilingual("已附证明材料", "papers are attached"), bool(papers) if needs_file(ground) else None),
    ]
    items += [
        CheckItem(MATERIAL_NAMES[item], None) for item in GROUND_MATERIALS[ground] if item is not Material.STATEMENT
    ]
    if ground in {RemovalGround.PERFORMED, RemovalGround.SETTLED, RemovalGround.EARLY}:
        items.append(
            CheckItem(
                Bilingual("已与申请执行人或者案款账户核实", "checked with the creditor or the court's account"), None
            )
        )
    return items
