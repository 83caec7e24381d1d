"""XLSX: measured before it is opened, since a small archive can hold a sheet that fills any memory. Pure."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from typing import Any

from creditsvc.kernel.sheets.file_faults import file_bomb, file_cut_off, file_type, header_missing, no_records
from creditsvc.kernel.sheets.table import MOST_COLUMNS, Cells, Table, too_wide

MOST_UNPACKED = 512 * 1024 * 1024
MOST_RATIO, RATIO_FROM = 50, 64 * 1024 * 1024
MOST_CELLS = 8_000_000
"""Of the rectangle that the first sheet spans: it is held whole, at some 125 bytes a cell, so this is a gibibyte."""
_PIECE, _OVERLAP = 1024 * 1024, 64
_PLACE = re.compile(rb"""\br\s*=\s*["']([A-Z]{0,3})([0-9]{1,7})["']""")


def read_xlsx(stream: io.RawIOBase) -> Table:
    """The table in the first sheet. Raises ``UnsupportedFile`` or ``InvalidInput``."""
    raw = stream.read() or b""
    _measure(raw)
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        sheet = CalamineWorkbook.from_filelike(io.BytesIO(raw)).get_sheet_by_index(0)
        rows = enumerate(sheet.iter_rows(), 1 + (sheet.start[0] if sheet.start else 0))
    except (CalamineError, OSError, IndexError, ValueError):
        raise file_type("ZIP") from None
    first = next(((number, row) for number, row in rows if _is_filled(row)), None)
    if first is None:
        raise no_records()
    headers = _headers(first[1])
    filled = _filled(rows, len(headers))
    second = next(filled, None)
    if second is None:
        raise no_records()
    return Table("xlsx", headers, _joined(second, filled))


def _headers(cells: Sequence[Any]) -> list[str]:
    headers = ["" if cell is None else str(cell).strip() for cell in cells]
    while headers and not headers[-1]:
        headers.pop()
    if not headers or len(headers) > MOST_COLUMNS:
        raise header_missing()
    return headers


def _is_filled(row: Sequence[Any]) -> bool:
    return any(cell is not None and cell != "" for cell in row)


def _filled(rows: Iterator[tuple[int, Sequence[Any]]], width: int) -> Iterator[tuple[int, Cells]]:
    for number, row in rows:
        if _is_filled(row):
            yield number, too_wide() if _is_filled(row[width:]) else row


def _joined(first: tuple[int, Cells], rest: Iterator[tuple[int, Cells]]) -> Iterator[tuple[int, Cells]]:
    yield first
    yield from rest


def _measure(raw: bytes) -> None:
    """Count what the archive really unpacks to and what its sheets span: headers may lie about both."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            if not any(name.startswith("xl/") for name in archive.namelist()):
                raise file_type("ZIP")
            total = 0
            for member in archive.infolist():
                with archive.open(member) as file:
                    span = _Span(member.filename.lower().startswith("xl/worksheets"))
                    while chunk := file.read(_PIECE):
                        total += len(chunk)
                        if total > MOST_UNPACKED or (total > RATIO_FROM and total > MOST_RATIO * max(1, len(raw))):
                            raise file_bomb()
                        span.add(chunk)
    except zipfile.BadZipFile:
        raise (file_cut_off() if b"xl/" in raw[:4096] else file_type("ZIP")) from None
    except (NotImplementedError, EOFError, OSError, RuntimeError, zlib.error, ValueError):
        raise file_type("ZIP") from None


class _Span:
    """The rectangle of a sheet, by the places that its cells name."""

    def __init__(self, counts: bool) -> None:
        self._counts, self._rest, self._rows, self._columns = counts, b"", 1, 1

    def add(self, chunk: bytes) -> None:
        """Read on. Raises ``UnsupportedFile`` once the rectangle is too large to hold."""
        if not self._counts:
            return
        text = self._rest + chunk
        self._rest = text[-_OVERLAP:]
        found = _PLACE.findall(text)
        if found:
            self._rows = max(self._rows, *(int(row) for _, row in found))
            self._columns = max(self._columns, *map(_column, {letters for letters, _ in found}))
        if self._rows * self._columns > MOST_CELLS:
            raise file_bomb()


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number
