"""The desk of the feed: an entry's timeline across subscribers, alarms, probes, streams with their keys and witnesses."""

from __future__ import annotations

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from creditsvc.access.permissions import Permission, open_to
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import Conflict, InvalidInput, NotFound
from creditsvc.kernel.text import Bilingual
from creditsvc.web.context import caller, services
from creditsvc.web.pages import render
from sync.alarms import KINDS as ALARM_KINDS
from sync.alarms import alarms, close
from sync.epochs import epochs_over
from sync.key_lists import newest_list
from sync.probes import FINDINGS, open_probes, record_finding
from sync.tables_feed import FeedStream, FeedWitness
from sync.timelines import EVENTS, timeline_of
from sync.wire.ids import is_entry_id

blueprint = Blueprint("feed_desk", __name__, url_prefix="/desk/feed", template_folder="templates")


@blueprint.get("/")
@open_to(Permission.SUBSCRIBER_READ)
def index() -> ResponseReturnValue:
    """Streams, witnesses, the list of keys, epochs that are over."""
    now = services().clock.now()
    with services().database.reading() as session:
        return render(
            "sync/feed.html", streams=session.scalars(select(FeedStream).order_by(FeedStream.stream)).all(), keys=newest_list(session),
            witnesses=session.scalars(select(FeedWitness).order_by(FeedWitness.stream, FeedWitness.name)).all(),
            epochs=list(epochs_over(session)), today=legal_day(now), now=now,
        )  # fmt: skip


@blueprint.get("/entry")
@open_to(Permission.SUBSCRIBER_READ)
def find_entry() -> ResponseReturnValue:
    """From the box to the page: the name of an entry, never a number."""
    entry = request.args.get("entry", "").strip()
    if is_entry_id(entry):
        return redirect(url_for("feed_desk.entry", entry=entry), 303)
    wrong = Bilingual("记录编号形如 lst_ 加 24 位", "the name of an entry reads lst_ and 24 characters")
    return render(
        "sync/entry.html", entry="", streams=[], events=EVENTS, errors={"entry": wrong} if entry else {}
    ), 422 if entry else 200


@blueprint.get("/entry/<entry>")
@open_to(Permission.SUBSCRIBER_READ)
def entry(entry: str) -> ResponseReturnValue:
    """What was told of an entry on each stream, and who has got how far."""
    with services().database.reading() as session:
        streams = timeline_of(session, entry) if is_entry_id(entry) else []
        if not streams:
            raise NotFound(Bilingual("没有公布过这条记录", "no such entry was ever published"), code="entry-unknown")
        return render("sync/entry.html", entry=entry, streams=streams, events=EVENTS)


@blueprint.get("/alarms")
@open_to(Permission.SUBSCRIBER_READ, Permission.OVERSIGHT_READ)
def alarm_list() -> ResponseReturnValue:
    """What the supervisor is told."""
    with services().database.reading() as session:
        return render(
            "sync/alarms.html",
            alarms=alarms(session),
            kinds=ALARM_KINDS,
            may=caller().may(Permission.SUBSCRIBER_MANAGE),
        )


@blueprint.post("/alarms/<int(min=1,max=9223372036854775807):alarm_id>/close")
@open_to(Permission.SUBSCRIBER_MANAGE)
def close_alarm(alarm_id: int) -> ResponseReturnValue:
    """Somebody has seen to it."""
    with services().database.writing() as session:
        close(session, alarm_id, caller=caller(), now=services().clock.now())
    return redirect(url_for("feed_desk.alarm_list"), 303)


@blueprint.get("/probes")
@open_to(Permission.SUBSCRIBER_READ)
def probe_list() -> ResponseReturnValue:
    """Removals to look after."""
    return _probes({})


def _probes(errors: dict[str, Bilingual], wrong: int | None = None) -> str:
    with services().database.reading() as session:
        return render("sync/probes.html", probes=open_probes(session), findings=FINDINGS, errors=errors, wrong=wrong,
                      may=caller().may(Permission.SUBSCRIBER_MANAGE))  # fmt: skip


@blueprint.post("/probes/<int(min=1,max=9223372036854775807):probe_id>")
@open_to(Permission.SUBSCRIBER_MANAGE)
def record(probe_id: int) -> ResponseReturnValue:
    """What was found."""
    form = request.form
    try:
        with services().database.writing() as session:
            record_finding(
                session,
                probe_id,
                form.get("finding", ""),
                form.get("note", ""),
                caller=caller(),
                now=services().clock.now(),
            )
    except (InvalidInput, Conflict) as wrong:
        return _probes({str(wrong.details.get("field", "")): wrong.text}, probe_id), 422
    return redirect(url_for("feed_desk.probe_list"), 303)
