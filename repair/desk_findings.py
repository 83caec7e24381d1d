"""The court's page of what it has found about a case: who, when, by which paper; and what the law says from it."""

from __future__ import annotations

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from creditsvc.access.permissions import Permission, open_to
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import InvalidInput, NotFound
from creditsvc.kernel.text import Bilingual
from creditsvc.register.entries import reaches
from creditsvc.web.context import caller, services
from creditsvc.web.pages import render
from repair.entries import EntryView, entry_view
from repair.findings import findings_for, findings_of, record_finding
from repair.policy.wanted import day_of
from repair.portal_forms import text
from repair.portal_view import self_check

blueprint = Blueprint("findings_desk", __name__, url_prefix="/desk/findings", template_folder="templates")


@blueprint.get("/<entry>")
@open_to(Permission.APPLICATION_WORK)
def findings(entry: str) -> ResponseReturnValue:
    """What is on record, the form for more, and every way off the list as it stands with it."""
    return _page(entry, {})


@blueprint.post("/<entry>")
@open_to(Permission.APPLICATION_WORK)
def record(entry: str) -> ResponseReturnValue:
    """Put one finding on record. What it is comes with its value, so that the two can't disagree."""
    fact, _, value = request.form.get("found", "").partition("/")
    now = services().clock.now()
    try:
        with services().database.writing() as session:
            record_finding(
                session,
                _own(session, entry),
                fact=fact,
                value=value,
                event_on=day_of(request.form.get("event_on")),
                document_number=text("document_number", 120),
                caller=caller(),
                now=now,
            )
    except InvalidInput as refused:
        field = str(refused.details.get("field", "found"))
        return _page(entry, {"found" if field in {"fact", "value"} else field: refused.text}), 422
    return redirect(
        url_for("findings_desk.findings", entry=entry, application=request.form.get("application") or None), 303
    )


def _page(entry: str, errors: dict[str, Bilingual]) -> str:
    today = legal_day(services().clock.now())
    with services().database.reading() as session:
        view = _own(session, entry)
        return render(
            "repair/desk_findings.html",
            view=view,
            found=findings_of(session, view),
            choices=findings_for(view),
            check=self_check(session, services(), view, on=today),
            application=(request.args.get("application") or request.form.get("application", ""))[:64],
            errors=errors,
            form=request.form,
            today=today,
        )


def _own(session: Session, entry: str) -> EntryView:
    view = entry_view(session, entry, on=legal_day(services().clock.now()))
    if not reaches(caller(), view.court_code):
        raise NotFound(Bilingual("没有这条记录", "there is no such entry"), code="entry-unknown")
    return view
