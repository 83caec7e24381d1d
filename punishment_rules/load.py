"""Reads the law's files, strictly. The only module of the package that opens a file."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from punishment_rules.catalogue_types import ALL_REGULATORS, Catalogue, CatalogueError, Measure, Sector
from punishment_rules.examples import Example, parse_example
from punishment_rules.incentive_types import Incentive, IncentiveBook, parse_incentive
from punishment_rules.law import Citation
from punishment_rules.overlay import Overlay
from punishment_rules.parse import (
    Documents,
    parse_clause,
    parse_document,
    parse_measure,
    parse_overlay,
    parse_sector,
    refuse_overlap,
)
from punishment_rules.strict import Source, Table

_HERE = Path(__file__).parent
_DOCUMENTS = "_documents.toml"

# general clauses that the answer cites; the documents file must have each
GENERAL_CLAUSES = (
    "approval",
    "ceiling",
    "dispute",
    "end_of_listing",
    "minor",
    "temporary_lift",
    "use_of_list",
)

_Files = Mapping[str, tuple[Source, dict[str, Any]]]


@cache
def catalogue() -> Catalogue:
    """The catalogue that ships with this release, read once. Raises CatalogueError with file and line."""
    return load_catalogue(_HERE / "catalogue")


@cache
def incentives() -> IncentiveBook:
    """The incentives that ship with this release, read once. Raises CatalogueError with file and line."""
    return load_incentives(_HERE / "incentives")


@cache
def examples() -> tuple[Example, ...]:
    """The worked examples that ship with this release, read once. Raises CatalogueError with file and line."""
    return load_examples(_HERE / "examples", catalogue())


def load_catalogue(directory: Path) -> Catalogue:
    """Read a catalogue from a directory: `_documents.toml` and one file a sector. Raises CatalogueError."""
    return _catalogue(_read(directory))


def catalogue_from(texts: Mapping[str, bytes]) -> Catalogue:
    """A catalogue from files in memory, by name: nothing is written anywhere. Raises CatalogueError."""
    if _DOCUMENTS not in texts:
        raise CatalogueError(f"{_DOCUMENTS} is missing", path=_DOCUMENTS, line=1)
    return _catalogue({name: _parsed(name, texts[name]) for name in sorted(texts)})


def overlay_from(text: bytes, base: Catalogue, name: str = "overlay.toml") -> Overlay:
    """Decisions of the legal department from a file in memory. Raises CatalogueError with the line."""
    source, data = _parsed(name, text)
    return parse_overlay(Table(data, source), base.measures)


def _catalogue(files: _Files) -> Catalogue:
    general = _general(files)
    documents, begins = _documents(general), general.day("begins")
    if begins is None:
        raise general.fault("begins is missing", "begins")
    clauses = _general_clauses(general, documents)
    exemptions = {row.anchor: _pair_of(row) for row in general.tables("exemption")}
    general.done()
    sectors, measures = _sectors(files, documents)
    _refuse_dead_references(files, sectors, measures, exemptions)
    return Catalogue(
        edition=_edition(files),
        begins=begins,
        documents=documents,
        clauses=clauses,
        exemptions=exemptions,
        sectors=sectors,
        measures=measures,
        by_act=_index(sectors, measures),
    )


def load_incentives(directory: Path) -> IncentiveBook:
    """Read incentives from a directory: `_documents.toml` and one file a sector. Raises CatalogueError."""
    files = _read(directory)
    general = _general(files)
    documents = _documents(general)
    general.done()
    found: dict[str, Incentive] = {}
    for name, (source, data) in files.items():
        if name == _DOCUMENTS:
            continue
        table = Table(data, source)
        sector = table.text("sector")
        if name != f"{sector}.toml":
            raise table.fault(f"the file of sector {sector!r} must be named {sector}.toml", "sector")
        for row in table.tables("incentive"):
            incentive = parse_incentive(row, sector, documents)
            if incentive.id in found:
                raise row.fault("this id is used twice", "id")
            found[incentive.id] = incentive
        table.done()
    return IncentiveBook(_edition(files), found)


def load_examples(directory: Path, base: Catalogue) -> tuple[Example, ...]:
    """Read worked examples from a directory of TOML files. Raises CatalogueError with file and line."""
    found: list[Example] = []
    for path in sorted(directory.glob("*.toml")):
        source, data = _parse(path)
        table = Table(data, source)
        found += [parse_example(row, base) for row in table.tables("example")]
        table.done()
    return tuple(found)


def load_overlay(path: Path, base: Catalogue) -> Overlay:
    """Read the legal department's decisions on rows of a catalogue. Raises CatalogueError with file and line."""
    return overlay_from(path.read_bytes(), base, path.name)


def _read(directory: Path) -> _Files:
    paths = sorted(directory.glob("*.toml"))
    if directory / _DOCUMENTS not in paths:
        raise CatalogueError(f"{_DOCUMENTS} is missing", path=str(directory), line=1)
    return {path.name: _parse(path) for path in paths}


def _parse(path: Path) -> tuple[Source, dict[str, Any]]:
    return _parsed(path.name, path.read_bytes())


def _parsed(name: str, content: bytes) -> tuple[Source, dict[str, Any]]:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise CatalogueError("the file is not UTF-8", path=name, line=line) from error
    try:
        return Source(name, text), tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CatalogueError(str(error), path=name, line=_line_of(error)) from error
    except (ValueError, RecursionError) as error:
        # a number of thousands of digits, brackets within brackets without end
        raise CatalogueError("the file can't be read as TOML", path=name, line=1) from error


def _line_of(error: tomllib.TOMLDecodeError) -> int:
    _, _, tail = str(error).partition("at line ")
    digits = tail.partition(",")[0]
    return int(digits) if digits.isdigit() else 1


def _general(files: _Files) -> Table:
    source, data = files[_DOCUMENTS]
    return Table(data, source)


def _documents(general: Table) -> Documents:
    documents = [parse_document(row) for row in general.tables("document")]
    known = {document.id: document for document in documents}
    if len(known) != len(documents):
        raise general.fault("a document stands there twice", "document")
    return known


def _general_clauses(general: Table, documents: Documents) -> dict[str, tuple[Citation, ...]]:
    rows: dict[str, list[Table]] = {}
    found: dict[str, tuple[Citation, ...]] = {}
    for row in general.tables("clause"):
        name = row.text("id")
        rows.setdefault(name, []).append(row)
        found[name] = (*found.get(name, ()), parse_clause(row, documents))
    for name, series in found.items():
        refuse_overlap(series, rows[name])
    missing = sorted(set(GENERAL_CLAUSES) - set(found))
    if missing:
        raise general.fault(f"general clauses are missing: {', '.join(missing)}", "clause")
    return found


def _pair_of(row: Table) -> Any:
    row.text("id")
    pair = row.pair()
    row.done()
    return pair


def _sectors(files: _Files, documents: Documents) -> tuple[dict[str, Sector], dict[str, Measure]]:
    sectors: dict[str, Sector] = {}
    measures: dict[str, Measure] = {}
    for name, (source, data) in files.items():
        if name == _DOCUMENTS:
            continue
        table = Table(data, source)
        sector = parse_sector(table.table("sector"), table.tables("act"), documents)
        if name != f"{sector.id}.toml":
            raise table.fault(f"the file of sector {sector.id!r} must be named {sector.id}.toml", "id")
        sectors[sector.id] = sector
        for row in table.tables("measure"):
            measure = parse_measure(row, sector, documents)
            if measure.id in measures:
                raise row.fault("this id is used twice", "id")
            measures[measure.id] = measure
        table.done()
    return sectors, measures


def _refuse_dead_references(
    files: _Files, sectors: Mapping[str, Sector], measures: Mapping[str, Measure], exemptions: Mapping[str, Any]
) -> None:
    if ALL_REGULATORS not in sectors:
        raise _general(files).fault(f"{ALL_REGULATORS}.toml is missing")
    common = {act.id for act in sectors[ALL_REGULATORS].acts}
    for sector in sectors.values():
        source = files[f"{sector.id}.toml"][0]
        own = [act.id for act in sector.acts]
        twice = {act for act in own if own.count(act) > 1 or (sector.id != ALL_REGULATORS and act in common)}
        if twice:
            raise source.fault(f"acts stand there twice: {', '.join(sorted(twice))}", min(twice))
    for measure in measures.values():
        source = files[f"{measure.sector}.toml"][0]
        if measure.instance_of is not None and measure.instance_of not in measures:
            raise source.fault(f"instance_of names no measure: {measure.instance_of!r}", measure.id, "instance_of")
        for name in measure.exemptions:
            if name not in exemptions:
                raise source.fault(f"no exemption {name!r}", measure.id, "exemptions")


def _index(
    sectors: Mapping[str, Sector], measures: Mapping[str, Measure]
) -> dict[tuple[str, str], tuple[Measure, ...]]:
    """Rows by sector and act; rows of all regulators join every sector."""
    index: dict[tuple[str, str], tuple[Measure, ...]] = {}
    for measure in measures.values():
        homes = sectors if measure.sector == ALL_REGULATORS else (measure.sector,)
        for home in homes:
            for act in measure.acts:
                index[home, act] = (*index.get((home, act), ()), measure)
    return index


def _edition(files: _Files) -> str:
    """SHA-256 over the parsed content in one canonical form: comments and layout don't change the edition."""
    content = {name: data for name, (_, data) in files.items()}
    canonical = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(canonical.encode("utf-8")).hexdigest()
