"""The rulebook read: rows by sector, clause, agency, act, kind and words; one row with its life; two days compared.

Pure: the catalogue, the overlay and the day are arguments.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from punishment_rules.catalogue_types import ALL_REGULATORS, Applied, Catalogue, Measure, Version
from punishment_rules.ceiling import Ceiling, ceiling
from punishment_rules.law import Citation, DebtorKind
from punishment_rules.overlay import NONE, Overlay


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for; what is not given does not narrow. Rows of all regulators join a sector's own."""

    on: date
    sector: str = ""
    act: str = ""
    kind: DebtorKind | None = None
    applied: Applied | None = None
    document: str = ""
    clause: str = ""
    agency: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One measure as it stands on a day."""

    measure: Measure
    version: Version
    ceiling: Ceiling
    clauses: tuple[Citation, ...]
    """Those in force on the day."""


def row_on(measure: Measure, on: date, overlay: Overlay = NONE) -> Row | None:
    """The measure as it stands on a day; None where it is not in force."""
    version = measure.version_on(on)
    if version is None:
        return None
    alive = tuple(clause for clause in version.clauses if clause.in_force(on))
    return Row(measure, version, ceiling(measure, version, on, overlay), alive)


def found(search: Search, rules: Catalogue, overlay: Overlay = NONE) -> tuple[Row, ...]:
    """Rows in force on the day that fit everything asked, in catalogue order; a sector's own before the common ones."""
    rows = [row for row in _rows(search, rules, overlay) if _fits(row, search, rules)]
    return tuple(sorted(rows, key=lambda row: row.measure.sector != search.sector)) if search.sector else tuple(rows)


def _rows(search: Search, rules: Catalogue, overlay: Overlay) -> Iterator[Row]:
    for measure in rules.measures.values():
        row = row_on(measure, search.on, overlay)
        if row is not None:
            yield row


def _fits(row: Row, search: Search, rules: Catalogue) -> bool:
    measure, version = row.measure, row.version
    return (
        (not search.sector or measure.sector in {search.sector, ALL_REGULATORS})
        and (not search.act or search.act in measure.acts)
        and (search.kind is None or search.kind in version.kinds)
        and (search.applied is None or row.ceiling.applied is search.applied)
        and (not search.document or any(clause.document_id == search.document for clause in row.clauses))
        and _has(search.clause, (f"{clause.text.zh} {clause.text.en}" for clause in row.clauses))
        and _has(search.agency, (measure.authority.zh, measure.authority.en))
        and all(_has(word, _words(row, rules)) for word in search.words.split())
    )


def _has(wanted: str, texts: Iterator[str] | tuple[str, ...]) -> bool:
    return not wanted or any(wanted.casefold() in text.casefold() for text in texts)


def _words(row: Row, rules: Catalogue) -> Iterator[str]:
    measure = row.measure
    yield measure.id
    for text in (measure.title, measure.staff, measure.person, measure.authority, measure.exempt):
        if text is not None:
            yield text.zh
            yield text.en
    labels = {act.id: act.label for act in rules.sectors[measure.sector].acts}
    for act in measure.acts:
        yield from (act, labels[act].zh, labels[act].en)
    for clause in row.clauses:
        yield from (clause.text.zh, clause.text.en)
