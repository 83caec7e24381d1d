"""The agency's page: is this person on the incentive list, and what has my sector for that?"""

from __future__ import annotations

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from creditsvc.access.permissions import Permission, open_to
from creditsvc.checks.asked import sectors
from creditsvc.kernel.errors import InvalidInput
from creditsvc.kernel.identity import parse_identity
from creditsvc.kernel.text import Bilingual
from creditsvc.web.context import caller, services
from creditsvc.web.pages import render
from repair.performing.answers import IncentiveQuestion, Standing, ask
from repair.portal_forms import text

blueprint = Blueprint("incentive_checks", __name__, url_prefix="/agency/incentives", template_folder="../templates")


@blueprint.get("/")
@open_to(Permission.CHECK_ASK)
def form() -> ResponseReturnValue:
    """The question."""
    return _page({"sector": caller().sector or ""}, {}, None)


@blueprint.post("/")
@open_to(Permission.CHECK_ASK)
def check() -> ResponseReturnValue:
    """The answer, after its row in the ledger is durable. The number does not come back in the page."""
    typed = {name: text(name, 200) for name in ("name", "sector", "purpose", "matter")}
    try:
        question = IncentiveQuestion(number=parse_identity(request.form.get("number", "")), **typed)
        with services().database.writing() as session:
            answer = ask(session, services(), question, caller=caller(), now=services().clock.now())
    except InvalidInput as refused:
        return _page(typed, {str(refused.details.get("field", "number")): refused.text}, None), 422
    return _page(typed, {}, answer, shown=question.number.masked)


def _page(typed: dict[str, str], errors: dict[str, Bilingual], answer: Standing | None, *, shown: str = "") -> str:
    return render("performing/agency.html", form=typed, errors=errors, answer=answer, shown=shown, sectors=sectors())
