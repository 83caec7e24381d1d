"""The state of a stream in its tables: only touched buckets are hashed again."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from sync.tables_feed import FeedDigest, FeedEntry, StreamEvent
from sync.wire.state import (
    BUCKETS,
    EMPTY_BUCKET,
    EMPTY_GROUP,
    FAN,
    bucket_digest,
    bucket_number,
    group_digest,
    lines_of,
    state_root,
)

CHUNK = 500
BUCKET, GROUP = 0, 1


def rehash(session: Session, stream: str, buckets: Collection[int]) -> bytes:
    """Hash touched buckets and their groups again; the new root. The entries must have been flushed."""
    if buckets:
        lines = bucket_lines(session, stream, buckets)
        _keep(
            session, stream, BUCKET, {number: bucket_digest(lines.get(number, b"")) for number in buckets}, EMPTY_BUCKET
        )
        groups = {number // FAN for number in buckets}
        fresh = {group: group_digest(bucket_digests(session, stream, group)) for group in groups}
        _keep(session, stream, GROUP, fresh, EMPTY_GROUP)
    return state_root(group_digests(session, stream))


def _keep(session: Session, stream: str, level: int, digests: dict[int, bytes], empty: bytes) -> None:
    numbers = list(digests)
    for start in range(0, len(numbers), CHUNK):
        some = numbers[start : start + CHUNK]
        session.execute(
            delete(FeedDigest)
            .where(FeedDigest.stream == stream, FeedDigest.level == level, FeedDigest.number.in_(some))
            .execution_options(synchronize_session=False)
        )
    rows = [
        {"stream": stream, "level": level, "number": number, "digest": digest}
        for number, digest in digests.items()
        if digest != empty
    ]
    if rows:
        session.execute(insert(FeedDigest), rows)


def bucket_lines(session: Session, stream: str, buckets: Collection[int]) -> dict[int, bytes]:
    """Lines by bucket, for those that are not empty."""
    return {number: lines_of(entries.items()) for number, entries in _entries(session, stream, buckets).items()}


def _entries(session: Session, stream: str, buckets: Collection[int]) -> dict[int, dict[str, int]]:
    found: dict[int, dict[str, int]] = {}
    query = select(FeedEntry.bucket, FeedEntry.entry, FeedEntry.revision).where(FeedEntry.stream == stream)
    wanted = sorted(buckets)
    everything = len(wanted) == BUCKETS
    for start in range(0, 1 if everything else len(wanted), CHUNK):
        some = query if everything else query.where(FeedEntry.bucket.in_(wanted[start : start + CHUNK]))
        for bucket, entry, revision in session.execute(some):
            found.setdefault(bucket, {})[entry] = revision
    return found


def lines_at(session: Session, stream: str, sequence: int, buckets: Sequence[int]) -> dict[int, bytes]:
    """Lines by bucket as they were at an earlier sequence: today's, with what came since undone."""
    found = _entries(session, stream, buckets)
    changed = session.scalars(
        select(StreamEvent.entry).where(StreamEvent.stream == stream, StreamEvent.sequence > sequence).distinct()
    ).all()
    wanted = set(buckets)
    for entry in changed:
        bucket = bucket_number(entry)
        if bucket not in wanted:
            continue
        then = session.execute(
            select(StreamEvent.revision, StreamEvent.removes)
            .where(StreamEvent.stream == stream, StreamEvent.entry == entry, StreamEvent.sequence <= sequence)
            .order_by(StreamEvent.sequence.desc())
            .limit(1)
        ).one_or_none()
        found.setdefault(bucket, {}).pop(entry, None)
        if then is not None and not then.removes:
            found[bucket][entry] = then.revision
    return {bucket: lines_of(entries.items()) for bucket, entries in found.items()}


def _digests(session: Session, stream: str, level: int, numbers: Iterable[int], empty: bytes) -> list[bytes]:
    wanted = list(numbers)
    query = select(FeedDigest.number, FeedDigest.digest).where(
        FeedDigest.stream == stream, FeedDigest.level == level, FeedDigest.number.between(wanted[0], wanted[-1])
    )
    have = {number: bytes(digest) for number, digest in session.execute(query)}
    return [have.get(number, empty) for number in wanted]


def bucket_digests(session: Session, stream: str, group: int) -> list[bytes]:
    """The 256 bucket digests of a group."""
    return _digests(session, stream, BUCKET, range(group * FAN, group * FAN + FAN), EMPTY_BUCKET)


def group_digests(session: Session, stream: str) -> list[bytes]:
    """The 256 group digests."""
    return _digests(session, stream, GROUP, range(FAN), EMPTY_GROUP)
