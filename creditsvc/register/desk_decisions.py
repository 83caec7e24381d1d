"""A decision at the desk: exactly what is applied on approval; signed or sent back by another person."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from creditsvc.access.actors import names_of
from creditsvc.access.permissions import Permission, StaffRole, open_to
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import Conflict, InvalidInput, NotAllowed
from creditsvc.kernel.load import timers
from creditsvc.kernel.text import Bilingual
from creditsvc.kernel.timers import due
from creditsvc.register import approving, decisions, desk_queries
from creditsvc.register.desk_blueprint import NUMBER, blueprint
from creditsvc.register.desk_fields import Widget, widgets
from creditsvc.register.desk_forms import LABELS, plain
from creditsvc.register.effects import needs_president
from creditsvc.register.effects_shared import Asked
from creditsvc.register.effects_start import listing_doubts
from creditsvc.register.entries import CandidateTarget, Matter, in_reach, matter
from creditsvc.register.kinds import KINDS
from creditsvc.register.tables import ConsumptionOrder
from creditsvc.storage.calendars import calendar
from creditsvc.storage.outbox import FactType
from creditsvc.web.context import caller, services
from creditsvc.web.errors import status_for
from creditsvc.web.pages import render


@blueprint.get(f"/decisions/{NUMBER}")
@open_to(Permission.LISTING_READ)
def decision(decision_id: int) -> ResponseReturnValue:
    """One decision: exactly what is applied on approval."""
    return decision_page(decision_id, {})


def decision_page(decision_id: int, errors: dict[str, Bilingual]) -> str:
    """The page of one decision, with what went wrong when it was to be settled."""
    today = legal_day(services().clock.now())
    with services().database.reading() as session:
        row = decisions.decision_of(session, decision_id)
        about = in_reach(matter(session, row.entry), caller())
        draft, rule = decisions.draft_of(row), KINDS[row.kind]
        timer = rule.timer
        return render(
            "register/decision.html", row=row, about=about.row, draft=draft, ground=ground_label(row.kind, draft.ground),
            kind=rule, changes=changes_shown(session, about, draft),
            due=due(timers()[timer], draft.known_on, calendar(session)) if timer else None, today=today,
            order=_order_left(session, about, row.kind), own=row.proposer_person == caller().person,
            may=caller().may(Permission.DECISION_APPROVE), too_low=_too_low(session, about, draft), errors=errors,
            names=names_of(session, (row.proposer, row.approver)),
        )  # fmt: skip


def ground_label(kind: str, ground: str) -> Bilingual:
    """What a decision's ground is called."""
    return next((each.label for each in KINDS[kind].grounds if each.value == ground), Bilingual("—", "-"))


def changes_shown(session: Session, about: Matter, draft: decisions.Draft) -> list[tuple[Bilingual, Any, Any]]:
    """Label, what stands now, what is decided: for every value that a person has to look at."""
    fields = {each.name: each for each in widgets(session, about, draft.kind, today=draft.known_on)}
    shown = []
    for name, value in draft.changes.items():
        if name in {"row_key", "subject"}:
            continue
        label = LABELS.get(name, Bilingual(name, name))
        named = _doubts(session, about, draft) if name == "doubts" else {}
        shown.append((label, plain(getattr(about.row, name, None)), _value(fields.get(name), value, named)))
    return shown


def _doubts(session: Session, about: Matter, draft: decisions.Draft) -> dict[str, Bilingual]:
    """What each word of the person in charge answers to, by code."""
    if not isinstance(about, CandidateTarget):
        return {}
    asked = Asked(draft.kind, draft.ground, draft.changes, draft.known_on, False)
    return {each.code: each.text for each in listing_doubts(session, about.row, asked)}


def _value(widget: Widget | None, value: Any, named: Mapping[str, Bilingual]) -> Any:
    options = widget.options if widget else {}
    if isinstance(value, dict):
        said = [(named.get(name, Bilingual(name, name)), text) for name, text in value.items()]
        return Bilingual(
            "；".join(f"{name.zh}：{text}" for name, text in said),
            "; ".join(f"{name.en}: {text}" for name, text in said),
        )
    if isinstance(value, list):
        picked = [options.get(str(each), Bilingual(str(each), str(each))) for each in value]
        return (
            Bilingual("；".join(each.zh for each in picked), "; ".join(each.en for each in picked)) if picked else None
        )
    if isinstance(value, bool):
        return Bilingual("是", "yes") if value else Bilingual("否", "no")
    return options.get(str(value), value)


def _order_left(session: Session, about: Matter, kind: str) -> ConsumptionOrder | None:
    if isinstance(about, CandidateTarget) or KINDS[kind].fact is not FactType.REMOVED:
        return None
    return desk_queries.order_beside(session, about.row)


def _too_low(session: Session, about: Matter, draft: decisions.Draft) -> bool:
    today = legal_day(services().clock.now())
    wanted = needs_president(session, about, draft.kind, draft.ground, draft.changes, on=today)
    return wanted and caller().role != StaffRole.PRESIDENT.value


@blueprint.post(f"/decisions/{NUMBER}")
@open_to(Permission.DECISION_APPROVE)
def settle(decision_id: int) -> ResponseReturnValue:
    """Approve what was shown, or send it back with a reason."""
    try:
        with services().database.writing() as session:
            _settle(session, decision_id, services().clock.now())
    except (Conflict, InvalidInput, NotAllowed) as wrong:
        return decision_page(decision_id, {str(wrong.details.get("field", "")): wrong.text}), status_for(type(wrong))
    return redirect(url_for("desk.decision", decision_id=decision_id), 303)


def _settle(session: Session, decision_id: int, now: datetime) -> None:
    if request.form.get("go") == "approve":
        shown = request.form.get("digest", "")
        approving.approve(session, services(), decision_id, shown_digest=shown, caller=caller(), now=now)
    else:
        decisions.reject(session, decision_id, reason=request.form.get("reason", "")[:2000], caller=caller(), now=now)
