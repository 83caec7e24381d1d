"""The court's pages on credit promises: which are kept and how far, and the new case where one may have been broken."""

from __future__ import annotations

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from creditsvc.access.permissions import Permission, open_to
from creditsvc.kernel.errors import Conflict, InvalidInput
from creditsvc.kernel.text import Bilingual
from creditsvc.storage.calendars import calendar as current_calendar
from creditsvc.web.context import caller, services
from creditsvc.web.errors import status_for
from creditsvc.web.pages import render
from repair.breaches import MAX_CHARGE, breach_of, open_breach
from repair.history import load
from repair.policy.grounds import GROUNDS
from repair.policy.kinds import ApplicationKind
from repair.policy.promises import CONTENT, KINDS_OF_PROMISER, LIABILITY, PUBLICITY
from repair.portal_forms import text
from repair.portal_view import ground_name
from repair.promises import STATES, find_promise, note_keeping, promises_at

PAGE = 50
blueprint = Blueprint("promises_desk", __name__, url_prefix="/desk/promises", template_folder="templates")


@blueprint.get("/")
@open_to(Permission.APPLICATION_WORK)
def promises() -> ResponseReturnValue:
    """Those that lie with one's court, newest first."""
    chosen = request.args.get("show", "")
    state = chosen if chosen in STATES else ""
    after = request.args.get("after", 0, type=int)
    with services().database.reading() as session:
        found = promises_at(session, caller=caller(), state=state, after=max(0, min(after, 2**62)), limit=PAGE + 1)
    following = found[PAGE - 1][0].id if len(found) > PAGE else None
    return render("repair/desk_promises.html", rows=found[:PAGE], states=STATES, chosen=state, following=following)


@blueprint.get("/<number>")
@open_to(Permission.APPLICATION_WORK)
def promise(number: str) -> ResponseReturnValue:
    """One promise: its words, how far it has been kept, the case about it."""
    return _page(number, {})


def _page(number: str, errors: dict[str, Bilingual]) -> str:
    with services().database.reading() as session:
        found = find_promise(session, number[:32], caller=caller())
        origin = load(session, found.application_id, to_change=False)
        return render(
            "repair/desk_promise.html",
            promise=found,
            origin=origin,
            ground=ground_name(origin),
            case=breach_of(session, found),
            content=CONTENT,
            liability=LIABILITY,
            promiser=KINDS_OF_PROMISER.get(found.promiser, Bilingual(found.promiser, found.promiser)),
            publicity=PUBLICITY.get(found.publicity, PUBLICITY["closed"]),
            states=STATES,
            charges={code: one.name for code, one in GROUNDS[ApplicationKind.PROMISE_BREACH].items()},
            errors=errors,
            form=request.form,
        )


@blueprint.post("/<number>/keeping")
@open_to(Permission.APPLICATION_WORK)
def keeping(number: str) -> ResponseReturnValue:
    """How far it has been kept."""
    try:
        with services().database.writing() as session:
            now = services().clock.now()
            note_keeping(session, number[:32], state=text("state", 16), caller=caller(), now=now)
    except InvalidInput as refused:
        return _page(number, {"state": refused.text}), 422
    return redirect(url_for("promises_desk.promise", number=number), 303)


@blueprint.post("/<number>/breach")
@open_to(Permission.DECISION_PROPOSE)
def breach(number: str) -> ResponseReturnValue:
    """The new case in which a breach is examined."""
    try:
        with services().database.writing() as session:
            case = open_breach(
                session,
                services(),
                number[:32],
                ground=text("ground", 64),
                charge=text("charge", MAX_CHARGE),
                calendar=current_calendar(session),
                caller=caller(),
                now=services().clock.now(),
            )
            target = url_for("applications_desk.case", application_id=case.id)
    except (Conflict, InvalidInput) as refused:
        field = str(refused.details.get("field", "charge"))
        return _page(number, {"ground" if field == "choice" else field: refused.text}), status_for(type(refused))
    return redirect(target, 303)
