"""The lease: one process runs the jobs, and its number rises when another takes over.

A compare-and-set in one statement, so two processes can't both win. Whoever holds it renews it at a third of its
length; a process that was paused finds its number passed and stops.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.exc import IntegrityError

from creditsvc.jobs.tables import JobLease
from creditsvc.storage.engine import Database

LENGTH = timedelta(seconds=30)
NAME = "jobs"


def take_lease(database: Database, holder: str, now: datetime) -> int | None:
    """The fencing number if this holder has the lease from now on, else none."""
    with database.writing() as session:
        free = or_(JobLease.holder == holder, JobLease.until < now)
        current = session.scalar(select(JobLease).where(JobLease.name == NAME, free))
        if current is not None:
            fence = current.fence if current.holder == holder else current.fence + 1
            won = session.execute(
                update(JobLease)
                .where(JobLease.name == NAME, JobLease.fence == current.fence, free)
                .values(holder=holder, fence=fence, until=now + LENGTH)
                .execution_options(synchronize_session=False)
            )
            return fence if won.rowcount == 1 else None  # type: ignore[attr-defined]
        if session.scalar(select(JobLease.fence).where(JobLease.name == NAME)) is not None:
            return None
    return _first(database, holder, now)


def _first(database: Database, holder: str, now: datetime) -> int | None:
    try:
        with database.writing() as session:
            session.add(JobLease(name=NAME, holder=holder, fence=1, until=now + LENGTH))
    except IntegrityError:
        return None
    return 1


def release_lease(database: Database, holder: str, now: datetime) -> None:
    """Give the lease back at a clean stop, so that the next process need not wait."""
    with database.writing() as session:
        session.execute(update(JobLease).where(JobLease.name == NAME, JobLease.holder == holder).values(until=now))
