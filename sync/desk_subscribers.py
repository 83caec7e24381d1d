"""The desk of subscribers: who holds a copy, how far each is, its keys; adding and ending."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from creditsvc.access.api_keys import revoke_api_key
from creditsvc.access.permissions import Permission, open_to
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import Conflict, InvalidInput, NotFound
from creditsvc.kernel.text import Bilingual
from creditsvc.web.context import caller, services
from creditsvc.web.pages import render
from sync.agreements import Terms, renew, set_slips
from sync.alarms import alarms
from sync.pull_networks import set_pull_ranges
from sync.push_settings import PushPlace, set_push, split_words
from sync.slip_answers import token_key
from sync.subscriber_view import subscriber_view
from sync.subscribers import (
    NewSubscriber,
    add_subscriber,
    agreements_of,
    end_subscriber,
    keys_of,
    lags,
    new_key,
    subscriber_named,
)
from sync.tables_feed import FeedStream
from sync.wire.encoding import b64url
from sync.wire.origins import STREAMS

blueprint = Blueprint("subscribers", __name__, url_prefix="/desk/subscribers", template_folder="templates")

KEY_LIFE = timedelta(days=365)


@blueprint.get("/")
@open_to(Permission.SUBSCRIBER_READ)
def index() -> ResponseReturnValue:
    """Everyone who holds a copy, and how far each is."""
    return _index({})


def _index(errors: dict[str, Bilingual]) -> str:
    with services().database.reading() as session:
        streams = session.scalars(select(FeedStream).order_by(FeedStream.stream)).all()
        return render(
            "sync/subscribers.html", lags=lags(session), streams=streams, all_streams=STREAMS, form=request.form, errors=errors,
            may=caller().may(Permission.SUBSCRIBER_MANAGE), now=services().clock.now(),
            open_alarms=sum(alarm.closed_at is None for alarm, _ in alarms(session)),
        )  # fmt: skip


@blueprint.post("/")
@open_to(Permission.SUBSCRIBER_MANAGE)
def add() -> ResponseReturnValue:
    """Register a unit, its agreement and a first key; the key is shown once."""
    form, now = request.form, services().clock.now()
    new = NewSubscriber(
        name=form.get("name", "").strip(), title=form.get("title", "").strip()[:128], number=form.get("number", "").strip()[:64],
        streams=tuple(form.getlist("streams")), purpose=form.get("purpose", "").strip()[:256],
        valid_until=legal_day(now) + timedelta(days=_days(form.get("days", "365"))),
    )  # fmt: skip
    try:
        with services().database.writing() as session:
            subscriber = add_subscriber(session, new, caller=caller(), now=now)
            text = new_key(session, subscriber, expires_at=now + KEY_LIFE, caller=caller(), now=now)
    except (InvalidInput, Conflict) as wrong:
        return _index({str(wrong.details.get("field", "")): wrong.text}), 422
    return _shown(new.name, key=text, token=b64url(token_key(services().keyring, new.name)))


def _days(text: str) -> int:
    """Days that an agreement lasts; 0 for what is no number, which is refused."""
    return min(int(text), 3650) if text.isascii() and text.isdigit() else 0


@blueprint.get("/<name>")
@open_to(Permission.SUBSCRIBER_READ)
def one(name: str) -> ResponseReturnValue:
    """One subscriber: agreements, lag, the ladder of removals, attempts, receipts, keys."""
    return _shown(name)


def _shown(
    name: str, *, key: str = "", token: str = "", form: Any = None, errors: dict[str, Bilingual] | None = None
) -> str:
    with services().database.reading() as session:
        view = subscriber_view(session, services(), subscriber_named(session, name))
        return render("sync/subscriber.html", **view, key=key, token=token, form=form, errors=errors or {},
                      may=caller().may(Permission.SUBSCRIBER_MANAGE), all_streams=STREAMS)  # fmt: skip


@blueprint.post("/<name>/push")
@open_to(Permission.SUBSCRIBER_MANAGE)
def push(name: str) -> ResponseReturnValue:
    """Where it is woken, by the newest agreement."""
    form = request.form
    place = PushPlace(form.get("push_url", "").strip(), split_words(form.get("push_hosts", "").lower()),
                      split_words(form.get("push_ranges", "")))  # fmt: skip
    try:
        with services().database.writing() as session:
            subscriber = subscriber_named(session, name)
            agreements = agreements_of(session, subscriber)
            if not agreements:
                raise NotFound(Bilingual("该单位没有协议", "this unit has no agreement"), code="agreement-unknown")
            set_push(
                session,
                services().settings,
                subscriber,
                agreements[0],
                place,
                caller=caller(),
                now=services().clock.now(),
            )
    except InvalidInput as wrong:
        return _shown(name, form=form, errors={str(wrong.details.get("field", "")): wrong.text}), 422
    return redirect(url_for("subscribers.one", name=name), 303)


@blueprint.post("/<name>/networks")
@open_to(Permission.SUBSCRIBER_MANAGE)
def networks(name: str) -> ResponseReturnValue:
    """From where its keys are good."""
    form = request.form
    try:
        with services().database.writing() as session:
            subscriber = subscriber_named(session, name)
            ranges = split_words(form.get("pull_ranges", ""))
            set_pull_ranges(session, subscriber, ranges, caller=caller(), now=services().clock.now())
    except InvalidInput as wrong:
        return _shown(name, form=form, errors={str(wrong.details.get("field", "")): wrong.text}), 422
    return redirect(url_for("subscribers.one", name=name), 303)


@blueprint.post("/<name>/agreements")
@open_to(Permission.SUBSCRIBER_MANAGE)
def another_agreement(name: str) -> ResponseReturnValue:
    """Another agreement, from today on."""
    form, now = request.form, services().clock.now()
    terms = Terms(form.get("number", "").strip()[:64], tuple(form.getlist("streams")), form.get("purpose", "").strip()[:256],
                  legal_day(now) + timedelta(days=_days(form.get("days", "365"))))  # fmt: skip
    try:
        with services().database.writing() as session:
            renew(session, subscriber_named(session, name), terms, caller=caller(), now=now)
    except InvalidInput as wrong:
        return _shown(name, form=form, errors={str(wrong.details.get("field", "")): wrong.text}), 422
    return redirect(url_for("subscribers.one", name=name), 303)


@blueprint.post("/<name>/slips")
@open_to(Permission.SUBSCRIBER_MANAGE)
def slips(name: str) -> ResponseReturnValue:
    """How it gets identity numbers."""
    form = request.form
    try:
        with services().database.writing() as session:
            key = form.get("recipient", "")
            set_slips(session, subscriber_named(session, name), key, caller=caller(), now=services().clock.now())
    except InvalidInput as wrong:
        return _shown(name, form=form, errors={str(wrong.details.get("field", "")): wrong.text}), 422
    return redirect(url_for("subscribers.one", name=name), 303)


@blueprint.post("/<name>/keys")
@open_to(Permission.SUBSCRIBER_MANAGE)
def issue_key(name: str) -> ResponseReturnValue:
    """Another key, so that two overlap while one is replaced."""
    now = services().clock.now()
    with services().database.writing() as session:
        text = new_key(session, subscriber_named(session, name), expires_at=now + KEY_LIFE, caller=caller(), now=now)
    return _shown(name, key=text)


@blueprint.post("/<name>/keys/<int(min=0,max=9223372036854775807):key_id>/revoke")
@open_to(Permission.SUBSCRIBER_MANAGE)
def revoke_key(name: str, key_id: int) -> ResponseReturnValue:
    """End one of its keys at once."""
    with services().database.writing() as session:
        if key_id in {key.id for key in keys_of(session, subscriber_named(session, name))}:
            revoke_api_key(session, key_id, caller=caller(), now=services().clock.now())
    return redirect(url_for("subscribers.one", name=name), 303)


@blueprint.post("/<name>/end")
@open_to(Permission.SUBSCRIBER_MANAGE)
def end(name: str) -> ResponseReturnValue:
    """End its agreements and keys."""
    with services().database.writing() as session:
        end_subscriber(session, subscriber_named(session, name), caller=caller(), now=services().clock.now(),
                       at_once=request.form.get("at_once") == "1")  # fmt: skip
    return redirect(url_for("subscribers.one", name=name), 303)
