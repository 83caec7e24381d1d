"""What agencies report back. Only ever added to; who it is about stands in the ledger row of the answer alone."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Boolean, CheckConstraint, Date, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from creditsvc.storage.base import At, Base, BigId, Code, Id, Line


class Feedback(Base):
    """What a unit did on an answer: that of one check, or of one row of a screening."""

    __tablename__ = "feedback"
    __table_args__ = (
        CheckConstraint("(ledger_id IS NULL) <> (screening_id IS NULL)", name="one_answer"),
        UniqueConstraint("ledger_id", "done", "measure", "done_on"),
        Index("ix_feedback_unit", "unit", "id"),
        Index("ix_feedback_at", "at"),
        Index("ix_feedback_ledger_id", "ledger_id"),
        Index("ix_feedback_screening_id", "screening_id", "row_number"),
    )

    id: Mapped[Id]
    ledger_id: Mapped[int | None] = mapped_column(BigId)
    screening_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("screening.id"))
    row_number: Mapped[int | None] = mapped_column(BigId)
    unit: Mapped[str] = mapped_column(String(128))
    actor: Mapped[Code]
    sector: Mapped[Code]
    act: Mapped[Code]
    outcome: Mapped[str | None] = mapped_column(String(32))
    """What the answer said; for a row of a screening it stands in the results alone."""
    done: Mapped[Code]
    measure: Mapped[str] = mapped_column(String(64), default="")
    """Of which measure; empty: of the answer as a whole."""
    reason: Mapped[Line]
    done_on: Mapped[date] = mapped_column(Date)
    at_odds: Mapped[bool] = mapped_column(Boolean)
    """A restriction was applied where the answer named none."""
    at: Mapped[At]
