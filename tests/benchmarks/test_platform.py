"""Rows a second into a PostgreSQL front-end database, beside a cursor read and COPY of the same rows without mapping;
and how long a removal takes to be seen there while a large list goes out.
"""

from __future__ import annotations

import os
import resource
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text, update
from sqlalchemy.engine import make_url

from creditsvc.register.tables import Listing
from creditsvc.services import Services
from creditsvc.storage.outbox import FactType, put
from sync.platform.channels.open import forget_engines
from sync.platform.exchange import send_urgent
from sync.platform.send import Sender
from sync.publish import sequence_all
from tests.benchmarks.figures import forget_peak, peak_mib, report, timed
from tests.benchmarks.platform_world import fill
from tests.platform.world import World, database_world
from tests.support.apps import Templates, world

ROWS = max(20_000, int(os.environ.get("PLATFORM_ROWS", "200000")))
"""At least two batches: what is measured is one beside the other."""
ROUNDS = 2
PATIENCE = 60
"""Seconds after the list is out in which the last ends must be seen."""
PROFILE = "by_subject_tables"
pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(7200)]


@contextmanager
def _front(templates: Templates, name: str) -> Iterator[str]:
    url = templates.postgres().url(name)
    templates.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    templates.execute(f"CREATE DATABASE {name}")
    try:
        yield url
    finally:
        forget_engines()
        templates.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def _plain_copy(source: str, target: str, table: str) -> float:
    """Seconds for a server-side cursor over the finished rows and a COPY of them into an empty table, without mapping."""
    import psycopg

    reading, writing = psycopg.connect(_dsn(source)), psycopg.connect(_dsn(target))
    try:
        with timed() as taken:
            with (
                reading.cursor("bench") as cursor,
                writing.cursor() as into,
                into.copy(f"COPY {table} FROM STDIN") as copy,
            ):
                cursor.itersize = 5000
                cursor.execute(f"SELECT * FROM {table}")
                for row in cursor:
                    copy.write_row(row)
            writing.commit()
        return taken.seconds
    finally:
        reading.close()
        writing.close()


def _dsn(url: str) -> str:
    parts = make_url(url)
    return f"host={parts.query['host']} user={parts.username} dbname={parts.database}"


def test_rows_out_beside_a_plain_copy(templates: Templates, tmp_path: Path) -> None:
    with world("postgres", templates, tmp_path) as services, _front(templates, "front_bench") as url:
        fill(services, ROWS)
        made = database_world(services, url, tmp_path, PROFILE)
        best, baseline = float("inf"), float("inf")
        for each in range(ROUNDS):
            with services.database.writing() as session:
                session.execute(
                    text("UPDATE platform_link SET additions_cursor = 0, serial = serial + 1000, additions_at = NULL")
                )
                session.execute(text("DELETE FROM platform_row"))
                session.execute(text("DELETE FROM platform_batch"))
            with made.engine.begin() as connection:  # type: ignore[union-attr]
                connection.execute(text("TRUNCATE zrrsxbzxr, jhpc"))
            with timed() as taken:
                sent = Sender(services, made.link.id, "bench").run(urgent=False)
            assert sent.rows == ROWS and not sent.trouble
            best = min(best, taken.seconds)
            with _front(templates, f"plain_bench_{each}") as other:
                engine = create_engine(other)
                made.end.metadata.create_all(engine)  # type: ignore[union-attr]
                engine.dispose()
                baseline = min(baseline, _plain_copy(url, other, "zrrsxbzxr"))
        made.close()
    report("platform, PostgreSQL front-end database", ROWS, best, baseline)
    sys.stdout.write(
        f"\nFIGURE platform: {ROWS} rows, peak {peak_mib():.0f} MiB, of a helper {_helpers_mib():.0f} MiB\n"
    )


def _helpers_mib() -> float:
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


class _Leaving(threading.Thread):
    """Decides removals while a large list goes out, spread over it, and sees how long each takes to stand over there."""

    def __init__(self, services: Services, entries: list[str], url: str, done: threading.Event, every: float) -> None:
        super().__init__(daemon=True)
        self._services, self._entries, self._url, self._done, self._every = services, entries, url, done, every
        self._since: dict[str, float] = {}
        self.seconds: list[float] = []
        self.kept_in = 0
        """Entries that left before they had gone out, and so never do: there is no end to be seen."""

    @property
    def waiting(self) -> list[str]:
        """Entries that were put up there and whose end is not to be seen yet."""
        return list(self._since)

    def run(self) -> None:
        """One after another until the list is out; the last ones are waited for, but not for ever."""
        engine, entries, due, until = create_engine(self._url), iter(self._entries), 0.0, float("inf")
        while time.perf_counter() < until and (self._since or not self._done.is_set()):
            if time.perf_counter() >= due and not self._done.is_set():
                if (entry := next(entries, None)) is not None:
                    self._remove(entry)
                due = time.perf_counter() + self._every
            is_out = self._done.is_set()
            self._look(engine)
            if is_out:
                until = min(until, time.perf_counter() + PATIENCE)
                self._forget_what_never_went_out(engine)
            time.sleep(0.02)
        engine.dispose()

    def _remove(self, entry: str) -> None:
        begun = time.perf_counter()
        with self._services.database.writing() as session:
            session.execute(update(Listing).where(Listing.entry == entry).values(revision=2, state="removed"))
            at = self._services.clock.now()
            put(session, entry=entry, kind="listing", revision=2, fact=FactType.REMOVED, at=at, exit=EXIT)
        self._since[entry] = begun

    def _look(self, engine: Engine) -> None:
        with engine.connect() as connection:
            found = text("SELECT jlbs FROM zrrsxbzxr WHERE czlx = 'D' AND jlbs = ANY(:entries)")
            for entry in connection.scalars(found, {"entries": list(self._since)}):
                self.seconds.append(time.perf_counter() - self._since.pop(entry))

    def _forget_what_never_went_out(self, engine: Engine) -> None:
        with engine.connect() as connection:
            found = text("SELECT DISTINCT jlbs FROM zrrsxbzxr WHERE jlbs = ANY(:entries)")
            there = set(connection.scalars(found, {"entries": list(self._since)}))
        for entry in self._since.keys() - there:
            del self._since[entry]
            self.kept_in += 1


class _Job(threading.Thread):
    """One of the jobs that run every second beside the list."""

    def __init__(self, services: Services, work: Callable[[Services, datetime], int], done: threading.Event) -> None:
        super().__init__(daemon=True)
        self._services, self._work, self._done = services, work, done

    def run(self) -> None:
        """Until the list is out and what was decided has left."""
        while not self._done.wait(1):
            self._work(self._services, self._services.clock.now())


EXIT = {"exit": "removed", "ground": "performed", "effect": "stop_use", "effective": "2026-11-24", "due": "2026-11-25",
        "decision": "（2026）豫0105执1号之二", "basis": "法释〔2017〕7号 art. 10(1)(1)"}  # fmt: skip


def test_removals_are_seen_while_a_large_list_goes_out(templates: Templates, tmp_path: Path) -> None:
    with world("postgres", templates, tmp_path) as services, _front(templates, "front_leave") as url:
        entries = fill(services, ROWS)
        made = database_world(services, url, tmp_path, PROFILE)
        with made.engine.begin() as connection:  # type: ignore[union-attr]
            connection.execute(text("CREATE INDEX ON zrrsxbzxr (jlbs) WHERE czlx = 'D'"))
        # some have gone out before: half of those that leave are of these, half of those that are still to go or on their way
        before = Sender(services, made.link.id, "bench").run(most=1, urgent=False).rows
        chosen = [
            entry for pair in zip(entries[:before:40], entries[before :: ROWS // 300], strict=False) for entry in pair
        ]
        with services.database.writing() as session:
            session.execute(text("UPDATE platform_link SET additions_at = NULL"))
        done, gone = threading.Event(), threading.Event()
        leaving = _Leaving(services, chosen, url, done, ROWS / 1_000_000)
        jobs = [_Job(services, work, gone) for work in (sequence_all, send_urgent)]
        for thread in (leaving, *jobs):
            thread.start()
        forget_peak()
        with timed() as taken:
            sent = Sender(services, made.link.id, "bench").run(urgent=False)
        done.set()
        leaving.join(PATIENCE + 30)
        gone.set()
        for job in jobs:
            job.join(60)
        peak = peak_mib()
        baseline = _baseline(made, templates, url)
        made.close()
    report("platform, with removals beside it", sent.rows, taken.seconds, baseline * sent.rows / (before + sent.rows))
    seconds = sorted(leaving.seconds)
    assert seconds and not leaving.waiting
    sys.stdout.write(
        f"\nFIGURE platform: {len(seconds)} removals while {sent.rows} rows went out in {taken.seconds:.1f} s: decision to "
        f"front-end database at most {seconds[-1]:.2f} s, p99 {seconds[int(len(seconds) * 0.99)]:.2f} s, median "
        f"{seconds[len(seconds) // 2]:.2f} s; {leaving.kept_in} more left before they had gone out; peak {peak:.0f} MiB\n"
    )


def _baseline(made: World, templates: Templates, url: str) -> float:
    """Seconds for the rows that stand there now, by cursor and COPY into an empty table."""
    with _front(templates, "plain_bench_after") as other:
        engine = create_engine(other)
        made.end.metadata.create_all(engine)  # type: ignore[union-attr]
        engine.dispose()
        return _plain_copy(url, other, "zrrsxbzxr")
