"""A new listing begins here: a debtor is put before the court and taken under review."""

from __future__ import annotations

from typing import Any

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from creditsvc.access.permissions import Permission, open_to
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import Conflict, InvalidInput
from creditsvc.kernel.identity import parse_identity
from creditsvc.kernel.load import courts
from creditsvc.kernel.text import Bilingual
from creditsvc.register import candidates
from creditsvc.register.desk_blueprint import blueprint
from creditsvc.register.desk_case import case_page, day_of
from creditsvc.register.entries import reaches
from creditsvc.web.context import caller, services
from creditsvc.web.errors import status_for
from creditsvc.web.pages import render

LINES = ("name", "case_number", "obligation", "basis_number", "basis_issuer", "performed_part", "unperformed_part",
         "legal_representative")  # fmt: skip


@blueprint.get("/candidates/new")
@open_to(Permission.DECISION_PROPOSE)
def new_candidate() -> ResponseReturnValue:
    """The form by which a debtor is put before the court."""
    return _form({})


def _form(errors: dict[str, Bilingual]) -> str:
    own = [court for court in courts().all() if reaches(caller(), court.code)]
    return render(
        "register/candidate.html", errors=errors, form=request.form, courts={each.code: Bilingual(each.name, each.name) for each in own},
        own=caller().court_code, today=legal_day(services().clock.now()), relisting=request.values.get("relisting_of", "")[:28],
    )  # fmt: skip


@blueprint.post("/candidates")
@open_to(Permission.DECISION_PROPOSE)
def open_candidate() -> ResponseReturnValue:
    """Put a debtor before the court; the number is sealed at once and stands in no address."""
    try:
        with services().database.writing() as session:
            row = candidates.open_candidate(session, services(), _typed(), caller=caller(), now=services().clock.now())
            entry = row.entry
    except (InvalidInput, Conflict) as wrong:
        field = str(
            wrong.details.get("field") or ("number" if wrong.code.startswith(("identity", "number", "id-")) else "")
        )
        return _form({field: wrong.text}), status_for(type(wrong))
    return redirect(url_for("desk.listing", entry=entry), 303)


def _typed() -> candidates.NewCandidate:
    form = request.form
    texts: dict[str, Any] = {name: form.get(name, "").strip()[:20_000] for name in LINES}
    try:
        number = parse_identity(form.get("number", ""))
    except InvalidInput as wrong:
        raise InvalidInput(wrong.text, code=wrong.code, field="number") from None
    filed = form.get("filed_on", "")
    return candidates.NewCandidate(
        number=number,
        court_code=form.get("court_code", ""),
        filed_on=day_of(filed, "filed_on") if filed else None,
        notice_served_on=day_of(form.get("notice_served_on", ""), "notice_served_on"),
        perform_by=day_of(form.get("perform_by", ""), "perform_by"),
        performance=form.get("performance", "none"),
        applicants=[line.strip() for line in form.get("applicants", "").splitlines() if line.strip()],
        relisting_of=form.get("relisting_of", "").strip() or None,
        **texts,
    )


@blueprint.post("/candidates/<entry>/review")
@open_to(Permission.DECISION_PROPOSE)
def begin_review(entry: str) -> ResponseReturnValue:
    """On an application, from whose receipt fifteen days run, or of the court's own motion."""
    form = request.form
    try:
        applied = form.get("applied_on", "")
        with services().database.writing() as session:
            candidates.begin_review(
                session, entry, applicant=form.get("applicant", "").strip()[:256],
                applied_on=day_of(applied, "applied_on") if applied else None, reason=form.get("reason", "").strip()[:2000],
                caller=caller(), now=services().clock.now(),
            )  # fmt: skip
    except (InvalidInput, Conflict) as wrong:
        return case_page(entry, {f"review-{wrong.details.get('field', '')}": wrong.text}, section="review"), status_for(
            type(wrong)
        )
    return redirect(url_for("desk.listing", entry=entry), 303)
