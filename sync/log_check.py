"""Whether what is stored is still what was signed: every stream, its log, its state and its tables, each by each.

The signed head is the only thing that is believed. Whatever differs is named with its sequence or its entry, so that a
person can look. Bodies that were erased are vouched for by their leaves; of such an event the columns beside it are not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from creditsvc.kernel.days import legal_day
from creditsvc.services import Services
from sync.alarms import raise_alarm
from sync.feed_state import BUCKET, GROUP
from sync.key_lists import newest_list
from sync.stream_writer import TILE_HEIGHT
from sync.tables_feed import FeedDigest, FeedEntry, FeedStream, LogNode, StreamEvent
from sync.wire.canonical import canonical_json
from sync.wire.errors import FormatInvalid, SignatureInvalid
from sync.wire.events import EventType, commitment
from sync.wire.head import Head, parse_head
from sync.wire.keys import KeyList
from sync.wire.merkle import EMPTY_ROOT, Frontier, leaf_hash
from sync.wire.notes import verify_note
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


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it was signed. ``where``: a sequence, an entry, a node or a digest."""

    stream: str
    what: str
    where: str


def check_stream(session: Session, row: FeedStream, keys: KeyList) -> list[Finding]:
    """Everything that contradicts the signed head of one stream; empty if all is as it was."""
    try:
        origin = keys.stream_keys(row.stream, row.epoch, on=legal_day(row.signed_at))
        head = parse_head(verify_note(row.head, origin).text)
    except (SignatureInvalid, FormatInvalid):
        return [Finding(row.stream, "head", "signature")]
    return [Finding(row.stream, what, where) for what, where in _contradictions(session, row, head)]


def _contradictions(session: Session, row: FeedStream, head: Head) -> Iterator[tuple[str, str]]:
    stored = (row.stream, row.epoch, row.size, row.count, bytes(row.state), row.forget_before)
    if stored != (head.origin.stream, head.origin.epoch, head.size, head.count, head.state, head.forget_before):
        yield "stream", "row"
    yield from _log(session, row, head)
    yield from _entries(session, row.stream, head)


def _log(session: Session, row: FeedStream, head: Head) -> Iterator[tuple[str, str]]:
    """Leaves make the signed root; bodies make their leaves; columns say what bodies say; nodes are the tree's."""
    tree, nodes = Frontier(), {}
    events = session.scalars(select(StreamEvent).where(StreamEvent.stream == row.stream).order_by(StreamEvent.sequence))
    for event in events.yield_per(1000):
        if event.sequence != tree.size + 1:
            yield "sequence", str(tree.size + 1)
        # a removal's body is never erased; whether another's may be is the entries' to say
        if not _is_its_body(event) if event.body is not None else event.removes:
            yield "event", str(event.sequence)
        for level, index, digest in tree.append(leaf_hash(bytes(event.leaf))):
            if level and level % TILE_HEIGHT == 0:
                nodes[level, index] = digest
    if (tree.size, tree.root() if tree.size else EMPTY_ROOT) != (head.size, head.root):
        yield "log", "root"
    if tree.stored() != bytes(row.frontier):
        yield "log", "frontier"
    for node in session.scalars(select(LogNode).where(LogNode.stream == row.stream)):
        if nodes.pop((node.level, node.index), None) != bytes(node.hash):
            yield "node", f"{node.level}/{node.index}"
    yield from (("node", f"{level}/{index}") for level, index in nodes)


def _is_its_body(event: StreamEvent) -> bool:
    raw = bytes(event.body or b"")
    try:
        whole = msgspec.json.decode(raw)
        data = whole["data"]
        return (
            canonical_json(whole) == raw
            and commitment(whole) == bytes(event.leaf)
            and (whole["sequence"], whole["type"], data["entry"], data["revision"])
            == (event.sequence, event.type, event.entry, event.revision)
            and event.removes is EventType(event.type).removes
        )
    except (msgspec.MsgspecError, FormatInvalid, KeyError, TypeError, ValueError, UnicodeDecodeError):
        return False


def _entries(session: Session, stream: str, head: Head) -> Iterator[tuple[str, str]]:
    """Entries make the signed state; each is where its events say; the digests that are served are theirs."""
    buckets: dict[int, dict[str, int]] = {}
    for held in session.scalars(select(FeedEntry).where(FeedEntry.stream == stream)).yield_per(1000):
        number = bucket_number(held.entry) if held.entry.isascii() else -1
        if number != held.bucket:
            yield "entry", held.entry
        buckets.setdefault(number, {})[held.entry] = held.revision
    yield from _made_by(session, stream)
    digests = {number: bucket_digest(lines_of(entries.items())) for number, entries in buckets.items() if number >= 0}
    groups = {
        group: group_digest([digests.get(group * FAN + place, EMPTY_BUCKET) for place in range(FAN)])
        for group in {number // FAN for number in digests}
    }
    root = state_root([groups.get(group, EMPTY_GROUP) for group in range(FAN)])
    if (sum(map(len, buckets.values())), root) != (head.count, head.state):
        yield "state", "root"
    wanted = {(BUCKET, number): digest for number, digest in digests.items()} | {
        (GROUP, group): digest for group, digest in groups.items()
    }
    for kept in session.scalars(select(FeedDigest).where(FeedDigest.stream == stream)):
        if kept.number >= BUCKETS or wanted.pop((kept.level, kept.number), None) != bytes(kept.digest):
            yield "digest", f"{kept.level}/{kept.number}"
    yield from (("digest", f"{level}/{number}") for level, number in wanted)


def _made_by(session: Session, stream: str) -> Iterator[tuple[str, str]]:
    """Each entry's current revision was made by the event that it names, and its full fields by the other."""
    query = (
        select(FeedEntry, StreamEvent.entry, StreamEvent.revision, StreamEvent.body.is_not(None))
        .outerjoin(StreamEvent, (StreamEvent.stream == FeedEntry.stream) & (StreamEvent.sequence == FeedEntry.sequence))
        .where(FeedEntry.stream == stream)
    )
    full = {
        sequence: (entry, type_, body is not None)
        for sequence, entry, type_, body in session.execute(
            select(StreamEvent.sequence, StreamEvent.entry, StreamEvent.type, StreamEvent.body)
            .join(
                FeedEntry, (StreamEvent.stream == FeedEntry.stream) & (StreamEvent.sequence == FeedEntry.full_sequence)
            )
            .where(FeedEntry.stream == stream)
        )
    }
    for held, entry, revision, has_body in session.execute(query):
        named = full.get(held.full_sequence)
        if (
            (entry, revision, has_body) != (held.entry, held.revision, True)
            or named is None
            or named[0] != held.entry
            or not named[2]
            or named[1] == EventType.ANNOTATED
            or (named[1] == EventType.CANARY_PUBLISHED) is not held.canary
        ):
            yield "entry", held.entry


def check_feed(services: Services, now: datetime) -> int:
    """Check every stream; what contradicts its head is an alarm. How many findings."""
    found = 0
    with services.database.reading() as session:
        keys = newest_list(session)
        rows = session.scalars(select(FeedStream).order_by(FeedStream.stream)).all()
        findings = {row.stream: check_stream(session, row, keys) for row in rows if keys is not None}
    for stream, mine in findings.items():
        found += len(mine)
        if mine:
            with services.database.writing() as session:
                raise_alarm(session, "tampered", subscriber_id=None, stream=stream, sequence=0, at=now)
    return found
