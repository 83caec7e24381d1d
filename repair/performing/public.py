"""Publicity before the incentive list (河南省社会信用条例 art. 28): who is proposed, until when, and how to object. For anybody.

A natural person's name is shown by its first character: enough for those who know the matter, and no dispute is told to others.
"""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue

from creditsvc.access.permissions import Permission, open_to
from creditsvc.kernel.days import legal_day
from creditsvc.papers.issuing import court_name, hint_of
from creditsvc.web.context import services
from creditsvc.web.pages import render
from repair.performing.incentive_list import publicised
from repair.performing.records import opened

blueprint = Blueprint("publicity", __name__, url_prefix="/incentives/publicity", template_folder="../templates")


@blueprint.get("/")
@open_to(Permission.ANYONE)
def notices() -> ResponseReturnValue:
    """What is publicised today."""
    today = legal_day(services().clock.now())
    with services().database.reading() as session:
        found = opened(services(), publicised(session, on=today))
        rows = [
            (
                each.name if each.row.debtor_kind == "organisation" else hint_of(each.name),
                court_name(each.row.court_code),
                each.row.certificate or "",
                each.row.publicity_from,
                each.row.publicity_until,
            )
            for each in found
            if each.name
        ]
    return render("performing/publicity.html", rows=rows, today=today)
