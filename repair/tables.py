"""Tables of the way off the list. What a person writes or uploads is sealed under that person's data key."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import (
    Boolean,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from creditsvc.storage.base import At, Base, BigId, Code, Document, Id, Instant, Line


class LetterCode(Base):
    """The code on a decision letter. Only a keyed hash is kept; printing a new one revokes the old."""

    __tablename__ = "letter_code"
    __table_args__ = (
        Index(
            "uq_letter_code_entry",
            "entry",
            unique=True,
            sqlite_where=text("revoked_at IS NULL"),
            postgresql_where=text("revoked_at IS NULL"),
        ),
        Index("ix_letter_code_subject", "subject_id"),
    )

    id: Mapped[Id]
    subject_id: Mapped[str] = mapped_column(String(32))
    entry: Mapped[Code]
    code_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    issued_at: Mapped[At]
    issued_by: Mapped[Code]
    used: Mapped[int] = mapped_column(Integer, default=0)
    last_used_at: Mapped[datetime | None] = mapped_column(Instant)
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)


class ApplicationCounter(Base):
    """Gapless receipt numbers by year."""

    __tablename__ = "application_counter"

    year: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    last: Mapped[int] = mapped_column(Integer)


class Application(Base):
    """One application about one entry. ``version`` rises with every step: two people can't act on one state."""

    __tablename__ = "application"
    __table_args__ = (
        Index(
            "uq_application_open",
            "entry",
            "kind",
            unique=True,
            sqlite_where=text("is_open"),
            postgresql_where=text("is_open"),
        ),
        Index("ix_application_subject", "subject_id"),
        Index("ix_application_queue", "court_code", "state", "due_on"),
    )

    id: Mapped[str] = mapped_column(String(28), primary_key=True)
    number: Mapped[str | None] = mapped_column(String(32), unique=True)
    kind: Mapped[Code]
    ground: Mapped[Code]
    subject_id: Mapped[str] = mapped_column(String(32))
    entry: Mapped[Code]
    court_code: Mapped[Code]
    case_number: Mapped[Line]
    state: Mapped[Code]
    is_open: Mapped[bool] = mapped_column(Boolean)
    version: Mapped[int] = mapped_column(Integer)
    statement_cell: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[At]
    submitted_at: Mapped[datetime | None] = mapped_column(Instant)
    received_on: Mapped[date | None] = mapped_column(Date)
    due_on: Mapped[date | None] = mapped_column(Date)
    due_provisional: Mapped[bool] = mapped_column(Boolean, default=False)
    overdue_since: Mapped[date | None] = mapped_column(Date)
    decision_id: Mapped[int | None] = mapped_column(BigId)
    """The register's decision that a grant rests on."""
    order_decision_id: Mapped[int | None] = mapped_column(BigId)
    """The second decision: lifting the consumption order, where it was proposed."""
    proposal: Mapped[Document | None]
    """What was proposed: outcome, reason, clause, remedy, document number, days. No personal data."""
    proposed_by: Mapped[str | None] = mapped_column(String(64))
    proposed_person: Mapped[str | None] = mapped_column(String(64))
    decided_at: Mapped[datetime | None] = mapped_column(Instant)
    closed_at: Mapped[datetime | None] = mapped_column(Instant)


class ApplicationEvent(Base):
    """What happened to an application; rows are only ever added."""

    __tablename__ = "application_event"
    __table_args__ = (UniqueConstraint("application_id", "version"),)

    id: Mapped[Id]
    application_id: Mapped[str] = mapped_column(ForeignKey("application.id"))
    version: Mapped[int] = mapped_column(Integer)
    step: Mapped[Code]
    state: Mapped[Code]
    actor: Mapped[Code]
    note: Mapped[str] = mapped_column(String(2000), default="")
    at: Mapped[At]


class Evidence(Base):
    """One uploaded paper. The bytes lie sealed in a file of the evidence folder; its key is sealed here."""

    __tablename__ = "evidence"
    __table_args__ = (Index("ix_evidence_application", "application_id"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    application_id: Mapped[str] = mapped_column(ForeignKey("application.id"))
    subject_id: Mapped[str] = mapped_column(String(32))
    name_cell: Mapped[bytes] = mapped_column(LargeBinary)
    key_cell: Mapped[bytes] = mapped_column(LargeBinary)
    media_type: Mapped[Code]
    size: Mapped[int] = mapped_column(Integer)
    sha256: Mapped[str] = mapped_column(String(64))
    uploaded_at: Mapped[At]
    removed_at: Mapped[datetime | None] = mapped_column(Instant)
