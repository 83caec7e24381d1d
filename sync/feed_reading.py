"""What the feed's addresses serve, as bytes: events, segments, tiles, state. Queries only."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditsvc.kernel.errors import Conflict, Gone, NotFound
from creditsvc.kernel.text import Bilingual
from creditsvc.storage.engine import Database
from sync.erasure import SEGMENT
from sync.tables_feed import FeedSegment, FeedStream, LogNode, StreamEvent
from sync.wire.errors import FormatInvalid
from sync.wire.events import erased_line, withheld_line
from sync.wire.merkle import leaf_hash
from sync.wire.tiles import Tile, bundle_bytes, exists, parse_tile_path

MOST = 1000
TILE_HEIGHT = 8
_FIRST = re.compile(r"[1-9][0-9]{0,14}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Page:
    """Events from one sequence on."""

    first: int
    last: int
    body: bytes


def stream_row(session: Session, stream: str) -> FeedStream:
    """The stream; raises ``NotFound``."""
    row = session.get(FeedStream, stream)
    if row is None:
        raise _unknown()
    return row


def newest_head(database: Database, stream: str) -> tuple[str, int]:
    """The stream's signed head and its size, by one statement: hundreds ask for nothing else. Raises ``NotFound``."""
    with database.direct() as driver:
        query = f"SELECT head, size FROM feed_stream WHERE stream = {'?' if database.is_sqlite else '%s'}"
        found = driver.execute(query, (stream,)).fetchone()
    if found is None:
        raise _unknown()
    return found[0], found[1]


def _unknown() -> NotFound:
    return NotFound(Bilingual("没有这个数据流", "no such stream"), code="stream-unknown")


def check_ahead(row: FeedStream, after: int) -> None:
    """Raises ``Conflict`` (``cursor-ahead``) for a cursor past the head."""
    if after > row.size:
        raise Conflict(
            Bilingual(
                "游标超前于流头：请停止使用并联系发布方（备份恢复或回退）",
                "the cursor is past the head (a restored backup or a rollback?): stop and ask the publisher",
            ),
            code="cursor-ahead",
            sequence=row.size,
        )


def check_cursor(row: FeedStream, after: int) -> None:
    """Raises ``Conflict`` (``cursor-ahead``) or ``Gone`` (``cursor-forgotten``, with the snapshot's address)."""
    check_ahead(row, after)
    if after < row.forget_before:
        raise Gone(
            Bilingual(
                "游标之前的事件已不再保留，请从快照开始",
                "events before the cursor are forgotten; start from the snapshot",
            ),
            code="cursor-forgotten",
            snapshot=f"/v1/streams/{row.stream}/snapshots/latest",
        )


def events_after(
    session: Session, row: FeedStream, after: int, limit: int, *, withheld_after: int | None = None
) -> Page:
    """Up to ``limit`` events after a sequence, without a gap, never past the head.

    ``withheld_after``: beyond it removals only are served whole (a subscriber that is overdue).
    """
    last = min(row.size, after + max(1, min(limit, MOST)))
    return _events(session, row.stream, after + 1, last, withheld_after=withheld_after)


def _events(session: Session, stream: str, first: int, last: int, *, withheld_after: int | None = None) -> Page:
    query = select(StreamEvent.sequence, StreamEvent.leaf, StreamEvent.body, StreamEvent.removes).where(
        StreamEvent.stream == stream, StreamEvent.sequence.between(first, last)
    )
    lines = []
    for sequence, leaf, body, removes in session.execute(query.order_by(StreamEvent.sequence)):
        if body is None:
            lines.append(erased_line(sequence, bytes(leaf)))
        elif withheld_after is not None and sequence > withheld_after and not removes:
            lines.append(withheld_line(sequence, bytes(leaf)))
        else:
            lines.append(bytes(body))
    return Page(first, last, b"".join(line + b"\n" for line in lines))


def build_segments(session: Session, row: FeedStream, *, most: int = 1000) -> int:
    """Digest whole blocks that have no digest yet; how many."""
    have = set(session.scalars(select(FeedSegment.first).where(FeedSegment.stream == row.stream)))
    missing = [first for first in range(1, row.size - SEGMENT + 2, SEGMENT) if first not in have]
    for first in missing[:most]:
        page = _events(session, row.stream, first, first + SEGMENT - 1)
        session.add(FeedSegment(stream=row.stream, first=first, last=page.last, bytes=len(page.body),
                                sha256=sha256(page.body).hexdigest()))  # fmt: skip
    return len(missing[:most])


def segments(session: Session, row: FeedStream) -> dict[str, Any]:
    """Whole blocks of 1,000 events, each named by its digest."""
    blocks = session.scalars(
        select(FeedSegment).where(FeedSegment.stream == row.stream).order_by(FeedSegment.first)
    ).all()
    return {
        "segments": [
            {"bytes": block.bytes, "first": block.first, "last": block.last, "name": block.name, "sha256": block.sha256}
            for block in blocks
        ]
    }


def segment(session: Session, row: FeedStream, name: str) -> bytes:
    """One block by its name; raises ``NotFound`` for one that was rebuilt since."""
    first = name.partition("-")[0]
    if _FIRST.fullmatch(first):
        block = session.get(FeedSegment, (row.stream, int(first)))
        if block is not None and block.name == name:
            return _events(session, row.stream, block.first, block.last).body
    raise NotFound(
        Bilingual("没有这个分段，请重新获取列表", "no such segment; get the list again"), code="segment-unknown"
    )


def tile(session: Session, row: FeedStream, path: str) -> bytes:
    """A tile or a bundle of the log; raises ``NotFound``."""
    try:
        wanted = parse_tile_path(path)
    except FormatInvalid:
        wanted = None
    if wanted is None or not exists(wanted, row.size):
        raise NotFound(Bilingual("没有这个日志块", "no such tile"), code="tile-unknown")
    if wanted.level in {None, 0}:
        leaves = _leaves(session, row.stream, wanted)
        return bundle_bytes(leaves) if wanted.level is None else b"".join(map(leaf_hash, leaves))
    return _nodes(session, row, wanted)


def _leaves(session: Session, stream: str, wanted: Tile) -> list[bytes]:
    first = wanted.index * 256 + 1
    query = select(StreamEvent.leaf).where(
        StreamEvent.stream == stream, StreamEvent.sequence.between(first, first + wanted.width - 1)
    )
    return [bytes(leaf) for leaf in session.scalars(query.order_by(StreamEvent.sequence))]


def _nodes(session: Session, row: FeedStream, wanted: Tile) -> bytes:
    level, first = (wanted.level or 0) * TILE_HEIGHT, wanted.index * 256
    query = select(LogNode.hash).where(
        LogNode.stream == row.stream, LogNode.level == level, LogNode.index.between(first, first + wanted.width - 1)
    )
    return b"".join(bytes(digest) for digest in session.scalars(query.order_by(LogNode.index)))
