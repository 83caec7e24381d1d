"""Applying in three screens, and following what was sent: choose, explain and prove, check and send."""

from __future__ import annotations

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from creditsvc.access.permissions import Permission, open_to
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import CreditServiceError, InvalidInput
from creditsvc.kernel.load import courts
from creditsvc.kernel.text import Bilingual
from creditsvc.storage.calendars import calendar as current_calendar
from creditsvc.web.context import caller, ports, services
from creditsvc.web.pages import render
from repair import applications as use
from repair import sessions
from repair.breaches import answer_charge, may_answer
from repair.decision_letters import decision_letter
from repair.entries import own_entries, own_entry
from repair.evidence import add_paper, drop_paper, open_paper, papers_of
from repair.facts import court_above, refusal_facts
from repair.paper_answer import letter_answer, paper_answer
from repair.policy.deadlines import clock
from repair.policy.grounds import RECONSIDERATIONS, ground_of
from repair.policy.kinds import DECIDER_NAMES, KINDS, ApplicationKind
from repair.policy.materials import MATERIAL_NAMES
from repair.policy.promises import CONTENT, KINDS_OF_PROMISER, LIABILITY, PUBLICITY
from repair.policy.questions import QUESTIONS
from repair.policy.reconsideration import RECONSIDERED, judge_again
from repair.policy.states import EDITABLE, State, Step
from repair.policy.wanted import CORRECTABLE, FIELDS, OBJECTED_TO, UNDERTAKING
from repair.portal_account import hold_to_mandate
from repair.portal_forms import text, uploads
from repair.portal_view import clock_of, ground_name, holders_of, order_state, self_check, status_of, wanted_rows
from repair.promises import STATES, promise_of
from repair.reliance import OUTCOMES, notices_about
from repair.words import STATEMENT_HINTS

blueprint = Blueprint("portal_apply", __name__, url_prefix="/portal", template_folder="templates")
blueprint.before_request(hold_to_mandate)


@blueprint.get("/apply")
@open_to(Permission.APPLICATION_OWN)
def choose() -> ResponseReturnValue:
    """Screen 1: the entry and the ground; ways that are closed say why."""
    return _choose_page({})


@blueprint.post("/apply")
@open_to(Permission.APPLICATION_OWN)
def chosen() -> ResponseReturnValue:
    """Begin, or carry on, the draft for this entry and ground."""
    entry, _, wanted = request.form.get("choice", "").partition("|")
    kind, _, ground = wanted.partition("/")
    if not entry or kind not in set(ApplicationKind):
        return _choose_page({"choice": Bilingual("请选择一条记录和理由", "choose an entry and a reason")}), 422
    with services().database.writing() as session:
        draft = use.start_draft(
            session,
            services(),
            caller=caller(),
            entry=entry,
            kind=ApplicationKind(kind),
            ground=ground,
            about=entry,
            now=services().clock.now(),
        )
        draft.opened_by = sessions.opened_by(session, caller())
        target = url_for("portal_apply.explain", application_id=draft.id)
    return redirect(target, 303)


def _choose_page(errors: dict[str, Bilingual]) -> str:
    """One entry at a time, so that the page stays small and the question plain."""
    today = legal_day(services().clock.now())
    with services().database.reading() as session:
        entries = [view for view in own_entries(session, caller().subject_id or "", on=today) if view.in_force]
        wanted = request.args.get("entry") or request.form.get("choice", "").partition("|")[0]
        chosen_view = next(
            (view for view in entries if view.entry == wanted), entries[0] if len(entries) == 1 else None
        )
        claims = {code: request.args[code] for code in QUESTIONS if code in request.args}
        found = self_check(session, services(), chosen_view, on=today, claims=claims) if chosen_view else None
        open_now = {
            item.kind: item
            for item in use.own_applications(session, caller=caller())
            if chosen_view and item.entry == chosen_view.entry and item.is_open
        }
    return render(
        "repair/apply_choose.html",
        entries=entries,
        view=chosen_view,
        check=found,
        kinds=KINDS,
        first=request.args.get("kind", ""),
        open_now=open_now,
        claims=claims,
        errors=errors,
    )


@blueprint.get("/applications/<application_id>/again")
@open_to(Permission.APPLICATION_OWN)
def again(application_id: str) -> ResponseReturnValue:
    """Reconsideration of a refusal: until when, by whom, and the two ways to ask."""
    today = legal_day(services().clock.now())
    with services().database.reading() as session:
        refused = use.own_application(session, application_id, caller=caller())
        facts = refusal_facts(session, refused)
        rows = [(code, rule, judge_again(facts, code, on=today)) for code, rule in RECONSIDERATIONS.items()]
        above = courts().by_code(court_above(refused.court_code))
    return render("repair/again.html", refused=refused, rows=rows, facts=facts, court=above, outcome=refused.proposal)


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
            errors = use.faults_of(session, services(), mine, on=legal_day(services().clock.now()))
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
            use.save_wanted(mine, request.form, e_service=request.form.get("e_service") == "1")
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
        rule, kind = ground_of(mine.kind, mine.ground), ApplicationKind(mine.kind)
        return render(
            "repair/apply_explain.html",
            application=mine,
            view=own_entry(session, mine.subject_id, mine.entry, on=legal_day(services().clock.now())),
            ground_name=ground_name(mine),
            fields=FIELDS.get(kind, ()),
            typed={**(mine.wanted or {}), **request.form.to_dict()},
            correctable=CORRECTABLE,
            undertaking=UNDERTAKING,
            objected_to=OBJECTED_TO,
            promise=CONTENT,
            liability=LIABILITY,
            promisers=KINDS_OF_PROMISER,
            publicity=PUBLICITY,
            statement_hint=STATEMENT_HINTS.get(kind, STATEMENT_HINTS[ApplicationKind.REMOVAL]),
            statement=use.statement_of(services(), mine),
            papers=papers_of(session, services(), mine),
            wanted=[MATERIAL_NAMES[item] for item in rule.materials],
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
        if use.faults_of(session, services(), mine, on=legal_day(services().clock.now())):
            return redirect(url_for("portal_apply.explain", application_id=application_id))
        return _check_page(mine.id)


def _check_page(application_id: str) -> str:
    today = legal_day(services().clock.now())
    with services().database.reading() as session:
        mine = use.own_application(session, application_id, caller=caller())
        kind, rule = KINDS[ApplicationKind(mine.kind)], clock_of(mine) or clock("decide")
        return render(
            "repair/apply_check.html",
            application=mine,
            view=own_entry(session, mine.subject_id, mine.entry, on=today),
            ground_name=ground_name(mine),
            statement=use.statement_of(services(), mine),
            wanted=wanted_rows(mine),
            papers=papers_of(session, services(), mine),
            due=rule.due(today, current_calendar(session)),
            due_clause=rule.clause,
            is_target=rule.is_target,
            decider=DECIDER_NAMES[kind.decider],
            court=courts().by_code(mine.court_code),
        )


@blueprint.post("/applications/<application_id>/send")
@open_to(Permission.APPLICATION_OWN)
def send(application_id: str) -> ResponseReturnValue:
    """Send it to the court. Sending twice shows the one that was sent."""
    with services().database.writing() as session:
        mine = use.own_application(session, application_id, caller=caller(), to_change=True)
        if State(mine.state) in EDITABLE:
            use.submit(
                session,
                services(),
                mine,
                caller=caller(),
                calendar=current_calendar(session),
                now=services().clock.now(),
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
            "kind": KINDS[ApplicationKind(mine.kind)],
            "ground_name": ground_name(mine),
            "wanted": wanted_rows(mine),
            "outcome": mine.proposal if mine.decided_at else None,
            "order_state": order_state(session, mine, view, on=today),
            "court": courts().by_code(mine.court_code),
            "may_go_up": mine.state == State.REFUSED and ApplicationKind(mine.kind) in RECONSIDERED,
            "promise": promise_of(session, mine),
            "promise_states": STATES,
            "may_answer": may_answer(mine),
            "statement": use.statement_of(services(), mine),
            "followed_by": use.followed_by(session, mine),
            "status": status_of(session, mine, today, current_calendar(session)),
            "papers": papers_of(session, services(), mine),
            "holders": holders_of(session, ports(), mine.entry)
            if mine.state == State.GRANTED and not view.in_force
            else (),
            "relying": notices_about(session, mine.subject_id) if mine.state == State.GRANTED else (),
            "relying_outcomes": OUTCOMES,
        }


@blueprint.post("/applications/<application_id>/letter")
@open_to(Permission.APPLICATION_OWN)
def letter(application_id: str) -> Response:
    """The decision as a signed letter."""
    with services().database.writing() as session:
        mine = use.own_application(session, application_id, caller=caller())
        pdf = decision_letter(session, services(), mine, caller=caller(), now=services().clock.now())
    return letter_answer(pdf, application_id)


@blueprint.post("/applications/<application_id>/answer")
@open_to(Permission.APPLICATION_OWN)
def answer(application_id: str) -> ResponseReturnValue:
    """The person's answer in a case that the court has opened, once."""
    try:
        with services().database.writing() as session:
            mine = use.own_application(session, application_id, caller=caller(), to_change=True)
            words = text("statement", use.MAX_STATEMENT)
            answer_charge(session, services(), mine, words, caller=caller(), now=services().clock.now())
    except InvalidInput as refused:
        page = _status(application_id)
        return render("repair/status.html", **page, sent=False, errors={"statement": refused.text}), 422
    return redirect(url_for("portal_apply.status", application_id=application_id), 303)


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
