"""Snapshots taken in: replace everything, or only fill in bodies that are missing. All inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from itertools import islice

from sync.mirror.errors import SnapshotCutShort, SnapshotMismatch, SnapshotUntrusted
from sync.mirror.feed import Feed
from sync.mirror.progress import Progress
from sync.mirror.store import EntryRow, Store
from sync.wire.errors import FormatInvalid, SignatureInvalid
from sync.wire.head import Head
from sync.wire.keys import KeyList
from sync.wire.snapshot import Entry, Header, Record, Tombstone, read_snapshot

PATH = "snapshots/latest"
_AT_ONCE = 2000


class SnapshotNewer(Exception):
    """The snapshot is newer than the head: fetch the head again."""


def records(feed: Feed, head: Head, keys: KeyList) -> Iterator[Record]:
    """The verified-at-the-end records of the latest snapshot; Absent or OverdueHere if there is none to have."""
    signing = tuple(
        key.dated.key for key in keys.streams if (key.stream, key.epoch) == (head.origin.stream, head.origin.epoch)
    )
    try:
        yield from read_snapshot(feed.open(PATH), head.origin, signing)
    except FormatInvalid:
        raise SnapshotCutShort from None
    except SignatureInvalid:
        raise SnapshotUntrusted from None


def replace_all(store: Store, found: Iterator[Record], header: Header, progress: Progress) -> None:
    """What is not in the snapshot is deleted. The caller checks the state and throws all away if it differs."""
    store.clear_for_snapshot()
    done = 0
    while batch := list(islice(found, _AT_ONCE)):
        store.put_entries([_row(*record) for record in batch if isinstance(record, tuple)])
        if isinstance(batch[-1], Tombstone):
            store.put_departed(record for record in batch if isinstance(record, Tombstone))
        done += len(batch)
        progress("快照 / snapshot", min(done, header.count), header.count)
    store.index_again()


def fill_bodies(store: Store, found: Iterator[Record], head: Head) -> int:
    """Take the bodies of entries that are in force without one; how many are still missing."""
    wanted = dict(store.without_body())
    header_of(found, head)
    for record in found:
        if isinstance(record, tuple) and wanted.get(record[1].data.entry) == record[1].data.revision:
            store.put_entries([_row(*record)])
            del wanted[record[1].data.entry]
    return len(wanted)


def header_of(found: Iterator[Record], head: Head) -> Header:
    """The first record, judged against the head. Raises SnapshotNewer or SnapshotMismatch."""
    header = next(found)
    if not isinstance(header, Header):
        raise SnapshotCutShort
    if header.sequence > head.size:
        raise SnapshotNewer
    at_head = header.sequence == head.size
    if header.sequence < head.forget_before or (at_head and (header.count, header.state) != (head.count, head.state)):
        raise SnapshotMismatch
    return header


def _row(line: bytes, entry: Entry) -> EntryRow:
    data = entry.data
    # millions of times: written out, without the calls of row_of
    bucket = int.from_bytes(sha256(data.entry.encode("ascii")).digest()[:2], "big")
    return data.entry, data.revision, entry.sequence, bucket, entry.canary, data.kind, data.unit_code, line
