"""The court prints a decision letter's code: shown once, for paper; printing again revokes the earlier one."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

from flask import Blueprint, Response, make_response
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from creditsvc.access.permissions import Permission, open_to
from creditsvc.kernel.days import legal_day
from creditsvc.register.entries import reaches
from creditsvc.storage.subjects import numbers_of
from creditsvc.web.context import caller, services
from creditsvc.web.pages import render
from repair.entries import EntryView, entry_view
from repair.history import missing
from repair.letters import entries_without_code, issue_codes, standing_code
from repair.policy.alphabet import printed
from repair.words import LISTING_GROUNDS

MOST_AT_ONCE = 50
"""Letters that are printed at a time: as many as one can put into envelopes without losing count."""
blueprint = Blueprint("letters_desk", __name__, url_prefix="/desk/letters", template_folder="templates")


@blueprint.get("/<entry>")
@open_to(Permission.LETTER_ISSUE)
def form(entry: str) -> ResponseReturnValue:
    """Whether a letter has been printed, and the button that prints one."""
    with services().database.reading() as session:
        view = _own_court(entry_view(session, entry, on=legal_day(services().clock.now())))
        standing = standing_code(session, entry)
    return render("repair/desk_letter.html", view=view, standing=standing)


@blueprint.post("/<entry>")
@open_to(Permission.LETTER_ISSUE)
def show(entry: str) -> Response:
    """The letter with its code, once."""
    now = services().clock.now()
    with services().database.writing() as session:
        _own_court(entry_view(session, entry, on=legal_day(now)))
        return _printed(session, [entry], now)


@blueprint.get("/")
@open_to(Permission.LETTER_ISSUE)
def batch() -> ResponseReturnValue:
    """How many entries of this court have no letter yet: people listed before there were letters."""
    today = legal_day(services().clock.now())
    with services().database.reading() as session:
        waiting = len(entries_without_code(session, caller().court_code or "-", on=today, limit=10_000))
    return render("repair/desk_letters.html", waiting=waiting, most=MOST_AT_ONCE)


@blueprint.post("/")
@open_to(Permission.LETTER_ISSUE)
def print_batch() -> Response:
    """The next letters on one page each, their codes shown this once."""
    now = services().clock.now()
    with services().database.writing() as session:
        wanted = entries_without_code(session, caller().court_code or "-", on=legal_day(now), limit=MOST_AT_ONCE)
        return _printed(session, wanted, now)


def _printed(session: Session, entries: Sequence[str], now: datetime) -> Response:
    codes = issue_codes(session, services(), entries, caller=caller(), now=now)
    views = [entry_view(session, entry, on=legal_day(now)) for entry in codes]
    numbers = numbers_of(session, services().vault, [view.subject_id for view in views])
    letters = [
        {
            "view": view,
            "code": printed(codes[view.entry]),
            "number": numbers[view.subject_id].masked if view.subject_id in numbers else "",
            "grounds": [LISTING_GROUNDS[ground] for ground in view.grounds if ground in LISTING_GROUNDS],
        }
        for view in views
    ]
    page = render("repair/letter.html", letters=letters, today=legal_day(now), host=services().settings.host)
    response = make_response(page)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Content-Security-Policy"] = _letter_policy(page)
    return response


def _letter_policy(page: str) -> str:
    """The letter brings its own print style and nothing else: only exactly that style is let in."""
    style = page.partition("<style>")[2].partition("</style>")[0]
    digest = b64encode(sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; frame-ancestors 'none'"


def _own_court(view: EntryView) -> EntryView:
    if not reaches(caller(), view.court_code):
        raise missing()
    return view
