"""Which column of a sender's file is which of ours. Pure: the table of names is handed in (see ``load.py``).

Names are compared without case, spaces and underscores at their ends, so `cardNum`, `cardnum` and ` CARDNUM ` are one;
every alias belongs to exactly one column, which the loader refuses to let slip.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from unicodedata import normalize

from creditsvc.kernel.errors import InvalidInput
from creditsvc.kernel.text import Bilingual

REQUIRED = ("subject_name", "id_number", "case_code", "disrupt_types")
"""Without these columns no row of a file can be read; what else the law wants is asked of each row."""
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

    def header(self, column: str) -> str:
        """The sender's own name of a column; ours if the file has none."""
        return self.headers.get(column, column)


def plan(headers: Sequence[str], known: Mapping[str, Column]) -> Plan:
    """How to read this file; ``known`` is by folded name.

    Raises ``InvalidInput`` with ``columns-unknown`` or ``columns-missing``, naming them.
    """
    places: dict[str, list[int]] = {}
    names: dict[str, str] = {}
    strangers: list[str] = []
    for index, header in enumerate(headers):
        column = known.get(fold(header))
        if column is None:
            if header.strip():
                strangers.append(header.strip()[:40])
        elif column.is_read:
            places.setdefault(column.name, []).append(index)
            names.setdefault(column.name, header.strip())
    _refuse_strangers(strangers)
    _refuse_missing(places)
    return Plan({name: tuple(at) for name, at in places.items()}, names)


def _refuse_strangers(strangers: list[str]) -> None:
    if strangers:
        listed = "、".join(strangers[:20])
        raise InvalidInput(
            Bilingual(
                f"不认识的栏目：{listed}。请对照栏目说明改名，或者删去这些栏目后重新上传",
                f"columns that we do not understand: {', '.join(strangers[:20])}; rename or remove them and send again",
            ),
            code="columns-unknown",
            columns=strangers[:50],
        )


def _refuse_missing(places: Mapping[str, object]) -> None:
    missing = [name for name in REQUIRED if name not in places]
    if not any(name in places for name in COURT):
        missing.append(COURT[0])
    if missing:
        raise InvalidInput(
            Bilingual(
                f"缺少栏目：{'、'.join(missing)}。请补齐后重新上传",
                f"columns are missing: {', '.join(missing)}; add them and send again",
            ),
            code="columns-missing",
            columns=missing,
        )
