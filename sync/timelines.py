"""Who reached which rung when: the ladder of a subscriber's removals, and an entry's timeline across all subscribers."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from creditsvc.kernel.text import Bilingual
from sync.subscribers import Lag, lags
from sync.tables_delivery import LadderStep, Probe
from sync.tables_feed import Progress, StreamEvent, Subscriber

RUNGS = ("published", "notified", "fetched", "applied", "probed")
LABELS = {
    "published": Bilingual("已公布", "published"),
    "notified": Bilingual("已通知", "notified"),
    "fetched": Bilingual("已取走", "fetched"),
    "applied": Bilingual("已应用", "applied"),
    "probed": Bilingual("已核验", "probed"),
    "diverged": Bilingual("不一致", "diverged"),
    "overdue": Bilingual("逾期", "overdue"),
}
TONES = {"applied": "good", "probed": "good", "diverged": "bad", "overdue": "bad", "published": "warning"}
EVENTS = {
    "entry.published": Bilingual("公布", "published"),
    "entry.corrected": Bilingual("更正", "corrected"),
    "entry.annotated": Bilingual("标注", "annotated"),
    "entry.removed": Bilingual("移出", "removed"),
    "canary.published": Bilingual("校验记录公布", "canary published"),
    "canary.removed": Bilingual("校验记录移出", "canary removed"),
}


@dataclass(frozen=True, slots=True)
class Rung:
    """One removal at one subscriber: when each rung was reached, and where it stands."""

    stream: str
    sequence: int
    entry: str
    due: str
    times: Mapping[str, datetime | None]
    """By rung; empty where it was not reached, or before times were kept."""
    stage: str
    finding: str = ""

    @property
    def label(self) -> Bilingual:
        """The stage, for people."""
        return LABELS[self.stage]

    @property
    def tone(self) -> str:
        """Of its tag."""
        return TONES.get(self.stage, "info")


class _Steps:
    """The rungs that a subscriber reached on a stream, to be asked by sequence."""

    def __init__(self, session: Session, subscriber_id: int, stream: str, first: int) -> None:
        self._found: dict[str, tuple[list[int], list[datetime]]] = {}
        query = select(LadderStep.step, LadderStep.sequence, LadderStep.at).where(
            LadderStep.subscriber_id == subscriber_id, LadderStep.stream == stream, LadderStep.sequence >= first
        )
        for step, sequence, at in session.execute(query.order_by(LadderStep.sequence, LadderStep.id)):
            sequences, times = self._found.setdefault(step, ([], []))
            sequences.append(sequence)
            times.append(at)

    def reached(self, step: str, sequence: int) -> datetime | None:
        """When everything up to a sequence had first reached the rung."""
        sequences, times = self._found.get(step, ([], []))
        place = bisect_left(sequences, sequence)
        return min(times[place:], default=None)


def ladder_of(session: Session, lag: Lag, *, most: int = 50) -> list[Rung]:
    """The newest removals of a stream at one subscriber, newest first."""
    joined = lag.progress.joined if lag.progress is not None else 0
    query = select(StreamEvent).where(
        StreamEvent.stream == lag.stream, StreamEvent.removes.is_(True), StreamEvent.sequence > joined
    )
    return _rungs(session, lag, session.scalars(query.order_by(StreamEvent.sequence.desc()).limit(most)).all())


def _rungs(session: Session, lag: Lag, removals: Sequence[StreamEvent]) -> list[Rung]:
    if not removals:
        return []
    steps = _Steps(session, lag.subscriber.id, lag.stream, min(event.sequence for event in removals))
    looked = select(Probe).where(
        Probe.subscriber_id == lag.subscriber.id, Probe.stream == lag.stream, Probe.onward.is_(False)
    )
    probes = {
        probe.sequence: probe
        for probe in session.scalars(looked.where(Probe.sequence.in_([event.sequence for event in removals])))
        if probe.looked_at is not None
    }
    return [_rung(lag, event, steps, probes.get(event.sequence)) for event in removals]


def rung_of(session: Session, lag: Lag, event: StreamEvent) -> Rung:
    """Where one event stands at one subscriber, with its times."""
    return _rungs(session, lag, [event])[0]


def _rung(lag: Lag, event: StreamEvent, steps: _Steps, probe: Probe | None) -> Rung:
    progress = lag.progress
    times: dict[str, datetime | None] = {
        step: steps.reached(step, event.sequence) for step in ("notified", "fetched", "applied")
    }
    times["published"] = event.at
    times["probed"] = probe.looked_at if probe is not None else None
    if times["applied"] is None and progress is not None and progress.applied >= event.sequence:
        times["applied"] = progress.applied_at
    data = msgspec.json.decode(event.body).get("data", {}) if event.body else {}
    finding = probe.finding or "" if probe is not None else ""
    return Rung(
        lag.stream,
        event.sequence,
        event.entry,
        str(data.get("due", "")),
        times,
        stage_of(lag, event, times, finding),
        finding,
    )


def stage_of(lag: Lag, event: StreamEvent, times: Mapping[str, datetime | None], finding: str = "") -> str:
    """Where one event stands at one subscriber."""
    progress: Progress | None = lag.progress
    if finding:
        return "probed" if finding == "gone" else "diverged"
    if progress is not None and progress.applied >= event.sequence:
        return "applied"
    if lag.overdue is not None:
        return "overdue"
    if progress is not None and progress.diverged_at is not None:
        return "diverged"
    if progress is not None and progress.fetched >= event.sequence:
        return "fetched"
    return "notified" if times.get("notified") else "published"


@dataclass(frozen=True, slots=True)
class AtSubscriber:
    """An entry's newest event at one subscriber."""

    subscriber: Subscriber
    rung: Rung


@dataclass(frozen=True, slots=True)
class OnStream:
    """One stream's history of an entry and how far everybody is with it."""

    stream: str
    events: Sequence[StreamEvent]
    holders: Sequence[AtSubscriber]


def timeline_of(session: Session, entry: str) -> list[OnStream]:
    """Everything that was told of an entry, and who has got how far with the newest of it; empty for a stranger."""
    events: dict[str, list[StreamEvent]] = {}
    query = select(StreamEvent).where(StreamEvent.entry == entry).order_by(StreamEvent.stream, StreamEvent.sequence)
    for event in session.scalars(query):
        events.setdefault(event.stream, []).append(event)
    everyone = lags(session)
    return [OnStream(stream, told, _everybody(session, everyone, told[-1])) for stream, told in events.items()]


def _everybody(session: Session, everyone: Sequence[Lag], newest: StreamEvent) -> list[AtSubscriber]:
    mine = [lag for lag in everyone if lag.stream == newest.stream]
    return [AtSubscriber(lag.subscriber, rung_of(session, lag, newest)) for lag in mine]
