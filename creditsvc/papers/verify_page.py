"""The public page that says whether a paper is valid. Unknown, wrong and malformed numbers are answered alike."""

from __future__ import annotations

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from creditsvc.access.permissions import Permission, open_to
from creditsvc.access.rates import take
from creditsvc.kernel.errors import TooMany
from creditsvc.kernel.text import Bilingual
from creditsvc.papers.issuing import PaperState, court_name
from creditsvc.papers.numbers import read_number
from creditsvc.papers.tables import Paper
from creditsvc.web.context import services
from creditsvc.web.pages import render

blueprint = Blueprint("verify", __name__, template_folder="templates")

A_MINUTE = 60


@blueprint.get("/verify")
@open_to(Permission.ANYONE)
def form() -> ResponseReturnValue:
    """Where a number is typed in; with one, on to its page."""
    typed = request.args.get("number", "")[:64]
    if typed.strip():
        return redirect(url_for("verify.page", number=read_number(typed) or "-"), 303)
    return render("papers/verify.html", paper=None, number="")


@blueprint.get("/verify/<number>")
@open_to(Permission.ANYONE)
def page(number: str) -> ResponseReturnValue:
    """The state of one paper: kind, court, day, and the first character of a name."""
    _slow_down()
    tidy = read_number(number)
    with services().database.reading() as session:
        found = session.scalar(select(Paper).where(Paper.number == tidy)) if tidy else None
        if found is None:
            return render("papers/verify.html", paper=None, number=number[:64], unknown=True), 404
        return render(
            "papers/verify.html", paper=found, number=found.number, state=PaperState(found.state),
            title=Bilingual(found.title_zh, found.title_en), court=court_name(found.court_code), unknown=False,
        )  # fmt: skip


def _slow_down() -> None:
    """Somebody who tries numbers gets no further than sixty a minute."""
    now = services().clock.now()
    with services().database.writing() as session:
        going = take(session, f"verify/{request.remote_addr}", capacity=A_MINUTE, refill_per_second=1, now=now)
    if not going:
        raise TooMany(
            Bilingual("核验过于频繁，请一分钟后再试", "too many verifications; try again in a minute"), retry_after=60
        )
