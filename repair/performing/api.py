"""The agency's side of the API: standing on the incentive list. Identity numbers travel in bodies alone."""

from __future__ import annotations

from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import fields, validate

from creditsvc.access.permissions import Permission, open_to
from creditsvc.checks.questions import MAX_NAME, MAX_PURPOSE
from creditsvc.kernel.identity import NumberType, parse_identity
from creditsvc.web.context import caller, services
from creditsvc.web.schemas import Schema
from punishment_rules.incentives import Grant
from repair.performing.answers import IncentiveQuestion, Standing, ask

blueprint = Blueprint(
    "incentive_standing",
    __name__,
    description="自动履行激励：是否列入、可享受什么 / on the incentive list, and what follows",
)


class IncentiveStandingRequest(Schema):
    """One question."""

    number = fields.String(required=True, validate=validate.Length(1, 64))
    number_type = fields.Enum(NumberType, by_value=True)
    name = fields.String(required=True, validate=validate.Length(1, MAX_NAME))
    sector = fields.String(required=True, validate=validate.Length(1, 64))
    purpose = fields.String(required=True, validate=validate.Length(1, MAX_PURPOSE))
    matter = fields.String(load_default="", validate=validate.Length(0, 100))


class SaidBoth(Schema):
    """A text in both languages."""

    zh = fields.String(required=True)
    en = fields.String(required=True)


class StandingIncentiveShape(Schema):
    """One incentive of the sector."""

    incentive = fields.String(required=True)
    title = fields.Nested(SaidBoth, required=True)
    grant = fields.Enum(Grant, by_value=True, required=True)
    clause = fields.Nested(SaidBoth, required=True)
    evidence = fields.Nested(SaidBoth, required=True)


class IncentiveStandingResponse(Schema):
    """The answer. ``on_list`` false says nothing else about anybody."""

    check = fields.String(required=True)
    on_list = fields.Boolean(required=True)
    on = fields.Date(required=True)
    until = fields.Date(required=True, allow_none=True)
    certificate = fields.String(required=True, allow_none=True)
    catalogue = fields.String(required=True)
    incentives = fields.List(fields.Nested(StandingIncentiveShape), required=True)


@blueprint.route("/incentives/standing")
class StandingView(MethodView):
    """One person at a time."""

    @open_to(Permission.CHECK_ASK)
    @blueprint.arguments(IncentiveStandingRequest)
    @blueprint.response(200, IncentiveStandingResponse)
    def post(self, asked: dict[str, Any]) -> dict[str, Any]:
        """是否列入激励名单、本行业可给予什么：先写访问台账，再作答 / the ledger first, then the answer."""
        question = IncentiveQuestion(
            number=parse_identity(asked["number"], expected=asked.get("number_type")),
            name=asked["name"],
            sector=asked["sector"],
            purpose=asked["purpose"],
            matter=asked["matter"],
        )
        with services().database.writing() as session:
            answer = ask(session, services(), question, caller=caller(), now=services().clock.now())
        return said(answer)


def said(answer: Standing) -> dict[str, Any]:
    """The answer as machines read it."""
    return {
        "check": f"inc-{answer.asked:010d}",
        "on_list": answer.on_list,
        "on": answer.on,
        "until": answer.until,
        "certificate": answer.certificate,
        "catalogue": answer.edition,
        "incentives": [
            {
                "incentive": each.incentive.id,
                "title": {"zh": each.incentive.title.zh, "en": each.incentive.title.en},
                "grant": each.grant,
                "clause": {"zh": each.citation.text.zh, "en": each.citation.text.en},
                "evidence": {"zh": each.evidence.zh, "en": each.evidence.en},
            }
            for each in answer.incentives
        ],
    }
