"""How much bulk work goes into one transaction, so that a removal or a check never waits long for its turn.

SQLite has one writer: a person's act waits for the transaction that runs, and goes before the next one (``storage.turns``).
So that one is short, and very short while people are at work. On PostgreSQL nobody is kept out, and a long transaction
holds up exits alone.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar

from creditsvc.storage.engine import Database

T = TypeVar("T")
BUSY, QUIET, SHORT = 0.008, 1.0, 1.0
"""Seconds that a transaction of bulk work should take: where there is one writer and people wait for it, where there is one
and nobody has for long, where there are many. With one writer the index pages that are touched are written once for each
transaction, so a quiet house is filled twice as fast by long ones; the first who comes waits for one of them."""
BUSY_FOR = 600.0
"""Seconds for which a house where somebody had to wait is held to be busy."""
REST = 100
"""How many times as long as it took, work that can't be made short rests in a busy house."""
BREATH = 1.0
"""The same where there are many writers: it keeps nobody out, but it takes the processor from those who wait for an answer."""
NAP = 0.1
"""Seconds after which a rest is looked up from."""
LEAST = 10
POLITENESS = 10
"""How far bulk work stands back for the processor (``nice``)."""


class Share:
    """One transaction's share of work."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.held = size
        """How much of it there was work for, where that is known only afterwards."""
        self.began: float | None = None

    def begins(self) -> None:
        """The transaction has begun."""
        self.began = time.monotonic()


class Pace:
    """Grows and shrinks the share of work by how long the last one took; the first is small.

    One that was not filled says nothing of how long a larger one would take: it never grows by that.
    """

    def __init__(self, most: int, database: Database, *, unheard: float = QUIET) -> None:
        """``unheard``: seconds a transaction may take where there is one writer and nobody waits for it."""
        self._unheard = unheard
        self._most, self._turns, self._one_writer = most, database.turns, database.is_sqlite
        self.size = min(most, 5 * LEAST)
        self._last_wait, self._busy_until, self._rest_until = self._turns.last_wait(), 0.0, 0.0

    @contextmanager
    def share(self) -> Iterator[Share]:
        """One transaction: how much work it may hold. It is timed from ``begins``: who waits for his turn holds up nobody."""
        share = Share(self.size)
        yield share
        if share.began is None:
            return
        now = time.monotonic()
        took = max(now - share.began, 0.001)
        most = 2.0 if share.held >= share.size else 1.0
        fit = self.size * min(most, max(0.25, self._aim(now) / took))
        self.size = int(max(min(LEAST, self._most), min(self._most, fit)))
        self._rest_until = now + (REST if self._one_writer else BREATH) * took

    def must_rest(self) -> bool:
        """Whether work that can't be made short has to wait: it has only just had its turn, and people may be at work."""
        now = time.monotonic()
        return now < self._rest_until and (not self._one_writer or self._is_busy(now))

    def nap(self) -> bool:
        """Rest for a moment where that is short (many writers); false where whoever calls had better come back later."""
        if not self._one_writer:
            time.sleep(max(0.0, min(NAP, self._rest_until - time.monotonic())))
        return not self._one_writer

    def rest(self) -> None:
        """Stand back for a while where there are many writers; where there is one, shares are short instead."""
        if not self._one_writer:
            time.sleep(max(0.0, self._rest_until - time.monotonic()))

    def _aim(self, now: float) -> float:
        if not self._one_writer:
            return SHORT
        return BUSY if self._is_busy(now) else self._unheard

    def _is_busy(self, now: float) -> bool:
        """Whether somebody has had to wait for the one writer not long ago."""
        if (last := self._turns.last_wait()) != self._last_wait:
            self._last_wait, self._busy_until = last, now + BUSY_FOR
        return now < self._busy_until


def politely(work: Callable[[], T]) -> T:
    """Do work in a thread of its own that stands back for the processor; what it returns, or raises."""
    said: list[T] = []
    wrong: list[BaseException] = []

    def run() -> None:
        try:
            with suppress(
                OSError
            ):  # of this thread alone, on Linux: it can't be taken back, so the thread ends with the work
                os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), POLITENESS)
            said.append(work())
        except BaseException as failure:  # noqa: BLE001 - handed on to whoever asked for the work
            wrong.append(failure)

    thread = threading.Thread(target=run, name="bulk")
    thread.start()
    thread.join()
    if wrong:
        raise wrong[0]
    return said[0]
