"""What the register knows, read: facts for the law, fields for the feed, entries for the person and for the desk.

Queries only. A listing counts if it is active, entered in the national database, and public; a term's end counts by
date alone, whether or not any job has run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, cast

from sqlalchemy import Column, ColumnElement, Select, Table, bindparam, select
from sqlalchemy.orm import Session

from creditsvc.kernel.days import legal_day
from creditsvc.kernel.identity import IdentityNumber
from creditsvc.kernel.names import same_name
from creditsvc.register.homonyms import HONOURED
from creditsvc.register.life import OrderState, State
from creditsvc.register.marks import Mark
from creditsvc.register.one_subject import Held
from creditsvc.register.tables import (
    ConsumptionOrder,
    EntryMark,
    Listing,
    RegisterEvent,
    Relief,
    ResponsibleMark,
)
from creditsvc.register.tables_homonyms import HomonymClearance
from punishment_rules.facts import (
    NO_FACTS,
    EntryNote,
    Facts,
    ListingFact,
    MarkFact,
    Note,
    OrderFact,
    ReliefFact,
    ReliefKind,
    Trait,
)
from punishment_rules.law import DebtorKind, Ground, Role

CHUNK = 500
NOBODY = "-"
"""Stands for no subject in a query."""
ADULT = 18
SHOWN = (State.ACTIVE.value, State.REMOVED.value)
"""States that are facts for a check: removed ones too, since a check may ask about a past day. Revoked ones never."""


@dataclass(frozen=True, slots=True)
class Match:
    """Whom a number and a name mean. Unknown number and wrong name give the same: no facts."""

    subject_id: str | None
    name_agrees: bool
    facts: Facts = NO_FACTS
    entries: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What each source is: court, case, days, by entry."""
    cleared: tuple[str, ...] = ()
    """Numbers of the clearances that were honoured: of which entries this is not the listed person."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody who is asked about: the subject that the number means, if there is one, and the name that was given."""

    subject_id: str | None
    number: IdentityNumber
    name: str


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one subject."""

    listings: list[Listing] = field(default_factory=list)
    orders: list[ConsumptionOrder] = field(default_factory=list)
    marks: list[tuple[ResponsibleMark, Listing]] = field(default_factory=list)
    through_units: list[tuple[ConsumptionOrder, ResponsibleMark, Listing]] = field(default_factory=list)
    """Orders against a unit, which bind its marked officers too (限消规定 art. 3(2))."""
    reliefs: list[Relief] = field(default_factory=list)
    overlays: list[EntryMark] = field(default_factory=list)
    clearances: list[HomonymClearance] = field(default_factory=list)

    @property
    def entries(self) -> list[Listing | ConsumptionOrder]:
        """Listings, then orders."""
        return [*self.listings, *self.orders]

    @property
    def names(self) -> set[str]:
        """Every name under which the subject stands here."""
        named = (*self.entries, *(mark for mark, _ in self.marks), *self.clearances)
        return {row.name for row in named}

    def without_cleared(self) -> Rows:
        """What is left without the cases of which this is not the debtor: the listing and the order of a case alike."""
        others = {(row.court_name, row.case_number) for row in self.clearances}
        if not others:
            return self

        def own(row: Listing | ConsumptionOrder) -> bool:
            return (row.court_name, row.case_number) not in others

        return replace(
            self,
            listings=list(filter(own, self.listings)),
            orders=list(filter(own, self.orders)),
            marks=[one for one in self.marks if own(one[1])],
            through_units=[one for one in self.through_units if own(one[0])],
        )


_NONE = Rows()


def facts_about(held: Held, number: IdentityNumber, name: str, *, on: date) -> Match:
    """Facts about whoever has this number, if the name agrees.

    An unknown number was read for like a known one, so that the time taken does not tell whether somebody is listed.
    """
    units = {unit.entry: unit for unit in filter(_is_public, held.units)}
    marks = [(mark, units[mark.unit_entry]) for mark in held.marks if mark.unit_entry in units]
    through = [
        (order, mark, unit)
        for mark, unit in marks
        for order in held.unit_orders
        if (order.subject_id, order.case_number) == (unit.subject_id, unit.case_number)
    ]
    # the rows of one statement have the columns of the tables that are read here
    rows: Any = Rows
    found = rows(
        list(filter(_is_public, held.listings)),
        held.orders,
        marks,
        through,
        held.reliefs,
        held.overlays,
        held.clearances,
    )
    return _match(Asked(held.subject, number, name), found, on)


def matches_about(session: Session, asked: Sequence[Asked], *, on: date) -> list[Match]:
    """As ``facts_about``, for many whose subjects have been found already; in the order of ``asked``."""
    known = _rows(session, list({one.subject_id for one in asked if one.subject_id is not None}))
    return [_match(one, known.get(one.subject_id or NOBODY, _NONE), on) for one in asked]


def revisions_of(session: Session, entries: Iterable[str]) -> dict[str, int]:
    """The present revision of each entry."""
    wanted = set(entries)
    return {row.entry: row.revision for query in _REVISIONS for row in _some(session, query, wanted)}


def _match(asked: Asked, rows: Rows, on: date) -> Match:
    subject_id, number = asked.subject_id, asked.number
    if subject_id is None or not any(same_name(asked.name, known) for known in rows.names):
        return Match(subject_id, name_agrees=False)
    kept = rows.without_cleared()
    facts = _facts(kept)
    age = number.age_on(on)
    if age is not None and age < ADULT:
        facts = replace(facts, traits=facts.traits | {Trait.MINOR})
    return Match(subject_id, True, facts, _described(kept), tuple(row.number for row in rows.clearances))


def facts_of_subjects(session: Session, subject_ids: Iterable[str], *, on: date) -> dict[str, Facts]:
    """Facts by subject; a subject without entries has empty facts."""
    return {subject: _facts(rows.without_cleared()) for subject, rows in _rows(session, list(subject_ids)).items()}


def newest_event(session: Session) -> int:
    """The number of the register's newest event: as of what an answer is."""
    return newest_recorded(session)[0]


def newest_recorded(session: Session) -> tuple[int, datetime | None]:
    """The register's newest event and when it was recorded; zero and none for a register without any."""
    row = session.connection().execute(_NEWEST).first()
    return (0, None) if row is None else (row.id, row.recorded_at)


def _rows(session: Session, subjects: Sequence[str]) -> dict[str, Rows]:
    found = {subject: Rows() for subject in subjects}
    session.flush()
    for listing in filter(_is_public, _some(session, _LISTINGS, found)):
        found[listing.subject_id].listings.append(listing)
    for order in _some(session, _ORDERS, found):
        found[order.subject_id].orders.append(order)
    for clearance in _some(session, _CLEARANCES, found):
        found[clearance.subject_id].clearances.append(clearance)
    marks = list(_some(session, _MARKS, found))
    marked = _some(session, _UNITS, {mark.unit_entry for mark in marks})
    units = {unit.entry: unit for unit in filter(_is_public, marked)}
    for mark in marks:
        if (unit := units.get(mark.unit_entry)) is not None:
            found[mark.subject_id].marks.append((mark, unit))
    _add_unit_orders(session, found)
    _add_overlays(session, found)
    return found


def _some(session: Session, query: Select[Any], keys: Iterable[str]) -> Iterator[Any]:
    """The query for these keys, in pieces; for none it is asked all the same, so that the work tells nothing."""
    wanted, connection = sorted(keys) or [NOBODY], session.connection()
    for start in range(0, len(wanted), CHUNK):
        yield from connection.execute(query, {"some": wanted[start : start + CHUNK]})


def _add_unit_orders(session: Session, found: dict[str, Rows]) -> None:
    marked = [(rows, mark, unit) for rows in found.values() for mark, unit in rows.marks]
    orders: dict[tuple[str, str], list[ConsumptionOrder]] = {}
    for order in _some(session, _ORDERS, {unit.subject_id for _, _, unit in marked}):
        orders.setdefault((order.subject_id, order.case_number), []).append(order)
    for rows, mark, unit in marked:
        for order in orders.get((unit.subject_id, unit.case_number), ()):
            rows.through_units.append((order, mark, unit))


def _add_overlays(session: Session, found: dict[str, Rows]) -> None:
    owner = {row.entry: rows for rows in found.values() for row in rows.entries}
    marked = {mark.id: rows for rows in found.values() for _, mark, _ in rows.through_units}
    of_units = {order.entry for rows in found.values() for order, _, _ in rows.through_units}
    for relief in _some(session, _RELIEFS, owner.keys() | of_units):
        # what was granted to one officer is theirs, and not the unit's
        holder = owner.get(relief.entry) if relief.mark_id is None else marked.get(relief.mark_id)
        if holder is not None:
            holder.reliefs.append(relief)
    bearers: dict[str, list[Rows]] = {entry: [rows] for entry, rows in owner.items()}
    for rows in found.values():
        for entry in {unit.entry for _, unit in rows.marks} | {order.entry for order, _, _ in rows.through_units}:
            if rows is not owner.get(entry):
                bearers.setdefault(entry, []).append(rows)
    for mark in _some(session, _OVERLAYS, bearers):
        for rows in bearers[mark.entry]:
            rows.overlays.append(mark)


_LISTING, _ORDER = cast(Table, Listing.__table__), cast(Table, ConsumptionOrder.__table__)
_MARK, _RELIEF, _OVERLAY = (cast(Table, model.__table__) for model in (ResponsibleMark, Relief, EntryMark))


def _is_public(row: Any) -> bool:
    """Not in the query: for many subjects SQLite would then read every listing of a state, by that index."""
    return row.state in SHOWN and not row.nonpublic and row.national_entry is not None


def _by(column: ColumnElement[Any], *conditions: ColumnElement[bool]) -> Select[Any]:
    """All columns of a table by some values of one. Plain rows: the ORM's bookkeeping costs more than the query; built
    once, since putting a query together does too."""
    table = cast(Column[Any], column).table
    some = column.in_(bindparam("some", expanding=True))
    return select(table).where(some, *conditions).order_by(table.c.id)


_CLEARANCE = cast(Table, HomonymClearance.__table__)
_CLEARANCES = _by(_CLEARANCE.c.subject_id, _CLEARANCE.c.state.in_(HONOURED))
_LISTINGS = _by(_LISTING.c.subject_id)
_UNITS = _by(_LISTING.c.entry)
_ORDERS = _by(_ORDER.c.subject_id, _ORDER.c.state != OrderState.REVOKED.value)
_MARKS = _by(_MARK.c.subject_id)
_RELIEFS = _by(_RELIEF.c.entry)
_OVERLAYS = _by(_OVERLAY.c.entry)
_REVISIONS = tuple(
    select(table.c.entry, table.c.revision).where(table.c.entry.in_(bindparam("some", expanding=True)))
    for table in (_LISTING, _ORDER)
)
_EVENT = cast(Table, RegisterEvent.__table__)
_NEWEST = select(_EVENT.c.id, _EVENT.c.recorded_at).order_by(_EVENT.c.id.desc()).limit(1)


def _facts(rows: Rows) -> Facts:
    kinds = {row.debtor_kind for row in rows.entries}
    return Facts(
        kind=DebtorKind.ORGANISATION if kinds == {DebtorKind.ORGANISATION.value} else DebtorKind.PERSON,
        listings=tuple(_listing_fact(row, rows) for row in rows.listings),
        orders=tuple(_order_fact(row, rows) for row in rows.orders)
        + tuple(_unit_order_fact(order, mark, unit, rows) for order, mark, unit in rows.through_units),
        marks=tuple(_mark_fact(mark, unit, rows) for mark, unit in rows.marks),
        reliefs=tuple(_relief_fact(row, rows) for row in rows.reliefs),
    )


def _listing_fact(row: Listing, rows: Rows) -> ListingFact:
    return ListingFact(
        entry=row.entry,
        grounds=tuple(map(Ground, row.grounds)),
        court_name=row.court_name,
        case_number=row.case_number,
        listed_on=row.published_on or row.national_entered_on or row.decided_on,
        until=row.until,
        debtor_kind=DebtorKind(row.debtor_kind),
        ended_on=row.ended_on,
        known_on=legal_day(row.created_at),
        notes=_notes(row.entry, rows),
    )


def _notes(entry: str, rows: Rows) -> tuple[EntryNote, ...]:
    told = (
        EntryNote(Note(Mark(one.mark).told_as), one.from_day, one.to_day) for one in rows.overlays if one.entry == entry
    )
    return tuple(dict.fromkeys(told))


def _relief_fact(row: Relief, rows: Rows) -> ReliefFact:
    orders = (*rows.entries, *(order for order, _, _ in rows.through_units))
    about = next((entry for entry in orders if entry.entry == row.entry), None)
    return ReliefFact(
        ReliefKind(row.kind),
        row.entry,
        row.from_day,
        row.to_day,
        tuple(row.measures),
        court_name=about.court_name if about else "",
        case_number=about.case_number if about else "",
    )


def _order_fact(row: ConsumptionOrder, rows: Rows) -> OrderFact:
    return OrderFact(
        entry=row.entry,
        court_name=row.court_name,
        case_number=row.case_number,
        issued_on=row.issued_on,
        ended_on=row.ended_on,
        items=tuple(row.items),
        bound_role=Role(row.bound_role) if row.bound_role else None,
        unit_name=row.unit_name,
        notes=_notes(row.entry, rows),
        known_on=legal_day(row.created_at),
    )


def _unit_order_fact(row: ConsumptionOrder, mark: ResponsibleMark, unit: Listing, rows: Rows) -> OrderFact:
    fact = _order_fact(row, rows)
    ends = [day for day in (row.ended_on, mark.to_day) if day is not None]
    return replace(
        fact,
        issued_on=max(row.issued_on, mark.from_day),
        ended_on=min(ends) if ends else None,
        bound_role=Role(mark.role),
        unit_name=unit.name,
    )


def _mark_fact(mark: ResponsibleMark, unit: Listing, rows: Rows) -> MarkFact:
    # on the day of the removal the unit's listing no longer counts, so the day before is the mark's last
    before_removal = None if unit.ended_on is None else unit.ended_on - timedelta(days=1)
    ends = [day for day in (mark.to_day, unit.until, before_removal) if day is not None]
    return MarkFact(
        entry=unit.entry,
        unit_name=unit.name,
        role=Role(mark.role),
        court_name=unit.court_name,
        case_number=unit.case_number,
        from_day=mark.from_day,
        to_day=min(ends) if ends else None,
        notes=_notes(unit.entry, rows),
        known_on=legal_day(unit.created_at),
    )


def _described(rows: Rows) -> dict[str, dict[str, Any]]:
    said: dict[str, dict[str, Any]] = {}
    for listing in rows.listings:
        said[listing.entry] = _source(listing, "listing", listing.published_on, listing.until)
    for order in rows.orders:
        said[order.entry] = _source(order, "consumption_order", order.issued_on, None)
    for unit_order, _, _ in rows.through_units:
        said[unit_order.entry] = _source(unit_order, "consumption_order", unit_order.issued_on, None)
    for _, unit in rows.marks:
        said[unit.entry] = _source(unit, "listing", unit.published_on, unit.until)
    return said


def _source(row: Listing | ConsumptionOrder, kind: str, since: date | None, until: date | None) -> dict[str, Any]:
    return {
        "entry": row.entry,
        "kind": kind,
        "court": row.court_name,
        "case_number": row.case_number,
        "since": since.isoformat() if since else None,
        "until": until.isoformat() if until else None,
    }
