"""A list read once and in order, a page ahead of what is planned: PostgreSQL alone.

Asking entry by entry whether it stands, whose it is and whether a row went out costs more than all the rest. So one
statement joins whole tables, and its cursor is walked while batches are planned and handed over. What it saw may be
overtaken by then: whoever plans a page leaves out what is (``still_standing``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from creditsvc.kernel.days import legal_day
from creditsvc.register.tables import Listing
from creditsvc.services import Services
from creditsvc.storage.subjects import Subject
from sync.entry_fields import OF_THE_REGISTER, kind_of
from sync.platform import records
from sync.platform.links import identities_of
from sync.platform.shape.batches import Lane
from sync.platform.shape.bulk import BulkMapper
from sync.platform.tables import PlatformBatch, PlatformLink, PlatformRow
from sync.tables_feed import FeedEntry, StreamEvent
from sync.wire.events import EventType

_WHOLE = 10
"""From a tenth of the stream on, tables are joined whole: there may be no figures yet by which to choose."""


@dataclass(frozen=True, slots=True)
class Page:
    """Entries that nobody has been told of, side by side."""

    after: int
    through: int
    is_last: bool
    epoch: int
    who: records.Identities
    serial: int
    """Of the link's newest batch when the list was opened."""
    is_usual: bool = False
    """If not, one of them is not as the many are, and none are named: they are read one by one."""
    sequences: Sequence[int] = ()
    bodies: Sequence[bytes] = ()
    told: Sequence[Any] = ()
    numbers: Sequence[str] = ()
    tokens: Sequence[str] = ()

    def only(self, places: Sequence[int]) -> Page:
        """The same page with some of its entries."""
        if len(places) == len(self.told):
            return self
        columns: tuple[Sequence[Any], ...] = (self.sequences, self.bodies, self.told, self.numbers, self.tokens)
        sequences, bodies, told, numbers, tokens = ([each[at] for at in places] for each in columns)
        return replace(self, sequences=sequences, bodies=bodies, told=told, numbers=numbers, tokens=tokens)


class Reading:
    """One link's list from its cursor on; ``pages`` is walked by one thread at a time."""

    def __init__(self, services: Services, link_id: int, mapper: BulkMapper) -> None:
        self._services, self._link_id, self._mapper = services, link_id, mapper

    def pages(self, limit: int) -> Iterator[Page]:
        """Page after page, to the end that the stream had when the first was asked for."""
        with self._services.database.reading() as session:
            link, stream = session.get_one(PlatformLink, self._link_id), records.stream_row(session)
            if stream is None:
                return
            # a new epoch is read from its beginning
            after, size = link.additions_cursor if link.epoch == stream.epoch else 0, stream.size
            who = identities_of(session, link, legal_day(self._services.clock.now()))
            driver: Any = session.connection().connection.driver_connection
            with driver.cursor(name="platform_list", binary=True) as cursor:
                self._open(session, cursor, after, size, is_whole=(size - after) * _WHOLE >= stream.count)
                while after < size:
                    rows = cursor.fetchmany(limit)
                    is_last = len(rows) < limit
                    through = size if is_last else rows[-1][0]
                    bare = Page(after, through, is_last, stream.epoch, who, link.serial)
                    yield self._page(session, bare, rows)
                    after = through

    def _open(self, session: Session, cursor: Any, after: int, size: int, *, is_whole: bool) -> None:
        driver: Any = session.connection().connection.driver_connection
        with driver.cursor() as settings:
            settings.execute("SET LOCAL cursor_tuple_fraction = 1")
            settings.execute("SET LOCAL work_mem = '64MB'")
            if is_whole:
                settings.execute("SET LOCAL enable_nestloop = off")
        query = (
            select(FeedEntry.sequence, Subject.id, Subject.number_cell)
            .outerjoin(PlatformRow, (PlatformRow.link_id == self._link_id) & (PlatformRow.entry == FeedEntry.entry))
            .outerjoin(Listing, (Listing.entry == FeedEntry.entry) & (Listing.debtor_kind == "person"))
            .outerjoin(Subject, Subject.id == Listing.subject_id)
            .where(FeedEntry.stream == records.STREAM, FeedEntry.sequence > after, FeedEntry.sequence <= size,
                   FeedEntry.canary.is_(False), PlatformRow.entry.is_(None))
            .order_by(FeedEntry.sequence)
        )  # fmt: skip
        _execute(session, cursor, query)

    def _page(self, session: Session, page: Page, rows: Sequence[Any]) -> Page:
        """What is said of these entries. Those whose newest event is no publication are another lane's."""
        published = self._bodies(session, page.after, page.through)
        rows = [row for row in rows if row[0] in published]
        bodies = [published[row[0]] for row in rows]
        read = self._mapper.read
        try:
            told = [read(body) for body in bodies]
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return page
        kinds = self._mapper.profile.kinds
        if {each.kind for each in told} - kinds:
            kept = [at for at, each in enumerate(told) if each.kind in kinds]
            rows, bodies, told = [rows[at] for at in kept], [bodies[at] for at in kept], [told[at] for at in kept]
        who, numbers = page.who, [""] * len(told)
        if who.mode:
            if any(row[2] is None and kind_of(each.entry) not in OF_THE_REGISTER
                   for row, each in zip(rows, told, strict=True)):  # fmt: skip
                return page
            cells = {row[1]: row[2] for row in rows if row[2] is not None}
            opened = self._services.vault.open_many(cells, table="subject", column="number_cell")
            numbers = [opened.get(row[1], "") for row in rows]
        blank, token = [""] * len(told), records.tokens(self._services, who)
        return replace(
            page, is_usual=True, sequences=[row[0] for row in rows], bodies=bodies, told=told,
            numbers=numbers if who.mode == records.NUMBER else blank,
            tokens=[token(number) for number in numbers] if who.mode == records.TOKEN else blank,
        )  # fmt: skip

    def _bodies(self, session: Session, after: int, through: int) -> dict[int, bytes]:
        query = select(StreamEvent.sequence, StreamEvent.body).where(
            StreamEvent.stream == records.STREAM, StreamEvent.sequence > after, StreamEvent.sequence <= through,
            StreamEvent.type == EventType.PUBLISHED.value, StreamEvent.body.is_not(None),
        )  # fmt: skip
        driver: Any = session.connection().connection.driver_connection
        with driver.cursor(binary=True) as cursor:
            _execute(session, cursor, query, prepare=False)
            return dict(cursor.fetchall())


def _execute(session: Session, cursor: Any, query: Any, **more: Any) -> None:
    """By the driver's own cursor: what SQLAlchemy adds to a row costs more here than the row."""
    compiled = query.compile(dialect=session.get_bind().dialect)
    cursor.execute(str(compiled), compiled.params, **more)


def still_standing(session: Session, link: PlatformLink, page: Page) -> Page:
    """The page without what has changed or left since it was read, and without what was told in another lane."""
    if not page.told:
        return page
    newest = select(FeedEntry.sequence).where(
        FeedEntry.stream == records.STREAM, FeedEntry.sequence > page.after, FeedEntry.sequence <= page.through
    )
    driver: Any = session.connection().connection.driver_connection
    with driver.cursor(binary=True) as cursor:
        _execute(session, cursor, newest, prepare=False)
        standing = {row[0] for row in cursor.fetchall()}
    told = set(
        session.scalars(
            select(PlatformRow.entry)
            .join(PlatformBatch, (PlatformBatch.link_id == PlatformRow.link_id)
                  & (PlatformBatch.serial == PlatformRow.serial))
            .where(PlatformBatch.link_id == link.id, PlatformBatch.serial > page.serial,
                   PlatformBatch.lane != Lane.ADDITIONS.value)
        )
    )  # fmt: skip
    return page.only(
        [
            at
            for at, (sequence, each) in enumerate(zip(page.sequences, page.told, strict=True))
            if sequence in standing and each.entry not in told
        ]
    )
