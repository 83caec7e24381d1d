"""How much bulk work goes into one transaction, so that a removal or a check never waits long for its turn.

SQLite has one writer and no queue: whoever waits asks again every tenth of a second, so long transactions one after
another keep it out for good. On PostgreSQL nobody is kept out, and a long transaction holds up exits alone.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

BRIEF, SHORT = 0.15, 1.0
"""Seconds that a transaction of bulk work should take, where there is one writer and where there are many."""
LEAST = 50
ROOM = 0.02
"""Seconds left to others between two of them, where there is one writer."""


class Pace:
    """Grows and shrinks the share of work by how long the last one took; where there is one writer the first is small."""

    def __init__(self, most: int, *, one_writer: bool) -> None:
        self._most, self._one_writer, self._brief = most, one_writer, BRIEF if one_writer else SHORT
        self.size = min(most, 4 * LEAST if one_writer else most)

    @contextmanager
    def share(self) -> Iterator[int]:
        """One share of work: how large it may be. What follows it waits a moment where there is one writer."""
        start = time.monotonic()
        yield self.size
        took = time.monotonic() - start
        fit = self.size * min(2.0, max(0.25, self._brief / max(took, 0.001)))
        self.size = int(max(min(LEAST, self._most), min(self._most, fit)))
        if self._one_writer:
            time.sleep(ROOM)
