"""``creditsvc platform try``: what would be sent by a profile, shown column by column with numbers masked, and what is wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from creditsvc.services import Services
from sync.platform import records
from sync.platform.planning import Draft, Planner
from sync.platform.shape.batches import BatchOut
from sync.platform.shape.profile import Column, Operation, Profile
from sync.platform.shape.rows import Provider, Record, Row
from sync.tables_feed import FeedEntry
from sync.wire.notes import Signer

_AT_ONCE = 2000
_HIDDEN = frozenset({"number", "token", "subject"})
MADE_UP: dict[str, Any] = {
    "entry": "lst_" + "0" * 24, "kind": "listing", "revision": 1, "debtor_kind": "person", "name": "示例", "sex": "male", "age": 46,
    "court_code": "豫0105", "court_name": "郑州市金水区人民法院", "case_number": "（2026）豫0105执1号", "filed_on": "2026-01-05",
    "basis_number": "（2025）豫0105民初1号", "basis_issuer": "郑州市金水区人民法院", "obligation": "给付货款",
    "performance": "none", "grounds": ["property_report"], "published_on": "2026-03-02", "until": "2028-03-01",
    "decision": "（2026）豫0105执1号之一",
}  # fmt: skip
"""Nobody: shown where the register is empty."""
_NUMBER = "resident_id:11010119000101001X"
_END = {"exit": "removed", "ground": "performed", "effect": "stop_use", "effective": "2026-11-24", "due": "2026-11-25",
        "kind": "listing", "revision": 2}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cell:
    """One column of a row as it would go. ``what``: what the column takes, in a few words."""

    column: str
    what: str
    source: str
    value: str


@dataclass(slots=True)
class Shown:
    """One row as it would go."""

    key: str
    operation: str
    cells: list[Cell]


@dataclass(slots=True)
class Trial:
    """What a profile makes of the entries in force: of how many of all, and what is wrong with them."""

    rows: int = 0
    refused: int = 0
    all: int = 0
    shown: list[Shown] = field(default_factory=list)
    faults: Counter[tuple[str, str]] = field(default_factory=Counter)
    made_up: bool = False


def try_profile(
    services: Services, profile: Profile, signer: Signer, now: datetime, *, limit: int | None = None, shown: int = 2
) -> Trial:
    """Map the entries in force, or the ``limit`` newest of them, and the end of one; nothing is planned or sent."""
    planner, found = Planner(profile, Provider("示例单位", "11410000005184603L"), signer), Trial()
    first: Record | None = None
    with services.database.reading() as session:
        standing = select(func.count()).select_from(FeedEntry)
        found.all = session.scalar(standing.where(FeedEntry.stream == records.STREAM, FeedEntry.canary.is_(False))) or 0
        for some in _pages(session, services, profile, limit):
            batch = _counted(found, planner, [Draft(record, Operation.INSERT) for record in some], now)
            first = first or next(iter(some), None)
            _show(found, profile, batch.rows[: max(0, shown - len(found.shown))])
    if first is None:
        found.made_up, first = True, Record(MADE_UP["entry"], 1, "listing", "person", MADE_UP, _NUMBER)
        _show(found, profile, _counted(found, planner, [Draft(first, Operation.INSERT)], now).rows)
    end = records.ending(first.key, first.shape, _END, first.version + 1)
    _show(found, profile, planner.shown([Draft(end, Operation.DELETE)], now)[0].rows)
    return found


def _pages(session: Session, services: Services, profile: Profile, limit: int | None) -> Iterator[list[Record]]:
    """Entries in force, newest first, some thousand at a time."""
    who, below, left = records.Identities(records.NUMBER, ""), None, limit
    while left is None or left > 0:
        query = select(FeedEntry.sequence, FeedEntry.entry).where(
            FeedEntry.stream == records.STREAM, FeedEntry.canary.is_(False)
        )
        if below is not None:
            query = query.where(FeedEntry.sequence < below)
        most = _AT_ONCE if left is None else min(_AT_ONCE, left)
        rows = session.execute(query.order_by(FeedEntry.sequence.desc()).limit(most)).all()
        if not rows:
            return
        below, left = rows[-1][0], None if left is None else left - len(rows)
        yield list(records.standing(session, services, [entry for _, entry in rows], who, profile.kinds).values())


def _counted(found: Trial, planner: Planner, drafts: list[Draft], now: datetime) -> BatchOut:
    batch, refused = planner.shown(drafts, now)
    found.rows, found.refused = found.rows + len(batch.rows), found.refused + len(refused)
    for wrong in refused:
        found.faults.update((fault.column, fault.problem) for fault in wrong.faults)
    return batch


def _show(found: Trial, profile: Profile, rows: Sequence[Row]) -> None:
    for row in rows:
        cells = [
            Cell(column.name, _what(column, row.shape), column.source or "=", _masked(column.source, value))
            for column, value in zip(profile.columns, row.values, strict=True)
        ]
        found.shown.append(Shown(row.key, row.operation, cells))


def _what(column: Column, shape: str) -> str:
    """What a column takes: type, most characters, whether it is a list of codes, whether it must have a value."""
    words = [column.type.value if not column.codes else "code", f"≤{column.length}" if column.length else ""]
    return " ".join(each for each in [*words, "*" if shape in column.must else ""] if each)


def _masked(source: str, value: object) -> str:
    text = "" if value is None else str(value)
    if source in _HIDDEN and len(text) > 8:
        return f"{text[:6]}{'*' * (len(text) - 10)}{text[-4:]}" if len(text) > 14 else "***"
    return text if len(text) <= 80 else f"{text[:77]}…"
