"""Statements by libpq alone: the same values and rows as by a cursor, errors of the driver, a lost connection replaced."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from creditsvc.services import Services
from creditsvc.storage import plain
from creditsvc.storage.direct import byte_list, instant

pytestmark = [pytest.mark.postgres, pytest.mark.parametrize("services", ["postgres"], indirect=True)]
_TEXT = some.text(some.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
_AT = datetime(2026, 3, 2, 1, 2, 3, 456789, UTC)


@given(
    _TEXT, some.binary(max_size=20), some.integers(-(2**63), 2**63 - 1), some.floats(allow_nan=False), some.booleans()
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_values_come_back_as_they_went(
    services: Services, word: str, raw: bytes, whole: int, broken: float, yes: bool
) -> None:
    asked = "SELECT %s::text, %s::bytea, %s::bigint, %s::double precision, %s::boolean, %s::text, %s::bytea[] = ARRAY[%s::bytea, '']"
    with services.database.direct() as driver:
        given_back = driver.execute(asked, (word, raw, whole, broken, yes, None, byte_list([raw, b""]), raw)).fetchall()
    assert given_back == [(word, raw, whole, broken, yes, None, True)]


def test_rows_one_by_one_and_all(services: Services) -> None:
    with services.database.direct() as driver:
        rows = driver.execute("SELECT n, NULL FROM generate_series(1, %s::int) n ORDER BY n", (3,))
        assert (rows.fetchone(), rows.fetchall(), rows.fetchone()) == ((1, None), [(2, None), (3, None)], None)
        assert driver.execute("SELECT %s::timestamptz = '2026-03-02T01:02:03.456789Z'", (_AT,)).fetchone() == (True,)


@pytest.mark.parametrize("values", [("a\0b",), ("x",)])
def test_what_is_wrong_is_an_error_of_the_driver_and_harms_nobody_after(
    services: Services, values: tuple[Any, ...]
) -> None:
    database = services.database
    with pytest.raises(OperationalError), database.direct() as driver:
        driver.execute("SELECT %s::bigint", values)
    with database.direct() as driver:
        assert driver.execute("SELECT %s::bigint", (5,)).fetchone() == (5,)


def test_a_connection_that_was_cut_is_replaced(services: Services) -> None:
    database = services.database
    with database.direct() as driver:
        (reader,) = driver.execute("SELECT pg_backend_pid()").fetchone()
    put = "INSERT INTO rate_bucket (key, level, at) VALUES (%s, 1, %s)"

    def work(written: Any) -> int:
        written.driver.execute(put, (f"k{written.driver.execute('SELECT pg_backend_pid()').fetchone()[0]}", _AT))
        return int(written.driver.execute("SELECT pg_backend_pid()").fetchone()[0])

    writer = database.together.run(work)
    with database.writing() as session:
        for pid in (reader, writer):
            session.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
    with pytest.raises(OperationalError), database.direct() as driver:
        driver.execute("SELECT pg_backend_pid()")
    with database.direct() as driver:
        assert driver.execute("SELECT pg_backend_pid()").fetchone() != (reader,)
    assert database.together.run(work) != writer, "tried again on another connection"
    with database.reading() as session:
        assert session.scalar(text("SELECT count(*) FROM rate_bucket")) == 2


def test_a_thread_finds_what_another_one_prepared(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain, "MOST_KEPT", 2)
    found: list[Any] = []

    def ask() -> None:
        with services.database.direct() as driver:
            found.extend(driver.execute(f"SELECT {number} + %s", (1,)).fetchone()[0] for number in range(4))

    for _ in range(3):
        thread = threading.Thread(target=ask)
        thread.start()
        thread.join()
    assert found == [1, 2, 3, 4] * 3


def test_a_reading_connection_cant_write(services: Services) -> None:
    at = instant(_AT, is_sqlite=False)
    with pytest.raises(OperationalError), services.database.direct() as driver:
        driver.execute("INSERT INTO rate_bucket (key, level, at) VALUES ('k', 1, %s)", (at,))


def test_a_plan_made_on_a_small_table_is_good_for_a_large_one(services: Services) -> None:
    """What is prepared while a table fits on one page is kept; it must not read the whole table ever after."""
    with services.database.writing() as session:
        session.execute(text("INSERT INTO rate_bucket (key, level, at) VALUES ('one', 1, now()), ('two', 1, now())"))
        session.execute(text("ANALYZE rate_bucket"))
    with services.database.direct() as driver:
        plan = driver.execute("EXPLAIN (COSTS OFF) SELECT level FROM rate_bucket WHERE key = %s", ("one",)).fetchall()
    assert any("Index" in line for (line,) in plan), plan
