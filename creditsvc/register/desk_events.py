"""What happened in a case, a request that came in, and service: written down at the case page, with their consequences."""

from __future__ import annotations

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from creditsvc.access.permissions import Permission, open_to
from creditsvc.kernel.errors import Conflict, InvalidInput
from creditsvc.kernel.text import Bilingual
from creditsvc.register import circumstances
from creditsvc.register.circumstance_kinds import CircumstanceKind
from creditsvc.register.desk_blueprint import blueprint
from creditsvc.register.desk_case import case_page, day_of
from creditsvc.register.effects_marks import note_at_once
from creditsvc.register.marks import Mark
from creditsvc.register.service import ServiceMode, record_service
from creditsvc.web.context import caller, services
from creditsvc.web.errors import status_for


@blueprint.post("/listings/<entry>/circumstances")
@open_to(Permission.DECISION_PROPOSE)
def record_circumstance(entry: str) -> ResponseReturnValue:
    """Something happened in the case: its consequence is proposed in the same moment."""
    form = request.form
    try:
        if form.get("kind") not in {each.value for each in CircumstanceKind}:
            raise InvalidInput(Bilingual("请选择情形", "choose what happened"), code="circumstance", field="kind")
        told = circumstances.Recorded(
            entry=entry,
            kind=CircumstanceKind(form["kind"]),
            event_on=day_of(form.get("event_on", ""), "event_on"),
            known_on=day_of(form.get("known_on", ""), "known_on"),
            document_number=form.get("document_number", "").strip()[:128],
            reason=form.get("reason", "").strip()[:2000],
            voluntary={"yes": True, "no": False}.get(form.get("voluntary", "")),
        )
        with services().database.writing() as session:
            circumstances.record(session, told, caller=caller(), now=services().clock.now())
    except (Conflict, InvalidInput) as wrong:
        return _again(entry, "circumstance", wrong)
    return redirect(url_for("desk.listing", entry=entry, _anchor="what-to-do"), 303)


@blueprint.post("/listings/<entry>/notes")
@open_to(Permission.DECISION_PROPOSE)
def note(entry: str) -> ResponseReturnValue:
    """A request came in: the entry is marked at once and stays as it is."""
    form = request.form
    try:
        if form.get("mark") not in {each.value for each in Mark}:
            raise InvalidInput(Bilingual("请选择标注", "choose a mark"), code="mark", field="mark")
        document, reason = form.get("document_number", "").strip()[:128], form.get("reason", "").strip()[:2000]
        if not document or not reason:
            raise InvalidInput(
                Bilingual("请填写文书号和说明", "give the document's number and what it says"),
                code="note",
                field="document_number",
            )
        with services().database.writing() as session:
            note_at_once(
                session, entry, Mark(form["mark"]), document_number=document, reason=reason, caller=caller(),
                now=services().clock.now(),
            )  # fmt: skip
    except (Conflict, InvalidInput) as wrong:
        return _again(entry, "note", wrong)
    return redirect(url_for("desk.listing", entry=entry), 303)


@blueprint.post("/listings/<entry>/service")
@open_to(Permission.DECISION_PROPOSE)
def serve(entry: str) -> ResponseReturnValue:
    """The decision or order was served: the clocks of the remedies run from that day."""
    form = request.form
    try:
        if form.get("mode") not in {each.value for each in ServiceMode}:
            raise InvalidInput(
                Bilingual("请选择送达方式", "choose how it was served"), code="service-way", field="mode"
            )
        with services().database.writing() as session:
            record_service(
                session, entry, ServiceMode(form["mode"]), day=day_of(form.get("day", ""), "day"),
                document=form.get("document_number", "").strip()[:128], caller=caller(), now=services().clock.now(),
            )  # fmt: skip
    except (Conflict, InvalidInput) as wrong:
        return _again(entry, "service", wrong)
    return redirect(url_for("desk.listing", entry=entry), 303)


def _again(entry: str, section: str, wrong: Conflict | InvalidInput) -> ResponseReturnValue:
    field = str(wrong.details.get("field", ""))
    return case_page(entry, {f"{section}-{field}" if field else "": wrong.text}, section=section), status_for(
        type(wrong)
    )
