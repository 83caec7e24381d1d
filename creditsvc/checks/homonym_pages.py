"""The court's desk for "not the listed person": two people clear, two take back; the signed token; the public state of one."""

from __future__ import annotations

import json
import secrets

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask.wrappers import Response

from creditsvc.access.permissions import Permission, open_to
from creditsvc.checks.answer_keys import answer_signer
from creditsvc.checks.certificate import HOMONYM, SALT_BYTES, encode, number_digest
from creditsvc.checks.said import instant_said
from creditsvc.kernel.errors import Conflict, CreditServiceError, InvalidInput, NotFound
from creditsvc.kernel.identity import parse_identity
from creditsvc.kernel.text import Bilingual
from creditsvc.register import homonyms
from creditsvc.register.homonyms import HONOURED, ClearanceState, NewClearance
from creditsvc.services import Services
from creditsvc.storage.subjects import numbers_of
from creditsvc.web.context import caller, services
from creditsvc.web.errors import status_for
from creditsvc.web.pages import render

blueprint = Blueprint("homonyms", __name__, template_folder="templates")
CLEARANCE = "<int(min=0,max=9223372036854775807):clearance_id>"
FIELDS = ("name", "entry", "reason")
TONES = {"valid": "good", "proposed": "warning", "doubted": "warning", "revoked": "bad", "rejected": "neutral"}


@blueprint.get("/desk/homonyms/")
@open_to(Permission.LISTING_READ)
def index() -> ResponseReturnValue:
    """What waits for a signature, and the newest."""
    return _index({"entry": request.args.get("entry", "")[:28]}, {})


def _index(form: dict[str, str], errors: dict[str, Bilingual]) -> str:
    with services().database.reading() as session:
        rows = homonyms.newest(session, caller=caller())
    labels = {each.value: each.label for each in ClearanceState}
    return render("checks/homonyms.html", form=form, errors=errors, rows=rows, labels=labels, tones=TONES)


@blueprint.post("/desk/homonyms/")
@open_to(Permission.DECISION_PROPOSE)
def propose() -> ResponseReturnValue:
    """Propose that somebody be cleared. The number is never shown again."""
    form = {name: request.form.get(name, "").strip() for name in FIELDS}
    now = services().clock.now()
    try:
        new = NewClearance(parse_identity(request.form.get("number", "")), form["name"], form["entry"], form["reason"])
        with services().database.writing() as session:
            made = homonyms.propose(session, services().vault, new, caller=caller(), now=now)
    except CreditServiceError as wrong:
        field = "entry" if isinstance(wrong, NotFound | Conflict) else str(wrong.details.get("field", "number"))
        return _index(form, {field: wrong.text}), status_for(type(wrong))
    return redirect(url_for("homonyms.one", clearance_id=made.id), 303)


@blueprint.get(f"/desk/homonyms/{CLEARANCE}")
@open_to(Permission.LISTING_READ)
def one(clearance_id: int) -> ResponseReturnValue:
    """One clearance, with what its reader may do."""
    return _one(clearance_id, {})


def _one(clearance_id: int, errors: dict[str, Bilingual]) -> str:
    with services().database.reading() as session:
        row = homonyms.find(session, clearance_id, caller=caller())
        number = numbers_of(session, services().vault, [row.subject_id]).get(row.subject_id)
    first = row.doubter_person if row.state == "doubted" else row.proposer_person
    return render(
        "checks/homonym.html", row=row, errors=errors, label=ClearanceState(row.state).label, tone=TONES[row.state],
        masked=number.masked if number else "—", own=first == caller().person, honoured=row.state in HONOURED,
        may=caller().may(Permission.DECISION_APPROVE),
    )  # fmt: skip


@blueprint.post(f"/desk/homonyms/{CLEARANCE}")
@open_to(Permission.DECISION_PROPOSE)
def act(clearance_id: int) -> ResponseReturnValue:
    """Doubt it, or sign what the first person proposed."""
    go, now = request.form.get("go", ""), services().clock.now()
    try:
        with services().database.writing() as session:
            if go == "doubt":
                homonyms.doubt(session, clearance_id, reason=request.form.get("reason", ""), caller=caller(), now=now)
            elif go in {"agree", "disagree"}:
                homonyms.settle(
                    session,
                    clearance_id,
                    agrees=go == "agree",
                    shown_digest=request.form.get("digest", ""),
                    caller=caller(),
                    now=now,
                )
            else:
                raise InvalidInput(Bilingual("请选择", "choose"), code="choice-missing", field="reason")
    except (InvalidInput, Conflict) as wrong:
        return _one(clearance_id, {str(wrong.details.get("field", "")): wrong.text}), status_for(type(wrong))
    return redirect(url_for("homonyms.one", clearance_id=clearance_id), 303)


@blueprint.get(f"/desk/homonyms/{CLEARANCE}/token")
@open_to(Permission.LISTING_READ)
def token(clearance_id: int) -> ResponseReturnValue:
    """The signed token as a file for the person. It says whose it is by a keyed digest, never the number."""
    content = token_file(services(), clearance_id)
    name = f"{content['number']}.json"
    return Response(
        json.dumps(content, ensure_ascii=False, indent=1) + "\n",
        mimetype="application/json",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )


def token_file(parts: Services, clearance_id: int) -> dict[str, object]:
    """What is signed, with its certificate and the number's key. Raises ``Conflict`` unless it is honoured now."""
    with parts.database.reading() as session:
        row = homonyms.find(session, clearance_id, caller=caller())
        number = numbers_of(session, parts.vault, [row.subject_id]).get(row.subject_id)
    if row.state not in HONOURED or row.approved_at is None or number is None:
        raise Conflict(
            Bilingual("尚未签批或者已经撤销，不能出具", "not signed yet, or taken back"),
            code="clearance-state",
            state=row.state,
        )
    salt = secrets.token_bytes(SALT_BYTES)
    said = {
        "format": HOMONYM,
        "issuer": parts.settings.host,
        "number": row.number,
        "subject": {
            "name": row.name,
            "number_type": number.type.value,
            "number_masked": number.masked,
            "number_digest": number_digest(salt, number.canonical),
        },
        "entry": row.entry,
        "court": row.court_name,
        "case_number": row.case_number,
        "approved_at": instant_said(row.approved_at),
    }
    payload = json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()
    return {**said, "certificate": answer_signer(parts).sign(payload), "number_key": encode(salt).decode()}


@blueprint.get("/homonyms/<number>")
@open_to(Permission.ANYONE)
def public(number: str) -> ResponseReturnValue:
    """Whether a token still counts: its state and its day, and nobody's name. Unknown and never signed look alike."""
    with services().database.reading() as session:
        row = homonyms.state_of(session, number)
    state = ClearanceState(row.state) if row is not None else None
    page = render(
        "checks/homonym_state.html",
        row=row,
        number=number[:32],
        honoured=row is not None and row.state in HONOURED,
        state=state,
    )
    return page, 200 if row is not None else 404
