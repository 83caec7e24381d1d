"""How long work is shown while it runs. The caller decides where: a terminal, or nowhere."""

from __future__ import annotations

import sys
from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and out of how much."""

_WIDTH = 30


def silent(what: str, done: int, total: int) -> None:
    """Nothing is shown."""


class Bar:
    """A bar on standard error, drawn again when a hundredth more is done and closed at the end."""

    def __init__(self) -> None:
        self._drawn = ("", -1)

    def __call__(self, what: str, done: int, total: int) -> None:
        """Draw."""
        now = (what, 100 * done // total if total else 100)
        if now == self._drawn:
            return
        filled = _WIDTH * now[1] // 100
        end = "\n" if done >= total else ""
        sys.stderr.write(f"\r{what}  [{'#' * filled}{'.' * (_WIDTH - filled)}] {done:,}/{total:,}{end}")
        sys.stderr.flush()
        self._drawn = ("", -1) if end else now
