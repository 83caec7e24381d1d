"""A thread of its own moves SQLite's log into its file, so that no writer in a hurry has to."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from creditsvc.services import Services
from creditsvc.storage import checkpoints
from creditsvc.storage.checkpoints import Checkpoints
from creditsvc.storage.direct import instant
from creditsvc.storage.engine import Database


def _write(services: Services, database: Database, key: str) -> None:
    with database.driving() as (driver, is_sqlite):
        at = instant(services.clock.now(), is_sqlite=is_sqlite)
        driver.execute("INSERT INTO rate_bucket (key, level, at) VALUES (?, 1, ?)", (key, at))


def _eventually(holds: Callable[[], bool]) -> bool:
    for _ in range(500):
        if holds():
            return True
        time.sleep(0.02)
    return False


def test_the_log_is_moved_without_a_writer(sqlite_services: Services, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(checkpoints, "PAUSE", 0.01)
    services = sqlite_services
    _write(services, services.database, "k" * 100)
    name = services.database.url.database
    assert name is not None
    with open(name, "rb") as file:

        def moved() -> bool:
            file.seek(0)
            return b"k" * 100 in file.read()

        assert _eventually(moved)


def test_ends_when_it_is_stopped_right_between_looking_and_clearing(tmp_path: Path) -> None:
    stopped = Checkpoints(str(tmp_path / "log.db"))

    class Late(threading.Event):
        """Whoever stops does so in the one moment in which nobody looked."""

        def clear(self) -> None:
            stopped._over.set()
            self.set()
            super().clear()

    stopped._written = Late()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checkpoints, "PAUSE", 0.01)
        stopped.written()
        assert stopped._thread is not None
        stopped._thread.join(5)
        assert not stopped._thread.is_alive()


def test_closed_and_used_again(sqlite_services: Services) -> None:
    services = sqlite_services
    _write(services, services.database, "before")
    services.database.dispose()
    _write(services, services.database, "after")
    assert not [thread for thread in threading.enumerate() if thread.name == "checkpoints" and not thread.daemon]
