"""The court's desk: what is due, entries, decisions by two people. Identity numbers are only ever posted."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from creditsvc.access.permissions import Permission, open_to
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import Conflict, CreditServiceError, InvalidInput
from creditsvc.kernel.identity import parse_identity
from creditsvc.kernel.load import packaged_calendar
from creditsvc.kernel.text import Bilingual
from creditsvc.register import decisions, desk_queries
from creditsvc.register.effects import KINDS
from creditsvc.register.entries import LISTING, Target, in_reach, target
from creditsvc.register.life import OrderState, State
from creditsvc.register.policy import ExitGround, removal_due
from creditsvc.storage.subjects import numbers_of
from creditsvc.web.context import caller, ports, services
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
            history=desk_queries.history(session, about.row),
            holders=ports().holders(session, entry),
            possible=_possible(about),
            kinds=KINDS,
            states=_states(),
            exits=ExitGround,
            today=today,
            form=request.form,
            errors=errors,
        )


def _possible(about: Target) -> dict[str, dict[str, Bilingual]]:
    """Kinds of decision that this entry can take now, each with its grounds."""
    if about.row.state not in {State.ACTIVE.value, OrderState.ORDERED.value}:
        return {}
    return {
        kind: {ground.value: ground.label for ground in ExitGround if ground in rule.grounds}
        for kind, rule in KINDS.items()
        if rule.about == about.kind and rule.grounds
    }


@blueprint.post("/listings/<entry>/decisions")
@open_to(Permission.DECISION_PROPOSE)
def propose(entry: str) -> ResponseReturnValue:
    """Propose a decision about an entry; a second person approves it."""
    try:
        draft = _draft(entry)
        with services().database.writing() as session:
            made = decisions.propose(session, draft, caller=caller(), now=services().clock.now())
            number = made.id
    except (InvalidInput, Conflict) as wrong:
        return _entry_page(entry, {str(wrong.details.get("field", "")): wrong.text}), 422
    return redirect(url_for("desk.decision", decision_id=number), 303)


def _draft(entry: str) -> decisions.Draft:
    form = request.form
    kind, _, ground = form.get("what", "").partition("/")
    clause = ExitGround(ground).clause if ground in set(ExitGround) else ""
    return decisions.Draft(
        kind=kind,
        entry=entry,
        ground=ground,
        clause=clause or form.get("clause", ""),
        event_on=_day(form.get("event_on", ""), "event_on"),
        known_on=_day(form.get("known_on", ""), "known_on"),
        reason=form.get("reason", "").strip()[:2000],
        document_number=form.get("document_number", "").strip()[:128],
    )


def _day(text: str, field: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInput(
            Bilingual("请填写日期，如 2026-03-01", "give a day, such as 2026-03-01"), code="day-shape", field=field
        ) from None


@blueprint.get("/decisions/<int(min=0,max=9223372036854775807):decision_id>")
@open_to(Permission.LISTING_READ)
def decision(decision_id: int) -> ResponseReturnValue:
    """One decision: exactly what is applied on approval."""
    return _decision_page(decision_id, {})


def _decision_page(decision_id: int, errors: dict[str, Bilingual]) -> str:
    with services().database.reading() as session:
        row = decisions.decision_of(session, decision_id)
        about = in_reach(target(session, row.entry), caller())
        draft = decisions.draft_of(row)
        ground = ExitGround(draft.ground).label if draft.ground in set(ExitGround) else Bilingual("—", "-")
        return render(
            "register/decision.html", row=row, about=about.row, draft=draft, ground=ground, kind=KINDS[row.kind],
            due=removal_due(draft.known_on, packaged_calendar()), own=row.proposer_person == caller().person,
            may=caller().may(Permission.DECISION_APPROVE), errors=errors,
        )  # fmt: skip


@blueprint.post("/decisions/<int(min=0,max=9223372036854775807):decision_id>")
@open_to(Permission.DECISION_APPROVE)
def settle(decision_id: int) -> ResponseReturnValue:
    """Approve what was shown, or send it back with a reason."""
    try:
        with services().database.writing() as session:
            _settle(session, decision_id, services().clock.now())
    except CreditServiceError as wrong:
        return _decision_page(decision_id, {str(wrong.details.get("field", "")): wrong.text}), 409
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
