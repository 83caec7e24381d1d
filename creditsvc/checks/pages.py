"""The agency's pages: one box, one answer; the public front page; the catalogue to read."""

from __future__ import annotations

import json

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask.wrappers import Response

from creditsvc.access.permissions import Permission, open_to
from creditsvc.checks.answer import CheckAnswer, ask
from creditsvc.checks.answer_keys import public_keys
from creditsvc.checks.answer_paper import answer_paper
from creditsvc.checks.asked import acts_of, day_of, sectors
from creditsvc.checks.barred import refuse_barred
from creditsvc.checks.certificate import opened, read_keys
from creditsvc.checks.data_age import GOOD_FOR
from creditsvc.checks.questions import Question, asked_number
from creditsvc.checks.rulebook_law import overlay_of
from creditsvc.checks.signed import signed
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import InvalidInput, TooMany, Unavailable
from creditsvc.kernel.identity import NumberType
from creditsvc.kernel.text import Bilingual
from creditsvc.web.context import caller, services
from creditsvc.web.language import language
from creditsvc.web.pages import render
from punishment_rules.load import catalogue

blueprint = Blueprint("checks_pages", __name__, template_folder="templates")
blueprint.before_request(refuse_barred)

NUMBER_TYPES = {
    "": Bilingual(
        "身份证、统一社会信用代码或组织机构代码（自动识别）", "resident number or unit code (recognised by itself)"
    ),
    NumberType.PASSPORT.value: Bilingual("护照", "passport"),
    NumberType.HK_MACAO_PERMIT.value: Bilingual("港澳居民来往内地通行证", "Hong Kong and Macao permit"),
    NumberType.TAIWAN_PERMIT.value: Bilingual("台湾居民来往大陆通行证", "Taiwan permit"),
    NumberType.FOREIGNER_PERMIT.value: Bilingual("外国人永久居留身份证", "foreigner's permanent residence"),
}


@blueprint.get("/")
@open_to(Permission.ANYONE)
def front() -> ResponseReturnValue:
    """Where to go."""
    return render("checks/front.html")


@blueprint.get("/agency/")
@open_to(Permission.CHECK_ASK)
def agency() -> ResponseReturnValue:
    """The question, with the sector of one's own unit chosen."""
    sector = request.args.get("sector") or caller().sector or "transport"
    return _form({"sector": sector if sector in catalogue().sectors else "transport"})


@blueprint.post("/agency/")
@open_to(Permission.CHECK_ASK)
def check() -> ResponseReturnValue:
    """The answer; with ``choose`` only another sector's acts are shown, and nothing is asked yet."""
    form = {
        name: request.form.get(name, "")
        for name in ("name", "sector", "act", "purpose", "matter", "on", "known_on", "number_type")
    }
    if form["sector"] not in catalogue().sectors:
        form["sector"] = "transport"
    if "choose" in request.form:
        return _form(form)
    try:
        answer = _ask(form, request.form.get("number", ""))
    except InvalidInput as wrong:
        return _form(form, errors={wrong.details.get("field", ""): wrong.text}, status=422)
    except TooMany as much:
        return _form(form, errors={"": much.text}, status=429)
    except Unavailable as unknown:
        return _form(form, errors={"": unknown.text}, status=503)
    given = signed(services(), answer)
    return render(
        "checks/answer.html",
        answer=answer,
        said=given.content,
        given=given,
        good_until=answer.answered_at + GOOD_FOR,
        labels=_labels(answer),
        masked=answer.question.number.masked,
    )


@blueprint.post("/agency/answer-file")
@open_to(Permission.CHECK_ASK)
def answer_file() -> ResponseReturnValue:
    """The signed answer as a file for the unit's own records; what is not ours is refused."""
    certificate, number_key = request.form.get("certificate", ""), request.form.get("number_key", "")
    if "paper" in request.form:
        return paper_response(certificate)
    said = opened(certificate, read_keys(json.dumps(public_keys(services()))))
    kept = {**said, "certificate": certificate, "number_key": number_key}
    name = f"{said['check']}.json"
    return Response(
        json.dumps(kept, ensure_ascii=False, indent=1) + "\n",
        mimetype="application/json",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )


def paper_response(certificate: str) -> Response:
    """The answer as a PDF with its signature attached."""
    number, pdf = answer_paper(services(), certificate, language=language(), now=services().clock.now())
    headers = {"Content-Disposition": f'attachment; filename="{number}.pdf"', "Cache-Control": "no-store"}
    return Response(pdf, mimetype="application/pdf", headers=headers)


@blueprint.get("/answer-keys.json")
@open_to(Permission.ANYONE)
def keys_file() -> ResponseReturnValue:
    """The public keys as a file, to be kept beside the answers."""
    return Response(
        json.dumps(public_keys(services()), indent=1) + "\n",
        mimetype="application/json",
        headers={"Content-Disposition": 'attachment; filename="answer-keys.json"'},
    )


def _ask(form: dict[str, str], number: str) -> CheckAnswer:
    parts, now = services(), services().clock.now()
    expected = NumberType(form["number_type"]) if form["number_type"] in set(NumberType) else None
    question = Question(
        number=asked_number(number, expected=expected),
        name=form["name"].strip(),
        sector=form["sector"],
        act=form["act"],
        purpose=form["purpose"].strip(),
        matter=form["matter"].strip(),
        on=day_of(form["on"]) or legal_day(now),
        known_on=day_of(form["known_on"], field="known_on"),
    )
    overlay = overlay_of(parts.settings)
    return ask(parts, question, caller=caller(), now=now, overlay=overlay)


def _form(
    form: dict[str, str], *, errors: dict[str, Bilingual] | None = None, status: int = 200
) -> ResponseReturnValue:
    acts = acts_of(form["sector"])
    page = render(
        "checks/ask.html", form=form, errors=errors or {}, sectors=sectors(), acts=acts, number_types=NUMBER_TYPES,
        today=legal_day(services().clock.now()),
    )  # fmt: skip
    return page, status


def _labels(answer: CheckAnswer) -> dict[str, Bilingual]:
    sector, act = (
        catalogue().sector(answer.question.sector),
        catalogue().act(answer.question.sector, answer.question.act),
    )
    outcome = answer.answer.outcome.label
    return {
        "sector": Bilingual(sector.label.zh, sector.label.en),
        "act": Bilingual(act.label.zh, act.label.en),
        "outcome": Bilingual(outcome.zh, outcome.en),
    }
