"""Tables of the jobs: who may run them now, and what each run did."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from creditsvc.storage.base import At, Base, Code, Id, Instant


class JobLease(Base):
    """The lease under which one process runs jobs. ``fence`` rises whenever the holder changes."""

    __tablename__ = "job_lease"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    holder: Mapped[Code]
    fence: Mapped[int] = mapped_column(Integer)
    until: Mapped[At]


class JobRun(Base):
    """One run of one job; the due time is unique, so no tick is worked twice."""

    __tablename__ = "job_run"
    __table_args__ = (UniqueConstraint("job", "due_at"),)

    id: Mapped[Id]
    job: Mapped[Code]
    due_at: Mapped[At]
    fence: Mapped[int] = mapped_column(Integer)
    started_at: Mapped[At]
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    outcome: Mapped[str | None] = mapped_column(String(512))
    failed: Mapped[bool] = mapped_column(default=False)
