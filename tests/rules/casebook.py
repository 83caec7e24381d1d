"""Reads the case files and turns their plain facts into the facts of the law."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from punishment_rules.facts import Facts
from punishment_rules.given import facts_given
from punishment_rules.law import Outcome
from punishment_rules.strict import Source, Table

HERE = Path(__file__).parent


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
    return sorted(path.name for path in HERE.glob("*.yaml"))


def cases() -> Iterator[Case]:
    """Every case of every sector."""
    for name in sector_files():
        book = read(name)
        for measure, rows in book["measures"].items():
            for row in rows["cases"]:
                assert set(row) - {"act"} == {"case", "day", "given", "expect"}, (measure, row)
                yield Case(
                    book["sector"], measure, row.get("act", rows["act"]), rows["clause"], row["case"],
                    row["day"], facts(row["given"]), Outcome(row["expect"]),
                )  # fmt: skip


def facts(given: dict[str, Any]) -> Facts:
    """Plain facts to Facts; an unknown word is a fault of the case."""
    return facts_given(Table(given, Source("casebook", "")))
