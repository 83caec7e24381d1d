"""From a sealed file to staged rows: parsed, held against the register, sealed again row by row.

Works in chunks: what a chunk needs is looked up and sealed first, then written in a short transaction of its own, so that
a long file holds up nobody. A batch whose parsing was cut off is parsed anew from its file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import Conflict
from creditsvc.kernel.load import courts
from creditsvc.kernel.sheets.read import read_file
from creditsvc.kernel.text import Bilingual
from creditsvc.services import Services
from creditsvc.storage.bulk import insert_alike
from creditsvc.storage.sealed_files import open_spooled
from sync.batch_files import (
    Digests,
    file_path,
    find_batch,
    open_row,
    original_key_name,
    row_nonce,
    seal_cells,
    seal_row,
    shape_of,
)
from sync.inbound.cells import Row
from sync.inbound.load import names_row
from sync.inbound.parse import PARSER, Outcome, duplicate, read_rows
from sync.inbound.records import Fault, Inbound
from sync.judging import Judged, judge
from sync.preview import Tally
from sync.tables_intake import RECEIVED, WAITING, Batch, BatchFault, BatchRow, WaitingRow

CHUNK = 2000
_ROW = ("batch_id", "row_number", "state", "shape", "rank", "court_code", "row_key", "row_digest", "sealed")
_FAULT = ("batch_id", "row_number", "column", "header", "code", "zh", "en", "severity")
_WAIT = ("batch_id", "row_number", "court_code", "codes", "state", "sealed", "version")


def own_reading(session: Session, services: Services, batch_id: int, key: bytes) -> Batch:
    """The batch, locked, if this reading is still the one that counts.

    Raises ``Conflict`` if it was withdrawn, or if the same file came again meanwhile and is read under another key.
    """
    batch, name = find_batch(session, batch_id, to_change=True), original_key_name(batch_id)
    if batch is None or batch.state != RECEIVED or services.vault.keys_of([name]).get(name) != key:
        raise Conflict(
            Bilingual(
                "同一文件又被上传或者批次已撤回，本次读取停止；请查看批次列表",
                "the same file came again, or the batch was taken back; this reading stops: look at the list of batches",
            ),
            code="batch-overtaken",
        )
    return batch


def stage(services: Services, batch: Batch, keys: tuple[bytes, bytes], *, now: datetime, progress: Any = None) -> Tally:
    """Read the whole file; every row is staged, waits, or has its faults. ``keys``: the file's, the staged rows'.

    Raises what ``read_file`` raises.
    """
    key, rows_key = keys
    with services.database.writing() as session:
        own_reading(session, services, batch.id, key)
        for model in (BatchRow, BatchFault, WaitingRow):
            session.execute(delete(model).where(model.batch_id == batch.id))
    tally, stager = Tally(), _Stager(services, batch, key, rows_key, now)
    with open_spooled(file_path(services, batch.id), key) as file:
        table = read_file(file, known=names_row)
        for chunk in _chunks(read_rows(table, courts=courts(), received_on=legal_day(now))):
            stager.prepare(chunk, tally)
            with services.database.writing() as session:
                own_reading(session, services, batch.id, key)
                stager.write(session)
            if progress is not None:
                progress(tally)
    with services.database.writing() as session:
        found = own_reading(session, services, batch.id, key)
        found.format, found.encoding, found.parser = table.format, table.encoding, PARSER
    stager.refuse_repeated(tally)
    return tally


Read = tuple[Outcome, Row | None]


def _chunks(outcomes: Iterable[Read]) -> Iterator[list[Read]]:
    iterator = iter(outcomes)
    while chunk := list(islice(iterator, CHUNK)):
        yield chunk


class _Stager:
    """Makes rows of chunks of outcomes."""

    def __init__(self, services: Services, batch: Batch, key: bytes, rows_key: bytes, now: datetime) -> None:
        self._services, self._batch, self._key, self._now = services, batch, key, now
        self._cipher, self._digests, self._count = AESGCM(rows_key), Digests(services), 0
        self._header = "case_code"
        self._rows: list[tuple[Any, ...]] = []
        self._faults: list[tuple[Any, ...]] = []
        self._waiting: list[tuple[Any, ...]] = []

    def prepare(self, chunk: Sequence[Read], tally: Tally) -> None:
        """Judge and seal a chunk; nothing is locked meanwhile."""
        self._rows, self._faults, self._waiting = [], [], []
        tally.rows += len(chunk)
        with self._services.database.reading() as session:
            judged = judge(
                session, self._services, self._digests, [outcome for outcome, _ in chunk],
                reach=self._batch.court_code, on=legal_day(self._now),
            )  # fmt: skip
        for (outcome, row), one in zip(chunk, judged, strict=True):
            if row is not None:
                self._header = row.plan.header("case_code")
            if one.faults:
                self._fault(one.faults, row, tally)
            if not isinstance(outcome, tuple) and one.state:
                self._take(outcome, one, tally)

    def _take(self, record: Inbound, one: Judged, tally: Tally) -> None:
        sealed = None
        if one.state == "staged":
            self._count += 1
            sealed = seal_row(self._cipher, self._batch.id, record.row, one.said, row_nonce(self._count))
            tally.take(record, one.court_code)
        else:
            tally.pass_over(one.state)
        shape = shape_of(record)
        rank = shape.rank if one.rank is None else one.rank
        self._rows.append(
            (self._batch.id, record.row, one.state, shape.value, rank, one.court_code, one.key, one.digest, sealed)
        )

    def _fault(self, faults: Sequence[Fault], row: Row | None, tally: Tally) -> None:
        tally.fault(faults)
        for fault in faults:
            self._faults.append(_fault_row(self._batch.id, fault))
        if row is not None and all(fault.severity == "quarantine" for fault in faults):
            number = row.number
            self._waiting.append((
                self._batch.id, number, court_told(row) or self._batch.court_code or "",
                sorted({fault.code for fault in faults}), WAITING,
                seal_cells(self._key, f"{self._batch.id}:{number}", told(row)), 1,
            ))  # fmt: skip

    def write(self, session: Session) -> None:
        """Write what was prepared, in the caller's transaction."""
        for table, names, rows in (
            (BatchRow, _ROW, self._rows), (BatchFault, _FAULT, self._faults), (WaitingRow, _WAIT, self._waiting),
        ):  # fmt: skip
            if rows:
                insert_alike(session, table, names, rows, {})

    def refuse_repeated(self, tally: Tally) -> None:
        """Rows that repeat an earlier one of the file. Told by the database, so that no file is held in memory."""
        while True:
            with self._services.database.writing() as session:
                own_reading(session, self._services, self._batch.id, self._key)
                rows = _repeated(session, self._batch.id)
                faults = [duplicate(row.row_number, self._header, first) for row, first in rows]
                for (row, _), fault in zip(rows, faults, strict=True):
                    self._give_back(row, fault, tally)
                    row.state, row.sealed = "repeated", None
                insert_alike(session, BatchFault, _FAULT, [_fault_row(self._batch.id, fault) for fault in faults], {})
            if len(rows) < CHUNK:
                return

    def _give_back(self, row: BatchRow, fault: Fault, tally: Tally) -> None:
        if row.sealed is not None:
            record = open_row(self._cipher, self._batch.id, row.row_number, row.sealed, row.shape)
            tally.take(record, row.court_code, times=-1)
        else:
            tally.pass_over(row.state, times=-1)
        tally.fault([fault])


def _repeated(session: Session, batch_id: int) -> Sequence[Any]:
    """The next rows whose key an earlier row of the batch has, each with that row's number."""
    live = (BatchRow.batch_id == batch_id, BatchRow.state != "repeated")
    first = func.min(BatchRow.row_number).label("first")
    keys = select(BatchRow.row_key, first).where(*live).group_by(BatchRow.row_key).having(func.count() > 1).subquery()
    query = (
        select(BatchRow, keys.c.first)
        .join(keys, keys.c.row_key == BatchRow.row_key)
        .where(*live, BatchRow.row_number != keys.c.first)
        .order_by(BatchRow.row_number)
        .limit(CHUNK)
    )
    return session.execute(query).all()


def told(row: Row) -> dict[str, str]:
    """What a row says, by our columns: the first filled cell of each, and every cell of a number."""
    cells: dict[str, str] = {"_shape": row.plan.shape.value if row.plan.shape else ""}
    for column in row.plan.places:
        found = row.raws(column)
        if found:
            cells[column] = "\n".join(map(str, found)) if column == "id_number" else str(found[0])
    return cells


def court_told(row: Row) -> str | None:
    """The court that a row names, where it can be told."""
    named, code = row.raw("court_name"), row.raw("court_code")
    court = (courts().resolve(str(named)) if named else None) or (courts().by_code(str(code)) if code else None)
    return court.code if court else None


def _fault_row(batch_id: int, fault: Fault) -> tuple[Any, ...]:
    return (batch_id, fault.row, fault.column[:64], (fault.header or "")[:128], fault.code, fault.text.zh, fault.text.en,
            fault.severity)  # fmt: skip
