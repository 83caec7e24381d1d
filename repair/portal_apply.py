"""Applying in three screens, and following what was sent: choose, explain and prove, check and send."""

from __future__ import annotations

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from creditsvc.access.permissions import Permission, open_to
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import CreditServiceError, InvalidInput
from creditsvc.kernel.load import packaged_calendar
from creditsvc.kernel.text import Bilingual
from creditsvc.web.context import caller, ports, services
from creditsvc.web.pages import render
from repair import applications as use
from repair.entries import own_entries, own_entry
from repair.evidence import add_paper, drop_paper, open_paper, papers_of
from repair.paper_answer import paper_answer
from repair.policy.deadlines import clock
from repair.policy.kinds import GROUND_MATERIALS, GROUND_NAMES, MATERIAL_NAMES, RemovalGround
from repair.policy.states import EDITABLE, State, Step
from repair.portal_forms import text, uploads
from repair.portal_view import USUAL, choice_of, holders_of, order_state, status_of

blueprint = Blueprint("portal_apply", __name__, url_prefix="/portal", template_folder="templates")


@blueprint.get("/apply")
@open_to(Permission.APPLICATION_OWN)
def choose() -> ResponseReturnValue:
    """Screen 1: the entry and the ground; ways that are closed say why."""
    return _choose_page({})


@blueprint.post("/apply")
@open_to(Permission.APPLICATION_OWN)
def chosen() -> ResponseReturnValue:
    """Begin, or carry on, the draft for this entry and ground."""
    entry, _, ground = request.form.get("choice", "").partition("|")
    if not entry or ground not in set(RemovalGround):
        return _choose_page({"choice": Bilingual("请选择一条记录和理由", "choose an entry and a reason")}), 422
    with services().database.writing() as session:
        draft = use.start_draft(
            session, caller=caller(), entry=entry, ground=RemovalGround(ground), now=services().clock.now()
        )
        target = url_for("portal_apply.explain", application_id=draft.id)
    return redirect(target, 303)


def _choose_page(errors: dict[str, Bilingual]) -> str:
    today = legal_day(services().clock.now())
    with services().database.reading() as session:
        entries = own_entries(session, caller().subject_id or "", on=today)
        mine = use.own_applications(session, caller=caller())
        choices = [choice_of(view, mine, on=today) for view in entries if view.in_force and view.kind == "listing"]
    return render(
        "repair/apply_choose.html", choices=choices, errors=errors, wanted=request.args.get("entry", ""), usual=USUAL
    )


@blueprint.get("/applications/<application_id>/explain")
@open_to(Permission.APPLICATION_OWN)
def explain(application_id: str) -> ResponseReturnValue:
    """Screen 2: a statement and papers."""
    return _explain_page(application_id, {})


@blueprint.post("/applications/<application_id>/explain")
@open_to(Permission.APPLICATION_OWN)
def explained(application_id: str) -> ResponseReturnValue:
    """Keep the statement and each paper that is good; what is wrong is said, and nothing else is lost."""
    errors = _keep(application_id)
    with services().database.reading() as session:
        mine = use.own_application(session, application_id, caller=caller())
        if request.form.get("go") == "check" and not errors:
            errors = use.faults_of(session, services(), mine)
    if errors:
        return _explain_page(application_id, errors), 422
    target = "portal_apply.check" if request.form.get("go") == "check" else "portal_apply.explain"
    return redirect(url_for(target, application_id=application_id), 303)


def _keep(application_id: str) -> dict[str, Bilingual]:
    """Each piece in a transaction of its own: one bad file doesn't take the statement with it."""
    errors: dict[str, Bilingual] = {}
    now = services().clock.now()
    with services().database.writing() as session:
        mine = use.own_application(session, application_id, caller=caller(), to_change=True)
        use.require_editable(mine)
        try:
            use.save_statement(session, services(), mine, text("statement", use.MAX_STATEMENT))
        except InvalidInput as refused:
            errors["statement"] = refused.text
    for upload in uploads("papers"):
        try:
            with services().database.writing() as session:
                mine = use.own_application(session, application_id, caller=caller(), to_change=True)
                add_paper(session, services(), mine, name=upload.name, content=upload.content, now=now)
        except CreditServiceError as refused:
            errors["papers"] = refused.text
    return errors


def _explain_page(application_id: str, errors: dict[str, Bilingual]) -> str:
    with services().database.reading() as session:
        mine = use.own_application(session, application_id, caller=caller())
        use.require_editable(mine)
        ground = RemovalGround(mine.ground)
        return render(
            "repair/apply_explain.html",
            application=mine,
            view=own_entry(session, mine.subject_id, mine.entry, on=legal_day(services().clock.now())),
            ground_name=GROUND_NAMES[ground],
            statement=use.statement_of(services(), mine),
            papers=papers_of(session, services(), mine),
            wanted=[MATERIAL_NAMES[item] for item in GROUND_MATERIALS[ground]],
            returned=use.last_note(session, mine, Step.RETURN) if mine.state == State.RETURNED else "",
            errors=errors,
        )


@blueprint.post("/applications/<application_id>/papers/<paper>/drop")
@open_to(Permission.APPLICATION_OWN)
def drop(application_id: str, paper: str) -> ResponseReturnValue:
    """Take one paper out of a draft."""
    with services().database.writing() as session:
        mine = use.own_application(session, application_id, caller=caller(), to_change=True)
        use.require_editable(mine)
        drop_paper(session, mine, paper, now=services().clock.now())
    return redirect(url_for("portal_apply.explain", application_id=application_id), 303)


@blueprint.get("/applications/<application_id>/papers/<paper>")
@open_to(Permission.APPLICATION_OWN)
def own_paper(application_id: str, paper: str) -> Response:
    """One's own paper, to keep or to look at."""
    with services().database.reading() as session:
        mine = use.own_application(session, application_id, caller=caller())
        return paper_answer(*open_paper(session, services(), mine, paper))


@blueprint.get("/applications/<application_id>/check")
@open_to(Permission.APPLICATION_OWN)
def check(application_id: str) -> ResponseReturnValue:
    """Screen 3: look it over and send."""
    with services().database.reading() as session:
        mine = use.own_application(session, application_id, caller=caller())
        if State(mine.state) not in EDITABLE:
            return redirect(url_for("portal_apply.status", application_id=application_id))
        if use.faults_of(session, services(), mine):
            return redirect(url_for("portal_apply.explain", application_id=application_id))
        return _check_page(mine.id)


def _check_page(application_id: str) -> str:
    today = legal_day(services().clock.now())
    with services().database.reading() as session:
        mine = use.own_application(session, application_id, caller=caller())
        return render(
            "repair/apply_check.html",
            application=mine,
            view=own_entry(session, mine.subject_id, mine.entry, on=today),
            ground_name=GROUND_NAMES[RemovalGround(mine.ground)],
            statement=use.statement_of(services(), mine),
            papers=papers_of(session, services(), mine),
            due=clock("decide").due(today, packaged_calendar()),
            due_clause=clock("decide").clause,
        )


@blueprint.post("/applications/<application_id>/send")
@open_to(Permission.APPLICATION_OWN)
def send(application_id: str) -> ResponseReturnValue:
    """Send it to the court. Sending twice shows the one that was sent."""
    with services().database.writing() as session:
        mine = use.own_application(session, application_id, caller=caller(), to_change=True)
        if State(mine.state) in EDITABLE:
            use.submit(
                session, services(), mine, caller=caller(), calendar=packaged_calendar(), now=services().clock.now()
            )
    return redirect(url_for("portal_apply.status", application_id=application_id, sent=1), 303)


@blueprint.get("/applications/<application_id>")
@open_to(Permission.APPLICATION_OWN)
def status(application_id: str) -> ResponseReturnValue:
    """Where it stands, what comes next and by what day."""
    return render("repair/status.html", **_status(application_id), sent=request.args.get("sent") == "1")


@blueprint.get("/applications/<application_id>/receipt")
@open_to(Permission.APPLICATION_OWN)
def receipt(application_id: str) -> Response:
    """The receipt as one page to keep or print."""
    page = render("repair/receipt.html", **_status(application_id))
    return Response(
        page,
        mimetype="text/html",
        headers={"Content-Disposition": f'attachment; filename="receipt-{application_id}.html"'},
    )


def _status(application_id: str) -> dict[str, object]:
    today = legal_day(services().clock.now())
    with services().database.reading() as session:
        mine = use.own_application(session, application_id, caller=caller())
        view = own_entry(session, mine.subject_id, mine.entry, on=today)
        return {
            "application": mine,
            "view": view,
            "ground_name": GROUND_NAMES[RemovalGround(mine.ground)],
            "outcome": mine.proposal if mine.decided_at else None,
            "order_state": order_state(session, mine, view, on=today),
            "status": status_of(session, mine, today, packaged_calendar()),
            "papers": papers_of(session, services(), mine),
            "holders": holders_of(session, ports(), mine.entry) if mine.state == State.GRANTED else (),
        }


@blueprint.post("/applications/<application_id>/withdraw")
@open_to(Permission.APPLICATION_OWN)
def withdraw(application_id: str) -> ResponseReturnValue:
    """Take it back."""
    with services().database.writing() as session:
        mine = use.own_application(session, application_id, caller=caller(), to_change=True)
        use.withdraw(session, mine, caller=caller(), now=services().clock.now())
        target = (
            url_for("portal.home")
            if mine.state == State.DISCARDED
            else url_for("portal_apply.status", application_id=application_id)
        )
    return redirect(target, 303)
