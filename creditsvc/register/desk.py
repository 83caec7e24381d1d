"""The court's desk: what is due, entries, decisions by two people. Identity numbers are only ever posted."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from creditsvc.access.permissions import Permission, StaffRole, open_to
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import Conflict, InvalidInput, NotAllowed
from creditsvc.kernel.identity import parse_identity
from creditsvc.kernel.load import packaged_calendar
from creditsvc.kernel.text import Bilingual
from creditsvc.register import decisions, desk_queries
from creditsvc.register.candidates import completed
from creditsvc.register.corrections import FIELDS
from creditsvc.register.desk_forms import LABELS, draft_of_form, plain, told
from creditsvc.register.effects import KINDS, needs_president
from creditsvc.register.entries import CandidateTarget, Matter, Target, in_reach, matter, target
from creditsvc.register.kinds import LISTING
from creditsvc.register.life import OrderState, State
from creditsvc.register.policy import ExitGround, removal_due
from creditsvc.register.starting import Cause
from creditsvc.register.tables import ConsumptionOrder
from creditsvc.storage.outbox import FactType
from creditsvc.storage.subjects import numbers_of
from creditsvc.web.context import caller, ports, services
from creditsvc.web.errors import status_for
from creditsvc.web.pages import render

blueprint = Blueprint("desk", __name__, url_prefix="/desk", template_folder="templates")


@blueprint.get("/")
@open_to(Permission.LISTING_READ)
def home() -> ResponseReturnValue:
    """What waits, most urgent first."""
    today, calendar = legal_day(services().clock.now()), packaged_calendar()
    with services().database.reading() as session:
        waiting = desk_queries.open_decisions(session, caller())
        return render(
            "register/home.html",
            decisions=waiting,
            dues={row.id: removal_due(decisions.draft_of(row).known_on, calendar) for row in waiting},
            terms=desk_queries.ended_terms(session, caller(), on=today, calendar=calendar),
            orderless=desk_queries.without_order(session, caller(), limit=20),
            kinds=KINDS,
            today=today,
            missing_years=calendar.missing_years(today),
        )


@blueprint.get("/listings")
@open_to(Permission.LISTING_READ)
def listings() -> ResponseReturnValue:
    """Entries by name, case number or entry; everything, page by page, without."""
    return _found(text=request.args.get("q", "")[:128], after=request.args.get("after", 0, type=int))


@blueprint.post("/listings")
@open_to(Permission.LISTING_READ)
def listings_by_number() -> ResponseReturnValue:
    """Entries by exact identity number, which never stands in an address."""
    try:
        number = parse_identity(request.form.get("number", ""))
    except InvalidInput as wrong:
        return render(
            "register/listings.html", rows=[], next=None, text="", states=_states(), errors={"number": wrong.text}
        ), 422
    with services().database.reading() as session:
        rows, _ = desk_queries.search(session, services().vault, caller(), number=number)
        return render("register/listings.html", rows=rows, next=None, text="", states=_states(), by_number=True)


def _found(*, text: str, after: int) -> ResponseReturnValue:
    with services().database.reading() as session:
        rows, following = desk_queries.search(
            session, services().vault, caller(), text=text, after=max(0, min(after, 2**62))
        )
        return render("register/listings.html", rows=rows, next=following, text=text, states=_states())


@blueprint.get("/listings/<entry>")
@open_to(Permission.LISTING_READ)
def listing(entry: str) -> ResponseReturnValue:
    """One entry: all that is known, all that happened, who holds it, and what can be decided."""
    return _entry_page(entry, {})


def _entry_page(entry: str, errors: dict[str, Bilingual]) -> str:
    today = legal_day(services().clock.now())
    with services().database.reading() as session:
        about = in_reach(target(session, entry), caller())
        number = numbers_of(session, services().vault, [about.row.subject_id]).get(about.row.subject_id)
        return render(
            "register/entry.html",
            row=about.row,
            is_listing=about.kind == LISTING,
            masked=number.masked if number else "",
            grounds=[Bilingual(ground.zh, ground.en) for ground in about.grounds],
            history=desk_queries.history(session, about.row, caller()),
            holders=ports().holders(session, entry),
            possible=_possible(about),
            extendable=about.until is not None and about.until >= today and about.row.state == State.ACTIVE.value,
            correctable=_correctable(about),
            kinds=KINDS,
            causes={cause.value: cause.label for cause in Cause},
            labels=LABELS,
            states=_states(),
            exits=ExitGround,
            today=today,
            form=request.form or request.args,
            errors=errors,
        )


def _possible(about: Target) -> dict[str, dict[str, Bilingual]]:
    """Kinds of decision that end this entry now, each with its grounds."""
    if about.row.state not in {State.ACTIVE.value, OrderState.ORDERED.value}:
        return {}
    return {
        kind: {ground.value: ground.label for ground in ExitGround if ground in rule.grounds}
        for kind, rule in KINDS.items()
        if about.kind in rule.about and rule.grounds
    }


def _correctable(about: Target) -> dict[str, Any]:
    """Fields of a listing in force that a correction may change, with what stands in them."""
    if about.kind != LISTING or about.row.state != State.ACTIVE.value:
        return {}
    return {name: plain(getattr(about.row, name)) for name in FIELDS}


@blueprint.post("/listings/<entry>/decisions")
@open_to(Permission.DECISION_PROPOSE)
def propose(entry: str) -> ResponseReturnValue:
    """Propose a decision about an entry; a second person approves it."""
    try:
        with services().database.writing() as session:
            draft = draft_of_form(in_reach(target(session, entry), caller()), request.form)
            now = services().clock.now()
            draft = completed(session, services(), draft, now=now)
            made = decisions.propose(session, draft, caller=caller(), now=now)
            number = made.id
    except (InvalidInput, Conflict) as wrong:
        field = str(wrong.details.get("field", ""))
        shown = {"ground": "what", "kind": "what", "changes": "", "clause": ""}.get(field, field)
        return _entry_page(entry, {shown: wrong.text}), status_for(type(wrong))
    return redirect(url_for("desk.decision", decision_id=number), 303)


@blueprint.get("/decisions/<int(min=0,max=9223372036854775807):decision_id>")
@open_to(Permission.LISTING_READ)
def decision(decision_id: int) -> ResponseReturnValue:
    """One decision: exactly what is applied on approval."""
    return _decision_page(decision_id, {})


def _decision_page(decision_id: int, errors: dict[str, Bilingual]) -> str:
    with services().database.reading() as session:
        row = decisions.decision_of(session, decision_id)
        about = in_reach(matter(session, row.entry), caller())
        draft = decisions.draft_of(row)
        named = [one.label for one in KINDS[row.kind].grounds if one.value == draft.ground]
        ground = named[0] if named else Bilingual("—", "-")
        return render(
            "register/decision.html", row=row, about=about.row, draft=draft, ground=ground, kind=KINDS[row.kind],
            changes=[
                (LABELS[name], plain(getattr(about.row, name, None)), told(value))
                for name, value in draft.changes.items() if name in LABELS
            ],
            due=removal_due(draft.known_on, packaged_calendar()), today=legal_day(services().clock.now()),
            order=_order_left(session, about, row.kind),
            own=row.proposer_person == caller().person, may=caller().may(Permission.DECISION_APPROVE),
            too_low=_too_low(session, about, draft), errors=errors,
        )  # fmt: skip


def _order_left(session: Session, about: Matter, kind: str) -> ConsumptionOrder | None:
    if isinstance(about, CandidateTarget) or KINDS[kind].fact is not FactType.REMOVED:
        return None
    return desk_queries.order_beside(session, about.row)


def _too_low(session: Session, about: Matter, draft: decisions.Draft) -> bool:
    today = legal_day(services().clock.now())
    wanted = needs_president(session, about, draft.kind, draft.ground, draft.changes, on=today)
    return wanted and caller().role != StaffRole.PRESIDENT.value


@blueprint.post("/decisions/<int(min=0,max=9223372036854775807):decision_id>")
@open_to(Permission.DECISION_APPROVE)
def settle(decision_id: int) -> ResponseReturnValue:
    """Approve what was shown, or send it back with a reason."""
    try:
        with services().database.writing() as session:
            _settle(session, decision_id, services().clock.now())
    except (Conflict, InvalidInput, NotAllowed) as wrong:
        return _decision_page(decision_id, {str(wrong.details.get("field", "")): wrong.text}), status_for(type(wrong))
    return redirect(url_for("desk.decision", decision_id=decision_id), 303)


def _settle(session: Any, decision_id: int, now: Any) -> None:
    if request.form.get("go") == "approve":
        decisions.approve(session, decision_id, shown_digest=request.form.get("digest", ""), caller=caller(), now=now)
    else:
        decisions.reject(session, decision_id, reason=request.form.get("reason", "")[:2000], caller=caller(), now=now)


def _states() -> dict[str, Bilingual]:
    orders = {
        OrderState.ORDERED.value: Bilingual("生效中", "in force"),
        OrderState.LIFTED.value: Bilingual("已解除", "lifted"),
    }
    return {state.value: state.label for state in State} | orders
