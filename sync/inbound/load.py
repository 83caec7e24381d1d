"""The only file of the intake that reads files: the tables of columns and codes inside the package."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from creditsvc.kernel.text import Bilingual
from sync.inbound.columns import Column, fold
from sync.inbound.records import Code


@cache
def columns() -> tuple[Column, ...]:
    """Every column, in the order of the table."""
    raw = tomllib.loads((files("sync.inbound") / "data" / "columns.toml").read_text("utf-8"))
    return tuple(
        Column(name, row["zh"], row.get("use", "read") == "read", tuple(row["aliases"])) for name, row in raw.items()
    )


@cache
def columns_by_name() -> Mapping[str, Column]:
    """Columns by every folded name; raises ``ValueError`` if a name would mean two."""
    found: dict[str, Column] = {}
    for column in columns():
        for name in dict.fromkeys(map(fold, (column.name, column.zh, *column.aliases))):
            if found.setdefault(name, column) is not column:
                raise ValueError(f"{name} means {found[name].name} and {column.name}")
    return found


_ROW = frozenset({"subject_name", "id_number", "case_code"})


def names_row(name: str) -> bool:
    """Whether this is a column that only rows have, never what an interface wraps around a list of them."""
    column = columns_by_name().get(fold(name))
    return column is not None and column.name in _ROW


@cache
def codes() -> Mapping[str, Code]:
    """Every code that a file or a row can get, in the order of the table."""
    raw = tomllib.loads((files("sync.inbound") / "data" / "codes.toml").read_text("utf-8"))
    return {
        name: Code(name, row["fate"], Bilingual(row["zh"], row["en"]), Bilingual(row["do_zh"], row["do_en"]))
        for name, row in raw.items()
    }
