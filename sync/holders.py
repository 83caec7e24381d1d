"""Who holds a copy of an entry, and how far each is: the proof that a removal arrived. Fills the port ``holders``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditsvc.ports import Holder
from sync.subscribers import Lag, lags
from sync.tables_feed import StreamEvent
from sync.timelines import Rung, rung_of


def holders_of(session: Session, entry: str) -> Sequence[Holder]:
    """Every subscriber whose stream had this entry, by name; not one that came after the entry had left."""
    newest: dict[str, StreamEvent] = {}
    for event in session.scalars(select(StreamEvent).where(StreamEvent.entry == entry).order_by(StreamEvent.sequence)):
        newest[event.stream] = event
    return [
        _holder(session, lag, newest[lag.stream])
        for lag in lags(session)
        if lag.stream in newest and not _came_after(lag, newest[lag.stream])
    ]


def _came_after(lag: Lag, event: StreamEvent) -> bool:
    return event.removes and lag.progress is not None and lag.progress.joined >= event.sequence


def _holder(session: Session, lag: Lag, event: StreamEvent) -> Holder:
    rung = rung_of(session, lag, event)
    # a probe that found nothing is more than applied: for whoever asks who has let go, it is the same
    stage = "applied" if rung.stage == "probed" else rung.stage
    return Holder(subscriber=lag.subscriber.name, name=lag.subscriber.title, stream=lag.stream, stage=stage, sequence=event.sequence,
                  reached_at=_reached(lag, rung, stage), removed=event.removes)  # fmt: skip


def _reached(lag: Lag, rung: Rung, stage: str) -> datetime | None:
    if stage == "overdue":
        return lag.overdue.from_at if lag.overdue is not None else None
    if stage == "diverged":
        return lag.progress.diverged_at if lag.progress is not None else None
    if stage == "fetched" and rung.times["fetched"] is None:
        return lag.progress.fetched_at if lag.progress is not None else None
    return rung.times[stage]
