"""The rows that can't be taken, as the sender wrote them, in his own format, with one column that says what is wrong.

Read from the sealed original, so nothing of it is stored in clear; the column is known to the reader and read past, so the
file can be put right and sent again as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import select

from creditsvc.kernel.sheets.read import read_file
from creditsvc.kernel.sheets.table import BrokenRow
from creditsvc.kernel.sheets.write import MEDIA, write_table
from creditsvc.kernel.text import Bilingual
from creditsvc.services import Services
from creditsvc.storage.sealed_files import open_spooled
from sync.batch_files import file_path, original_key
from sync.inbound.load import names_row
from sync.tables_intake import Batch, BatchFault

COLUMN = Bilingual("本行问题", "row_problem")
FATES = {"refused": Bilingual("退回", "refused"), "quarantine": Bilingual("待补正", "waits")}
_PAGE = 2000


class FaultFile(NamedTuple):
    """A file to hand out."""

    media_type: str
    extension: str
    pieces: Iterator[bytes]


def fault_file(services: Services, batch: Batch, *, english: bool = False) -> FaultFile:
    """The faulty rows of a batch; raises ``Gone`` when the original has been destroyed."""
    key = original_key(services, batch.id)
    file = open_spooled(file_path(services, batch.id), key)
    table = read_file(file, known=names_row)
    headers = _Grown(table.headers, COLUMN.en if english else COLUMN.zh)

    def rows() -> Iterator[Sequence[Any]]:
        with file:
            wanted = _problems(services, batch.id, english)
            number, problem = next(wanted, (0, ""))
            for row, cells in table.rows:
                while number and number < row:
                    number, problem = next(wanted, (0, ""))
                if not number:
                    return
                if number == row:
                    width = len(table.headers)
                    kept = [] if isinstance(cells, BrokenRow) else [_plain(cell) for cell in cells[:width]]
                    yield [*kept, *([None] * (width - len(kept))), problem]

    pieces = write_table(table.format, headers, rows(), encoding=table.encoding, delimiter=table.delimiter)
    return FaultFile(MEDIA[table.format], table.format, pieces)


class _Grown(Sequence[str]):
    """The sender's headers, which may grow while JSON is read, and ours behind them."""

    def __init__(self, headers: Sequence[str], last: str) -> None:
        self._headers, self._last = headers, last

    def __len__(self) -> int:
        return len(self._headers) + 1

    def __getitem__(self, place: Any) -> Any:
        return [*self._headers, self._last][place]


def _plain(cell: Any) -> Any:
    """Figures stay figures; a workbook's days are written as days."""
    return cell if cell is None or isinstance(cell, str | int | float | bool) else str(cell)


def _problems(services: Services, batch_id: int, english: bool) -> Iterator[tuple[int, str]]:
    """Row numbers in order, each with everything that is wrong with it."""
    last, row, said = (0, 0), 0, list[str]()
    while True:
        with services.database.reading() as session:
            query = select(BatchFault).where(BatchFault.batch_id == batch_id)
            after = (BatchFault.row_number > last[0]) | ((BatchFault.row_number == last[0]) & (BatchFault.id > last[1]))
            faults = session.scalars(
                query.where(after).order_by(BatchFault.row_number, BatchFault.id).limit(_PAGE)
            ).all()
        for fault in faults:
            if fault.row_number != row and said:
                yield row, _joined(row, said, english)
                said = []
            row = fault.row_number
            fate = FATES[fault.severity]
            said.append(
                f"[{fate.en if english else fate.zh}] {fault.header or fault.column} {fault.code}: {fault.en if english else fault.zh}"
            )
            last = (fault.row_number, fault.id)
        if len(faults) < _PAGE:
            if said:
                yield row, _joined(row, said, english)
            return


def _joined(row: int, said: list[str], english: bool) -> str:
    return (f"row {row}: " if english else f"第 {row} 行：") + ("; " if english else "；").join(said)
