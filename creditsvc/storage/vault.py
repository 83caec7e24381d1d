"""The vault: data keys of subjects, and the blind index by which an identity number is found.

Data keys are wrapped under the root secret and stand in a database of their own, with its own shorter backups, so that
an old backup of the register can't bring a shredded person back. A data key is committed before the row that uses it.
The index is keyed (HMAC-SHA-256, 16 bytes): an unkeyed hash of an identity number is undone in seconds.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import LargeBinary, MetaData, String, delete, insert, select, update
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from creditsvc.storage.base import NAMING, Instant
from creditsvc.storage.bulk import insert_rows
from creditsvc.storage.cells import CellDamaged, Place, own_opener, seal, unseal
from creditsvc.storage.engine import Database
from creditsvc.storage.keyring import KEY_BYTES, Keyring

TOKEN_BYTES = 16
_LOOKUP_CHUNK = 500
_MANY = 5000
_KEY_COLUMN = ("subject_key", "wrapped")


class KeyBase(DeclarativeBase):
    """Tables of the key database."""

    metadata = MetaData(naming_convention=NAMING)


class SubjectKey(KeyBase):
    """One subject's data key. ``destroyed_at`` is a tombstone: such a key never comes back."""

    __tablename__ = "subject_key"

    subject_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    wrapped: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(Instant)
    destroyed_at: Mapped[datetime | None] = mapped_column(Instant)


class Vault:
    """Keys and index. Holds no clear number longer than a call."""

    def __init__(self, keyring: Keyring, keys: Database) -> None:
        self.keyring = keyring
        self._keys = keys
        self._index = hmac.HMAC(keyring.secret("blind/id_no/1"), hashes.SHA256())
        self._wrap = keyring.secret("wrap/1")

    def token(self, canonical: str) -> bytes:
        """The 16-byte index token of a canonical number (``type:number``)."""
        mac = self._index.copy()
        mac.update(b"id_no\0" + canonical.encode())
        return mac.finalize()[:TOKEN_BYTES]

    def new_keys(self, subject_ids: Iterable[str], *, at: datetime) -> dict[str, bytes]:
        """Fresh data keys, committed in the key database before this returns."""
        made = {subject: secrets.token_bytes(KEY_BYTES) for subject in subject_ids}
        rows = [
            {"subject_id": subject, "wrapped": self._wrapped(subject, key), "created_at": at}
            for subject, key in made.items()
        ]
        if rows:
            with self._keys.writing() as session:
                insert_rows(session, SubjectKey, rows)
        return made

    def keep_key(self, name: str, key: bytes, *, at: datetime) -> None:
        """Keep a key under a name, in place of an earlier one that is destroyed or was never used."""
        with self._keys.writing() as session:
            session.execute(delete(SubjectKey).where(SubjectKey.subject_id == name))
            row = {"subject_id": name, "wrapped": self._wrapped(name, key), "created_at": at}
            session.execute(insert(SubjectKey), [row])

    def keys_of(self, subject_ids: Iterable[str]) -> dict[str, bytes]:
        """Data keys by subject; a subject whose key was destroyed is absent."""
        wanted = list(dict.fromkeys(subject_ids))
        with self._keys.reading() as session:
            wrapped = _wrapped_of(session, wanted)
        cipher, unwrap = AESGCM(self._wrap), own_opener(*_KEY_COLUMN)
        return {subject: unwrap(cipher, subject, cell) for subject, cell in wrapped if cell is not None}

    def seal(self, key: bytes, place: Place, text: str) -> bytes:
        """A cell for a text under a subject's data key."""
        return seal(key, self.keyring.kid, place, text.encode())

    def open(self, key: bytes | None, place: Place, cell: bytes) -> str:
        """The text of a cell; raises ``CellDamaged`` also when the key is gone."""
        if key is None:
            raise CellDamaged
        return unseal(key, place, cell).decode()

    def open_many(self, cells: Mapping[str, bytes], *, table: str, column: str) -> dict[str, str]:
        """Texts of one column by subject, for cells whose row *is* the subject; destroyed ones are absent."""
        keys, opened = self.keys_of(cells), own_opener(table, column)
        return {
            subject: opened(AESGCM(keys[subject]), subject, cell).decode()
            for subject, cell in cells.items()
            if subject in keys
        }

    def destroy(self, subject_id: str, *, at: datetime) -> None:
        """Shred: the key is overwritten and the tombstone stays."""
        with self._keys.writing() as session:
            session.execute(
                update(SubjectKey).where(SubjectKey.subject_id == subject_id).values(wrapped=None, destroyed_at=at)
            )

    def _wrapped(self, subject: str, key: bytes) -> bytes:
        return seal(self._wrap, self.keyring.kid, _key_place(subject), key)


def _wrapped_of(session: Session, wanted: Sequence[str]) -> list[tuple[str, bytes | None]]:
    """Wrapped keys by subject. A whole list's at once are asked for by the driver's own statement."""
    connection, found = session.connection(), list[tuple[str, bytes | None]]()
    if connection.dialect.name != "sqlite" and len(wanted) > _LOOKUP_CHUNK:
        for start in range(0, len(wanted), _MANY):
            some = wanted[start : start + _MANY]
            with connection.connection.driver_connection.cursor(binary=True) as cursor:  # type: ignore[union-attr]
                # as one text: the driver writes a list out item by item
                query = "SELECT subject_id, wrapped FROM subject_key WHERE subject_id = ANY(string_to_array(%s, ','))"
                cursor.execute(query, (",".join(some),))
                found += cursor.fetchall()
        return found
    for start in range(0, len(wanted), _LOOKUP_CHUNK):
        chunk = wanted[start : start + _LOOKUP_CHUNK]
        rows = connection.execute(
            select(SubjectKey.subject_id, SubjectKey.wrapped).where(SubjectKey.subject_id.in_(chunk))
        )
        found += [(subject, cell) for subject, cell in rows]
    return found


def _key_place(subject: str) -> Place:
    return Place(*_KEY_COLUMN, subject, subject)
