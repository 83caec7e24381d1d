"""The life of one row: from which day to which day it stood how, and why. Derived from versions, clauses and overlay."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from punishment_rules.catalogue_types import Applied, Measure, Version
from punishment_rules.ceiling import Ceiling, ceiling
from punishment_rules.judge import law_days
from punishment_rules.law import Citation
from punishment_rules.overlay import NONE, Overlay

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Period:
    """From `start` to `end` (its last day; None is open) the row stood so; `version` None: it was not in force."""

    start: date
    end: date | None
    version: Version | None
    ceiling: Ceiling | None
    clauses: tuple[Citation, ...]

    @property
    def applied(self) -> Applied | None:
        """How the row is used in this period; None while it is not in force."""
        return None if self.ceiling is None else self.ceiling.applied

    def same_as(self, other: Period) -> bool:
        """True if nothing but the days differs."""
        return (self.version, self.ceiling, self.clauses) == (other.version, other.ceiling, other.clauses)


def turning_days(measure: Measure, overlay: Overlay = NONE) -> tuple[date, ...]:
    """Every day on which the row may stand otherwise than on the day before: first days, and days after last days."""
    rows = overlay.of(measure.id)
    days = {row.start for row in rows} | {
        row.end + ONE_DAY for row in rows if row.end is not None and row.end < date.max
    }
    return tuple(sorted({*law_days(measure), *days}))


def history(measure: Measure, begins: date, overlay: Overlay = NONE) -> tuple[Period, ...]:
    """The periods of a row since the catalogue begins, oldest first, without gaps; equal neighbours are one."""
    days = [begins, *(day for day in turning_days(measure, overlay) if day > begins)]
    found: list[Period] = []
    for number, day in enumerate(days):
        end = days[number + 1] - ONE_DAY if number + 1 < len(days) else None
        period = _period(measure, day, end, overlay)
        if found and found[-1].same_as(period):
            period = Period(found.pop().start, end, period.version, period.ceiling, period.clauses)
        found.append(period)
    return tuple(found)


def _period(measure: Measure, start: date, end: date | None, overlay: Overlay) -> Period:
    version = measure.version_on(start)
    if version is None:
        return Period(start, end, None, None, ())
    alive = tuple(clause for clause in version.clauses if clause.in_force(start))
    return Period(start, end, version, ceiling(measure, version, start, overlay), alive)
