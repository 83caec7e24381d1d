"""A first sync of a million entries beside bare inserts of the same rows; state and proof of a million entries.

``MIRROR_ENTRIES`` sets how many. The publisher is a file and a log in memory: what is measured is the mirror alone.
"""

from __future__ import annotations

import os
import sqlite3
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from sync.conformance.publisher import NOW, Publisher
from sync.mirror.client import Agreement, Mirror
from sync.mirror.digests import compute_all
from sync.mirror.fetch import Answer
from sync.mirror.receipt import prove_everything
from sync.mirror.store import Store
from sync.wire.encoding import b64url
from sync.wire.head import Head, sign_head
from sync.wire.ids import entry_id
from sync.wire.keys import sign_key_list
from sync.wire.merkle import frontier_at, leaf_hash, node_hash
from sync.wire.snapshot import Header, entry_line, write_snapshot
from sync.wire.state import StateTree
from sync.wire.tiles import parse_tile_path, tile_bytes
from tests.benchmarks.figures import peak_mib, report, timed

ENTRIES = int(os.environ.get("MIRROR_ENTRIES", "1000000"))
pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(1800)]


class BigPublisher:
    """One head, one snapshot, one log: a fetcher."""

    def __init__(self, folder: Path, count: int) -> None:
        self._publisher = Publisher("bureau")
        self._levels = _log(count)
        names = sorted(entry_id("listing", sha256(b"entry%d" % index).digest()) for index in range(count))
        state = StateTree((name, 1) for name in names)
        origin, keys = self._publisher.origin, self._publisher.log_keys
        root = frontier_at(count, self._node).root()
        self._head = sign_head(
            Head(origin, count, root, count, state.root(), NOW, NOW + timedelta(hours=1), count), keys
        ).encode()
        self._keys = sign_key_list(self._publisher.keys, self._publisher.roots).encode()
        header = Header(count, 1, count, state.root())
        self.file = folder / "snapshot.ndjson"
        with self.file.open("wb") as file:
            lines = (_line(name, index + 1) for index, name in enumerate(names))
            for block in write_snapshot(origin, header, lines, (), keys):
                file.write(block)

    def _node(self, level: int, index: int) -> bytes:
        return self._levels[level][index]

    def get(self, path: str, *, limit: int, etag: str = "") -> Answer:
        """Keys, head, tiles."""
        if path == "/v1/keys":
            return Answer(200, {}, self._keys)
        rest = path.removeprefix("/v1/streams/bureau/")
        if rest == "head":
            return Answer(200, {}, self._head)
        return Answer(200, {}, tile_bytes(parse_tile_path(rest.partition("/")[2]), self._node))

    def open(self, path: str) -> tuple[Answer, Iterator[bytes]]:
        """The snapshot, as blocks come from a socket."""
        return Answer(200, {}), self._blocks()

    def _blocks(self) -> Iterator[bytes]:
        with self.file.open("rb") as file:
            while block := file.read(65536):
                yield block

    def post(self, path: str, body: bytes, *, content_type: str, limit: int) -> Answer:
        """Nothing is sent here."""
        raise NotImplementedError


def _log(count: int) -> list[list[bytes]]:
    levels = [[leaf_hash(sha256(b"leaf%d" % index).digest()) for index in range(count)]]
    while len(levels[-1]) > 1:
        below = levels[-1]
        levels.append([node_hash(below[at], below[at + 1]) for at in range(0, len(below) - 1, 2)])
    return levels


def _line(entry: str, sequence: int) -> bytes:
    """As long as real ones are."""
    data = {
        "entry": entry, "kind": "listing", "revision": 1, "debtor_kind": "person", "name": f"测试{sequence}", "sex": "male",
        "age": 40, "subject": b64url(sha256(entry.encode()).digest()), "court_code": "豫0105",
        "court_name": "郑州市金水区人民法院", "case_number": f"（2026）豫0105执{sequence}号", "filed_on": "2026-01-05",
        "basis_number": "（2025）豫0105民初1号", "basis_issuer": "郑州市金水区人民法院", "obligation": "给付货款及利息",
        "performance": "none", "grounds": ["property_report"], "published_on": "2026-03-01", "until": "2028-02-29",
    }  # fmt: skip
    return entry_line(data, sequence)


def test_first_sync_and_proof_of_a_million(tmp_path: Path) -> None:
    feed = BigPublisher(tmp_path, ENTRIES)
    best, proofs, bares, processor = [], [], [], []
    for attempt in range(3):
        copy = tmp_path / f"copy{attempt}.sqlite"
        store = Store(copy)
        with timed() as syncing:
            told = Mirror(store, feed, Agreement("bureau")).refresh(NOW)
        assert told.from_snapshot and told.count == ENTRIES
        used = time.process_time()
        with timed() as proving:
            root = compute_all(store)
            prove_everything(b"n" * 32, store)
        processor.append(time.process_time() - used)
        assert store.count() == ENTRIES and root
        store.close()
        bares.append(_bare(tmp_path / f"bare{attempt}.sqlite", copy))
        best.append(syncing.seconds)
        proofs.append(proving.seconds)
    report("first sync by snapshot, verified, beside bare inserts of the same rows", ENTRIES, min(best), min(bares))
    seconds = f"{min(proofs):.2f} s, of the processor {min(processor):.2f} s"
    sys.stdout.write(f"FIGURE state and proof of {ENTRIES:,} entries: {seconds}; peak {peak_mib():,.0f} MiB\n")


def _bare(path: Path, copy: Path) -> float:
    """The same rows into the same table, by the driver, nothing checked; rows in memory, one transaction, same safety."""
    source = sqlite3.connect(copy)
    rows = source.execute("SELECT * FROM entries").fetchall()
    schema = [
        row[0] for row in source.execute("SELECT sql FROM sqlite_master WHERE tbl_name = 'entries' AND sql NOT NULL")
    ]
    source.close()
    connection = sqlite3.connect(path, isolation_level=None)
    connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON;")
    places = ", ".join("?" * len(rows[0]))
    table, indexes = schema[0], schema[1:]
    with timed() as bare:
        connection.execute("BEGIN")
        connection.execute(table)
        connection.executemany(f"INSERT INTO entries VALUES ({places})", rows)
        for index in indexes:
            connection.execute(index)
        connection.execute("COMMIT")
    connection.close()
    return bare.seconds
