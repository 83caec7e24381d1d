"""What every channel does. Whatever goes wrong is a ``ChannelTrouble`` with the name of an alarm."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from sync.platform.shape.batches import BatchOut

FEEDBACK, MESSAGES = "feedback", "messages"


@dataclass(frozen=True, slots=True)
class Bundle:
    """Rows that came back together. ``taken`` is called once they are kept: until then they come again."""

    rows: Iterable[Mapping[str, Any]]
    taken: Callable[[], None]


class Channel(Protocol):
    """One platform's end."""

    def check(self) -> None:
        """Raise ``ChannelTrouble`` unless rows can be handed over now."""
        ...

    def delivered(self, number: str) -> bool | None:
        """Whether a batch has arrived; none if that can't be told."""
        ...

    def deliver(self, batch: BatchOut, *, again: bool) -> None:
        """Hand a batch over, whole or not at all; ``again`` if it may have arrived before."""
        ...

    def inbox(self, what: str) -> Iterator[Bundle]:
        """What has come back: ``feedback`` or ``messages``."""
        ...

    def holdings(self) -> Bundle | None:
        """Every record that the platform holds; none if it has not said."""
        ...

    def answer(self, values: Mapping[str, Any]) -> None:
        """Hand over the answer to a message: fields of ``ANSWER``."""
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...
