"""The register's entries as repair reads them: one view for listings and consumption orders. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from creditsvc.kernel.errors import NotFound
from creditsvc.kernel.text import Bilingual
from creditsvc.register.life import OrderState, State
from creditsvc.register.tables import ConsumptionOrder, Listing, ResponsibleMark

LISTING, ORDER = "listing", "consumption_order"
# what the person may see: their own history too, but nothing that has not been published (I07)
_SEEN = (State.ACTIVE.value, State.REMOVED.value, State.REVOKED.value)


@dataclass(frozen=True, slots=True)
class EntryView:
    """One entry. Days are Beijing days; ``in_force`` is meant for the day that was asked about."""

    entry: str
    kind: str
    subject_id: str
    name: str
    court_code: str
    court_name: str
    case_number: str
    decision_number: str
    published_on: date | None
    in_force: bool
    left_on: date | None
    exit_clause: str
    grounds: tuple[str, ...] = ()
    until: date | None = None
    obligation: str = ""
    performance: str = "none"
    unperformed_part: str = ""
    decided_on: date | None = None
    basis_number: str = ""
    is_person: bool = True
    bound_role: str | None = None
    unit_name: str = ""
    performed_part: str = ""
    applicants: tuple[str, ...] = ()
    mark_id: int | None = None
    """The mark through which a unit's order binds this person; the order itself is the unit's."""
    unit_listing: str = ""
    """The unit's listing that bears the mark."""


def own_entries(session: Session, subject_id: str, *, on: date) -> Sequence[EntryView]:
    """Every entry of one person, in force first, newest first."""
    listings = session.scalars(_seen().where(Listing.subject_id == subject_id)).all()
    orders = session.scalars(select(ConsumptionOrder).where(ConsumptionOrder.subject_id == subject_id)).all()
    views = [
        *(_of_listing(row, on) for row in listings),
        *(_of_order(row) for row in orders),
        *_through_units(session, subject_id, on=on),
    ]
    return sorted(views, key=lambda view: (not view.in_force, -(view.published_on or date.min).toordinal(), view.entry))


def own_entry(session: Session, subject_id: str, entry: str, *, on: date) -> EntryView:
    """One's own entry, or the order of a unit that binds one as its officer; ``NotFound`` for anybody else's, as for none."""
    return view_for(session, entry, subject_id, on=on)


def view_for(session: Session, entry: str, subject_id: str, *, on: date) -> EntryView:
    """The entry as it is to this person: their own, or a unit's order through their mark. Raises ``NotFound``."""
    view = entry_view(session, entry, on=on)
    if view.subject_id == subject_id:
        return view
    bound = next((one for one in _through_units(session, subject_id, on=on) if one.entry == entry), None)
    if bound is None:
        raise _missing()
    return bound


def _through_units(session: Session, subject_id: str, *, on: date) -> Sequence[EntryView]:
    """Orders against units whose marked officer this person is or was: they bind the officer too (法释〔2015〕17号 art. 3(2))."""
    rows = session.execute(
        select(ConsumptionOrder, ResponsibleMark, Listing)
        .join(Listing, Listing.entry == ResponsibleMark.unit_entry)
        .join(
            ConsumptionOrder,
            (ConsumptionOrder.subject_id == Listing.subject_id) & (ConsumptionOrder.case_number == Listing.case_number),
        )
        .where(ResponsibleMark.subject_id == subject_id, Listing.state.in_(_SEEN), ResponsibleMark.from_day <= on)
        .order_by(ResponsibleMark.id)
    ).all()
    found: dict[str, EntryView] = {}
    for order, mark, unit in rows:
        standing = mark.to_day is None or on <= mark.to_day
        view = _of_order(order)
        found[order.entry] = replace(
            view,
            subject_id=subject_id,
            name=mark.name,
            is_person=True,
            bound_role=mark.role,
            unit_name=unit.name,
            mark_id=mark.id,
            unit_listing=unit.entry,
            in_force=view.in_force and standing,
            left_on=view.left_on or (None if standing else mark.to_day),
            decided_on=max(order.issued_on, mark.from_day),
            published_on=max(order.issued_on, mark.from_day),
        )
    return list(found.values())


def entry_view(session: Session, entry: str, *, on: date) -> EntryView:
    """An entry that has been published, whoever it is about; raises ``NotFound``."""
    if listing := session.scalar(_seen().where(Listing.entry == entry)):
        return _of_listing(listing, on)
    if order := session.scalar(select(ConsumptionOrder).where(ConsumptionOrder.entry == entry)):
        return _of_order(order)
    raise _missing()


def standing_order(session: Session, view: EntryView, *, on: date) -> str | None:
    """The consumption order that stands against the same person in the same case, if there is one."""
    return session.scalar(
        select(ConsumptionOrder.entry).where(
            ConsumptionOrder.subject_id == view.subject_id,
            ConsumptionOrder.case_number == view.case_number,
            ConsumptionOrder.court_code == view.court_code,
            ConsumptionOrder.state == OrderState.ORDERED.value,
            ConsumptionOrder.issued_on <= on,
        )
    )


def gone_entries(session: Session, entries: Iterable[str], *, on: date) -> frozenset[str]:
    """Those of these listings and orders that are no longer in force."""
    wanted = list(entries)
    listings = select(Listing.entry).where(
        Listing.entry.in_(wanted), or_(Listing.state != State.ACTIVE.value, Listing.until < on)
    )
    orders = select(ConsumptionOrder.entry).where(
        ConsumptionOrder.entry.in_(wanted), ConsumptionOrder.state != OrderState.ORDERED.value
    )
    return frozenset([*session.scalars(listings), *session.scalars(orders)])


def left(on: date) -> Select[str]:
    """A query for every entry that is no longer in force, to be asked inside another."""
    listings = select(Listing.entry).where(or_(Listing.state != State.ACTIVE.value, Listing.until < on))
    orders = select(ConsumptionOrder.entry).where(ConsumptionOrder.state != OrderState.ORDERED.value)
    return listings.union_all(orders)  # type: ignore[return-value]


def debtor_name(session: Session, subject_id: str) -> str | None:
    """The name under which somebody stands in the register: by the newest listing, else order, else mark; none if there is none."""
    newest = _seen().where(Listing.subject_id == subject_id).order_by(Listing.id.desc()).limit(1)
    if found := session.scalar(newest):
        return found.name
    orders = select(ConsumptionOrder.name).where(ConsumptionOrder.subject_id == subject_id)
    if order := session.scalar(orders.order_by(ConsumptionOrder.id.desc()).limit(1)):
        return order
    marks = select(ResponsibleMark.name).where(ResponsibleMark.subject_id == subject_id)
    return session.scalar(marks.order_by(ResponsibleMark.id.desc()).limit(1))


def first_entries(session: Session, count: int, *, on: date) -> Sequence[str]:
    """The first listings in force, by number."""
    query = select(Listing.entry).where(
        Listing.state == State.ACTIVE.value, or_(Listing.until.is_(None), Listing.until >= on)
    )
    return session.scalars(query.order_by(Listing.id).limit(max(0, count))).all()


def _seen() -> Select[Listing]:
    return select(Listing).where(Listing.state.in_(_SEEN))


def _missing() -> NotFound:
    return NotFound(Bilingual("没有这条记录", "there is no such entry"), code="entry-unknown")


def _of_listing(row: Listing, on: date) -> EntryView:
    # in force needs the entry in the national database (design choice 1)
    active = row.state == State.ACTIVE.value and row.national_entry is not None
    return EntryView(
        entry=row.entry,
        kind=LISTING,
        subject_id=row.subject_id,
        name=row.name,
        court_code=row.court_code,
        court_name=row.court_name,
        case_number=row.case_number,
        decision_number=row.decision_number,
        published_on=row.published_on,
        in_force=active and (row.until is None or on <= row.until),
        left_on=row.ended_on or (row.until if active else None),
        exit_clause=str((row.exit or {}).get("basis", "")),
        grounds=tuple(row.grounds),
        until=row.until,
        obligation=row.obligation or "",
        performance=row.performance,
        unperformed_part=row.unperformed_part or "",
        decided_on=row.decided_on,
        basis_number=row.basis_number or "",
        is_person=row.debtor_kind == "person",
        performed_part=row.performed_part or "",
        applicants=tuple(row.applicants),
    )


def _of_order(row: ConsumptionOrder) -> EntryView:
    return EntryView(
        entry=row.entry,
        kind=ORDER,
        subject_id=row.subject_id,
        name=row.name,
        court_code=row.court_code,
        court_name=row.court_name,
        case_number=row.case_number,
        decision_number=row.order_number,
        published_on=row.issued_on,
        in_force=row.state == OrderState.ORDERED.value,
        left_on=row.ended_on,
        exit_clause=str((row.exit or {}).get("basis", "")),
        decided_on=row.issued_on,
        is_person=row.debtor_kind == "person",
        bound_role=row.bound_role,
        unit_name=row.unit_name or "",
    )
