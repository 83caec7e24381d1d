"""An entry's fields as the feed names them, with the clear number beside them for whoever seals or tokenises it.

Floor 2 knows no streams: which stream carries which field is not known here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditsvc.kernel.identity import IdentityNumber
from creditsvc.register.life import OrderState, State
from creditsvc.register.marks import Mark
from creditsvc.register.tables import ConsumptionOrder, EntryMark, Listing, Relief, ResponsibleMark
from creditsvc.storage.subjects import numbers_of
from creditsvc.storage.vault import Vault

CHUNK = 500


@dataclass(frozen=True, slots=True)
class RoleField:
    """An officer's mark on a listed unit; ``number`` is canonical and never leaves as it is."""

    role: str
    name: str
    number: str
    from_day: str
    to_day: str | None


@dataclass(frozen=True, slots=True)
class OwnRelief:
    """What one officer was granted under the unit's order; ``number`` is canonical and never leaves as it is."""

    number: str
    mark: dict[str, Any]
    """As among ``marks``, without the subject."""


@dataclass(frozen=True, slots=True)
class FeedFields:
    """One entry. ``data`` has every field of the feed that is not absent, but ``subject`` and the roles' subjects."""

    entry: str
    kind: str
    revision: int
    in_force: bool
    nonpublic: bool
    subject_number: str
    """Canonical number; empty if the subject was shredded."""
    data: dict[str, Any]
    roles: tuple[RoleField, ...] = ()
    own_reliefs: tuple[OwnRelief, ...] = ()
    """Told on the unit's listing, beside the roles: an order names nobody but its debtor."""

    def __repr__(self) -> str:
        return f"FeedFields({self.entry}, revision {self.revision})"


def feed_fields(session: Session, vault: Vault, entries: Sequence[str]) -> dict[str, FeedFields]:
    """Fields by entry, as they are now; unknown entries are absent."""
    found: dict[str, FeedFields] = {}
    for start in range(0, len(entries), CHUNK):
        some = list(entries[start : start + CHUNK])
        listings = list(session.scalars(select(Listing).where(Listing.entry.in_(some))))
        orders = list(session.scalars(select(ConsumptionOrder).where(ConsumptionOrder.entry.in_(some))))
        officers = list(session.scalars(select(ResponsibleMark).where(ResponsibleMark.unit_entry.in_(some))))
        subjects = {listing.subject_id for listing in listings} | {order.subject_id for order in orders}
        subjects |= {officer.subject_id for officer in officers}
        numbers = numbers_of(session, vault, subjects)
        marks = _marks(session, some)
        roles = _roles(officers, numbers)
        own = _own_reliefs(session, officers, numbers)
        for listing in listings:
            fields = _of_listing(listing, numbers.get(listing.subject_id), marks, roles)
            found[listing.entry] = replace(fields, own_reliefs=tuple(own.get(listing.entry, ())))
        for order in orders:
            found[order.entry] = _of_order(order, numbers.get(order.subject_id), marks)
    return found


def person_numbers(session: Session, vault: Vault, entries: Sequence[str]) -> dict[str, str]:
    """Canonical numbers of the natural persons whom these listings are about, by entry, for the moment of use.

    Many at a time, by the driver's own statement: whoever hands a whole list over asks for nothing else of it.
    """
    connection, wanted, found = session.connection(), list(dict.fromkeys(entries)), dict[str, str]()
    is_sqlite, at_once = connection.dialect.name == "sqlite", 5000
    for start in range(0, len(wanted), at_once):
        some = wanted[start : start + at_once]
        head = (
            "SELECT l.entry, s.id, s.number_cell FROM listing l JOIN subject s ON s.id = l.subject_id "
            "WHERE l.debtor_kind = 'person' AND s.number_cell IS NOT NULL AND l.entry "
        )
        if is_sqlite:
            rows = connection.exec_driver_sql(f"{head} IN ({','.join('?' * len(some))})", tuple(some)).all()
        else:
            rows = connection.exec_driver_sql(f"{head} = ANY(%s)", (some,)).all()
        cells = {subject: bytes(cell) for _, subject, cell in rows}
        opened = vault.open_many(cells, table="subject", column="number_cell")
        found.update((entry, opened[subject]) for entry, subject, _ in rows if subject in opened)
    return found


def _marks(session: Session, entries: list[str]) -> dict[str, list[dict[str, Any]]]:
    marks: dict[str, list[dict[str, Any]]] = {}
    for row in session.scalars(select(EntryMark).where(EntryMark.entry.in_(entries)).order_by(EntryMark.id)):
        mark = _present({"mark": Mark(row.mark).told_as, "from": row.from_day, "to": row.to_day})
        if mark not in marks.setdefault(row.entry, []):
            marks[row.entry].append(mark)
    whole = select(Relief).where(Relief.entry.in_(entries), Relief.mark_id.is_(None))
    for relief in session.scalars(whole.order_by(Relief.id)):
        if relief.to_day >= relief.from_day:  # else it ended before it began: there is nothing to tell
            marks.setdefault(relief.entry, []).append(_told(relief))
    return marks


def _told(relief: Relief) -> dict[str, Any]:
    mark = {"mark": relief.kind, "from": relief.from_day, "to": relief.to_day, "measures": relief.measures}
    return _present(mark)


def _own_reliefs(
    session: Session, officers: Sequence[ResponsibleMark], numbers: dict[str, IdentityNumber]
) -> dict[str, list[OwnRelief]]:
    """Officers' own reliefs by the unit's listing, on which their marks stand."""
    marked, found = {row.id: row for row in officers}, dict[str, list[OwnRelief]]()
    if not marked:
        return found
    for relief in session.scalars(select(Relief).where(Relief.mark_id.in_(marked)).order_by(Relief.id)):
        officer = marked[relief.mark_id or 0]
        number = numbers.get(officer.subject_id)
        if number is not None and relief.to_day >= relief.from_day:
            found.setdefault(officer.unit_entry, []).append(OwnRelief(number.canonical, _told(relief)))
    return found


def _roles(officers: Sequence[ResponsibleMark], numbers: dict[str, IdentityNumber]) -> dict[str, list[RoleField]]:
    roles: dict[str, list[RoleField]] = {}
    for row in officers:
        if number := numbers.get(row.subject_id):
            to_day = row.to_day.isoformat() if row.to_day else None
            roles.setdefault(row.unit_entry, []).append(
                RoleField(row.role, row.name, number.canonical, row.from_day.isoformat(), to_day)
            )
    return roles


def _present(values: dict[str, Any]) -> dict[str, Any]:
    """Without what is absent, days as text: the feed has no null."""
    return {
        name: value.isoformat() if hasattr(value, "isoformat") else value
        for name, value in values.items()
        if value is not None and value not in ("", [])
    }


def _number_fields(number: IdentityNumber | None) -> dict[str, str]:
    if number is None:
        return {}
    return {"number_masked": number.masked} if number.is_personal else {"unit_code": number.number}


def _of_listing(row: Listing, number: IdentityNumber | None, marks: dict[str, list[dict[str, Any]]],
                roles: dict[str, list[RoleField]]) -> FeedFields:  # fmt: skip
    person = row.debtor_kind == "person"
    data = _present(
        {
            "entry": row.entry,
            "kind": "listing",
            "revision": row.revision,
            "debtor_kind": row.debtor_kind,
            "name": row.name,
            "sex": row.sex if person else None,
            "age": row.age if person else None,
            "legal_representative": None if person else row.legal_representative,
            "court_code": row.court_code,
            "court_name": row.court_name,
            "case_number": row.case_number,
            "filed_on": row.filed_on,
            "basis_number": row.basis_number,
            "basis_issuer": row.basis_issuer,
            "obligation": row.obligation,
            "performance": row.performance,
            "performed_part": row.performed_part,
            "unperformed_part": row.unperformed_part,
            "grounds": row.grounds,
            "published_on": row.published_on,
            "until": row.until,
            "marks": marks.get(row.entry, []),
            "decision": row.decision_number,
        }
    )
    active = row.state == State.ACTIVE.value and row.national_entry is not None
    return FeedFields(
        entry=row.entry, kind="listing", revision=row.revision, in_force=active and not row.nonpublic, nonpublic=row.nonpublic,
        subject_number=number.canonical if number else "", data=data | _number_fields(number),
        roles=tuple(roles.get(row.entry, ())),
    )  # fmt: skip


def _of_order(
    row: ConsumptionOrder, number: IdentityNumber | None, marks: dict[str, list[dict[str, Any]]]
) -> FeedFields:
    data = _present(
        {
            "entry": row.entry,
            "kind": "consumption_order",
            "revision": row.revision,
            "debtor_kind": row.debtor_kind,
            "name": row.name,
            "sex": row.sex,
            "age": row.age,
            "court_code": row.court_code,
            "court_name": row.court_name,
            "case_number": row.case_number,
            "filed_on": row.filed_on,
            "published_on": row.issued_on,
            "items": row.items,
            "marks": marks.get(row.entry, []),
        }
    )
    return FeedFields(
        entry=row.entry, kind="consumption_order", revision=row.revision, in_force=row.state == OrderState.ORDERED.value,
        nonpublic=False, subject_number=number.canonical if number else "", data=data | _number_fields(number),
    )  # fmt: skip
