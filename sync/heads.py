"""Streams come into being, and their heads are signed, by the keys that the list of keys gives them on that day."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from creditsvc.kernel.days import legal_day
from creditsvc.services import Services
from sync.key_lists import ensure_key_list, stream_signers
from sync.ladder import move_watermark
from sync.tables_feed import FeedHead, FeedStream
from sync.wire.head import Head, sign_head
from sync.wire.merkle import EMPTY_ROOT, load_frontier
from sync.wire.origins import STREAMS, Origin
from sync.wire.state import EMPTY_STATE
from sync.witnessing import local_keys, witness_keys

LIFE = timedelta(hours=1)
RESIGN_AFTER = timedelta(minutes=4)
KEEP_HEADS = timedelta(days=1)


def origin_of(host: str, row: FeedStream) -> Origin:
    """Where this epoch of the stream is published."""
    return Origin(host, row.stream, row.epoch)


def sign(session: Session, services: Services, row: FeedStream, now: datetime) -> None:
    """Sign the head of what the row says; it expires an hour later. During a rotation both keys sign."""
    frontier = load_frontier(row.size, row.frontier)
    head = Head(
        origin=origin_of(services.settings.host, row),
        size=row.size,
        root=frontier.root() if row.size else EMPTY_ROOT,
        count=row.count,
        state=row.state,
        published=now,
        expires=now + LIFE,
        forget_before=row.forget_before,
    )
    signers = stream_signers(session, services.keyring, head.origin, now)
    row.head, row.signed_at = sign_head(head, signers), now


def remember(session: Session, row: FeedStream, now: datetime) -> None:
    """Keep the state at this head for the receipts of the next day."""
    if session.get(FeedHead, (row.stream, row.size)) is None:
        session.add(FeedHead(stream=row.stream, sequence=row.size, count=row.count, state=row.state, at=now))


def resign_heads(services: Services, now: datetime) -> int:
    """Sign again every head that is older than four minutes, with the watermark of now; how many."""
    with services.database.reading() as session:
        old = select(FeedStream.stream).where(FeedStream.signed_at < now - RESIGN_AFTER, FeedStream.halted.is_(None))
        due = session.scalars(old).all()
    if not due:
        return 0
    with services.database.writing() as session:
        query = select(FeedStream).where(FeedStream.stream.in_(due)).order_by(FeedStream.stream)
        for row in session.scalars(query.with_for_update()):
            move_watermark(session, row, legal_day(now))
            sign(session, services, row, now)
            _keep_head(session, row, now)
        session.execute(delete(FeedHead).where(FeedHead.at < now - KEEP_HEADS))
    return len(due)


def _keep_head(session: Session, row: FeedStream, now: datetime) -> None:
    head = session.get(FeedHead, (row.stream, row.size))
    if head is None:
        remember(session, row, now)
    else:
        head.at = now


def prepare_feed(services: Services, now: datetime) -> None:
    """Make the streams and the key list, if they are not there; safe to repeat."""
    local_keys(services.settings)
    with services.database.writing() as session:
        ensure_key_list(session, services, witness_keys(services.settings), now)
        for stream in STREAMS:
            if session.get(FeedStream, stream) is None:
                row = FeedStream(stream=stream, epoch=1, size=0, frontier=b"", count=0, state=EMPTY_STATE, forget_before=0,
                                 head="", signed_at=now, advanced_at=now, cosigned="")  # fmt: skip
                sign(session, services, row, now)
                session.add(row)
                remember(session, row, now)
