"""CSV, with any of the separators seen: streamed; a stray quotation mark costs its own row and no other. Pure."""

from __future__ import annotations

import csv
import io
from collections import deque
from collections.abc import Iterator

from creditsvc.kernel.sheets.file_faults import csv_broken, header_missing, no_records, undecodable
from creditsvc.kernel.sheets.table import LONGEST_CELL, LONGEST_LINE, MOST_COLUMNS, Cells, Table, open_quotes, too_wide

_DELIMITERS = (",", "\t", ";", "|", "\x01")


def read_csv(text: io.TextIOWrapper, first_line: str) -> Table:
    """The table; the separator is the one that the first line has most of. Raises ``InvalidInput`` without a header."""
    delimiter = max(_DELIMITERS, key=first_line.count)
    rows = _Rows(text, delimiter)
    found = next(rows.records(0), None)
    if found is None or len(found) > MOST_COLUMNS or not any(cell.strip() for cell in found):
        raise header_missing()
    headers = [cell.strip() for cell in found]
    return Table("csv", headers, _refuse_none(rows.numbered(len(headers))), delimiter)


def _refuse_none(rows: Iterator[tuple[int, Cells]]) -> Iterator[tuple[int, Cells]]:
    first = next(rows, None)
    if first is None:
        raise no_records()
    yield first
    yield from rows


class _Rows:
    """Records of a CSV with the lines that each was made of, so that a swallowed line can be read again."""

    def __init__(self, text: io.TextIOWrapper, delimiter: str) -> None:
        self._text, self._delimiter = text, delimiter
        self._again: deque[str] = deque()
        self._taken: list[str] = []
        self._number = 0

    def _lines(self) -> Iterator[str]:
        while True:
            line = self._again.popleft() if self._again else self._next_line()
            if not line:
                return
            self._taken.append(line)
            yield line

    def _next_line(self) -> str:
        try:
            line = self._text.readline(LONGEST_LINE)
        except UnicodeDecodeError as wrong:
            raise undecodable(wrong, self._number) from None
        if len(line) >= LONGEST_LINE:
            raise csv_broken(self._number + 1)
        return line

    def records(self, width: int) -> Iterator[list[str] | None]:
        """Cells of each record; none for one whose quotes are not closed. ``width`` 0 takes records of any width."""
        reader = csv.reader(self._lines(), delimiter=self._delimiter, strict=False)
        while True:
            self._taken.clear()
            self._number += 1
            try:
                row: list[str] | None = next(reader)
            except StopIteration:
                return
            except csv.Error:
                row = None
            if row is None or (width and len(self._taken) > 1 and self._swallows(row, width)):
                self._again.extendleft(reversed(self._taken[1:]))
                reader = csv.reader(self._lines(), delimiter=self._delimiter, strict=False)
                yield None
            else:
                yield row

    def _swallows(self, row: list[str], width: int) -> bool:
        """Whether a record of several lines has rows in it that are not its own: a quote that nobody closed took them in.

        A cell may have lines; a line after the first that is a whole row by itself is one.
        """
        if len(row) != width:
            return True
        if self._delimiter not in self._taken[0]:
            return False
        return any(
            line.count(self._delimiter) >= width - 1 and self._cells_of(line) == width for line in self._taken[1:]
        )

    def _cells_of(self, line: str) -> int:
        try:
            return len(next(csv.reader([line], delimiter=self._delimiter, strict=False), ()))
        except csv.Error:
            return 0

    def numbered(self, width: int) -> Iterator[tuple[int, Cells]]:
        """Rows that are not blank, numbered; blank cells past the last column are dropped."""
        for cells in self.records(width):
            if cells is None:
                yield self._number, open_quotes()
            elif len(cells) > width and any(cell.strip() for cell in cells[width:]):
                yield self._number, too_wide()
            elif cells and (cells[0].strip() or any(cell.strip() for cell in cells)):
                is_short = len(self._taken) == 1 and len(self._taken[0]) <= LONGEST_CELL
                yield self._number, cells if is_short else [cell[:LONGEST_CELL] for cell in cells]
