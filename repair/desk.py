"""The court's pages on applications: the queue by due day, one application in full, proposals and signatures."""

from __future__ import annotations

from datetime import date

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from creditsvc.access.permissions import Permission, open_to
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import InvalidInput
from creditsvc.kernel.load import packaged_calendar
from creditsvc.kernel.text import Bilingual
from creditsvc.web.context import caller, services
from creditsvc.web.pages import render
from repair import desk_work as work
from repair.desk_view import case_page, queue_page
from repair.evidence import open_paper
from repair.history import load
from repair.paper_answer import paper_answer
from repair.policy.states import State
from repair.portal_forms import text

blueprint = Blueprint("applications_desk", __name__, url_prefix="/desk/applications", template_folder="templates")


@blueprint.get("/")
@open_to(Permission.APPLICATION_WORK)
def queue() -> ResponseReturnValue:
    """What is due, first on top."""
    chosen = request.args.get("show", "open")
    today = legal_day(services().clock.now())
    state = State(chosen) if chosen in set(State) else None
    with services().database.reading() as session:
        found = work.queue(session, caller=caller(), state=state, late_on=today if chosen == "late" else None)
        return render("repair/desk_queue.html", chosen=chosen, **queue_page(found, today, packaged_calendar()))


@blueprint.get("/<application_id>")
@open_to(Permission.APPLICATION_WORK)
def case(application_id: str) -> ResponseReturnValue:
    """One application: facts, papers, the policy's view, the deadline's working, and what can be done now."""
    return _case_page(application_id, {})


def _case_page(application_id: str, errors: dict[str, Bilingual]) -> str:
    today = legal_day(services().clock.now())
    with services().database.reading() as session:
        found = work.in_court(load(session, application_id, to_change=False), caller())
        shown = case_page(session, services(), found, caller=caller(), on=today, calendar=packaged_calendar())
        return render("repair/desk_case.html", errors=errors, form=request.form, today=today, **shown)


@blueprint.get("/<application_id>/papers/<paper>")
@open_to(Permission.APPLICATION_WORK)
def paper(application_id: str, paper: str) -> Response:
    """One paper as a download."""
    with services().database.reading() as session:
        found = work.in_court(load(session, application_id, to_change=False), caller())
        return paper_answer(*open_paper(session, services(), found, paper))


@blueprint.post("/<application_id>/take")
@open_to(Permission.APPLICATION_WORK)
def take(application_id: str) -> ResponseReturnValue:
    """Take it up."""
    with services().database.writing() as session:
        found = work.locked(session, application_id, caller=caller())
        work.take(session, found, caller=caller(), now=services().clock.now())
    return _back(application_id)


@blueprint.post("/<application_id>/return")
@open_to(Permission.APPLICATION_WORK)
def give_back(application_id: str) -> ResponseReturnValue:
    """Return it to be completed."""
    try:
        with services().database.writing() as session:
            found = work.locked(session, application_id, caller=caller())
            lacking = text("lacking", work.MAX_REASON)
            work.give_back(session, found, lacking=lacking, caller=caller(), now=services().clock.now())
    except InvalidInput as refused:
        return _refused(application_id, refused)
    return _back(application_id)


@blueprint.post("/<application_id>/grant")
@open_to(Permission.DECISION_PROPOSE)
def grant(application_id: str) -> ResponseReturnValue:
    """Propose to grant."""
    try:
        finding = work.Finding(
            document_number=text("document_number", 120),
            event_on=_day("event_on", Bilingual("请填写履行日期", "give the day of performance")),
            confirmed_on=_day("confirmed_on", Bilingual("请填写法院确认日期", "give the day of confirmation")),
            reason=text("reason", work.MAX_REASON),
            lift_order=request.form.get("lift_order") == "1",
        )
        with services().database.writing() as session:
            found = work.locked(session, application_id, caller=caller())
            work.propose_grant(session, found, finding, caller=caller(), now=services().clock.now())
    except InvalidInput as refused:
        return _refused(application_id, refused)
    return _back(application_id)


@blueprint.post("/<application_id>/refuse")
@open_to(Permission.DECISION_PROPOSE)
def refuse(application_id: str) -> ResponseReturnValue:
    """Propose to refuse."""
    try:
        refusal = work.Refusal(
            document_number=text("refusal_number", 120),
            reason=text("refusal_reason", work.MAX_REASON),
            clause=text("clause", 200),
            remedy=text("remedy", work.MAX_REASON),
        )
        with services().database.writing() as session:
            found = work.locked(session, application_id, caller=caller())
            work.propose_refusal(session, found, refusal, caller=caller(), now=services().clock.now())
    except InvalidInput as refused:
        return _refused(application_id, refused)
    return _back(application_id)


@blueprint.post("/<application_id>/approve")
@open_to(Permission.DECISION_APPROVE)
def approve(application_id: str) -> ResponseReturnValue:
    """The second signature."""
    with services().database.writing() as session:
        found = work.locked(session, application_id, caller=caller())
        work.approve(
            session,
            found,
            digest=request.form.get("digest", ""),
            with_order=request.form.get("with_order") == "1",
            caller=caller(),
            now=services().clock.now(),
        )
    return _back(application_id)


@blueprint.post("/<application_id>/send-back")
@open_to(Permission.DECISION_APPROVE)
def send_back(application_id: str) -> ResponseReturnValue:
    """The second person disagrees."""
    try:
        with services().database.writing() as session:
            found = work.locked(session, application_id, caller=caller())
            reason = text("back_reason", work.MAX_REASON)
            work.send_back(session, found, reason=reason, caller=caller(), now=services().clock.now())
    except InvalidInput as refused:
        return _refused(application_id, refused)
    return _back(application_id)


def _back(application_id: str) -> ResponseReturnValue:
    return redirect(url_for("applications_desk.case", application_id=application_id), 303)


def _refused(application_id: str, refused: InvalidInput) -> ResponseReturnValue:
    return _case_page(application_id, {str(refused.details.get("field", "form")): refused.text}), 422


def _day(field: str, wanted: Bilingual) -> date:
    try:
        return date.fromisoformat(request.form.get(field, ""))
    except ValueError:
        raise InvalidInput(wanted, code="field-missing", field=field) from None
