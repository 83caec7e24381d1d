"""Being asked to end, by a signal.

A handler runs wherever the main thread happens to be, also inside itself. So it takes no lock, as an ``Event`` would: a
second signal, or one that comes in the middle of waiting, left the process waiting for itself for ever.
"""

from __future__ import annotations

import signal
import time
from types import FrameType

_LOOK = 0.5
"""Seconds between two looks."""


class Stopping:
    """Made by the main thread; from then on signals to end are only noted."""

    def __init__(self) -> None:
        self.asked = False
        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, self._ask)

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        self.asked = True

    def look(self) -> bool:
        """Whether somebody asked, after a short wait."""
        if not self.asked:
            time.sleep(_LOOK)
        return self.asked
