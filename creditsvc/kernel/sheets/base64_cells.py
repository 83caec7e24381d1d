"""Dumps of a warehouse, ``\\001`` between cells, whose texts are in base64 so that none holds a separator. Pure.

Whether a column is in base64 is told from its first rows: every cell that is filled must decode to readable text, and in the
file at least one such column must hold Chinese. Numbers and days as they are written do not decode to text.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain, islice
from typing import Any

from creditsvc.kernel.sheets.table import BrokenRow, Cells, Table

DUMP = "\x01"
"""The separator of such dumps."""
AHEAD = 500
"""Rows from which it is told which columns are encoded."""
_ENCODED = re.compile(
    r"(?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?|[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}="
)
_CHINESE = re.compile("[\u3400-\u9fff]")
_EMPTY = frozenset({"", "\\N", "NULL", "null"})


def decoded(table: Table) -> Table:
    """The table with its encoded columns as text; itself if none is."""
    ahead = list(islice(table.rows, AHEAD))
    places = encoded_places([cells for _, cells in ahead if not isinstance(cells, BrokenRow)], len(table.headers))
    rows = chain(ahead, table.rows)
    return replace(table, rows=_decoded_rows(rows, places) if places else rows)


def encoded_places(rows: Sequence[Sequence[Any]], width: int) -> frozenset[int]:
    """Which columns are in base64."""
    found, any_chinese = set[int](), False
    for place in range(width):
        filled = [str(row[place]) for row in rows if place < len(row) and str(row[place]).strip() not in _EMPTY]
        texts = [plain(cell.strip()) for cell in filled]
        if texts and all(text is not None for text in texts):
            found.add(place)
            any_chinese = any_chinese or any(_CHINESE.search(text or "") for text in texts)
    return frozenset(found) if any_chinese else frozenset()


def plain(cell: str) -> str | None:
    """The text that a cell in base64 holds; none if it is not such a cell."""
    if not _ENCODED.fullmatch(cell):
        return None
    try:
        text = base64.b64decode(cell, validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return text if text.replace("\n", "").replace("\r", "").replace("\t", "").isprintable() else None


def _decoded_rows(rows: Iterable[tuple[int, Cells]], places: frozenset[int]) -> Iterator[tuple[int, Cells]]:
    for number, cells in rows:
        if isinstance(cells, BrokenRow):
            yield number, cells
            continue
        yield number, [_decoded_cell(cell) if place in places else cell for place, cell in enumerate(cells)]


def _decoded_cell(cell: Any) -> Any:
    found = plain(str(cell).strip())
    return cell if found is None else found
