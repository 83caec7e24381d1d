"""What ties letters to the entry: the day of service goes to its clocks, and its end ends what its letters say."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from creditsvc.papers.delivery import Served
from creditsvc.papers.delivery_states import Service
from creditsvc.papers.issuing import end_papers
from creditsvc.register.entries import target
from creditsvc.register.service import ServiceMode, served_from
from creditsvc.register.tables import Decision

DECIDING = {"LD": "lst_", "CO": "ord_"}
"""The letters by which an entry begins, and what they are about: the decision to list, the consumption order."""
HOLD_WHILE_IT_STANDS = ("RW", "LD", "CN", "EX", "UN", "SN", "CO")
"""Letters that say that the entry stands."""
MODES = {
    Service.DIRECT: ServiceMode.DIRECT,
    Service.LEFT: ServiceMode.LEFT,
    Service.ELECTRONIC: ServiceMode.ELECTRONIC,
    Service.ENTRUSTED: ServiceMode.DIRECT,
    Service.POST: ServiceMode.POST,
    Service.FORWARDED: ServiceMode.THROUGH_UNIT,
    Service.PUBLIC: ServiceMode.PUBLIC_NOTICE,
}


def on_served(session: Session, served: Any, *, now: datetime) -> None:
    """Fills the port ``served/register``. The first service counts; a second one of the same decision changes nothing."""
    if not isinstance(served, Served) or served.entry is None:
        return
    if not served.entry.startswith(DECIDING.get(served.purpose, "-")):
        return
    row = target(session, served.entry, to_change=True).row
    if row.served_on is None:
        mode = MODES[served.how]
        row.served_on, row.service_mode = served_from(session, mode, served.served_on), mode.value


def end_letters(session: Session, entry: str, decision: Decision, *, revoked: bool, now: datetime) -> None:
    """The entry has left: whoever verifies its earlier letters is told that they no longer hold."""
    end_papers(
        session,
        entry=entry,
        kinds=HOLD_WHILE_IT_STANDS,
        revoked=revoked,
        reason=decision.draft["document_number"],
        now=now,
    )
