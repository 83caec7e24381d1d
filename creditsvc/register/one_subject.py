"""What the register holds about a number, by one statement: for a check, which is asked a thousand times an hour.

The same statement whatever is found, so that the work tells nothing; ``readings`` reads the same for a whole list.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any, cast

import msgspec
from sqlalchemy import Table

from creditsvc.register.homonyms import HONOURED
from creditsvc.register.life import OrderState
from creditsvc.register.tables import ConsumptionOrder, EntryMark, Listing, RegisterEvent, Relief, ResponsibleMark
from creditsvc.register.tables_homonyms import HomonymClearance
from creditsvc.storage.direct import byte_list, json_list, json_object, with_zone


class ListingRow(msgspec.Struct, gc=False):
    """What a check reads of a listing."""

    id: int
    entry: str
    subject_id: str
    debtor_kind: str
    name: str
    court_name: str
    case_number: str
    grounds: list[str]
    published_on: date | None
    national_entered_on: date | None
    national_entry: str | None
    decided_on: date
    until: date | None
    ended_on: date | None
    nonpublic: bool
    state: str
    created_at: datetime


class OrderRow(msgspec.Struct, gc=False):
    """What a check reads of an order."""

    id: int
    entry: str
    subject_id: str
    debtor_kind: str
    name: str
    court_name: str
    case_number: str
    issued_on: date
    ended_on: date | None
    items: list[str]
    bound_role: str | None
    unit_name: str | None
    created_at: datetime


class MarkRow(msgspec.Struct, gc=False):
    """Who answers for a listed unit."""

    id: int
    unit_entry: str
    subject_id: str
    role: str
    name: str
    from_day: date
    to_day: date | None


class ReliefRow(msgspec.Struct, gc=False):
    """A relief."""

    id: int
    entry: str
    kind: str
    from_day: date
    to_day: date
    measures: list[str]


class OverlayRow(msgspec.Struct, gc=False):
    """A mark on an entry."""

    id: int
    entry: str
    mark: str
    from_day: date
    to_day: date | None


class ClearanceRow(msgspec.Struct, gc=False):
    """Of which case somebody is not the debtor."""

    id: int
    number: str
    name: str
    court_name: str
    case_number: str


class EventRow(msgspec.Struct, gc=False):
    """The register's newest event."""

    id: int
    recorded_at: datetime


class Held(msgspec.Struct, gc=False):
    """All of it, each list by the rows' numbers."""

    subject: str | None
    listings: list[ListingRow]
    orders: list[OrderRow]
    marks: list[MarkRow]
    units: list[ListingRow]
    unit_orders: list[OrderRow]
    reliefs: list[ReliefRow]
    overlays: list[OverlayRow]
    clearances: list[ClearanceRow]
    event: list[EventRow]

    def tidied(self) -> Held:
        """In order, and instants with their zone: the databases give neither."""
        lists: Sequence[list[Any]] = (
            self.listings, self.orders, self.marks, self.units, self.unit_orders, self.reliefs, self.overlays, self.clearances,
        )  # fmt: skip
        for rows in lists:
            if len(rows) > 1:
                rows.sort(key=lambda row: row.id)
        for listing in (*self.listings, *self.units):
            listing.created_at = with_zone(listing.created_at)
        for order in (*self.orders, *self.unit_orders):
            order.created_at = with_zone(order.created_at)
        for event in self.event:
            event.recorded_at = with_zone(event.recorded_at)
        return self


@dataclass(frozen=True, slots=True)
class _Source:
    """One list of ``Held``: what its rows are, and what stands after FROM, where ``a`` is the row's own table."""

    model: Any
    row: type[msgspec.Struct]
    places: str


_NOT_REVOKED = f"a.state <> '{OrderState.REVOKED.value}'"
_HONOURED = ", ".join(f"'{state}'" for state in HONOURED)
_UNITS = "listing u JOIN responsible_mark m ON m.unit_entry = u.entry WHERE m.subject_id = s.id"
_OWN = "SELECT entry FROM listing WHERE subject_id = s.id UNION SELECT entry FROM consumption_order WHERE subject_id = s.id"
_OWN_MARKS = "SELECT id FROM responsible_mark WHERE subject_id = s.id"
_OF_UNITS = (
    "SELECT o.entry FROM consumption_order o JOIN listing u ON u.subject_id = o.subject_id AND u.case_number = o.case_number "
    "JOIN responsible_mark m ON m.unit_entry = u.entry WHERE m.subject_id = s.id"
)
_SOURCES = {
    "listings": _Source(Listing, ListingRow, "listing a WHERE a.subject_id = s.id"),
    "orders": _Source(ConsumptionOrder, OrderRow, f"consumption_order a WHERE a.subject_id = s.id AND {_NOT_REVOKED}"),
    "marks": _Source(ResponsibleMark, MarkRow, "responsible_mark a WHERE a.subject_id = s.id"),
    "units": _Source(Listing, ListingRow, f"listing a WHERE a.entry IN (SELECT u.entry FROM {_UNITS})"),
    "unit_orders": _Source(ConsumptionOrder, OrderRow, f"consumption_order a WHERE a.entry IN ({_OF_UNITS}) AND {_NOT_REVOKED}"),
    "reliefs": _Source(Relief, ReliefRow, f"relief a WHERE (a.entry IN ({_OWN}) AND a.mark_id IS NULL) OR a.mark_id IN ({_OWN_MARKS})"),
    "overlays": _Source(
        EntryMark, OverlayRow, f"entry_mark a WHERE a.entry IN ({_OWN} UNION SELECT u.entry FROM {_UNITS} UNION {_OF_UNITS})"
    ),
    "clearances": _Source(
        HomonymClearance, ClearanceRow, f"homonym_clearance a WHERE a.subject_id = s.id AND a.state IN ({_HONOURED})"
    ),
    "event": _Source(
        RegisterEvent, EventRow, "(SELECT id, recorded_at FROM register_event ORDER BY id DESC LIMIT 1) a"
    ),
}  # fmt: skip


@lru_cache(maxsize=2)
def statement(*, is_sqlite: bool) -> str:
    """The one statement. Its parameter is the blind token; on PostgreSQL a list of them, with a row for each, in their order:
    to set about it takes ten times as long as to read about one more.
    """

    def rows(each: _Source) -> str:
        names = each.row.__struct_fields__
        row = json_object(cast(Table, each.model.__table__), names, alias="a", is_sqlite=is_sqlite)
        return json_list(row, each.places, is_sqlite=is_sqlite)

    lists = ", ".join(f"'{name}', {rows(each)}" for name, each in _SOURCES.items())
    if is_sqlite:
        return (
            f"SELECT json_object('subject', s.id, {lists}) FROM (SELECT 1 AS n) one LEFT JOIN subject s ON s.token = ?"
        )
    whole = f"json_build_object('subject', s.id, {lists})::text"
    asked = "unnest(%s::bytea[]) WITH ORDINALITY asked (token, place)"
    return f"SELECT {whole} FROM {asked} LEFT JOIN subject s ON s.token = asked.token ORDER BY asked.place"


_DECODER = msgspec.json.Decoder(Held, strict=False)


def held_about(driver: Any, token: bytes, *, is_sqlite: bool) -> Held:
    """What is held about whoever has this token, by the driver's own connection."""
    return held_about_each(driver, [token], is_sqlite=is_sqlite)[0]


def held_about_each(driver: Any, tokens: Sequence[bytes], *, is_sqlite: bool) -> list[Held]:
    """The same for a few, in their order."""
    if is_sqlite:
        said = [driver.execute(statement(is_sqlite=True), (token,)).fetchone() for token in tokens]
    else:
        said = driver.execute(statement(is_sqlite=False), (byte_list(tokens),)).fetchall()
    return [_DECODER.decode(row).tidied() for (row,) in said]
