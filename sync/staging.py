"""From a sealed file to staged rows: parsed, compared with the register, sealed again row by row.

Works in chunks, each a transaction of its own, so that a long file holds up nobody. A batch whose parsing was cut off is
parsed anew from its file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import Conflict
from creditsvc.kernel.load import courts
from creditsvc.kernel.sheets.read import read_file
from creditsvc.kernel.text import Bilingual
from creditsvc.register.tables import Listing
from creditsvc.services import Services
from creditsvc.storage.bulk import insert_rows
from creditsvc.storage.sealed_files import open_spooled
from sync.inbound.parse import digest_input, parse_rows, row_key_parts
from sync.inbound.records import Fault, InboundRecord
from sync.tables_intake import RECEIVED, Batch, BatchFault, BatchRow

CHUNK = 1000
KEY_BYTES = 16
_NONCE = 12
encoder = msgspec.json.Encoder()
decoder = msgspec.json.Decoder(InboundRecord)


@dataclass
class Tally:
    """Counts while a file is read."""

    rows: int = 0
    staged: int = 0
    unchanged: int = 0
    changed: int = 0
    quarantined: int = 0
    refused: int = 0
    orders: int = 0
    persons: int = 0
    courts: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)


def batch_key_name(batch_id: int) -> str:
    """Under which name the key database holds a batch's key."""
    return f"batch:{batch_id}"


def batch_folder(services: Services) -> Path:
    """Where sealed files lie."""
    return services.settings.home / "batches"


def file_path(services: Services, batch_id: int) -> Path:
    """Where a batch's sealed file lies."""
    return batch_folder(services) / f"{batch_id}.sealed"


def clear_batch(services: Services, batch_id: int, now: datetime) -> None:
    """Destroy a finished batch's key, and with it its staged rows and its file wherever copies of them are."""
    services.vault.destroy(batch_key_name(batch_id), at=now)
    file_path(services, batch_id).unlink(missing_ok=True)


class Digests:
    """Keyed digests of rows: which row it is, and what it says."""

    def __init__(self, services: Services) -> None:
        self._key = hmac.HMAC(services.keyring.secret("row/key/1"), hashes.SHA256())
        self._content = hmac.HMAC(services.keyring.secret("row/content/1"), hashes.SHA256())

    def of(self, record: InboundRecord) -> tuple[bytes, bytes]:
        """Key and content digest, 16 bytes each."""
        key = self._key.copy()
        key.update("\0".join(row_key_parts(record)).encode())
        content = self._content.copy()
        content.update(digest_input(record))
        return key.finalize()[:KEY_BYTES], content.finalize()[:KEY_BYTES]


def seal_row(cipher: AESGCM, batch_id: int, record: InboundRecord, nonce: bytes) -> bytes:
    """A record under the batch's key, bound to its place."""
    return nonce + cipher.encrypt(nonce, encoder.encode(record), f"{batch_id}:{record.row}".encode())


def open_row(cipher: AESGCM, batch_id: int, row_number: int, sealed: bytes) -> InboundRecord:
    """The record of a staged row."""
    clear = cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], f"{batch_id}:{row_number}".encode())
    return decoder.decode(clear)


def find_batch(session: Session, batch_id: int, *, to_change: bool = False) -> Batch | None:
    """The batch, if there is one; locked if it is to be changed."""
    query = select(Batch).where(Batch.id == batch_id)
    return session.scalar(query.with_for_update() if to_change else query)


def own_reading(session: Session, services: Services, batch_id: int, key: bytes) -> Batch:
    """The batch, locked, if this reading is still the one that counts.

    Raises ``Conflict`` if it was withdrawn, or if the same file came again meanwhile and is read under another key.
    """
    batch, name = find_batch(session, batch_id, to_change=True), batch_key_name(batch_id)
    if batch is None or batch.state != RECEIVED or services.vault.keys_of([name]).get(name) != key:
        raise Conflict(
            Bilingual(
                "同一文件又被上传或者批次已撤回，本次读取停止；请查看批次列表",
                "the same file came again, or the batch was taken back; this reading stops: look at the list of batches",
            ),
            code="batch-overtaken",
        )
    return batch


def stage(services: Services, batch: Batch, key: bytes, *, now: datetime, progress: Any = None) -> Tally:
    """Read the whole file; every row is staged, or has its faults. Raises what ``read_file`` raises."""
    with services.database.writing() as session:
        own_reading(session, services, batch.id, key)
        for table in (BatchRow, BatchFault):
            session.execute(delete(table).where(table.batch_id == batch.id))
    tally, stager = Tally(), _Stager(services, batch, key)
    with open_spooled(file_path(services, batch.id), key) as file:
        read = read_file(file)
        outcomes = parse_rows(read, courts=courts(), received_on=legal_day(now))
        for chunk in _chunks(outcomes):
            with services.database.writing() as session:
                own_reading(session, services, batch.id, key)
                stager.keep(session, [_in_reach(item, batch.court_code) for item in chunk], tally)
            if progress is not None:
                progress(tally)
    return tally


Outcome = InboundRecord | tuple[Fault, ...]


def _chunks(outcomes: Iterable[Outcome]) -> Iterator[list[Outcome]]:
    iterator = iter(outcomes)
    while chunk := list(islice(iterator, CHUNK)):
        yield chunk


def _in_reach(item: Outcome, court_code: str | None) -> Outcome:
    """Only the listing court, or one above it, decides about an entry (I15): others' rows are refused."""
    if isinstance(item, tuple) or (court_code is not None and item.court_code.startswith(court_code)):
        return item
    return (
        Fault(
            item.row,
            "court_name",
            "court_name",
            "court-not-yours",
            Bilingual(
                "不是本院或者下级法院的案件，应由执行法院自行报送",
                "another court's case: that court must send it itself",
            ),
            "refused",
        ),
    )


class _Stager:
    """Writes chunks of outcomes."""

    def __init__(self, services: Services, batch: Batch, key: bytes) -> None:
        self._batch_id = batch.id
        self._cipher = AESGCM(key)
        self._digests = Digests(services)
        self._count = 0

    def keep(self, session: Session, chunk: Sequence[Outcome], tally: Tally) -> None:
        """Stage records, note faults."""
        records = [item for item in chunk if isinstance(item, InboundRecord)]
        digests = {record.row: self._digests.of(record) for record in records}
        known = _known(session, [key for key, _ in digests.values()])
        rows = [self._row(record, *digests[record.row], known) for record in records]
        faults = [_fault_row(self._batch_id, fault) for item in chunk if isinstance(item, tuple) for fault in item]
        insert_rows(session, BatchRow, rows)
        insert_rows(session, BatchFault, faults)
        _count(tally, chunk, rows, records)

    def _row(self, record: InboundRecord, key: bytes, digest: bytes, known: dict[bytes, bytes]) -> dict[str, Any]:
        before = known.get(key)
        state = "staged" if before is None else "unchanged" if before == digest else "changed"
        self._count += 1
        nonce = self._count.to_bytes(_NONCE, "big")
        sealed = None if state == "unchanged" else seal_row(self._cipher, self._batch_id, record, nonce)
        return {"batch_id": self._batch_id, "row_number": record.row, "state": state, "row_key": key, "row_digest": digest,
                "sealed": sealed}  # fmt: skip


def _known(session: Session, keys: Sequence[bytes]) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = {}
    for start in range(0, len(keys), 500):
        query = select(Listing.row_key, Listing.row_digest).where(Listing.row_key.in_(keys[start : start + 500]))
        found.update({bytes(key): bytes(digest) for key, digest in session.execute(query)})
    return found


def _fault_row(batch_id: int, fault: Fault) -> dict[str, Any]:
    return {"batch_id": batch_id, "row_number": fault.row, "column": fault.column[:64], "header": (fault.header or "")[:128],
            "code": fault.code, "zh": fault.text.zh, "en": fault.text.en, "severity": fault.severity}  # fmt: skip


def _count(
    tally: Tally, chunk: Sequence[Outcome], rows: Sequence[dict[str, Any]], records: Sequence[InboundRecord]
) -> None:
    tally.rows += len(chunk)
    states = Counter(row["state"] for row in rows)
    tally.staged += states["staged"]
    tally.unchanged += states["unchanged"]
    tally.changed += states["changed"]
    staged = {row["row_number"] for row in rows if row["state"] == "staged"}
    for record in records:
        if record.row in staged:
            tally.courts[record.court_code] += 1
            tally.orders += record.order_number is not None
            tally.persons += record.debtor_kind.value == "person"
    for item in chunk:
        if isinstance(item, tuple):
            severe = any(fault.severity == "refused" for fault in item)
            tally.refused += severe
            tally.quarantined += not severe
            tally.codes.update({fault.code for fault in item})
