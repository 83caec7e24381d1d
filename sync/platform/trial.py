"""``creditsvc platform try``: what would be sent by a profile, shown column by column with numbers masked, and what is wrong."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditsvc.services import Services
from sync.platform import records
from sync.platform.planning import Draft, Planner
from sync.platform.shape.profile import Operation, Profile
from sync.platform.shape.rows import Provider, Record
from sync.tables_feed import FeedEntry
from sync.wire.notes import Signer

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


@dataclass(slots=True)
class Shown:
    """One row as it would go: column, field, value."""

    key: str
    operation: str
    cells: list[tuple[str, str, str]]


@dataclass(slots=True)
class Trial:
    """What a profile makes of the entries in force."""

    rows: int
    shown: list[Shown] = field(default_factory=list)
    faults: Counter[tuple[str, str]] = field(default_factory=Counter)
    refused: int = 0
    made_up: bool = False


def try_profile(
    services: Services, profile: Profile, signer: Signer, now: datetime, *, limit: int, shown: int = 2
) -> Trial:
    """Map up to ``limit`` entries in force, and the end of one; nothing is planned or sent."""
    with services.database.reading() as session:
        drafts, made_up = _drafts(session, services, profile, limit)
    planner = Planner(profile, Provider("示例单位", "11410000005184603L"), signer)
    batch, refused = planner.shown(drafts, now)
    found = Trial(rows=len(batch.rows), refused=len(refused), made_up=made_up)
    for wrong in refused:
        found.faults.update((fault.column, fault.problem) for fault in wrong.faults)
    ends = [row for row in batch.rows if row.operation == "D"]
    for row in [*[row for row in batch.rows if row.operation != "D"][:shown], *ends[:1]]:
        cells = [
            (column.name, column.source or "=", _masked(column.source, value))
            for column, value in zip(profile.columns, row.values, strict=True)
        ]
        found.shown.append(Shown(row.key, row.operation, cells))
    return found


def _drafts(session: Session, services: Services, profile: Profile, limit: int) -> tuple[list[Draft], bool]:
    entries = session.scalars(
        select(FeedEntry.entry).where(FeedEntry.stream == records.STREAM, FeedEntry.canary.is_(False))
        .order_by(FeedEntry.sequence.desc()).limit(limit)
    ).all()  # fmt: skip
    who = records.Identities(records.NUMBER, "")
    found = list(records.standing(session, services, list(entries), who, profile.kinds).values())
    made_up = not found
    if made_up:
        found = [Record(MADE_UP["entry"], 1, "listing", "person", MADE_UP, _NUMBER)]
    drafts = [Draft(record, Operation.INSERT) for record in found]
    first = found[0]
    return [*drafts, Draft(records.ending(first.key, first.shape, _END, first.version + 1), Operation.DELETE)], made_up


def _masked(source: str, value: object) -> str:
    text = "" if value is None else str(value)
    if source in _HIDDEN and len(text) > 8:
        return f"{text[:6]}{'*' * (len(text) - 10)}{text[-4:]}" if len(text) > 14 else "***"
    return text if len(text) <= 80 else f"{text[:77]}…"
