"""Tables of what comes before and beside an entry: candidates, grace, and what the court has recorded.

A candidate is no listing: no row of ``listing`` stands before a decision was made, so nothing that reads listings can
show one. Identity numbers stand in ``storage.subjects`` alone, sealed.
"""

from __future__ import annotations

from datetime import date

from sqlalchemy import Boolean, Date, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from creditsvc.register.tables import ENTRY
from creditsvc.storage.base import At, Base, BigId, Code, Document, Id, Json


class CandidateRecord(Base):
    """A debtor in a case about whom the court decides whether to list (法释〔2017〕7号 art. 5)."""

    __tablename__ = "candidate"
    __table_args__ = (
        Index("ix_candidate_subject", "subject_id"),
        Index("ix_candidate_case", "case_number"),
        Index("ix_candidate_court_state", "court_code", "state", "id"),
    )

    id: Mapped[Id]
    entry: Mapped[str] = mapped_column(ENTRY, unique=True)
    subject_id: Mapped[str] = mapped_column(ForeignKey("subject.id"))
    debtor_kind: Mapped[Code]
    name: Mapped[str] = mapped_column(String(256))
    sex: Mapped[str | None] = mapped_column(String(8))
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
    applicants: Mapped[list[str]] = mapped_column(Json)
    notice_served_on: Mapped[date | None] = mapped_column(Date)
    """When the enforcement notice with its risk warning was served."""
    perform_by: Mapped[date | None] = mapped_column(Date)
    """The last day that the notice gave for performing."""
    applicant: Mapped[str | None] = mapped_column(String(256))
    """Who applied for the listing; empty where the court acts of its own motion."""
    applied_on: Mapped[date | None] = mapped_column(Date)
    """Receipt of the application: the 15 days run from it."""
    birth_known: Mapped[bool] = mapped_column(Boolean, default=True)
    minor_until: Mapped[date | None] = mapped_column(Date)
    """The eighteenth birthday, kept only where a decision could still fall on or before it."""
    relisting_of: Mapped[str | None] = mapped_column(ENTRY)
    """An earlier listing of the same debtor in the same case that ended; it is never opened again."""
    listing: Mapped[str | None] = mapped_column(ENTRY)
    """The listing that was decided."""
    state: Mapped[Code]
    revision: Mapped[int] = mapped_column(Integer)
    version: Mapped[int] = mapped_column(Integer)
    created_by: Mapped[Code]
    created_at: Mapped[At]

    __mapper_args__ = {"version_id_col": version}


class GracePeriod(Base):
    """A grace period (宽限期): decided, not published. ``to_day`` is the last day of it."""

    __tablename__ = "grace_period"
    __table_args__ = (Index("ix_grace_period_entry", "entry"),)

    id: Mapped[Id]
    entry: Mapped[str] = mapped_column(ENTRY)
    case_number: Mapped[str] = mapped_column(String(128))
    from_day: Mapped[date] = mapped_column(Date)
    to_day: Mapped[date] = mapped_column(Date)
    document_number: Mapped[str] = mapped_column(String(128))
    decision_id: Mapped[int] = mapped_column(BigId)


class Circumstance(Base):
    """What the court has recorded as having happened in a case of one debtor: performance, a ruling, an empty search.

    Three of the five times stand here: when it happened, when the court knew, when it was written down. Rows are only
    ever added; whether it has led to something is read from ``decision`` and ``task``.
    """

    __tablename__ = "circumstance"
    __table_args__ = (
        UniqueConstraint("entry", "kind", "event_on", "document_number"),
        Index("ix_circumstance_open", "prepared", "id"),
    )

    id: Mapped[Id]
    entry: Mapped[str] = mapped_column(ENTRY)
    kind: Mapped[Code]
    event_on: Mapped[date] = mapped_column(Date)
    known_on: Mapped[date] = mapped_column(Date)
    recorded_at: Mapped[At]
    recorder: Mapped[Code]
    recorder_person: Mapped[Code]
    document_number: Mapped[str] = mapped_column(String(128))
    reason: Mapped[str] = mapped_column(Text)
    voluntary: Mapped[bool | None] = mapped_column(Boolean)
    """Whether the debtor performed of his own accord (35号 no. 19)."""
    details: Mapped[Document]
    prepared: Mapped[bool] = mapped_column(Boolean, default=False)
    """Whether the machine has drawn its consequence: a proposal, or a matter for a judge."""
    decision_id: Mapped[int | None] = mapped_column(BigId)


class CourtRuleRow(Base):
    """What a court has set for itself, as it was loaded; never edited, a later one governs from its own day."""

    __tablename__ = "court_rule"
    __table_args__ = (Index("ix_court_rule_court", "court", "from_day"),)

    id: Mapped[Id]
    court: Mapped[Code]
    from_day: Mapped[date] = mapped_column(Date)
    content: Mapped[Document]
    """See ``court_rules.parse_rule``."""
    loaded_by: Mapped[Code]
    loaded_at: Mapped[At]
