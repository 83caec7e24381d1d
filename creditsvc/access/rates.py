"""Token buckets in the database: how often somebody may do something."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from creditsvc.access.tables import RateBucket


def take(
    session: Session, key: str, *, capacity: float, refill_per_second: float, now: datetime, cost: float = 1.0
) -> bool:
    """Take ``cost`` from the bucket; false if it holds less. The caller commits, also after a no."""
    bucket = session.scalar(select(RateBucket).where(RateBucket.key == key).with_for_update())
    if bucket is None:
        session.add(RateBucket(key=key, level=capacity - cost, at=now))
        session.flush()
        return True
    elapsed = max(0.0, (now - bucket.at).total_seconds())
    level = min(capacity, bucket.level + elapsed * refill_per_second)
    allowed = level >= cost
    bucket.level = level - cost if allowed else level
    bucket.at = now
    session.flush()
    return allowed


def forget_full_buckets(session: Session, now: datetime) -> int:
    """Drop buckets that nobody touched for a day; they are full again."""
    result = session.execute(delete(RateBucket).where(RateBucket.at < now - timedelta(days=1)))
    return int(result.rowcount)  # type: ignore[attr-defined]
