"""From strict tables to documents, sectors, acts and measures; refuses what doesn't hold together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from punishment_rules.catalogue_types import (
    Act,
    Amount,
    Association,
    Discretion,
    Document,
    Effect,
    Grounding,
    Measure,
    Sector,
    Standing,
    Trigger,
    Verification,
    Version,
)
from punishment_rules.facts import Trait
from punishment_rules.law import Citation, Dated, DebtorKind, Level, Names, Role
from punishment_rules.overlay import Overlay, OverlayRow, Stance
from punishment_rules.strict import Table

Documents = Mapping[str, Document]


def parse_document(table: Table) -> Document:
    """One row of the table of documents."""
    document = Document(
        id=table.text("id"),
        title=table.pair(),
        number=table.text("number", ""),
        level=table.enum("level", Level),
        start=table.day("from"),
        end=table.day("to"),
    )
    table.done()
    return document


def parse_clause(table: Table, documents: Documents) -> Citation:
    """One clause of a known document; its days are those of the document unless it says otherwise."""
    document = documents.get(table.text("doc"))
    if document is None:
        raise table.fault("a clause names a document that is not in _documents.toml", "doc")
    start, end = table.day("from"), table.day("to")
    clause = Citation(
        document=document.title.zh,
        article=table.text("article", ""),
        level=document.level,
        document_id=document.id,
        document_en=document.title.en,
        article_en=table.text("en", ""),
        number=document.number,
        start=start or document.start,
        end=end or document.end,
        names=table.enums("names", Names),
    )
    table.done()
    return clause


def parse_sector(table: Table, acts: list[Table], documents: Documents) -> Sector:
    """The head of a sector file and its acts."""
    sector = Sector(
        id=table.text("id"),
        label=table.pair(),
        named_by_decision=table.flag("named_by_decision"),
        acts=tuple(_parse_act(act, documents) for act in acts),
    )
    table.done()
    return sector


def _parse_act(table: Table, documents: Documents) -> Act:
    act_id, label, protected = table.text("id"), table.pair(), table.maybe_pair("protected")
    clauses = [parse_clause(clause, documents) for clause in table.tables("protected_by")]
    if (protected is None) != (not clauses):
        raise table.fault("a protected act needs both its text and its clause", "protected_zh")
    table.done()
    return Act(act_id, label, protected, clauses[0] if clauses else None)


def parse_measure(table: Table, sector: Sector, documents: Documents) -> Measure:
    """One row with its versions."""
    versions = table.tables("version")
    measure = Measure(
        id=table.text("id"),
        sector=sector.id,
        title=table.pair(),
        effect=table.enum("effect", Effect),
        authority=table.pair("authority"),
        acts=table.texts("acts"),
        staff=table.pair("staff"),
        person=table.pair("person"),
        exempt=table.maybe_pair("exempt"),
        exemptions=table.texts("exemptions"),
        temporary_lift=table.flag("temporary_lift"),
        instance_of=table.text("instance_of", "") or None,
        list_type=table.text("list_type", ""),
        on_national_list=table.text("on_national_list"),
        item_64=table.text("item_64", ""),
        memo_141=table.text("memo_141", ""),
        versions=tuple(_parse_version(version, documents) for version in versions),
    )
    table.done()
    _refuse_gaps_of_sense(measure, table, sector)
    refuse_overlap(measure.versions, versions)
    return measure


def _parse_version(table: Table, documents: Documents) -> Version:
    clauses = table.tables("clauses")
    if not clauses:
        raise table.fault("a version without a clause", "version")
    version = Version(
        start=table.day("from"),
        end=table.day("to"),
        kinds=table.enums("kinds", DebtorKind),
        roles=table.enums("roles", Role),
        trigger=table.enum("trigger", Trigger),
        associations=table.enums("associations", Association),
        reverse_roles=table.enums("reverse_roles", Role),
        discretion=table.enum("discretion", Discretion),
        grounding=table.enum("grounding", Grounding),
        verification=table.enum("verification", Verification),
        standing=table.enum("standing", Standing),
        separate_decision=table.flag("separate_decision"),
        amount=table.maybe_enum("amount", Amount),
        debt_acts=frozenset(table.texts("debt_acts")),
        traits=table.enums("traits", Trait),
        clauses=tuple(parse_clause(clause, documents) for clause in clauses),
        staff=table.maybe_pair("staff"),
    )
    table.done()
    _refuse_senseless_version(version, table)
    return version


def _refuse_senseless_version(version: Version, table: Table) -> None:
    if version.start and version.end and version.end < version.start:
        raise table.fault("a version ends before it begins", "to")
    if not version.kinds and not version.roles:
        raise table.fault("a version that bears on nobody", "kinds")
    if (Association.PERSON_TO_UNIT in version.associations) != bool(version.reverse_roles):
        raise table.fault("person_to_unit and reverse_roles go together", "reverse_roles")
    if version.start and not any(clause.in_force(version.start) for clause in version.clauses):
        raise table.fault("no clause of the version is in force on its first day", "from")
    if not any(clause.names for clause in version.clauses):
        raise table.fault("no clause says what it names", "clauses")


def _refuse_gaps_of_sense(measure: Measure, table: Table, sector: Sector) -> None:
    known = {act.id: act for act in sector.acts}
    if not measure.acts or not measure.versions:
        raise table.fault("a measure needs acts and a version", "acts")
    for act in measure.acts:
        if act not in known:
            raise table.fault(f"act {act!r} is not in this file", "acts")
        if known[act].protected is not None:
            raise table.fault(f"act {act!r} is protected and can't be bound", "acts")
    if any(not version.debt_acts <= set(measure.acts) for version in measure.versions):
        raise table.fault("debt_acts names an act that the measure doesn't bind", "debt_acts")


def refuse_overlap(spans: Sequence[Dated], tables: Sequence[Table]) -> None:
    """Two spans on one day would leave the answer to chance: refused; the order in the file must be that of time."""
    last: date | None = None
    for number, (span, table) in enumerate(zip(spans, tables, strict=True)):
        if number and (last is None or span.start is None or span.start <= last):
            raise table.fault("two versions overlap or stand out of order", "from")
        last = span.end


def parse_overlay(table: Table, known: Iterable[str]) -> Overlay:
    """The legal department's decisions: rows `[[row]]` with measure, stance, from, decided_by, document.

    `decided_on` may be given; a decision never works backwards, so `from` can't lie before it.
    """
    measures, by_measure = set(known), dict[str, list[tuple[OverlayRow, Table]]]()
    for row in table.tables("row"):
        parsed = _parse_overlay_row(row)
        if parsed.measure_id not in measures:
            raise row.fault(f"no measure {parsed.measure_id!r}", "measure")
        by_measure.setdefault(parsed.measure_id, []).append((parsed, row))
    table.done()
    for pairs in by_measure.values():
        refuse_overlap([row for row, _ in pairs], [inner for _, inner in pairs])
    return Overlay(tuple(row for pairs in by_measure.values() for row, _ in pairs))


def _parse_overlay_row(row: Table) -> OverlayRow:
    start = row.day("from")
    if start is None:
        raise row.fault("a row needs the day from which it holds", "from")
    parsed = OverlayRow(
        measure_id=row.text("measure"),
        stance=row.enum("stance", Stance),
        start=start,
        end=row.day("to"),
        decided_by=row.text("decided_by"),
        document=row.text("document"),
        decided_on=row.day("decided_on"),
    )
    row.done()
    if parsed.end is not None and parsed.end < parsed.start:
        raise row.fault("a decision ends before it begins", "to")
    if parsed.decided_on is not None and parsed.start < parsed.decided_on:
        raise row.fault("a decision can't hold from a day before it was made", "from")
    return parsed
