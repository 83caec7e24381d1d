"""The one queue of what is due, for every feature: one row a matter, closed and never deleted."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Boolean, Date, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from creditsvc.storage.base import At, Base, Code, Document, Id, Instant


class Task(Base):
    """Something that a court (or the house, where ``court_code`` is empty) has to do by a day."""

    __tablename__ = "task"
    __table_args__ = (
        Index("ix_task_open", "closed_at", "court_code", "due_on"),
        Index("ix_task_entry", "entry"),
    )

    id: Mapped[Id]
    key: Mapped[str] = mapped_column(String(128), unique=True)
    """Names the matter, so that it is opened once: for example ``remove/lst_…/term_ended``."""
    kind: Mapped[Code]
    entry: Mapped[str | None] = mapped_column(String(28))
    court_code: Mapped[Code]
    timer: Mapped[str | None] = mapped_column(String(8))
    """One of ``kernel.timers``; empty where the law sets no time."""
    start_on: Mapped[date] = mapped_column(Date)
    """The day from which it is counted; not counted itself."""
    due_on: Mapped[date | None] = mapped_column(Date)
    earliest_on: Mapped[date | None] = mapped_column(Date)
    latest_on: Mapped[date | None] = mapped_column(Date)
    provisional: Mapped[bool] = mapped_column(Boolean, default=False)
    due_before: Mapped[date | None] = mapped_column(Date)
    """What was due before a calendar that was loaded later moved it."""
    calendar: Mapped[str | None] = mapped_column(String(16))
    level: Mapped[int] = mapped_column(Integer, default=0)
    """How far it has been escalated: 0 not, 1 due, 2 overdue."""
    escalated_at: Mapped[datetime | None] = mapped_column(Instant)
    details: Mapped[Document]
    """Numbers and names of things, never of people."""
    opened_by: Mapped[Code]
    opened_at: Mapped[At]
    closed_at: Mapped[datetime | None] = mapped_column(Instant)
    outcome: Mapped[str | None] = mapped_column(String(64))
