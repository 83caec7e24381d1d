"""The court's side of the API: entries, decisions by two people, and the public deadline calculator."""

from __future__ import annotations

from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import fields, validate

from creditsvc.access.permissions import Permission, open_to
from creditsvc.kernel.calendars import Calendar
from creditsvc.kernel.days import Deadline
from creditsvc.kernel.errors import InvalidInput
from creditsvc.kernel.load import timers
from creditsvc.kernel.text import Bilingual
from creditsvc.kernel.timers import Timer, due
from creditsvc.register import approving, decisions, desk_queries
from creditsvc.register.candidates import completed
from creditsvc.register.counting import EARLIEST, LATEST, LONGEST, UNITS, counted
from creditsvc.register.entries import PREFIX, in_reach, matter, target
from creditsvc.register.kinds import KINDS, clause_of
from creditsvc.register.tables import ConsumptionOrder, Decision, Listing
from creditsvc.storage.calendars import calendar
from creditsvc.web.context import caller, services
from creditsvc.web.schemas import Schema

blueprint = Blueprint("register", __name__, description="名单、决定与期限 / entries, decisions and deadlines")

ENTRY = validate.Regexp(r"^(lst|ord)_[0-9a-z]{24}$")
MATTER = validate.Regexp(r"^(lst|ord|cnd)_[0-9a-z]{24}$")
NUMBER = "<int(min=0,max=9223372036854775807):decision_id>"


class EntryResponse(Schema):
    """One entry as the court sees it, without identity numbers."""

    entry = fields.String(required=True)
    kind = fields.String(required=True)
    state = fields.String(required=True)
    revision = fields.Integer(required=True)
    name = fields.String(required=True)
    court_code = fields.String(required=True)
    court_name = fields.String(required=True)
    case_number = fields.String(required=True)
    grounds = fields.List(fields.String())
    decision_number = fields.String()
    published_on = fields.Date(allow_none=True)
    until = fields.Date(allow_none=True)
    exit = fields.Dict(allow_none=True)


class SearchQuery(Schema):
    """One of the three; identity numbers are asked for at the desk, by a posted form."""

    name = fields.String(validate=validate.Length(1, 256))
    case_number = fields.String(validate=validate.Length(1, 128))
    entry = fields.String(validate=ENTRY)
    after = fields.Integer(load_default=0, validate=validate.Range(0, 2**62))


class SearchResponse(Schema):
    """A page of entries, and after which one the next begins."""

    listings = fields.List(fields.Nested(EntryResponse), required=True)
    next = fields.Integer(required=True, allow_none=True)


class DraftRequest(Schema):
    """What is proposed."""

    kind = fields.String(required=True, validate=validate.OneOf(sorted(KINDS)))
    entry = fields.String(required=True, validate=MATTER)
    ground = fields.String(load_default="", validate=validate.Length(0, 64))
    clause = fields.String(load_default="", validate=validate.Length(0, 128))
    event_on = fields.Date(required=True)
    known_on = fields.Date(required=True)
    reason = fields.String(required=True, validate=validate.Length(1, 2000))
    document_number = fields.String(required=True, validate=validate.Length(1, 128))
    changes = fields.Dict(keys=fields.String(), load_default=dict)


class DecisionResponse(Schema):
    """A decision: what is shown to the second person, and its digest."""

    decision = fields.Integer(required=True)
    kind = fields.String(required=True)
    entry = fields.String(required=True)
    state = fields.String(required=True)
    draft = fields.Dict(required=True)
    digest = fields.String(required=True)
    due_on = fields.Date(allow_none=True)
    proposer = fields.String(required=True)
    approver = fields.String(allow_none=True)


class ApprovalRequest(Schema):
    """The second person's approval, bound to what was shown."""

    digest = fields.String(required=True, validate=validate.Length(equal=64))


class RejectionRequest(Schema):
    """Why not."""

    reason = fields.String(required=True, validate=validate.Length(1, 2000))


_COUNTABLE = [timer.id for timer in timers().values() if timer.countable]


class DeadlineQuery(Schema):
    """What is counted: by a limit of the law, or by a unit and a count."""

    start = fields.Date(required=True, validate=validate.Range(EARLIEST, LATEST))
    timer = fields.String(load_default="", validate=validate.OneOf(["", *_COUNTABLE]))
    """A limit of the law: unit and rolling are its own, and its length where that doesn't vary."""
    count = fields.Integer(load_default=None, allow_none=True, validate=validate.Range(1, LONGEST))
    unit = fields.String(load_default="working_days", validate=validate.OneOf(sorted(UNITS)))
    roll = fields.Boolean(load_default=True)


class StepSchema(Schema):
    """One day of the working."""

    day = fields.Date(required=True)
    counted = fields.Integer(required=True, allow_none=True)
    zh = fields.String(required=True)
    en = fields.String(required=True)


class DeadlineResponse(Schema):
    """The last day, whether it is provisional, and the working day by day."""

    day = fields.Date(required=True)
    provisional = fields.Boolean(required=True)
    earliest = fields.Date(required=True)
    latest = fields.Date(required=True)
    working = fields.List(fields.Nested(StepSchema), required=True)


class TimerResponse(Schema):
    """One limit of the law."""

    timer = fields.String(required=True)
    zh = fields.String(required=True)
    en = fields.String(required=True)
    from_zh = fields.String(required=True)
    from_en = fields.String(required=True)
    basis = fields.String(required=True)
    unit = fields.String(required=True, allow_none=True)
    shortest = fields.Integer(required=True)
    longest = fields.Integer(required=True)
    rolls = fields.Boolean(required=True)
    sure = fields.Boolean(required=True)


class TimersResponse(Schema):
    """All of them."""

    timers = fields.List(fields.Nested(TimerResponse), required=True)


@blueprint.route("/listings")
class Search(MethodView):
    """Entries of the caller's reach."""

    @open_to(Permission.LISTING_READ)
    @blueprint.arguments(SearchQuery, location="query")
    @blueprint.response(200, SearchResponse)
    def get(self, asked: dict[str, Any]) -> dict[str, Any]:
        """按姓名、案号或者记录编号查找 / entries by exact name, case number or entry; all of them, page by page, without."""
        text = next((asked[name] for name in ("entry", "case_number", "name") if asked.get(name)), "")
        with services().database.reading() as session:
            rows, following = desk_queries.search(session, services().vault, caller(), text=text, after=asked["after"])
            return {"listings": [_entry(row) for row in rows], "next": following}


@blueprint.route("/consumption-orders/<entry>")
@blueprint.route("/listings/<entry>")
class Entries(MethodView):
    """One entry."""

    @open_to(Permission.LISTING_READ)
    @blueprint.response(200, EntryResponse)
    def get(self, entry: str) -> dict[str, Any]:
        """一条记录 / one entry of the caller's court or of those below it."""
        with services().database.reading() as session:
            return _entry(in_reach(target(session, entry), caller()).row)


@blueprint.route("/decisions")
class Decisions(MethodView):
    """Proposals."""

    @open_to(Permission.DECISION_PROPOSE)
    @blueprint.arguments(DraftRequest)
    @blueprint.response(201, DecisionResponse)
    def post(self, asked: dict[str, Any]) -> dict[str, Any]:
        """提出决定，由第二人签批 / propose a decision; a second person approves it."""
        asked["clause"] = asked["clause"] or clause_of(asked["kind"], asked["ground"])
        now = services().clock.now()
        with services().database.writing() as session:
            draft = completed(session, services(), decisions.Draft(**asked), now=now)
            return _said(decisions.propose(session, draft, caller=caller(), now=now))


@blueprint.route(f"/decisions/{NUMBER}")
class OneDecision(MethodView):
    """One decision."""

    @open_to(Permission.LISTING_READ)
    @blueprint.response(200, DecisionResponse)
    def get(self, decision_id: int) -> dict[str, Any]:
        """一件决定 / one decision."""
        with services().database.reading() as session:
            row = decisions.decision_of(session, decision_id)
            in_reach(matter(session, row.entry), caller())
            return _said(row)


@blueprint.route(f"/decisions/{NUMBER}/approve")
class Approvals(MethodView):
    """The second person."""

    @open_to(Permission.DECISION_APPROVE)
    @blueprint.arguments(ApprovalRequest)
    @blueprint.response(200, DecisionResponse)
    def post(self, asked: dict[str, Any], decision_id: int) -> dict[str, Any]:
        """签批，立即生效 / approve; it takes effect at once."""
        with services().database.writing() as session:
            return _said(
                approving.approve(
                    session,
                    services(),
                    decision_id,
                    shown_digest=asked["digest"],
                    caller=caller(),
                    now=services().clock.now(),
                )
            )


@blueprint.route(f"/decisions/{NUMBER}/reject")
class Rejections(MethodView):
    """The second person disagrees."""

    @open_to(Permission.DECISION_APPROVE)
    @blueprint.arguments(RejectionRequest)
    @blueprint.response(200, DecisionResponse)
    def post(self, asked: dict[str, Any], decision_id: int) -> dict[str, Any]:
        """退回 / send it back with a reason."""
        with services().database.writing() as session:
            return _said(
                decisions.reject(
                    session, decision_id, reason=asked["reason"], caller=caller(), now=services().clock.now()
                )
            )


@blueprint.route("/deadlines")
class Deadlines(MethodView):
    """The calculator."""

    @open_to(Permission.ANYONE)
    @blueprint.arguments(DeadlineQuery, location="query")
    @blueprint.response(200, DeadlineResponse)
    def get(self, asked: dict[str, Any]) -> dict[str, Any]:
        """期限计算，逐日列出 / a deadline with its working day by day; the start day is not counted."""
        with services().database.reading() as session:
            known = calendar(session)
        found = _found(asked, known)
        steps = [
            {"day": step.day, "counted": step.counted, "zh": step.why.zh, "en": step.why.en} for step in found.working
        ]
        return {
            "day": found.day,
            "provisional": found.provisional,
            "earliest": found.earliest,
            "latest": found.latest,
            "working": steps,
        }


@blueprint.route("/deadlines/timers")
class Timers(MethodView):
    """The limits."""

    @open_to(Permission.ANYONE)
    @blueprint.response(200, TimersResponse)
    def get(self) -> dict[str, Any]:
        """全部法定期限及其依据 / every legal time limit with its basis; those without a unit are not counted."""
        return {"timers": [_timer(timer) for timer in timers().values()]}


def _found(asked: dict[str, Any], known: Calendar) -> Deadline:
    if asked["timer"]:
        return due(timers()[asked["timer"]], asked["start"], known, length=asked["count"])
    if asked["count"] is None:
        raise InvalidInput(
            Bilingual("请填写长度，或者选择期限", "give a count, or a timer"), code="count-range", field="count"
        )
    return counted(asked["unit"], asked["start"], asked["count"], known, roll=asked["roll"])


def _timer(timer: Timer) -> dict[str, Any]:
    return {
        "timer": timer.id, "zh": timer.what.zh, "en": timer.what.en, "from_zh": timer.starts.zh, "from_en": timer.starts.en,
        "basis": timer.basis, "unit": timer.unit, "shortest": timer.lengths[0], "longest": timer.lengths[1],
        "rolls": timer.rolls, "sure": timer.sure,
    }  # fmt: skip


def _entry(row: Listing | ConsumptionOrder) -> dict[str, Any]:
    names = ["entry", "state", "revision", "name", "court_code", "court_name", "case_number", "exit"]
    if isinstance(row, Listing):
        names += ["grounds", "decision_number", "published_on", "until"]
    return {name: getattr(row, name) for name in names} | {"kind": PREFIX[row.entry[:3]]}


def _said(row: Decision) -> dict[str, Any]:
    return {
        "decision": row.id, "kind": row.kind, "entry": row.entry, "state": row.state, "draft": row.draft, "digest": row.digest,
        "due_on": row.due_on, "proposer": row.proposer, "approver": row.approver,
    }  # fmt: skip
