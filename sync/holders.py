"""Who holds a copy of an entry, and how far each is: the proof that a removal arrived. Fills the port ``holders``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditsvc.ports import Holder
from sync.subscribers import Lag, lags
from sync.tables_feed import StreamEvent


def holders_of(session: Session, entry: str) -> Sequence[Holder]:
    """Every subscriber whose stream had this entry, by name."""
    newest: dict[str, StreamEvent] = {}
    for event in session.scalars(select(StreamEvent).where(StreamEvent.entry == entry).order_by(StreamEvent.sequence)):
        newest[event.stream] = event
    return [_holder(lag, newest[lag.stream]) for lag in lags(session) if lag.stream in newest]


def _holder(lag: Lag, event: StreamEvent) -> Holder:
    stage, at = _stage(lag, event)
    return Holder(subscriber=lag.subscriber.name, name=lag.subscriber.title, stream=lag.stream, stage=stage, sequence=event.sequence,
                  reached_at=at, removed=event.removes)  # fmt: skip


def _stage(lag: Lag, event: StreamEvent) -> tuple[str, datetime | None]:
    progress = lag.progress
    if progress is None:
        return "published", event.at
    if progress.applied >= event.sequence:
        return "applied", progress.applied_at
    if lag.overdue is not None:
        return "overdue", lag.overdue.from_at
    if progress.diverged_at is not None:
        return "diverged", progress.diverged_at
    if progress.fetched >= event.sequence:
        return "fetched", progress.fetched_at
    return "published", event.at
