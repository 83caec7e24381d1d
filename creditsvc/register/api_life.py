"""The court's side of the API beyond decisions: candidates, what happened, notes, service, what is due."""

from __future__ import annotations

from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import fields, validate

from creditsvc.access.permissions import Permission, open_to
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.identity import parse_identity
from creditsvc.kernel.load import timers
from creditsvc.register import candidates, circumstances
from creditsvc.register.circumstance_kinds import CircumstanceKind
from creditsvc.register.due import settle_by_word
from creditsvc.register.effects_marks import note_at_once
from creditsvc.register.entries import CandidateTarget, in_reach, matter, target, unknown_entry
from creditsvc.register.life_view import life_of
from creditsvc.register.marks import MARKS, Mark
from creditsvc.register.service import ServiceMode, record_service
from creditsvc.register.tables_matters import CandidateRecord
from creditsvc.register.task_kinds import TaskKind
from creditsvc.tasks.queue import open_tasks
from creditsvc.tasks.tables import Task
from creditsvc.web.context import caller, services
from creditsvc.web.schemas import Schema

blueprint = Blueprint("register_life", __name__, description="候选、情形、标注、送达与待办 / the life of an entry")
REASON = fields.String(required=True, validate=validate.Length(1, 2000))
DOCUMENT = fields.String(required=True, validate=validate.Length(1, 128))


class CandidateRequest(Schema):
    """A debtor in a case. The number travels in the body alone and is sealed at once."""

    number = fields.String(required=True, validate=validate.Length(1, 32))
    name = fields.String(required=True, validate=validate.Length(1, 256))
    court_code = fields.String(required=True, validate=validate.Length(1, 16))
    case_number = fields.String(required=True, validate=validate.Length(1, 128))
    filed_on = fields.Date(load_default=None, allow_none=True)
    notice_served_on = fields.Date(required=True)
    perform_by = fields.Date(required=True)
    obligation = fields.String(load_default="", validate=validate.Length(0, 20_000))
    basis_number = fields.String(load_default="", validate=validate.Length(0, 256))
    basis_issuer = fields.String(load_default="", validate=validate.Length(0, 256))
    performance = fields.String(load_default="none", validate=validate.OneOf(["none", "partial", "full"]))
    performed_part = fields.String(load_default="", validate=validate.Length(0, 20_000))
    unperformed_part = fields.String(load_default="", validate=validate.Length(0, 20_000))
    legal_representative = fields.String(load_default="", validate=validate.Length(0, 128))
    applicants = fields.List(
        fields.String(validate=validate.Length(1, 256)), load_default=list, validate=validate.Length(0, 50)
    )
    relisting_of = fields.String(load_default=None, allow_none=True, validate=validate.Regexp(r"^lst_[0-9a-z]{24}$"))


class CandidateResponse(Schema):
    """A candidate, without its number; homonyms are other people of the same name."""

    entry = fields.String(required=True)
    state = fields.String(required=True)
    name = fields.String(required=True)
    debtor_kind = fields.String(required=True)
    court_code = fields.String(required=True)
    court_name = fields.String(required=True)
    case_number = fields.String(required=True)
    applicant = fields.String(allow_none=True)
    applied_on = fields.Date(allow_none=True)
    listing = fields.String(allow_none=True)
    relisting_of = fields.String(allow_none=True)
    homonyms = fields.List(fields.Dict())


class ReviewRequest(Schema):
    """On whose application; empty for the court's own motion."""

    applicant = fields.String(load_default="", validate=validate.Length(0, 256))
    applied_on = fields.Date(load_default=None, allow_none=True)
    reason = fields.String(load_default="", validate=validate.Length(0, 2000))


class CircumstanceRequest(Schema):
    """What happened in the case, and when the court came to know."""

    kind = fields.String(required=True, validate=validate.OneOf([*CircumstanceKind]))
    event_on = fields.Date(required=True)
    known_on = fields.Date(required=True)
    document_number = DOCUMENT
    reason = REASON
    voluntary = fields.Boolean(load_default=None, allow_none=True)


class CircumstanceResponse(Schema):
    """One recorded circumstance and the proposal that it led to."""

    entry = fields.String(required=True)
    kind = fields.String(required=True)
    event_on = fields.Date(required=True)
    known_on = fields.Date(required=True)
    decision = fields.Integer(allow_none=True, attribute="decision_id")


class CircumstancesResponse(Schema):
    """What was recorded, one row a record of the debtor in the case."""

    circumstances = fields.List(fields.Nested(CircumstanceResponse), required=True)


class NoteRequest(Schema):
    """A request that came in: the entry is marked at once and stays as it is."""

    mark = fields.String(required=True, validate=validate.OneOf([mark for mark, rule in MARKS.items() if rule.at_once]))
    document_number = DOCUMENT
    reason = REASON


class NoteResponse(Schema):
    """Whether the mark is new."""

    marked = fields.Boolean(required=True)


class ServiceRequest(Schema):
    """How and when it was served."""

    mode = fields.String(required=True, validate=validate.OneOf([*ServiceMode]))
    day = fields.Date(required=True)
    document_number = DOCUMENT


class ServiceResponse(Schema):
    """From which day the service counts."""

    served_on = fields.Date(required=True)


class LifeEventResponse(Schema):
    """One event with its times kept apart: when it happened, was known, was decided, was recorded."""

    revision = fields.Integer(required=True)
    type = fields.String(required=True)
    event_on = fields.Date(allow_none=True)
    known_on = fields.Date(allow_none=True)
    decided_on = fields.Date(allow_none=True)
    recorded_at = fields.AwareDateTime(required=True)
    actor = fields.String(required=True)
    clause = fields.String(required=True)
    document_number = fields.String(allow_none=True)


class PeriodResponse(Schema):
    """A mark, a relief or a grace period."""

    kind = fields.String(required=True)
    from_day = fields.Date(required=True)
    to_day = fields.Date(allow_none=True)


class LifeResponse(Schema):
    """An entry's whole life."""

    entry = fields.String(required=True)
    state = fields.String(required=True)
    overlays = fields.List(fields.String(), required=True)
    events = fields.List(fields.Nested(LifeEventResponse), required=True)
    periods = fields.List(fields.Nested(PeriodResponse), required=True)
    circumstances = fields.List(fields.Nested(CircumstanceResponse), required=True)


class TaskResponse(Schema):
    """A matter that is due; provisional days have an earliest and a latest, a moved one the day before."""

    task = fields.Integer(required=True)
    kind = fields.String(required=True)
    zh = fields.String(required=True)
    en = fields.String(required=True)
    entry = fields.String(allow_none=True)
    court_code = fields.String(required=True)
    due_on = fields.Date(allow_none=True)
    earliest_on = fields.Date(allow_none=True)
    latest_on = fields.Date(allow_none=True)
    due_before = fields.Date(allow_none=True)
    provisional = fields.Boolean(required=True)
    level = fields.Integer(required=True)
    basis = fields.String(allow_none=True)


class SettleRequest(Schema):
    """What was found or done, and why."""

    outcome = REASON


class DueResponse(Schema):
    """What is due, most urgent first."""

    tasks = fields.List(fields.Nested(TaskResponse), required=True)


@blueprint.route("/candidates")
class Candidates(MethodView):
    """Putting a debtor before the court."""

    @open_to(Permission.DECISION_PROPOSE)
    @blueprint.arguments(CandidateRequest)
    @blueprint.response(201, CandidateResponse)
    def post(self, asked: dict[str, Any]) -> dict[str, Any]:
        """提出候选；同名不同人的记录另列，不作匹配 / a candidate; others of the same name are shown, never matched."""
        number = parse_identity(asked.pop("number"))
        new = candidates.NewCandidate(number=number, **asked)
        with services().database.writing() as session:
            row = candidates.open_candidate(session, services(), new, caller=caller(), now=services().clock.now())
            others = candidates.homonyms(session, services(), number, row.name, caller=caller())
            return _candidate(row) | {
                "homonyms": [{"entry": one.entry, "court": one.court_name, "state": one.state} for one in others]
            }


@blueprint.route("/candidates/<entry>")
class OneCandidate(MethodView):
    """One candidate."""

    @open_to(Permission.LISTING_READ)
    @blueprint.response(200, CandidateResponse)
    def get(self, entry: str) -> dict[str, Any]:
        """一个候选 / one candidate of the caller's reach."""
        with services().database.reading() as session:
            about = in_reach(matter(session, entry), caller())
            if not isinstance(about, CandidateTarget):
                raise unknown_entry()
            return _candidate(about.row)


@blueprint.route("/candidates/<entry>/review")
class Reviews(MethodView):
    """Taking a candidate under review."""

    @open_to(Permission.DECISION_PROPOSE)
    @blueprint.arguments(ReviewRequest)
    @blueprint.response(200, CandidateResponse)
    def post(self, asked: dict[str, Any], entry: str) -> dict[str, Any]:
        """立项审查；依申请的自收到之日起十五日内决定 / under review; on an application 15 days run from its receipt."""
        with services().database.writing() as session:
            now = services().clock.now()
            return _candidate(candidates.begin_review(session, entry, caller=caller(), now=now, **asked))


@blueprint.route("/listings/<entry>/circumstances")
class Circumstances(MethodView):
    """What the court records as having happened."""

    @open_to(Permission.DECISION_PROPOSE)
    @blueprint.arguments(CircumstanceRequest)
    @blueprint.response(201, CircumstancesResponse)
    def post(self, asked: dict[str, Any], entry: str) -> dict[str, Any]:
        """登记情形，当即提请相应决定 / record what happened; the decision that follows is proposed at once."""
        what = circumstances.Recorded(entry=entry, **{**asked, "kind": CircumstanceKind(asked["kind"])})
        with services().database.writing() as session:
            rows = circumstances.record(session, what, caller=caller(), now=services().clock.now())
            return {"circumstances": list(rows)}


@blueprint.route("/listings/<entry>/notes")
class Notes(MethodView):
    """A request noted on receipt."""

    @open_to(Permission.DECISION_PROPOSE, Permission.APPLICATION_WORK)
    @blueprint.arguments(NoteRequest)
    @blueprint.response(200, NoteResponse)
    def post(self, asked: dict[str, Any], entry: str) -> dict[str, Any]:
        """收到异议或者复议即行标注，不停止原决定 / noted on receipt; the listing stands."""
        with services().database.writing() as session:
            made = note_at_once(
                session, entry, Mark(asked["mark"]), document_number=asked["document_number"], reason=asked["reason"],
                caller=caller(), now=services().clock.now(),
            )  # fmt: skip
            return {"marked": made}


@blueprint.route("/listings/<entry>/service")
class Services(MethodView):
    """Service of the decision."""

    @open_to(Permission.DECISION_PROPOSE)
    @blueprint.arguments(ServiceRequest)
    @blueprint.response(200, ServiceResponse)
    def post(self, asked: dict[str, Any], entry: str) -> dict[str, Any]:
        """登记送达 / record how and when the decision was served; the day from which it counts."""
        with services().database.writing() as session:
            day = record_service(
                session, entry, ServiceMode(asked["mode"]), day=asked["day"], document=asked["document_number"],
                caller=caller(), now=services().clock.now(),
            )  # fmt: skip
            return {"served_on": day}


@blueprint.route("/listings/<entry>/life")
class Lives(MethodView):
    """An entry's whole life."""

    @open_to(Permission.LISTING_READ)
    @blueprint.response(200, LifeResponse)
    def get(self, entry: str) -> dict[str, Any]:
        """全部经过，五个时间分别列出 / everything that happened to an entry, its times kept apart."""
        with services().database.reading() as session:
            about = in_reach(target(session, entry), caller())
            found = life_of(session, about, on=legal_day(services().clock.now()))
            periods = [{"kind": one.mark, "from_day": one.from_day, "to_day": one.to_day} for one in found.marks]
            periods += [{"kind": one.kind, "from_day": one.from_day, "to_day": one.to_day} for one in found.reliefs]
            periods += [{"kind": "grace", "from_day": one.from_day, "to_day": one.to_day} for one in found.graces]
            return {
                "entry": entry, "state": about.row.state, "overlays": list(found.overlays), "events": list(found.events),
                "periods": periods, "circumstances": list(found.circumstances),
            }  # fmt: skip


@blueprint.route("/due")
class Due(MethodView):
    """The queue."""

    @open_to(Permission.LISTING_READ)
    @blueprint.response(200, DueResponse)
    def get(self) -> dict[str, Any]:
        """待办事项，按到期日排列 / what is due for the caller's court and those below it."""
        with services().database.reading() as session:
            return {"tasks": [_task(row) for row in open_tasks(session, caller())]}


@blueprint.route("/due/<int(min=0,max=9223372036854775807):task_id>/settle")
class Settled(MethodView):
    """A matter settled by a judge's word."""

    @open_to(Permission.DECISION_APPROVE)
    @blueprint.arguments(SettleRequest)
    @blueprint.response(200, TaskResponse)
    def post(self, asked: dict[str, Any], task_id: int) -> dict[str, Any]:
        """写明结果后办结，如审查后不提前删除、已通知单位 / settle it by saying what was found or done."""
        with services().database.writing() as session:
            now = services().clock.now()
            return _task(settle_by_word(session, task_id, outcome=asked["outcome"], caller=caller(), now=now))


def _candidate(row: CandidateRecord) -> dict[str, Any]:
    names = ("entry", "state", "name", "debtor_kind", "court_code", "court_name", "case_number", "applicant", "applied_on",
             "listing", "relisting_of")  # fmt: skip
    return {name: getattr(row, name) for name in names}


def _task(row: Task) -> dict[str, Any]:
    known = row.kind in set(TaskKind)
    label = TaskKind(row.kind).label if known else None
    same = ("kind", "entry", "court_code", "due_on", "earliest_on", "latest_on", "due_before", "provisional", "level")
    return {name: getattr(row, name) for name in same} | {
        "task": row.id, "zh": label.zh if label else row.kind, "en": label.en if label else row.kind,
        "basis": timers()[row.timer].basis if row.timer else None,
    }  # fmt: skip
