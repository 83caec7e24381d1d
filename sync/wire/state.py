"""The state in 65,536 buckets: 256 groups of 256. Only touched buckets are hashed again. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256

from sync.wire.encoding import parse_number
from sync.wire.errors import FormatInvalid
from sync.wire.ids import is_entry_id
from sync.wire.merkle import leaf_hash, node_hash, tree_hash

FAN = 256
BUCKETS = FAN * FAN
EMPTY_BUCKET = sha256(b"").digest()
EMPTY_GROUP = tree_hash([EMPTY_BUCKET] * FAN)
EMPTY_STATE = tree_hash([EMPTY_GROUP] * FAN)


def bucket_of(entry: str) -> tuple[int, int]:
    """The group and, in it, the bucket of an entry: the first two bytes of its SHA-256."""
    digest = sha256(entry.encode("ascii")).digest()
    return digest[0], digest[1]


def bucket_number(entry: str) -> int:
    """Group and bucket as one number, 0 to 65,535."""
    return int.from_bytes(sha256(entry.encode("ascii")).digest()[:2], "big")


def state_line(entry: str, revision: int) -> bytes:
    """``entry:revision`` and LF."""
    return f"{entry}:{revision}\n".encode("ascii")


def lines_of(entries: Iterable[tuple[str, int]]) -> bytes:
    """The lines of some entries, sorted bytewise."""
    return b"".join(sorted(state_line(entry, revision) for entry, revision in entries))


def parse_lines(raw: bytes) -> dict[str, int]:
    """Entry → revision of a bucket's lines, which must be sorted. Raises FormatInvalid."""
    found: dict[str, int] = {}
    for line in raw.split(b"\n")[:-1]:
        entry, _, revision = line.decode("ascii", "replace").partition(":")
        if not is_entry_id(entry):
            raise FormatInvalid("state", "not an entry")
        found[entry] = parse_number(revision, "state")
    if lines_of(found.items()) != raw:
        raise FormatInvalid("state", "lines out of order, doubled or without LF")
    return found


def bucket_digest(lines: bytes) -> bytes:
    """SHA-256 of a bucket's sorted lines."""
    return sha256(lines).digest()


def group_digest(buckets: Sequence[bytes]) -> bytes:
    """RFC 6962 tree hash over the 256 bucket digests as leaf data."""
    return _over(buckets)


class GroupTree:
    """The tree over a group's 256 bucket digests, kept whole: a changed bucket costs its eight nodes and no more."""

    def __init__(self, buckets: Sequence[bytes]) -> None:
        self._nodes = [b""] * FAN + [leaf_hash(digest) for digest in buckets]
        for place in range(FAN - 1, 0, -1):
            self._nodes[place] = node_hash(self._nodes[2 * place], self._nodes[2 * place + 1])

    def put(self, bucket: int, digest: bytes) -> None:
        """A bucket of the group (0 to 255) has another digest."""
        place = FAN + bucket
        self._nodes[place] = leaf_hash(digest)
        while place := place // 2:
            self._nodes[place] = node_hash(self._nodes[2 * place], self._nodes[2 * place + 1])

    @property
    def digest(self) -> bytes:
        """As ``group_digest`` of the same buckets."""
        return self._nodes[1]


def state_root(groups: Sequence[bytes]) -> bytes:
    """RFC 6962 tree hash over the 256 group digests as leaf data."""
    return _over(groups)


def _over(digests: Sequence[bytes]) -> bytes:
    if len(digests) != FAN:
        raise FormatInvalid("state", "not 256 digests")
    return tree_hash(digests)


class StateTree:
    """The state of a stream in memory: entries, the digests above them, and the root."""

    def __init__(self, entries: Iterable[tuple[str, int]] = ()) -> None:
        self._buckets: dict[int, dict[str, int]] = {}
        self._digests = [EMPTY_BUCKET] * BUCKETS
        self._groups = [EMPTY_GROUP] * FAN
        self._touched: set[int] = set()
        self._root = EMPTY_STATE
        self.count = 0
        for entry, revision in entries:
            self.put(entry, revision)

    def put(self, entry: str, revision: int) -> None:
        """Add an entry, or replace its revision."""
        number = bucket_number(entry)
        bucket = self._buckets.setdefault(number, {})
        self.count += entry not in bucket
        bucket[entry] = revision
        self._touched.add(number)

    def remove(self, entry: str) -> None:
        """Take an entry out; nothing happens if it isn't in."""
        number = bucket_number(entry)
        if self._buckets.get(number, {}).pop(entry, None) is not None:
            self.count -= 1
            self._touched.add(number)

    def revision(self, entry: str) -> int | None:
        """The revision in force, or none."""
        return self._buckets.get(bucket_number(entry), {}).get(entry)

    def entries(self) -> Iterator[tuple[str, int]]:
        """All that is in force, in no order."""
        for bucket in self._buckets.values():
            yield from bucket.items()

    def lines(self, number: int) -> bytes:
        """The sorted lines of a bucket (0 to 65,535)."""
        return lines_of(self._buckets.get(number, {}).items())

    def bucket_digests(self, group: int) -> list[bytes]:
        """The 256 bucket digests of a group."""
        self._rehash()
        return self._digests[group * FAN : group * FAN + FAN]

    def group_digests(self) -> list[bytes]:
        """The 256 group digests."""
        self._rehash()
        return list(self._groups)

    def root(self) -> bytes:
        """The state root."""
        self._rehash()
        return self._root

    def _rehash(self) -> None:
        if not self._touched:
            return
        for number in self._touched:
            self._digests[number] = bucket_digest(self.lines(number))
        for group in {number // FAN for number in self._touched}:
            self._groups[group] = group_digest(self._digests[group * FAN : group * FAN + FAN])
        self._touched.clear()
        self._root = state_root(self._groups)
