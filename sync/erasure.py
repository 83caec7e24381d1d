"""Erasure: bodies of earlier events go, leaves stay, so every proof still holds. Blocks that held them are rebuilt."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from sync.tables_feed import FeedSegment, StreamEvent
from sync.wire.events import EventType

CHUNK = 500
SEGMENT = 1000
"""Events in one block."""


def erase_before(session: Session, stream: str, events: Sequence[dict[str, Any]]) -> None:
    """Erase what these new events demand among the events before them."""
    first = events[0]["sequence"]
    touched: set[int] = set()
    for kind in EventType:
        entries = [event["entry"] for event in events if event["type"] == kind]
        erased = sorted(str(earlier) for earlier in kind.erases)
        for start in range(0, len(entries) if erased else 0, CHUNK):
            query = select(StreamEvent.sequence).where(
                StreamEvent.stream == stream, StreamEvent.entry.in_(entries[start : start + CHUNK]),
                StreamEvent.type.in_(erased), StreamEvent.sequence < first, StreamEvent.body.is_not(None),
            )  # fmt: skip
            touched.update(session.scalars(query))
    _empty(session, stream, sorted(touched))


def _empty(session: Session, stream: str, sequences: Sequence[int]) -> None:
    for some in _parts(sequences):
        session.execute(
            update(StreamEvent)
            .where(StreamEvent.stream == stream, StreamEvent.sequence.in_(some))
            .values(body=None)
            .execution_options(synchronize_session=False)
        )
    for some in _parts(sorted({segment_of(sequence) for sequence in sequences})):
        session.execute(
            delete(FeedSegment)
            .where(FeedSegment.stream == stream, FeedSegment.first.in_(some))
            .execution_options(synchronize_session=False)
        )


def _parts(numbers: Sequence[int]) -> Iterable[Sequence[int]]:
    return (numbers[start : start + CHUNK] for start in range(0, len(numbers), CHUNK))


def segment_of(sequence: int) -> int:
    """The first sequence of the block that an event is in."""
    return (sequence - 1) // SEGMENT * SEGMENT + 1


def erase_within(events: Sequence[dict[str, Any]]) -> None:
    """Erase, among new events that have not been written yet, what later ones of them demand."""
    later: dict[str, set[str]] = {}
    for event in reversed(events):
        erased = later.setdefault(event["entry"], set())
        if event["type"] in erased:
            event["body"] = None
        erased |= {str(kind) for kind in EventType(event["type"]).erases}
