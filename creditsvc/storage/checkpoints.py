"""SQLite's log moved into its file by a thread of its own.

Left alone, the writer whose commit fills the log moves it all, and whoever waits for that commit waits for hundreds of pages
to be written and synced as well. Durability is the commit's and not touched here: a commit syncs the log.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from threading import Event, Lock, Thread

PAUSE = 1.0
"""Seconds between two moves: pages that are written again and again are moved once."""


class Checkpoints:
    """The thread of one process and one file. It starts with the first write and sleeps while nothing is written."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._written, self._over = Event(), Event()
        self._guard = Lock()
        self._thread: Thread | None = None

    def written(self) -> None:
        """Something has been committed."""
        self._written.set()
        if self._thread is None:
            with self._guard:
                if self._thread is None and not self._over.is_set():
                    self._thread = Thread(target=self._work, name="checkpoints", daemon=True)
                    self._thread.start()

    def stop(self) -> None:
        """End the thread; what is still in the log stays there, as durable as before."""
        self._over.set()
        self._written.set()
        with self._guard:
            if self._thread is not None:
                self._thread.join()

    def _work(self) -> None:
        with closing(sqlite3.connect(self._path, timeout=0, isolation_level=None)) as connection:
            while self._written.wait() and not self._over.wait(PAUSE):
                self._written.clear()
                if self._over.is_set():  # stopped just before: clearing took back the word that woke us
                    break
                # somebody else's checkpoint, or a reader's old snapshot: the next turn moves the rest
                with suppress(sqlite3.Error):
                    connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
