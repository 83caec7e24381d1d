"""The race: many writers, rollbacks, readers at different cursors, and the database killed again and again.

On PostgreSQL the server is killed under its clients; on SQLite, which has none, the process that writes and numbers is.
What is asked of every reader: exactly what was committed, each once, without a gap. The obvious reader, which follows
the ids of rows, is put through the same and fails; how ids run ahead of commits on each database is told in the worker.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import pytest
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from creditsvc.services import Services
from creditsvc.storage.outbox import Outbox
from sync.publish import sequence_all
from sync.tables_feed import FeedStream, StreamEvent
from tests.conftest import missing_tool
from tests.support.apps import Templates, world
from tests.support.feed_world import Register
from tests.support.postgres import DURABLE, NoPostgres, PostgresServer

ROOT = Path(__file__).parents[2]
STREAM = "public"
WRITERS = 16
LEAST, ENTRY_LINE = 30, 29
"""Entries that are acknowledged between two kills at the least; bytes of one in the log of acknowledgements."""
PATIENCE = 60.0


class Reader(Protocol):
    """Somebody who follows a cursor; ``seen`` is what it was given, in order."""

    seen: list[tuple[int, str]]

    def pull(self, services: Services) -> None:
        """Take what is new."""
        ...


class Follower:
    """A subscriber: it follows the stream's own numbers, from ``after`` on."""

    def __init__(self, after: int = 0) -> None:
        self.after, self.seen = after, list[tuple[int, str]]()

    def pull(self, services: Services) -> None:
        """As ``GET events`` does."""
        after = self.seen[-1][0] if self.seen else self.after
        with services.database.reading() as session:
            size = session.scalars(select(FeedStream.size).where(FeedStream.stream == STREAM)).one()
            query = select(StreamEvent.sequence, StreamEvent.entry).where(
                StreamEvent.stream == STREAM, StreamEvent.sequence > after, StreamEvent.sequence <= size
            )
            self.seen += [
                (sequence, entry) for sequence, entry in session.execute(query.order_by(StreamEvent.sequence))
            ]


class Naive:
    """The obvious reader, wrong on purpose: it follows the outbox's own ids."""

    def __init__(self) -> None:
        self.seen = list[tuple[int, str]]()

    def pull(self, services: Services) -> None:
        """Rows behind the last id that it saw."""
        with services.database.reading() as session:
            query = select(Outbox.id, Outbox.entry).where(Outbox.id > (self.seen[-1][0] if self.seen else 0))
            self.seen += [(number, entry) for number, entry in session.execute(query.order_by(Outbox.id))]


@contextmanager
def _servers(kind: str, templates: Templates, home: Path) -> Iterator[tuple[Services, Callable[[], None] | None]]:
    """Services, and how to kill their database's server and start it again; none where there is no server."""
    if kind == "sqlite":
        with world("sqlite", templates, home) as services:
            yield services, None
        return
    own = Templates(home)
    try:
        own.start_postgres(PostgresServer(DURABLE))
    except NoPostgres as reason:
        missing_tool(f"PostgreSQL ({reason})")
    server = own.postgres()
    try:
        with world("postgres", own, home) as services:
            yield services, lambda: (server.stop("immediate"), server.start())[-1]
    finally:
        own.close()


def race(
    services: Services,
    home: Path,
    readers: list[Reader],
    *,
    kills: int,
    between: float,
    kill: Callable[[], None] | None,
) -> set[str]:
    """Run it; the entries that were acknowledged. Every reader has pulled to the end when it returns."""
    Register(services)
    worker, seed = _worker(services, home, 1), 1
    for _ in range(kills):
        _follow(services, home, readers, between)
        if kill is not None:
            kill()
        else:
            os.kill(worker.pid, signal.SIGKILL)
            worker.wait()
            seed += 1
            worker = _worker(services, home, seed)
    _follow(services, home, readers, between)
    (home / "stop").touch()
    assert worker.wait(60) == 0
    sequence_all(services, services.clock.now())
    for reader in readers:
        reader.pull(services)
    return set((home / "acknowledged").read_text().split())


def _worker(services: Services, home: Path, seed: int) -> subprocess.Popen[bytes]:
    """A process that works; it has committed something when this returns."""
    address, log = services.settings, home / "acknowledged"
    before = log.stat().st_size if log.exists() else 0
    worker = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "tests.sync.race_worker",
            home,
            address.database,
            address.keys_database,
            str(seed),
            str(WRITERS),
        ],
        cwd=ROOT,
    )
    while not log.exists() or log.stat().st_size == before:
        assert worker.poll() is None, "the worker has ended by itself"
        time.sleep(0.05)
    return worker


def _follow(services: Services, home: Path, readers: list[Reader], seconds: float) -> None:
    """Read for so long, and until something worth the name was written meanwhile: the machine may be busy."""
    log, began = home / "acknowledged", time.monotonic()
    enough = log.stat().st_size + LEAST * ENTRY_LINE
    while (took := time.monotonic() - began) < seconds or (log.stat().st_size < enough and took < PATIENCE):
        _pull(services, readers)


def _pull(services: Services, readers: list[Reader]) -> None:
    for reader in readers:
        try:
            reader.pull(services)
        except SQLAlchemyError:
            time.sleep(0.02)
    time.sleep(0.01)


def judge(services: Services, acknowledged: set[str], reader: Follower) -> tuple[int, int, int]:
    """Missed, doubled, gaps of one reader, by what the register holds after all."""
    with services.database.reading() as session:
        held = set(session.scalars(select(Outbox.entry)))
        numbered = {
            entry: sequence
            for sequence, entry in session.execute(
                select(StreamEvent.sequence, StreamEvent.entry).where(StreamEvent.stream == STREAM)
            )
        }
    assert acknowledged <= held, "an acknowledged commit was lost by the database itself"
    entries = [entry for _, entry in reader.seen]
    wanted = {entry for entry in held if numbered.get(entry, 0) > reader.after}
    missed = len(wanted - set(entries)) + len(held - set(numbered))
    gaps = sum(sequence != place for place, (sequence, _) in enumerate(reader.seen, reader.after + 1))
    return missed, len(entries) - len(set(entries)), gaps


def _run(kind: str, templates: Templates, home: Path, *, kills: int, between: float) -> None:
    followers = [Follower(), Follower(1), Follower(40)]
    naive = Naive()
    with _servers(kind, templates, home) as (services, kill):
        acknowledged = race(services, home, [*followers, naive], kills=kills, between=between, kill=kill)
        judged = [judge(services, acknowledged, follower) for follower in followers]
        with services.database.reading() as session:
            overlooked = len(set(session.scalars(select(Outbox.entry))) - {entry for _, entry in naive.seen})
    missed, doubled, gaps = (sum(figures) for figures in zip(*judged, strict=True))
    sys.stdout.write(f"\nFIGURE feed race {kind}: {len(acknowledged)} acknowledged, {kills} kills, "
                     f"missed {missed} doubled {doubled} gaps {gaps}; "
                     f"the naive cursor overlooked {overlooked}\n")  # fmt: skip
    assert len(acknowledged) > 40
    assert (missed, doubled, gaps) == (0, 0, 0)
    assert overlooked > 0, "the naive cursor should have failed this very test"


KINDS = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_missed_doubled_or_left_out(kind: str, templates: Templates, tmp_path: Path) -> None:
    _run(kind, templates, tmp_path, kills=1, between=1.0)


@pytest.mark.slow
@pytest.mark.kill
@pytest.mark.timeout(900)
@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_missed_over_twenty_kills(kind: str, templates: Templates, tmp_path: Path) -> None:
    _run(kind, templates, tmp_path, kills=20, between=6)
