"""The state of the local copy, computed from its own lines: whole, or only where something was touched."""

from __future__ import annotations

from collections.abc import Iterable

from sync.mirror.store import Store
from sync.wire.merkle import tree_hash
from sync.wire.state import BUCKETS, EMPTY_BUCKET, EMPTY_GROUP, FAN, bucket_digest, group_digest, state_root

_EMPTY_ROW = (EMPTY_BUCKET * FAN, EMPTY_GROUP)


def compute_all(store: Store) -> bytes:
    """Hash every line again and keep the digests; the state root."""
    digests = [EMPTY_BUCKET] * BUCKETS
    for bucket, lines in store.lines_by_bucket():
        digests[bucket] = bucket_digest(lines)
    rows = []
    for group in range(FAN):
        buckets = digests[group * FAN : group * FAN + FAN]
        joined = b"".join(buckets)
        rows.append((group, joined, EMPTY_GROUP if joined == _EMPTY_ROW[0] else group_digest(buckets)))
    store.put_groups(rows)
    return tree_hash(row[2] for row in rows)


def compute_touched(store: Store, touched: Iterable[int]) -> bytes:
    """Hash the touched buckets (0 to 65,535) again; the state root."""
    by_group: dict[int, list[int]] = {}
    for number in touched:
        by_group.setdefault(number // FAN, []).append(number)
    rows = []
    for group, numbers in by_group.items():
        buckets = bytearray((store.group(group) or _EMPTY_ROW)[0])
        for number in numbers:
            at = number % FAN * 32
            buckets[at : at + 32] = bucket_digest(store.bucket_lines(number))
        rows.append((group, bytes(buckets), group_digest(split(bytes(buckets)))))
    store.put_groups(rows)
    return state_root([(store.group(group) or _EMPTY_ROW)[1] for group in range(FAN)])


def split(digests: bytes) -> list[bytes]:
    """Digests of 32 bytes that stand one behind another."""
    return [digests[at : at + 32] for at in range(0, len(digests), 32)]


def group_digests(store: Store) -> list[bytes]:
    """The 256 group digests that were last computed."""
    return [(store.group(group) or _EMPTY_ROW)[1] for group in range(FAN)]


def bucket_digests(store: Store, group: int) -> list[bytes]:
    """The 256 bucket digests of a group that were last computed."""
    return split((store.group(group) or _EMPTY_ROW)[0])
