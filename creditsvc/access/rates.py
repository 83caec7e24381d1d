"""Token buckets in the database: how often somebody may do something."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from creditsvc.access.tables import RateBucket


def take(
    session: Session, key: str, *, capacity: float, refill_per_second: float, now: datetime, cost: float = 1.0
) -> bool:
    """Take ``cost`` from the bucket; false if it holds less. The caller commits, also after a no."""
    bucket = _locked(session, key)
    if bucket is None:
        with suppress(IntegrityError), session.begin_nested():
            session.add(RateBucket(key=key, level=capacity, at=now))
        # ours, or that of whoever was first
        bucket = _locked(session, key)
    if bucket is None:
        return False
    elapsed = max(0.0, (now - bucket.at).total_seconds())
    level = min(capacity, bucket.level + elapsed * refill_per_second)
    allowed = level >= cost
    bucket.level = level - cost if allowed else level
    bucket.at = now
    session.flush()
    return allowed


def _locked(session: Session, key: str) -> RateBucket | None:
    query = select(RateBucket).where(RateBucket.key == key).with_for_update().execution_options(populate_existing=True)
    return session.scalar(query)


def forget_full_buckets(session: Session, now: datetime) -> int:
    """Drop buckets that nobody touched for a day; they are full again."""
    result = session.execute(delete(RateBucket).where(RateBucket.at < now - timedelta(days=1)))
    return int(result.rowcount)  # type: ignore[attr-defined]
