"""The court's window: find who stands there, then a pass for the terminal, a fresh code, or a way back in."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint, Response, make_response, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from creditsvc.access.permissions import Permission, open_to
from creditsvc.kernel.errors import CreditServiceError, InvalidInput
from creditsvc.kernel.text import Bilingual
from creditsvc.web.context import caller, services
from creditsvc.web.pages import render
from repair import contacts, second_factor, window
from repair.letters import issue_codes
from repair.policy.alphabet import printed
from repair.portal_forms import text

blueprint = Blueprint("window_desk", __name__, url_prefix="/desk/window", template_folder="templates")


@blueprint.get("/")
@open_to(Permission.LETTER_ISSUE)
def form() -> ResponseReturnValue:
    """Number and name, from the papers that the person shows."""
    return render("repair/desk_window.html")


@blueprint.post("/")
@open_to(Permission.LETTER_ISSUE)
def act() -> ResponseReturnValue:
    """What was asked for, after the clerk has ticked that the papers were seen. Nothing typed comes back but the name."""
    now, wanted, name = services().clock.now(), request.form.get("do", ""), text("name", 128)
    if request.form.get("seen") != "1":
        seen = Bilingual("请先核对本人身份证件并勾选", "check the person's papers first and tick")
        return render("repair/desk_window.html", errors={"seen": seen}, name=name), 422
    try:
        with services().database.writing() as session:
            found = window.find_visitor(
                session, services(), number=text("number", 64), name=name, caller=caller(), now=now
            )
            done = _done(session, found, wanted, now)
    except CreditServiceError as refused:
        return render("repair/desk_window.html", errors={"number": refused.text}, name=name), 422
    return _once(render("repair/desk_window.html", done=done, visitor=found, name=""))


def _done(session: Session, found: window.Visitor, wanted: str, now: datetime) -> dict[str, object]:
    if wanted == "pass":
        code = window.give_pass(session, services(), found, caller=caller(), now=now)
        return {"what": "pass", "code": printed(code)}
    if wanted == "code":
        entry = next((view.entry for view in found.entries if view.in_force), found.entries[0].entry)
        codes = issue_codes(session, services(), [entry], caller=caller(), now=now)
        return {"what": "code", "code": printed(codes[entry])}
    if wanted == "factor":
        gone = second_factor.take_away(session, found.subject_id, caller=caller(), now=now)
        gone = contacts.end_factor(session, found.subject_id) or gone
        return {"what": "factor", "gone": gone}
    raise InvalidInput(Bilingual("请选择要办理的事项", "choose what to do"), code="field-missing", field="number")


def _once(page: str) -> Response:
    response = make_response(page)
    response.headers["Cache-Control"] = "no-store"
    return response
