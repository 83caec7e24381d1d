"""The local copy: one SQLite file in which state and cursor move together.

Numbers of people are never in it: bodies have subjects, and slips are kept as tokens under a key beside the file.
A row of ``entries`` without ``line`` is in force but its body has not come yet (healed while the publisher withholds).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sync.wire.merkle import Frontier, load_frontier
from sync.wire.snapshot import Tombstone
from sync.wire.state import bucket_number, lines_of

_SCHEMA = """
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS entries (
    entry TEXT PRIMARY KEY, revision INTEGER NOT NULL, sequence INTEGER NOT NULL, bucket INTEGER NOT NULL,
    canary INTEGER NOT NULL, kind TEXT NOT NULL, unit_code TEXT, line BLOB);
CREATE TABLE IF NOT EXISTS departed (
    entry TEXT PRIMARY KEY, sequence INTEGER NOT NULL, exit TEXT NOT NULL, effect TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS departed_sequence ON departed (sequence);
CREATE TABLE IF NOT EXISTS slips (entry TEXT PRIMARY KEY, revision INTEGER NOT NULL, token TEXT) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS slips_token ON slips (token);
CREATE TABLE IF NOT EXISTS role_slips (
    token TEXT NOT NULL, entry TEXT NOT NULL, subject TEXT NOT NULL, PRIMARY KEY (token, entry, subject)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS role_slips_entry ON role_slips (entry);
CREATE TABLE IF NOT EXISTS groups (number INTEGER PRIMARY KEY, buckets BLOB NOT NULL, digest BLOB NOT NULL);
"""
_INDEXES = """
CREATE INDEX IF NOT EXISTS entries_state ON entries (bucket, entry, revision);
CREATE INDEX IF NOT EXISTS entries_unit ON entries (unit_code) WHERE unit_code IS NOT NULL;
"""
_INSERT = (
    "INSERT OR REPLACE INTO entries (entry, revision, sequence, bucket, canary, kind, unit_code, line)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
EntryRow = tuple[str, int, int, int, bool, str, str | None, bytes | None]
"""entry, revision, sequence, bucket, canary, kind, unit code, the snapshot line that holds its data."""


@dataclass(slots=True)
class Position:
    """Applied up to ``cursor``, the log's frontier there with it."""

    frontier: Frontier

    @property
    def cursor(self) -> int:
        """The sequence of the last event applied."""
        return self.frontier.size


class Store:
    """One directory's copy. Writes happen inside :meth:`transaction` alone."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None, timeout=30)
        self._db.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON;")
        self._db.executescript(_SCHEMA + _INDEXES)

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of it or nothing, also when the process is killed."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    # What is known about the feed as a whole

    def text(self, name: str) -> str:
        """A fact as text; empty if there is none."""
        row = self._db.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return "" if row is None else bytes(row[0]).decode("utf-8")

    def number(self, name: str) -> int:
        """A fact as a number; 0 if there is none."""
        return int(self.text(name) or 0)

    def put(self, name: str, value: str | int) -> None:
        """Set a fact."""
        self._put(name, str(value).encode("utf-8"))

    def _put(self, name: str, value: bytes) -> None:
        self._db.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))

    def position(self) -> Position:
        """Where the copy stands."""
        row = self._db.execute("SELECT value FROM facts WHERE name = 'frontier'").fetchone()
        return Position(load_frontier(self.number("cursor"), b"" if row is None else bytes(row[0])))

    def move_to(self, position: Position) -> None:
        """Set cursor and frontier, in the transaction that applied the data."""
        self.put("cursor", position.cursor)
        self._put("frontier", position.frontier.stored())

    # Entries

    def revision(self, entry: str) -> int | None:
        """The revision in force, or none."""
        row = self._db.execute("SELECT revision FROM entries WHERE entry = ?", (entry,)).fetchone()
        return None if row is None else int(row[0])

    def has_departed(self, entry: str) -> bool:
        """Whether the entry has left, which is final."""
        return self._db.execute("SELECT 1 FROM departed WHERE entry = ?", (entry,)).fetchone() is not None

    def line(self, entry: str) -> bytes | None:
        """The snapshot line of an entry in force."""
        row = self._db.execute("SELECT line FROM entries WHERE entry = ?", (entry,)).fetchone()
        return None if row is None or row[0] is None else bytes(row[0])

    def put_entries(self, rows: Iterable[EntryRow]) -> None:
        """Add or replace entries."""
        self._db.executemany(_INSERT, rows)

    def drop_entries(self, entries: Sequence[str]) -> None:
        """Delete entries with their slips."""
        for table in ("entries", "slips", "role_slips"):
            self._db.executemany(f"DELETE FROM {table} WHERE entry = ?", ((entry,) for entry in entries))

    def put_departed(self, tombstones: Iterable[Tombstone]) -> None:
        """Remember that entries have left."""
        rows = ((stone.entry, stone.sequence, stone.exit, stone.effect) for stone in tombstones)
        self._db.executemany("INSERT OR REPLACE INTO departed VALUES (?, ?, ?, ?)", rows)

    def departed_between(self, after: int, upto: int) -> list[str]:
        """Entries removed with after < sequence ≤ upto, canaries too."""
        query = "SELECT entry FROM departed WHERE sequence > ? AND sequence <= ?"
        return [row[0] for row in self._db.execute(query, (after, upto))]

    def clear_for_snapshot(self) -> None:
        """Take everything out before a snapshot's lines come in; indexes are made again by :meth:`index_again`."""
        self._db.execute("DROP INDEX IF EXISTS entries_state")
        self._db.execute("DROP INDEX IF EXISTS entries_unit")
        self._db.execute("DELETE FROM entries")
        self._db.execute("DELETE FROM departed")

    def empty(self) -> int:
        """Take out everything about anybody, tombstones and digests too; how many entries that were, now or when it was
        begun before. What was overwritten is overwritten in the file as well."""
        with self.transaction():
            gone = self.number("emptied") or self.count()
            for table in ("entries", "departed", "slips", "role_slips", "groups"):
                self._db.execute(f"DELETE FROM {table}")
            self.put("emptied", gone)
            self.put("synced", "")
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return gone

    def index_again(self) -> None:
        """After a snapshot: the indexes, and slips of entries that are gone go too."""
        for statement in _INDEXES.strip().split(";\n"):
            self._db.execute(statement.rstrip(";"))
        for table in ("slips", "role_slips"):
            self._db.execute(f"DELETE FROM {table} WHERE entry NOT IN (SELECT entry FROM entries)")

    def without_body(self) -> list[tuple[str, int]]:
        """Entries in force whose body is missing, with their revision."""
        query = "SELECT entry, revision FROM entries WHERE line IS NULL"
        return [(row[0], row[1]) for row in self._db.execute(query)]

    def count(self) -> int:
        """How many entries are in force, canaries with them."""
        return int(self._db.execute("SELECT count(*) FROM entries").fetchone()[0])

    def counts(self) -> dict[str, int]:
        """How many entries, canaries, departed and slips."""
        query = (
            "SELECT (SELECT count(*) FROM entries), (SELECT count(*) FROM entries WHERE canary),"
            " (SELECT count(*) FROM departed), (SELECT count(*) FROM slips),"
            " (SELECT count(*) FROM entries WHERE line IS NULL)"
        )
        names = ("entries", "canaries", "departed", "slips", "without_body")
        return dict(zip(names, self._db.execute(query).fetchone(), strict=True))

    # State

    def state_rows(self) -> Iterator[tuple[int, str, int]]:
        """(bucket, entry, revision) of all that is in force, ascending."""
        yield from self._db.execute("SELECT bucket, entry, revision FROM entries ORDER BY bucket, entry")

    def lines_by_bucket(self) -> Iterator[tuple[int, bytes]]:
        """(bucket, its sorted lines) of every bucket that isn't empty, ascending: joined by the database, which walks
        the index in that order. Whoever hashes them finds out if it ever didn't."""
        query = (
            "SELECT bucket, CAST(group_concat(entry || ':' || revision || char(10), '') AS BLOB)"
            " FROM (SELECT bucket, entry, revision FROM entries ORDER BY bucket, entry) GROUP BY bucket ORDER BY bucket"
        )
        yield from self._db.execute(query)

    def bucket_lines(self, number: int) -> bytes:
        """The sorted lines of one bucket."""
        query = "SELECT entry, revision FROM entries WHERE bucket = ?"
        return lines_of(self._db.execute(query, (number,)))

    def group(self, number: int) -> tuple[bytes, bytes] | None:
        """A group's bucket digests, one behind another, and its own digest."""
        row = self._db.execute("SELECT buckets, digest FROM groups WHERE number = ?", (number,)).fetchone()
        return None if row is None else (bytes(row[0]), bytes(row[1]))

    def put_groups(self, rows: Iterable[tuple[int, bytes, bytes]]) -> None:
        """Keep digests of groups."""
        self._db.executemany("INSERT OR REPLACE INTO groups VALUES (?, ?, ?)", rows)

    # Who is behind an entry

    def put_slip(self, entry: str, revision: int, token: str | None, roles: Sequence[tuple[str, str]]) -> None:
        """Keep a slip's tokens; ``roles`` are (subject, token)."""
        self._db.execute("INSERT OR REPLACE INTO slips VALUES (?, ?, ?)", (entry, revision, token))
        self._db.execute("DELETE FROM role_slips WHERE entry = ?", (entry,))
        rows = ((role_token, entry, subject) for subject, role_token in roles)
        self._db.executemany("INSERT OR REPLACE INTO role_slips VALUES (?, ?, ?)", rows)

    def lines_of_token(self, token: str) -> list[bytes]:
        """Lines of the entries of one person's token; canaries are shown to nobody."""
        query = "SELECT e.line FROM slips s JOIN entries e USING (entry) WHERE s.token = ? AND NOT e.canary"
        return [bytes(row[0]) for row in self._db.execute(query, (token,)) if row[0] is not None]

    def lines_of_unit(self, unit_code: str) -> list[bytes]:
        """Lines of an organisation's entries, without canaries."""
        query = "SELECT line FROM entries WHERE unit_code = ? AND NOT canary"
        return [bytes(row[0]) for row in self._db.execute(query, (unit_code,)) if row[0] is not None]

    def roles_of_token(self, token: str) -> list[tuple[str, bytes]]:
        """(subject, line) of units' entries in which a person has a role, without canaries."""
        query = (
            "SELECT r.subject, e.line FROM role_slips r JOIN entries e USING (entry) WHERE r.token = ? AND NOT e.canary"
        )
        return [(row[0], bytes(row[1])) for row in self._db.execute(query, (token,)) if row[1] is not None]

    def persons_without_slip(self) -> int:
        """Persons' entries that can't be matched yet, since their slip has not come."""
        query = (
            "SELECT count(*) FROM entries e WHERE unit_code IS NULL AND NOT canary"
            " AND NOT EXISTS (SELECT 1 FROM slips s WHERE s.entry = e.entry)"
        )
        return int(self._db.execute(query).fetchone()[0])


def row_of(
    entry: str, *, revision: int, sequence: int, canary: bool, kind: str, unit_code: str | None, line: bytes | None
) -> EntryRow:
    """A row, with its bucket."""
    return (entry, revision, sequence, bucket_number(entry), canary, kind, unit_code, line)
