"""A sender's file as a table of raw cells: what kind it is and how it is encoded are read from its bytes. Pure.

CSV and JSON are streamed, so memory does not grow with the file; a spreadsheet is measured before it is opened.
"""

from __future__ import annotations

import codecs
import io
from dataclasses import replace
from typing import Any, BinaryIO

from creditsvc.kernel.sheets.base64_cells import DUMP, decoded
from creditsvc.kernel.sheets.file_faults import file_empty, file_encoding, file_type
from creditsvc.kernel.sheets.json_wrapped import Known
from creditsvc.kernel.sheets.read_csv import read_csv
from creditsvc.kernel.sheets.read_json import read_json
from creditsvc.kernel.sheets.read_xlsx import read_xlsx
from creditsvc.kernel.sheets.table import Table

SAMPLE = 64 * 1024
_FOREIGN = {
    b"%PDF": "PDF",
    b"\xd0\xcf\x11\xe0": "XLS",
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG": "PNG",
    b"\x1f\x8b": "GZIP",
    b"Rar!": "RAR",
    b"7z\xbc\xaf": "7Z",
    b"<?xml": "XML",
    b"<html": "HTML",
    b"<!DOCTYPE": "HTML",
}


def read_file(file: BinaryIO, known: Known | None = None) -> Table:
    """The table in a file.

    ``known`` tells the name of a column from any other: lists are then also read as interfaces wrap and dumps encode them.

    Raises ``UnsupportedFile`` or ``InvalidInput`` with one of the codes of files in ``data/codes.toml``; rows that are
    read later may raise the same.
    """
    sample = file.read(SAMPLE)
    if not sample.strip(b" \t\r\n\0\xef\xbb\xbf"):
        raise file_empty()
    bare = sample.removeprefix(codecs.BOM_UTF8).lstrip()
    for magic, kind in _FOREIGN.items():
        if bare.startswith(magic):
            raise file_type(kind)
    whole = _Rejoined(sample, file)
    if sample.startswith(b"PK\x03\x04"):
        return read_xlsx(whole)
    encoding = _encoding(sample)
    text = io.TextIOWrapper(io.BufferedReader(whole), encoding=encoding, errors="strict", newline="")
    first = sample.decode(encoding, errors="ignore").lstrip("\ufeff \t\r\n")
    if not first:
        raise file_empty()
    if first.startswith(("{", "[")):
        return replace(read_json(text, is_list=first.startswith("["), known=known), encoding=encoding)
    table = read_csv(text, first.split("\n", 1)[0])
    if known is not None and table.delimiter == DUMP:
        table = decoded(table)
    return replace(table, encoding=encoding)


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
    raise file_encoding()
