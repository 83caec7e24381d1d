"""Where features need each other without knowing each other.

A feature fills a port by its name in ``Feature.ports``; whoever needs it asks here. An empty port answers as if the
feature had nothing to say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class Holder:
    """One subscriber that holds a copy of an entry, and how far it is with the entry's newest event."""

    subscriber: str
    name: str
    stream: str
    stage: str
    """``published``, ``notified``, ``fetched``, ``applied``, ``diverged`` or ``overdue``."""
    sequence: int
    reached_at: datetime | None
    """When the stage was reached."""
    removed: bool
    """Whether that newest event is a removal: ``applied`` then means that the subscriber has let go."""


class Holders(Protocol):
    """Filled by ``sync``: who holds a copy of an entry."""

    def __call__(self, session: Session, entry: str) -> Sequence[Holder]:
        """Every subscriber entitled to the entry, in order of name."""
        ...


class Ports:
    """The filled ports of one application."""

    def __init__(self, filled: Mapping[str, Any]) -> None:
        self._filled = dict(filled)

    def holders(self, session: Session, entry: str) -> Sequence[Holder]:
        """Who holds a copy of this entry; nobody if nothing publishes."""
        port: Holders | None = self._filled.get("holders")
        return port(session, entry) if port else ()
