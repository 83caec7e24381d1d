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
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from creditsvc.storage.base import At, Base, BigId, Code, Document, Id, Instant, Json, Line


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
        Index("ix_application_about", "about"),
        Index("uq_application_reference", "reference", unique=True),
        Index("ix_application_court", "court_code", "with_court", "due_on", "number"),
        Index(
            "ix_application_due",
            "due_on",
            "number",
            sqlite_where=text("with_court"),
            postgresql_where=text("with_court"),
        ),
        # few values in a small index: a province's counts are read from it alone
        Index(
            "ix_application_load",
            "court_code",
            "due_on",
            sqlite_where=text("with_court"),
            postgresql_where=text("with_court"),
        ),
        Index("ix_application_decided", "decided_at"),
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
    with_court: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    """Whether the court's queue shows it: sent and neither returned nor closed."""
    about: Mapped[str | None] = mapped_column(String(28))
    """The application that this one follows: a refusal to be reconsidered, a credit repair that led here."""
    reference: Mapped[str | None] = mapped_column(String(128))
    """The number under which a platform knows it."""
    opened_by: Mapped[Code] = mapped_column(default="person", server_default="person")
    """``person``, ``agent``, ``window``, ``platform`` or ``court``."""
    wanted: Mapped[Document | None]
    """What this kind asks for besides: days of a lift, fields to correct. No personal data."""
    version: Mapped[int] = mapped_column(Integer)
    statement_cell: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[At]
    submitted_at: Mapped[datetime | None] = mapped_column(Instant)
    received_on: Mapped[date | None] = mapped_column(Date)
    due_on: Mapped[date | None] = mapped_column(Date)
    due_provisional: Mapped[bool] = mapped_column(Boolean, default=False)
    due_before: Mapped[date | None] = mapped_column(Date)
    """What was due before a calendar that was loaded later moved it."""
    calendar: Mapped[str | None] = mapped_column(String(16))
    """The calendars by which it was last counted anew; none if it was not."""
    overdue_since: Mapped[date | None] = mapped_column(Date)
    decision_id: Mapped[int | None] = mapped_column(BigId)
    """The register's decision that a grant rests on."""
    order_decision_id: Mapped[int | None] = mapped_column(BigId)
    """The second decision: lifting the consumption order, where it was proposed."""
    proposal: Mapped[Document | None]
    """What was proposed: outcome, reason, clause, remedy, document number, days. No personal data."""
    proposed_by: Mapped[str | None] = mapped_column(String(64))
    proposed_person: Mapped[str | None] = mapped_column(String(64))
    more_decisions: Mapped[list[int] | None] = mapped_column(Json)
    """Further decisions of the same grant: the same debt under another case number."""
    paused_on: Mapped[date | None] = mapped_column(Date)
    pause_reason: Mapped[str | None] = mapped_column(String(64))
    escalated: Mapped[str | None] = mapped_column(String(16))
    """How far up lateness has been told: ``soon``, ``late`` or ``higher``."""
    e_service: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    """The person agreed to be served here (民事诉讼法 art. 90): the day of the decision is then the day of service."""
    served_on: Mapped[date | None] = mapped_column(Date)
    service_mode: Mapped[str | None] = mapped_column(String(32))
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
    """Of the bytes that are kept: without metadata, where the kind of file has any that are no evidence."""
    original_sha256: Mapped[str | None] = mapped_column(String(64))
    """Of the bytes as they came."""
    turned: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    """Degrees by which a photograph is turned to stand upright: its metadata said so before they were taken out."""
    uploaded_at: Mapped[At]
    removed_at: Mapped[datetime | None] = mapped_column(Instant)


class CaseFact(Base):
    """What the court has found about a case and the register has no field for; the newest of a kind counts."""

    __tablename__ = "case_fact"
    __table_args__ = (Index("ix_case_fact_entry", "entry"),)

    id: Mapped[Id]
    entry: Mapped[Code]
    fact: Mapped[Code]
    value: Mapped[Code]
    event_on: Mapped[date] = mapped_column(Date)
    document_number: Mapped[str] = mapped_column(String(128))
    actor: Mapped[Code]
    at: Mapped[At]


class CreditPromise(Base):
    """A credit promise by the national form. Its words are fixed; what happened to it is added as its state."""

    __tablename__ = "credit_promise"
    __table_args__ = (Index("ix_credit_promise_subject", "subject_id"),)

    id: Mapped[Id]
    number: Mapped[str] = mapped_column(String(32), unique=True)
    application_id: Mapped[str] = mapped_column(ForeignKey("application.id"), unique=True)
    subject_id: Mapped[str] = mapped_column(String(32))
    promiser: Mapped[Code]
    publicity: Mapped[Code]
    receiver: Mapped[str] = mapped_column(String(200))
    made_on: Mapped[date] = mapped_column(Date)
    state: Mapped[Code]
    breach_case: Mapped[str | None] = mapped_column(String(128))
    """The new case in which a breach is examined; nothing is restored by it."""
    changed_at: Mapped[datetime | None] = mapped_column(Instant)


class CreditorQuestion(Base):
    """One question to the creditor by a link: single use, with an end, bound to a person. Only hashes are kept."""

    __tablename__ = "creditor_question"
    __table_args__ = (Index("ix_creditor_question_application", "application_id"),)

    id: Mapped[Id]
    application_id: Mapped[str] = mapped_column(ForeignKey("application.id"))
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    holder_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    """Keyed hash of the last six characters of the creditor's number: the link alone is not enough."""
    name_cell: Mapped[bytes] = mapped_column(LargeBinary)
    asked_at: Mapped[At]
    asked_by: Mapped[Code]
    due_on: Mapped[date] = mapped_column(Date)
    tries: Mapped[int] = mapped_column(Integer, default=0)
    answer: Mapped[str | None] = mapped_column(String(16))
    """``performed``, ``consents`` or ``objects``."""
    words_cell: Mapped[bytes | None] = mapped_column(LargeBinary)
    answered_at: Mapped[datetime | None] = mapped_column(Instant)
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)


class RelianceNotice(Base):
    """Somebody was answered "restricted" from an entry that was wrong from the start, and is told to look again."""

    __tablename__ = "reliance_notice"
    __table_args__ = (
        UniqueConstraint("entry", "unit", "access_id"),
        Index("ix_reliance_notice_unit", "unit", "done_at"),
        Index("ix_reliance_notice_subject", "subject_id"),
    )

    id: Mapped[Id]
    entry: Mapped[Code]
    subject_id: Mapped[str] = mapped_column(String(32))
    unit: Mapped[str] = mapped_column(String(128))
    access_id: Mapped[int] = mapped_column(BigId)
    """The check that was answered, by its number in the access ledger."""
    asked_at: Mapped[At]
    purpose: Mapped[str] = mapped_column(String(256))
    matter: Mapped[str | None] = mapped_column(String(128))
    sector: Mapped[str | None] = mapped_column(String(64))
    told_at: Mapped[At]
    seen_at: Mapped[datetime | None] = mapped_column(Instant)
    done_at: Mapped[datetime | None] = mapped_column(Instant)
    done_by: Mapped[str | None] = mapped_column(String(64))
    outcome: Mapped[str | None] = mapped_column(String(32))
    """``changed``, ``unchanged`` or ``not_used``."""
