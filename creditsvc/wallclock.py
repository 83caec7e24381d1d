"""The only place that reads the time. Everything else is told what time it is."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Something that knows the time."""

    def now(self) -> datetime:
        """The present instant, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present instant, in UTC."""
        return datetime.now(UTC)


class FixedClock:
    """A clock that stands still until it is set: for demonstrations and for tests."""

    def __init__(self, instant: datetime) -> None:
        self.set(instant)

    def now(self) -> datetime:
        """The instant that was last set, in UTC."""
        return self._instant

    def set(self, instant: datetime) -> None:
        """Move the hands; a time without a zone is refused with ``ValueError``."""
        if instant.tzinfo is None:
            raise ValueError("a time without a zone is not a time")
        self._instant = instant.astimezone(UTC)
