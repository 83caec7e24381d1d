"""Token buckets in the database: how often somebody may do something."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
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
    read = f"SELECT level, at FROM rate_bucket WHERE key = {place}{'' if is_sqlite else ' FOR UPDATE'}"
    found = driver.execute(read, (key,)).fetchone()
    if found is None:
        # whoever is first makes it; from here on the row is ours until the transaction is over
        driver.execute(
            f"INSERT INTO rate_bucket (key, level, at) VALUES ({place}, {place}, {place}) ON CONFLICT (key) DO NOTHING",
            (key, capacity, at),
        )
        found = driver.execute(read, (key,)).fetchone()
    held, since = found
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


@dataclass(frozen=True, slots=True)
class Spending:
    """What somebody wants to spend: buckets, each with what it held when full, and how much of each."""

    buckets: Mapping[str, float]
    cost: float = 1.0


def spend(session: Writing, wanted: Sequence[Spending], *, now: datetime) -> list[str | None]:
    """Spend from buckets that never fill again (name the day in the key), one after the other in the order given.

    For each the first bucket that was empty, or none. To spend nothing is always allowed, and the same work: who watches
    can't tell the two apart. All by one statement of the driver, its buckets always in one order, so that two processes
    never wait for each other in a ring. The caller commits.
    """
    left = _spent(session, wanted, now)
    found: list[str | None] = []
    # from the last to the first: what each one left is what the later ones found
    for one in reversed(wanted):
        found.append(next((key for key in one.buckets if left[key] < 0 < one.cost), None))
        for key in one.buckets:
            left[key] += one.cost
    return found[::-1]


def _spent(session: Writing, wanted: Sequence[Spending], now: datetime) -> dict[str, float]:
    """What each bucket holds when all is spent."""
    costs: dict[str, float] = {}
    sizes: dict[float, dict[str, None]] = {}
    for one in wanted:
        for key, full in one.buckets.items():
            costs[key] = costs.get(key, 0.0) + one.cost
            sizes.setdefault(float(full), {})[key] = None
    driver, is_sqlite = driver_of(session)
    full_of = {key: full for full, keys in sizes.items() for key in keys}
    at = instant(now, is_sqlite=is_sqlite)
    rows = [value for key in sorted(costs) for value in (key, full_of[key] - costs[key], at)]
    cases = [value for full, keys in sizes.items() for value in (*keys, full)]
    made = driver.execute(_spending(len(costs), tuple(map(len, sizes.values())), is_sqlite=is_sqlite), (*rows, *cases))
    return dict(made.fetchall())


@lru_cache(maxsize=512)
def _spending(buckets: int, of_sizes: tuple[int, ...], *, is_sqlite: bool) -> str:
    place = "?" if is_sqlite else "%s"
    rows = ", ".join([f"({place}, {place}, {place})"] * buckets)
    cases = " ".join(
        f"WHEN excluded.key IN ({', '.join([place] * keys)}) THEN CAST({place} AS double precision)"
        for keys in of_sizes
    )
    return (
        f"INSERT INTO rate_bucket (key, level, at) VALUES {rows} ON CONFLICT (key) DO UPDATE "
        f"SET level = rate_bucket.level + excluded.level - CASE {cases} END, at = excluded.at RETURNING key, level"
    )


def forget_full_buckets(session: Session, now: datetime) -> int:
    """Drop buckets that nobody touched for a day; they are full again."""
    result = session.execute(delete(RateBucket).where(RateBucket.at < now - timedelta(days=1)))
    return int(result.rowcount)  # type: ignore[attr-defined]
