"""Token buckets in the database: how often somebody may do something."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from threading import Lock

from sqlalchemy import delete
from sqlalchemy.orm import Session

from creditsvc.access.tables import RateBucket
from creditsvc.storage.direct import Writing, driver_of, instant, with_zone


def take(
    session: Writing, key: str, *, capacity: float, refill_per_second: float, now: datetime, cost: float = 1.0
) -> bool:
    """Take ``cost`` from the bucket; false if it holds less. The caller commits, also after a no."""
    driver, is_sqlite = driver_of(session)
    place, at = ("?" if is_sqlite else "%s"), instant(now, is_sqlite=is_sqlite)
    # whoever is first makes it; from here on the row is ours until the transaction is over
    driver.execute(
        f"INSERT INTO rate_bucket (key, level, at) VALUES ({place}, {place}, {place}) ON CONFLICT (key) DO NOTHING",
        (key, capacity, at),
    )
    lock = "" if is_sqlite else " FOR UPDATE"
    held, since = driver.execute(f"SELECT level, at FROM rate_bucket WHERE key = {place}{lock}", (key,)).fetchone()
    before = with_zone(datetime.fromisoformat(since)) if isinstance(since, str) else since
    level = min(capacity, held + max(0.0, (now - before).total_seconds()) * refill_per_second)
    allowed = level >= cost
    driver.execute(
        f"UPDATE rate_bucket SET level = {place}, at = {place} WHERE key = {place}",
        (level - cost if allowed else level, at, key),
    )
    return bool(allowed)


class Leases:
    """Tokens taken ahead, a handful at a time, by one process: the database is asked once in ``size`` requests.

    What is left of a lease goes back nowhere; it is forgotten after ``keep``, so a limit is at most that much too strict.
    """

    def __init__(self, *, size: int = 10, keep: timedelta = timedelta(seconds=30)) -> None:
        self._size, self._keep = size, keep
        self._held: dict[str, tuple[int, datetime]] = {}
        self._lock = Lock()

    def take(self, session: Writing, key: str, *, capacity: float, refill_per_second: float, now: datetime) -> bool:
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


def spend(session: Writing, buckets: Mapping[str, float], *, now: datetime, cost: float = 1.0) -> str | None:
    """Spend from buckets that never fill again (name the day in the key), each with what it held when full.

    The first that was empty, or none. To spend nothing is always allowed, and the same statement: who watches can't tell
    the two apart. One statement by the driver, since a check runs it every time. The caller commits.
    """
    driver, is_sqlite = driver_of(session)
    at = instant(now, is_sqlite=is_sqlite)
    rows = [value for key, full in buckets.items() for value in (key, full - cost, at)]
    row, place = ("(?, ?, ?)", "?") if is_sqlite else ("(%s, %s, %s)", "%s")
    made = driver.execute(
        f"INSERT INTO rate_bucket (key, level, at) VALUES {', '.join([row] * len(buckets))} "
        f"ON CONFLICT (key) DO UPDATE SET level = rate_bucket.level - {place}, at = excluded.at RETURNING key, level",
        (*rows, cost),
    )
    left = dict(made.fetchall())
    return next((key for key in buckets if left[key] < 0 < cost), None)


def forget_full_buckets(session: Session, now: datetime) -> int:
    """Drop buckets that nobody touched for a day; they are full again."""
    result = session.execute(delete(RateBucket).where(RateBucket.at < now - timedelta(days=1)))
    return int(result.rowcount)  # type: ignore[attr-defined]
