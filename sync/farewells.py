"""The end of an agreement: one last receipt, over an empty set, proves that the copy is gone. It holds up no watermark."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditsvc.kernel.days import legal_day
from sync.alarms import raise_alarm
from sync.ladder import note_step, progress_of
from sync.subscribers import agreements_of, revoke_keys
from sync.tables_feed import Agreement, Progress, ReceiptNonce, Subscriber
from sync.wire.receipts import Receipt as Declared
from sync.wire.receipts import proof
from sync.wire.state import EMPTY_STATE

PATIENCE = timedelta(days=30)
"""After that its keys are revoked and the supervisor is told that nothing was proved."""


def parting_agreement(session: Session, subscriber: Subscriber, stream: str, today: date) -> Agreement | None:
    """The agreement that has ended or run out and whose last receipt for this stream is still owed, or none."""
    progress = session.get(Progress, (subscriber.id, stream))
    if progress is None or progress.farewell_at is not None:
        return None
    mine = [one for one in agreements_of(session, subscriber) if stream in one.streams]
    over = [one for one in mine if one.ended_at is not None or one.valid_until < today]
    return over[0] if over and len(over) == len(mine) else None


def is_empty_handed(declared: Declared, nonce: bytes) -> bool:
    """Whether a receipt declares and proves an empty set."""
    return (declared.count, declared.state, declared.proof) == (0, EMPTY_STATE, proof(nonce, (), lambda bucket: b""))


def note_farewell(session: Session, subscriber: Subscriber, nonce: ReceiptNonce, *, empty: bool, now: datetime) -> None:
    """It holds nothing any more, or it does not say so; with the last stream its keys end."""
    progress = progress_of(session, subscriber.id, nonce.stream)
    if not empty:
        progress.diverged_at = now
        return
    progress.farewell_at, progress.diverged_at = now, None
    note_step(session, "applied", subscriber_id=subscriber.id, stream=nonce.stream, sequence=nonce.sequence, at=now)
    session.flush()
    streams = {stream for agreement in agreements_of(session, subscriber) for stream in agreement.streams}
    if subscriber.ended_at is not None and not any(
        parting_agreement(session, subscriber, stream, legal_day(now)) for stream in streams
    ):
        revoke_keys(session, subscriber, now)


def close_parted(session: Session, now: datetime) -> None:
    """After thirty days without the last receipt: the keys end, the supervisor is told."""
    late = select(Subscriber).where(Subscriber.ended_at < now - PATIENCE)
    for subscriber in session.scalars(late):
        streams = sorted({stream for agreement in agreements_of(session, subscriber) for stream in agreement.streams})
        for stream in streams:
            if parting_agreement(session, subscriber, stream, legal_day(now)) is not None:
                sequence = progress_of(session, subscriber.id, stream).applied
                raise_alarm(session, "farewell", subscriber_id=subscriber.id, stream=stream, sequence=sequence, at=now)
        revoke_keys(session, subscriber, now)
