"""Snapshots as CSV and XLSX for small offices, made from the signed snapshot line by line, with a note beside each."""

from __future__ import annotations

import csv
import gzip
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import file_digest
from pathlib import Path
from typing import Any

import msgspec
import xlsxwriter

from creditsvc.services import Services
from sync.key_lists import stream_signers
from sync.snapshots import snapshot_file
from sync.wire.origins import Origin
from sync.wire.sheets import columns_of, first_row, row_of, sheet_text, sign_sheet

LIFE = timedelta(days=1)
"""A sheet that is older may name people who have left: it is not to be relied on."""
MOST_ROWS = 1_000_000
"""Of one sheet in a workbook; a spreadsheet program takes 1,048,576."""
KINDS = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file on disk and the note that signs it."""

    path: Path
    note: str
    sequence: int
    epoch: int


def sheet_file(services: Services, stream: str, form: str, now: datetime) -> Sheet:
    """The newest snapshot as a sheet, made once a snapshot."""
    source, sequence, epoch = snapshot_file(services, stream, now)
    origin = Origin(services.settings.host, stream, epoch)
    path = source.with_name(f"{sequence}.{form}")
    note = source.with_name(f"{sequence}.{form}.note")
    if not (path.exists() and note.exists()):
        _make(services, source, path, origin=origin, sequence=sequence, now=now)
    return Sheet(path, note.read_text("utf-8"), sequence, epoch)


def _make(services: Services, source: Path, path: Path, *, origin: Origin, sequence: int, now: datetime) -> None:
    form = path.suffix[1:]
    part = source.with_name(f"{secrets.token_hex(8)}.part")
    until = now + LIFE
    write = _write_csv if form == "csv" else _write_xlsx
    count = write(part, source, origin, first_row(origin, sequence, until))
    with part.open("rb") as file:
        digest = file_digest(file, "sha256").hexdigest()
        os.fsync(file.fileno())
    with services.database.reading() as session:
        signers = stream_signers(session, services.keyring, origin, now)
    signed = sign_sheet(
        sheet_text(origin, form, sequence=sequence, count=count, digest=digest, valid_until=until), signers
    )
    part.replace(path)
    path.with_name(path.name + ".note").write_text(signed, "utf-8")
    for old in path.parent.glob(f"*.{form}*"):
        if not old.name.startswith(f"{sequence}."):
            old.unlink(missing_ok=True)


def _rows(source: Path) -> Iterator[dict[str, Any]]:
    """``data`` of the entries in force, without canaries."""
    with gzip.open(source, "rb") as file:
        next(file)
        for line in file:
            if not line.startswith((b'{"data"', b'{"canary"')):
                return
            value = msgspec.json.decode(line)
            if not value.get("canary"):
                yield value["data"]


def _write_csv(part: Path, source: Path, origin: Origin, first: list[str]) -> int:
    columns, count = columns_of(origin.stream), 0
    with part.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(first)
        writer.writerow(columns)
        for data in _rows(source):
            writer.writerow(row_of(data, columns))
            count += 1
    return count


def _write_xlsx(part: Path, source: Path, origin: Origin, first: list[str]) -> int:
    columns, count, sheet, place = columns_of(origin.stream), 0, None, 0
    book = xlsxwriter.Workbook(str(part), {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False,
                                           "strings_to_numbers": False})  # fmt: skip
    for data in _rows(source):
        if sheet is None or place >= MOST_ROWS:
            sheet, place = _page(book, first, columns), 2
        sheet.write_row(place, 0, row_of(data, columns))
        place, count = place + 1, count + 1
    if sheet is None:
        _page(book, first, columns)
    book.close()
    return count


def _page(book: Any, first: list[str], columns: list[str]) -> Any:
    page = book.add_worksheet()
    page.write_row(0, 0, first)
    page.write_row(1, 0, columns)
    page.freeze_panes(2, 0)
    return page
