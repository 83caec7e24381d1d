"""No question at a screen, and no list, for a unit whose copy is overdue with a removal; a check asks the same where it is answered."""

from __future__ import annotations

from flask import request

from creditsvc.checks.owing import refuse_owing
from creditsvc.storage.direct import Driven
from creditsvc.web.context import caller, ports, services

PAGES = ("checks_pages.", "screenings.")
ASKING = frozenset({"checks_pages.check", "screenings.upload", "screenings.resume"})
"""Where a page asks; whatever else it shows was answered before."""


def refuse_barred() -> None:
    """Before every question: raises ``NotAllowed`` (``overdue``)."""
    who, endpoint = caller(), request.endpoint or ""
    if (endpoint.startswith(PAGES) and endpoint not in ASKING) or not (who.subscriber or who.unit):
        return
    database = services().database
    with database.direct() as driver:
        refuse_owing(ports().owing(Driven(driver, database.is_sqlite)), who)
