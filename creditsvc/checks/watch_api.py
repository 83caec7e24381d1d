"""Watch lists by API. Numbers come in bodies alone, and go out masked."""

from __future__ import annotations

from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import fields, validate

from creditsvc.access.permissions import Permission, open_to
from creditsvc.checks import watch, watch_people
from creditsvc.checks.questions import MAX_MATTER, MAX_NAME, MAX_PURPOSE, asked_number
from creditsvc.checks.rulebook_law import overlay_of
from creditsvc.checks.watch_said import event_said, list_said, person_said, standing_said
from creditsvc.kernel.errors import InvalidInput
from creditsvc.kernel.identity import NumberType
from creditsvc.web.context import caller, services
from creditsvc.web.schemas import Schema

blueprint = Blueprint(
    "watch_api", __name__, description="关注名单 / watch lists: told when a counterparty enters or leaves"
)

LIST = "<int(min=0,max=9223372036854775807):list_id>"
MEMBER = "<int(min=0,max=9223372036854775807):member_id>"


class NewListRequest(Schema):
    """A list, and the question that it keeps asking."""

    name = fields.String(required=True, validate=validate.Length(1, 100))
    sector = fields.String(required=True, validate=validate.Length(1, 64))
    act = fields.String(required=True, validate=validate.Length(1, 64))
    purpose = fields.String(required=True, validate=validate.Length(1, MAX_PURPOSE))
    matter = fields.String(required=True, validate=validate.Length(1, MAX_MATTER))


class ListResponse(Schema):
    """A list."""

    watch_list = fields.Integer(required=True)
    name = fields.String(required=True)
    sector = fields.String(required=True)
    act = fields.String(required=True)
    purpose = fields.String(required=True)
    matter = fields.String(required=True, allow_none=True)
    created_at = fields.String(required=True)


class ListsResponse(Schema):
    """The unit's lists."""

    watch_lists = fields.List(fields.Nested(ListResponse), required=True)


class PersonRequest(Schema):
    """Somebody to watch."""

    number = fields.String(required=True, validate=validate.Length(1, 64))
    number_type = fields.Enum(NumberType, by_value=True)
    name = fields.String(required=True, validate=validate.Length(1, MAX_NAME))
    reference = fields.String(load_default="", validate=validate.Length(0, watch_people.LONGEST_REFERENCE))


class PeopleRequest(Schema):
    """People to watch."""

    people = fields.List(fields.Nested(PersonRequest), required=True, validate=validate.Length(1, 1000))


class PersonFault(Schema):
    """Somebody who can't be watched: by place in the request, counted from 0."""

    place = fields.Integer(required=True)
    code = fields.String(required=True)
    zh = fields.String(required=True)
    en = fields.String(required=True)


class AddedResponse(Schema):
    """Who was added."""

    added = fields.Integer(required=True)
    known = fields.Integer(required=True)
    faults = fields.List(fields.Nested(PersonFault), required=True)


class PageQuery(Schema):
    """Paging: ``after`` is the last one seen."""

    after = fields.Integer(load_default=0, validate=validate.Range(0, 2**62))
    limit = fields.Integer(load_default=100, validate=validate.Range(1, 1000))


class MemberResponse(Schema):
    """A member."""

    member = fields.Integer(required=True)
    number = fields.String(required=True)
    name = fields.String(required=True)
    reference = fields.String(required=True)


class MembersResponse(Schema):
    """Members, in the order in which they were added."""

    members = fields.List(fields.Nested(MemberResponse), required=True)


class EventResponse(Schema):
    """What was told."""

    event = fields.Integer(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(["entered", "changed", "left"]))
    member = fields.Integer(required=True)
    entry = fields.String(required=True)
    revision = fields.Integer(required=True)
    outcome = fields.String(required=True)
    at = fields.String(required=True)
    as_of_event = fields.Integer(required=True)
    number = fields.String(required=True, allow_none=True)
    name = fields.String(required=True, allow_none=True)
    reference = fields.String(required=True, allow_none=True)


class EventsResponse(Schema):
    """What was told, in order; ask again with the last ``event`` as ``after``."""

    events = fields.List(fields.Nested(EventResponse), required=True)
    more = fields.Boolean(required=True)


class StandingResponse(Schema):
    """An entry in force about a member, and what the unit made of it at this revision."""

    member = fields.Integer(required=True)
    entry = fields.String(required=True)
    revision = fields.Integer(required=True)
    outcome = fields.String(required=True)
    number = fields.String(required=True, allow_none=True)
    name = fields.String(required=True, allow_none=True)
    reference = fields.String(required=True, allow_none=True)
    about = fields.Dict(required=True)
    decision = fields.Dict(required=True, allow_none=True)
    reopened = fields.Boolean(required=True)


class StandingsResponse(Schema):
    """Everything in force; what waits for a decision first."""

    standing = fields.List(fields.Nested(StandingResponse), required=True)


class DecisionRequest(Schema):
    """What the unit made of an entry at this revision."""

    member = fields.Integer(required=True, validate=validate.Range(0, 2**62))
    entry = fields.String(required=True, validate=validate.Length(1, 28))
    revision = fields.Integer(required=True, validate=validate.Range(0, 2**31 - 1))
    choice = fields.String(required=True, validate=validate.OneOf(list(watch.CHOICES)))
    note = fields.String(load_default="", validate=validate.Length(0, 500))


@blueprint.route("/watch-lists")
class WatchLists(MethodView):
    """Lists of one's unit."""

    @open_to(Permission.SCREEN_RUN)
    @blueprint.response(200, ListsResponse)
    def get(self) -> dict[str, Any]:
        """本单位的关注名单 / the unit's watch lists."""
        with services().database.reading() as session:
            return {"watch_lists": [list_said(one) for one in watch.lists_of(session, caller=caller())]}

    @open_to(Permission.SCREEN_RUN)
    @blueprint.arguments(NewListRequest)
    @blueprint.response(201, ListResponse)
    def post(self, asked: dict[str, Any]) -> dict[str, Any]:
        """建立关注名单 / make a watch list."""
        made = watch.create(services(), watch.NewList(**asked), caller=caller(), now=services().clock.now())
        return list_said(made)


@blueprint.route(f"/watch-lists/{LIST}")
class OneList(MethodView):
    """One list."""

    @open_to(Permission.SCREEN_RUN)
    @blueprint.response(200, ListResponse)
    def get(self, list_id: int) -> dict[str, Any]:
        """一份关注名单 / one watch list."""
        with services().database.reading() as session:
            return list_said(watch.find(session, list_id, caller=caller()))

    @open_to(Permission.SCREEN_RUN)
    @blueprint.response(204)
    def delete(self, list_id: int) -> None:
        """关闭并销毁名单 / close it and destroy its people."""
        watch.close(services(), list_id, caller=caller(), now=services().clock.now())


@blueprint.route(f"/watch-lists/{LIST}/members")
class Members(MethodView):
    """Who is watched."""

    @open_to(Permission.SCREEN_RUN)
    @blueprint.arguments(PageQuery, location="query")
    @blueprint.response(200, MembersResponse)
    def get(self, asked: dict[str, Any], list_id: int) -> dict[str, Any]:
        """名单上的人，号码遮盖 / who is on it, numbers masked."""
        parts = services()
        with parts.database.reading() as session:
            watch.find(session, list_id, caller=caller())
            key = watch_people.key_of(parts.vault, list_id)
            rows = watch_people.members_of(session, list_id, **asked)
            return {"members": [{"member": row.id, **person_said(watch_people.opened(key, row))} for row in rows]}

    @open_to(Permission.SCREEN_RUN)
    @blueprint.arguments(PeopleRequest)
    @blueprint.response(200, AddedResponse)
    def post(self, asked: dict[str, Any], list_id: int) -> dict[str, Any]:
        """加入名单；写错的逐个列明，其余照加 / add people; those with faults are named, the others added."""
        good, faults = [], []
        for place, one in enumerate(asked["people"]):
            try:
                number = asked_number(one["number"], expected=one.get("number_type"))
                good.append(watch_people.Watched(number, one["name"], one["reference"]))
            except InvalidInput as wrong:
                faults.append({"place": place, "code": wrong.code, "zh": wrong.text.zh, "en": wrong.text.en})
        added, known = watch.add(services(), list_id, good, caller=caller(), now=services().clock.now())
        return {"added": added, "known": known, "faults": faults}


@blueprint.route(f"/watch-lists/{LIST}/members/{MEMBER}")
class OneMember(MethodView):
    """One of them."""

    @open_to(Permission.SCREEN_RUN)
    @blueprint.response(204)
    def delete(self, list_id: int, member_id: int) -> None:
        """移出名单 / watch no longer."""
        watch.remove(services(), list_id, member_id, caller=caller(), now=services().clock.now())


@blueprint.route(f"/watch-lists/{LIST}/events")
class Events(MethodView):
    """What came and went."""

    @open_to(Permission.SCREEN_RUN)
    @blueprint.arguments(PageQuery, location="query")
    @blueprint.response(200, EventsResponse)
    def get(self, asked: dict[str, Any], list_id: int) -> dict[str, Any]:
        """列入、变动与移出；读取时即时比对登记，移出不等批次 / entered, changed, left: worked out as you read."""
        refreshed(list_id)
        with services().database.reading() as session:
            rows = watch.events_of(session, list_id, after=asked["after"], limit=asked["limit"] + 1)
            shown = rows[: asked["limit"]]
            people = watch_people.some(session, services().vault, list_id, [row.member_id for row in shown])
        return {"events": [event_said(row, people) for row in shown], "more": len(rows) > len(shown)}


@blueprint.route(f"/watch-lists/{LIST}/standing")
class Standing(MethodView):
    """What is in force now."""

    @open_to(Permission.SCREEN_RUN)
    @blueprint.response(200, StandingsResponse)
    def get(self, list_id: int) -> dict[str, Any]:
        """现行有效的记录与本单位的处理，未处理的在前 / what is in force and what the unit made of it, undecided first."""
        found = refreshed(list_id)
        with services().database.reading() as session:
            return {"standing": standing_said(found, watch.decisions_of(session, list_id))}


@blueprint.route(f"/watch-lists/{LIST}/decisions")
class Decisions(MethodView):
    """What the unit made of it."""

    @open_to(Permission.SCREEN_RUN)
    @blueprint.arguments(DecisionRequest)
    @blueprint.response(204)
    def post(self, asked: dict[str, Any], list_id: int) -> None:
        """记录处理结果，只对该版本有效 / note a decision; it holds for this revision alone."""
        parts = services()
        overlay = overlay_of(parts.settings)
        watch.settle(parts, list_id, watch.Settled(**asked), caller=caller(), now=parts.clock.now(), overlay=overlay)


def refreshed(list_id: int) -> watch.Now:
    """What is in force about the members of a list of the caller's unit, news told."""
    parts = services()
    with parts.database.reading() as session:
        watch_list = watch.find(session, list_id, caller=caller())
    return watch.refresh(parts, watch_list, now=parts.clock.now(), overlay=overlay_of(parts.settings))
