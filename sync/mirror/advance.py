"""From where the copy stands to a head that was trusted. All inside one transaction of the caller."""

from __future__ import annotations

from dataclasses import dataclass, field

from sync.mirror import snapshots
from sync.mirror.apply import Changes, pull
from sync.mirror.digests import compute_all, compute_touched
from sync.mirror.errors import ConsistencyMissing, LogMismatch, SnapshotMismatch, SnapshotMissing
from sync.mirror.feed import Absent, Feed, Gone, OverdueHere
from sync.mirror.heal import heal
from sync.mirror.progress import Progress
from sync.mirror.store import Position, Store
from sync.mirror.trouble import PublisherUnreachable
from sync.wire.errors import FormatInvalid, ProofInvalid
from sync.wire.head import Head
from sync.wire.keys import KeyList
from sync.wire.merkle import Frontier, consistency_proof, frontier_at, verify_consistency
from sync.wire.snapshot import Header
from sync.wire.tiles import Tile, TileNodes

SNAPSHOT_RATHER = 20_000
"""Events behind the head from which a snapshot is the shorter way."""


@dataclass(slots=True)
class Report:
    """What one pass found and did."""

    sequence: int = 0
    count: int = 0
    changes: Changes = field(default_factory=Changes)
    from_snapshot: bool = False
    healed: int = 0
    slips: int = 0
    receipt: bool = False
    overdue: bool = False
    witnesses: tuple[str, ...] = ()
    """Who cosigned the head."""


class Advance:
    """One way to one head."""

    def __init__(self, feed: Feed, store: Store, head: Head, keys: KeyList, *, progress: Progress) -> None:
        self._feed = feed
        self._store = store
        self._head = head
        self._keys = keys
        self._progress = progress

    def run(self, report: Report, *, whole: bool) -> None:
        """Snapshot if needed, events, log root, state root; heals by the signed state where only the state differs.

        ``whole``: hash every line of the copy again, not only the touched buckets, so that a damaged file is noticed.
        """
        head, store, position = self._head, self._store, self._store.position()
        if self._wants_snapshot(position):
            position, report.from_snapshot = self._by_snapshot(position)
        try:
            report.changes = self._pull(position)
        except Gone:
            position, report.from_snapshot = self._by_snapshot(position)
            report.changes = self._pull(position)
        except (Absent, OverdueHere):
            raise PublisherUnreachable(reason="events") from None
        if position.frontier.root() != head.root:
            raise LogMismatch
        if report.changes.withheld:
            store.put("overdue", "1")
        self._settle_state(report, whole=whole)
        store.move_to(position)

    def _pull(self, position: Position) -> Changes:
        head = self._head
        return pull(self._feed, self._store, position, head.origin, upto=head.size, progress=self._progress)

    def heal(self) -> int:
        """Lines by the signed state, bodies from the snapshot; bodies that can't be had stay missing, and say so."""
        store = self._store
        try:
            changed = heal(self._feed, store, self._head)
        except (Absent, Gone, OverdueHere):
            raise PublisherUnreachable(reason="state") from None
        if store.count() != self._head.count:
            raise SnapshotMismatch
        if store.without_body():
            self._fill_bodies()
        store.put("slip_cursor", "")
        return changed

    def _fill_bodies(self) -> None:
        try:
            found = snapshots.records(self._feed, self._head, self._keys)
            snapshots.fill_bodies(self._store, found, self._head)
        except Absent:
            return
        except OverdueHere:
            self._store.put("overdue", "1")

    def _settle_state(self, report: Report, *, whole: bool) -> None:
        store, head = self._store, self._head
        # a snapshot's lines have just been hashed, every one: what came behind it has touched the rest
        whole = (whole and not report.from_snapshot) or store.group(0) is None
        root = compute_all(store) if whole else compute_touched(store, report.changes.touched)
        if (root, store.count()) != (head.state, head.count):
            report.healed = self.heal()

    def _wants_snapshot(self, position: Position) -> bool:
        fresh = not self._store.number("synced") and self._head.size > 0
        far = self._head.size - position.cursor > SNAPSHOT_RATHER
        behind = position.cursor < self._head.forget_before
        return fresh or far or behind or bool(self._store.number("overdue"))

    def _by_snapshot(self, position: Position) -> tuple[Position, bool]:
        """Where the copy stands after the latest snapshot; unchanged if there is none to have and none is needed."""
        can_do_without = position.cursor >= self._head.forget_before
        try:
            return self._replace(position), True
        except Absent:
            if can_do_without:
                return position, False
            raise SnapshotMissing from None
        except OverdueHere:
            self._store.put("overdue", "1")
            if can_do_without:
                return position, False
            raise

    def _replace(self, position: Position) -> Position:
        head, store = self._head, self._store
        found = snapshots.records(self._feed, head, self._keys)
        header = snapshots.header_of(found, head)
        frontier = self._frontier_at(header, position)
        snapshots.replace_all(store, found, header, self._progress)
        if compute_all(store) != header.state or store.count() != header.count:
            raise SnapshotMismatch
        store.put("overdue", "")
        store.put("slip_cursor", "")
        return Position(frontier)

    def _frontier_at(self, header: Header, position: Position) -> Frontier:
        """The log's frontier at the snapshot, from tiles; proved to lie between the log that we know and the head."""
        nodes = TileNodes(self._head.size, self._tile)
        try:
            self._prove_continued(position.frontier, nodes)
            if header.sequence == position.cursor:
                return position.frontier.copy()
            frontier = frontier_at(header.sequence, nodes)
            self._prove_continued(frontier, nodes)
        except (FormatInvalid, ProofInvalid):
            raise ConsistencyMissing from None
        return frontier

    def _prove_continued(self, frontier: Frontier, nodes: TileNodes) -> None:
        verify_consistency(
            first=frontier.size,
            second=self._head.size,
            first_root=frontier.root(),
            second_root=self._head.root,
            proof=consistency_proof(frontier.size, self._head.size, nodes),
        )

    def _tile(self, tile: Tile) -> bytes:
        try:
            return self._feed.get(f"{self._head.origin.epoch}/{tile.path}").body
        except (Absent, Gone, OverdueHere):
            if self._store.number("synced") or self._head.forget_before:
                raise ConsistencyMissing from None
            raise Absent from None
