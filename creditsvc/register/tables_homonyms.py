"""Who is not the listed one: a court's word that a person is not the debtor of an entry, although name or number suggest it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from creditsvc.storage.base import At, Base, Code, Id, Instant, Line


class HomonymClearance(Base):
    """One person, one entry. Honoured from the second person's signature until another two take it back."""

    __tablename__ = "homonym_clearance"
    __table_args__ = (
        CheckConstraint("approver_person IS NULL OR approver_person <> proposer_person", name="two_people"),
        CheckConstraint("revoker_person IS NULL OR revoker_person <> doubter_person", name="two_people_revoke"),
        Index("ix_homonym_clearance_subject", "subject_id"),
        Index("ix_homonym_clearance_court", "court_code", "id"),
    )

    id: Mapped[Id]
    number: Mapped[str] = mapped_column(String(32), unique=True)
    """Printed on the token; ends in random signs, so that numbers can't be counted through."""
    subject_id: Mapped[str] = mapped_column(ForeignKey("subject.id"))
    name: Mapped[str] = mapped_column(String(256))
    entry: Mapped[str] = mapped_column(String(28))
    court_code: Mapped[Code]
    court_name: Mapped[str] = mapped_column(String(128))
    case_number: Mapped[str] = mapped_column(String(128))
    state: Mapped[Code]
    reason: Mapped[Line]
    digest: Mapped[str] = mapped_column(String(64))
    """SHA-256 of exactly what the second person is shown."""
    proposer: Mapped[Code]
    proposer_person: Mapped[Code]
    proposed_at: Mapped[At]
    approver: Mapped[str | None] = mapped_column(String(64))
    approver_person: Mapped[str | None] = mapped_column(String(64))
    approved_at: Mapped[datetime | None] = mapped_column(Instant)
    doubter: Mapped[str | None] = mapped_column(String(64))
    doubter_person: Mapped[str | None] = mapped_column(String(64))
    doubt: Mapped[Line | None]
    revoker: Mapped[str | None] = mapped_column(String(64))
    revoker_person: Mapped[str | None] = mapped_column(String(64))
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)
