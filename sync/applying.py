"""Additions of a released batch become entries: in shares, each with its events, its facts and the batch's cursor.

What can be made beforehand is made before any transaction begins (``making.py``), a block at a time, so that a share holds
the database for its inserts alone. A row whose entry exists by now, or whose exit came first, is passed over: the same row
is the same entry.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Table, bindparam, select, update
from sqlalchemy.orm import Session

from creditsvc.kernel.errors import Conflict
from creditsvc.kernel.text import Bilingual
from creditsvc.services import Services
from creditsvc.storage.bulk import by_values
from creditsvc.storage.subjects import subjects_by_token
from sync.ahead import Ahead
from sync.batch_files import Digests, open_row
from sync.inbound.shapes import Shape
from sync.judging import ahead_keys
from sync.making import Block, Made, Making, Rows, Written, known_as
from sync.matching import any_exit_ahead, exits_ahead, keys_present, one_at_a_time
from sync.pace import Pace
from sync.tables_intake import RELEASED, Batch, BatchRow

BLOCK = 2000
"""Rows made at once."""
_BATCH = cast(Table, Batch.__table__)
_CURSOR = select(_BATCH.c.state, _BATCH.c.next_row).where(_BATCH.c.id == bindparam("batch")).with_for_update()
_MOVE = (
    update(_BATCH)
    .where(_BATCH.c.id == bindparam("batch"))
    .values(
        next_row=bindparam("last"),
        applied=_BATCH.c.applied + bindparam("made"),
        passed_over=_BATCH.c.passed_over + bindparam("passed"),
    )
)


class Additions:
    """Applies additions of one batch, a share at a time."""

    def __init__(self, services: Services, batch_id: int, cipher: AESGCM | None, now: datetime) -> None:
        self._services, self._digests = services, Digests(services)
        self._batch_id, self._cipher = batch_id, cipher
        self._making = Making(services, batch_id, now)
        # SQLite's driver and a second thread of Python stand in each other's way: there each block waits its turn
        self._blocks = Ahead(self._block, apart=not services.database.is_sqlite)
        self._ready: deque[Made] = deque()
        self._subjects: dict[bytes, tuple[str, Written]] = {}
        self._after: int | None = None
        """The row after which what is ready goes on; none if nothing is known."""

    @property
    def is_empty(self) -> bool:
        """Whether none of the rows that were made waits to be written."""
        return not self._ready

    def close(self) -> None:
        """Stop making rows."""
        self._blocks.close()

    def add(self, session: Session, record: Any, digests: tuple[bytes, bytes]) -> None:
        """One addition in the caller's transaction."""
        one_at_a_time(self._services, session)
        block = self._making.block([(record, digests)])
        if not self._write(session, block.rows, block.subjects):
            raise Conflict(
                Bilingual("该记录已经在册或者已经移出", "the entry is there already, or has left"), code="row-overtaken"
            )

    def chunk(self, pace: Pace) -> int:
        """Apply the next rows in one transaction; how many became entries."""
        if not self._ready:
            self._fetch()
        some = [self._ready.popleft() for _ in range(min(pace.size, len(self._ready)))]
        with pace.share() as share, self._services.database.writing(bulk=True) as session:
            one_at_a_time(self._services, session)
            state, after = session.connection().execute(_CURSOR, {"batch": self._batch_id}).one()
            share.begins()
            if state != RELEASED or after != self._after or not some:
                self._forget()
                return 0
            made, last = self._write(session, some, self._subjects), some[-1].record.row
            moved = {"batch": self._batch_id, "last": last, "made": made, "passed": len(some) - made}
            session.connection().execute(_MOVE, moved)
        self._after = last
        return made

    def _forget(self) -> None:
        """Somebody else is at it: what is ready may be done already."""
        self._ready.clear()
        self._after = None

    def _fetch(self) -> None:
        if self._after is None:
            with self._services.database.reading() as session:
                self._after = session.scalar(select(Batch.next_row).where(Batch.id == self._batch_id)) or 0
        block = self._blocks.take(self._after)
        self._ready.extend(block.rows)
        self._subjects = block.subjects
        if block.rows:
            self._blocks.begin(block.rows[-1].record.row)

    def _block(self, after: int) -> Block:
        """The next rows of the batch, made."""
        with self._services.database.reading() as session:
            staged = session.execute(
                select(BatchRow.row_number, BatchRow.shape, BatchRow.row_key, BatchRow.row_digest, BatchRow.sealed)
                .where(BatchRow.batch_id == self._batch_id, BatchRow.state == "staged")
                .where(BatchRow.rank == Shape.LISTING.rank, BatchRow.row_number > after)
                .order_by(BatchRow.row_number)
                .limit(BLOCK)
            ).all()
        assert self._cipher is not None  # noqa: S101 - whoever applies a batch has its key
        additions: list[Any] = [
            (open_row(self._cipher, self._batch_id, number, bytes(sealed or b""), shape), (bytes(key), bytes(digest)))
            for number, shape, key, digest, sealed in staged
        ]
        return self._making.block(additions)

    def _write(self, session: Session, made: Sequence[Made], subjects: dict[bytes, tuple[str, Written]]) -> int:
        """Write what is not there yet; how many of the rows."""
        present, overtaken = keys_present(session, [one.key for one in made]), self._overtaken(session, made)
        fresh = [one for one in made if one.key not in present and one.record.row not in overtaken]
        wanted = {token: subjects[token] for one in fresh for token in one.tokens if token in subjects}
        known = subjects_by_token(session, list(wanted))
        others = {wanted[token][0]: subject for token, subject in known.items() if wanted[token][0] != subject}
        standing = _orders_of(session, fresh, others, {wanted[token][0] for token in wanted.keys() - known.keys()})
        rows, kept = Rows(), 0
        ordered = Rows()
        for one in fresh:
            rows.take(one.rows)
            counts = bool(one.rows.listings)
            if one.order is not None:
                name = (others.get(one.order_name[0], one.order_name[0]), one.order_name[1])
                if name not in standing:
                    standing.add(name)
                    ordered.take(one.order)
                    counts = True
            kept += counts
        rows.take(ordered)
        new = [row for token, (_, row) in wanted.items() if token not in known]
        self._making.insert(session, known_as(rows, others), new)
        return kept

    def _overtaken(self, session: Session, made: Sequence[Made]) -> set[int]:
        """Rows whose exit has come before them."""
        if not any_exit_ahead(session):
            return set()
        keys = {one.record.row: set(ahead_keys(self._digests, one.record)) for one in made}
        found = exits_ahead(session, (key for pair in keys.values() for key in pair))
        return {row for row, pair in keys.items() if pair & found} if found else set()


def _orders_of(session: Session, made: Sequence[Made], others: dict[str, str], new: set[str]) -> set[tuple[str, str]]:
    """Orders that stand against these debtors, by subject and number; who is new has none."""
    subjects = {others.get(one.order_name[0], one.order_name[0]) for one in made if one.order is not None} - new
    query = "SELECT subject_id, order_number FROM consumption_order WHERE subject_id"
    return {(subject, number) for subject, number in by_values(session, query, subjects)}
