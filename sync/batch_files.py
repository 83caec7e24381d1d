"""Where a batch's file lies, which keys it is under, and how its rows are sealed.

Two keys a batch: one for its staged rows, destroyed when they are applied; one for the file as it came and the rows that
wait, destroyed when their time is over.
"""

from __future__ import annotations

import secrets
from datetime import datetime
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import select
from sqlalchemy.orm import Session

from creditsvc.kernel.errors import Gone
from creditsvc.kernel.text import Bilingual
from creditsvc.services import Services
from sync.inbound.parse import listing_key_parts, row_key_parts
from sync.inbound.records import Inbound, InboundChange, InboundOrder, InboundRecord
from sync.inbound.shapes import Shape
from sync.tables_intake import Batch

KEY_BYTES = 16
_NONCE = 12
_encoder = msgspec.json.Encoder()
_DECODERS: dict[str, msgspec.json.Decoder[InboundRecord | InboundOrder | InboundChange]] = {
    shape.value: msgspec.json.Decoder(
        {Shape.LISTING: InboundRecord, Shape.ORDER: InboundOrder}.get(shape, InboundChange)
    )
    for shape in Shape
}


def rows_key_name(batch_id: int) -> str:
    """Under which name the key database holds the key of a batch's staged rows."""
    return f"batch:{batch_id}"


def original_key_name(batch_id: int) -> str:
    """Under which name it holds the key of the file as it came. The key is also the fence of its reading."""
    return f"original:{batch_id}"


def batch_folder(services: Services) -> Path:
    """Where sealed files lie."""
    return services.settings.home / "batches"


def file_path(services: Services, batch_id: int) -> Path:
    """Where a batch's sealed file lies."""
    return batch_folder(services) / f"{batch_id}.sealed"


def original_key(services: Services, batch_id: int) -> bytes:
    """The key of the file as it came; raises ``Gone`` when its time is over."""
    name = original_key_name(batch_id)
    key = services.vault.keys_of([name]).get(name)
    if key is None or not file_path(services, batch_id).exists():
        raise Gone(
            Bilingual("原始文件的保存期已过，已经销毁", "the file as it came has been destroyed: its time is over"),
            code="original-gone",
        )
    return key


def forget_rows(services: Services, batch_id: int, now: datetime) -> None:
    """Destroy the key of a batch's staged rows, wherever copies of them are."""
    services.vault.destroy(rows_key_name(batch_id), at=now)


def forget_original(services: Services, batch_id: int, now: datetime) -> None:
    """Destroy the file as it came."""
    services.vault.destroy(original_key_name(batch_id), at=now)
    file_path(services, batch_id).unlink(missing_ok=True)


def find_batch(session: Session, batch_id: int, *, to_change: bool = False) -> Batch | None:
    """The batch, if there is one; locked if it is to be changed."""
    query = select(Batch).where(Batch.id == batch_id)
    return session.scalar(query.with_for_update() if to_change else query)


def shape_of(record: Inbound) -> Shape:
    """The shape that a record was read from."""
    if isinstance(record, InboundRecord):
        return Shape.LISTING
    return Shape.ORDER if isinstance(record, InboundOrder) else Shape(record.shape)


class Digests:
    """Keyed digests of rows: which row it is, and what it says."""

    def __init__(self, services: Services) -> None:
        self._key = hmac.HMAC(services.keyring.secret("row/key/1"), hashes.SHA256())
        self._content = hmac.HMAC(services.keyring.secret("row/content/1"), hashes.SHA256())

    def of(self, record: Inbound, said: bytes) -> tuple[bytes, bytes]:
        """Key and content digest, 16 bytes each; ``said`` is the encoded record, of which the row's number is no part."""
        content = self._content.copy()
        content.update(said[said.index(b",") :])
        return self._of_parts(row_key_parts(record)), content.finalize()[:KEY_BYTES]

    def entry_key(self, record: Inbound, decision: str) -> bytes:
        """The key of the listing that this decision made for the same debtor in the same case; of any, if empty."""
        return self._of_parts(listing_key_parts(record, decision))

    def order_key(self, record: Inbound, order: str) -> bytes:
        """The same of an order."""
        return self._of_parts(("order", *listing_key_parts(record, order)))

    def _of_parts(self, parts: tuple[str, ...]) -> bytes:
        key = self._key.copy()
        key.update("\0".join(parts).encode())
        return key.finalize()[:KEY_BYTES]


def encoded(record: Inbound) -> bytes:
    """A record as it is sealed; its first member is the row's number."""
    return _encoder.encode(record)


def seal_row(cipher: AESGCM, batch_id: int, row: int, said: bytes, nonce: bytes) -> bytes:
    """An encoded record under the key of the batch's rows, bound to its place."""
    return nonce + cipher.encrypt(nonce, said, f"{batch_id}:{row}".encode())


def open_row(cipher: AESGCM, batch_id: int, row_number: int, sealed: bytes, shape: str) -> Inbound:
    """The record of a staged row."""
    clear = cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], f"{batch_id}:{row_number}".encode())
    return _DECODERS[shape].decode(clear)


def row_nonce(number: int) -> bytes:
    """The nonce of the so-manyeth row under a key."""
    return number.to_bytes(_NONCE, "big")


def seal_cells(key: bytes, label: str, cells: dict[str, str]) -> bytes:
    """Cells of a row that waits, under the key of the file."""
    nonce = secrets.token_bytes(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, _encoder.encode(cells), f"cells:{label}".encode())


def open_cells(key: bytes, label: str, sealed: bytes) -> dict[str, str]:
    """What ``seal_cells`` has sealed."""
    clear = AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], f"cells:{label}".encode())
    return msgspec.json.decode(clear, type=dict[str, str])
