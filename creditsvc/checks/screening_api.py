"""Screenings by API: send a list as the body, ask how far it is, take the results, stop it.

What is asked stands in the address, whom it is asked about in the body alone.
"""

from __future__ import annotations

from typing import Any, BinaryIO, cast

from flask import Response, request
from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import fields, validate

from creditsvc.access.permissions import Permission, open_to
from creditsvc.checks import screening as lists
from creditsvc.checks.barred import refuse_barred
from creditsvc.checks.questions import MAX_MATTER, MAX_PURPOSE
from creditsvc.checks.screening_said import STATES, said
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import InvalidInput
from creditsvc.kernel.text import Bilingual
from creditsvc.web.context import caller, services
from creditsvc.web.schemas import Schema

blueprint = Blueprint("screenings_api", __name__, description="批量核查 / screening: many people asked about at once")

SCREENING = "<int(min=0,max=9223372036854775807):screening_id>"


KINDS = (
    "text/csv",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/x-ndjson",
    "application/json",
)
blueprint.before_request(refuse_barred)
_BYTES = {"schema": {"type": "string", "format": "binary"}}


class ScreeningQuery(Schema):
    """What is asked about everybody in the list."""

    sector = fields.String(required=True, validate=validate.Length(1, 64))
    act = fields.String(required=True, validate=validate.Length(1, 64))
    purpose = fields.String(required=True, validate=validate.Length(1, MAX_PURPOSE))
    matter = fields.String(required=True, validate=validate.Length(1, MAX_MATTER))
    on = fields.Date(metadata={"description": "核查日（北京日期），缺省为今天"})


class ScreeningResponse(Schema):
    """A screening and how far it is."""

    screening = fields.Integer(required=True)
    state = fields.String(required=True, validate=validate.OneOf(list(STATES)))
    filename = fields.String(required=True)
    format = fields.String(required=True)
    sha256 = fields.String(required=True)
    sector = fields.String(required=True)
    act = fields.String(required=True)
    purpose = fields.String(required=True)
    matter = fields.String(required=True, allow_none=True)
    on = fields.String(required=True)
    rows = fields.Integer(required=True)
    answered = fields.Integer(required=True)
    restricted = fields.Integer(required=True)
    needs_officer = fields.Integer(required=True)
    clear = fields.Integer(required=True)
    faulty = fields.Integer(required=True)
    to_look_at = fields.Integer(required=True)
    as_of_event = fields.Integer(required=True, allow_none=True)
    problem = fields.Dict(required=True, allow_none=True)
    created_at = fields.String(required=True)
    finished_at = fields.String(required=True, allow_none=True)


class ScreeningsQuery(Schema):
    """Paging: ``before`` is the oldest seen."""

    before = fields.Integer(load_default=None, allow_none=True, validate=validate.Range(0, 2**62))
    limit = fields.Integer(load_default=50, validate=validate.Range(1, 200))


class ScreeningsResponse(Schema):
    """The unit's screenings, newest first."""

    screenings = fields.List(fields.Nested(ScreeningResponse), required=True)


@blueprint.route("/screenings")
class Screenings(MethodView):
    """Lists of people."""

    @open_to(Permission.SCREEN_RUN)
    @blueprint.arguments(ScreeningQuery, location="query")
    @blueprint.response(202, ScreeningResponse)
    @blueprint.doc(requestBody={"required": True, "content": dict.fromkeys(KINDS, _BYTES)})
    def post(self, asked: dict[str, Any]) -> dict[str, Any]:
        """以名单文件（CSV、XLSX、NDJSON）为正文，最多一百万行 / the list is the body: CSV, XLSX or NDJSON, a million rows."""
        if not request.content_length and "chunked" not in request.headers.get("Transfer-Encoding", ""):
            raise InvalidInput(
                Bilingual("请求中没有名单", "the request holds no list"), code="file-empty", field="file"
            )
        parts = services()
        now = parts.clock.now()
        on = asked.get("on") or legal_day(now)
        ask = lists.Ask(asked["sector"], asked["act"], asked["purpose"], asked["matter"], on)
        named = request.headers.get("Content-Disposition", "").partition("filename=")[2].strip('"')
        source = cast(BinaryIO, request.stream)
        return said(lists.receive(parts, source, ask, filename=named or "list", caller=caller(), now=now))

    @open_to(Permission.SCREEN_RUN)
    @blueprint.arguments(ScreeningsQuery, location="query")
    @blueprint.response(200, ScreeningsResponse)
    def get(self, asked: dict[str, Any]) -> dict[str, Any]:
        """本单位的批量核查，新的在前 / the unit's screenings, newest first."""
        with services().database.reading() as session:
            return {"screenings": [said(one) for one in lists.newest(session, caller=caller(), **asked)]}


@blueprint.route(f"/screenings/{SCREENING}")
class OneScreening(MethodView):
    """One list."""

    @open_to(Permission.SCREEN_RUN)
    @blueprint.response(200, ScreeningResponse)
    def get(self, screening_id: int) -> dict[str, Any]:
        """进度与合计 / how far it is, and its figures."""
        with services().database.reading() as session:
            return said(lists.find(session, screening_id, caller=caller()))

    @open_to(Permission.SCREEN_RUN)
    @blueprint.response(200, ScreeningResponse)
    def delete(self, screening_id: int) -> dict[str, Any]:
        """取消；已完成的，销毁名单和结果 / cancel it, or destroy the list and its results."""
        return said(lists.cancel(services(), screening_id, caller=caller(), now=services().clock.now()))


@blueprint.route(f"/screenings/{SCREENING}/resume")
class Resumed(MethodView):
    """Going on."""

    @open_to(Permission.SCREEN_RUN)
    @blueprint.response(200, ScreeningResponse)
    def post(self, screening_id: int) -> dict[str, Any]:
        """从停下之处继续 / go on where it stopped."""
        return said(lists.resume(services(), screening_id, caller=caller(), now=services().clock.now()))


@blueprint.route(f"/screenings/{SCREENING}/results")
class Results(MethodView):
    """What was found."""

    @open_to(Permission.SCREEN_RUN)
    @blueprint.response(200, {"type": "string", "format": "binary"}, content_type="text/csv")
    def get(self, screening_id: int) -> Response:
        """结果：原表各栏之后附核查结果，格式同原表 / the sender's own columns with the answers beside them, in the same format."""
        return results_response(screening_id)


def results_response(screening_id: int) -> Response:
    """The results as a download, streamed."""
    parts = services()
    screening, writer, pieces = lists.results(parts, screening_id, caller=caller(), now=parts.clock.now())
    name = f"screening-{screening.id}-results.{writer.extension}"
    return Response(
        pieces,
        content_type=writer.media_type,
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )
