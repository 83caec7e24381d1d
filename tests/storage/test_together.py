"""One commit for many: nobody returns before it, a refusal harms nobody else, a failure is everyone's own."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from creditsvc.access.tables import RateBucket
from creditsvc.kernel.errors import TooMany
from creditsvc.kernel.text import Bilingual
from creditsvc.services import Services
from creditsvc.storage.direct import Driven, instant
from creditsvc.storage.together import Together

THREADS = 8


def _row(services: Services, key: str):  # type: ignore[no-untyped-def]
    def work(session: Session) -> str:
        session.execute(RateBucket.__table__.insert(), {"key": key, "level": 1.0, "at": services.clock.now()})
        return key

    return work


def _keys(services: Services) -> set[str]:
    with services.database.reading() as session:
        return set(session.scalars(select(RateBucket.key)))


def test_every_row_is_there_before_its_thread_goes_on(services: Services) -> None:
    commits: list[int] = []

    @contextmanager
    def writing():  # type: ignore[no-untyped-def]
        with services.database.writing() as session:
            yield session
        commits.append(1)

    together = Together(writing)

    def one(number: int) -> bool:
        key = together.run(_row(services, f"k{number}"))
        return key in _keys(services)

    with ThreadPoolExecutor(THREADS) as pool:
        assert all(pool.map(one, range(200)))
    assert len(commits) <= 200


def test_those_who_wait_share_one_commit(sqlite_services: Services) -> None:
    services, commits = sqlite_services, []
    first_is_in, go_on = threading.Event(), threading.Event()

    @contextmanager
    def writing():  # type: ignore[no-untyped-def]
        with services.database.writing() as session:
            yield session
        commits.append(1)

    together = Together(writing)

    def slow(session: Session) -> str:
        first_is_in.set()
        assert go_on.wait(20)
        return str(_row(services, "first")(session))

    with ThreadPoolExecutor(THREADS) as pool:
        first = pool.submit(together.run, slow)
        assert first_is_in.wait(20)
        others = [pool.submit(together.run, _row(services, f"k{number}")) for number in range(THREADS - 1)]
        while len(together._waiting) < THREADS - 1:
            pass
        go_on.set()
        assert [each.result() for each in (first, *others)] == [
            "first",
            *(f"k{number}" for number in range(THREADS - 1)),
        ]
    assert len(commits) == 2


def test_a_refusal_and_a_failure_harm_nobody_else(services: Services) -> None:
    together = Together(services.database.writing)
    barrier = threading.Barrier(3)

    def refuse(_: Session) -> None:
        raise TooMany(Bilingual("多", "much"))

    def fail(session: Session) -> None:
        session.execute(text("INSERT INTO rate_bucket (key, level, at) VALUES ('dup', 1, NULL)"))

    def run(work):  # type: ignore[no-untyped-def]
        barrier.wait()
        return together.run(work)

    for turn in range(10):
        with ThreadPoolExecutor(3) as pool:
            good, refused, failed = (pool.submit(run, work) for work in (_row(services, f"g{turn}"), refuse, fail))
            assert good.result() == f"g{turn}"
            with pytest.raises(TooMany):
                refused.result()
            with pytest.raises(IntegrityError):
                failed.result()
    assert _keys(services) == {f"g{turn}" for turn in range(10)}


def test_by_the_driver_alone(services: Services) -> None:
    """A transaction without the toolkit commits and rolls back like one with it."""
    place = "?" if services.database.is_sqlite else "%s"
    insert = f"INSERT INTO rate_bucket (key, level, at) VALUES ('k', 1, {place})"
    at = instant(services.clock.now(), is_sqlite=services.database.is_sqlite)

    def broken() -> None:
        with services.database.driving() as written:
            written.driver.execute(insert, (at,))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        broken()
    assert _keys(services) == set()
    with services.database.driving() as written:
        written.driver.execute(insert, (at,))
    with services.database.reading() as session:
        assert session.scalars(select(RateBucket.at)).all() == [services.clock.now()]
    with pytest.raises(OperationalError), services.database.direct() as driver:
        driver.execute("DELETE FROM rate_bucket")
    with services.database.direct() as driver:
        assert driver.execute("SELECT count(*) FROM rate_bucket").fetchone() == (1,)


def test_what_comes_before_is_done_for_all_and_its_faults_are_their_owners(services: Services) -> None:
    """One reading for those who wait; who is found wrong goes no further; a reading that fails is tried for each alone."""
    together, barrier = Together(services.database.driving), threading.Barrier(4)
    place = "?" if services.database.is_sqlite else "%s"
    insert = f"INSERT INTO rate_bucket (key, level, at) VALUES ({place}, 1, {place})"

    def before(keys: Sequence[str]) -> list[Exception | None]:
        if "broken" in keys:
            raise ZeroDivisionError
        return [TooMany(Bilingual("多", "much")) if key.startswith("wrong") else None for key in keys]

    def enter(written: Driven, keys: Sequence[str]) -> list[str]:
        for key in keys:
            written.driver.execute(insert, (key, instant(services.clock.now(), is_sqlite=written.is_sqlite)))
        return [key.upper() for key in keys]

    def run(key: str) -> str:
        barrier.wait()
        return together.run_alike(enter, key, before=before)

    for turn in range(10):
        with ThreadPoolExecutor(4) as pool:
            one, two, wrong, broken = (
                pool.submit(run, key) for key in (f"a{turn}", f"b{turn}", f"wrong{turn}", "broken")
            )
            assert (one.result(), two.result()) == (f"A{turn}", f"B{turn}")
            with pytest.raises(TooMany):
                wrong.result()
            with pytest.raises(ZeroDivisionError):
                broken.result()
    assert _keys(services) == {f"{letter}{turn}" for letter in "ab" for turn in range(10)}


def test_a_thread_that_is_broken_off_holds_nobody_up(
    sqlite_services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = Together(sqlite_services.database.writing)

    def broken_off() -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(together, "_gather", broken_off)
        with pytest.raises(KeyboardInterrupt):
            together.run(_row(sqlite_services, "never"))
    assert together.run(_row(sqlite_services, "after")) == "after"
    assert _keys(sqlite_services) == {"after"}
