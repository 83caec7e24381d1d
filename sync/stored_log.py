"""Before a head is signed, the bytes are read back from storage and hashed again: nothing wrong is ever signed."""

from __future__ import annotations

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from creditsvc.kernel.errors import Unavailable
from creditsvc.kernel.text import Bilingual
from sync.tables_feed import FeedStream, StreamEvent
from sync.wire.events import commitment
from sync.wire.merkle import Frontier, leaf_hash, load_frontier


class StorageContradicts(Unavailable):
    """What the tables hold is not what was committed to: nothing is signed until a person has looked."""

    default_code = "feed-storage"

    def __init__(self, stream: str, sequence: int) -> None:
        super().__init__(
            Bilingual(
                f"数据流 {stream} 第 {sequence} 号与承诺不符：已停止签署，请核对数据库",
                f"stream {stream}, sequence {sequence}: storage differs from the commitment; nothing is signed, check the database",
            ),
            stream=stream,
            sequence=sequence,
        )


def check_stored(session: Session, row: FeedStream, expected: Frontier) -> None:
    """Read what was stored after ``row.size``; raises ``StorageContradicts`` unless it makes the expected tree."""
    frontier = load_frontier(row.size, bytes(row.frontier))
    query = select(StreamEvent.sequence, StreamEvent.leaf, StreamEvent.body).where(
        StreamEvent.stream == row.stream, StreamEvent.sequence > row.size
    )
    for sequence, leaf, body in session.execute(query.order_by(StreamEvent.sequence)):
        wrong = sequence != frontier.size + 1
        if wrong or (body is not None and commitment(msgspec.json.decode(body)) != bytes(leaf)):
            raise StorageContradicts(row.stream, sequence)
        frontier.append(leaf_hash(bytes(leaf)))
    if (frontier.size, frontier.root()) != (expected.size, expected.root()):
        raise StorageContradicts(row.stream, frontier.size)
