"""The agency's page of what it did on answers, and the supervisor's page of figures."""

from __future__ import annotations

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from creditsvc.access.permissions import Permission, open_to
from creditsvc.checks.asked import day_of
from creditsvc.checks.feedback import Done, Report, answers_to_report, report, reports_of
from creditsvc.checks.feedback_api import feedback_said, span_of
from creditsvc.checks.feedback_figures import feedback_figures
from creditsvc.kernel.errors import CreditServiceError, InvalidInput
from creditsvc.kernel.text import Bilingual
from creditsvc.web.context import caller, services
from creditsvc.web.errors import status_for
from creditsvc.web.pages import render
from punishment_rules.load import catalogue

blueprint = Blueprint("feedback", __name__, template_folder="templates")
FIELDS = ("answer", "done", "reason", "done_on", "row")


@blueprint.get("/agency/feedback")
@open_to(Permission.CHECK_ASK)
def index() -> ResponseReturnValue:
    """Answers that wait for a report, and what was reported."""
    return _index({"answer": request.args.get("answer", "")[:32], "done": ""}, {})


def _index(form: dict[str, str], errors: dict[str, Bilingual]) -> str:
    rules = catalogue()
    with services().database.reading() as session:
        waiting = [one for one in answers_to_report(session, caller=caller()) if not one.reports]
        reported = [feedback_said(one) for one in reports_of(session, caller=caller())]

    def about(sector: str, act: str) -> Bilingual:
        known = next((one for one in rules.acts(sector) if one.id == act), None) if sector in rules.sectors else None
        return Bilingual(known.label.zh, known.label.en) if known else Bilingual(act, act)

    return render(
        "checks/feedback.html", form=form, errors=errors, waiting=waiting, reported=reported, about=about,
        choices=[(each.value, each.label) for each in Done], labels={each.value: each.label for each in Done},
    )  # fmt: skip


@blueprint.post("/agency/feedback")
@open_to(Permission.CHECK_ASK)
def send() -> ResponseReturnValue:
    """Take a report down."""
    form = {name: request.form.get(name, "").strip() for name in FIELDS}
    now = services().clock.now()
    try:
        if form["done"] not in set(Done):
            raise InvalidInput(Bilingual("请选择处理情况", "choose what was done"), code="done-missing", field="done")
        row = int(form["row"]) if form["row"].isascii() and form["row"].isdigit() and len(form["row"]) < 9 else None
        new = Report(form["answer"], Done(form["done"]), form["reason"], done_on=day_of(form["done_on"]), row=row)
        with services().database.writing() as session:
            report(session, new, caller=caller(), now=now)
    except CreditServiceError as wrong:
        field = str(wrong.details.get("field", "answer"))
        return _index(form, {"done_on" if field == "on" else field: wrong.text}), status_for(type(wrong))
    return redirect(url_for("feedback.index"), 303)


@blueprint.get("/oversight/feedback")
@open_to(Permission.OVERSIGHT_READ)
def figures() -> ResponseReturnValue:
    """By unit, over a span of days."""
    errors: dict[str, Bilingual] = {}
    try:
        first, last = span_of(day_of(request.args.get("from", "")), day_of(request.args.get("to", "")))
    except InvalidInput as wrong:
        errors, (first, last) = {"from": wrong.text}, span_of(None, None)
    with services().database.reading() as session:
        units = feedback_figures(session, first, last)
    return render("checks/feedback_figures.html", units=units, first=first, last=last, errors=errors)
