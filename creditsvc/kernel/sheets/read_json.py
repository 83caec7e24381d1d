"""NDJSON, a record a line, and JSON lists, a record after another: both streamed. Pure.

Records of one file need not have the same names: a name may first appear in any of them. A line that is no object costs
itself alone; a list that stops being one ends the file, since nobody can say where the next record begins.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from itertools import chain, islice
from typing import Any

import msgspec

from creditsvc.kernel.sheets.file_faults import (
    csv_broken,
    file_cut_off,
    header_missing,
    json_broken,
    no_records,
    undecodable,
)
from creditsvc.kernel.sheets.table import LONGEST_LINE, MOST_COLUMNS, BrokenRow, Cells, Table, no_object

AHEAD = 200
"""Records looked at before the names of the columns are held to be known."""
PIECE = 256 * 1024
Record = dict[str, Any] | BrokenRow


def read_json(text: io.TextIOWrapper, *, is_list: bool) -> Table:
    """The table. Raises ``InvalidInput`` if there is no record or the list is broken, ``UnsupportedFile`` if undecodable."""
    records = _numbered(_elements(text) if is_list else _lines(text))
    ahead = list(islice(records, AHEAD))
    headers: list[str] = []
    for _, record in ahead:
        if not isinstance(record, BrokenRow):
            _add_names(headers, record)
    if not ahead:
        raise no_records()
    if not headers:
        raise json_broken(ahead[0][0])
    return Table("json" if is_list else "ndjson", headers, _aligned(chain(ahead, records), headers))


def _add_names(headers: list[str], record: dict[str, Any]) -> None:
    known = set(headers)
    headers += [name for name in record if name not in known]
    if len(headers) > MOST_COLUMNS:
        raise header_missing()


def _aligned(records: Iterator[tuple[int, Record]], headers: list[str]) -> Iterator[tuple[int, Cells]]:
    for number, record in records:
        if isinstance(record, BrokenRow):
            yield number, record
            continue
        if not record.keys() <= set(headers):
            _add_names(headers, record)
        yield number, [_plain(record.get(name)) for name in headers]


def _numbered(records: Iterator[Record | None]) -> Iterator[tuple[int, Record]]:
    """From row 2, as if a header stood above: the same list has the same numbers in every format; blank lines count."""
    return ((number, record) for number, record in enumerate(records, 2) if record is not None)


def _lines(text: io.TextIOWrapper) -> Iterator[Record | None]:
    number = 1
    while True:
        number += 1
        try:
            line = text.readline(LONGEST_LINE)
        except UnicodeDecodeError as wrong:
            raise undecodable(wrong, number) from None
        if not line:
            return
        if len(line) >= LONGEST_LINE:
            raise csv_broken(number)
        bare = line.strip("\ufeff \t\r\n")
        yield _object(bare) if bare else None


def _object(line: str) -> Record:
    try:
        value = msgspec.json.decode(line.encode())
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return no_object()
    return value if isinstance(value, dict) else no_object()


def _elements(text: io.TextIOWrapper) -> Iterator[Record | None]:
    """The objects of a list, one after another, in a window that holds little more than one of them."""
    decoder = json.JSONDecoder()
    window, number, is_last = _more(text, 2).lstrip("\ufeff \t\r\n")[1:], 2, False
    while True:
        window = window.lstrip(" \t\r\n,")
        if window.startswith("]"):
            return
        try:
            value, end = decoder.raw_decode(window)
        except RecursionError:
            raise json_broken(number) from None
        except ValueError:
            more = "" if is_last else _more(text, number)
            is_last = is_last or not more
            if is_last:
                raise (json_broken(number) if window[:1] not in {"", "{"} else file_cut_off()) from None
            if len(window) > LONGEST_LINE:
                raise json_broken(number) from None
            window += more
            continue
        if not isinstance(value, dict):
            raise json_broken(number)
        yield value
        window, number = window[end:], number + 1


def _more(text: io.TextIOWrapper, number: int) -> str:
    try:
        return text.read(PIECE)
    except UnicodeDecodeError as wrong:
        raise undecodable(wrong, number) from None


def _plain(value: Any) -> Any:
    """Nested values as text; numbers as they were, so that a number of 18 digits shows as such."""
    if isinstance(value, list):
        return ",".join(str(item) for item in value)
    return str(value) if isinstance(value, dict) else value
