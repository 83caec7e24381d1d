"""What the province's legal department says of single rows: cleared or held, by whom, in which paper, from which day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from punishment_rules.law import value_on


class Stance(StrEnum):
    """What the legal department says of a row."""

    CLEARED = "cleared"
    HELD = "held"


@dataclass(frozen=True, slots=True)
class OverlayRow:
    """One decision of the province's legal department on one row, from a day on."""

    measure_id: str
    stance: Stance
    start: date
    end: date | None
    decided_by: str
    document: str
    decided_on: date | None = None


@dataclass(frozen=True, slots=True)
class Overlay:
    """The decisions of the legal department; they never overlap for one row."""

    rows: tuple[OverlayRow, ...] = ()

    def on(self, measure_id: str, on: date) -> OverlayRow | None:
        """The decision on a row that holds on a day, or None."""
        return value_on(self.of(measure_id), on) if self.rows else None

    def of(self, measure_id: str) -> tuple[OverlayRow, ...]:
        """All decisions on a row, past and coming, oldest first."""
        return tuple(row for row in self.rows if row.measure_id == measure_id)


NONE = Overlay()
