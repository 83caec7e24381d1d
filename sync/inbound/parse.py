"""Rows become records or faults: read, normalised, held against the law's bars. Pure.

All faults of a row are named, not only the first. What can't be read is refused; what can be read and lacks what the law
wants waits in quarantine: a masked number, a term without its written end, no decision, no national entry.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from datetime import date
from unicodedata import normalize

from creditsvc.kernel.courts import CourtIndex
from creditsvc.kernel.sheets.table import BrokenRow, Table
from creditsvc.kernel.text import Bilingual
from sync.inbound.cells import Row
from sync.inbound.changes import read_change
from sync.inbound.columns import plan
from sync.inbound.listing import read_listing
from sync.inbound.load import columns_by_name
from sync.inbound.orders import read_order
from sync.inbound.records import Fault, Inbound, InboundOrder, InboundRecord
from sync.inbound.shapes import Shape, shape_of_row

PARSER = "3"
"""Raised whenever the same file would become other rows; a batch keeps the one that read it."""
Outcome = Inbound | tuple[Fault, ...]


def parse_rows(table: Table, *, courts: CourtIndex, received_on: date) -> Iterator[Outcome]:
    """Every row of a table in order, later rows that repeat an earlier one as faults.

    Raises ``InvalidInput`` for columns that are unknown or missing. Holds a digest of every row; whoever can tell
    repetitions otherwise reads ``read_rows``.
    """
    seen: dict[bytes, int] = {}
    for outcome, row in read_rows(table, courts=courts, received_on=received_on):
        if row is None or isinstance(outcome, tuple):
            yield outcome
            continue
        first = seen.setdefault(_digest(outcome), row.number)
        yield outcome if first == row.number else (duplicate(row.number, row.plan.header("case_code"), first),)


def duplicate(row: int, header: str, first: int) -> Fault:
    """A row that says again what an earlier one has said."""
    text = Bilingual(
        f"与第 {first} 行重复（同一案件、被执行人和文书）", f"the same case, debtor and document as row {first}"
    )
    return Fault(row, "case_code", header, "row-duplicate", text, "refused")


def read_rows(table: Table, *, courts: CourtIndex, received_on: date) -> Iterator[tuple[Outcome, Row | None]]:
    """Every row with what it was read from (none where its cells can't be told apart). Raises as ``parse_rows``."""
    plan(table.headers, columns_by_name())
    return _rows(table, courts, received_on)


def _rows(table: Table, courts: CourtIndex, received_on: date) -> Iterator[tuple[Outcome, Row | None]]:
    known = columns_by_name()
    made, width = plan(table.headers, known), len(table.headers)
    for number, cells in table.rows:
        if isinstance(cells, BrokenRow):
            yield (Fault(number, "", "", cells.code, cells.text, "refused"),), None
            continue
        if len(table.headers) != width:
            made, width = plan(table.headers, known, row=number), len(table.headers)
        row = Row(number, cells, made)
        yield read_row(row, courts=courts, received_on=received_on), row


def read_row(row: Row, *, courts: CourtIndex, received_on: date) -> Outcome:
    """What one row becomes."""
    shape = shape_of_row(row, row.plan.shape)
    found: Inbound | None = None
    if shape is Shape.LISTING:
        found = read_listing(row, courts, received_on)
    elif shape is Shape.ORDER:
        found = read_order(row, courts, received_on)
    elif shape is not None:
        found = read_change(row, shape, courts, received_on)
    return found if found is not None and not row.faults else tuple(row.faults)


def fold_number(document: str) -> str:
    """A document's number for comparing: whatever brackets and spaces it was written with."""
    return (
        document.translate(_PLAIN)
        if _COMMON(document)
        else "".join(normalize("NFKC", document).translate(_BRACKETS).split())
    )


_COMMON = re.compile("[（）()\u4e00-\u9fff0-9A-Za-z]*").fullmatch
"""Nearly all: what NFKC leaves as it is but for the brackets."""
_PLAIN = str.maketrans("（）", "()")
_BRACKETS = str.maketrans("〔〕【】[]{}", "()()()()")


def case_key(text: str) -> str:
    """What makes a case number that number, of one that was read: without a ruling's 之一 or -1 behind it."""
    return text.partition("号")[0].partition("-")[0]


def _digest(record: Inbound) -> bytes:
    return hashlib.blake2b("\0".join(row_key_parts(record)).encode(), digest_size=12).digest()


def row_key_parts(record: Inbound) -> tuple[str, ...]:
    """What makes a row that row: court, case, debtor, document. Holds a clear number: only ever hashed under a key."""
    if isinstance(record, InboundRecord):
        return listing_key_parts(record, record.decision_number)
    if isinstance(record, InboundOrder):
        return ("order", *listing_key_parts(record, record.order_number))
    officer = record.officer.canonical if record.officer else ""
    return (record.kind, *listing_key_parts(record, record.made_by or ""), record.document_number, officer,
            str(sorted(record.changes)))  # fmt: skip


def listing_key_parts(record: Inbound, decision: str) -> tuple[str, ...]:
    """The key of the listing that this decision made, or would make, for the same debtor in the same case."""
    return record.court_code, case_key(record.case_number), record.number.canonical, fold_number(decision)
