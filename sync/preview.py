"""What a batch would do, counted while it is read: what the releasing person is shown."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from creditsvc.kernel.load import courts
from creditsvc.register.life import State
from creditsvc.register.tables import Listing
from creditsvc.settings import Settings
from sync.inbound.guards import Counts, CourtCounts, held
from sync.inbound.records import Fault, Inbound, InboundChange, InboundOrder, InboundRecord
from sync.inbound.shapes import Shape
from sync.preview_sectors import ORDER, PERSON, UNIT, sectors_seen
from sync.tables_intake import APPLIED, Batch
from sync.wire.fields import KINDS


@dataclass
class Tally:
    """Counts while a file is read."""

    rows: int = 0
    staged: int = 0
    """Rows that would take effect, of any shape."""
    gain: int = 0
    """Of these, listings."""
    lose: int = 0
    """Of these, exits of entries that stand."""
    ahead: int = 0
    """Of these, exits whose entry is not here yet."""
    unchanged: int = 0
    changed: int = 0
    quarantined: int = 0
    refused: int = 0
    orders: int = 0
    persons: int = 0
    shapes: Counter[str] = field(default_factory=Counter)
    gains: Counter[str] = field(default_factory=Counter)
    losses: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    streams: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By kind of entry and ``gain`` or ``lose``."""
    affected: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By who is affected (of ``preview_sectors``) and ``gain`` or ``lose``."""

    def take(self, record: Inbound, court_code: str | None, *, times: int = 1) -> None:
        """A row that would add, change or end something; ``court_code`` is its entry's. ``times`` -1 takes it back."""
        self.staged += times
        if isinstance(record, InboundRecord):
            self.gain += times
            self.shapes[Shape.LISTING.value] += times
            self.gains[record.court_code] += times
            self.persons += times * (record.debtor_kind.value == "person")
            self.streams["listing", "gain"] += times
            self.affected[PERSON if record.debtor_kind.value == "person" else UNIT, "gain"] += times
            if record.order_number is not None:
                self.orders += times
                self.streams["consumption_order", "gain"] += times
        elif isinstance(record, InboundOrder):
            self.orders += times
            self.shapes[Shape.ORDER.value] += times
            self.streams["consumption_order", "gain"] += times
            self.affected[ORDER, "gain"] += times
        else:
            self.shapes[record.shape] += times
            if record.shape == Shape.EXIT.value:
                self._leave(record, court_code, times)

    def _leave(self, change: InboundChange, court_code: str | None, times: int) -> None:
        if court_code is None:
            self.ahead += times
            return
        self.lose += times
        self.losses[court_code] += times
        self.streams[change.about, "lose"] += times
        who = ORDER if change.about == "consumption_order" else PERSON if change.number.is_personal else UNIT
        self.affected[who, "lose"] += times

    def pass_over(self, state: str, *, times: int = 1) -> None:
        """A row that is there already, as it is or otherwise."""
        if state == "unchanged":
            self.unchanged += times
        elif state == "changed":
            self.changed += times

    def fault(self, faults: Sequence[Fault]) -> None:
        """A row with faults."""
        severe = any(fault.severity == "refused" for fault in faults)
        if not any(fault.code == "entry-changed" for fault in faults):  # counted as changed
            self.refused += severe
            self.quarantined += not severe
        self.codes.update({fault.code for fault in faults})


def preview(session: Session, settings: Settings, batch: Batch, tally: Tally, *, on: date) -> dict[str, Any]:
    """What the batch's page shows; plain data, of which the digest is taken."""
    query = (
        select(Listing.court_code, func.count()).where(Listing.state == State.ACTIVE.value).group_by(Listing.court_code)
    )
    standing = {row[0]: row[1] for row in session.execute(query)}
    named = {court.code: court.name for court in courts().all()}
    affected = sorted(
        (code for code in tally.gains | tally.losses if tally.gains[code] or tally.losses[code]),
        key=lambda code: (-tally.gains[code] - tally.losses[code], code),
    )
    of_courts = [
        CourtCounts(named.get(code, code), standing.get(code, 0), tally.gains[code], tally.losses[code])
        for code in affected
    ]
    counts = Counts(
        rows=tally.rows, faulty=tally.refused + tally.quarantined, gain=tally.gain, lose=tally.streams["listing", "lose"],
        standing=sum(standing.values()), courts=of_courts, declared=batch.declared_rows, last_rows=_last_rows(session, batch, tally),
    )  # fmt: skip
    return {
        "rows": tally.rows, "gain": tally.gain, "lose": tally.lose, "orders": tally.orders, "persons": tally.persons,
        "units": tally.gain - tally.persons, "ahead": tally.ahead, "unchanged": tally.unchanged, "changed": tally.changed,
        "quarantined": tally.quarantined, "refused": tally.refused, "standing": counts.standing, "staged": tally.staged,
        "declared": batch.declared_rows, "shapes": {shape: count for shape, count in sorted(tally.shapes.items()) if count},
        "courts": [
            {"code": code, "name": court.name, "rows": court.gain, "lose": court.lose, "standing": court.standing}
            for code, court in zip(affected, of_courts, strict=True)
        ],
        "streams": _streams(tally),
        "affected": {who: {way: tally.affected[who, way] for way in ("gain", "lose")} for who in sorted(_affected(tally))},
        "sectors": sectors_seen(settings, _affected(tally), on=on),
        "codes": [{"code": code, "rows": count} for code, count in tally.codes.most_common()],
        "held": held(counts),
    }  # fmt: skip


def _affected(tally: Tally) -> frozenset[str]:
    return frozenset(who for (who, _), count in tally.affected.items() if count)


def _streams(tally: Tally) -> list[dict[str, Any]]:
    """How many entries each stream would gain and lose: an entry is on every stream that carries its kind."""
    return [
        {"stream": stream, **{way: sum(tally.streams[kind, way] for kind in kinds) for way in ("gain", "lose")}}
        for stream, kinds in sorted(KINDS.items())
        if any(tally.streams[kind, way] for kind in kinds for way in ("gain", "lose"))
    ]


def _last_rows(session: Session, batch: Batch, tally: Tally) -> int | None:
    """Rows of the last applied file of the same court and shapes."""
    query = select(Batch.rows, Batch.preview).where(
        Batch.court_code == batch.court_code, Batch.state == APPLIED, Batch.id != batch.id
    )
    for rows, shown in session.execute(query.order_by(Batch.id.desc()).limit(20)):
        if set((shown or {}).get("shapes", ())) == set(tally.shapes):
            return int(rows)
    return None


def digest_of(batch: Batch) -> str:
    """SHA-256 of exactly what is shown and released: the file, the reading, the counts."""
    shown = [batch.id, batch.sha256, batch.parser, batch.preview]
    return hashlib.sha256(json.dumps(shown, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
