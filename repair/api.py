"""The debtor's side of the API: applications. Identity numbers are in no address and in no answer."""

from __future__ import annotations

from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import fields, validate

from creditsvc.access.permissions import Permission, open_to
from creditsvc.storage.calendars import calendar as current_calendar
from creditsvc.web.context import caller, services
from creditsvc.web.schemas import Schema
from repair import applications as use
from repair import desk_work
from repair.history import load, missing
from repair.policy.kinds import ApplicationKind
from repair.policy.states import State, state_name
from repair.portal_account import hold_to_mandate
from repair.queue import queue
from repair.reliance import OUTCOMES, note_done, notices_to
from repair.tables import Application, RelianceNotice

blueprint = Blueprint("applications_api", __name__, description="离开名单的申请 / applications to leave the list")
blueprint.before_request(hold_to_mandate)


class NewApplication(Schema):
    """A new application. Papers are added in the portal, so it stays a draft where one is needed."""

    kind = fields.Enum(ApplicationKind, by_value=True, load_default=ApplicationKind.REMOVAL)
    entry = fields.String(required=True, validate=validate.Regexp(r"^[a-z]{3}_[0-9a-z]{24}$"))
    """The entry; for a reconsideration the application that was refused."""
    ground = fields.String(required=True, validate=validate.Length(1, 64))
    statement = fields.String(required=True, validate=validate.Length(1, use.MAX_STATEMENT))
    send = fields.Boolean(load_default=False)


class ApplicationAnswer(Schema):
    """An application as its applicant or the court sees it."""

    id = fields.String()
    number = fields.String(allow_none=True)
    kind = fields.String()
    ground = fields.String()
    entry = fields.String()
    case_number = fields.String()
    court_code = fields.String()
    state = fields.String()
    state_text = fields.Dict(keys=fields.String(), values=fields.String())
    received_on = fields.Date(allow_none=True)
    due_on = fields.Date(allow_none=True)
    due_provisional = fields.Boolean()


def answer_of(application: Application) -> dict[str, Any]:
    """What leaves: no name, no number, no statement. Before the second signature nobody outside sees a proposal."""
    hidden = {State.GRANT_PROPOSED, State.REFUSAL_PROPOSED}
    state = State(application.state)
    name = state_name(state, ApplicationKind(application.kind))
    names = ("id", "number", "kind", "ground", "entry", "case_number", "court_code", "received_on", "due_on")
    shown = {field: getattr(application, field) for field in names}
    return {
        **shown,
        "due_provisional": application.due_provisional,
        "state": State.UNDER_REVIEW.value if state in hidden else state.value,
        "state_text": {"zh": name.zh, "en": name.en},
    }


@blueprint.route("/applications")
class Applications(MethodView):
    """One's own applications, or those that lie with the caller's court."""

    @open_to(Permission.APPLICATION_OWN, Permission.APPLICATION_WORK)
    @blueprint.response(200, ApplicationAnswer(many=True))
    def get(self) -> list[dict[str, Any]]:
        """List."""
        with services().database.reading() as session:
            if caller().subject_id:
                found = use.own_applications(session, caller=caller())
            else:
                found = queue(session, caller=caller())
            return [answer_of(item) for item in found]

    @open_to(Permission.APPLICATION_OWN)
    @blueprint.arguments(NewApplication)
    @blueprint.response(201, ApplicationAnswer)
    def post(self, new: dict[str, Any]) -> dict[str, Any]:
        """Begin an application, and send it if ``send`` is true and nothing is lacking."""
        now = services().clock.now()
        with services().database.writing() as session:
            draft = use.start_draft(
                session,
                services(),
                caller=caller(),
                entry=new["entry"],
                kind=new["kind"],
                ground=new["ground"],
                about=new["entry"],
                now=now,
            )
            use.save_statement(session, services(), draft, new["statement"])
            if new["send"]:
                use.submit(session, services(), draft, caller=caller(), calendar=current_calendar(session), now=now)
            return answer_of(draft)


@blueprint.route("/applications/<application_id>")
class OneApplication(MethodView):
    """One application."""

    @open_to(Permission.APPLICATION_OWN, Permission.APPLICATION_WORK)
    @blueprint.response(200, ApplicationAnswer)
    def get(self, application_id: str) -> dict[str, Any]:
        """Where it stands."""
        with services().database.reading() as session:
            found = load(session, application_id, to_change=False)
            if caller().subject_id:
                if found.subject_id != caller().subject_id:
                    raise missing()
                return answer_of(found)
            return answer_of(desk_work.in_court(found, caller()))


class ReExamination(Schema):
    """A check of one's own unit that rested on an entry since revoked. Nobody's number: the ledger's number names it."""

    id = fields.Integer()
    check = fields.Integer()
    asked_at = fields.AwareDateTime()
    purpose = fields.String()
    matter = fields.String(allow_none=True)
    sector = fields.String(allow_none=True)
    told_at = fields.AwareDateTime()
    done_at = fields.AwareDateTime(allow_none=True)
    outcome = fields.String(allow_none=True)


class ReExamined(Schema):
    """What came of looking again."""

    outcome = fields.String(required=True, validate=validate.OneOf(sorted(OUTCOMES)))


def _re_examination(row: RelianceNotice) -> dict[str, Any]:
    names = ("id", "asked_at", "purpose", "matter", "sector", "told_at", "done_at", "outcome")
    return {"check": row.access_id, **{name: getattr(row, name) for name in names}}


@blueprint.route("/re-examinations")
class ReExaminations(MethodView):
    """What one's own unit is told to look at again."""

    @open_to(Permission.CHECK_ASK)
    @blueprint.response(200, ReExamination(many=True))
    def get(self) -> list[dict[str, Any]]:
        """Those that wait for an answer first, then the newest."""
        with services().database.reading() as session:
            unit = caller().unit or caller().court_code or "-"
            return [_re_examination(row) for row in notices_to(session, unit)]


@blueprint.route("/re-examinations/<int(min=0,max=9223372036854775807):notice_id>")
class OneReExamination(MethodView):
    """One of them."""

    @open_to(Permission.CHECK_ASK)
    @blueprint.arguments(ReExamined)
    @blueprint.response(200, ReExamination)
    def post(self, said: dict[str, Any], notice_id: int) -> dict[str, Any]:
        """Say what came of it; the person sees the answer."""
        with services().database.writing() as session:
            now = services().clock.now()
            return _re_examination(note_done(session, notice_id, outcome=said["outcome"], caller=caller(), now=now))
