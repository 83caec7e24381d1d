"""A unit whose copy is overdue with a removal gets no answers until the removal is confirmed, at a screen or by program."""

from __future__ import annotations

from flask import request

from creditsvc.kernel.errors import NotAllowed
from creditsvc.kernel.text import Bilingual
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
        reading = Driven(driver, database.is_sqlite)
        removal = ports().owed_removal(reading, subscriber=who.subscriber, unit=who.unit)
    if removal is not None:
        raise NotAllowed(
            Bilingual(
                "贵单位的副本有到期未确认的移除：确认之前不提供核查，请先由本单位的副本程序拉取事件并发送回执",
                "your unit's copy owes a removal that was due: no answers until it is confirmed; pull the events and send a receipt",
            ),
            code="overdue",
            removal=removal,
        )
