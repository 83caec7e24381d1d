"""A list read once and in order, and turned into lines a page ahead of what is planned: PostgreSQL alone.

Asking entry by entry whether it stands, whose it is and whether a row went out costs more than all the rest. So one
statement joins whole tables, and its cursor is walked while batches are planned and handed over. What it saw may be
overtaken by then: whoever plans a page leaves out what is (``overtaken``).
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import date, datetime
from typing import Any, Protocol

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from creditsvc.register.tables import Listing
from creditsvc.services import Services
from creditsvc.storage.subjects import Subject
from sync.entry_fields import OF_THE_REGISTER, kind_of
from sync.platform import records
from sync.platform.links import identities_of, profile_of
from sync.platform.shape.batches import Lane
from sync.platform.shape.bulk import BulkMapper, Lines, Told
from sync.platform.shape.rows import Provider
from sync.platform.tables import PlatformBatch, PlatformLink, PlatformRow
from sync.tables_feed import FeedEntry, StreamEvent
from sync.wire.events import EventType

_WHOLE = 10
"""From a tenth of the stream on, tables are joined whole: there may be no figures yet by which to choose."""


class Page(msgspec.Struct, frozen=True):
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
    entries: Sequence[str] = ()
    versions: Sequence[int] = ()
    shapes: Sequence[str] = ()
    courts: Sequence[str] = ()

    @property
    def has_rows(self) -> bool:
        """Whether there is anything for a batch."""
        return bool(self.entries)


class Pages(Protocol):
    """A list, page after page, to the end that the stream had when it was opened."""

    def read(self) -> Page | None:
        """The next page; none behind the last."""
        ...

    def lines(self, number: str, at: datetime) -> Lines:
        """The lines of the page that was read last, as those of a batch of this number and instant."""
        ...

    def close(self) -> None:
        """Let go of the list."""
        ...


class Reading:
    """One link's list from its cursor on, read in this process; a page is read while the one before becomes lines."""

    def __init__(self, services: Services, link_id: int, today: date) -> None:
        with services.database.reading() as session:
            link = session.get_one(PlatformLink, link_id)
            self._who = identities_of(session, link, today)
        profile = profile_of(services, link)
        self._services, self._link_id, self._limit = services, link_id, profile.schedule.batch_rows
        self._mapper = BulkMapper(profile, Provider(link.provider, link.provider_code))
        self._walk = self._pages()
        self._pool = ThreadPoolExecutor(1, "platform-list")
        self._ahead: Future[tuple[Page, Told] | None] = self._pool.submit(next, self._walk, None)
        self._told = Told(None)

    def read(self) -> Page | None:
        """The next page; none behind the last."""
        found = self._ahead.result()
        if found is None:
            return None
        page, self._told = found
        self._ahead = self._pool.submit(next, self._walk, None)
        return page

    def lines(self, number: str, at: datetime) -> Lines:
        """The lines of the page that was read last; once."""
        self._mapper.begin(number, at)
        return self._mapper.lines(self.told(), records.divisions())

    def told(self) -> Told:
        """What the lines of that page are made of; once."""
        told, self._told = self._told, Told(None)
        return told

    def close(self) -> None:
        """Let go of the list."""
        wait([self._ahead])
        self._pool.shutdown()
        self._walk.close()

    def _pages(self) -> Generator[tuple[Page, Told]]:
        with self._services.database.reading() as session:
            link, stream = session.get_one(PlatformLink, self._link_id), records.stream_row(session)
            if stream is None:
                return
            # a new epoch is read from its beginning
            after, size = link.additions_cursor if link.epoch == stream.epoch else 0, stream.size
            driver: Any = session.connection().connection.driver_connection
            with driver.cursor(name="platform_list", binary=True) as cursor:
                self._open(session, cursor, after, size, is_whole=(size - after) * _WHOLE >= stream.count)
                while after < size:
                    rows = cursor.fetchmany(self._limit)
                    is_last = len(rows) < self._limit
                    through = size if is_last else rows[-1][0]
                    bare = Page(after, through, is_last, stream.epoch, self._who, link.serial)
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

    def _page(self, session: Session, page: Page, rows: Sequence[Any]) -> tuple[Page, Told]:
        """What is said of these entries. Those whose newest event is no publication are another lane's."""
        published = self._bodies(session, page.after, page.through)
        rows = [row for row in rows if row[0] in published]
        read = self._mapper.read
        try:
            told = [read(published[row[0]]) for row in rows]
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return page, Told(None)
        kinds = self._mapper.profile.kinds
        if {each.kind for each in told} - kinds:
            kept = [at for at, each in enumerate(told) if each.kind in kinds]
            rows, told = [rows[at] for at in kept], [told[at] for at in kept]
        who, numbers = page.who, [""] * len(told)
        if who.mode:
            if any(row[2] is None and kind_of(each.entry) not in OF_THE_REGISTER
                   for row, each in zip(rows, told, strict=True)):  # fmt: skip
                return page, Told(None)
            cells = {row[1]: row[2] for row in rows if row[2] is not None}
            opened = self._services.vault.open_many(cells, table="subject", column="number_cell")
            numbers = [opened.get(row[1], "") for row in rows]
        blank, token = [""] * len(told), records.tokens(self._services, who)
        usual = msgspec.structs.replace(
            page, is_usual=True, sequences=[row[0] for row in rows], entries=[each.entry for each in told],
            versions=[each.revision for each in told], shapes=[each.debtor_kind or "person" for each in told],
            courts=[(each.court_code or "")[:32] for each in told],
        )  # fmt: skip
        return usual, Told(
            self._mapper.columns(told), numbers if who.mode == records.NUMBER else blank,
            [token(number) for number in numbers] if who.mode == records.TOKEN else blank,
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


def overtaken(session: Session, link: PlatformLink, page: Page) -> set[int]:
    """Places of a page whose entries have changed or left since it was read, or were told in another lane."""
    if not page.has_rows:
        return set()
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
    return {
        at
        for at, (sequence, entry) in enumerate(zip(page.sequences, page.entries, strict=True))
        if sequence not in standing or entry in told
    }
