"""Reads the case files and turns their plain facts into the facts of the law."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from punishment_rules.facts import (
    CourtPaper,
    DisciplineFact,
    Facts,
    HeldBy,
    ListingFact,
    MarkFact,
    Obligation,
    OrderFact,
    ReliefFact,
    ReliefKind,
    RoleFact,
    Trait,
)
from punishment_rules.law import DebtorKind, Ground, Outcome, Role

HERE = Path(__file__).parent
COURT, CASE = "郑州市中原区人民法院", "（2024）豫0102执123号"
_KNOWN = {"kind", "listings", "orders", "marks", "roles", "reliefs", "papers", "discipline", "consortium", "traits"}


@dataclass(frozen=True)
class Case:
    """One case of one measure."""

    sector: str
    measure: str
    act: str
    clause: str
    name: str
    on: date
    facts: Facts
    expect: Outcome

    def __str__(self) -> str:
        return f"{self.measure}-{self.on}-{self.expect}"


def read(name: str) -> dict[str, Any]:
    """One YAML file of this folder."""
    loaded = yaml.load((HERE / name).read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    assert isinstance(loaded, dict)
    return loaded


def sector_files() -> list[str]:
    """The case files, one a sector."""
    return sorted(path.name for path in HERE.glob("*.yaml") if path.name != "worked_examples.yaml")


def cases() -> Iterator[Case]:
    """Every case of every sector."""
    for name in sector_files():
        book = read(name)
        for measure, rows in book["measures"].items():
            for row in rows["cases"]:
                assert set(row) == {"case", "day", "given", "expect"}, (measure, row)
                yield Case(
                    book["sector"], measure, rows["act"], rows["clause"], row["case"],
                    row["day"], facts(row["given"]), Outcome(row["expect"]),
                )  # fmt: skip


def facts(given: dict[str, Any]) -> Facts:
    """Plain facts to Facts; an unknown word is a fault of the case."""
    assert set(given) <= _KNOWN, given
    kind = DebtorKind(given.get("kind", "person"))
    return Facts(
        kind=kind,
        listings=tuple(_listing(row, f"L{n}", kind) for n, row in enumerate(given.get("listings", []), 1)),
        orders=tuple(_order(row, f"O{n}") for n, row in enumerate(given.get("orders", []), 1)),
        marks=tuple(_mark(row, f"M{n}") for n, row in enumerate(given.get("marks", []), 1)),
        roles=tuple(_role(row, f"R{n}") for n, row in enumerate(given.get("roles", []), 1)),
        reliefs=tuple(_relief(row) for row in given.get("reliefs", [])),
        papers=tuple(
            CourtPaper(row["measure"], "（2026）豫0102执决5号", COURT, row["from"], row.get("to"))
            for row in given.get("papers", [])
        ),
        discipline=tuple(
            DisciplineFact(row["number"], row["from"], row.get("to")) for row in given.get("discipline", [])
        ),
        consortium=tuple(_listing(row, f"C{n}", kind) for n, row in enumerate(given.get("consortium", []), 1)),
        traits=frozenset(Trait(word) for word in given.get("traits", [])),
    )


def _listing(row: dict[str, Any], entry: str, kind: DebtorKind) -> ListingFact:
    return ListingFact(
        entry=row.get("entry", entry),
        grounds=(Ground(row.get("ground", "able_but_refuses")),),
        court_name=COURT,
        case_number=row.get("case", CASE),
        listed_on=row["from"],
        until=row.get("until"),
        debtor_kind=DebtorKind(row.get("kind", kind)),
        obligation=Obligation(row.get("obligation", "unknown")),
        held_by=HeldBy(row.get("held_by", "self")),
        ended_on=row.get("ended"),
    )


def _order(row: dict[str, Any], entry: str) -> OrderFact:
    return OrderFact(
        entry=row.get("entry", entry),
        court_name=COURT,
        case_number=row.get("case", CASE),
        issued_on=row["from"],
        ended_on=row.get("ended"),
        items=tuple(row.get("items", ())),
        bound_role=Role(row["role"]) if "role" in row else None,
        unit_name="某某有限公司" if "role" in row else None,
    )


def _mark(row: dict[str, Any], entry: str) -> MarkFact:
    return MarkFact(
        entry, "某某有限公司", Role(row["role"]), COURT, CASE, row["from"], row.get("to"),
        named_by_court=row.get("by", "court") == "court",
    )  # fmt: skip


def _role(row: dict[str, Any], entry: str) -> RoleFact:
    return RoleFact(entry, Role(row["role"]), row["from"], row.get("to"), confirmed=row.get("confirmed", True))


def _relief(row: dict[str, Any]) -> ReliefFact:
    return ReliefFact(ReliefKind(row["kind"]), row["entry"], row["from"], row["to"], tuple(row.get("measures", ())))
