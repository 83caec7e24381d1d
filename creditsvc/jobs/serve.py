"""``creditsvc serve``: the web server and the jobs, with one command; Ctrl-C stops both."""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
from collections.abc import Sequence

from creditsvc.feature import Feature
from creditsvc.jobs.runner import Runner
from creditsvc.jobs.stopping import Stopping
from creditsvc.services import open_services
from creditsvc.settings import Settings
from creditsvc.storage.calendars import refuse_without_calendar
from creditsvc.storage.migrate import refuse_if_behind

STOP_SECONDS = 15


def web_command(settings: Settings) -> list[str]:
    """The command line of the web server's process."""
    host, _, port = settings.bind.rpartition(":")
    return [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", host, "--port", port,
            "--workers", str(settings.web_workers), "--blocking-threads", str(settings.web_threads),
            "--backpressure", str(settings.web_connections), "--no-ws", "--respawn-failed-workers",
            "--log-level", "warning", "wsgi:application"]  # fmt: skip


def main(argv: Sequence[str], features: Sequence[Feature]) -> int:
    """Serve until a signal comes; 1 if the web server ends by itself."""
    parser = argparse.ArgumentParser(
        prog="creditsvc serve", description="启动网页、任务与数据流 / start web, jobs and feed"
    )
    parser.add_argument("--no-jobs", action="store_true", help="只启动网页 / web only; jobs run elsewhere")
    options = parser.parse_args(argv)
    settings = Settings.from_environ(os.environ)
    services = open_services(settings)
    refuse_if_behind(services.database, services.keys)
    refuse_without_calendar(services.database, services.clock.now())
    _allow_files(settings)
    stopping = Stopping()
    runner = Runner(services, features)
    scheduler = None if options.no_jobs else runner.start()
    web = subprocess.Popen(web_command(settings))  # noqa: S603 - our own command line, no shell
    try:
        while not stopping.look():
            if web.poll() is not None:
                sys.stderr.write("网页服务意外结束 / the web server ended by itself\n")
                return 1
        return 0
    finally:
        _end(web)
        if scheduler is not None:
            runner.stop(scheduler)
        services.dispose()


def _allow_files(settings: Settings) -> None:
    """Let the processes that we start have a file for every connection, as far as the machine allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = settings.web_connections * 2 + 512
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))


def _end(web: subprocess.Popen[bytes]) -> None:
    if web.poll() is None:
        web.terminate()
        try:
            web.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            web.kill()
            web.wait()
