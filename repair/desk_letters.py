"""The court prints a decision letter's code: shown once, for paper; printing again revokes the earlier one."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256

from flask import Blueprint, Response, make_response
from flask.typing import ResponseReturnValue

from creditsvc.access.permissions import Permission, open_to
from creditsvc.kernel.days import legal_day
from creditsvc.register.entries import reaches
from creditsvc.storage.subjects import numbers_of
from creditsvc.web.context import caller, services
from creditsvc.web.pages import render
from repair.entries import EntryView, entry_view
from repair.history import missing
from repair.letters import issue_codes, standing_code
from repair.policy.alphabet import printed
from repair.portal_view import LISTING_GROUNDS

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
        view = _own_court(entry_view(session, entry, on=legal_day(now)))
        code = issue_codes(session, services(), [entry], caller=caller(), now=now)[entry]
        number = numbers_of(session, services().vault, [view.subject_id]).get(view.subject_id)
    page = render(
        "repair/letter.html",
        view=view,
        code=printed(code),
        number=number.masked if number else "",
        grounds=[LISTING_GROUNDS[ground] for ground in view.grounds if ground in LISTING_GROUNDS],
        today=legal_day(now),
        host=services().settings.host,
    )
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
