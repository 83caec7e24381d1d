"""The result of a what-if as a table: one row a verdict that would change."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import date

from creditsvc.checks.rulebook_csv import safe
from creditsvc.checks.rulebook_what_if import Changed

HEADS = (
    "日期 day",
    "行业 sector",
    "事项 act",
    "措施 measure",
    "记录 entry",
    "本人记录 own",
    "现在 before",
    "改动后 after",
)


def cells_of(one: Changed, on: date) -> tuple[str, ...]:
    """One row, formula-safe."""
    own = "是 yes" if one.own else "否 no"
    cells = (on.isoformat(), one.sector, one.act, one.measure, one.entry, own, one.before.value, one.after.value)
    return tuple(safe(cell) for cell in cells)


def csv_lines(chunks: Iterator[Sequence[Changed]], on: date) -> Iterator[bytes]:
    """The file, chunk by chunk, as it is found."""
    yield b"\xef\xbb\xbf" + _line([HEADS])
    for chunk in chunks:
        if chunk:
            yield _line([cells_of(one, on) for one in chunk])


def _line(rows: Sequence[Sequence[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(rows)
    return out.getvalue().encode()
