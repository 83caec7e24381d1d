"""Upkeep of the feed between requests: blocks of events are digested, old questions and attempts dropped."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from creditsvc.services import Services
from sync.deliver import forget_attempts
from sync.farewells import close_parted
from sync.feed_reading import build_segments
from sync.receipts import forget_nonces
from sync.tables_feed import FeedStream

AT_A_TIME = 10
PASSES = 20
"""Short transactions, and not too many in a row: a removal waits for none of them."""


def keep_feed(services: Services, now: datetime) -> int:
    """Build missing blocks, a few a transaction; how many."""
    built = 0
    with services.database.reading() as session:
        streams = session.scalars(select(FeedStream.stream).order_by(FeedStream.stream)).all()
    for stream in streams:
        for _ in range(PASSES):
            done = _some(services, stream)
            built += done
            if done < AT_A_TIME:
                break
    with services.database.writing() as session:
        forget_nonces(session, now)
        forget_attempts(session, now)
        close_parted(session, now)
    return built


def _some(services: Services, stream: str) -> int:
    with services.database.writing() as session:
        row = session.scalars(select(FeedStream).where(FeedStream.stream == stream).with_for_update()).one()
        return build_segments(session, row, most=AT_A_TIME)
