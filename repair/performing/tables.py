"""Tables of the positive path. Name, creditor and obligation are sealed under the performer's own data key: nobody who is
not on a public list stands here in clear."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Boolean, CheckConstraint, Date, ForeignKey, Index, Integer, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from creditsvc.storage.base import At, Base, Code, Document, Id, Instant, Line


class PerformanceRecord(Base):
    """One obligation of one person, from the first notice to the end of the incentive. ``version`` rises with each act."""

    __tablename__ = "performance_record"
    __table_args__ = (
        CheckConstraint("signed_person IS NULL OR signed_person <> proposed_person", name="two_people"),
        UniqueConstraint("subject_id", "court_code", "case_number"),
        Index("ix_performance_record_court", "court_code", "stage", "due_on"),
        Index("ix_performance_record_stage", "stage", "until"),
    )

    id: Mapped[str] = mapped_column(String(28), primary_key=True)
    subject_id: Mapped[str] = mapped_column(ForeignKey("subject.id"), index=True)
    debtor_kind: Mapped[Code]
    name_cell: Mapped[bytes] = mapped_column(LargeBinary)
    creditor_cell: Mapped[bytes] = mapped_column(LargeBinary)
    obligation_cell: Mapped[bytes] = mapped_column(LargeBinary)
    court_code: Mapped[Code]
    case_number: Mapped[Line]
    due_on: Mapped[date] = mapped_column(Date)
    stage: Mapped[Code]
    version: Mapped[int] = mapped_column(Integer)
    performed_on: Mapped[date | None] = mapped_column(Date)
    merit: Mapped[str | None] = mapped_column(String(64))
    finding: Mapped[Document | None]
    """What was proposed: outcome, source, days, document, reason, clause, remedy. No personal data."""
    proposed_person: Mapped[str | None] = mapped_column(String(64))
    signed_person: Mapped[str | None] = mapped_column(String(64))
    certificate: Mapped[str | None] = mapped_column(String(64))
    """Number of the certificate of voluntary performance."""
    agrees_listing_on: Mapped[date | None] = mapped_column(Date)
    """When the person agreed to publicity and a place on the incentive list."""
    agrees_platform_on: Mapped[date | None] = mapped_column(Date)
    """When the person agreed that the provincial platform gets it."""
    entry: Mapped[str | None] = mapped_column(String(28), unique=True)
    revision: Mapped[int] = mapped_column(Integer, default=0)
    publicity_from: Mapped[date | None] = mapped_column(Date)
    publicity_until: Mapped[date | None] = mapped_column(Date)
    listed_on: Mapped[date | None] = mapped_column(Date)
    until: Mapped[date | None] = mapped_column(Date)
    ended_on: Mapped[date | None] = mapped_column(Date)
    created_at: Mapped[At]

    __mapper_args__ = {"version_id_col": version, "version_id_generator": False}


class PerformanceEvent(Base):
    """What happened to a record; rows are only ever added."""

    __tablename__ = "performance_event"
    __table_args__ = (UniqueConstraint("record_id", "version"),)

    id: Mapped[Id]
    record_id: Mapped[str] = mapped_column(ForeignKey("performance_record.id"))
    version: Mapped[int] = mapped_column(Integer)
    act: Mapped[Code]
    stage: Mapped[Code]
    actor: Mapped[Code]
    note: Mapped[str] = mapped_column(String(2000), default="")
    at: Mapped[At]


class PerformanceObjection(Base):
    """An objection during publicity (条例 art. 28). Who objects and why is sealed under the performer's key."""

    __tablename__ = "performance_objection"
    __table_args__ = (Index("ix_performance_objection_record", "record_id"),)

    id: Mapped[Id]
    record_id: Mapped[str] = mapped_column(ForeignKey("performance_record.id"))
    received_on: Mapped[date] = mapped_column(Date)
    statement_cell: Mapped[bytes] = mapped_column(LargeBinary)
    upheld: Mapped[bool | None] = mapped_column(Boolean)
    outcome: Mapped[str | None] = mapped_column(String(2000))
    settled_at: Mapped[datetime | None] = mapped_column(Instant)
