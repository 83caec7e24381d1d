"""Tables of the intake: batches, their rows on the way in, and what was wrong with rows.

A row on its way in holds an identity number, so its content is sealed under a key of the batch; the key is destroyed
when the batch is done, and with it every copy of the staged rows, also those in old backups.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Integer, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from creditsvc.storage.base import At, Base, BigId, Code, Id, Instant, Json

RECEIVED, AWAITING, RELEASED, APPLIED = "received", "awaiting_release", "released", "applied"
UNREADABLE, WITHDRAWN = "unreadable", "withdrawn"
FINISHED = (APPLIED, UNREADABLE, WITHDRAWN)
"""States in which nothing of the file is needed any more."""


class Batch(Base):
    """One file of a court. Nothing in it is in force until a second person has released it."""

    __tablename__ = "batch"
    __table_args__ = (Index("ix_batch_state", "state"),)

    id: Mapped[Id]
    filename: Mapped[str] = mapped_column(String(256))
    sha256: Mapped[str] = mapped_column(String(64), unique=True)
    size: Mapped[int] = mapped_column(BigId)
    format: Mapped[str | None] = mapped_column(String(32))
    court_code: Mapped[str | None] = mapped_column(String(16))
    state: Mapped[Code]
    uploaded_by: Mapped[Code]
    uploaded_person: Mapped[Code]
    uploaded_at: Mapped[At]
    rows: Mapped[int] = mapped_column(Integer, default=0)
    preview: Mapped[dict[str, Any] | None] = mapped_column(Json)
    """Counts, courts, guards: what the releasing person is shown."""
    digest: Mapped[str | None] = mapped_column(String(64))
    released_by: Mapped[str | None] = mapped_column(String(64))
    released_person: Mapped[str | None] = mapped_column(String(64))
    released_at: Mapped[datetime | None] = mapped_column(Instant)
    release_reason: Mapped[str | None] = mapped_column(Text)
    next_row: Mapped[int] = mapped_column(Integer, default=0)
    """Rows up to here have been applied; moved in the same transaction as the rows."""
    applied: Mapped[int] = mapped_column(Integer, default=0)
    applied_at: Mapped[datetime | None] = mapped_column(Instant)
    problem: Mapped[str | None] = mapped_column(Text)


class BatchRow(Base):
    """One row that could become an entry."""

    __tablename__ = "batch_row"
    __table_args__ = (Index("ix_batch_row_state", "batch_id", "state", "row_number"),)

    batch_id: Mapped[int] = mapped_column(BigId, ForeignKey("batch.id"), primary_key=True)
    row_number: Mapped[int] = mapped_column(Integer, primary_key=True)
    state: Mapped[Code]
    """``staged`` (would be listed), ``unchanged``, ``changed`` (needs a correction); ``applied`` afterwards."""
    row_key: Mapped[bytes] = mapped_column(LargeBinary(16))
    row_digest: Mapped[bytes] = mapped_column(LargeBinary(16))
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)


class BatchFault(Base):
    """What is wrong with a row: row, column, code, text. The value itself is not kept."""

    __tablename__ = "batch_fault"
    __table_args__ = (
        Index("ix_batch_fault_row", "batch_id", "row_number"),
        Index("ix_batch_fault_code", "batch_id", "code"),
    )

    id: Mapped[Id]
    batch_id: Mapped[int] = mapped_column(BigId, ForeignKey("batch.id"))
    row_number: Mapped[int] = mapped_column(Integer)
    column: Mapped[str] = mapped_column(String(64))
    header: Mapped[str] = mapped_column(String(128))
    code: Mapped[Code]
    zh: Mapped[str] = mapped_column(Text)
    en: Mapped[str] = mapped_column(Text)
    severity: Mapped[Code]
