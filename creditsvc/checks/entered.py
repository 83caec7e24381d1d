"""Checks entered in the ledger, those of many threads at once: counted against the limits, then written.

What is counted and what is written is exactly what it would be one after the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from creditsvc.access.callers import Caller
from creditsvc.access.ledger import LedgerRow, record_rows, unit_of
from creditsvc.checks.quota import refusals
from creditsvc.kernel.errors import TooMany
from creditsvc.kernel.identity import IdentityNumber
from creditsvc.services import Services
from creditsvc.storage.direct import Writing


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that has been answered in memory, and whose answer waits to be entered."""

    services: Services
    caller: Caller
    number: IdentityNumber
    token: bytes
    now: datetime
    subject_id: str | None
    """Whom the ledger row is about; none where the name did not agree."""
    purpose: str
    matter: str
    sector: str
    act: str
    outcome: str

    @property
    def row(self) -> LedgerRow:
        """As it stands in the ledger."""
        return LedgerRow(
            self.now, self.caller.actor, unit_of(self.caller), "check", self.token, self.subject_id, self.purpose,
            self.matter or None, self.sector, self.act, self.outcome,
        )  # fmt: skip


def enter_checks(session: Writing, asked: Sequence[Asked]) -> list[int | TooMany]:
    """The ledger's number for each, or why it is refused. The caller commits before anything is answered."""
    found: dict[int, int | TooMany] = {}
    waiting = list(range(len(asked)))
    while waiting:
        # one caller's second question about a person comes after the first is entered: it costs nothing then
        firsts: dict[tuple[str, bytes], int] = {}
        for place in waiting:
            firsts.setdefault((asked[place].caller.actor, asked[place].token), place)
        found.update(_entered(session, asked, list(firsts.values())))
        waiting = [place for place in waiting if place not in found]
    return [found[place] for place in range(len(asked))]


def _entered(session: Writing, asked: Sequence[Asked], places: Sequence[int]) -> dict[int, int | TooMany]:
    some = [asked[place] for place in places]
    refused = refusals(session, some[0].services, some)
    allowed = [one.row for one, refusal in zip(some, refused, strict=True) if refusal is None]
    numbers = iter(record_rows(session, allowed) if allowed else ())
    return {place: next(numbers) if no is None else no for place, no in zip(places, refused, strict=True)}
