"""Results beside the sender's own columns, in the sender's own format. Pure.

A result is a head, parts of rows and a tail. Parts are made one after another while rows are answered and joined only
when somebody takes the result, so nothing has to be held or rewritten. No cell is one that a spreadsheet would run.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any, NamedTuple, Protocol

import msgspec

from creditsvc.kernel.sheets.write import AROUND, SHEET, TRIGGERS, byte_order_mark, safe, xml_row
from creditsvc.kernel.text import Bilingual
from creditsvc.kernel.zips import zipped

COLUMNS = {
    "row": Bilingual("原表行号", "row"),
    "verdict": Bilingual("核查结果", "verdict"),
    "measures": Bilingual("措施", "measures"),
    "clauses": Bilingual("条款", "clauses"),
    "entries": Bilingual("名单记录", "entries"),
    "ends": Bilingual("何时结束", "ends"),
    "changes_on": Bilingual("答案改变日", "changes_on"),
    "next_step": Bilingual("如何解除", "next_step"),
    "look": Bilingual("请人核对", "look"),
    "problem": Bilingual("本行问题", "problem"),
}
VERDICTS = {
    "restricted": Bilingual("受限制", "restricted"),
    "needs_officer": Bilingual("由工作人员判断", "needs_officer"),
    "clear": Bilingual("不受限制", "clear"),
    "not_asked": Bilingual("未核查", "not_asked"),
}
JSON_KEY = "screening"
_TEXTS = ("measures", "clauses", "entries", "ends", "next_step")


class Both(NamedTuple):
    """A cell in both languages; it may be empty."""

    zh: str = ""
    en: str = ""


EMPTY = Both()


class Said(msgspec.Struct, frozen=True, gc=False):
    """What is answered. Texts are in both languages; which is written follows the sender's header."""

    verdict: str
    measures: Both = EMPTY
    clauses: Both = EMPTY
    entries: Both = EMPTY
    ends: Both = EMPTY
    changes_on: date | None = None
    next_step: Both = EMPTY


class Line(msgspec.Struct, frozen=True, gc=False):
    """One row of the results."""

    row: int
    cells: Sequence[Any]
    said: Said
    look: Both = EMPTY
    problem: Both = EMPTY


class Writer(Protocol):
    """One format."""

    media_type: str
    extension: str

    def head(self) -> bytes:
        """What stands before the first row."""

    def part(self, lines: Sequence[Line], *, first: int) -> bytes:
        """Rows; ``first`` is how many rows stand before them."""

    def whole(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """The file of a head and its parts."""


def writer_for(
    format: str, headers: Sequence[str], *, english: bool, encoding: str = "utf-8", delimiter: str = ","
) -> Writer:
    """The writer of the sender's format."""
    if format == "csv":
        return CsvWriter(headers, english, encoding, delimiter)
    if format == "xlsx":
        return XlsxWriter(headers, english)
    return JsonWriter(headers, english, is_list=format == "json")


class Told:
    """Our cells of a row. Most rows are answered by one and the same answer, whose cells are made once."""

    def __init__(self, english: bool) -> None:
        self._place = 1 if english else 0
        self._said: Said | None = None
        self._cells: list[str] = []

    def of(self, line: Line) -> list[str]:
        """The row number, the answer, what to look at, what is wrong."""
        if line.said is not self._said:
            self._said, self._cells = line.said, self._answer(line.said)
        return [str(line.row), *self._cells, line.look[self._place], line.problem[self._place]]

    def _answer(self, said: Said) -> list[str]:
        verdict = VERDICTS[said.verdict]
        texts = [safe(text[self._place]) for text in (said.measures, said.clauses, said.entries, said.ends)]
        changes = "" if said.changes_on is None else said.changes_on.isoformat()
        return [verdict.en if self._place else verdict.zh, *texts, changes, safe(said.next_step[self._place])]


def _heads(english: bool) -> list[str]:
    return [text.en if english else text.zh for text in COLUMNS.values()]


class CsvWriter:
    """The sender's separator and encoding."""

    media_type, extension = "text/csv", "csv"

    def __init__(self, headers: Sequence[str], english: bool, encoding: str, delimiter: str) -> None:
        self._headers, self._english, self._delimiter = headers, english, delimiter
        self._told = Told(english)
        self._mark, self._encoding = byte_order_mark(encoding)

    def head(self) -> bytes:
        """The mark and the header."""
        return self._mark + self._rows([[safe(str(head)) for head in self._headers] + _heads(self._english)])

    def part(self, lines: Sequence[Line], *, first: int) -> bytes:
        """Lines of text."""
        width = len(self._headers)
        return self._rows([_filled(line.cells, width) + self._told.of(line) for line in lines])

    def _rows(self, rows: Iterable[Sequence[str]]) -> bytes:
        out = io.StringIO()
        csv.writer(out, delimiter=self._delimiter, lineterminator="\r\n").writerows(rows)
        return out.getvalue().encode(self._encoding, errors="replace")

    def whole(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """One after another."""
        yield from pieces


_STARTS = re.compile("(?:\\A|\x1f)[" + re.escape("".join(TRIGGERS)) + "]")


def _filled(cells: Sequence[Any], width: int) -> list[str]:
    """The sender's cells. Rows without a suspicious start, which are nearly all, are told by one look at the whole."""
    texts = [safe(cell) for cell in cells] if _STARTS.search("\x1f".join(cells)) else list(cells)
    return texts if len(texts) == width else texts + [""] * (width - len(texts))


class JsonWriter:
    """An object a line, or a list of them; ours stand in one member of their own."""

    def __init__(self, headers: Sequence[str], english: bool, *, is_list: bool) -> None:
        self._headers, self._is_list = headers, is_list
        self.media_type = "application/json" if is_list else "application/x-ndjson"
        self.extension = "json" if is_list else "ndjson"

    def head(self) -> bytes:
        """The list's opening."""
        return b"[\n" if self._is_list else b""

    def part(self, lines: Sequence[Line], *, first: int) -> bytes:
        """Objects."""
        objects = [msgspec.json.encode(self._object(line)) for line in lines]
        if not self._is_list:
            return b"".join(line + b"\n" for line in objects)
        return (b",\n" if first else b"") + b",\n".join(objects)

    def _object(self, line: Line) -> dict[str, Any]:
        sent = {head: cell for head, cell in zip(self._headers, line.cells, strict=False) if cell is not None}
        key = JSON_KEY if JSON_KEY not in sent else JSON_KEY + "_result"
        texts = {"look": line.look, "problem": line.problem} | {name: getattr(line.said, name) for name in _TEXTS}
        ours = {"row": line.row, "verdict": line.said.verdict, "changes_on": line.said.changes_on} | {
            name: {"zh": text.zh, "en": text.en} for name, text in texts.items() if text.zh
        }
        return {**sent, key: ours}

    def whole(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """One after another, and the list's end."""
        yield from pieces
        if self._is_list:
            yield b"\n]\n"


class XlsxWriter:
    """One sheet of texts and figures, written as a stream: no formula, no shared strings, no temporary file."""

    media_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    extension = "xlsx"

    def __init__(self, headers: Sequence[str], english: bool) -> None:
        self._headers, self._english = headers, english
        self._told = Told(english)

    def head(self) -> bytes:
        """The sheet's beginning and its header."""
        return SHEET + xml_row([*self._headers, *_heads(self._english)])

    def part(self, lines: Sequence[Line], *, first: int) -> bytes:
        """Rows of the sheet."""
        width = len(self._headers)
        return b"".join(
            xml_row([*line.cells, *([None] * (width - len(line.cells))), *self._told.of(line)]) for line in lines
        )

    def whole(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """The archive around the sheet."""

        def sheet() -> Iterator[bytes]:
            yield from pieces
            yield b"</sheetData></worksheet>"

        yield from zipped({**AROUND, "xl/worksheets/sheet1.xml": sheet()})
