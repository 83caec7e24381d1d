"""Entries a second into a mirror over HTTP, verified, beside bare inserts of the same lines into SQLite."""

from __future__ import annotations

import sqlite3
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from werkzeug.serving import make_server

from creditsvc.access.permissions import StaffRole
from creditsvc.app import create_app
from creditsvc.wallclock import SystemClock
from sync.apply import apply_released
from sync.demo.cli import main as demo
from sync.heads import prepare_feed
from sync.intake import receive_file, release
from sync.mirror.cli import main as mirror
from sync.publish import sequence_all
from tests.benchmarks.figures import report, staff, timed
from tests.support.apps import Templates, world
from wsgi import features

ROWS = 10_000
PUBLIC = ("--stream", "public", "--once", "--quiet")
pytestmark = pytest.mark.benchmark


def test_mirror_beside_bare_inserts(templates: Templates, tmp_path: Path, free_port: int) -> None:
    with world("sqlite", templates, tmp_path, host=f"127.0.0.1:{free_port}") as services:
        now = SystemClock().now()
        services.clock.set(now)  # type: ignore[attr-defined]
        prepare_feed(services, now)
        file = tmp_path / "list.csv"
        demo(["--rows", str(ROWS), "--out", str(file)])
        with file.open("rb") as opened:
            batch, _ = receive_file(services, opened, filename="list.csv", caller=staff(StaffRole.CLERK, "a"), now=now)
        with services.database.writing() as session:
            release(session, batch.id, shown_digest=batch.digest or "", caller=staff(StaffRole.JUDGE, "b"), now=now)
        count = apply_released(services, now)
        with timed() as numbering:
            sequence_all(services, now + timedelta(seconds=1))
        server = make_server("127.0.0.1", free_port, create_app(services, features()), threaded=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            with timed() as syncing:
                assert mirror([f"http://127.0.0.1:{free_port}", *PUBLIC, "--dir", str(tmp_path / "copy")]) == 0
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
    lines = _lines(tmp_path / "copy")
    bare = _bare(tmp_path / "bare.db", lines)
    report("events numbered, three streams, beside bare inserts", count, numbering.seconds, bare)
    report("entries into a mirror, verified", len(lines), syncing.seconds, bare)


def _lines(folder: Path) -> list[tuple[str, bytes]]:
    copy = sqlite3.connect(folder / "copy.sqlite")
    rows = copy.execute("SELECT entry, line FROM entries").fetchall()
    copy.close()
    return rows


def _bare(path: Path, lines: list[tuple[str, bytes]]) -> float:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.executescript(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE entry (entry TEXT PRIMARY KEY, line BLOB);"
    )
    with timed() as bare:
        connection.execute("BEGIN")
        connection.executemany("INSERT INTO entry VALUES (?, ?)", lines)
        connection.execute("COMMIT")
    connection.close()
    return bare.seconds
