"""Released rows take effect: exits first from all released batches, then changes, then additions.

Additions are written in shares of at most 2,000, each with its events, its facts and the batch's cursor in one
transaction; exits and changes are decisions of the two people, a few to a transaction. After a crash the next run goes on
where the last commit was: a batch is "released, completing" or applied, never half a row. Before every chunk it is asked
anew whether an exit waits anywhere, so none waits for another batch's additions.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import select
from sqlalchemy.orm import Session

from creditsvc.services import Services
from sync.applying import Additions
from sync.applying_changes import Changes
from sync.article8 import open_matters
from sync.batch_files import forget_rows, rows_key_name
from sync.inbound.shapes import Shape
from sync.pace import Pace
from sync.pace import politely as standing_back
from sync.tables_intake import APPLIED, RELEASED, Batch, BatchRow

CHUNK = 2000
CHANGES = 20
"""Decisions to a transaction: each takes locks of its own."""
ADDITION = Shape.LISTING.rank
_URGENT = f"""SELECT 1 FROM batch JOIN batch_row ON batch_row.batch_id = batch.id
WHERE batch.state = '{RELEASED}' AND batch_row.state = 'staged' AND batch_row.rank < {ADDITION} LIMIT 1"""


def apply_released(
    services: Services, now: datetime, *, chunk: int = CHUNK, progress: Any = None, politely: bool = False
) -> int:
    """Apply every released batch to its end; how many rows took effect. ``politely``: with a rest after each share."""
    work = _Work(services, now, chunk, politely=politely)
    try:
        while work.step():
            if progress is not None:
                progress(work.total)
    finally:
        work.close()
    return work.total


def apply_politely(services: Services, now: datetime) -> int:
    """As ``apply_released``, standing back for whoever waits for an answer."""
    return standing_back(lambda: apply_released(services, now, politely=True))


class _Work:
    """All released batches, a chunk at a time, exits first."""

    def __init__(self, services: Services, now: datetime, chunk: int, *, politely: bool) -> None:
        self._services, self._now, self._politely = services, now, politely
        self._pace = Pace(chunk, services.database)
        self._ciphers: dict[int, AESGCM | None] = {}
        self._additions: dict[int, Additions] = {}
        self.total = 0

    def step(self) -> bool:
        """Do the most urgent chunk; false if nothing is left."""
        found = self._next()
        if found is None:
            return False
        batch_id, rank = found
        cipher = self._cipher(batch_id)
        assert cipher is not None  # noqa: S101 - _next passes over batches without a key
        if rank is None:
            self._finish(batch_id)
        elif rank == ADDITION:
            self.total += self._add(batch_id, cipher)
        else:
            self.total += Changes(self._services, batch_id, cipher, self._now).chunk(rank, CHANGES)
        return True

    def close(self) -> None:
        """Let go of what was made and not written."""
        for additions in self._additions.values():
            additions.close()
        self._additions = {}

    def _add(self, batch_id: int, cipher: AESGCM) -> int:
        """Additions of one batch, share by share, until they are done or something more urgent waits."""
        additions, total = self._of(batch_id, cipher), 0
        while True:
            done = additions.chunk(self._pace)
            total += done
            if self._politely:
                self._pace.rest()
            if additions.is_empty or self._exits_wait():
                return total

    def _exits_wait(self) -> bool:
        """Whether exits or changes of any released batch wait: asked between any two shares."""
        with self._services.database.direct() as driver:
            return driver.execute(_URGENT).fetchone() is not None

    def _of(self, batch_id: int, cipher: AESGCM) -> Additions:
        if batch_id not in self._additions:
            self.close()  # one batch's rows in memory, and no more
            self._additions[batch_id] = Additions(self._services, batch_id, cipher, self._now)
        return self._additions[batch_id]

    def _next(self) -> tuple[int, int | None] | None:
        """The batch with the most urgent rows, and their rank; none for a rank if a batch has no rows left."""
        with self._services.database.reading() as session:
            query = (
                select(Batch.id, Batch.next_row).where(Batch.state == RELEASED).order_by(Batch.released_at, Batch.id)
            )
            waiting = [(row[0], row[1]) for row in session.execute(query) if self._cipher(row[0]) is not None]
            ranks = [(first_rank(session, batch_id, after), batch_id) for batch_id, after in waiting]
        if not ranks:
            return None
        done = next((batch_id for rank, batch_id in ranks if rank is None), None)
        if done is not None:
            return done, None
        rank, batch_id = min(ranks, key=lambda found: found[0] or 0)
        return batch_id, rank

    def _cipher(self, batch_id: int) -> AESGCM | None:
        if batch_id not in self._ciphers:
            name = rows_key_name(batch_id)
            key = self._services.vault.keys_of([name]).get(name)
            self._ciphers[batch_id] = AESGCM(key) if key is not None else None
        return self._ciphers[batch_id]

    def _finish(self, batch_id: int) -> None:
        with self._services.database.writing() as session:
            batch = session.scalars(select(Batch).where(Batch.id == batch_id).with_for_update()).one()
            if batch.state == RELEASED and first_rank(session, batch_id, batch.next_row) is None:
                batch.state, batch.applied_at = APPLIED, self._now
                open_matters(session, batch, now=self._now)
        forget_rows(self._services, batch_id, self._now)


def first_rank(session: Session, batch_id: int, after: int) -> int | None:
    """The rank of the most urgent row that is still to be applied; none if all have been."""
    staged = select(BatchRow.rank).where(BatchRow.batch_id == batch_id, BatchRow.state == "staged")
    urgent = session.scalar(staged.where(BatchRow.rank < ADDITION).order_by(BatchRow.rank).limit(1))
    if urgent is not None:
        return int(urgent)
    return session.scalar(
        staged.where(BatchRow.rank == ADDITION, BatchRow.row_number > after).order_by(BatchRow.row_number).limit(1)
    )
