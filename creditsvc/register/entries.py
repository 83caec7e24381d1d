"""A matter as a decision sees it: a listing, a consumption order or a candidate behind one face, and who may reach it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditsvc.access.callers import Caller
from creditsvc.kernel.errors import NotFound
from creditsvc.kernel.text import Bilingual
from creditsvc.register.kinds import CANDIDATE, LISTING, ORDER
from creditsvc.register.tables import ConsumptionOrder, Listing
from creditsvc.register.tables_matters import CandidateRecord
from punishment_rules.law import Ground

PREFIX = {"lst": LISTING, "ord": ORDER}
CANDIDATE_PREFIX = "cnd"


@dataclass(frozen=True, slots=True)
class Target:
    """A listing or an order. ``row`` is the table's object, locked if it was asked for to be changed."""

    kind: str
    row: Listing | ConsumptionOrder

    @property
    def entry(self) -> str:
        """Its name on every stream."""
        return self.row.entry

    @property
    def version(self) -> int:
        """Rises with every change."""
        return self.row.version

    @property
    def court_code(self) -> str:
        """The court that decides about it."""
        return self.row.court_code

    @property
    def grounds(self) -> tuple[Ground, ...]:
        """Grounds of a listing; none for an order."""
        return tuple(map(Ground, self.row.grounds)) if isinstance(self.row, Listing) else ()

    @property
    def until(self) -> date | None:
        """Last day of a listing's term."""
        return self.row.until if isinstance(self.row, Listing) else None


@dataclass(frozen=True, slots=True)
class CandidateTarget:
    """A candidate: somebody about whom no decision to list has been made."""

    row: CandidateRecord
    kind: str = CANDIDATE

    @property
    def entry(self) -> str:
        """Its name; it is on no stream."""
        return self.row.entry

    @property
    def version(self) -> int:
        """Rises with every change."""
        return self.row.version

    @property
    def court_code(self) -> str:
        """The court that decides about it."""
        return self.row.court_code


Matter = Target | CandidateTarget
"""Everything about which a decision can be made."""
Reached = TypeVar("Reached", Target, CandidateTarget, Matter)


def matter(session: Session, entry: str, *, to_change: bool = False) -> Matter:
    """The listing, order or candidate of this name; raises ``NotFound``."""
    if not entry.startswith(f"{CANDIDATE_PREFIX}_"):
        return target(session, entry, to_change=to_change)
    query = select(CandidateRecord).where(CandidateRecord.entry == entry)
    row = session.scalar(query.with_for_update() if to_change else query)
    if row is None:
        raise unknown_entry()
    return CandidateTarget(row)


def target(session: Session, entry: str, *, to_change: bool = False) -> Target:
    """The entry; raises ``NotFound``."""
    kind = PREFIX.get(entry[:3])
    row: Listing | ConsumptionOrder | None = None
    if kind == LISTING:
        listings = select(Listing).where(Listing.entry == entry)
        row = session.scalar(listings.with_for_update() if to_change else listings)
    elif kind == ORDER:
        orders = select(ConsumptionOrder).where(ConsumptionOrder.entry == entry)
        row = session.scalar(orders.with_for_update() if to_change else orders)
    if kind is None or row is None:
        raise unknown_entry()
    return Target(kind, row)


def in_reach(about: Reached, caller: Caller) -> Reached:
    """The entry if it belongs to the caller's court or to one below it; else ``NotFound``, as if it were not there."""
    if not reaches(caller, about.court_code):
        raise unknown_entry()
    return about


def reaches(caller: Caller, court_code: str) -> bool:
    """Whether a caller's court is this court or stands above it: codes of lower courts begin with the higher one's."""
    return caller.court_code is not None and court_code.startswith(caller.court_code)


def unknown_entry() -> NotFound:
    """No such entry, or not this caller's."""
    return NotFound(Bilingual("没有这条记录", "no such entry"), code="entry-unknown")
