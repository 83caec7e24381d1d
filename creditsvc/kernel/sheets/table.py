"""A file as a table of raw cells, whatever its kind. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from creditsvc.kernel.text import Bilingual

MOST_COLUMNS = 200
LONGEST_CELL = 200_000
LONGEST_LINE = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class BrokenRow:
    """A row whose cells can't be told apart: why."""

    code: str
    text: Bilingual


Cells = Sequence[Any] | BrokenRow


@dataclass(frozen=True, slots=True)
class Table:
    """A header and rows of raw cells, each with its row number as the sender counts (the header is row 1).

    ``headers`` may grow while rows are read: a JSON record may have a name that none before it had.
    """

    format: str
    headers: Sequence[str]
    rows: Iterator[tuple[int, Cells]]
    delimiter: str = ","
    encoding: str = "utf-8"


def too_wide() -> BrokenRow:
    """More cells than there are columns: a stray comma moves every cell behind it."""
    return BrokenRow(
        "row-too-wide",
        Bilingual(
            "本行的单元格多于栏目，可能有多余的分隔符；请给含逗号的内容加上引号",
            "more cells than columns, perhaps a stray separator; put text with commas into quotes",
        ),
    )


def open_quotes() -> BrokenRow:
    """A quotation mark that opens and does not close within its row."""
    return BrokenRow(
        "row-quotes",
        Bilingual(
            "本行的引号没有成对，后面的行已另行读取；请改正引号",
            "a quotation mark is not closed; the rows after it were read by themselves: mend the quotes",
        ),
    )


def no_object() -> BrokenRow:
    """A line of NDJSON that is not an object."""
    return BrokenRow(
        "row-not-json",
        Bilingual("本行不是合法的 JSON 对象，请改正该行", "this line is not a JSON object; correct it"),
    )
