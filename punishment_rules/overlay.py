"""What the province's legal department says of single rows: cleared or held, by whom, in which paper, from which day."""

from __future__ import annotations

from dataclasses import dataclass, field
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
    _by_measure: dict[str, tuple[OverlayRow, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        found: dict[str, tuple[OverlayRow, ...]] = {}
        for row in self.rows:
            found[row.measure_id] = (*found.get(row.measure_id, ()), row)
        object.__setattr__(self, "_by_measure", found)

    def on(self, measure_id: str, on: date) -> OverlayRow | None:
        """The decision on a row that holds on a day, or None."""
        return value_on(self.of(measure_id), on)

    def of(self, measure_id: str) -> tuple[OverlayRow, ...]:
        """All decisions on a row, past and coming, oldest first."""
        return self._by_measure.get(measure_id, ())

    def as_known(self, day: date) -> Overlay:
        """The decisions that had been made by the end of a day; one that does not say when counts from its first day."""
        if not self.rows:
            return self
        return Overlay(tuple(row for row in self.rows if (row.decided_on or row.start) <= day))


NONE = Overlay()
