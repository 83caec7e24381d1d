"""The creditor's page behind a link: who they are, then one question. No sign-in, no list, nothing of anybody else."""

from __future__ import annotations

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from creditsvc.access.permissions import Permission, open_to
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import InvalidInput
from creditsvc.kernel.text import Bilingual
from creditsvc.services import Services
from creditsvc.web.context import services
from creditsvc.web.pages import render
from repair import creditors
from repair.entries import entry_view
from repair.policy.silence import ANSWERS, silence_of
from repair.portal_forms import text
from repair.portal_view import ground_name

blueprint = Blueprint("creditor", __name__, url_prefix="/creditor", template_folder="templates")


@blueprint.get("/<token>")
@open_to(Permission.ANYONE)
def question(token: str) -> ResponseReturnValue:
    """First who they are; a link that does not open says so, always in the same words."""
    _count()
    with services().database.writing() as session:
        creditors.asked_of(session, services(), token, now=services().clock.now())
    return render("repair/creditor_who.html", token=token)


@blueprint.post("/<token>")
@open_to(Permission.ANYONE)
def answer(token: str) -> ResponseReturnValue:
    """The number's end opens the question; sent again with a choice it is the answer."""
    _count()
    now, holder = services().clock.now(), text("holder", 64)
    with services().database.writing() as session:
        found = creditors.prove(session, services(), token, holder, now=now)
        if found is None:
            wrong = Bilingual(
                "与法院登记的证件号码后六位不符", "this is not the end of the number that the court was given"
            )
            return render("repair/creditor_who.html", token=token, errors={"holder": wrong}), 422
        if "answer" not in request.form:
            return _question_page(services(), found, token, holder, {})
        try:
            creditors.answer(
                session,
                services(),
                found,
                said=request.form.get("answer", ""),
                words=text("words", creditors.MAX_WORDS),
                now=now,
            )
        except InvalidInput as refused:
            field = str(refused.details.get("field", "answer"))
            return _question_page(services(), found, token, holder, {field: refused.text}), 422
    return render("repair/creditor_done.html", said=ANSWERS[request.form["answer"]])


def _question_page(
    held: Services, found: creditors.AskedOf, token: str, holder: str, errors: dict[str, Bilingual]
) -> str:
    with held.database.reading() as session:
        view = entry_view(session, found.application.entry, on=legal_day(held.clock.now()))
    return render(
        "repair/creditor_question.html",
        token=token,
        holder=holder,
        errors=errors,
        view=view,
        ground=ground_name(found.application),
        due=found.question.due_on,
        answers=ANSWERS,
        silence=silence_of(found.application.kind, found.application.ground),
    )


def _count() -> None:
    now = services().clock.now()
    with services().database.writing() as session:
        allowed = creditors.count_visit(session, address=request.remote_addr or "-", now=now)
    if not allowed:
        raise creditors.too_many()
