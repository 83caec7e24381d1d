"""Which rows a batch is to have: ends, changes, and the rows of a plan that goes out once more.

An entry whose addition is on its way at this moment is told of nothing else until that has arrived: what is to be said of
it waits as a wish, and holds up no other entry.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from creditsvc.kernel.days import legal_day
from creditsvc.services import Services
from sync.platform import records
from sync.platform.links import ADDING, identities_of, is_claimed
from sync.platform.planning import PLANNED, Draft, Held, newest_rows
from sync.platform.receive import wish
from sync.platform.shape.batches import Lane
from sync.platform.shape.profile import Operation, Profile
from sync.platform.shape.rows import End, Record
from sync.platform.tables import PlatformBatch, PlatformLink, PlatformRow, PlatformWish

_DELETE, _INSERT, _UPDATE = Operation.DELETE, Operation.INSERT, Operation.UPDATE


class Drafter:
    """Drafts rows of one link, inside the transaction that plans them."""

    def __init__(self, services: Services, profile: Profile) -> None:
        self._services, self._profile = services, profile
        self.waiting = False
        """Whether something had to wait for an addition that is on its way."""

    def ends(self, session: Session, link: PlatformLink, size: int, now: datetime) -> tuple[list[Draft], bool]:
        """Rows for what has left, and whether that is all. Moves the link's cursor."""
        most = self._profile.schedule.batch_rows
        page = records.removals(session, link.removals_cursor, size, most)
        wished = _wishes(session, link.id, ends=True, most=most)
        wanted = list(dict.fromkeys([*page.entries, *wished]))
        held, told = newest_rows(session, link.id, wanted), records.ended(session, wanted)
        link.removals_cursor = page.through
        _granted(session, link.id, list(wished))
        on_their_way = _on_their_way(session, link, held, now)
        drafts: list[Draft] = []
        for entry in wanted:
            row = held.get(entry)
            if entry in on_their_way and (entry in wished or entry in told):
                self.waiting = True
                wish(session, link.id, entry, operation="D", version=wished.get(entry, 0), now=now)
            elif entry in wished and (row is not None or wished[entry]):
                drafts += self._wished_end(entry, row, told.get(entry), version=wished[entry])
            elif row is not None and row.operation != "D" and entry in told:
                drafts.append(Draft(records.ending(entry, row.shape, told[entry]), _DELETE, row.court))
        return drafts, page.is_last

    def _wished_end(self, entry: str, row: Held | None, data: Mapping[str, Any] | None, *, version: int) -> list[Draft]:
        """An end that a comparison asked for; where we never had the record, in every table that may hold it."""
        told = data or UNKNOWN
        shapes = [row.shape] if row and row.shape else list(self._profile.tables) or ["person"]
        if not (row and row.shape) and len(set(self._profile.tables.values())) == 1:
            shapes = shapes[:1]
        number, kind = max(version, int(told.get("revision", 1))), str(told.get("kind", "listing"))
        return [Draft(End(entry, number, kind, each, told), _DELETE, row.court if row else "") for each in shapes]

    def changes(self, session: Session, link: PlatformLink, size: int, now: datetime) -> tuple[list[Draft], bool]:
        """Rows for what was corrected or annotated, and whether that is all. Moves the link's cursor."""
        most = self._profile.schedule.batch_rows
        page = records.changes(session, link.corrections_cursor, size, most)
        wished = _wishes(session, link.id, ends=False, most=most)
        standing = self.standing(session, link, list(dict.fromkeys([*page.entries, *wished])))
        held = newest_rows(session, link.id, list(standing))
        link.corrections_cursor = page.through
        _granted(session, link.id, list(wished))
        on_their_way = _on_their_way(session, link, held, now)
        drafts: list[Draft] = []
        for entry, record in standing.items():
            operation = _operation(record, held.get(entry), wished.get(entry))
            if operation is not None and entry in on_their_way:
                self.waiting = True
                wish(session, link.id, entry, operation=operation.value, version=record.version, now=now)
            elif operation is not None:
                drafts.append(Draft(record, operation, str(record.data.get("court_code", ""))[:32]))
        return drafts, page.is_last

    def standing(self, session: Session, link: PlatformLink, entries: Sequence[str]) -> dict[str, Record]:
        """Entries as they stand, with what the agreement gives today."""
        who = identities_of(session, link, legal_day(self._services.clock.now()))
        return records.standing(session, self._services, entries, who, self._profile.kinds)

    def of_plan(self, session: Session, batch: PlatformBatch) -> list[tuple[int, Draft]]:
        """The rows of a plan as they are now, by sequence; those that are overtaken are left out."""
        rows = session.scalars(
            select(PlatformRow).where(PlatformRow.link_id == batch.link_id, PlatformRow.serial == batch.serial)
            .order_by(PlatformRow.sequence)
        ).all()  # fmt: skip
        link = session.get_one(PlatformLink, batch.link_id)
        stand = self.standing(session, link, [row.entry for row in rows if row.operation != "D"])
        told = records.ended(session, [row.entry for row in rows if row.operation == "D"])
        drafts = []
        for row in rows:
            if row.operation == "D":
                end = records.ending(row.entry, row.shape, told.get(row.entry, UNKNOWN), row.version)
                drafts.append((row.sequence, Draft(end, _DELETE, row.court)))
            elif row.entry in stand and stand[row.entry].version == row.version:
                drafts.append((row.sequence, Draft(stand[row.entry], Operation(row.operation), row.court)))
        return drafts


UNKNOWN: Mapping[str, Any] = {"exit": "revoked", "ground": "error", "effect": "erase", "kind": "listing", "revision": 1}
"""What is said of a record that the platform holds as ours and that we never published."""


def _operation(record: Record, row: Held | None, wished: int | None) -> Operation | None:
    if wished is not None:
        return _INSERT if wished == 0 else _UPDATE
    if row is None:
        return _INSERT
    return _UPDATE if row.version < record.version else None


def _on_their_way(session: Session, link: PlatformLink, held: Mapping[str, Held], now: datetime) -> set[str]:
    """Entries whose newest row is of a batch that somebody is handing over at this moment."""
    if not held or not is_claimed(link, ADDING, now):
        return set()
    serials = set(
        session.scalars(
            select(PlatformBatch.serial).where(
                PlatformBatch.link_id == link.id,
                PlatformBatch.state == PLANNED,
                PlatformBatch.lane == Lane.ADDITIONS.value,
            )
        )
    )
    return {entry for entry, row in held.items() if row.serial in serials}


def _wishes(session: Session, link_id: int, *, ends: bool, most: int) -> dict[str, int]:
    """Entries that were asked for, each with the version that was named; 0: it lacks there, or is ours as it stands."""
    which = PlatformWish.operation == "D" if ends else PlatformWish.operation != "D"
    query = select(PlatformWish.entry, PlatformWish.version, PlatformWish.operation).where(
        PlatformWish.link_id == link_id, which
    )
    rows = session.execute(query.order_by(PlatformWish.asked_at, PlatformWish.entry).limit(most))
    return {entry: 0 if operation == "I" else version for entry, version, operation in rows}


def _granted(session: Session, link_id: int, entries: Sequence[str]) -> None:
    for start in range(0, len(entries), 500):
        session.execute(
            delete(PlatformWish)
            .where(PlatformWish.link_id == link_id, PlatformWish.entry.in_(entries[start : start + 500]))
            .execution_options(synchronize_session=False)
        )
