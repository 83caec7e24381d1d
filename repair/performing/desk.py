"""The court's pages of the positive path: notices, performances to verify, certificates, the incentive list."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from creditsvc.access.permissions import Permission, open_to
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import Conflict, InvalidInput
from creditsvc.kernel.identity import parse_identity
from creditsvc.kernel.load import courts
from creditsvc.kernel.text import Bilingual
from creditsvc.papers.issuing import copy_of, paper_of
from creditsvc.web.context import caller, services
from creditsvc.web.pages import render
from repair.letters import issue_code_for
from repair.performing import incentive_list as places
from repair.performing import work
from repair.performing.desk_view import TABS, queue_rows, record_page
from repair.performing.records import check_version, in_court, load, missing, opened
from repair.performing.tables import PerformanceRecord
from repair.policy.alphabet import printed
from repair.policy.performing import Source
from repair.portal_forms import text

blueprint = Blueprint("performing_desk", __name__, url_prefix="/desk/performances", template_folder="../templates")

COMPELLED = {"no": False, "yes": True, "unknown": None}


@blueprint.get("/")
@open_to(Permission.APPLICATION_WORK)
def queue() -> ResponseReturnValue:
    """Records by what is to be done with them, what is due first on top."""
    chosen = request.args.get("show", "todo")
    chosen = chosen if chosen in TABS else "todo"
    today = legal_day(services().clock.now())
    with services().database.reading() as session:
        found = work.queue(session, caller=caller(), stages=TABS[chosen][1])
        rows = queue_rows(opened(services(), found), today)
        counted = work.counts(session, caller=caller())
    tabs = [
        (key, label, url_for("performing_desk.queue", show=key), sum(counted.get(stage.value, 0) for stage in stages))
        for key, (label, stages) in TABS.items()
    ]
    return render("performing/desk_queue.html", chosen=chosen, rows=rows, tabs=tabs)


@blueprint.get("/new")
@open_to(Permission.LETTER_ISSUE)
def advice_form() -> ResponseReturnValue:
    """The form of a 告知书."""
    return _advice_form({}, {})


@blueprint.post("/new")
@open_to(Permission.LETTER_ISSUE)
def advise() -> ResponseReturnValue:
    """Issue a 告知书. The number does not come back in the page."""
    typed = {
        name: text(name, work.MAX_TEXT)
        for name in ("name", "court_code", "case_number", "creditor", "obligation", "due_on")
    }
    try:
        advice = work.Advice(
            number=parse_identity(text("number", 64)),
            name=typed["name"],
            court_code=typed["court_code"],
            case_number=typed["case_number"],
            creditor=typed["creditor"],
            obligation=typed["obligation"],
            due_on=_day("due_on", Bilingual("请填写履行期限", "give the last day of the period")),
        )
        with services().database.writing() as session:
            paper = work.advise(session, services(), advice, caller=caller(), now=services().clock.now())
            record_id = paper_of(session, paper.number).application or ""
    except (InvalidInput, Conflict) as refused:
        return _advice_form(typed, {str(refused.details.get("field", "case_number")): refused.text}), 422
    return redirect(url_for("performing_desk.record", record_id=record_id, issued=paper.number), 303)


@blueprint.get("/<record_id>")
@open_to(Permission.APPLICATION_WORK)
def record(record_id: str) -> ResponseReturnValue:
    """One record: facts, papers, what the law says, what can be done now."""
    return _record_page(record_id, {})


@blueprint.get("/<record_id>/papers/<number>")
@open_to(Permission.APPLICATION_WORK)
def paper(record_id: str, number: str) -> Response:
    """One of the record's papers as a PDF."""
    with services().database.reading() as session:
        row = in_court(load(session, record_id, to_change=False), caller())
        return pdf_answer(session, row, number)


@blueprint.post("/<record_id>/code")
@open_to(Permission.LETTER_ISSUE)
def code(record_id: str) -> ResponseReturnValue:
    """A code for the portal, shown once; an earlier one of this record is revoked."""
    now = services().clock.now()
    with services().database.writing() as session:
        row = in_court(load(session, record_id, to_change=True), caller())
        made = issue_code_for(session, services(), subject_id=row.subject_id, about=row.id, caller=caller(), now=now)
    return _record_page(record_id, {}, code=printed(made)), 200, {"Cache-Control": "no-store"}


@blueprint.post("/<record_id>/<act>")
@open_to(Permission.APPLICATION_WORK)
def do(record_id: str, act: str) -> ResponseReturnValue:
    """One of the court's acts; each asks for its own permission."""
    if act not in _ACTS:
        raise missing()
    try:
        with services().database.writing() as session:
            row = in_court(load(session, record_id, to_change=True), caller())
            _check_shown(row)
            _ACTS[act](session, row)
    except (InvalidInput, Conflict) as refused:
        return _record_page(record_id, {str(refused.details.get("field", "form")): refused.text}), 422
    return redirect(url_for("performing_desk.record", record_id=record_id, done=act), 303)


def _forewarn(session: Any, row: PerformanceRecord) -> None:
    due = _day("due_on", Bilingual("请填写最后期限", "give the last day"))
    work.forewarn(session, services(), row, due_on=due, caller=caller(), now=services().clock.now())


def _claim(session: Any, row: PerformanceRecord) -> None:
    day = _day("performed_on", _PERFORMED)
    work.claim(session, row, performed_on=day, caller=caller(), now=services().clock.now())


def _propose(session: Any, row: PerformanceRecord) -> None:
    source = request.form.get("source", "")
    if source not in set(Source):
        raise InvalidInput(Bilingual("请选择确认方式", "choose who confirms"), code="field-missing", field="source")
    finding = work.Finding(
        performed_on=_day("performed_on", _PERFORMED),
        in_full=request.form.get("in_full") == "yes",
        compelled=COMPELLED.get(request.form.get("compelled", "unknown")),
        source=Source(source),
        confirmed_on=_day("confirmed_on", Bilingual("请填写确认日期", "give the day of confirmation")),
        document=text("document", work.MAX_NAME),
        reason=text("reason", work.MAX_TEXT),
    )
    work.propose(session, row, finding, caller=caller(), now=services().clock.now())


def _refuse(session: Any, row: PerformanceRecord) -> None:
    work.propose_refusal(
        session, row, reason=text("refusal_reason", work.MAX_TEXT), caller=caller(), now=services().clock.now()
    )


def _approve(session: Any, row: PerformanceRecord) -> None:
    digest = request.form.get("digest", "")
    work.approve(session, services(), row, digest=digest, caller=caller(), now=services().clock.now())


def _send_back(session: Any, row: PerformanceRecord) -> None:
    work.send_back(session, row, reason=text("back_reason", work.MAX_TEXT), caller=caller(), now=services().clock.now())


def _publicise(session: Any, row: PerformanceRecord) -> None:
    days = services().settings.incentive_publicity_days
    places.publicise(session, row, working_days_long=days, caller=caller(), now=services().clock.now())


def _object(session: Any, row: PerformanceRecord) -> None:
    received = _day("received_on", Bilingual("请填写收到日期", "give the day on which it came"))
    statement = text("statement", work.MAX_TEXT)
    places.object_to(
        session, services(), row, statement=statement, received_on=received, caller=caller(), now=services().clock.now()
    )


def _settle(session: Any, row: PerformanceRecord) -> None:
    number, outcome = request.form.get("objection", ""), text("outcome", work.MAX_TEXT)
    upheld = {"upheld": True, "dismissed": False}.get(request.form.get("upheld", ""))
    if upheld is None or not number.isdigit():
        raise InvalidInput(Bilingual("请选择核查结论", "choose the outcome"), code="field-missing", field="upheld")
    places.settle_objection(
        session, row, int(number), upheld=upheld, outcome=outcome, caller=caller(), now=services().clock.now()
    )


def _list(session: Any, row: PerformanceRecord) -> None:
    places.put_on_list(
        session, row, months=services().settings.incentive_months, caller=caller(), now=services().clock.now()
    )


def _withdraw(session: Any, row: PerformanceRecord) -> None:
    places.withdraw(
        session, row, reason=text("withdraw_reason", work.MAX_TEXT), false_evidence=request.form.get("false_evidence") == "1",
        caller=caller(), now=services().clock.now(),
    )  # fmt: skip


_ACTS = {
    "forewarn": _forewarn, "claim": _claim, "propose": _propose, "refuse": _refuse, "approve": _approve,
    "send-back": _send_back, "publicise": _publicise, "object": _object, "settle": _settle, "list": _list,
    "withdraw": _withdraw,
}  # fmt: skip
_PERFORMED = Bilingual("请填写履行日期", "give the day of performance")


def pdf_answer(session: Any, row: PerformanceRecord, number: str) -> Response:
    """A paper of this record; raises ``NotFound`` for any other."""
    found = paper_of(session, number)
    if found.application != row.id:
        raise missing()
    return Response(
        copy_of(session, services(), found),
        mimetype="application/pdf",
        headers={
            "Content-Disposition": f'attachment; filename="{found.kind}-{found.serial:05d}.pdf"',
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        },
    )


def _check_shown(row: PerformanceRecord) -> None:
    shown = request.form.get("version", "")
    check_version(row, int(shown) if shown.isdigit() else -1)


def _record_page(record_id: str, errors: dict[str, Bilingual], *, code: str = "") -> str:
    today = legal_day(services().clock.now())
    with services().database.reading() as session:
        row = in_court(load(session, record_id, to_change=False), caller())
        shown = record_page(session, services(), row, caller=caller(), on=today)
        return render(
            "performing/desk_record.html", errors=errors, form=request.form, today=today, code=code,
            issued=request.args.get("issued", ""), done=request.args.get("done", ""), **shown,
        )  # fmt: skip


def _advice_form(form: dict[str, str], errors: dict[str, Bilingual]) -> str:
    return render("performing/desk_advice.html", form=form, errors=errors, courts=_courts())


def _courts() -> dict[str, str]:
    reach = caller().court_code or "-"
    return {
        court.code: court.name for court in courts().all() if court.code.startswith(reach) and court.status == "current"
    }


def _day(field: str, wanted: Bilingual) -> date:
    try:
        return date.fromisoformat(request.form.get(field, ""))
    except ValueError:
        raise InvalidInput(wanted, code="field-missing", field=field) from None
