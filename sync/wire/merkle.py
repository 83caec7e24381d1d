"""The log's tree: RFC 6962 section 2.1 hashes, proofs, and a frontier that grows with 64 hashes of memory. Pure.

Proofs are built from *complete* nodes: ``node(level, index)`` is the hash over leaves ``index << level`` to
``(index + 1) << level``. Where nodes are kept (memory, table, tiles) is the caller's business.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from sync.wire.errors import FormatInvalid, ProofInvalid

Node = Callable[[int, int], bytes]
EMPTY_ROOT = sha256(b"").digest()


def leaf_hash(data: bytes) -> bytes:
    """SHA-256(0x00 ‖ data)."""
    return sha256(b"\0" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 ‖ left ‖ right)."""
    return sha256(b"\1" + left + right).digest()


def tree_hash(leaves: Iterable[bytes]) -> bytes:
    """The root over leaf data, all in memory."""
    level = [leaf_hash(data) for data in leaves]
    if not level:
        return EMPTY_ROOT
    while len(level) > 1:
        pairs = [node_hash(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
        level = pairs + level[len(pairs) * 2 :]
    return level[0]


@dataclass(slots=True)
class Frontier:
    """The complete subtrees of a growing tree, widest first: enough to append and to give the root."""

    size: int = 0
    hashes: list[bytes] = field(default_factory=list)

    def append(self, leaf: bytes) -> list[tuple[int, int, bytes]]:
        """Take one *leaf hash*; gives the nodes completed by it as (level, index, hash), the leaf first."""
        index, level = self.size, 0
        completed = [(0, index, leaf)]
        self.hashes.append(leaf)
        while index & 1:
            right, left = self.hashes.pop(), self.hashes.pop()
            index, level = index >> 1, level + 1
            self.hashes.append(node_hash(left, right))
            completed.append((level, index, self.hashes[-1]))
        self.size += 1
        return completed

    def root(self) -> bytes:
        """The root of the tree at this size."""
        if not self.hashes:
            return EMPTY_ROOT
        root = self.hashes[-1]
        for left in reversed(self.hashes[:-1]):
            root = node_hash(left, root)
        return root

    def copy(self) -> Frontier:
        """One that can grow apart."""
        return Frontier(self.size, list(self.hashes))

    def stored(self) -> bytes:
        """Its hashes, to keep beside the size."""
        return b"".join(self.hashes)


def load_frontier(size: int, stored: bytes) -> Frontier:
    """The frontier of ``size`` leaves from :meth:`Frontier.stored`. Raises FormatInvalid."""
    if size < 0 or len(stored) != 32 * size.bit_count():
        raise FormatInvalid("frontier", "hashes that don't fit the size")
    return Frontier(size, [stored[at : at + 32] for at in range(0, len(stored), 32)])


def frontier_at(size: int, node: Node) -> Frontier:
    """The frontier of the first ``size`` leaves, from complete nodes."""
    hashes, start = [], 0
    for level in reversed(range(size.bit_length())):
        if size >> level & 1:
            hashes.append(node(level, start >> level))
            start += 1 << level
    return Frontier(size, hashes)


class Tree:
    """A whole tree in memory, for tests, witnesses and small logs."""

    def __init__(self, leaves: Iterable[bytes] = ()) -> None:
        self.frontier = Frontier()
        self._nodes: dict[tuple[int, int], bytes] = {}
        for data in leaves:
            self.append(data)

    @property
    def size(self) -> int:
        """How many leaves."""
        return self.frontier.size

    def append(self, data: bytes) -> None:
        """Take one leaf's *data*."""
        self._nodes.update(((level, i), hash_) for level, i, hash_ in self.frontier.append(leaf_hash(data)))

    def node(self, level: int, index: int) -> bytes:
        """A complete node; KeyError if it isn't complete."""
        return self._nodes[level, index]

    def root(self, size: int | None = None) -> bytes:
        """The root, now or when it had ``size`` leaves."""
        return self.frontier.root() if size is None else frontier_at(size, self.node).root()


def _range(start: int, end: int, node: Node) -> bytes:
    width = end - start
    if width & (width - 1) == 0:
        level = width.bit_length() - 1
        return node(level, start >> level)
    split = start + _split(width)
    return node_hash(_range(start, split, node), _range(split, end, node))


def _split(width: int) -> int:
    """The largest power of two below ``width``."""
    return 1 << ((width - 1).bit_length() - 1)


def inclusion_proof(index: int, size: int, node: Node) -> list[bytes]:
    """PATH(index, D[size]) of RFC 6962 2.1.1, nearest first."""
    if not 0 <= index < size:
        raise ValueError("no such leaf")
    start, end, proof = 0, size, []
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            proof.append(_range(middle, end, node))
            end = middle
        else:
            proof.append(_range(start, middle, node))
            start = middle
    return proof[::-1]


def verify_inclusion(*, index: int, size: int, leaf: bytes, root: bytes, proof: Sequence[bytes]) -> None:
    """Check a *leaf hash* against a root (RFC 9162 2.1.3.2). Raises ProofInvalid."""
    if not 0 <= index < size:
        raise ProofInvalid
    place, last, found = index, size - 1, leaf
    for step in proof:
        if last == 0:
            raise ProofInvalid
        if place & 1 or place == last:
            found = node_hash(step, found)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            found = node_hash(found, step)
        place, last = place >> 1, last >> 1
    if last != 0 or found != root:
        raise ProofInvalid


def consistency_proof(first: int, second: int, node: Node) -> list[bytes]:
    """PROOF(first, D[second]) of RFC 6962 2.1.2; empty for first 0 or equal sizes."""
    if not 0 <= first <= second:
        raise ValueError("sizes out of order")
    if first in {0, second}:
        return []
    start, end, whole = 0, second, True
    proof: list[bytes] = []
    size = first
    while size != end - start:
        split = _split(end - start)
        if size <= split:
            proof.append(_range(start + split, end, node))
            end = start + split
        else:
            proof.append(_range(start, start + split, node))
            start, size, whole = start + split, size - split, False
    if not whole:
        proof.append(_range(start, end, node))
    return proof[::-1]


def verify_consistency(
    *, first: int, second: int, first_root: bytes, second_root: bytes, proof: Sequence[bytes]
) -> None:
    """Check that the second tree continues the first (RFC 9162 2.1.4.2). Raises ProofInvalid."""
    if not 0 <= first <= second:
        raise ProofInvalid
    if first in {0, second}:
        if proof or first_root != (second_root if first else EMPTY_ROOT):
            raise ProofInvalid
        return
    path = list(proof)
    if first & (first - 1) == 0:
        path.insert(0, first_root)
    if not path or _both_roots(first, second, path) != (first_root, second_root):
        raise ProofInvalid


def _both_roots(first: int, second: int, path: Sequence[bytes]) -> tuple[bytes, bytes]:
    place, last = first - 1, second - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old = new = path[0]
    for step in path[1:]:
        if last == 0:
            raise ProofInvalid
        if place & 1 or place == last:
            old, new = node_hash(step, old), node_hash(step, new)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            new = node_hash(new, step)
        place, last = place >> 1, last >> 1
    if last != 0:
        raise ProofInvalid
    return old, new
