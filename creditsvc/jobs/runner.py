"""Runs the features' jobs. The only place that knows APScheduler.

Jobs stand in code and in memory, never in a table: a stored job is pickled, and who can write the table could run
code. Each job computes from tables what is due, so a missed tick costs nothing; a tick that another process has
already worked is skipped by the ledger's unique due time.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import structlog
from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy import delete, update
from sqlalchemy.exc import IntegrityError

from creditsvc.feature import Feature, Job, furnished
from creditsvc.jobs.lease import LENGTH, release_lease, take_lease
from creditsvc.jobs.tables import JobRun
from creditsvc.services import Services

LEDGER_FROM_SECONDS = 60
"""Jobs that run more often than this are journaled only when they did something or failed."""
KEEP = timedelta(days=90)
ASK_AGAIN = timedelta(seconds=1)
"""How often a process without the lease asks for it."""
LOOK, REST = 0.1, 2.0
"""Seconds between two looks of a prompt job, and after one that failed."""
log = structlog.get_logger("jobs")


def jobs_of(features: Sequence[Feature]) -> list[Job]:
    """Every job of every feature, by name."""
    return sorted((job for feature in features for job in feature.jobs), key=lambda job: job.name)


def due_at(job: Job, now: datetime) -> datetime:
    """The latest aligned instant at which the job was due: the same in every process."""
    second = int(now.timestamp())
    return datetime.fromtimestamp(second - second % job.every_seconds, UTC)


class Runner:
    """One process's share of the jobs."""

    def __init__(self, services: Services, features: Sequence[Feature]) -> None:
        self.services = furnished(services, features)
        self.jobs = jobs_of(features)
        self.holder = f"{socket.gethostname()[:40]}:{os.getpid()}"
        self.fence: int | None = None
        self._renewed: datetime | None = None
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._prompt: list[threading.Thread] = []

    def holds_lease(self, now: datetime) -> bool:
        """Whether this process may run jobs now; renews at a third of the lease."""
        with self._lock:
            again = ASK_AGAIN if self.fence is None else LENGTH / 3
            if self._renewed is None or now - self._renewed > again:
                self.fence = take_lease(self.services.database, self.holder, now)
                self._renewed = now
            return self.fence is not None

    def tick(self, job: Job) -> str | None:
        """Run a job if this process may and nobody has run this tick; the outcome, or none."""
        return self._tick(job)[0]

    def _tick(self, job: Job) -> tuple[str | None, bool]:
        """The outcome, and whether it failed."""
        now = self.services.clock.now()
        if not self.holds_lease(now):
            return None, False
        long = job.every_seconds >= LEDGER_FROM_SECONDS
        run = self._begin(job, now) if long else None
        if long and run is None:
            return None, False
        try:
            outcome, failed = job.run(self.services, now), False
        except Exception as error:  # noqa: BLE001 - one job's failure must not stop the others; it is logged and kept
            outcome, failed = type(error).__name__, True
            log.error("job-failed", job=job.name, error=type(error).__name__)
        if run is not None:
            self._end(run, outcome, failed=failed)
        elif outcome and not failed:
            log.info("job", job=job.name, outcome=outcome)
        return outcome, failed

    def _begin(self, job: Job, now: datetime) -> int | None:
        try:
            with self.services.database.writing() as session:
                row = JobRun(job=job.name, due_at=due_at(job, now), fence=self.fence or 0, started_at=now)
                session.add(row)
                session.flush()
                return row.id
        except IntegrityError:
            return None

    def _end(self, run: int, outcome: str, *, failed: bool) -> None:
        now = self.services.clock.now()
        with self.services.database.writing() as session:
            session.execute(
                update(JobRun).where(JobRun.id == run).values(ended_at=now, outcome=outcome[:500], failed=failed)
            )
            session.execute(delete(JobRun).where(JobRun.due_at < now - KEEP))

    def start(self) -> BackgroundScheduler:
        """A running scheduler with every job; the caller shuts it down."""
        scheduler = BackgroundScheduler(
            timezone=UTC, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )
        for job in self.jobs:
            if job.prompt:
                self._prompt.append(threading.Thread(target=self._look, args=[job], name=job.name, daemon=True))
                continue
            scheduler.add_job(self.tick, "interval", seconds=job.every_seconds, args=[job], id=job.name,
                              next_run_time=self.services.clock.now())  # fmt: skip
        # a tick that finds the last one still running is nothing to tell of: they coalesce
        logging.getLogger("apscheduler").setLevel(logging.ERROR)
        scheduler.start()
        for thread in self._prompt:
            thread.start()
        return scheduler

    def _look(self, job: Job) -> None:
        """Look for work of a prompt job until it is over: a run that took long is followed by the next look at once."""
        pause = 0.0
        while not self._over.wait(pause):
            try:
                failed = self._tick(job)[1]
            except Exception as error:  # noqa: BLE001 - the lease could not be read: the thread must outlive the database
                failed = True
                log.error("job-failed", job=job.name, error=type(error).__name__)
            pause = REST if failed else LOOK

    def stop(self, scheduler: BackgroundScheduler) -> None:
        """Let running jobs finish, then give the lease back."""
        self._over.set()
        scheduler.shutdown(wait=True)
        for thread in self._prompt:
            thread.join()
        release_lease(self.services.database, self.holder, self.services.clock.now())
