"""A sender's file as a table of raw cells: what kind it is and how it is encoded are read from its bytes. Pure.

CSV and NDJSON are streamed, so memory does not grow with the file; a spreadsheet is measured before it is opened.
"""

from __future__ import annotations

import codecs
import csv
import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

import msgspec

from creditsvc.kernel.errors import InvalidInput, UnsupportedFile
from creditsvc.kernel.text import Bilingual

SAMPLE = 64 * 1024
MOST_COLUMNS = 200
LONGEST_CELL = 200_000
MOST_UNPACKED = 512 * 1024 * 1024
MOST_RATIO, RATIO_FROM = 50, 64 * 1024 * 1024
_DELIMITERS = (",", "\t", ";", "|", "\x01")
_FOREIGN = {
    b"%PDF": "PDF",
    b"\xd0\xcf\x11\xe0": "XLS",
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG": "PNG",
    b"\x1f\x8b": "GZIP",
    b"Rar!": "RAR",
}


@dataclass(frozen=True, slots=True)
class Table:
    """A header and rows of raw cells, each with its row number as the sender counts (the header is row 1)."""

    format: str
    headers: Sequence[str]
    rows: Iterator[tuple[int, Sequence[Any]]]


def read_file(file: BinaryIO, *, filename: str) -> Table:
    """The table in a file.

    Raises ``UnsupportedFile`` (``file-type``, ``file-encoding``) or ``InvalidInput`` (``file-empty``, ``header-missing``).
    """
    sample = file.read(SAMPLE)
    if not sample.strip(b" \t\r\n\0\xef\xbb\xbf"):
        raise InvalidInput(
            Bilingual("文件是空的，请检查后重新上传", "the file is empty; check it and send again"), code="file-empty"
        )
    for magic, kind in _FOREIGN.items():
        if sample.startswith(magic):
            raise _unsupported(kind)
    whole = _Rejoined(sample, file)
    if sample.startswith(b"PK\x03\x04"):
        return _spreadsheet(whole)
    encoding = _encoding(sample)
    text = io.TextIOWrapper(io.BufferedReader(whole), encoding=encoding, errors="strict", newline="")
    first = sample.decode(encoding, errors="ignore").lstrip("\ufeff \t\r\n")
    if first.startswith(("{", "[")):
        return _json(text, is_list=first.startswith("["))
    return _csv(text, first)


def _unsupported(kind: str) -> UnsupportedFile:
    return UnsupportedFile(
        Bilingual(
            f"不能读取 {kind} 文件，请另存为 CSV、XLSX 或 NDJSON",
            f"a {kind} file can't be read; save it as CSV, XLSX or NDJSON",
        ),
        code="file-type",
    )


def _bad_encoding() -> UnsupportedFile:
    return UnsupportedFile(
        Bilingual(
            "文字编码无法识别，请另存为 UTF-8 或 GB18030",
            "the encoding can't be read; save the file as UTF-8 or GB18030",
        ),
        code="file-encoding",
    )


class _Rejoined(io.RawIOBase):
    """The sample and what follows it, as one stream."""

    def __init__(self, sample: bytes, file: BinaryIO) -> None:
        self._sample, self._file = sample, file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        view = memoryview(buffer)
        chunk = self._sample[: len(view)] or self._file.read(len(view))
        self._sample = self._sample[len(view) :]
        view[: len(chunk)] = chunk
        return len(chunk)


def _encoding(sample: bytes) -> str:
    """Byte order mark, else strict UTF-8, else GB18030; a sample cut inside a character is no fault."""
    if sample.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    for encoding in ("utf-8", "gb18030"):
        decoder = codecs.getincrementaldecoder(encoding)("strict")
        try:
            text = decoder.decode(sample)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return encoding
    raise _bad_encoding()


def _csv(text: io.TextIOWrapper, first: str) -> Table:
    line = first.split("\n", 1)[0]
    delimiter = max(_DELIMITERS, key=line.count)
    rows = _guarded(csv.reader(text, delimiter=delimiter, strict=False))
    headers = _headers(next(rows, (1, []))[1])
    return Table("csv", headers, ((number, row) for number, row in rows if any(cell.strip() for cell in row)))


def _guarded(reader: Iterator[list[str]]) -> Iterator[tuple[int, list[str]]]:
    number = 0
    while True:
        number += 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except UnicodeDecodeError:
            raise _bad_encoding() from None
        except csv.Error:
            raise InvalidInput(
                Bilingual(
                    f"第 {number} 行附近的引号或换行无法解析，请检查该行",
                    f"near row {number}: quotes that can't be parsed",
                ),
                code="csv-broken",
                row=number,
            ) from None
        yield number, [cell[:LONGEST_CELL] for cell in row]


def _headers(cells: Sequence[Any]) -> list[str]:
    headers = ["" if cell is None else str(cell).strip() for cell in cells]
    if not any(headers) or len(headers) > MOST_COLUMNS:
        raise InvalidInput(
            Bilingual("第一行应为栏目名称", "the first row must hold the names of the columns"), code="header-missing"
        )
    return headers


def _json(text: io.TextIOWrapper, *, is_list: bool) -> Table:
    rows = _objects(text, is_list=is_list)
    first = next(rows, None)
    if first is None:
        raise InvalidInput(Bilingual("文件中没有记录", "the file holds no records"), code="file-empty")
    headers = _headers(list(first[1]))
    return Table("json" if is_list else "ndjson", headers, _aligned(first, rows, headers))


def _aligned(
    first: tuple[int, dict[str, Any]], rest: Iterator[tuple[int, dict[str, Any]]], headers: list[str]
) -> Iterator[tuple[int, Sequence[Any]]]:
    yield first[0], [first[1].get(name) for name in headers]
    known = set(headers)
    for number, row in rest:
        if strangers := row.keys() - known:
            raise InvalidInput(
                Bilingual(
                    f"第 {number} 条出现首条没有的栏目：{'、'.join(sorted(strangers)[:10])}",
                    f"record {number} has columns that the first has not: {', '.join(sorted(strangers)[:10])}",
                ),
                code="columns-unknown",
                row=number,
            )
        yield number, [row.get(name) for name in headers]


def _objects(text: io.TextIOWrapper, *, is_list: bool) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        if is_list:
            values = msgspec.json.decode(text.read().lstrip("\ufeff").encode())
            pairs: Iterator[tuple[int, Any]] = enumerate(values, 2)
        else:
            pairs = (
                (number, msgspec.json.decode(line.encode()))
                for number, line in enumerate(text, 2)
                if line.strip("\ufeff \t\r\n")
            )
        for number, value in pairs:
            if not isinstance(value, dict):
                raise _bad_json(number)
            yield number, {str(key): _plain(item) for key, item in value.items()}
    except UnicodeDecodeError:
        raise _bad_encoding() from None
    except msgspec.DecodeError:
        raise _bad_json(0) from None


def _bad_json(number: int) -> InvalidInput:
    where = f"第 {number} 条" if number else "文件"
    return InvalidInput(
        Bilingual(f"{where}不是合法的 JSON 对象（每行一个对象）", "not JSON objects, one a line"),
        code="json-broken",
        row=number,
    )


def _plain(value: Any) -> Any:
    """Nested values as text, and numbers as they were, so that a number of 18 digits shows as such."""
    return (
        ",".join(str(item) for item in value)
        if isinstance(value, list)
        else str(value)
        if isinstance(value, dict)
        else value
    )


def _spreadsheet(stream: io.RawIOBase) -> Table:
    raw = stream.read()
    _refuse_bomb(raw or b"")
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        sheet = CalamineWorkbook.from_filelike(io.BytesIO(raw or b"")).get_sheet_by_index(0)
        rows = enumerate(sheet.iter_rows(), 1 + (sheet.start[0] if sheet.start else 0))
        headers = _headers(next(rows, (1, []))[1])
    except (CalamineError, OSError, IndexError):
        raise _unsupported("ZIP") from None
    return Table(
        "xlsx", headers, ((number, row) for number, row in rows if any(cell not in {"", None} for cell in row))
    )


def _refuse_bomb(raw: bytes) -> None:
    """Count what the archive really unpacks to: a header may lie about it."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            if not any(name.startswith("xl/") for name in archive.namelist()):
                raise _unsupported("ZIP")
            total = 0
            for member in archive.infolist():
                with archive.open(member) as file:
                    while chunk := file.read(1024 * 1024):
                        total += len(chunk)
                        if total > MOST_UNPACKED or (total > RATIO_FROM and total > MOST_RATIO * max(1, len(raw))):
                            raise UnsupportedFile(
                                Bilingual("压缩内容异常巨大，已拒绝", "the archive unpacks to far too much: refused"),
                                code="file-bomb",
                            )
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, RuntimeError):
        raise _unsupported("ZIP") from None
