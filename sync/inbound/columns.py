"""Which column of a sender's file is which of ours. Pure: the table of names is handed in (see ``load.py``).

Names are compared without case, width and spaces, so `cardNum`, `cardnum` and ` CARDNUM ` are one; every alias belongs to
exactly one column, which the loader refuses to let slip.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from unicodedata import normalize

from creditsvc.kernel.sheets.file_faults import columns_missing, columns_unknown, header_missing, shown_header
from sync.inbound.shapes import ADDS, REQUIRED, Shape, file_shape

COURT = ("court_name", "court_code")


@dataclass(frozen=True, slots=True)
class Column:
    """One of our columns: its name, its label, whether it is read, and what sources call it."""

    name: str
    zh: str
    is_read: bool
    aliases: tuple[str, ...]


def fold(header: str) -> str:
    """A header for comparing."""
    return "".join(normalize("NFKC", header).split()).strip("\ufeff").casefold()


@dataclass(frozen=True, slots=True)
class Plan:
    """For one file: our column → where it stands, in order (a number may stand in two columns), and its header."""

    places: Mapping[str, tuple[int, ...]]
    headers: Mapping[str, str]
    shape: Shape | None = Shape.LISTING
    """Of all its rows; none where each row says its own."""
    single: Mapping[str, int] = field(init=False)
    """The place of each column that stands in one place alone, as nearly all do."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "single", {name: at[0] for name, at in self.places.items() if len(at) == 1})

    def header(self, column: str) -> str:
        """The sender's own name of a column; ours if the file has none."""
        return self.headers.get(column, column)


def plan(headers: Sequence[str], known: Mapping[str, Column], *, row: int = 1) -> Plan:
    """How to read this file; ``known`` is by folded name, ``row`` where the headers were met.

    Which columns are needed follows from the shape; what else the law wants is asked of each row.

    Raises ``InvalidInput`` with ``header-missing``, ``columns-unknown`` or ``columns-missing``, naming them.
    """
    places: dict[str, list[int]] = {}
    names: dict[str, str] = {}
    strangers: list[str] = []
    ours = 0
    for index, header in enumerate(headers):
        column = known.get(fold(header))
        if column is None:
            if header.strip():
                strangers.append(shown_header(header, index + 1))
            continue
        ours += 1
        if column.is_read:
            places.setdefault(column.name, []).append(index)
            names.setdefault(column.name, header.strip())
    if not ours:
        raise header_missing()
    if strangers:
        raise columns_unknown(strangers, row)
    shape = file_shape(places.keys())
    _refuse_missing(places, shape)
    return Plan({name: tuple(at) for name, at in places.items()}, names, shape)


def _refuse_missing(places: Mapping[str, object], shape: Shape | None) -> None:
    missing = [name for name in REQUIRED[shape] if name not in places]
    if shape in ADDS and not any(name in places for name in COURT):
        missing.append(COURT[0])
    if missing:
        raise columns_missing(missing)
