"""The performer's own pages: papers to keep, a performance to report, what one agrees to."""

from __future__ import annotations

from datetime import date

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from creditsvc.access.permissions import Permission, open_to
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import Conflict, InvalidInput
from creditsvc.kernel.text import Bilingual
from creditsvc.web.context import caller, services
from creditsvc.web.pages import render
from repair.performing import incentive_list as places
from repair.performing import work
from repair.performing.desk import pdf_answer
from repair.performing.portal_view import own_card
from repair.performing.records import check_version, opened, own, own_records

blueprint = Blueprint("performing_portal", __name__, url_prefix="/portal/performances", template_folder="../templates")


@blueprint.get("/")
@open_to(Permission.APPLICATION_OWN)
def home() -> ResponseReturnValue:
    """Every record of one's own."""
    return _home({}, "")


@blueprint.get("/<record_id>/papers/<number>")
@open_to(Permission.APPLICATION_OWN)
def paper(record_id: str, number: str) -> Response:
    """One of one's own papers as a PDF."""
    with services().database.reading() as session:
        return pdf_answer(session, own(session, record_id, caller(), to_change=False), number)


@blueprint.post("/<record_id>/claim")
@open_to(Permission.APPLICATION_OWN)
def claim(record_id: str) -> ResponseReturnValue:
    """Report that everything has been performed."""
    try:
        try:
            performed = date.fromisoformat(request.form.get("performed_on", ""))
        except ValueError:
            wanted = Bilingual("请填写履行日期", "give the day of performance")
            raise InvalidInput(wanted, code="field-missing", field="performed_on") from None
        with services().database.writing() as session:
            row = own(session, record_id, caller(), to_change=True)
            check_version(row, _shown())
            work.claim(session, row, performed_on=performed, caller=caller(), now=services().clock.now())
    except (InvalidInput, Conflict) as refused:
        return _home({"performed_on": refused.text}, record_id), 422
    return redirect(url_for("performing_portal.home", done=record_id), 303)


@blueprint.post("/<record_id>/agree")
@open_to(Permission.APPLICATION_OWN)
def agree(record_id: str) -> ResponseReturnValue:
    """What one agrees to; an empty box takes it back, at once."""
    try:
        with services().database.writing() as session:
            row = own(session, record_id, caller(), to_change=True)
            check_version(row, _shown())
            places.agree(
                session, row, listing=request.form.get("listing") == "1", platform=request.form.get("platform") == "1",
                caller=caller(), now=services().clock.now(),
            )  # fmt: skip
    except (InvalidInput, Conflict) as refused:
        return _home({"agree": refused.text}, record_id), 422
    return redirect(url_for("performing_portal.home", done=record_id), 303)


def _shown() -> int:
    shown = request.form.get("version", "")
    return int(shown) if shown.isdigit() else -1


def _home(errors: dict[str, Bilingual], at: str) -> str:
    today = legal_day(services().clock.now())
    with services().database.reading() as session:
        rows = own_records(session, caller().subject_id or "")
        cards = [own_card(session, found, on=today) for found in opened(services(), rows)]
        return render(
            "performing/portal.html", cards=cards, today=today, errors=errors, at=at, done=request.args.get("done", "")
        )
