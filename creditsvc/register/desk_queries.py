"""What the court's desk shows: what is due, search results, one entry with its whole history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from creditsvc.access.callers import Caller
from creditsvc.kernel.calendars import Calendar
from creditsvc.kernel.days import Deadline
from creditsvc.kernel.identity import IdentityNumber
from creditsvc.kernel.names import normalise_name
from creditsvc.register.decisions import OPEN
from creditsvc.register.life import OrderState, State
from creditsvc.register.policy import removal_due
from creditsvc.register.tables import (
    ConsumptionOrder,
    Decision,
    EntryMark,
    Listing,
    RegisterEvent,
    Relief,
    ResponsibleMark,
)
from creditsvc.register.tables_matters import CandidateRecord
from creditsvc.storage.subjects import find_subject
from creditsvc.storage.vault import Vault

PAGE = 50


@dataclass(frozen=True, slots=True)
class DueTerm:
    """A listing whose term has ended: it no longer counts, and the court has three working days to remove it."""

    listing: Listing
    due: Deadline


def open_decisions(session: Session, caller: Caller, *, limit: int = 200) -> Sequence[Decision]:
    """Decisions of the caller's court and those below it that wait for a second person, most urgent first."""
    query = select(Decision).where(Decision.state == OPEN, Decision.court_code.startswith(caller.court_code or "-"))
    return session.scalars(query.order_by(Decision.due_on, Decision.id).limit(limit)).all()


def ended_terms(
    session: Session, caller: Caller, *, on: date, calendar: Calendar, limit: int = 200
) -> Sequence[DueTerm]:
    """Listings whose term ended before that day and that have not been removed, oldest first."""
    query = select(Listing).where(
        Listing.state == State.ACTIVE.value, Listing.until < on, Listing.court_code.startswith(caller.court_code or "-")
    )
    rows = session.scalars(query.order_by(Listing.until, Listing.id).limit(limit))
    return [DueTerm(row, removal_due(row.until, calendar)) for row in rows if row.until is not None]


def without_order(session: Session, caller: Caller, *, limit: int = 50) -> Sequence[Listing]:
    """Listings in force with no consumption order of the same case: a finding for the court, never an order made up."""
    order = select(ConsumptionOrder.id).where(
        ConsumptionOrder.subject_id == Listing.subject_id,
        ConsumptionOrder.case_number == Listing.case_number,
        ConsumptionOrder.state == OrderState.ORDERED.value,
    )
    query = select(Listing).where(
        Listing.state == State.ACTIVE.value, Listing.court_code.startswith(caller.court_code or "-"), ~order.exists()
    )
    return session.scalars(query.order_by(Listing.id).limit(limit)).all()


def names_of(session: Session, entries: Sequence[str]) -> dict[str, str]:
    """Whom these entries are about, by entry: names are published by law, numbers are not."""
    found: dict[str, str] = {}
    for table in (Listing, ConsumptionOrder, CandidateRecord):
        query = select(table.entry, table.name).where(table.entry.in_(list(dict.fromkeys(entries))))
        found.update((entry, name) for entry, name in session.execute(query))
    return found


def people_of(rows: Sequence[Listing | ConsumptionOrder]) -> dict[str, str]:
    """A letter for each person among rows of the same name; empty where all are one person."""
    named: dict[str, set[str]] = {}
    for row in rows:
        named.setdefault(row.name, set()).add(row.subject_id)
    if all(len(subjects) == 1 for subjects in named.values()):
        return {}
    subjects = list(dict.fromkeys(row.subject_id for row in rows))
    return {subject: chr(ord("A") + place) if place < 26 else str(place + 1) for place, subject in enumerate(subjects)}


def open_candidates(
    session: Session, caller: Caller, *, text: str = "", subject_id: str | None = None, limit: int = PAGE
) -> Sequence[CandidateRecord]:
    """Debtors about whom the caller's court has not decided yet; of one person, or of a name or case number, if given."""
    query = select(CandidateRecord).where(
        CandidateRecord.state.in_([State.CANDIDATE.value, State.UNDER_REVIEW.value]),
        CandidateRecord.court_code.startswith(caller.court_code or "-"),
    )
    if text:
        query = query.where(or_(CandidateRecord.name == text.strip(), CandidateRecord.case_number == text.strip()))
    if subject_id is not None:
        query = query.where(CandidateRecord.subject_id == subject_id)
    return session.scalars(query.order_by(CandidateRecord.id).limit(limit)).all()


def search(
    session: Session,
    vault: Vault,
    caller: Caller,
    *,
    number: IdentityNumber | None = None,
    text: str = "",
    after: int = 0,
) -> tuple[list[Listing | ConsumptionOrder], int | None]:
    """Entries of the caller's reach by exact number, or by name or case number; and where the next page begins."""
    listings = select(Listing).where(Listing.court_code.startswith(caller.court_code or "-"))
    orders = select(ConsumptionOrder).where(ConsumptionOrder.court_code.startswith(caller.court_code or "-"))
    if number is not None:
        subject = find_subject(session, vault, number)
        listings, orders = (
            listings.where(Listing.subject_id == subject),
            orders.where(ConsumptionOrder.subject_id == subject),
        )
        return [*session.scalars(listings), *session.scalars(orders)], None
    if text:
        names = {text.strip(), normalise_name(text)}
        listings = listings.where(
            or_(Listing.name.in_(names), Listing.case_number == text.strip(), Listing.entry == text.strip())
        )
    rows = session.scalars(listings.where(Listing.id > after).order_by(Listing.id).limit(PAGE + 1)).all()
    found: list[Listing | ConsumptionOrder] = list(rows[:PAGE])
    return found, rows[PAGE - 1].id if len(rows) > PAGE else None


@dataclass(frozen=True, slots=True)
class History:
    """Everything that happened to an entry, and what stands beside it."""

    events: Sequence[RegisterEvent]
    decisions: Sequence[Decision]
    officers: Sequence[ResponsibleMark]
    reliefs: Sequence[Relief]
    marks: Sequence[EntryMark]
    beside: Sequence[Listing | ConsumptionOrder]
    """Other entries of the same subject in the caller's sight."""


def history(session: Session, row: Listing | ConsumptionOrder, caller: Caller) -> History:
    """The history of one entry."""
    entry = row.entry
    beside: list[Listing | ConsumptionOrder] = []
    for table in (Listing, ConsumptionOrder):
        beside += session.scalars(
            select(table)
            .where(
                table.subject_id == row.subject_id,
                table.entry != entry,
                table.court_code.startswith(caller.court_code or "-"),
            )
            .order_by(table.id)
            .limit(PAGE)
        )
    return History(
        events=session.scalars(
            select(RegisterEvent).where(RegisterEvent.entry == entry).order_by(RegisterEvent.id)
        ).all(),
        decisions=session.scalars(select(Decision).where(Decision.entry == entry).order_by(Decision.id.desc())).all(),
        officers=session.scalars(select(ResponsibleMark).where(ResponsibleMark.unit_entry == entry)).all(),
        reliefs=session.scalars(select(Relief).where(Relief.entry == entry)).all(),
        marks=session.scalars(select(EntryMark).where(EntryMark.entry == entry)).all(),
        beside=beside,
    )


def order_beside(session: Session, row: Listing | ConsumptionOrder) -> ConsumptionOrder | None:
    """The order in force of a listing's own case: it stays until a decision of its own lifts it."""
    if not isinstance(row, Listing):
        return None
    return session.scalar(
        select(ConsumptionOrder)
        .where(
            ConsumptionOrder.subject_id == row.subject_id,
            ConsumptionOrder.case_number == row.case_number,
            ConsumptionOrder.state == OrderState.ORDERED.value,
        )
        .order_by(ConsumptionOrder.id)
        .limit(1)
    )
