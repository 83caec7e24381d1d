"""Who writes next where there is one writer: an act of a person before bulk work, among all processes on one machine.

SQLite has no queue: who finds the database taken asks again after ever longer pauses, so bulk work that writes without a
break keeps everybody else out. Here whoever waits says so by a shared lock on a file beside the database, asks again every
millisecond, and bulk work does not begin while that lock is held. The lock is the kernel's: it goes with its process.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

AGAIN = 0.001
"""Seconds after which a writer that found the database taken asks again."""
LIMIT = 30.0
"""Seconds until a writer gives up."""
PATIENCE = 2.0
"""Seconds that bulk work stands back at most, so that it comes to an end however busy the house is."""


class Turns:
    """The order of writers of one SQLite file. ``None`` for a database that lives in one process's memory."""

    def __init__(self, database: Path | None) -> None:
        self._path = None if database is None else database.with_name(f"{database.name}.waiting")

    def take(self, begin: Callable[[], object]) -> bool:
        """Begin a person's transaction as soon as the one that is running has ended; false after 30 seconds in vain.

        Raises what ``begin`` raises for any other reason.
        """
        if _begun(begin):
            return True
        waiting = self._open()
        try:
            if waiting is not None:
                fcntl.flock(waiting, fcntl.LOCK_SH)
                os.utime(waiting)
            return _keep_asking(begin, lambda: True)
        finally:
            if waiting is not None:
                os.close(waiting)

    def take_last(self, begin: Callable[[], object]) -> bool:
        """Begin a transaction of bulk work while nobody else waits, or after two seconds all the same; as ``take``."""
        patient = time.monotonic() + PATIENCE
        return _keep_asking(begin, lambda: time.monotonic() > patient or not self.somebody_waits())

    def somebody_waits(self) -> bool:
        """Whether a person's act waits for its turn."""
        if self._path is None or not self._path.exists():
            return False
        waiting = os.open(self._path, os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.flock(waiting, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
        finally:
            os.close(waiting)
        return False

    def last_wait(self) -> int:
        """A number that changes whenever somebody had to wait."""
        try:
            return self._path.stat().st_mtime_ns if self._path is not None else 0
        except FileNotFoundError:
            return 0

    def _open(self) -> int | None:
        return None if self._path is None else os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _begun(begin: Callable[[], object]) -> bool:
    try:
        begin()
    except sqlite3.OperationalError as wrong:
        if wrong.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise
        return False
    return True


def _keep_asking(begin: Callable[[], object], may: Callable[[], bool]) -> bool:
    until = time.monotonic() + LIMIT
    while time.monotonic() < until:
        if may() and _begun(begin):
            return True
        time.sleep(AGAIN)
    return False
