"""What is different between two days of one catalogue, or between two catalogues on one day. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from punishment_rules.catalogue_types import Applied, Catalogue, Measure, Version
from punishment_rules.ceiling import ceiling
from punishment_rules.law import Citation
from punishment_rules.overlay import NONE, Overlay


class Change(StrEnum):
    """What happened to a row from the first look to the second."""

    BEGUN = "begun"
    ENDED = "ended"
    REWORDED = "reworded"
    APPLIED_OTHERWISE = "applied_otherwise"


@dataclass(frozen=True, slots=True)
class Difference:
    """One row that differs: how it is used and by which clauses, before and after; None where it isn't in force."""

    measure_id: str
    change: Change
    before: Applied | None
    after: Applied | None
    clauses_before: tuple[Citation, ...]
    clauses_after: tuple[Citation, ...]


@dataclass(frozen=True, slots=True)
class _Look:
    """A row as it stands on a day: how it is used, its clauses in force, and what else binds."""

    applied: Applied | None
    clauses: tuple[Citation, ...]
    terms: tuple[object, ...]


_NOT_THERE = _Look(None, (), ())


def between_days(catalogue: Catalogue, first: date, second: date, overlay: Overlay = NONE) -> tuple[Difference, ...]:
    """Rows of one catalogue that stand otherwise on the second Beijing day than on the first, by id."""
    pairs = ((row.id, _look(row, first, overlay), _look(row, second, overlay)) for row in catalogue.measures.values())
    return _differences(sorted(pairs, key=lambda pair: pair[0]))


def between_catalogues(
    old: Catalogue, new: Catalogue, on: date, overlay: Overlay = NONE, overlay_after: Overlay | None = None
) -> tuple[Difference, ...]:
    """Rows that a changed catalogue (or a changed overlay) would change on a Beijing day, by id: the first step of a what-if."""
    laws = ((old, overlay), (new, overlay if overlay_after is None else overlay_after))
    pairs = []
    for measure_id in sorted({*old.measures, *new.measures}):
        looks = [
            _look(book.measures[measure_id], on, said) if measure_id in book.measures else _NOT_THERE
            for book, said in laws
        ]
        pairs.append((measure_id, looks[0], looks[1]))
    return _differences(pairs)


def _differences(pairs: list[tuple[str, _Look, _Look]]) -> tuple[Difference, ...]:
    found = []
    for measure_id, before, after in pairs:
        change = _change(before, after)
        if change is not None:
            found.append(Difference(measure_id, change, before.applied, after.applied, before.clauses, after.clauses))
    return tuple(found)


def _change(before: _Look, after: _Look) -> Change | None:
    if before == after:
        return None
    if before.applied is None:
        return Change.BEGUN
    if after.applied is None:
        return Change.ENDED
    return Change.REWORDED if before.applied is after.applied else Change.APPLIED_OTHERWISE


def _look(measure: Measure, on: date, overlay: Overlay) -> _Look:
    version = measure.version_on(on)
    if version is None:
        return _NOT_THERE
    alive = tuple(clause for clause in version.clauses if clause.in_force(on))
    return _Look(ceiling(measure, version, on, overlay).applied, alive, _terms(measure, version))


def _terms(measure: Measure, version: Version) -> tuple[object, ...]:
    return (
        measure.acts,
        measure.effect,
        measure.temporary_lift,
        version.kinds,
        version.roles,
        version.trigger,
        version.associations,
        version.reverse_roles,
        version.discretion,
        version.separate_decision,
        version.amount,
        version.debt_acts,
        version.traits,
    )
