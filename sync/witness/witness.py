"""A witness: remembers how far each log was, cosigns what continues it, and answers in the protocol's own words.

What it has seen is on disk before its cosignature leaves: after a crash it never vouches for two histories.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sync.wire.errors import FormatInvalid, ProofInvalid, SignatureInvalid
from sync.wire.head import parse_head
from sync.wire.keys import KeyList
from sync.wire.notes import Signer, VerifierKey, parse_note
from sync.wire.origins import Origin
from sync.wire.witness import NOTHING_SEEN, SIZE_TYPE, Seen, SizeDiffers, answer_bytes, judge, parse_ask

PLAIN = "text/plain; charset=utf-8"
_BEIJING = ZoneInfo("Asia/Shanghai")
_TABLE = "CREATE TABLE IF NOT EXISTS seen (origin TEXT PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL)"


@dataclass(frozen=True, slots=True)
class Reply:
    """Status, type and body of an answer."""

    status: int
    kind: str
    body: bytes


def witness_signer(folder: Path, name: str) -> Signer:
    """The witness's key in its folder, made with fresh randomness at the first start (folder 0700, file 0400)."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / "witness.key"
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
        with os.fdopen(descriptor, "wb") as file:
            file.write(Ed25519PrivateKey.generate().private_bytes_raw())
            file.flush()
            os.fsync(file.fileno())
    return Signer(name, Ed25519PrivateKey.from_private_bytes(path.read_bytes()))


class Witness:
    """One witness with its memory in a folder. ``keys`` gives the list of keys that it trusts now."""

    def __init__(self, folder: Path, signer: Signer, keys: Callable[[], KeyList]) -> None:
        self._path, self._signer, self._keys = folder / "seen.sqlite", signer, keys

    @property
    def verifier(self) -> VerifierKey:
        """Its public key, for the list of keys."""
        return self._signer.cosigner

    def reply(self, raw: bytes, *, at: datetime) -> Reply:
        """What ``POST add-checkpoint`` answers: 200 with the cosignature, 400, 403, 404, 409 with the size, or 422."""
        try:
            return Reply(200, PLAIN, self.add_checkpoint(raw, at=at))
        except SizeDiffers as differs:
            return Reply(409, SIZE_TYPE, b"%d\n" % differs.size)
        except ProofInvalid:
            return Reply(422, PLAIN, b"the checkpoint does not continue what was seen\n")
        except SignatureInvalid:
            return Reply(403, PLAIN, b"not signed by a key of this log\n")
        except LookupError:
            return Reply(404, PLAIN, b"no such log\n")
        except FormatInvalid:
            return Reply(400, PLAIN, b"not a question\n")

    def add_checkpoint(self, raw: bytes, *, at: datetime) -> bytes:
        """The cosignature line. Raises as ``judge``, and LookupError for a log that the list of keys doesn't name."""
        question = parse_ask(raw)
        claimed = parse_head(parse_note(question.checkpoint).text)
        keys = self._keys()
        origin = claimed.origin
        on = claimed.published.astimezone(_BEIJING).date()
        known = keys.stream_keys(origin.stream, origin.epoch, on=on)
        if origin.host != keys.host or origin.epoch not in keys.epochs(origin.stream):
            raise LookupError(origin.text)
        with self._remembering() as memory:
            head = judge(question, known, _seen(memory, origin))
            memory.execute(
                "INSERT INTO seen (origin, size, root) VALUES (?, ?, ?) "
                "ON CONFLICT (origin) DO UPDATE SET size = excluded.size, root = excluded.root",
                (origin.text, head.size, head.root),
            )
        return answer_bytes(question.checkpoint, self._signer, at=at)

    @contextmanager
    def _remembering(self) -> Iterator[sqlite3.Connection]:
        """One transaction: whoever is in it is alone."""
        memory = sqlite3.connect(self._path, timeout=30, isolation_level=None)
        try:
            memory.execute("PRAGMA synchronous=FULL")
            memory.execute("BEGIN IMMEDIATE")
            memory.execute(_TABLE)
            yield memory
            memory.execute("COMMIT")
        except BaseException:
            if memory.in_transaction:
                memory.execute("ROLLBACK")
            raise
        finally:
            memory.close()


def _seen(memory: sqlite3.Connection, origin: Origin) -> Seen:
    row = memory.execute("SELECT size, root FROM seen WHERE origin = ?", (origin.text,)).fetchone()
    return Seen(int(row[0]), bytes(row[1])) if row else NOTHING_SEEN
