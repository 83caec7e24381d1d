"""A page of a list planned as lines: what ``Planner.plan`` does, for the one case that a million rows come through.

PostgreSQL on our side, a database that takes COPY on theirs. The lines were made before, outside of any transaction;
here they only become a batch, while the link is locked. Rows with anything odd in them are made by the planner, and so
are the few that fill the places of what was overtaken meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import repeat
from typing import NamedTuple, TypeVar

from sqlalchemy.orm import Session

from creditsvc.services import Services
from creditsvc.storage.bulk import insert_texts
from sync.platform import records
from sync.platform.planning import PLANNED, Draft, Planner
from sync.platform.reading import Page, overtaken
from sync.platform.shape.batches import BatchOut, Lane, make_batch_of_lines
from sync.platform.shape.bulk import Lines
from sync.platform.shape.profile import Operation
from sync.platform.shape.rows import Record, Row, RowRefused
from sync.platform.tables import PlatformBatch, PlatformLink, PlatformRow

T = TypeVar("T")
_NAMES = ("link_id", "serial", "sequence", "entry", "version", "operation", "shape", "court")
_NOT_AS_TEXT = frozenset("\t\n\r\\")


class Promised(NamedTuple):
    """A page whose lines bear the number of a batch that is still to be planned."""

    page: Page
    lines: Lines
    serial: int
    at: datetime


class BulkPlanner:
    """Plans pages of one link."""

    def __init__(self, services: Services, planner: Planner) -> None:
        self._services, self._planner = services, planner

    def plan(self, session: Session, link: PlatformLink, promised: Promised, now: datetime) -> BatchOut | None:
        """A batch of this page, planned in this transaction; none if nothing of it can go."""
        page, lines, serial, at = promised
        number = self._planner.begin(serial, at)
        order, made = self._settled(session, link, promised, now)
        if not order:
            return None
        texts, digests = _arranged(lines, order, made)
        shapes = _at(page.shapes, order)
        batch = PlatformBatch(
            link_id=link.id, serial=serial, number=number, lane=Lane.ADDITIONS.value, after=page.after, rows=len(order),
            state=PLANNED, attempts=1, created_at=at,
        )  # fmt: skip
        session.add(batch)
        _keep(session, batch, page, order)
        return make_batch_of_lines(
            number, serial=serial, lane=Lane.ADDITIONS, lines=texts, digests=digests, shapes=shapes, at=at,
            signer=self._planner.signer,
        )  # fmt: skip

    def _settled(
        self, session: Session, link: PlatformLink, promised: Promised, now: datetime
    ) -> tuple[Sequence[int], dict[int, Row]]:
        """The places of the page that go out, in the order of the batch, and those rows that are not the page's lines.

        A row that does not go leaves its place to the last one, which then is made anew: no other line changes.
        """
        page, strange = promised.page, frozenset(promised.lines.odd)
        left, told = overtaken(session, link, page), dict[int, tuple[Draft, RowRefused]]()
        stand: dict[int, Record | None] = {}
        while True:
            order, moved = _filled(len(page.entries), left)
            plain = {place: at for at, place in enumerate(order) if place in moved or place in strange}
            self._look_up(session, page, plain.keys() - stand.keys(), stand)
            made, before = dict[int, Row](), len(left)
            for place, at in plain.items():
                record = stand[place]
                if record is None or record.version != page.versions[place]:
                    left.add(place)
                    continue
                draft = Draft(record, Operation.INSERT, page.courts[place])
                try:
                    made[place] = self._planner.row(draft, at + 1)
                except RowRefused as wrong:
                    left.add(place)
                    told[place] = (draft, wrong)
            if len(left) == before:
                refused = [(draft, wrong.faults[0]) for _, (draft, wrong) in sorted(told.items())]
                self._planner.put_before_a_person(session, link, refused, now=now)
                return order, made

    def _look_up(self, session: Session, page: Page, places: set[int], found: dict[int, Record | None]) -> None:
        if places:
            entries = [page.entries[place] for place in sorted(places)]
            stand: Mapping[str, Record] = records.standing(
                session, self._services, entries, page.who, self._planner.profile.kinds
            )
            found.update((place, stand.get(page.entries[place])) for place in places)


def _filled(count: int, gone: set[int]) -> tuple[Sequence[int], frozenset[int]]:
    """Places in their order, the holes filled from the end; and those that were moved for it."""
    if not gone:
        return range(count), frozenset()
    kept = count - len(gone)
    moved = [place for place in range(kept, count) if place not in gone]
    order = list(range(kept))
    for hole, place in zip(sorted(place for place in gone if place < kept), moved, strict=True):
        order[hole] = place
    return order, frozenset(moved)


def _arranged(lines: Lines, order: Sequence[int], made: Mapping[int, Row]) -> tuple[Sequence[bytes], Sequence[bytes]]:
    """Lines and digests of a batch."""
    texts, digests = [*_at(lines.lines, order)], [*_at(lines.digests, order)]
    if made:
        for at, place in enumerate(order):
            if place in made:
                texts[at], digests[at] = made[place].line.encode(), made[place].digest.encode()
    return texts, digests


def _at(values: Sequence[T], order: Sequence[int]) -> Sequence[T]:
    return values if isinstance(order, range) else [values[place] for place in order]


def _keep(session: Session, batch: PlatformBatch, page: Page, order: Sequence[int]) -> None:
    """Our own list of what goes out."""
    count, courts = len(order), _at(page.courts, order)
    safe = {court: court if _NOT_AS_TEXT.isdisjoint(court) else "" for court in set(courts)}
    insert_texts(
        session, PlatformRow, _NAMES,
        (repeat(str(batch.link_id), count), repeat(str(batch.serial), count), map(str, range(1, count + 1)),
         _at(page.entries, order), map(str, _at(page.versions, order)), repeat("I", count), _at(page.shapes, order),
         [safe[court] for court in courts]),
    )  # fmt: skip
