"""A page of a list planned as lines: what ``Planner.plan`` does, for the one case that a million rows come through.

PostgreSQL on our side, a database that takes COPY on theirs. Rows with anything odd in them are made by the planner.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import repeat

from sqlalchemy.orm import Session

from creditsvc.storage.bulk import insert_texts
from sync.platform import records
from sync.platform.planning import PLANNED, Draft, Planner
from sync.platform.reading import Page
from sync.platform.shape.batches import BatchOut, Lane, make_batch_of_lines
from sync.platform.shape.bulk import BulkMapper, Lines
from sync.platform.shape.profile import Operation
from sync.platform.shape.rows import Provider, Record, RowRefused
from sync.platform.tables import PlatformBatch, PlatformLink, PlatformRow

_NAMES = ("link_id", "serial", "sequence", "entry", "version", "operation", "shape", "court")
_NOT_AS_TEXT = frozenset("\t\n\r\\")


class BulkPlanner:
    """Plans pages of one link."""

    def __init__(self, planner: Planner, provider: Provider) -> None:
        self._planner, self.mapper = planner, BulkMapper(planner.profile, provider)

    def plan(self, session: Session, link: PlatformLink, page: Page, now: datetime) -> BatchOut | None:
        """A batch of this page, planned in this transaction; none if the profile can carry none of it."""
        serial, at = link.serial + 1, now.replace(microsecond=0)
        number = self._planner.begin(serial, at)
        self.mapper.begin(number, at)
        made = self._lines(page)
        if refused := {place: wrong for place in made.odd if (wrong := self._refused(page, place)) is not None}:
            told = [(_draft(page, place), wrong.faults[0]) for place, wrong in refused.items()]
            self._planner.put_before_a_person(session, link, told, now=now)
            page = page.only([at for at in range(len(page.told)) if at not in refused])
            made = self._lines(page)
        if not page.told:
            return None
        for place in made.odd:
            row = self._planner.row(_draft(page, place), place + 1)
            made.lines[place], made.digests[place] = row.line.encode(), row.digest.encode()
        link.serial = serial
        session.add(
            PlatformBatch(link_id=link.id, serial=serial, number=number, lane=Lane.ADDITIONS.value, after=page.after,
                          rows=len(page.told), state=PLANNED, attempts=1, created_at=at)
        )  # fmt: skip
        shapes = [each.debtor_kind or "person" for each in page.told]
        _keep(session, link.id, serial, page, shapes)
        return make_batch_of_lines(
            number, serial=serial, lane=Lane.ADDITIONS, lines=made.lines, digests=made.digests, shapes=shapes, at=at,
            signer=self._planner.signer,
        )  # fmt: skip

    def _lines(self, page: Page) -> Lines:
        if not page.told:
            return Lines([], [], [])
        return self.mapper.lines(page.told, page.numbers, page.tokens, records.divisions())

    def _refused(self, page: Page, place: int) -> RowRefused | None:
        try:
            self._planner.row(_draft(page, place), place + 1)
        except RowRefused as wrong:
            return wrong
        return None


def _draft(page: Page, place: int) -> Draft:
    record: Record = records.record_of(records.data_of(page.bodies[place]), page.numbers[place], page.tokens[place])
    return Draft(record, Operation.INSERT, str(record.data.get("court_code", ""))[:32])


def _keep(session: Session, link_id: int, serial: int, page: Page, shapes: Sequence[str]) -> None:
    """Our own list of what goes out."""
    count = len(page.told)
    courts = [(each.court_code or "")[:32] for each in page.told]
    safe = {court: court if _NOT_AS_TEXT.isdisjoint(court) else "" for court in set(courts)}
    insert_texts(
        session, PlatformRow, _NAMES,
        (repeat(str(link_id), count), repeat(str(serial), count), map(str, range(1, count + 1)),
         [each.entry for each in page.told], [str(each.revision) for each in page.told], repeat("I", count), shapes,
         [safe[court] for court in courts]),
    )  # fmt: skip
