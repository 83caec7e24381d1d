"""Sealed cells: a value that only this row and this column can open.

Format: ``0x01 | suite | kid(4) | nonce(12) | ciphertext and tag``; suite 1 is AES-256-GCM. The associated data name
table, column, row and subject, so a cell that is moved anywhere else does not open. A data key belongs to one
subject and seals few cells, so random 96-bit nonces stay far below the limit of NIST SP 800-38D.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from creditsvc.kernel.errors import CreditServiceError
from creditsvc.kernel.text import Bilingual

VERSION = 1
AES_256_GCM = 1
_HEADER = 6
_NONCE = 12
_BODY = _HEADER + _NONCE
_MARK = bytes([VERSION, AES_256_GCM])
_KID_LENGTH = (4).to_bytes(4, "big")


class CellDamaged(CreditServiceError):
    """A cell that does not open: moved, changed, or its key is gone."""

    default_code = "cell-damaged"

    def __init__(self) -> None:
        super().__init__(Bilingual("密文无法打开，请报告管理员", "a sealed value does not open; tell the operator"))


@dataclass(frozen=True, slots=True)
class Place:
    """Where a cell stands."""

    table: str
    column: str
    row: str
    subject: str = ""


def _part(part: bytes) -> bytes:
    return len(part).to_bytes(4, "big") + part


@lru_cache(maxsize=256)
def _associated_head(table: str, column: str) -> bytes:
    parts = (b"list-cell-v1", bytes([AES_256_GCM]), table.encode(), column.encode())
    return b"".join(map(_part, parts))


def _associated(place: Place, kid: bytes) -> bytes:
    row, subject = place.row.encode(), place.subject.encode()
    return _associated_head(place.table, place.column) + _part(row) + _part(subject) + _part(kid)


def seal(key: bytes, kid: bytes, place: Place, value: bytes) -> bytes:
    """The cell that holds ``value`` at ``place`` under a 32-byte key."""
    nonce = secrets.token_bytes(_NONCE)
    return bytes([VERSION, AES_256_GCM]) + kid + nonce + AESGCM(key).encrypt(nonce, value, _associated(place, kid))


def unseal(key: bytes, place: Place, cell: bytes) -> bytes:
    """The value in a cell; raises ``CellDamaged`` if anything about it is not as it was sealed."""
    if len(cell) < _HEADER + _NONCE or cell[0] != VERSION or cell[1] != AES_256_GCM:
        raise CellDamaged
    kid, nonce = cell[2:_HEADER], cell[_HEADER : _HEADER + _NONCE]
    try:
        return AESGCM(key).decrypt(nonce, cell[_HEADER + _NONCE :], _associated(place, kid))
    except InvalidTag:
        raise CellDamaged from None


def own_opener(table: str, column: str) -> Callable[[AESGCM, str, bytes], bytes]:
    """Opens cells whose row is their subject, as ``unseal`` does, when there are thousands of them.

    The opener takes a key's cipher, the row and the cell; it raises ``CellDamaged``.
    """
    head = _associated_head(table, column)

    def opened(cipher: AESGCM, row: str, cell: bytes) -> bytes:
        if len(cell) < _HEADER + _NONCE or cell[:2] != _MARK:
            raise CellDamaged
        own = _part(row.encode())
        try:
            return cipher.decrypt(cell[_HEADER:_BODY], cell[_BODY:], head + own + own + _KID_LENGTH + cell[2:_HEADER])
        except InvalidTag:
            raise CellDamaged from None

    return opened
