"""The debtor's letters: what the courts have sent, opened by a button, since opening may be service."""

from __future__ import annotations

from flask import Blueprint, Response, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from creditsvc.access.permissions import Permission, open_to
from creditsvc.kernel.errors import NotFound
from creditsvc.kernel.text import Bilingual
from creditsvc.papers import delivery, issuing
from creditsvc.papers.delivery_states import Channel, DeliveryState
from creditsvc.papers.issuing import PaperState, court_name
from creditsvc.papers.tables import Delivery, Paper
from creditsvc.web.context import caller, ports, services
from creditsvc.web.pages import render

blueprint = Blueprint("inbox", __name__, url_prefix="/portal/papers", template_folder="templates")
NUMBER = "<int(min=0,max=9223372036854775807):number>"


@blueprint.get("/")
@open_to(Permission.APPLICATION_OWN)
def letters() -> ResponseReturnValue:
    """Every message on the page, newest first, with the paper that it brings."""
    with services().database.reading() as session:
        sent = delivery.deliveries_of(session, subject_id=caller().subject_id or "-", channel=Channel.PAGE)
        papers = {row.id: session.get(Paper, row.paper_id) for row in sent if row.paper_id is not None}
        return render(
            "papers/inbox.html",
            sent=sent,
            papers=papers,
            states=DeliveryState,
            paper_states=PaperState,
            court_name=court_name,
        )


@blueprint.post(f"/{NUMBER}")
@open_to(Permission.APPLICATION_OWN)
def open_letter(number: int) -> ResponseReturnValue:
    """Open it: the day is noted, and with consent it is the day of service."""
    now = services().clock.now()
    with services().database.writing() as session:
        row = _own(session, number)
        served = delivery.note_read(session, row.id, caller=caller(), now=now)
        if served is not None:
            ports().served(session, served, now=now)
    return redirect(url_for("inbox.download", number=number) if row.paper_id else url_for("inbox.letters"), 303)


@blueprint.get(f"/{NUMBER}.pdf")
@open_to(Permission.APPLICATION_OWN)
def download(number: int) -> Response:
    """The signed file of a letter that was opened."""
    with services().database.reading() as session:
        row = _own(session, number)
        paper = session.get(Paper, row.paper_id) if row.paper_id is not None else None
        if paper is None or row.state == DeliveryState.HANDED_OVER.value:
            raise _nothing()
        pdf = issuing.copy_of(session, services(), paper)
    response = Response(pdf, mimetype="application/pdf")
    response.headers["Content-Disposition"] = f'inline; filename="{paper.kind}-{paper.year}-{paper.serial:05d}.pdf"'
    return response


def _own(session: Session, number: int) -> Delivery:
    """A letter of this debtor; another's and none are answered alike."""
    row = session.get(Delivery, number)
    if (
        row is None
        or row.channel != Channel.PAGE.value
        or row.subject_id is None
        or row.subject_id != caller().subject_id
    ):
        raise _nothing()
    return row


def _nothing() -> NotFound:
    return NotFound(Bilingual("没有这份文书", "no such letter"), code="letter-unknown")
