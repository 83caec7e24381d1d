"""Probes: after a removal somebody looks, through the subscriber's own product, whether the entry is really gone.

A receipt proves the set that a subscriber declares, not that no other copy exists; probes cover part of the rest. A few
removals a subscriber and week are chosen by lot among those it says it has applied, so that none can be foreseen. Where its
receipts say that it passes data on, one more is looked after at one of those recipients, whom the finding names.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from creditsvc.access import audit
from creditsvc.access.callers import Caller
from creditsvc.access.permissions import Permission
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import Conflict, InvalidInput, NotFound
from creditsvc.kernel.text import Bilingual
from creditsvc.services import Services
from sync.alarms import raise_alarm, settle
from sync.ladder import live_progress, progress_of
from sync.tables_delivery import Probe
from sync.tables_feed import Progress, Receipt, StreamEvent, Subscriber
from sync.wire.events import EventType

EVERY = timedelta(days=7)
AT_ONCE = 2
SETTLED = timedelta(days=1)
"""A subscriber has a day after its receipt to let its own caches run out."""
RECENT = timedelta(days=30)
FINDINGS = {"gone": Bilingual("已查不到", "gone"), "still": Bilingual("仍能查到", "still shown")}


def plan_probes(services: Services, now: datetime) -> int:
    """Choose removals to look after; how many."""
    planned = 0
    with services.database.writing() as session:
        for progress in live_progress(session, legal_day(now)):
            if _planned_lately(session, progress, now):
                continue
            chosen = _chosen(session, progress, now)
            places = [(event, False) for event in chosen[:AT_ONCE]]
            if chosen and _passes_on(session, progress):
                places.append((chosen[-1], True))
            for event, onward in places:
                session.add(Probe(subscriber_id=progress.subscriber_id, stream=event.stream, entry=event.entry,
                                  sequence=event.sequence, planned_at=now, onward=onward, note=""))  # fmt: skip
            planned += len(places)
    return planned


def _planned_lately(session: Session, progress: Progress, now: datetime) -> bool:
    query = select(func.max(Probe.planned_at)).where(
        Probe.subscriber_id == progress.subscriber_id, Probe.stream == progress.stream
    )
    last = session.scalar(query)
    return last is not None and now - last < EVERY


def _passes_on(session: Session, progress: Progress) -> bool:
    """Whether its newest receipt that agreed says that it has passed data on."""
    query = select(Receipt.onward).where(
        Receipt.subscriber_id == progress.subscriber_id, Receipt.stream == progress.stream, Receipt.agrees.is_(True)
    )
    return bool(session.scalar(query.order_by(Receipt.id.desc()).limit(1)))


def _chosen(session: Session, progress: Progress, now: datetime) -> list[StreamEvent]:
    """By lot among the applied removals of the last thirty days that were not looked after yet; one to spare."""
    if progress.applied_at is None or now - progress.applied_at < SETTLED:
        return []
    looked = select(Probe.sequence).where(
        Probe.subscriber_id == progress.subscriber_id, Probe.stream == progress.stream
    )
    query = select(StreamEvent).where(
        StreamEvent.stream == progress.stream, StreamEvent.removes.is_(True), StreamEvent.type == EventType.REMOVED.value,
        StreamEvent.sequence > progress.joined, StreamEvent.sequence <= progress.applied, StreamEvent.at > now - RECENT,
        StreamEvent.sequence.not_in(looked),
    )  # fmt: skip
    left = list(session.scalars(query.order_by(StreamEvent.sequence.desc()).limit(1000)))
    return [left.pop(secrets.randbelow(len(left))) for _ in range(min(AT_ONCE + 1, len(left)))]


def open_probes(session: Session) -> Sequence[tuple[Probe, Subscriber]]:
    """What is still to be looked at, oldest first."""
    query = select(Probe, Subscriber).join(Subscriber, Subscriber.id == Probe.subscriber_id)
    return [(probe, who) for probe, who in session.execute(query.where(Probe.looked_at.is_(None)).order_by(Probe.id))]


def record_finding(session: Session, probe_id: int, finding: str, note: str, *, caller: Caller, now: datetime) -> Probe:
    """What was seen. ``still``: the copy counts as diverged and the supervisor is told. Raises ``NotFound``,
    ``InvalidInput`` (``finding-unknown``, ``recipient-missing``), ``Conflict`` (``probe-done``), ``NotAllowed``."""
    caller.require(Permission.SUBSCRIBER_MANAGE)
    probe = session.get(Probe, probe_id, with_for_update=True)
    if probe is None:
        raise NotFound(Bilingual("没有这项核验", "no such probe"), code="probe-unknown")
    if finding not in FINDINGS:
        raise InvalidInput(
            Bilingual("请选择核验结果", "choose what was found"), code="finding-unknown", field="finding"
        )
    if probe.onward and not note.strip():
        raise InvalidInput(
            Bilingual("请写明核验的是哪个接收单位", "name the recipient that was looked at"),
            code="recipient-missing",
            field="note",
        )
    if probe.looked_at is not None:
        raise Conflict(Bilingual("该核验已有结果", "this probe has its result"), code="probe-done")
    probe.looked_at, probe.finding, probe.note, probe.actor = now, finding, note.strip()[:512], caller.actor
    if finding == "still":
        progress_of(session, probe.subscriber_id, probe.stream).diverged_at = now
        raise_alarm(
            session,
            "still-shown",
            subscriber_id=probe.subscriber_id,
            stream=probe.stream,
            sequence=probe.sequence,
            at=now,
        )
    else:
        settle(session, "still-shown", subscriber_id=probe.subscriber_id, stream=probe.stream, at=now)
    audit.record(
        session,
        action="probe.recorded",
        caller=caller,
        object=f"probe:{probe.id}",
        at=now,
        details={"finding": finding},
    )
    return probe
