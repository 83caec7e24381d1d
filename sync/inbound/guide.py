"""The tables of docs/intake.md, made from the tables that the reader itself uses. Pure but for ``load``.

``python -m sync.inbound.guide docs/intake.md`` writes them anew between their marks; a test holds the page to them.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path

from sync.inbound.load import codes, columns
from sync.inbound.shapes import CORRECTED, REQUIRED, Shape

FATES = {"file": "整个文件不读 / whole file", "refused": "退回 / refused", "quarantine": "待补正 / waits"}
_MARK = "<!-- {name}: begin -->\n{text}\n<!-- {name}: end -->"
NEEDS: dict[Shape, str] = {
    Shape.LISTING: "`court_name` 或 `court_code`；生效还须 `decision_number`、`decided_on`、`national_entry`、"
    "`national_entered_on`，第二至六项须 `end_date`",
    Shape.ORDER: "`court_name` 或 `court_code`、`order_issued_on`；因单位被限制的写 `bound_role`、`unit_name`",
    Shape.EXIT: "`exit_ground`（或 `PBSJ`/`PBYYMC`、`CXSJ`/`CXYYMC`）、`event_on`、`document_number`；"
    "同案有多条的写原 `decision_number` 或 `order_number`",
    Shape.CORRECTION: "至少一个 `new_…`、`event_on`",
    Shape.EXTENSION: "`event_on`、`reason`、`extension_cause`（暴力、威胁，或者多项失信行为："
    "须在 `extension_acts` 以分号列明至少两项）；由院长发布",
    Shape.RELIEF: "`event_on`、`relief_purpose`；暂时解除还须 `relief_undertaking`；由院长发布",
    Shape.OFFICER: "`event_on`、`document_number`；填 `officer_to` 即终止",
}


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(heads) + " |", "|" + " --- |" * len(heads)]
    return "\n".join([*lines, *("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows)])


def columns_table() -> str:
    """Every column that is read: our name, its label, other names."""
    rows = [
        (f"`{one.name}`", one.zh, "、".join(f"`{alias}`" for alias in one.aliases) or "—")
        for one in columns()
        if one.is_read
    ]
    return _table(("栏目 / column", "中文名", "也可以写作 / also"), rows)


def ignored_table() -> str:
    """Columns that are known and read past."""
    rows = [
        (f"`{one.name}`", one.zh, "、".join(f"`{alias}`" for alias in one.aliases) or "—")
        for one in columns()
        if not one.is_read
    ]
    return _table(("栏目 / column", "中文名", "也可以写作 / also"), rows)


def shapes_table() -> str:
    """Every shape: what it needs, and in which turn it is applied."""
    rows = []
    for shape in sorted(Shape, key=lambda one: (one.rank, one.value)):
        required = "、".join(f"`{name}`" for name in REQUIRED[shape])
        rows.append((f"`{shape.value}`", shape.label.zh, shape.label.en, required, NEEDS[shape]))
    return _table(("`row_type`", "业务", "in English", "必需栏目 / required columns", "还要 / besides"), rows)


def codes_table() -> str:
    """Every code: what becomes of the file or row, what it means, what its sender does."""
    rows = [
        (f"`{name}`", FATES[code.fate], f"{code.text.zh}<br>{code.text.en}", f"{code.advice.zh}<br>{code.advice.en}")
        for name, code in codes().items()
    ]
    return _table(("代码 / code", "后果 / fate", "意思 / meaning", "怎么办 / what to do"), rows)


TABLES = {"columns": columns_table, "ignored": ignored_table, "shapes": shapes_table, "codes": codes_table}


def with_tables(page: str) -> str:
    """The page with its tables made anew. Raises ``ValueError`` if a mark is missing."""
    for name, make in TABLES.items():
        marked = re.compile(rf"<!-- {name}: begin -->.*?<!-- {name}: end -->", re.DOTALL)
        if not marked.search(page):
            raise ValueError(f"the mark of {name} is missing")
        made = _MARK.format(name=name, text=make())
        page = marked.sub(lambda _, made=made: made, page)  # type: ignore[misc]
    return page


def corrected_columns() -> list[str]:
    """Columns of corrected values."""
    return [one.name for one in columns() if one.name.startswith(CORRECTED) and one.name != "new_end_date"]


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.write_text(with_tables(target.read_text("utf-8")), "utf-8")
