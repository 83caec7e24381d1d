"""Feedback by API: an agency says what it did; the supervisor reads how far the loop is closed."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import fields, validate

from creditsvc.access.permissions import Permission, open_to
from creditsvc.checks.answer import reference_of
from creditsvc.checks.feedback import MAX_REASON, Done, Report, report, reports_of
from creditsvc.checks.feedback_figures import UnitFigures, feedback_figures
from creditsvc.checks.said import instant_said
from creditsvc.checks.tables_feedback import Feedback
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import InvalidInput
from creditsvc.kernel.text import Bilingual
from creditsvc.web.context import caller, services
from creditsvc.web.schemas import Schema

blueprint = Blueprint("feedback_api", __name__, description="惩戒反馈 / feedback: what was done on an answer")
SPAN = timedelta(days=30)


class FeedbackRequest(Schema):
    """What was done on an answer."""

    answer = fields.String(
        required=True,
        validate=validate.Length(1, 32),
        metadata={
            "description": "核查编号 chk-…，或者批量核查的编号（另填 row） / a check's number, or a screening's with its row"
        },
    )
    row = fields.Integer(load_default=None, allow_none=True, validate=validate.Range(1, 2**31))
    done = fields.Enum(Done, by_value=True, required=True)
    measure = fields.String(
        load_default="", validate=validate.Length(0, 64), metadata={"description": "措施，见 /v1/measures"}
    )
    reason = fields.String(
        load_default="",
        validate=validate.Length(0, MAX_REASON),
        metadata={"description": "未适用的须写理由 / why it was not applied"},
    )
    done_on = fields.Date(load_default=None, allow_none=True, metadata={"description": "处理日，缺省为今天"})


class FeedbackResponse(Schema):
    """A report as it stands."""

    feedback = fields.Integer(required=True)
    answer = fields.String(required=True)
    row = fields.Integer(required=True, allow_none=True)
    sector = fields.String(required=True)
    act = fields.String(required=True)
    outcome = fields.String(required=True, allow_none=True)
    done = fields.String(required=True)
    measure = fields.String(required=True)
    reason = fields.String(required=True)
    done_on = fields.String(required=True)
    at_odds = fields.Boolean(
        required=True,
        metadata={"description": "答复为不受限制而报告已适用 / applied although the answer named nothing"},
    )
    at = fields.String(required=True)


class FeedbackQuery(Schema):
    """Paging: ``before`` is the oldest seen."""

    before = fields.Integer(load_default=None, allow_none=True, validate=validate.Range(0, 2**62))
    limit = fields.Integer(load_default=50, validate=validate.Range(1, 200))


class FeedbacksResponse(Schema):
    """The unit's reports, newest first."""

    feedback = fields.List(fields.Nested(FeedbackResponse), required=True)


class SpanQuery(Schema):
    """From a day to a day, both included; the last thirty days unless told otherwise."""

    first = fields.Date(data_key="from", load_default=None, allow_none=True)
    last = fields.Date(data_key="to", load_default=None, allow_none=True)


class UnitFiguresSchema(Schema):
    """One unit."""

    unit = fields.String(required=True)
    answers = fields.Integer(required=True)
    reported = fields.Integer(required=True)
    unreported = fields.Integer(required=True)
    applied = fields.Integer(required=True)
    not_applied = fields.Integer(required=True)
    lifted = fields.Integer(required=True)
    at_odds = fields.Integer(required=True)


class FiguresResponse(Schema):
    """By unit."""

    first = fields.String(required=True, data_key="from")
    last = fields.String(required=True, data_key="to")
    units = fields.List(fields.Nested(UnitFiguresSchema), required=True)


def feedback_said(row: Feedback) -> dict[str, Any]:
    """A report as machines and pages read it."""
    return {
        "feedback": row.id,
        "answer": str(row.screening_id) if row.ledger_id is None else reference_of(row.ledger_id),
        "row": row.row_number,
        "sector": row.sector,
        "act": row.act,
        "outcome": row.outcome,
        "done": row.done,
        "measure": row.measure,
        "reason": row.reason,
        "done_on": row.done_on.isoformat(),
        "at_odds": row.at_odds,
        "at": instant_said(row.at),
    }


def span_of(first: date | None, last: date | None) -> tuple[date, date]:
    """The days that are meant. Raises ``InvalidInput`` where they lie the wrong way round."""
    ends = last or legal_day(services().clock.now())
    begins = first or ends - SPAN
    if begins > ends:
        raise InvalidInput(
            Bilingual("起始日不能晚于截止日", "the first day lies after the last"), code="days-reversed", field="from"
        )
    return begins, ends


def figures_said(row: UnitFigures) -> dict[str, Any]:
    """One unit's figures."""
    names = ("unit", "answers", "reported", "unreported", "applied", "not_applied", "lifted", "at_odds")
    return {name: getattr(row, name) for name in names}


@blueprint.route("/feedback")
class Feedbacks(MethodView):
    """Reports."""

    @open_to(Permission.CHECK_ASK)
    @blueprint.arguments(FeedbackRequest)
    @blueprint.response(201, FeedbackResponse)
    def post(self, asked: dict[str, Any]) -> dict[str, Any]:
        """报告对一次答复的处理：已适用、未适用及理由、已解除 / say what was done: applied, not applied and why, lifted."""
        now = services().clock.now()
        with services().database.writing() as session:
            return feedback_said(report(session, Report(**asked), caller=caller(), now=now))

    @open_to(Permission.CHECK_ASK)
    @blueprint.arguments(FeedbackQuery, location="query")
    @blueprint.response(200, FeedbacksResponse)
    def get(self, asked: dict[str, Any]) -> dict[str, Any]:
        """本单位的反馈，新的在前 / the unit's own reports, newest first."""
        with services().database.reading() as session:
            return {"feedback": [feedback_said(one) for one in reports_of(session, caller=caller(), **asked)]}


@blueprint.route("/oversight/feedback")
class Figures(MethodView):
    """Figures."""

    @open_to(Permission.OVERSIGHT_READ)
    @blueprint.arguments(SpanQuery, location="query")
    @blueprint.response(200, FiguresResponse)
    def get(self, asked: dict[str, Any]) -> dict[str, Any]:
        """各单位：有措施的答复、已反馈、未反馈、与答复不符 / by unit: answers that named something, reports, at odds with the answer."""
        first, last = span_of(asked["first"], asked["last"])
        with services().database.reading() as session:
            units = [figures_said(one) for one in feedback_figures(session, first, last)]
        return {"first": first.isoformat(), "last": last.isoformat(), "units": units}
