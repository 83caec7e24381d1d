"""An agency's page: checks of its own that rested on an entry since revoked, to be looked at again."""

from __future__ import annotations

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from creditsvc.access.permissions import Permission, open_to
from creditsvc.kernel.errors import InvalidInput
from creditsvc.kernel.text import Bilingual
from creditsvc.web.context import caller, services
from creditsvc.web.pages import render
from repair.reliance import OUTCOMES, note_done, note_seen, notices_to

blueprint = Blueprint("reliance", __name__, url_prefix="/agency/re-examine", template_folder="templates")


@blueprint.get("/")
@open_to(Permission.CHECK_ASK)
def notices() -> ResponseReturnValue:
    """What this unit is told to look at again; opening the page notes that it was seen."""
    with services().database.writing() as session:
        note_seen(session, _unit(), now=services().clock.now())
    return _page({})


def _page(errors: dict[str, Bilingual]) -> str:
    with services().database.reading() as session:
        rows = notices_to(session, _unit())
        return render("repair/re_examine.html", rows=rows, outcomes=OUTCOMES, errors=errors)


@blueprint.post("/<int(min=0,max=9223372036854775807):notice_id>")
@open_to(Permission.CHECK_ASK)
def done(notice_id: int) -> ResponseReturnValue:
    """What came of it; the person sees the answer."""
    try:
        with services().database.writing() as session:
            outcome = request.form.get("outcome", "")
            note_done(session, notice_id, outcome=outcome, caller=caller(), now=services().clock.now())
    except InvalidInput as refused:
        return _page({f"outcome-{notice_id}": refused.text}), 422
    return redirect(url_for("reliance.notices"), 303)


def _unit() -> str:
    return caller().unit or caller().court_code or "-"
