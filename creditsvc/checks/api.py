"""The agency's side of the API: checks. Identity numbers travel in bodies alone."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from flask.views import MethodView
from flask.wrappers import Response
from flask_smorest import Blueprint
from marshmallow import fields, validate

from creditsvc.access.permissions import Permission, open_to
from creditsvc.checks.answer import ask
from creditsvc.checks.answer_keys import public_keys
from creditsvc.checks.certificate import LONGEST
from creditsvc.checks.pages import paper_response
from creditsvc.checks.questions import MAX_MATTER, MAX_NAME, MAX_PURPOSE, Question, asked_number
from creditsvc.checks.rulebook_law import overlay_of
from creditsvc.checks.signed import signed
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.identity import NumberType
from creditsvc.web.context import caller, services
from creditsvc.web.quick import quickly
from creditsvc.web.schemas import Schema

blueprint = Blueprint(
    "checks", __name__, description="核查：某人此刻在此行业能否办理此事 / may this person do this, here, today"
)


class PlainRequest(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A question as nearly all are put: what must be there, and nothing else."""

    number: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_NAME)]
    sector: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    act: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    purpose: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_PURPOSE)]
    matter: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_MATTER)]


class CheckRequest(Schema):
    """One question."""

    number = fields.String(
        required=True, validate=validate.Length(1, 64), metadata={"description": "证件号码或统一社会信用代码"}
    )
    number_type = fields.Enum(NumberType, by_value=True, metadata={"description": "证件种类，缺省时按号码形状判断"})
    name = fields.String(required=True, validate=validate.Length(1, MAX_NAME))
    sector = fields.String(
        required=True, validate=validate.Length(1, 64), metadata={"description": "行业，见 /v1/sectors"}
    )
    act = fields.String(
        required=True, validate=validate.Length(1, 64), metadata={"description": "事项，见 /v1/sectors"}
    )
    purpose = fields.String(required=True, validate=validate.Length(1, MAX_PURPOSE))
    matter = fields.String(
        required=True,
        validate=validate.Length(1, MAX_MATTER),
        metadata={"description": "办件编号，写入访问台账 / number of the matter, kept in the ledger"},
    )
    on = fields.Date(metadata={"description": "核查日（北京日期），缺省为今天"})
    known_on = fields.Date(
        metadata={"description": "按该日终了时已知的记录作答，缺省为现在 / as known at the end of that day"}
    )


class TextSchema(Schema):
    """A text in both languages."""

    zh = fields.String(required=True)
    en = fields.String(required=True)


class ReasonSchema(Schema):
    """Why, and on which clause."""

    code = fields.String(required=True)
    text = fields.Nested(TextSchema, required=True)
    clause = fields.Nested(TextSchema, required=True)


class LineSchema(TextSchema):
    """A line of the working."""

    step = fields.String(required=True)
    held = fields.Boolean(required=True, allow_none=True)
    clause = fields.Nested(TextSchema, required=True, allow_none=True)


class VerdictSchema(Schema):
    """What one measure says."""

    measure = fields.String(required=True, allow_none=True)
    title = fields.Nested(TextSchema, required=True)
    outcome = fields.String(required=True, validate=validate.OneOf(["restricted", "clear", "needs_officer"]))
    reasons = fields.List(fields.Nested(ReasonSchema), required=True)
    sources = fields.List(fields.Dict(), required=True)
    ends = fields.Nested(TextSchema, required=True)
    changes_on = fields.String(required=True, allow_none=True)
    next_step = fields.Nested(TextSchema, required=True)
    trace = fields.List(fields.Nested(LineSchema), required=True)


class SubjectSchema(Schema):
    """Whom the question was about, as the asker named them; the number masked."""

    name = fields.String(required=True)
    number_type = fields.String(required=True)
    number_masked = fields.String(required=True)
    number_digest = fields.String(
        required=True, metadata={"description": "HMAC-SHA-256 of ``type:number`` under ``number_key``"}
    )


class AskedBySchema(Schema):
    """Whose question it is, and what for."""

    unit = fields.String(required=True)
    purpose = fields.String(required=True)
    matter = fields.String(required=True)


class CheckResponse(Schema):
    """The answer; ``outcome`` is the strictest of the verdicts. ``certificate`` signs all members before it."""

    format = fields.String(required=True)
    issuer = fields.String(required=True)
    subject = fields.Nested(SubjectSchema, required=True)
    asked_by = fields.Nested(AskedBySchema, required=True)
    check = fields.String(required=True)
    outcome = fields.String(required=True, validate=validate.OneOf(["restricted", "clear", "needs_officer"]))
    sector = fields.String(required=True)
    act = fields.String(required=True)
    on = fields.String(required=True)
    known_on = fields.String(required=True, allow_none=True)
    answered_at = fields.String(required=True)
    good_until = fields.String(required=True, metadata={"description": "逾时请重新核查 / ask anew after this"})
    as_of_event = fields.Integer(required=True)
    as_of = fields.String(required=True, allow_none=True)
    newest_list = fields.String(required=True, allow_none=True)
    age_seconds = fields.Integer(required=True, allow_none=True)
    catalogue = fields.String(required=True)
    changes_on = fields.String(required=True, allow_none=True)
    cleared_by = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "已按非名单本人证明排除的，证明编号 / clearances honoured: not the listed person"},
    )
    verdicts = fields.List(fields.Nested(VerdictSchema), required=True)
    certificate = fields.String(required=True, metadata={"description": "JWS (RFC 7515, Ed25519), see /v1/answer-keys"})
    number_key = fields.String(required=True)


@blueprint.route("/checks")
class Checks(MethodView):
    """One person at a time."""

    @open_to(Permission.CHECK_ASK)
    @quickly(blueprint, CheckRequest(), PlainRequest, CheckResponse)
    def post(self, asked: dict[str, Any]) -> Response:
        """核查一人：先写访问台账，再作答，答复附签名 / check one person: the ledger first, then the signed answer."""
        parts = services()
        now = parts.clock.now()
        question = Question(
            number=asked_number(asked["number"], expected=asked.get("number_type")),
            name=asked["name"],
            sector=asked["sector"],
            act=asked["act"],
            purpose=asked["purpose"],
            matter=asked["matter"],
            on=asked.get("on") or legal_day(now),
            known_on=asked.get("known_on"),
        )
        answer = signed(parts, ask(parts, question, caller=caller(), now=now, overlay=overlay_of(parts.settings)))
        return Response(answer.body, mimetype="application/json", headers=age_headers(answer.content))


def age_headers(content: dict[str, Any]) -> dict[str, str]:
    """How old the data are, and until when the answer may be acted on, for programs that read headers alone."""
    return {
        "Cache-Control": "no-store",
        "Answer-Age": "-" if content["age_seconds"] is None else str(content["age_seconds"]),
        "Answer-Good-Until": content["good_until"],
    }


class PaperRequest(Schema):
    """A certificate that was given with an answer."""

    certificate = fields.String(required=True, validate=validate.Length(1, LONGEST))


@blueprint.route("/checks/paper")
class Paper(MethodView):
    """The answer on paper."""

    @open_to(Permission.CHECK_ASK)
    @blueprint.arguments(PaperRequest)
    @blueprint.response(200, {"type": "string", "format": "binary"}, content_type="application/pdf")
    def post(self, asked: dict[str, Any]) -> Response:
        """把答复证明排成 PDF，内附签名和二维码 / the certificate as a PDF with its signature attached and a QR code."""
        return paper_response(asked["certificate"])


class KeySchema(Schema):
    """A public key (RFC 7517, RFC 8037)."""

    kty = fields.String(required=True)
    crv = fields.String(required=True)
    x = fields.String(required=True)
    kid = fields.String(required=True)
    use = fields.String(required=True)
    alg = fields.String(required=True)
    first_day = fields.String()


class KeysResponse(Schema):
    """A JWK set."""

    keys = fields.List(fields.Nested(KeySchema), required=True)


@blueprint.route("/answer-keys")
class AnswerKeys(MethodView):
    """By which answers are verified."""

    @open_to(Permission.ANYONE)
    @blueprint.response(200, KeysResponse)
    def get(self) -> dict[str, Any]:
        """验证答复签名的公钥，历年的都在；请与答复一并存档 / the keys that verify answers; keep them with the answers."""
        return public_keys(services())
