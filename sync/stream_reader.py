"""A stream as a consumer inside this house reads it: the exchange with the provincial platform, and nobody else.

It has its own agreement like everybody who keeps a copy, and gets the events that everybody gets, by sequence. Only the
numbers it takes from the vault instead of from slips. What it could not pass on stays visible on its ladder.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from creditsvc.kernel.days import legal_day
from creditsvc.services import Services
from sync.entry_fields import entry_fields, kind_of
from sync.feed_reading import MOST, check_ahead, stream_row
from sync.ladder import note_confirmed, note_fetched
from sync.subscribers import agreement_for, subscriber_named
from sync.tables_feed import Agreement, FeedEntry, StreamEvent, Subscriber
from sync.wire.events import EventType


@dataclass(frozen=True, slots=True)
class StreamChange:
    """One event of a stream. ``data`` is empty where it has been erased: a later event says what holds now."""

    sequence: int
    type: EventType
    entry: str
    kind: str
    revision: int
    removes: bool
    at: datetime
    data: Mapping[str, Any]

    def __repr__(self) -> str:
        return f"StreamChange({self.sequence}, {self.type}, {self.entry}:{self.revision})"


@dataclass(frozen=True, slots=True)
class Standing:
    """An entry in force with its current fields and, for whoever may have it, the canonical number behind it."""

    entry: str
    revision: int
    sequence: int
    number: str
    """``type:number``; empty where the subject was shredded."""
    data: Mapping[str, Any]

    def __repr__(self) -> str:
        return f"Standing({self.entry}:{self.revision})"


class StreamReader:
    """One consumer's view of one stream in one transaction. Raises ``NotFound``, ``NotAllowed`` (``scope-denied``)."""

    def __init__(self, session: Session, services: Services, *, subscriber: str, stream: str, now: datetime) -> None:
        self._session, self._services, self._now = session, services, now
        self._row = stream_row(session, stream)
        self.subscriber: Subscriber = subscriber_named(session, subscriber)
        self.agreement: Agreement = agreement_for(session, self.subscriber, stream, legal_day(now))

    @property
    def size(self) -> int:
        """The stream's last sequence."""
        return self._row.size

    def changes(self, after: int, *, limit: int = MOST) -> list[StreamChange]:
        """Up to ``limit`` events behind a cursor, gapless, canaries among them. Raises ``Conflict`` (``cursor-ahead``)."""
        check_ahead(self._row, after)
        last = min(self._row.size, after + max(1, min(limit, MOST)))
        return self._changes(StreamEvent.sequence.between(after + 1, last))

    def removals(self, after: int, *, limit: int = MOST) -> list[StreamChange]:
        """The same for exits alone: they go first and wait for nothing."""
        wanted = (StreamEvent.removes.is_(True)) & (StreamEvent.sequence > after)
        return self._changes(wanted & (StreamEvent.sequence <= self._row.size), limit=limit)

    def _changes(self, wanted: Any, *, limit: int = MOST) -> list[StreamChange]:
        query = select(StreamEvent).where(StreamEvent.stream == self._row.stream, wanted)
        rows = self._session.scalars(query.order_by(StreamEvent.sequence).limit(limit))
        return [_change(row) for row in rows]

    def standing(self, entries: Sequence[str]) -> dict[str, Standing]:
        """Those of these entries that are in force on the stream, each as it is now."""
        held = self._session.scalars(
            select(FeedEntry).where(FeedEntry.stream == self._row.stream, FeedEntry.entry.in_(entries), FeedEntry.canary.is_(False))
        ).all()  # fmt: skip
        fields = entry_fields(self._session, self._services, [row.entry for row in held])
        return {
            row.entry: Standing(row.entry, row.revision, row.sequence, fields[row.entry].subject_number, fields[row.entry].data)
            for row in held
            if row.entry in fields
        }  # fmt: skip

    def everything(self, *, block: int = 500) -> Iterator[Standing]:
        """Everything in force, by name of the entry: for a first delivery and for reconciling. Flat memory."""
        after = ""
        query = select(FeedEntry.entry).where(FeedEntry.stream == self._row.stream, FeedEntry.canary.is_(False))
        while names := self._session.scalars(
            query.where(FeedEntry.entry > after).order_by(FeedEntry.entry).limit(block)
        ).all():
            found = self.standing(names)
            yield from (found[name] for name in names if name in found)
            after = names[-1]

    def fetched(self, sequence: int) -> None:
        """It has taken everything up to a sequence into its own hands."""
        note_fetched(self._session, self.subscriber.id, self._row.stream, sequence, self._now)

    def confirmed(self, sequence: int) -> None:
        """Everything up to a sequence is confirmed at the other end, row by row; the proof is the consumer's to keep."""
        check_ahead(self._row, sequence)
        note_confirmed(self._session, self.subscriber.id, self._row.stream, sequence, self._now)


def _change(row: StreamEvent) -> StreamChange:
    data: dict[str, Any] = msgspec.json.decode(row.body)["data"] if row.body else {}
    type_ = EventType(row.type)
    return StreamChange(row.sequence, type_, row.entry, kind_of(row.entry), row.revision, row.removes, row.at, data)
