"""The state of a stream in its tables: only touched buckets are hashed again."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from sqlalchemy import ColumnElement, Select, delete, func, select
from sqlalchemy.orm import Session

from creditsvc.storage.bulk import insert_rows
from sync.tables_feed import FeedDigest, FeedEntry, FeedStream, StreamEvent
from sync.wire.state import (
    EMPTY_BUCKET,
    EMPTY_GROUP,
    FAN,
    GroupTree,
    bucket_digest,
    bucket_number,
    group_digest,
    lines_of,
    state_root,
)

CHUNK = 500
BUCKET, GROUP = 0, 1
PAGE = 20_000
"""Entries that are held in memory at a time, about."""
MANY = 32
"""Groups from which on one query for all is cheaper than one for each."""


def rehash(session: Session, stream: str, buckets: Collection[int]) -> bytes:
    """Hash touched buckets and their groups again; the new root. The entries must have been flushed."""
    groups = group_digests(session, stream)
    if buckets:
        lines = bucket_lines(session, stream, buckets)
        digests = {number: bucket_digest(lines.get(number, b"")) for number in buckets}
        _keep(session, stream, BUCKET, digests, EMPTY_BUCKET)
        trees = _trees_of(session, stream, sorted({number // FAN for number in buckets}), groups)
        for number, digest in digests.items():
            trees[number // FAN].put(number % FAN, digest)
        fresh = {group: tree.digest for group, tree in trees.items()}
        _keep(session, stream, GROUP, fresh, EMPTY_GROUP)
        for group, digest in fresh.items():
            groups[group] = digest
    return state_root(groups)


_trees: dict[tuple[str, int], GroupTree] = {}
"""Of the groups that were hashed last in this process. One whose digest is the stored one holds the stored buckets."""


def _trees_of(session: Session, stream: str, groups: Sequence[int], stored: Sequence[bytes]) -> dict[int, GroupTree]:
    """The trees of these groups; those that have changed elsewhere, or whose transaction was rolled back, are read anew."""
    known = {group: tree for group in groups if (tree := _trees.get((stream, group))) and tree.digest == stored[group]}
    for group, digests in _buckets_of(session, stream, [group for group in groups if group not in known]):
        known[group] = _trees[stream, group] = GroupTree(digests)
    return known


def _buckets_of(session: Session, stream: str, groups: Sequence[int]) -> Iterator[tuple[int, list[bytes]]]:
    """The bucket digests of these groups: one walk along the index where a pass has touched many."""
    if len(groups) <= MANY:
        yield from ((group, bucket_digests(session, stream, group)) for group in groups)
        return
    first = groups[0] * FAN
    digests = _digests(session, stream, BUCKET, range(first, (groups[-1] + 1) * FAN), EMPTY_BUCKET)
    yield from ((group, digests[group * FAN - first : (group + 1) * FAN - first]) for group in groups)


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
    insert_rows(session, FeedDigest, rows)


def bucket_lines(session: Session, stream: str, buckets: Collection[int]) -> dict[int, bytes]:
    """Lines by bucket, for those that are not empty."""
    return {number: lines_of(entries.items()) for number, entries in _entries(session, stream, buckets).items()}


def _entries(session: Session, stream: str, buckets: Collection[int]) -> dict[int, dict[str, int]]:
    found: dict[int, dict[str, int]] = {}
    query = select(FeedEntry.bucket, FeedEntry.entry, FeedEntry.revision).where(FeedEntry.stream == stream)
    for some in _conditions(buckets):
        for bucket, entry, revision in session.execute(query.where(some)):
            found.setdefault(bucket, {})[entry] = revision
    return found


def _conditions(buckets: Collection[int]) -> Iterator[ColumnElement[bool]]:
    if isinstance(buckets, range):
        yield FeedEntry.bucket.between(buckets[0], buckets[-1])
        return
    wanted = sorted(buckets)
    for start in range(0, len(wanted), CHUNK):
        yield FeedEntry.bucket.in_(wanted[start : start + CHUNK])


class Past:
    """Buckets as they were at an earlier sequence: today's, with what came since undone. Flat memory.

    ``removed_until``: beyond it, entries that left up to there are left out too (a subscriber that got removals only).
    ``few``: the buckets that will be asked for, where they are few; else ask in ascending order.
    """

    def __init__(
        self, session: Session, stream: str, sequence: int, *, removed_until: int = 0, few: Collection[int] = ()
    ) -> None:
        self._session, self._stream, self._sequence = session, stream, sequence
        self._few = {bucket: dict[str, int]() for bucket in few} | (_entries(session, stream, few) if few else {})
        count = session.scalar(select(FeedStream.count).where(FeedStream.stream == stream)) or 0
        self._at_once = FAN * max(1, min(FAN, PAGE * FAN // max(1, count)))
        self._then: dict[int, dict[str, int]] = {}
        self._changed: dict[int, set[str]] = {}
        self._page: dict[int, dict[str, int]] = {}
        self._loaded = range(0)
        self._look_back(removed_until)

    def __call__(self, bucket: int) -> bytes:
        """The bucket's lines then."""
        held = self._held(bucket)
        changed = self._changed.get(bucket)
        if changed is None:
            return lines_of(held.items())
        kept = {entry: revision for entry, revision in held.items() if entry not in changed}
        return lines_of((kept | self._then.get(bucket, {})).items())

    def _held(self, bucket: int) -> dict[str, int]:
        """The bucket as it is now."""
        if bucket in self._few:
            return self._few[bucket]
        if bucket not in self._loaded:
            first = bucket // self._at_once * self._at_once
            self._loaded = range(first, min(first + self._at_once, FAN * FAN))
            self._page = _entries(self._session, self._stream, self._loaded)
        return self._page.get(bucket, {})

    def groups(self) -> list[bytes]:
        """The 256 group digests then."""
        digests = group_digests(self._session, self._stream)
        for group in sorted({bucket // FAN for bucket in self._changed}):
            buckets = bucket_digests(self._session, self._stream, group)
            for bucket in sorted(bucket for bucket in self._changed if bucket // FAN == group):
                buckets[bucket % FAN] = bucket_digest(self(bucket))
            digests[group] = group_digest(buckets)
        return digests

    def _look_back(self, removed_until: int) -> None:
        """Note what has changed since, and what it was."""
        since = select(StreamEvent.entry).where(
            StreamEvent.stream == self._stream, StreamEvent.sequence > self._sequence
        )
        entries = self._session.scalars(since.distinct()).all()
        gone = set(
            self._session.scalars(since.where(StreamEvent.removes.is_(True), StreamEvent.sequence <= removed_until))
        )
        for entry in entries:
            self._changed.setdefault(bucket_number(entry), set()).add(entry)
        for start in range(0, len(entries), CHUNK):
            for entry, revision, removes in self._session.execute(self._newest(entries[start : start + CHUNK])):
                if not removes and entry not in gone:
                    self._then.setdefault(bucket_number(entry), {})[entry] = revision

    def _newest(self, entries: Sequence[str]) -> Select[str, int, bool]:
        newest = (
            select(func.max(StreamEvent.sequence).label("sequence"))
            .where(
                StreamEvent.stream == self._stream,
                StreamEvent.entry.in_(entries),
                StreamEvent.sequence <= self._sequence,
            )
            .group_by(StreamEvent.entry)
            .subquery()
        )
        return select(StreamEvent.entry, StreamEvent.revision, StreamEvent.removes).join(
            newest, (StreamEvent.stream == self._stream) & (StreamEvent.sequence == newest.c.sequence)
        )


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
