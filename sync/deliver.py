"""Pushes: subscribers are woken when a stream has moved. A push wakes, the pull is the truth; nothing personal is in it.

At most one message a subscriber and stream is under way, always about the newest head. What is not heard is tried again
with growing delays for seven days, then daily, for ever while a removal is unconfirmed. A subscriber that hangs holds up
nobody: each has a thread of its own for its ten seconds, and those who answered last time go first.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from creditsvc.kernel.days import legal_day
from creditsvc.services import Services
from creditsvc.settings import Settings
from sync.ladder import live_agreements, note_step, removals_between
from sync.push_keys import PushKeys, push_keys
from sync.safe_post import AddressRefused, Allowed, Answered, Resolve, parse_ranges, post, system_resolve
from sync.tables_delivery import Push, PushAttempt
from sync.tables_feed import Agreement, FeedStream, Progress
from sync.wire.push import push_body, push_headers

CROWD = 32
"""Addresses that are called at the same time."""
CLAIM = timedelta(seconds=60)
CALM = timedelta(seconds=10)
"""Between two messages to one subscriber where no removal is among the news."""
FIRST_DELAY, LONGEST_DELAY = timedelta(seconds=10), timedelta(hours=6)
PERSISTENCE = timedelta(days=7)
DAILY = timedelta(days=1)
KEEP_ATTEMPTS = timedelta(days=90)


def allowed_by(agreement: Agreement, settings: Settings) -> Allowed:
    """Where an agreement lets us connect. Raises AddressRefused for networks that no agreement can allow."""
    ranges = parse_ranges(agreement.push_ranges, loopback=settings.allow_test_settings)
    return Allowed(frozenset(agreement.push_hosts), ranges, plain_http=settings.push_plain_http,
                   loopback=settings.allow_test_settings)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Call:
    """One message to one subscriber."""

    subscriber_id: int
    stream: str
    sequence: int
    message: str
    urgent: bool
    url: str
    allowed: Allowed | None


def push_due(services: Services, now: datetime, *, resolve: Resolve = system_resolve) -> int:
    """Plan what there is to tell and send what is due; how many were heard."""
    plan_pushes(services, now)
    with services.database.writing() as session:
        calls = _claim(session, services.settings, now)
        keys = push_keys(session, services.keyring, now)
    if not calls:
        return 0
    with ThreadPoolExecutor(max_workers=min(CROWD, len(calls))) as crowd:
        heard = list(crowd.map(lambda mine: _tell(services, mine, keys, now, resolve), _by_subscriber(calls)))
    return sum(heard)


def _by_subscriber(calls: Sequence[_Call]) -> list[list[_Call]]:
    """One after the other for each subscriber, in the order in which they were claimed."""
    found: dict[int, list[_Call]] = {}
    for call in calls:
        found.setdefault(call.subscriber_id, []).append(call)
    return list(found.values())


def plan_pushes(services: Services, now: datetime) -> int:
    """Have a message for everyone whose stream has moved since it last heard; how many are new."""
    with services.database.reading() as session:
        if not _behind(session, now):
            return 0
    with services.database.writing() as session:
        return sum(_plan(session, place, now) for place in _behind(session, now))


@dataclass(frozen=True, slots=True)
class _Behind:
    """A stream that has moved on from what its subscriber was last told of."""

    subscriber_id: int
    stream: str
    size: int
    push: Push | None


def _behind(session: Session, now: datetime) -> list[_Behind]:
    """Agreements with an address, by stream, whose newest message is older than the stream's head."""
    agreements = [one for one in live_agreements(session, legal_day(now)) if one.push_url]
    if not agreements:
        return []
    sizes = {row.stream: row.size for row in session.scalars(select(FeedStream))}
    pushes = {(row.subscriber_id, row.stream): row for row in session.scalars(select(Push))}
    places = [
        _Behind(agreement.subscriber_id, stream, sizes.get(stream, 0), pushes.get((agreement.subscriber_id, stream)))
        for agreement in agreements
        for stream in agreement.streams
    ]
    return [place for place in places if place.size > (place.push.sequence if place.push else 0)]


def _plan(session: Session, place: _Behind, now: datetime) -> bool:
    push, stream, size = place.push, place.stream, place.size
    heard = push.heard if push is not None else 0
    urgent = bool(removals_between(session, stream, heard, size))
    message = f"msg_{secrets.token_hex(16)}"
    if push is None:
        session.add(Push(subscriber_id=place.subscriber_id, stream=stream, message=message, sequence=size, urgent=urgent,
                         attempts=0, first_at=now, next_at=now, heard=0))  # fmt: skip
        return True
    push.message, push.sequence, push.urgent = message, size, urgent
    if push.attempts == 0:
        # it answers: tell it again, at once if somebody left, else not more often than every ten seconds
        push.next_at = now if urgent else max(now, push.first_at + CALM)
        push.first_at = now if urgent else push.next_at
    elif push.next_at is None:
        push.first_at = push.next_at = now
    return True


def _claim(session: Session, settings: Settings, now: datetime) -> list[_Call]:
    """What is due, those who answered last time first; nobody else takes it for a minute."""
    query = select(Push).where(Push.next_at <= now, or_(Push.claimed_until.is_(None), Push.claimed_until < now))
    due = session.scalars(query.order_by(Push.attempts, Push.next_at).with_for_update(skip_locked=True)).all()
    agreements: dict[tuple[int, str], Agreement] = {}
    for agreement in live_agreements(session, legal_day(now)):
        for stream in agreement.streams:
            agreements.setdefault((agreement.subscriber_id, stream), agreement)
    calls = []
    for push in due:
        held = agreements.get((push.subscriber_id, push.stream))
        if held is None or not held.push_url:
            push.next_at = None
            continue
        push.claimed_until = now + CLAIM
        try:
            allowed = allowed_by(held, settings)
        except AddressRefused:
            allowed = None
        calls.append(
            _Call(push.subscriber_id, push.stream, push.sequence, push.message, push.urgent, held.push_url, allowed)
        )
    return calls


def _tell(services: Services, calls: Sequence[_Call], keys: PushKeys, now: datetime, resolve: Resolve) -> int:
    return sum(_tell_one(services, call, keys, now, resolve) for call in calls)


def _tell_one(services: Services, call: _Call, keys: PushKeys, now: datetime, resolve: Resolve) -> bool:
    body = push_body(stream=call.stream, sequence=call.sequence, urgent=call.urgent)
    headers = push_headers(body, message_id=call.message, at=services.clock.now(), key=keys.newest, also=keys.before)
    if call.allowed is None:
        answered = Answered(0, "refused-range")
    else:
        answered = post(call.url, body, {"Content-Type": "application/json", **headers}, call.allowed, resolve=resolve,
                        authorities=services.settings.push_ca_file)  # fmt: skip
    with services.database.writing() as session:
        _note(session, call, answered, services.clock.now())
    return answered.heard


def _note(session: Session, call: _Call, answered: Answered, now: datetime) -> None:
    session.add(PushAttempt(subscriber_id=call.subscriber_id, stream=call.stream, sequence=call.sequence, message=call.message,
                            at=now, outcome=answered.outcome[:64], heard=answered.heard))  # fmt: skip
    push = session.get(Push, (call.subscriber_id, call.stream), with_for_update=True)
    if push is None:
        return
    push.claimed_until = None
    if answered.heard:
        if removals_between(session, call.stream, push.heard, call.sequence):
            note_step(
                session,
                "notified",
                subscriber_id=call.subscriber_id,
                stream=call.stream,
                sequence=call.sequence,
                at=now,
            )
        push.heard, push.attempts = max(push.heard, call.sequence), 0
        if push.sequence <= call.sequence:
            push.next_at = None
        return
    push.attempts += 1
    push.next_at = _next(session, push, answered, now)


def _next(session: Session, push: Push, answered: Answered, now: datetime) -> datetime | None:
    """When to try again: growing, with jitter, for seven days; then daily while a removal is unconfirmed, else not."""
    if now - push.first_at <= PERSISTENCE and answered.status != 410:
        delay = min(FIRST_DELAY * (1 << min(push.attempts - 1, 20)), LONGEST_DELAY)
        return now + delay * (0.75 + secrets.randbelow(501) / 1000)
    progress = session.get(Progress, (push.subscriber_id, push.stream))
    applied = progress.applied if progress is not None else 0
    return now + DAILY if removals_between(session, push.stream, applied, push.sequence) else None


def forget_attempts(session: Session, now: datetime) -> None:
    """Drop what is older than ninety days."""
    session.execute(delete(PushAttempt).where(PushAttempt.at < now - KEEP_ATTEMPTS))


def stop_pushes(session: Session, subscriber_id: int) -> None:
    """Nothing more is sent: the address has changed or the agreement is over; a new plan starts afresh."""
    changes: dict[str, Any] = {"next_at": None, "attempts": 0}
    session.execute(update(Push).where(Push.subscriber_id == subscriber_id).values(**changes))
