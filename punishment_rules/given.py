"""Facts written plainly, as a lawyer writes a case: a table of listings, orders, marks … to the facts of the law. Strict."""

from __future__ import annotations

from typing import TypeVar

from punishment_rules.facts import (
    CourtPaper,
    DisciplineFact,
    EntryNote,
    Facts,
    HeldBy,
    ListingFact,
    MarkFact,
    Note,
    Obligation,
    OrderFact,
    ReliefFact,
    ReliefKind,
    RoleFact,
    Trait,
)
from punishment_rules.law import DebtorKind, Ground, Role
from punishment_rules.strict import E, Table

COURT, CASE, UNIT = "郑州市中原区人民法院", "（2024）豫0102执123号", "某某有限公司"
"""What a case says when it does not matter: one court, one case number (invented), one unit."""
PAPER = "（2026）豫0102执决5号"
D = TypeVar("D")


def facts_given(table: Table) -> Facts:
    """The facts of one case. A word that nobody knows is refused: CatalogueError with file and line."""
    kind = _or(table.maybe_enum("kind", DebtorKind), DebtorKind.PERSON)
    facts = Facts(
        kind=kind,
        listings=tuple(_listing(row, f"L{n}", kind) for n, row in enumerate(table.tables("listings"), 1)),
        orders=tuple(_order(row, f"O{n}") for n, row in enumerate(table.tables("orders"), 1)),
        marks=tuple(_mark(row, f"M{n}") for n, row in enumerate(table.tables("marks"), 1)),
        roles=tuple(_role(row, f"R{n}") for n, row in enumerate(table.tables("roles"), 1)),
        reliefs=tuple(_relief(row) for row in table.tables("reliefs")),
        papers=tuple(_paper(row) for row in table.tables("papers")),
        discipline=tuple(_notice(row) for row in table.tables("discipline")),
        consortium=tuple(_listing(row, f"C{n}", kind) for n, row in enumerate(table.tables("consortium"), 1)),
        traits=table.enums("traits", Trait),
    )
    table.done()
    return facts


def _or(value: D | None, default: D) -> D:
    return default if value is None else value


def _word(row: Table, key: str, default: E) -> E:
    return _or(row.maybe_enum(key, type(default)), default)


def _listing(row: Table, entry: str, kind: DebtorKind) -> ListingFact:
    fact = ListingFact(
        entry=row.text("entry", entry),
        grounds=(_word(row, "ground", Ground.ABLE_BUT_REFUSES),),
        court_name=COURT,
        case_number=row.text("case", CASE),
        listed_on=row.needed_day("from"),
        until=row.day("until"),
        debtor_kind=_word(row, "kind", kind),
        obligation=_word(row, "obligation", Obligation.UNKNOWN),
        held_by=_word(row, "held_by", HeldBy.SELF),
        ended_on=row.day("ended"),
        notes=_notes(row),
    )
    row.done()
    return fact


def _notes(row: Table) -> tuple[EntryNote, ...]:
    found = []
    for note in row.tables("notes"):
        found.append(EntryNote(note.enum("note", Note), note.needed_day("from"), note.day("to")))
        note.done()
    return tuple(found)


def _order(row: Table, entry: str) -> OrderFact:
    role = row.maybe_enum("role", Role)
    fact = OrderFact(
        entry=row.text("entry", entry),
        court_name=COURT,
        case_number=row.text("case", CASE),
        issued_on=row.needed_day("from"),
        ended_on=row.day("ended"),
        items=row.texts("items"),
        bound_role=role,
        unit_name=None if role is None else UNIT,
        notes=_notes(row),
    )
    row.done()
    return fact


def _mark(row: Table, entry: str) -> MarkFact:
    by = row.text("by", "court")
    if by not in {"court", "register"}:
        raise row.fault(f"by: {by!r} is none of court, register", "by")
    fact = MarkFact(
        entry, UNIT, row.enum("role", Role), COURT, CASE, row.needed_day("from"), row.day("to"),
        named_by_court=by == "court", notes=_notes(row),
    )  # fmt: skip
    row.done()
    return fact


def _role(row: Table, entry: str) -> RoleFact:
    fact = RoleFact(
        entry, row.enum("role", Role), row.needed_day("from"), row.day("to"),
        confirmed=row.flag("confirmed", default=True),
    )  # fmt: skip
    row.done()
    return fact


def _relief(row: Table) -> ReliefFact:
    fact = ReliefFact(
        row.enum("kind", ReliefKind), row.text("entry"), row.needed_day("from"), row.needed_day("to"),
        row.texts("measures"),
    )  # fmt: skip
    row.done()
    return fact


def _paper(row: Table) -> CourtPaper:
    fact = CourtPaper(row.text("measure"), PAPER, COURT, row.needed_day("from"), row.day("to"))
    row.done()
    return fact


def _notice(row: Table) -> DisciplineFact:
    fact = DisciplineFact(row.text("number"), row.needed_day("from"), row.day("to"))
    row.done()
    return fact
