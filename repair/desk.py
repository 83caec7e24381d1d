"""The court's pages on applications: the queue by due day, one application in full, proposals and signatures."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from creditsvc.access.audit import record
from creditsvc.access.permissions import Permission, open_to
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import InvalidInput
from creditsvc.kernel.load import courts
from creditsvc.kernel.text import Bilingual
from creditsvc.storage.calendars import calendar as current_calendar
from creditsvc.web.context import caller, services
from creditsvc.web.pages import render
from repair import creditors
from repair import desk_work as work
from repair import queue as work_queue
from repair.after_decision import note_service
from repair.decision_letters import decision_letter
from repair.desk_view import case_page, queue_page
from repair.evidence import open_paper
from repair.history import load
from repair.lateness import HOLDERS, figures
from repair.outcomes import Finding
from repair.paper_answer import letter_answer, paper_answer
from repair.policy.kinds import KINDS, ApplicationKind
from repair.policy.states import State
from repair.policy.wanted import day_of
from repair.portal_forms import text
from repair.rendering import DRAWN, page_picture, pages_of
from repair.tables import Application

blueprint = Blueprint("applications_desk", __name__, url_prefix="/desk/applications", template_folder="templates")


@blueprint.get("/")
@open_to(Permission.APPLICATION_WORK)
def queue() -> ResponseReturnValue:
    """What is due, first on top."""
    chosen = request.args.get("show", "open")
    today = legal_day(services().clock.now())
    state = State(chosen) if chosen in set(State) else None
    kind = request.args.get("kind", "")
    start = request.args.get("from", 0, type=int)
    with services().database.reading() as session:
        found = work_queue.queue(
            session,
            caller=caller(),
            state=state,
            kind=kind if kind in set(ApplicationKind) else "",
            late_on=today if chosen == "late" else None,
            limit=work_queue.PAGE + 1,
            offset=max(0, start),
        )
        totals = work_queue.counts(session, caller=caller(), today=today)
        shown = queue_page(found[: work_queue.PAGE], totals, today, current_calendar(session))
    following = start + work_queue.PAGE if len(found) > work_queue.PAGE else None
    return render(
        "repair/desk_queue.html", chosen=chosen, kind=kind, kinds=KINDS, start=start, following=following, **shown
    )


@blueprint.get("/figures")
@open_to(Permission.APPLICATION_WORK, Permission.OVERSIGHT_READ)
def lateness_page() -> ResponseReturnValue:
    """How long it takes and in whose hands it lay: by default what was received in the last ninety days."""
    today = legal_day(services().clock.now())
    first = day_of(request.args.get("first")) or date.fromordinal(today.toordinal() - 90)
    last = day_of(request.args.get("last")) or today
    with services().database.reading() as session:
        found = figures(session, caller=caller(), first=first, last=last, today=today)
    rows = [(courts().by_code(code), code, received, late) for code, received, late in found.courts]
    return render("repair/desk_figures.html", figures=found, rows=rows, holders=HOLDERS, first=first, last=last)


@blueprint.get("/<application_id>")
@open_to(Permission.APPLICATION_WORK)
def case(application_id: str) -> ResponseReturnValue:
    """One application: facts, papers, the policy's view, the deadline's working, and what can be done now."""
    return _case_page(application_id, {})


def _case_page(application_id: str, errors: dict[str, Bilingual]) -> str:
    today = legal_day(services().clock.now())
    with services().database.reading() as session:
        found = work.in_court(load(session, application_id, to_change=False), caller())
        shown = case_page(session, services(), found, caller=caller(), on=today, calendar=current_calendar(session))
        return render("repair/desk_case.html", errors=errors, form=request.form, today=today, **shown)


@blueprint.get("/<application_id>/papers/<paper>")
@open_to(Permission.APPLICATION_WORK)
def paper(application_id: str, paper: str) -> ResponseReturnValue:
    """One paper as pages drawn anew; who opened it is on record. What can't be drawn (OFD) is a plain download."""
    with services().database.writing() as session:
        found = work.in_court(load(session, application_id, to_change=False), caller())
        shown, content = open_paper(session, services(), found, paper)
        now = services().clock.now()
        record(
            session, action="evidence.read", caller=caller(), object=application_id, at=now, details={"paper": paper}
        )
    if shown.media_type not in DRAWN:
        return paper_answer(shown, content)
    pages = pages_of(shown.media_type, content)
    return render("repair/desk_paper.html", application_id=application_id, paper=shown, pages=pages)


@blueprint.get("/<application_id>/papers/<paper>/pages/<int(min=0,max=299):number>")
@open_to(Permission.APPLICATION_WORK)
def paper_page(application_id: str, paper: str, number: int) -> Response:
    """One page as a picture."""
    with services().database.reading() as session:
        found = work.in_court(load(session, application_id, to_change=False), caller())
        shown, content = open_paper(session, services(), found, paper)
    picture = page_picture(shown.media_type, content, number, turned=shown.turned)
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    return Response(picture, mimetype="image/jpeg", headers=headers)


def _act(application_id: str, do: Callable[[Session, Application, datetime], None]) -> ResponseReturnValue:
    """One step with an application of the caller's court, in a transaction of its own; what lacks comes back by its field."""
    try:
        with services().database.writing() as session:
            do(session, work.locked(session, application_id, caller=caller()), services().clock.now())
    except InvalidInput as refused:
        return _refused(application_id, refused)
    return _back(application_id)


@blueprint.post("/<application_id>/take")
@open_to(Permission.APPLICATION_WORK)
def take(application_id: str) -> ResponseReturnValue:
    """Take it up."""
    return _act(application_id, lambda session, found, now: work.take(session, found, caller=caller(), now=now))


@blueprint.post("/<application_id>/return")
@open_to(Permission.APPLICATION_WORK)
def give_back(application_id: str) -> ResponseReturnValue:
    """Return it to be completed."""

    def act(session: Session, found: Application, now: datetime) -> None:
        lacking = text("lacking", work.MAX_REASON)
        work.give_back(session, services(), found, lacking=lacking, caller=caller(), now=now)

    return _act(application_id, act)


@blueprint.post("/<application_id>/grant")
@open_to(Permission.DECISION_PROPOSE)
def grant(application_id: str) -> ResponseReturnValue:
    """Propose to grant."""

    def act(session: Session, found: Application, now: datetime) -> None:
        successor = text("successor", work.MAX_REASON)
        work.propose_grant(session, services(), found, _finding(), caller=caller(), now=now, successor=successor)

    return _act(application_id, act)


def _finding() -> Finding:
    """What the clerk typed; raises ``InvalidInput`` naming the day that is lacking."""
    return Finding(
        document_number=text("document_number", 120),
        event_on=_day("event_on", Bilingual("请填写履行日期", "give the day of performance")),
        confirmed_on=_day("confirmed_on", Bilingual("请填写法院确认日期", "give the day of confirmation")),
        reason=text("reason", work.MAX_REASON),
        lift_order=request.form.get("lift_order") == "1",
        changes=_changes(),
        from_day=day_of(request.form.get("from_day")),
        to_day=day_of(request.form.get("to_day")),
        measures=tuple(request.form.getlist("measures")),
        found=request.form.get("found", ""),
        removal_ground=request.form.get("removal_ground", ""),
    )


@blueprint.post("/<application_id>/refuse")
@open_to(Permission.DECISION_PROPOSE)
def refuse(application_id: str) -> ResponseReturnValue:
    """Propose to refuse."""
    refusal = work.Refusal(
        document_number=text("refusal_number", 120),
        reason=text("refusal_reason", work.MAX_REASON),
        clause=text("clause", 200),
        remedy=text("remedy", work.MAX_REASON),
    )
    return _act(
        application_id,
        lambda session, found, now: work.propose_refusal(session, found, refusal, caller=caller(), now=now),
    )


@blueprint.post("/<application_id>/approve")
@open_to(Permission.DECISION_APPROVE)
def approve(application_id: str) -> ResponseReturnValue:
    """The second signature."""

    def act(session: Session, found: Application, now: datetime) -> None:
        digest, with_order = request.form.get("digest", ""), request.form.get("with_order") == "1"
        work.approve(session, services(), found, digest=digest, with_order=with_order, caller=caller(), now=now)

    return _act(application_id, act)


@blueprint.post("/<application_id>/send-back")
@open_to(Permission.DECISION_APPROVE)
def send_back(application_id: str) -> ResponseReturnValue:
    """The second person disagrees."""
    reason = text("back_reason", work.MAX_REASON)
    return _act(
        application_id,
        lambda session, found, now: work.send_back(session, found, reason=reason, caller=caller(), now=now),
    )


@blueprint.post("/<application_id>/pause")
@open_to(Permission.APPLICATION_WORK)
def pause(application_id: str) -> ResponseReturnValue:
    """Stop the clock, or let it run on."""

    def act(session: Session, found: Application, now: datetime) -> None:
        if found.state == State.PAUSED:
            work.resume(session, found, calendar=current_calendar(session), caller=caller(), now=now)
        else:
            work.pause(session, found, reason=text("pause_reason", 64), caller=caller(), now=now)

    return _act(application_id, act)


@blueprint.post("/<application_id>/served")
@open_to(Permission.APPLICATION_WORK)
def served(application_id: str) -> ResponseReturnValue:
    """When and how the decision was served."""

    def act(session: Session, found: Application, now: datetime) -> None:
        on = _day("served_on", Bilingual("请填写送达日期", "give the day of service"))
        note_service(session, found, mode=text("mode", 32), served_on=on, caller=caller(), now=now)

    return _act(application_id, act)


@blueprint.post("/<application_id>/letter")
@open_to(Permission.APPLICATION_WORK)
def letter(application_id: str) -> Response:
    """The decision as a signed letter, to print and serve."""
    with services().database.writing() as session:
        found = work.in_court(load(session, application_id, to_change=False), caller())
        pdf = decision_letter(session, services(), found, caller=caller(), now=services().clock.now())
    return letter_answer(pdf, application_id)


@blueprint.post("/<application_id>/ask-creditor")
@open_to(Permission.APPLICATION_WORK)
def ask_creditor(application_id: str) -> ResponseReturnValue:
    """A link with one question for the creditor, shown once."""
    now = services().clock.now()
    try:
        with services().database.writing() as session:
            found = work.locked(session, application_id, caller=caller())
            token = creditors.ask(
                session,
                services(),
                found,
                name=text("creditor_name", 128),
                holder=text("creditor_number", 64),
                address=text("creditor_address", 256),
                calendar=current_calendar(session),
                caller=caller(),
                now=now,
            )
            number = found.number
    except InvalidInput as refused:
        return _refused(application_id, refused)
    link = creditors.link_of(services(), token)
    sent = bool(text("creditor_address", 256))
    return render("repair/desk_creditor_link.html", application_id=application_id, number=number, link=link, sent=sent)


def _changes() -> dict[str, object]:
    """The field to correct and its new value; a number for the age, nothing where nothing was chosen."""
    name, value = request.form.get("change_field", ""), text("change_value", 20_000)
    if not name:
        return {}
    return {name: int(value) if name == "age" and value.isdigit() else value}


def _back(application_id: str) -> ResponseReturnValue:
    return redirect(url_for("applications_desk.case", application_id=application_id), 303)


def _refused(application_id: str, refused: InvalidInput) -> ResponseReturnValue:
    return _case_page(application_id, {str(refused.details.get("field", "form")): refused.text}), 422


def _day(field: str, wanted: Bilingual) -> date:
    try:
        return date.fromisoformat(request.form.get(field, ""))
    except ValueError:
        raise InvalidInput(wanted, code="field-missing", field=field) from None
