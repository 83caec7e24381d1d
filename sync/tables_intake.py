"""Tables of the intake: batches, their rows on the way in, what was wrong with rows, rows that wait, exits that came first.

A row on its way in holds an identity number, so its content is sealed under a key of the batch; the key is destroyed
when the batch is done, and with it every copy of the staged rows, also those in old backups. The file as it came is kept
sealed under a key of its own until its time is over, and with it the rows that wait for somebody to complete them.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from creditsvc.storage.base import At, Base, BigId, Code, Id, Instant, Json

RECEIVED, AWAITING, RELEASED, APPLIED = "received", "awaiting_release", "released", "applied"
UNREADABLE, WITHDRAWN = "unreadable", "withdrawn"
FINISHED = (APPLIED, UNREADABLE, WITHDRAWN)
"""States in which no staged row is needed any more."""
WAITING, PROPOSED, LISTED, RETURNED = "waiting", "proposed", "listed", "returned"


class Batch(Base):
    """One file of a court. Nothing in it is in force until a second person has released it."""

    __tablename__ = "batch"
    __table_args__ = (Index("ix_batch_state", "state"),)

    id: Mapped[Id]
    filename: Mapped[str] = mapped_column(String(256))
    sha256: Mapped[str] = mapped_column(String(64), unique=True)
    size: Mapped[int] = mapped_column(BigId)
    format: Mapped[str | None] = mapped_column(String(32))
    encoding: Mapped[str | None] = mapped_column(String(16))
    parser: Mapped[str | None] = mapped_column(String(16))
    """Which version of the reading made its rows."""
    declared_rows: Mapped[int | None] = mapped_column(Integer)
    """How many rows the sender says the file has."""
    court_code: Mapped[str | None] = mapped_column(String(16))
    state: Mapped[Code]
    uploaded_by: Mapped[Code]
    uploaded_person: Mapped[Code]
    uploaded_role: Mapped[str | None] = mapped_column(String(32))
    uploaded_at: Mapped[At]
    rows: Mapped[int] = mapped_column(Integer, default=0)
    preview: Mapped[dict[str, Any] | None] = mapped_column(Json)
    """Counts, courts, guards: what the releasing person is shown."""
    digest: Mapped[str | None] = mapped_column(String(64))
    released_by: Mapped[str | None] = mapped_column(String(64))
    released_person: Mapped[str | None] = mapped_column(String(64))
    released_role: Mapped[str | None] = mapped_column(String(32))
    released_at: Mapped[datetime | None] = mapped_column(Instant)
    release_reason: Mapped[str | None] = mapped_column(Text)
    next_row: Mapped[int] = mapped_column(Integer, default=0)
    """Additions up to here have been applied; moved in the same transaction as the rows."""
    applied: Mapped[int] = mapped_column(Integer, default=0)
    passed_over: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    """Released rows that made nothing: there already, ended, or not lawful any more."""
    applied_at: Mapped[datetime | None] = mapped_column(Instant)
    original_gone_at: Mapped[datetime | None] = mapped_column(Instant)
    """When the file as it came was destroyed."""
    problem: Mapped[str | None] = mapped_column(Text)


class BatchRow(Base):
    """One row that could become, change or end an entry."""

    __tablename__ = "batch_row"
    __table_args__ = (Index("ix_batch_row_state", "batch_id", "state", "rank", "row_number"),)

    batch_id: Mapped[int] = mapped_column(BigId, ForeignKey("batch.id"), primary_key=True)
    row_number: Mapped[int] = mapped_column(Integer, primary_key=True)
    state: Mapped[Code]
    """``staged`` (would take effect), ``unchanged``, ``changed`` (needs a correction), ``applied``, ``failed``, ``repeated``."""
    shape: Mapped[str] = mapped_column(String(16), default="listing", server_default="listing")
    rank: Mapped[int] = mapped_column(Integer, default=3, server_default="3")
    """Exits before changes, changes before additions."""
    court_code: Mapped[str | None] = mapped_column(String(16))
    """Of the entry; none for an exit whose entry is not here yet."""
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


class WaitingRow(Base):
    """A row that lacks what the law wants: somebody completes it by its papers and a second person agrees, or it goes back."""

    __tablename__ = "waiting_row"
    __table_args__ = (
        CheckConstraint("settled_person IS NULL OR settled_person <> proposed_person", name="two_people"),
        Index("ix_waiting_row_place", "batch_id", "row_number", unique=True),
        Index("ix_waiting_row_state", "state", "court_code", "id"),
    )

    id: Mapped[Id]
    batch_id: Mapped[int] = mapped_column(BigId, ForeignKey("batch.id"))
    row_number: Mapped[int] = mapped_column(Integer)
    court_code: Mapped[Code]
    """The enforcing court where it can be told, else the sender."""
    codes: Mapped[list[str]] = mapped_column(Json)
    state: Mapped[Code]
    """``waiting``, ``proposed`` (completed by one person), ``listed``, ``returned`` (to the sender)."""
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    """The cells as they came, by our columns."""
    supplement: Mapped[bytes | None] = mapped_column(LargeBinary)
    """What somebody has filled in, sealed."""
    document: Mapped[str | None] = mapped_column(String(256))
    """The paper that the supplement was taken from."""
    digest: Mapped[str | None] = mapped_column(String(64))
    """SHA-256 of exactly what the second person is shown."""
    proposed_by: Mapped[str | None] = mapped_column(String(64))
    proposed_person: Mapped[str | None] = mapped_column(String(64))
    proposed_role: Mapped[str | None] = mapped_column(String(32))
    proposed_at: Mapped[datetime | None] = mapped_column(Instant)
    settled_by: Mapped[str | None] = mapped_column(String(64))
    settled_person: Mapped[str | None] = mapped_column(String(64))
    settled_at: Mapped[datetime | None] = mapped_column(Instant)
    reason: Mapped[str | None] = mapped_column(Text)
    version: Mapped[int] = mapped_column(Integer)

    __mapper_args__ = {"version_id_col": version}


class ExitAhead(Base):
    """An exit that came before its entry: a late addition of the same row is never listed (I09)."""

    __tablename__ = "exit_ahead"

    row_key: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    """Keyed digest of court, case, debtor and, where the exit named it, the decision."""
    batch_id: Mapped[int] = mapped_column(BigId)
    row_number: Mapped[int] = mapped_column(Integer)
    document_number: Mapped[str] = mapped_column(String(128))
    created_at: Mapped[At]
