"""``creditsvc jobs``: what recurs, what it did last, and running one by hand."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from sqlalchemy import func, select

from creditsvc.feature import Feature, Job, furnished
from creditsvc.jobs.runner import Runner, jobs_of
from creditsvc.jobs.stopping import Stopping
from creditsvc.jobs.tables import JobRun
from creditsvc.kernel.errors import NotFound
from creditsvc.kernel.text import Bilingual
from creditsvc.services import Services, open_services
from creditsvc.settings import Settings


def main(argv: Sequence[str], features: Sequence[Feature]) -> int:
    """``list``, ``run NAME`` or ``work`` (run all of them in this process until a signal comes)."""
    parser = argparse.ArgumentParser(prog="creditsvc jobs")
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("list", help="列出任务及上次结果 / list jobs and their last outcome")
    actions.add_parser("work", help="在本进程持续运行 / run them all in this process")
    actions.add_parser("run", help="立即运行一次 / run one now").add_argument("name")
    options = parser.parse_args(argv)
    services = open_services(Settings.from_environ(os.environ))
    try:
        if options.action == "list":
            return _list(services, jobs_of(features))
        if options.action == "run":
            return _run(furnished(services, features), _named(jobs_of(features), options.name))
        return _work(services, features)
    finally:
        services.dispose()


def _named(jobs: Sequence[Job], name: str) -> Job:
    for job in jobs:
        if job.name == name:
            return job
    known = ", ".join(job.name for job in jobs)
    raise NotFound(
        Bilingual(f"没有任务 {name}；现有：{known}", f"no job {name}; there are: {known}"), code="job-unknown"
    )


def _list(services: Services, jobs: Sequence[Job]) -> int:
    with services.database.reading() as session:
        newest = select(func.max(JobRun.id)).group_by(JobRun.job)
        last = {run.job: run for run in session.scalars(select(JobRun).where(JobRun.id.in_(newest)))}
    for job in jobs:
        run = last.get(job.name)
        when = (
            f"{run.started_at:%Y-%m-%dT%H:%M:%SZ} {'FAILED ' if run.failed else ''}{run.outcome or ''}" if run else "-"
        )
        sys.stdout.write(f"{job.name}\t{job.every_seconds}s\t{job.purpose.zh} / {job.purpose.en}\t{when}\n")
    return 0


def _run(services: Services, job: Job) -> int:
    sys.stdout.write((job.run(services, services.clock.now()) or "无事可做 / nothing was due") + "\n")
    return 0


def _work(services: Services, features: Sequence[Feature]) -> int:
    stopping = Stopping()
    runner = Runner(services, features)
    scheduler = runner.start()
    while not stopping.look():
        continue
    runner.stop(scheduler)
    return 0
