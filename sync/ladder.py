"""How far each subscriber is with what left: fetched, applied, diverged, overdue; and the watermark behind all of them.

Overdue: a removal was not confirmed by the end of the day on which it was due. From then on removals only are served,
until a receipt covers every removal that is due. The watermark never moves by time, only by receipts.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from creditsvc.kernel.days import legal_day
from creditsvc.ports import Owing
from creditsvc.services import Services
from creditsvc.storage.direct import Driven
from sync.alarms import raise_alarm, settle
from sync.tables_delivery import LadderStep
from sync.tables_feed import Agreement, FeedStream, Overdue, Progress, ReceiptNonce, StreamEvent, Subscriber


def progress_of(session: Session, subscriber_id: int, stream: str) -> Progress:
    """How far a subscriber is on a stream, to be changed; made when it first comes."""
    found = session.get(Progress, (subscriber_id, stream))
    if found is None:
        size = session.scalar(select(FeedStream.size).where(FeedStream.stream == stream)) or 0
        found = Progress(subscriber_id=subscriber_id, stream=stream, joined=size, fetched=0, applied=0)
        session.add(found)
        session.flush()
    return found


def note_fetched(session: Session, subscriber_id: int, stream: str, sequence: int, now: datetime) -> None:
    """It has been handed everything up to a sequence."""
    progress = progress_of(session, subscriber_id, stream)
    if sequence > progress.fetched:
        if removals_between(session, stream, progress.fetched, sequence):
            note_step(session, "fetched", subscriber_id=subscriber_id, stream=stream, sequence=sequence, at=now)
        progress.fetched, progress.fetched_at = sequence, now


def removals_between(session: Session, stream: str, after: int, until: int) -> bool:
    """Whether anything left behind one sequence and up to another."""
    query = select(StreamEvent.sequence).where(
        StreamEvent.stream == stream,
        StreamEvent.removes.is_(True),
        StreamEvent.sequence > after,
        StreamEvent.sequence <= until,
    )
    return session.scalar(query.limit(1)) is not None


def note_step(session: Session, step: str, *, subscriber_id: int, stream: str, sequence: int, at: datetime) -> None:
    """Keep when a rung was reached with everything up to a sequence."""
    session.add(LadderStep(subscriber_id=subscriber_id, stream=stream, step=step, sequence=sequence, at=at))


def note_confirmed(session: Session, subscriber_id: int, stream: str, sequence: int, now: datetime) -> None:
    """A consumer inside this house has passed everything up to a sequence on, and had it confirmed row by row."""
    note_fetched(session, subscriber_id, stream, sequence, now)
    progress = progress_of(session, subscriber_id, stream)
    if sequence > progress.applied:
        _applied(session, progress, sequence, now)
    overdue = open_overdue(session, subscriber_id, stream)
    if overdue is not None and owed_removal(session, progress, legal_day(now)) is None:
        _lift(session, overdue, now)


def _applied(session: Session, progress: Progress, sequence: int, now: datetime) -> None:
    """Everything up to a sequence is applied; whatever was said against its copy is over."""
    if removals_between(session, progress.stream, progress.applied, sequence):
        note_step(
            session, "applied", subscriber_id=progress.subscriber_id, stream=progress.stream, sequence=sequence, at=now
        )
    progress.applied, progress.applied_at, progress.diverged_at = sequence, now, None
    settle(session, "diverged", subscriber_id=progress.subscriber_id, stream=progress.stream, at=now)


def _lift(session: Session, overdue: Overdue, now: datetime) -> None:
    overdue.lifted_at = now
    settle(session, "overdue", subscriber_id=overdue.subscriber_id, stream=overdue.stream, at=now)


def note_receipt(
    session: Session,
    subscriber: Subscriber,
    nonce: ReceiptNonce,
    overdue: Overdue | None,
    *,
    agrees: bool,
    now: datetime,
) -> None:
    """Move the subscriber up the ladder, or mark it diverged."""
    progress = progress_of(session, subscriber.id, nonce.stream)
    if not agrees:
        _diverged(session, progress, nonce.sequence, now)
        return
    if nonce.sequence >= progress.applied:
        _applied(session, progress, nonce.sequence, now)
    note_fetched(session, subscriber.id, nonce.stream, nonce.sequence, now)
    if nonce.everything and overdue is None:
        progress.complete_at = now
    if overdue is not None and owed_removal(session, progress, legal_day(now)) is None:
        # the copy lacks what was withheld: it takes a snapshot, and the next receipt is over everything
        _lift(session, overdue, now)
        progress.complete_at = None


def _diverged(session: Session, progress: Progress, sequence: int, now: datetime) -> None:
    """Its copy is another than ours. It is answered with where; the supervisor is told if a second receipt differs too."""
    if progress.diverged_at is not None:
        raise_alarm(
            session, "diverged", subscriber_id=progress.subscriber_id, stream=progress.stream, sequence=sequence, at=now
        )
    progress.diverged_at = now
    note_step(
        session, "diverged", subscriber_id=progress.subscriber_id, stream=progress.stream, sequence=sequence, at=now
    )


def open_overdue(session: Session, subscriber_id: int, stream: str) -> Overdue | None:
    """The overdue time that this subscriber is in, if it is in one."""
    query = select(Overdue).where(
        Overdue.subscriber_id == subscriber_id, Overdue.stream == stream, Overdue.lifted_at.is_(None)
    )
    return session.scalar(query)


_OWING = (
    "SELECT o.removal, s.name, s.title FROM feed_overdue o JOIN subscriber s ON s.id = o.subscriber_id "
    "WHERE o.lifted_at IS NULL ORDER BY o.id"
)


def owing_now(reading: Driven) -> list[Owing]:
    """Who is overdue with a removal; fills the port ``barred``."""
    return [Owing(*row) for row in reading.driver.execute(_OWING).fetchall()]


def owed_removal(session: Session, progress: Progress, today: date) -> int | None:
    """Sequence of the first removal that no receipt covers and that was due before today; none if there is none."""
    if progress.fetched_at is None:
        return None
    query = (
        select(StreamEvent.sequence, StreamEvent.body, StreamEvent.at)
        .where(
            StreamEvent.stream == progress.stream,
            StreamEvent.removes.is_(True),
            StreamEvent.sequence > max(progress.applied, progress.joined),
        )
        .order_by(StreamEvent.sequence)
    )
    # closed also when the first one answers: a server's cursor must not be left open
    with session.execute(query.execution_options(yield_per=500)) as rows:
        return next((int(sequence) for sequence, body, at in rows if removal_due(body, at) < today), None)


def removal_due(body: bytes | None, at: datetime) -> date:
    """The day by whose end a removal must be confirmed: the one it names, else the day after its publication."""
    named = msgspec.json.decode(body or b"{}").get("data", {}).get("due")
    return date.fromisoformat(named) if named is not None else legal_day(at + timedelta(days=1))


def mark_overdue(services: Services, now: datetime) -> int:
    """Find who has not confirmed a removal in time; from then on they get removals only. How many are new."""
    today, found = legal_day(now), 0
    with services.database.writing() as session:
        for progress in live_progress(session, today):
            removal = owed_removal(session, progress, today)
            if removal is None or open_overdue(session, progress.subscriber_id, progress.stream) is not None:
                continue
            session.add(
                Overdue(subscriber_id=progress.subscriber_id, stream=progress.stream, removal=removal,
                        withheld_after=progress.fetched, from_at=now)
            )  # fmt: skip
            note_step(
                session,
                "overdue",
                subscriber_id=progress.subscriber_id,
                stream=progress.stream,
                sequence=removal,
                at=now,
            )
            raise_alarm(
                session,
                "overdue",
                subscriber_id=progress.subscriber_id,
                stream=progress.stream,
                sequence=removal,
                at=now,
            )
            found += 1
    return found


def live_agreements(session: Session, today: date) -> Sequence[Agreement]:
    """Agreements in force today."""
    return session.scalars(
        select(Agreement).where(
            Agreement.ended_at.is_(None), Agreement.valid_from <= today, Agreement.valid_until >= today
        )
    ).all()


def live_progress(session: Session, today: date) -> list[Progress]:
    """Progress under agreements in force, a row a subscriber and stream."""
    pairs = {
        (agreement.subscriber_id, stream)
        for agreement in live_agreements(session, today)
        for stream in agreement.streams
    }
    return [row for row in session.scalars(select(Progress)) if (row.subscriber_id, row.stream) in pairs]


def move_watermark(session: Session, row: FeedStream, today: date) -> None:
    """What every subscriber under agreement has confirmed is forgotten; on ``public`` nothing ever is."""
    held = {agreement.subscriber_id for agreement in live_agreements(session, today) if row.stream in agreement.streams}
    if row.stream == "public" or not held:
        return
    applied = {
        progress.subscriber_id: progress.applied
        for progress in session.scalars(select(Progress).where(Progress.stream == row.stream))
    }
    row.forget_before = max(row.forget_before, min(applied.get(subscriber, 0) for subscriber in held))
