"""What the stand-in holds, and how it takes a row: by key and version, each version once, ends for good.

It keeps its records in a file of its own (SQLite), as a platform keeps them in its own house.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from creditsvc.kernel.identity import resident_check_digit, uscc_check_digit
from sync.platform.shape.profile import Operation, Profile
from sync.platform.shape.rows import row_digest

_TABLES = """
CREATE TABLE IF NOT EXISTS record (key TEXT PRIMARY KEY, version INTEGER, status TEXT, court TEXT, name TEXT, number TEXT);
CREATE TABLE IF NOT EXISTS batch (number TEXT PRIMARY KEY, rows INTEGER, lane TEXT, note TEXT);
CREATE TABLE IF NOT EXISTS answer (message TEXT PRIMARY KEY, outcome TEXT, text TEXT);
CREATE TABLE IF NOT EXISTS outgoing (id INTEGER PRIMARY KEY AUTOINCREMENT, what TEXT, body TEXT, taken INTEGER DEFAULT 0);
"""


class Verdict(NamedTuple):
    """What became of a row, in our words."""

    result: str
    means: str = ""
    field: str = ""


class Ledger:
    """The records of one stand-in."""

    def __init__(self, file: Path, profile: Profile) -> None:
        self.profile = profile
        self._lock = threading.RLock()
        self._db = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
        self._db.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;" + _TABLES)
        self._places: dict[str, str] = {}
        for column in profile.columns:
            self._places.setdefault(column.source, column.name)
        self._operations = self._reversed("operation")
        self._statuses = self._reversed("status")
        self._shapes = self._reversed("debtor_kind")

    def _reversed(self, source: str) -> dict[str, str]:
        codes = next((self.profile.codes[c.codes] for c in self.profile.columns if c.source == source and c.codes), {})
        return {theirs: ours for ours, theirs in codes.items()}

    def value(self, row: Mapping[str, Any], source: str) -> str:
        """What a row has for one of our fields."""
        found = row.get(self._places.get(source, ""))
        return "" if found is None else str(found)

    def operation(self, row: Mapping[str, Any]) -> str:
        """``I``, ``U`` or ``D``."""
        raw = self.value(row, "operation")
        return self._operations.get(raw, raw)

    def take(self, row: Mapping[str, Any], shape: str) -> Verdict:
        """Take one row in."""
        wrong = self._wrong(row, shape)
        if wrong is not None:
            return wrong
        key, version, operation = self.value(row, "key"), int(self.value(row, "version")), self.operation(row)
        with self._lock:
            held = self._db.execute("SELECT version, status FROM record WHERE key = ?", (key,)).fetchone()
            if operation == Operation.DELETE:
                return self._end(key, version, held)
            if operation == Operation.UPDATE and held is None:
                return Verdict("rejected", "unknown_key", self._places["key"])
            if held is not None and (held[0] > version or held[1] == "ended"):
                return Verdict("superseded")
            if held is not None and held[0] == version:
                return Verdict("duplicate")
            values = (
                key,
                version,
                "listed",
                self.value(row, "court_code"),
                self.value(row, "name"),
                self.value(row, "number"),
            )
            self._db.execute("INSERT OR REPLACE INTO record VALUES (?, ?, ?, ?, ?, ?)", values)
        return Verdict("accepted")

    def _end(self, key: str, version: int, held: tuple[int, str] | None) -> Verdict:
        if held is None:
            return Verdict("rejected", "unknown_key", self._places["key"])
        if held[1] == "ended":
            return Verdict("duplicate")
        if held[0] > version:
            return Verdict("superseded")
        self._db.execute(
            "UPDATE record SET version = ?, status = 'ended', name = '', number = '' WHERE key = ?", (version, key)
        )
        return Verdict("accepted")

    def _wrong(self, row: Mapping[str, Any], shape: str) -> Verdict | None:
        if not self.value(row, "key") or not self.value(row, "version").isdigit():
            return Verdict("rejected", "missing", self._places["key"])
        if (place := self._places.get("hash")) and not self._digest_fits(row, place):
            return Verdict("rejected", "hash", place)
        if self.operation(row) == Operation.DELETE:
            return None
        for column in self.profile.columns:
            if shape in column.must and row.get(column.name) in (None, ""):
                return Verdict("rejected", "missing", column.name)
        number = self.value(row, "number")
        if number and not _number_fits(number):
            return Verdict("rejected", "identity", self._places["number"])
        return None

    def _digest_fits(self, row: Mapping[str, Any], place: str) -> bool:
        values = [None if column.name == place else row.get(column.name) for column in self.profile.columns]
        return row_digest([None if value in (None, "") else str(value) for value in values]) == str(row[place])

    def shape_of(self, row: Mapping[str, Any]) -> str:
        """Whom a row is about, where one place holds both."""
        raw = self.value(row, "debtor_kind")
        return self._shapes.get(raw, raw) or "person"

    def knows_batch(self, number: str) -> bool:
        """Whether a batch was taken before."""
        with self._lock:
            return self._db.execute("SELECT 1 FROM batch WHERE number = ?", (number,)).fetchone() is not None

    def batches(self) -> set[str]:
        """Numbers of every batch that was taken."""
        with self._lock:
            return {number for (number,) in self._db.execute("SELECT number FROM batch")}

    def keep_batch(self, number: str, rows: int, note: str) -> None:
        """Remember a batch."""
        with self._lock:
            self._db.execute("INSERT OR IGNORE INTO batch VALUES (?, ?, '', ?)", (number, rows, note))

    def transaction(self) -> Any:
        """Many rows at once."""
        return _Transaction(self._db, self._lock)

    def holdings(self) -> list[dict[str, Any]]:
        """Every record in the profile's columns for holdings."""
        side = self.profile.holdings
        if side is None:
            return []
        words = {ours: theirs for theirs, ours in self.profile.held.items()}
        with self._lock:
            rows = self._db.execute("SELECT key, version, status, court FROM record ORDER BY key").fetchall()
        return [
            {column.name: {"key": key, "version": version, "status": words[status], "court": court}.get(column.source)
             for column in side.columns}
            for key, version, status, court in rows
        ]  # fmt: skip

    def state(self) -> dict[str, tuple[int, str]]:
        """Version and status by key."""
        with self._lock:
            rows = self._db.execute("SELECT key, version, status FROM record")
            return {key: (version, status) for key, version, status in rows}

    def numbers(self) -> dict[str, str]:
        """Identity numbers by key, as this platform holds them."""
        with self._lock:
            return dict(self._db.execute("SELECT key, number FROM record"))

    def put_record(self, key: str, version: int, status: str, court: str = "") -> None:
        """Hold a record that nobody sent: what a platform has from somewhere else."""
        with self._lock:
            self._db.execute("INSERT OR REPLACE INTO record VALUES (?, ?, ?, ?, '', '')", (key, version, status, court))

    def keep_answer(self, message: str, outcome: str, text: str) -> None:
        """An answer to one of its messages."""
        with self._lock:
            self._db.execute("INSERT OR IGNORE INTO answer VALUES (?, ?, ?)", (message, outcome, text))

    def answers(self) -> dict[str, tuple[str, str]]:
        """Outcome and text by message."""
        with self._lock:
            rows = self._db.execute("SELECT message, outcome, text FROM answer")
            return {message: (outcome, text) for message, outcome, text in rows}

    def queue(self, what: str, bodies: Sequence[str]) -> None:
        """What waits to be fetched over HTTP."""
        with self._lock:
            self._db.executemany("INSERT INTO outgoing (what, body) VALUES (?, ?)", [(what, body) for body in bodies])

    def waiting(self, what: str, limit: int = 1000) -> Iterator[tuple[int, str]]:
        """What was not fetched yet."""
        with self._lock:
            rows = self._db.execute(
                "SELECT id, body FROM outgoing WHERE what = ? AND taken = 0 ORDER BY id LIMIT ?", (what, limit)
            ).fetchall()
        yield from rows

    def fetched(self, ids: Sequence[int]) -> None:
        """It has been fetched."""
        with self._lock:
            self._db.executemany("UPDATE outgoing SET taken = 1 WHERE id = ?", [(id_,) for id_ in ids])

    def close(self) -> None:
        """Close the file."""
        self._db.close()


class _Transaction:
    def __init__(self, db: sqlite3.Connection, lock: Any) -> None:
        self._db, self._lock = db, lock

    def __enter__(self) -> None:
        self._lock.acquire()
        self._db.execute("BEGIN")

    def __exit__(self, kind: object, *_rest: object) -> None:
        self._db.execute("COMMIT" if kind is None else "ROLLBACK")
        self._lock.release()


def _number_fits(number: str) -> bool:
    if len(number) != 18:
        return True
    if number[:17].isdigit():
        return number[17] == resident_check_digit(number[:17]) or number[17] == uscc_check_digit(number[:17])
    return number[17] == uscc_check_digit(number[:17])
