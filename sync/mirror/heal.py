"""When the copy differs from the signed state: groups, then buckets, then lines, and only what differs is touched."""

from __future__ import annotations

from typing import Any

from sync.mirror.digests import bucket_digests, compute_all, group_digests
from sync.mirror.errors import StateContradicts
from sync.mirror.feed import SMALL, Feed
from sync.mirror.store import Store, row_of
from sync.wire.encoding import unb64url
from sync.wire.errors import FormatInvalid
from sync.wire.head import Head
from sync.wire.state import FAN, bucket_digest, group_digest, parse_lines, state_root

_LINES = 256 * SMALL


class StateMoved(Exception):
    """The publisher's state is already that of a newer head: fetch it and pull first."""


def heal(feed: Feed, store: Store, head: Head) -> int:
    """Make the copy's lines those of the signed state; how many entries changed.

    Every answer is checked against the digest above it, up to the signed root. Entries that come in have no body yet.
    Raises StateContradicts if the publisher's answers don't lead to the root that it signed.
    """
    compute_all(store)
    groups = _digests(feed.json("state"), "groups", head)
    if state_root(groups) != head.state:
        raise StateContradicts
    changed = 0
    for group, (ours, theirs) in enumerate(zip(group_digests(store), groups, strict=True)):
        if ours != theirs:
            changed += _heal_group(feed, store, head, group, theirs)
    if compute_all(store) != head.state:
        raise StateContradicts
    return changed


def _heal_group(feed: Feed, store: Store, head: Head, group: int, expected: bytes) -> int:
    buckets = _digests(feed.json(f"state/{group}"), "buckets", head)
    if group_digest(buckets) != expected:
        raise StateContradicts
    changed = 0
    for bucket, (ours, theirs) in enumerate(zip(bucket_digests(store, group), buckets, strict=True)):
        if ours != theirs:
            changed += _heal_bucket(store, _their_lines(feed, head, group, bucket, theirs), group * FAN + bucket)
    return changed


def _their_lines(feed: Feed, head: Head, group: int, bucket: int, expected: bytes) -> dict[str, int]:
    answer = feed.get(f"state/{group}/{bucket}", limit=_LINES)
    _same_sequence(answer.headers.get("feed-sequence", ""), head)
    try:
        lines = parse_lines(answer.body)
    except FormatInvalid:
        raise StateContradicts from None
    if bucket_digest(answer.body) != expected:
        raise StateContradicts
    return lines


def _heal_bucket(store: Store, theirs: dict[str, int], number: int) -> int:
    try:
        ours = parse_lines(store.bucket_lines(number))
    except FormatInvalid:
        ours = {}
    gone = [entry for entry in ours if entry not in theirs]
    other = {entry: revision for entry, revision in theirs.items() if ours.get(entry) != revision}
    if any(store.has_departed(entry) for entry in other):
        # a removal is in the log and final: no state line brings the entry back
        raise StateContradicts
    store.drop_entries(gone + list(other))
    store.put_entries(
        row_of(entry, revision=revision, sequence=0, canary=False, kind="", unit_code=None, line=None)
        for entry, revision in other.items()
    )
    return len(gone) + len(other)


def _digests(answer: dict[str, Any], name: str, head: Head) -> list[bytes]:
    _same_sequence(str(answer.get("sequence")), head)
    found = answer.get(name)
    if not isinstance(found, list) or len(found) != FAN:
        raise StateContradicts
    try:
        return [unb64url(text, "state") for text in found]
    except FormatInvalid:
        raise StateContradicts from None


def _same_sequence(sequence: str, head: Head) -> None:
    if sequence.isdecimal() and int(sequence) > head.size:
        raise StateMoved
    if sequence != str(head.size):
        raise StateContradicts
