"""The desk of what came back: refused rows to work off, messages to answer. For the court's staff."""

from __future__ import annotations

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from creditsvc.access.permissions import Permission, open_to
from creditsvc.kernel.errors import Conflict, InvalidInput
from creditsvc.kernel.text import Bilingual
from creditsvc.web.context import caller, services
from creditsvc.web.errors import status_for
from creditsvc.web.pages import render
from sync.platform.links import live_links
from sync.platform.messages import OUTCOMES as CHOICES
from sync.platform.messages import answer_message, message_in_reach, reference_of, words_of
from sync.platform.said import MEANINGS, MESSAGE_KINDS, MESSAGE_STATES, OUTCOMES, REFUSAL_STATES
from sync.platform.shape.clocks import CLOCKS
from sync.platform.tables import PlatformLink
from sync.platform.work import messages, refusal_in_reach, refusals, work_off

blueprint = Blueprint("platform_work", __name__, url_prefix="/desk/platform", template_folder="templates")

ROW = "<int(min=0,max=9223372036854775807):row_id>"
PAGE = 50


def _after() -> int:
    text = request.args.get("after", "0")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


@blueprint.get("/refusals")
@open_to(Permission.APPLICATION_WORK, Permission.SUBSCRIBER_MANAGE)
def refused() -> ResponseReturnValue:
    """Refused rows."""
    return _refused({}, 0)


def _refused(errors: dict[str, Bilingual], wrong: int) -> str:
    state, after = request.args.get("state", "open"), _after()
    with services().database.reading() as session:
        rows = refusals(
            session, caller(), state=state if state in {*REFUSAL_STATES, "all"} else "open", after=after, limit=PAGE + 1
        )
        titles = {link.id: link.title for link in live_links(session)}
    return render(
        "platform/refusals.html", rows=rows[:PAGE], more=len(rows) > PAGE, after=after, state=state, states=REFUSAL_STATES,
        meanings=MEANINGS, titles=titles, errors=errors, wrong=wrong, form=request.form,
    )  # fmt: skip


@blueprint.post(f"/refusals/{ROW}")
@open_to(Permission.APPLICATION_WORK, Permission.SUBSCRIBER_MANAGE)
def work(row_id: int) -> ResponseReturnValue:
    """Send again, return, or close."""
    try:
        with services().database.writing() as session:
            row = refusal_in_reach(session, row_id, caller=caller())
            work_off(session, row, request.form.get("action", ""), request.form.get("note", "")[:512], caller=caller(),
                     now=services().clock.now())  # fmt: skip
    except (InvalidInput, Conflict) as wrong:
        field = str(wrong.details.get("field", ""))
        return _refused({f"{field}-{row_id}" if field else "": wrong.text}, row_id), status_for(type(wrong))
    return redirect(url_for("platform_work.refused"), 303)


@blueprint.get("/messages")
@open_to(Permission.APPLICATION_WORK)
def came() -> ResponseReturnValue:
    """Messages from platforms."""
    state, after = request.args.get("state", "open"), _after()
    with services().database.reading() as session:
        rows = messages(
            session, caller(), state=state if state in {*MESSAGE_STATES, "all"} else "open", after=after, limit=PAGE + 1
        )
        titles = {link.id: link.title for link in live_links(session)}
    return render(
        "platform/messages.html", rows=rows[:PAGE], more=len(rows) > PAGE, after=after, state=state, states=MESSAGE_STATES,
        kinds=MESSAGE_KINDS, titles=titles,
    )  # fmt: skip


@blueprint.get(f"/messages/{ROW}")
@open_to(Permission.APPLICATION_WORK)
def message(row_id: int) -> ResponseReturnValue:
    """One message: what the platform wrote, the case, the clocks, the answer."""
    return _message(row_id, {})


def _message(row_id: int, errors: dict[str, Bilingual]) -> str:
    with services().database.reading() as session:
        row = message_in_reach(session, row_id, caller=caller())
        link = session.get_one(PlatformLink, row.link_id)
        standing = services().ports.case_standing(session, reference_of(link.name, row.remote_id)) if row.case else None
        return render(
            "platform/message.html", row=row, link=link, words=words_of(services(), row), standing=standing, kinds=MESSAGE_KINDS,
            states=MESSAGE_STATES, outcomes=OUTCOMES, choices=CHOICES, clock=CLOCKS["objection_answer"],
            other_clock=CLOCKS["objection_via"], errors=errors, form=request.form,
        )  # fmt: skip


@blueprint.post(f"/messages/{ROW}")
@open_to(Permission.APPLICATION_WORK)
def answer(row_id: int) -> ResponseReturnValue:
    """Answer by hand."""
    try:
        with services().database.writing() as session:
            row = message_in_reach(session, row_id, caller=caller())
            answer_message(session, row, request.form.get("outcome", ""), request.form.get("answer", "")[:2000], caller=caller(),
                           now=services().clock.now())  # fmt: skip
    except (InvalidInput, Conflict) as wrong:
        return _message(row_id, {str(wrong.details.get("field", "")): wrong.text}), status_for(type(wrong))
    return redirect(url_for("platform_work.message", row_id=row_id), 303)
