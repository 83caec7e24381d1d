"""A table written as a sender writes his own: CSV in his encoding, XLSX, NDJSON or JSON, as a stream. Pure.

No cell is one that a spreadsheet would run.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any
from xml.sax.saxutils import escape

import msgspec

from creditsvc.kernel.zips import zipped

TRIGGERS = frozenset("=+-@\t\r\n\0＝＋－＠")
LONGEST_CELL = 32_000
MEDIA = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "ndjson": "application/x-ndjson",
    "json": "application/json",
}
"""Media type by format; the format is the name's ending too."""
_ILLEGAL_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_PIECE = 500
"""Rows to a piece of the stream."""


def safe(cell: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return "'" + cell if cell[:1] in TRIGGERS else cell


def byte_order_mark(encoding: str) -> tuple[bytes, str]:
    """The mark that a file of this encoding begins with, and the encoding without it."""
    marks = {"utf-8-sig": (codecs.BOM_UTF8, "utf-8"), "utf-16": (codecs.BOM_UTF16_LE, "utf-16-le")}
    return marks.get(encoding, (b"", encoding))


def write_table(
    format: str, headers: Sequence[str], rows: Iterable[Sequence[Any]], *, encoding: str = "utf-8", delimiter: str = ","
) -> Iterator[bytes]:
    """The file's bytes, piece by piece; ``format`` is one of ``MEDIA``. ``headers`` may grow while JSON rows are taken."""
    if format == "csv":
        return _csv(headers, rows, encoding, delimiter)
    if format == "xlsx":
        return zipped({**AROUND, "xl/worksheets/sheet1.xml": _sheet(headers, rows)})
    return _json(headers, rows, is_list=format == "json")


def _pieces(rows: Iterable[Sequence[Any]]) -> Iterator[list[Sequence[Any]]]:
    piece: list[Sequence[Any]] = []
    for row in rows:
        piece.append(row)
        if len(piece) >= _PIECE:
            yield piece
            piece = []
    if piece:
        yield piece


def _csv(headers: Sequence[str], rows: Iterable[Sequence[Any]], encoding: str, delimiter: str) -> Iterator[bytes]:
    mark, plain = byte_order_mark(encoding)
    yield mark
    for piece in _pieces(chain([headers], rows)):
        out = io.StringIO()
        lines = ([safe("" if cell is None else str(cell)) for cell in row] for row in piece)
        csv.writer(out, delimiter=delimiter, lineterminator="\r\n").writerows(lines)
        yield out.getvalue().encode(plain, errors="replace")


def _sheet(headers: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    yield SHEET + xml_row(headers)
    for piece in _pieces(rows):
        yield b"".join(map(xml_row, piece))
    yield b"</sheetData></worksheet>"


def _json(headers: Sequence[str], rows: Iterable[Sequence[Any]], *, is_list: bool) -> Iterator[bytes]:
    first = True
    if is_list:
        yield b"[\n"
    for row in rows:
        line = msgspec.json.encode({head: cell for head, cell in zip(headers, row, strict=False) if cell is not None})
        yield (b"" if first else b",\n") + line if is_list else line + b"\n"
        first = False
    if is_list:
        yield b"\n]\n"


def xml_row(cells: Sequence[Any]) -> bytes:
    return ("<row>" + "".join(map(xml_cell, cells)) + "</row>").encode()


def xml_cell(cell: Any) -> str:
    if cell is None or cell == "":
        return "<c/>"
    if isinstance(cell, bool):
        return f'<c t="b"><v>{int(cell)}</v></c>'
    if isinstance(cell, int | float):
        return f"<c><v>{cell!r}</v></c>"
    text = safe(_ILLEGAL_XML.sub("", str(cell))[:LONGEST_CELL])
    return f'<c t="inlineStr"><is><t xml:space="preserve">{escape(text)}</t></is></c>'


_DECLARED = b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
_MAIN = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = b"http://schemas.openxmlformats.org/package/2006"
_TYPE = b"application/vnd.openxmlformats-officedocument.spreadsheetml."
SHEET = _DECLARED + b'<worksheet xmlns="' + _MAIN + b'"><sheetData>'
AROUND = {
    "[Content_Types].xml": [
        _DECLARED + b'<Types xmlns="' + _PACKAGE + b'/content-types"><Default Extension="rels" ContentType='
        b'"application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>'
        b'<Override PartName="/xl/workbook.xml" ContentType="' + _TYPE + b'sheet.main+xml"/><Override PartName='
        b'"/xl/worksheets/sheet1.xml" ContentType="' + _TYPE + b'worksheet+xml"/></Types>'
    ],
    "_rels/.rels": [
        _DECLARED + b'<Relationships xmlns="' + _PACKAGE + b'/relationships"><Relationship Id="rId1" Type="' + _RELATIONS
        + b'/officeDocument" Target="xl/workbook.xml"/></Relationships>'
    ],
    "xl/workbook.xml": [
        _DECLARED + b'<workbook xmlns="' + _MAIN + b'" xmlns:r="' + _RELATIONS
        + b'"><sheets><sheet name="Sheet1" sheetId="1" r:id="rId1"/></sheets></workbook>'
    ],
    "xl/_rels/workbook.xml.rels": [
        _DECLARED + b'<Relationships xmlns="' + _PACKAGE + b'/relationships"><Relationship Id="rId1" Type="' + _RELATIONS
        + b'/worksheet" Target="worksheets/sheet1.xml"/></Relationships>'
    ],
}  # fmt: skip
