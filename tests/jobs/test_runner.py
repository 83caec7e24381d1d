"""One process runs the jobs; a tick is worked once; a failure is kept and stops nobody else."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from creditsvc.feature import Feature, Job
from creditsvc.jobs.lease import LENGTH, release_lease, take_lease
from creditsvc.jobs.runner import Runner
from creditsvc.jobs.tables import JobRun
from creditsvc.kernel.text import Bilingual
from creditsvc.services import Services
from creditsvc.wallclock import FixedClock

PURPOSE = Bilingual("试验", "a trial")


def test_the_lease_has_one_holder_and_its_number_rises(services: Services) -> None:
    now = services.clock.now()
    assert take_lease(services.database, "one", now) == 1
    assert take_lease(services.database, "two", now) is None
    assert take_lease(services.database, "one", now) == 1
    later = now + LENGTH + timedelta(seconds=1)
    assert take_lease(services.database, "two", later) == 2
    assert take_lease(services.database, "one", later) is None


def test_a_lease_that_is_given_back_is_free_at_once(services: Services) -> None:
    now = services.clock.now()
    take_lease(services.database, "one", now)
    release_lease(services.database, "one", now)
    assert take_lease(services.database, "two", now + timedelta(milliseconds=1)) == 2


def _runner(services: Services, jobs: list[Job], holder: str = "one") -> Runner:
    runner = Runner(services, [Feature("trial", jobs=jobs)])
    runner.holder = holder
    return runner


def _job(name: str, ran: list[str], *, fails: bool = False) -> Job:
    def run(_services: Services, _now: datetime) -> str:
        if fails:
            raise RuntimeError("told to fail")
        ran.append(name)
        return f"{name} done"

    return Job(name, run, 60, PURPOSE)


def test_a_tick_is_worked_once(services: Services) -> None:
    ran: list[str] = []
    job = _job("count", ran)
    first, again = _runner(services, [job]), _runner(services, [job])
    assert first.tick(job) == "count done"
    assert again.tick(job) is None
    assert isinstance(services.clock, FixedClock)
    services.clock.set(services.clock.now() + timedelta(seconds=60))
    assert again.tick(job) == "count done"
    assert ran == ["count", "count"]


def test_a_second_process_waits(services: Services) -> None:
    ran: list[str] = []
    job = _job("count", ran)
    assert _runner(services, [job], "one").tick(job) == "count done"
    assert isinstance(services.clock, FixedClock)
    services.clock.set(services.clock.now() + timedelta(seconds=20))
    assert _runner(services, [job], "two").tick(job) is None
    assert ran == ["count"]


def test_a_failure_is_kept_by_its_kind_alone(services: Services) -> None:
    job = _job("bad", [], fails=True)
    _runner(services, [job]).tick(job)
    with services.database.reading() as session:
        run = session.scalars(select(JobRun)).one()
    assert (run.failed, run.outcome) == (True, "RuntimeError")


def test_a_prompt_job_is_not_kept_waiting_by_the_clock(services: Services) -> None:
    """It runs again and again although the clock stands still, and a failure stops neither it nor its thread."""
    looks, enough = [], threading.Event()

    def run(_services: Services, _now: datetime) -> str:
        looks.append(threading.current_thread().name)
        if len(looks) == 3:
            enough.set()
        return ""

    runner = _runner(services, [Job("look", run, 1, PURPOSE, prompt=True)])
    scheduler = runner.start()
    try:
        assert enough.wait(30)
        assert scheduler.get_jobs() == []
    finally:
        runner.stop(scheduler)
    assert set(looks) == {"look"}
    assert not any(thread.name == "look" for thread in threading.enumerate())


def test_a_prompt_job_outlives_its_failures(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("creditsvc.jobs.runner.REST", 0.01)
    looks, enough = [], threading.Event()

    def run(_services: Services, _now: datetime) -> str:
        looks.append(1)
        if len(looks) > 1:
            enough.set()
        raise RuntimeError("told to fail")

    runner = _runner(services, [Job("look", run, 1, PURPOSE, prompt=True)])
    scheduler = runner.start()
    try:
        assert enough.wait(30)
    finally:
        runner.stop(scheduler)
