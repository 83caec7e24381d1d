"""The rulebook as a table for spreadsheets: one row a measure, formula-safe, UTF-8 with its mark."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from creditsvc.checks.rulebook import Row
from creditsvc.checks.rulebook_said import exemptions_of
from punishment_rules.catalogue_types import Catalogue
from punishment_rules.labels import label

HEADS = (
    "编号 id", "行业 sector", "措施", "measure", "事项 acts", "适用方式 applied", "为何不自动适用", "why not automatic",
    "效果 effect", "主体 kinds", "及于 roles", "起因 trigger", "裁量 discretion", "依据强度 grounding", "核对 verification",
    "须有法院文书 needs a paper", "条款", "clauses", "层级 levels", "主管部门", "agency", "除外", "exempt", "自 from", "至 to",
)  # fmt: skip
TRIGGERS = ("=", "+", "-", "@", "\t", "\r", "\n")


def csv_of(rows: Iterable[Row], rules: Catalogue) -> bytes:
    """The whole file."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(HEADS)
    for row in rows:
        writer.writerow([safe(cell) for cell in _cells(row, rules)])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def safe(text: str) -> str:
    """No cell that a spreadsheet would take for a formula."""
    return "'" + text if text.startswith(TRIGGERS) else text


def _cells(row: Row, rules: Catalogue) -> tuple[str, ...]:
    measure, version = row.measure, row.version
    exempt = exemptions_of(measure, rules)
    return (
        measure.id,
        rules.sectors[measure.sector].label.zh,
        measure.title.zh,
        measure.title.en,
        " ".join(measure.acts),
        label(row.ceiling.applied).zh,
        "；".join(text.zh for text in row.ceiling.texts),
        "; ".join(text.en for text in row.ceiling.texts),
        label(measure.effect).zh,
        "、".join(kind.label.zh for kind in sorted(version.kinds)),
        "、".join(role.label.zh for role in sorted(version.roles)),
        label(version.trigger).zh,
        label(version.discretion).zh,
        label(version.grounding).zh,
        label(version.verification).zh,
        "是 yes" if version.separate_decision else "否 no",
        "；".join(clause.text.zh for clause in row.clauses),
        "; ".join(clause.text.en for clause in row.clauses),
        "；".join(clause.level.label.zh for clause in row.clauses),
        measure.authority.zh,
        measure.authority.en,
        "".join(text.zh for text in exempt),
        " ".join(text.en for text in exempt),
        "" if version.start is None else version.start.isoformat(),
        "" if version.end is None else version.end.isoformat(),
    )
