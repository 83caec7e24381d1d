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
    json_two_lists,
    no_records,
    undecodable,
)
from creditsvc.kernel.sheets.json_wrapped import Known, Pushed, list_begins, rows_in, wrapped_list
from creditsvc.kernel.sheets.table import LONGEST_LINE, MOST_COLUMNS, BrokenRow, Cells, Table, no_object

AHEAD = 200
"""Records looked at before the names of the columns are held to be known."""
PIECE = 256 * 1024
Record = dict[str, Any] | BrokenRow


def read_json(text: io.TextIOWrapper, *, is_list: bool, known: Known | None = None) -> Table:
    """The table. Raises ``InvalidInput`` if there is no record or the list is broken, ``UnsupportedFile`` if undecodable.

    ``known`` tells the name of a column from any other: with it, a list is also found inside what interfaces wrap
    around it (``{"code": 0, "data": [...]}``).
    """
    source = Pushed(text)
    inner = wrapped_list(source, known) if known is not None and not is_list else None
    found = _elements(source, inner, known) if is_list or inner is not None else _lines(source)
    records = _numbered(found)
    ahead = list(islice(records, AHEAD))
    headers: list[str] = []
    for _, record in ahead:
        if not isinstance(record, BrokenRow):
            _add_names(headers, record)
    if not ahead:
        raise no_records()
    if not headers:
        raise json_broken(ahead[0][0])
    kind = "json" if is_list or inner is not None else "ndjson"
    return Table(kind, headers, _aligned(chain(ahead, records), headers))


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


def _lines(text: Pushed) -> Iterator[Record | None]:
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


def _elements(text: Pushed, begun: str | None = None, known: Known | None = None) -> Iterator[Record | None]:
    """The objects of a list, one after another, in a window that holds little more than one of them.

    ``begun`` is the text from the list's bracket on, where the list is inside something; rows are then looked for in
    its objects too, and no second list may follow.
    """
    decoder = json.JSONDecoder()
    window = _more(text, 2).lstrip("\ufeff \t\r\n")[1:] if begun is None else begun[1:]
    number, is_last = 2, False
    while True:
        window = window.lstrip(" \t\r\n,")
        if window.startswith("]"):
            if begun is not None:
                _refuse_second_list(window[1:], text, number)
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
        for row in [value] if known is None else rows_in(value, known):
            yield row
            number += 1
        window = window[end:]


def _refuse_second_list(rest: str, text: Pushed, number: int) -> None:
    while rest:
        if list_begins(rest) is not None:
            raise json_two_lists()
        # a bracket and its brace may be told apart by the end of a piece
        tail, more = rest[-64:], _more(text, number)
        rest = tail + more if more else ""


def _more(text: Pushed, number: int) -> str:
    try:
        return text.read(PIECE)
    except UnicodeDecodeError as wrong:
        raise undecodable(wrong, number) from None


def _plain(value: Any) -> Any:
    """Nested values as text; numbers as they were, so that a number of 18 digits shows as such."""
    if isinstance(value, list):
        return ",".join(str(item) for item in value)
    return str(value) if isinstance(value, dict) else value
