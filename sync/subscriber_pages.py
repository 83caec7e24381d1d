"""The subscriber's own page: how far its copy is, which removals are open, what we tried, where it differed."""

from __future__ import annotations

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from creditsvc.access.permissions import Permission, open_to
from creditsvc.kernel.errors import NotFound
from creditsvc.kernel.text import Bilingual
from creditsvc.web.context import caller, services
from creditsvc.web.pages import render
from sync.key_lists import key_list_note
from sync.subscriber_view import subscriber_view
from sync.tables_feed import Subscriber

blueprint = Blueprint("subscriber_area", __name__, url_prefix="/subscriber", template_folder="templates")


@blueprint.get("/")
@open_to(Permission.SUBSCRIBER_OWN)
def index() -> ResponseReturnValue:
    """Its own copy, and nobody else's."""
    with services().database.reading() as session:
        mine = _mine(session)
        if mine is None:
            return render("sync/own_none.html", unit=caller().unit)
        return render("sync/own.html", **subscriber_view(session, services(), mine))


@blueprint.get("/keys.note")
@open_to(Permission.SUBSCRIBER_OWN)
def trust() -> ResponseReturnValue:
    """The list of keys, to be compared with the one that was handed over."""
    with services().database.reading() as session:
        if _mine(session) is None:
            raise NotFound(Bilingual("本单位没有订阅", "this unit subscribes to nothing"), code="subscriber-unknown")
        note = key_list_note(session)
    return Response(
        note,
        content_type="text/plain; charset=utf-8",
        headers={"Content-Disposition": "attachment; filename=keys.note"},
    )


def _mine(session: Session) -> Subscriber | None:
    """The subscriber of the caller's unit; the register of subscribers keeps units apart by their full name."""
    unit = caller().unit
    if not unit:
        return None
    query = (
        select(Subscriber)
        .where(Subscriber.title == unit)
        .order_by(Subscriber.ended_at.is_not(None), Subscriber.id.desc())
    )
    return session.scalar(query.limit(1))
