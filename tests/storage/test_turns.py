"""Where there is one writer, a person's act goes before bulk work, and bulk work comes to an end all the same."""

from __future__ import annotations

import sqlite3
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from creditsvc.services import Services
from creditsvc.storage import turns as rules
from creditsvc.storage.turns import Turns


def _busy() -> None:
    raise _error(sqlite3.SQLITE_BUSY)


def _error(code: int) -> sqlite3.OperationalError:
    made = sqlite3.OperationalError("database is locked")
    made.sqlite_errorcode = code
    return made


def test_bulk_work_stands_back_while_somebody_waits(sqlite_services: Services) -> None:
    """A list writes without a break; a person's act gets in between two of its transactions, not after the last one."""
    database, order = sqlite_services.database, list[str]()
    stop = threading.Event()

    def bulk() -> None:
        while not stop.is_set():
            with database.writing(bulk=True) as session:
                session.execute(text("UPDATE batch SET rows = rows"))
                order.append("bulk")
                stop.wait(0.005)

    worker = threading.Thread(target=bulk)
    worker.start()
    try:
        for done in range(10):
            while len(order) <= done:
                stop.wait(0.001)
            before = len(order)
            with database.writing() as session:
                session.execute(text("UPDATE batch SET rows = rows"))
            assert len(order) - before <= 2, "it let the running transaction end, and no other begin"
    finally:
        stop.set()
        worker.join()


def test_the_list_shows_that_somebody_had_to_wait(sqlite_services: Services) -> None:
    database = sqlite_services.database
    before = database.turns.last_wait()
    with database.writing() as session:
        session.execute(text("UPDATE batch SET rows = rows"))
    assert database.turns.last_wait() == before, "nobody was in the way"
    holds, release = threading.Event(), threading.Event()

    def hold() -> None:
        with database.writing(bulk=True) as session:
            session.execute(text("UPDATE batch SET rows = rows"))
            holds.set()
            release.wait(10)

    worker = threading.Thread(target=hold)
    worker.start()
    assert holds.wait(10)
    threading.Timer(0.05, release.set).start()
    with database.writing() as session:
        session.execute(text("UPDATE batch SET rows = rows"))
    worker.join()
    assert database.turns.last_wait() != before


def test_bulk_work_is_not_put_off_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "PATIENCE", 0.05)
    turns, begun, ended = Turns(tmp_path / "register.db"), threading.Event(), threading.Event()

    def wait() -> None:
        def begin() -> None:
            begun.set()
            if not ended.is_set():
                _busy()

        turns.take(begin)

    waiting = threading.Thread(target=wait)
    waiting.start()
    assert begun.wait(10)
    while not turns.somebody_waits():
        time.sleep(0.001)
    assert turns.take_last(lambda: None), "after its patience it takes its turn all the same"
    ended.set()
    waiting.join()
    assert not turns.somebody_waits()


@pytest.mark.parametrize("bulk", [False, True])
def test_a_database_that_stays_taken_is_an_error(
    sqlite_services: Services, monkeypatch: pytest.MonkeyPatch, bulk: bool
) -> None:
    monkeypatch.setattr(rules, "LIMIT", 0.05)
    monkeypatch.setattr("creditsvc.storage.engine._BUSY", "PRAGMA busy_timeout=10")
    database = sqlite_services.database
    with database.writing() as session:
        session.execute(text("UPDATE batch SET rows = rows"))
        with pytest.raises(OperationalError, match="locked"), database.writing(bulk=bulk) as other:
            other.execute(text("UPDATE batch SET rows = rows"))


def test_any_other_error_is_told_at_once(tmp_path: Path) -> None:
    def broken() -> None:
        raise _error(sqlite3.SQLITE_READONLY)

    turns = Turns(tmp_path / "register.db")
    for take in (turns.take, turns.take_last):
        with pytest.raises(sqlite3.OperationalError):
            take(broken)
    assert not turns.somebody_waits()
