"""Rows a second into a PostgreSQL front-end database, beside a cursor read and COPY of the same rows without mapping;
and how long a removal takes to be seen there while a large list goes out.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from sync.platform.channels.open import forget_engines
from sync.platform.send import Sender
from tests.benchmarks.figures import peak_mib, report, timed
from tests.benchmarks.platform_world import fill
from tests.platform.world import database_world
from tests.support.apps import Templates, world

ROWS = int(os.environ.get("PLATFORM_ROWS", "200000"))
ROUNDS = 2
PROFILE = "by_subject_tables"
pytestmark = pytest.mark.benchmark


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
                sent = Sender(services, made.link.id, "bench").run()
            assert sent.rows == ROWS and not sent.trouble
            best = min(best, taken.seconds)
            with _front(templates, f"plain_bench_{each}") as other:
                engine = create_engine(other)
                made.end.metadata.create_all(engine)  # type: ignore[union-attr]
                engine.dispose()
                baseline = min(baseline, _plain_copy(url, other, "zrrsxbzxr"))
        made.close()
    report("platform, PostgreSQL front-end database", ROWS, best, baseline)
    sys.stdout.write(f"\nFIGURE platform: {ROWS} rows, peak {peak_mib():.0f} MiB\n")
