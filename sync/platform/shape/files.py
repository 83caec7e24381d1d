"""Rows as the bytes of a file, and back: CSV, XLSX, XML in an envelope, JSON; plain or zipped. Pure: bytes in, bytes out.

A file that is cut off, empty where it must not be, or not what it says is a ``FileBroken``: never half read.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any

import msgspec

from creditsvc.kernel.zips import zipped
from sync.platform.shape.profile import Layout, Profile
from sync.platform.shape.values import Value
from sync.platform.shape.xml_files import FileBroken, read_xml, write_xml

MOST_BYTES = 512 * 1024 * 1024
EXTENSIONS = {Layout.CSV: "csv", Layout.XLSX: "xlsx", Layout.XML: "xml", Layout.JSON: "json"}

Named = Mapping[str, Value]


def file_name(profile: Profile, stem: str) -> str:
    """The name of a file with this stem, with the extension of its kind."""
    plain = f"{stem}.{EXTENSIONS[profile.layout]}"
    return f"{stem}.zip" if profile.file.zipped else plain


def write_file(
    profile: Profile, stem: str, columns: Sequence[str], rows: Sequence[Sequence[Value]], header: Named
) -> bytes:
    """The file of these rows. ``header`` goes where the layout has a place for it (XML and JSON)."""
    body = _WRITERS[profile.layout](profile, columns, rows, header)
    if not profile.file.zipped:
        return body
    return b"".join(zipped({f"{stem}.{EXTENSIONS[profile.layout]}": [body]}))


def read_file(profile: Profile, content: bytes) -> list[dict[str, str]]:
    """The rows of a file, as texts by column. Raises ``FileBroken``."""
    return list(each_row(profile, content))


def each_row(profile: Profile, content: bytes) -> Iterator[dict[str, str]]:
    """The rows of a file one after another: a list of a million never stands in memory. Raises ``FileBroken``, maybe at its end."""
    if profile.file.zipped:
        content = _unzipped(content)
    if not content:
        raise FileBroken("empty")
    yield from _READERS[profile.layout](profile, content)


def proof_of(content: bytes, rows: int) -> bytes:
    """What stands in the ``.ok`` file beside a file: how many rows, and the digest of its bytes."""
    return f"{rows} {sha256(content).hexdigest()}\n".encode()


def check_proof(content: bytes, proof: bytes) -> int:
    """How many rows the file has by its ``.ok`` file. Raises ``FileBroken`` if the bytes are not those that were proven."""
    rows, _, digest = proof.decode("ascii", "replace").strip().partition(" ")
    if not rows.isdigit() or digest != sha256(content).hexdigest():
        raise FileBroken("not the bytes that its .ok file names")
    return int(rows)


def _unzipped(content: bytes) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = archive.namelist()
            if len(names) != 1 or archive.getinfo(names[0]).file_size > MOST_BYTES:
                raise FileBroken("not one file, or far too large")
            with archive.open(names[0]) as member:
                found = member.read(MOST_BYTES + 1)
    except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError, RuntimeError, ValueError) as wrong:
        if isinstance(wrong, FileBroken):
            raise
        raise FileBroken("not a whole archive") from None
    if len(found) > MOST_BYTES:
        raise FileBroken("far too large")
    return found


def _write_csv(profile: Profile, columns: Sequence[str], rows: Sequence[Sequence[Value]], _header: Named) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=profile.file.delimiter, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([["" if value is None else value for value in row] for row in rows])
    return out.getvalue().encode(profile.encoding)


def _read_csv(profile: Profile, content: bytes) -> Iterator[dict[str, str]]:
    if content[-1:] != b"\n":
        raise FileBroken("breaks off")
    text = io.TextIOWrapper(io.BytesIO(content), profile.encoding, newline="")
    try:
        yield from _dicts(csv.reader(text, delimiter=profile.file.delimiter, strict=True))
    except (UnicodeDecodeError, csv.Error):
        raise FileBroken("can't be read as text") from None


def _dicts(lines: Iterable[list[str]]) -> Iterator[dict[str, str]]:
    """Rows by the names in the first line; empty lines are none."""
    names: list[str] = []
    for line in lines:
        if not names:
            names = line
        elif line and len(line) != len(names):
            raise FileBroken("a line has more or fewer columns than the first")
        elif line:
            yield dict(zip(names, line, strict=True))
    if not names:
        raise FileBroken("empty")


def _write_xlsx(_profile: Profile, columns: Sequence[str], rows: Sequence[Sequence[Value]], _header: Named) -> bytes:
    import xlsxwriter

    out = io.BytesIO()
    # in memory: rows with identity numbers must not pass through a temporary file
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(out, options) as book:
        sheet = book.add_worksheet()
        for at, row in enumerate([columns, *rows]):
            for place, value in enumerate(row):
                if value is not None:
                    sheet.write_string(at, place, str(value))
    return out.getvalue()


def _read_xlsx(_profile: Profile, content: bytes) -> Iterator[dict[str, str]]:
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        sheet = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0)
        yield from _dicts([str(cell) for cell in line] for line in sheet.iter_rows())
    except FileBroken:
        raise
    except (CalamineError, IndexError, ValueError, OSError):
        raise FileBroken("not a whole spreadsheet") from None


def _write_json(profile: Profile, columns: Sequence[str], rows: Sequence[Sequence[Value]], header: Named) -> bytes:
    shape = profile.file
    listed = [{name: value for name, value in zip(columns, row, strict=True) if value is not None} for row in rows]
    return msgspec.json.encode({shape.header: header, shape.body: listed})


def _read_json(profile: Profile, content: bytes) -> Iterator[dict[str, str]]:
    try:
        # each row stays the bytes that it came in until its turn
        whole = msgspec.json.decode(content, type=dict[str, msgspec.Raw])
        for raw in msgspec.json.decode(whole[profile.file.body], type=list[msgspec.Raw]):
            row = msgspec.json.decode(raw, type=dict[str, Any])
            yield {name: "" if value is None else str(value) for name, value in row.items()}
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, KeyError):
        raise FileBroken("not the JSON that was agreed") from None


def _write_xml(profile: Profile, columns: Sequence[str], rows: Sequence[Sequence[Value]], header: Named) -> bytes:
    return write_xml(profile.file, profile.encoding, columns, rows, header)


def _read_xml(profile: Profile, content: bytes) -> Iterator[dict[str, str]]:
    return read_xml(profile.file, content)


Write = Callable[[Profile, Sequence[str], Sequence[Sequence[Value]], Named], bytes]
Read = Callable[[Profile, bytes], Iterator[dict[str, str]]]
_WRITERS: Mapping[Layout, Write] = {
    Layout.CSV: _write_csv, Layout.XLSX: _write_xlsx, Layout.XML: _write_xml, Layout.JSON: _write_json,
}  # fmt: skip
_READERS: Mapping[Layout, Read] = {
    Layout.CSV: _read_csv, Layout.XLSX: _read_xlsx, Layout.XML: _read_xml, Layout.JSON: _read_json,
}  # fmt: skip
