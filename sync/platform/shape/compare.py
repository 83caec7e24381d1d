"""Counts and bucket digests per court and status, and what differs. Pure.

Both sides fold the same lines, so a list of a million is compared by a page of digests; only buckets that differ need
their keys. Courts and statuses are told apart, so that a person sees where it went wrong.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, NamedTuple

from sync.platform.shape.answers import Holding

BUCKETS = 256
LISTED, ENDED = "listed", "ended"
NO_COURT = "-"


class Ours(NamedTuple):
    """What we say of a record: its newest revision, whether it stands, which court's."""

    version: int
    status: str
    court: str
    sent: bool
    """Whether a row with this revision went out; what waits to go out is no difference."""


def bucket_of(key: str) -> int:
    """The bucket of a record: the first byte of SHA-256 of its key."""
    return sha256(key.encode()).digest()[0]


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts by court and status, and a digest a bucket over the sorted lines ``key:version:status``."""

    counts: Mapping[tuple[str, str], int]
    digests: Mapping[int, str]

    def as_json(self) -> dict[str, Any]:
        """For a report that both sides can sign."""
        courts: dict[str, dict[str, int]] = defaultdict(dict)
        for (court, status), count in sorted(self.counts.items()):
            courts[court][status] = count
        digests = {f"{bucket:03d}": digest for bucket, digest in sorted(self.digests.items())}
        return {"courts": dict(courts), "buckets": digests}

    @property
    def total(self) -> int:
        """Records in all."""
        return sum(self.counts.values())


class Tallying:
    """A tally in the making, a bucket after another."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str], int] = defaultdict(int)
        self._digests: dict[int, str] = {}

    def add(self, bucket: int, records: Iterable[tuple[str, int, str, str]]) -> None:
        """All of a bucket: (key, version, status, court)."""
        lines = []
        for key, version, status, court in records:
            self._counts[(court or NO_COURT, status)] += 1
            lines.append(f"{key}:{version}:{status}\n")
        if lines:
            self._digests[bucket] = sha256("".join(sorted(lines)).encode()).hexdigest()

    def done(self) -> Tally:
        """What it came to."""
        return Tally(dict(self._counts), self._digests)


def tally(records: Iterable[tuple[str, int, str, str]]) -> Tally:
    """The tally of (key, version, status, court) in any order."""
    made, by_bucket = Tallying(), defaultdict[int, list[tuple[str, int, str, str]]](list)
    for record in records:
        by_bucket[bucket_of(record[0])].append(record)
    for bucket, some in by_bucket.items():
        made.add(bucket, some)
    return made.done()


def differing(one: Tally, other: Tally) -> frozenset[int]:
    """Buckets whose digests differ."""
    return frozenset(bucket for bucket in range(BUCKETS) if one.digests.get(bucket) != other.digests.get(bucket))


class Difference(NamedTuple):
    """One record on which the two sides disagree."""

    key: str
    kind: str
    """``held_but_ended``, ``held_but_unknown``, ``lacking``, ``older``, ``newer``, ``ended_but_standing``."""
    ours: int
    theirs: int
    court: str


@dataclass(slots=True)
class Comparison:
    """Everything that differs, and what waits to go out and so is no difference yet."""

    differences: list[Difference] = field(default_factory=list)
    waiting: int = 0


def compare(ours: Mapping[str, Ours], theirs: Iterable[Holding]) -> Comparison:
    """Ours by key against theirs: of everything, or of one bucket. A record that we ended and they never had, or have ended, agrees."""
    found, seen = Comparison(), set()
    for held in theirs:
        seen.add(held.key)
        _one(found, ours.get(held.key), held)
    for key, own in ours.items():
        if key in seen or own.status == ENDED:
            continue
        if not own.sent:
            found.waiting += 1
        else:
            found.differences.append(Difference(key, "lacking", own.version, 0, own.court))
    return found


def _one(found: Comparison, own: Ours | None, held: Holding) -> None:
    if own is None:
        if held.status == LISTED:
            found.differences.append(Difference(held.key, "held_but_unknown", 0, held.version, held.court))
        return
    kind = _kind(own, held)
    if kind and not own.sent:
        found.waiting += 1
    elif kind:
        found.differences.append(Difference(held.key, kind, own.version, held.version, own.court))


def _kind(own: Ours, held: Holding) -> str:
    if own.status == ENDED:
        return "held_but_ended" if held.status == LISTED else ""
    if held.status == ENDED:
        return "ended_but_standing"
    if held.version == own.version:
        return ""
    return "older" if held.version < own.version else "newer"
