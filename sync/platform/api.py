"""The exchange by API: links and alarms for those who watch them, who is late for the supervisor's systems."""

from __future__ import annotations

from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import fields, validate
from sqlalchemy import select

from creditsvc.access.permissions import Permission, open_to
from creditsvc.kernel.days import legal_day
from creditsvc.web.context import services
from creditsvc.web.schemas import Schema
from sync.platform.alarms import ALARMS, open_alarms
from sync.platform.late import all_late
from sync.platform.links import link_named, live_links
from sync.platform.tables import PlatformComparison

blueprint = Blueprint("platform_api", __name__, description="与信用平台交换 / exchange with platforms")


class AlarmResponse(Schema):
    """A named alarm that is not over."""

    code = fields.String(required=True)
    zh = fields.String(required=True)
    en = fields.String(required=True)
    detail = fields.String(required=True)
    times = fields.Integer(required=True)
    first_at = fields.DateTime(required=True)
    last_at = fields.DateTime(required=True)


class LinkResponse(Schema):
    """One link and how far it is."""

    name = fields.String(required=True)
    title = fields.String(required=True)
    profile = fields.String(required=True)
    channel = fields.String(required=True)
    batch = fields.Integer(required=True)
    reached = fields.Integer(required=True)
    paused = fields.Boolean(required=True)
    alarms = fields.List(fields.Nested(AlarmResponse), required=True)


class LinksResponse(Schema):
    """Every link."""

    links = fields.List(fields.Nested(LinkResponse), required=True)


class ComparisonResponse(Schema):
    """One comparison."""

    id = fields.Integer(required=True)
    at = fields.DateTime(required=True)
    sequence = fields.Integer(required=True)
    state = fields.String(required=True)
    found = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    waiting = fields.Integer(required=True)
    repaired = fields.Integer(required=True)
    report = fields.String(required=True)


class ComparisonsResponse(Schema):
    """Newest first."""

    comparisons = fields.List(fields.Nested(ComparisonResponse), required=True)


class PageQuery(Schema):
    """Paging by the last one seen."""

    before = fields.Integer(load_default=2**62, validate=validate.Range(0, 2**62))
    limit = fields.Integer(load_default=30, validate=validate.Range(1, 200))


class LateResponse(Schema):
    """One duty that is overdue."""

    name = fields.String(required=True)
    clock = fields.String(required=True)
    due_on = fields.Date(required=True)
    rows = fields.Integer(required=True)
    reference = fields.String(required=True)
    zh = fields.String(required=True)
    en = fields.String(required=True)
    clause = fields.String(required=True)


class LatesResponse(Schema):
    """The longest overdue first."""

    late = fields.List(fields.Nested(LateResponse), required=True)


@blueprint.route("/platform-links")
class Links(MethodView):
    """Links."""

    @open_to(Permission.SUBSCRIBER_READ)
    @blueprint.response(200, LinksResponse)
    def get(self) -> dict[str, Any]:
        """对接与告警 / links and alarms."""
        with services().database.reading() as session:
            return {
                "links": [
                    {"name": link.name, "title": link.title, "profile": link.profile, "channel": link.channel, "batch": link.serial,
                     "reached": min(link.removals_cursor, link.corrections_cursor, link.additions_cursor),
                     "paused": link.paused_at is not None,
                     "alarms": [{"code": alarm.code, "zh": ALARMS[alarm.code].name.zh, "en": ALARMS[alarm.code].name.en,
                                 "detail": alarm.detail, "times": alarm.times, "first_at": alarm.first_at, "last_at": alarm.last_at}
                                for alarm in open_alarms(session, link.id)]}
                    for link in live_links(session)
                ]
            }  # fmt: skip


@blueprint.route("/platform-links/<name>/comparisons")
class Comparisons(MethodView):
    """Comparisons of a link."""

    @open_to(Permission.SUBSCRIBER_READ)
    @blueprint.arguments(PageQuery, location="query")
    @blueprint.response(200, ComparisonsResponse)
    def get(self, query: dict[str, Any], name: str) -> dict[str, Any]:
        """对账 / comparisons, newest first."""
        with services().database.reading() as session:
            link = link_named(session, name)
            rows = session.scalars(
                select(PlatformComparison).where(PlatformComparison.link_id == link.id, PlatformComparison.id < query["before"])
                .order_by(PlatformComparison.id.desc()).limit(query["limit"])
            ).all()  # fmt: skip
            return {"comparisons": rows}


@blueprint.route("/oversight/late")
class Lates(MethodView):
    """Who is late."""

    @open_to(Permission.OVERSIGHT_READ)
    @blueprint.response(200, LatesResponse)
    def get(self) -> dict[str, Any]:
        """逾期清单 / who is late, by name and clause."""
        with services().database.reading() as session:
            found = all_late(session, legal_day(services().clock.now()))
        return {
            "late": [
                {"name": late.name, "clock": late.clock, "due_on": late.due_on, "rows": late.rows, "reference": late.reference,
                 "zh": late.what.zh, "en": late.what.en, "clause": late.clause.zh}
                for late in found
            ]
        }  # fmt: skip
