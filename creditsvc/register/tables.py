"""Tables of the register: listings, consumption orders, marks, reliefs, events, decisions.

A row's state follows from its events, which are only ever added. Five times are kept apart (I32): when it happened, when
the court knew, when it was decided, when it was published, when it was removed. Names are published by law and stand in
clear; identity numbers stand in ``storage.subjects`` alone, sealed.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    false,
)
from sqlalchemy.orm import Mapped, mapped_column

from creditsvc.storage.base import At, Base, BigId, Code, Document, Id, Instant, Json

ENTRY = String(28)


class Listing(Base):
    """One listing: one decision, one case, one debtor (law: 法释〔2017〕7号 art. 6)."""

    __tablename__ = "listing"
    __table_args__ = (
        Index("ix_listing_subject", "subject_id"),
        Index("ix_listing_case", "case_number"),
        Index("ix_listing_court_state", "court_code", "state", "id"),
        Index("ix_listing_name", "name"),
        Index("ix_listing_until", "state", "until"),
    )

    id: Mapped[Id]
    entry: Mapped[str] = mapped_column(ENTRY, unique=True)
    subject_id: Mapped[str] = mapped_column(ForeignKey("subject.id"))
    debtor_kind: Mapped[Code]
    name: Mapped[str] = mapped_column(String(256))
    sex: Mapped[str | None] = mapped_column(String(8))
    age: Mapped[int | None] = mapped_column(Integer)
    legal_representative: Mapped[str | None] = mapped_column(String(128))
    court_code: Mapped[Code]
    court_name: Mapped[str] = mapped_column(String(128))
    case_number: Mapped[str] = mapped_column(String(128))
    filed_on: Mapped[date | None] = mapped_column(Date)
    basis_number: Mapped[str | None] = mapped_column(String(256))
    basis_issuer: Mapped[str | None] = mapped_column(String(256))
    obligation: Mapped[str | None] = mapped_column(Text)
    performance: Mapped[Code]
    performed_part: Mapped[str | None] = mapped_column(Text)
    unperformed_part: Mapped[str | None] = mapped_column(Text)
    grounds: Mapped[list[str]] = mapped_column(Json)
    published_on: Mapped[date | None] = mapped_column(Date)
    until: Mapped[date | None] = mapped_column(Date)
    decision_number: Mapped[str] = mapped_column(String(128))
    decided_on: Mapped[date] = mapped_column(Date)
    decision_signed_by: Mapped[str | None] = mapped_column(String(64))
    served_on: Mapped[date | None] = mapped_column(Date)
    service_mode: Mapped[str | None] = mapped_column(String(32))
    national_entry: Mapped[str | None] = mapped_column(String(64))
    national_entered_on: Mapped[date | None] = mapped_column(Date)
    applicants: Mapped[list[str]] = mapped_column(Json)
    nonpublic: Mapped[bool] = mapped_column(Boolean, default=False)
    candidate: Mapped[str | None] = mapped_column(ENTRY)
    """The candidate that it was decided about, where the decision was typed at the desk."""
    relisting_of: Mapped[str | None] = mapped_column(ENTRY)
    """An earlier listing that ended; it is never opened again (art. 10 para. 3)."""
    severity: Mapped[str | None] = mapped_column(String(16))
    state: Mapped[Code]
    revision: Mapped[int] = mapped_column(Integer)
    version: Mapped[int] = mapped_column(Integer)
    exit: Mapped[dict[str, Any] | None] = mapped_column(Json)
    ended_on: Mapped[date | None] = mapped_column(Date)
    row_key: Mapped[bytes] = mapped_column(LargeBinary(16), unique=True)
    """Keyed digest of court, case, subject and decision: the same row again is the same row."""
    row_digest: Mapped[bytes] = mapped_column(LargeBinary(16))
    """Keyed digest of the row's content: what changed shows."""
    batch_id: Mapped[int | None] = mapped_column(BigId)
    row_number: Mapped[int | None] = mapped_column(Integer)
    created_at: Mapped[At]

    __mapper_args__ = {"version_id_col": version}


class ConsumptionOrder(Base):
    """A consumption order (限制消费令): beside the listing, with its own life (法释〔2015〕17号)."""

    __tablename__ = "consumption_order"
    __table_args__ = (
        Index("ix_consumption_order_subject", "subject_id"),
        Index("ix_consumption_order_case", "case_number"),
    )

    id: Mapped[Id]
    entry: Mapped[str] = mapped_column(ENTRY, unique=True)
    subject_id: Mapped[str] = mapped_column(ForeignKey("subject.id"))
    debtor_kind: Mapped[Code]
    name: Mapped[str] = mapped_column(String(256))
    sex: Mapped[str | None] = mapped_column(String(8))
    age: Mapped[int | None] = mapped_column(Integer)
    court_code: Mapped[Code]
    court_name: Mapped[str] = mapped_column(String(128))
    case_number: Mapped[str] = mapped_column(String(128))
    filed_on: Mapped[date | None] = mapped_column(Date)
    order_number: Mapped[str] = mapped_column(String(128))
    issued_on: Mapped[date] = mapped_column(Date)
    items: Mapped[list[str]] = mapped_column(Json)
    """Measure ids that it names; empty: all of art. 3."""
    bound_role: Mapped[str | None] = mapped_column(String(32))
    unit_name: Mapped[str | None] = mapped_column(String(256))
    signed_by: Mapped[str | None] = mapped_column(String(64))
    served_on: Mapped[date | None] = mapped_column(Date)
    service_mode: Mapped[str | None] = mapped_column(String(32))
    state: Mapped[Code]
    revision: Mapped[int] = mapped_column(Integer)
    version: Mapped[int] = mapped_column(Integer)
    exit: Mapped[dict[str, Any] | None] = mapped_column(Json)
    ended_on: Mapped[date | None] = mapped_column(Date)
    row_key: Mapped[bytes] = mapped_column(LargeBinary(16), unique=True)
    batch_id: Mapped[int | None] = mapped_column(BigId)
    created_at: Mapped[At]

    __mapper_args__ = {"version_id_col": version}


class ResponsibleMark(Base):
    """A mark on a listed unit: who answers for it. Never a listing of that person (法发〔2019〕35号 no. 16)."""

    __tablename__ = "responsible_mark"
    __table_args__ = (
        Index("ix_responsible_mark_subject", "subject_id"),
        Index("ix_responsible_mark_entry", "unit_entry"),
    )

    id: Mapped[Id]
    unit_entry: Mapped[str] = mapped_column(ENTRY)
    subject_id: Mapped[str] = mapped_column(ForeignKey("subject.id"))
    role: Mapped[Code]
    name: Mapped[str] = mapped_column(String(128))
    from_day: Mapped[date] = mapped_column(Date)
    to_day: Mapped[date | None] = mapped_column(Date)
    decision_number: Mapped[str | None] = mapped_column(String(128))


class Relief(Base):
    """A relief from an entry, from a day to a day; three kinds kept apart (I27)."""

    __tablename__ = "relief"
    __table_args__ = (Index("ix_relief_entry", "entry"), Index("ix_relief_mark", "mark_id"))

    id: Mapped[Id]
    entry: Mapped[str] = mapped_column(ENTRY)
    kind: Mapped[Code]
    from_day: Mapped[date] = mapped_column(Date)
    to_day: Mapped[date] = mapped_column(Date)
    measures: Mapped[list[str]] = mapped_column(Json)
    decision_number: Mapped[str] = mapped_column(String(128))
    purpose: Mapped[str | None] = mapped_column(String(256))
    granted_to: Mapped[date | None] = mapped_column(Date)
    """The last day that was granted, where the relief was ended before it: ``to_day`` is then the last that counted."""
    abused: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    """Got by false evidence, or its terms broken: no further one is approved (35号 no. 17)."""
    mark_id: Mapped[int | None] = mapped_column(BigId)
    """The officer's mark that it was granted to, under a unit's order: it is theirs alone (限消规定 art. 3 para. 2)."""


class EntryMark(Base):
    """An overlay that changes an entry's effect and not the entry: disputed, under reconsideration, suspended, shielded."""

    __tablename__ = "entry_mark"
    __table_args__ = (Index("ix_entry_mark_entry", "entry"),)

    id: Mapped[Id]
    entry: Mapped[str] = mapped_column(ENTRY)
    mark: Mapped[Code]
    from_day: Mapped[date] = mapped_column(Date)
    to_day: Mapped[date | None] = mapped_column(Date)
    document_number: Mapped[str | None] = mapped_column(String(128))


class RegisterEvent(Base):
    """What happened to an entry; rows are only ever added. The number is the register's own order of things."""

    __tablename__ = "register_event"
    __table_args__ = (Index("ix_register_event_entry", "entry"),)

    id: Mapped[Id]
    entry: Mapped[str] = mapped_column(ENTRY)
    kind: Mapped[Code]
    revision: Mapped[int] = mapped_column(Integer)
    type: Mapped[Code]
    event_on: Mapped[date | None] = mapped_column(Date)
    known_on: Mapped[date | None] = mapped_column(Date)
    decided_on: Mapped[date | None] = mapped_column(Date)
    recorded_at: Mapped[At]
    actor: Mapped[Code]
    clause: Mapped[str] = mapped_column(String(128))
    document_number: Mapped[str | None] = mapped_column(String(128))
    reason: Mapped[str | None] = mapped_column(Text)
    decision_id: Mapped[int | None] = mapped_column(BigId)


class Decision(Base):
    """A decision by two people. The database itself refuses one person for both."""

    __tablename__ = "decision"
    __table_args__ = (
        CheckConstraint("approver_person IS NULL OR approver_person <> proposer_person", name="two_people"),
        Index("ix_decision_state", "state", "due_on"),
        Index("ix_decision_entry", "entry"),
        UniqueConstraint("entry", "open_key"),
    )

    id: Mapped[Id]
    kind: Mapped[Code]
    entry: Mapped[str] = mapped_column(ENTRY)
    entry_version: Mapped[int] = mapped_column(Integer)
    court_code: Mapped[Code]
    state: Mapped[Code]
    open_key: Mapped[str | None] = mapped_column(String(32))
    """The kind while it is open, empty afterwards: one open decision of a kind for one entry."""
    draft: Mapped[Document]
    """Ground, clause, days, reason, document number. No identity number."""
    digest: Mapped[str] = mapped_column(String(64))
    """SHA-256 of exactly what the second person is shown."""
    due_on: Mapped[date | None] = mapped_column(Date)
    due_provisional: Mapped[bool] = mapped_column(Boolean, default=False)
    due_before: Mapped[date | None] = mapped_column(Date)
    """What was due before a calendar that was loaded later moved it; both dates are shown."""
    calendar: Mapped[str | None] = mapped_column(String(16))
    """The calendars by which it was counted: see ``storage.calendars``."""
    proposer: Mapped[Code]
    proposer_person: Mapped[Code]
    proposed_at: Mapped[At]
    approver: Mapped[str | None] = mapped_column(String(64))
    approver_person: Mapped[str | None] = mapped_column(String(64))
    settled_at: Mapped[datetime | None] = mapped_column(Instant)
    settled_reason: Mapped[str | None] = mapped_column(Text)
    version: Mapped[int] = mapped_column(Integer)

    __mapper_args__ = {"version_id_col": version}
