"""Token buckets in the database: how often somebody may do something."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from threading import Lock

from sqlalchemy import Float, String, bindparam, delete, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from creditsvc.access.tables import RateBucket
from creditsvc.storage.base import Instant

_SPEND = text(
    "INSERT INTO rate_bucket (key, level, at) VALUES (:key, :full - :cost, :at) "
    "ON CONFLICT (key) DO UPDATE SET level = rate_bucket.level - :cost, at = excluded.at RETURNING level"
).bindparams(
    bindparam("key", type_=String),
    bindparam("full", type_=Float),
    bindparam("cost", type_=Float),
    bindparam("at", type_=Instant),
)


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


class Leases:
    """Tokens taken ahead, a handful at a time, by one process: the database is asked once in ``size`` requests.

    What is left of a lease goes back nowhere; it is forgotten after ``keep``, so a limit is at most that much too strict.
    """

    def __init__(self, *, size: int = 10, keep: timedelta = timedelta(seconds=30)) -> None:
        self._size, self._keep = size, keep
        self._held: dict[str, tuple[int, datetime]] = {}
        self._lock = Lock()

    def take(self, session: Session, key: str, *, capacity: float, refill_per_second: float, now: datetime) -> bool:
        """Take one token, from the lease or with a new one; false if the bucket holds not even one."""
        with self._lock:
            left, until = self._held.get(key, (0, now))
            if left > 0 and now < until:
                self._held[key] = (left - 1, until)
                return True
            self._held.pop(key, None)
        for wanted in (self._size, 1):
            if take(session, key, capacity=capacity, refill_per_second=refill_per_second, now=now, cost=wanted):
                with self._lock:
                    self._held[key] = (wanted - 1, now + self._keep)
                return True
        return False


def spend(session: Session, key: str, *, capacity: float, now: datetime, cost: float = 1.0) -> bool:
    """Spend from a bucket that never fills again (name the day in its key); false once it was empty. The caller commits.

    To spend nothing is always allowed, and the same statement: who watches can't tell the two apart.
    """
    level = session.connection().execute(_SPEND, {"key": key, "full": capacity, "cost": cost, "at": now}).scalar()
    return level is not None and (level >= 0 or cost <= 0)


def forget_full_buckets(session: Session, now: datetime) -> int:
    """Drop buckets that nobody touched for a day; they are full again."""
    result = session.execute(delete(RateBucket).where(RateBucket.at < now - timedelta(days=1)))
    return int(result.rowcount)  # type: ignore[attr-defined]
