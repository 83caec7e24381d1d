"""One row while it is read: its cells by our names, and what is found wrong with it. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from creditsvc.kernel.text import Bilingual
from creditsvc.register.answers import PolicyAnswer, Way
from sync.inbound import values
from sync.inbound.columns import Plan
from sync.inbound.records import Fault, Severity

MOST_TEXT = 120
LONGEST = {
    "subject_name": 256, "court_name": 100, "gist_id": 256, "gist_unit": 256, "duty": 20_000, "performed_part": 20_000,
    "unperformed_part": 20_000, "applicants": 20_000, "disrupt_types": 2_000, "decision_signed_by": 64, "service_mode": 32,
    "national_entry": 64, "reason": 2_000, "act": 2_000,
}  # fmt: skip
"""Characters that are kept of a column; the tables hold no more."""
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_DIGITS_LOST = 1e15
"""From here on a spreadsheet's figures may have lost digits."""


@dataclass(slots=True)
class Row:
    """Cells of a row and its faults."""

    number: int
    cells: Sequence[Any]
    plan: Plan
    faults: list[Fault] = field(default_factory=list)

    def raw(self, column: str) -> Any:
        """The first cell of a column that is not empty."""
        cells = self.cells
        for index in self.plan.places.get(column, ()):
            if index < len(cells) and values.cell_text(cells[index]) is not None:
                return cells[index]
        return None

    def raws(self, column: str) -> list[Any]:
        """All cells of a column that are not empty."""
        places = [index for index in self.plan.places.get(column, ()) if index < len(self.cells)]
        return [self.cells[index] for index in places if values.cell_text(self.cells[index]) is not None]

    def text(self, column: str) -> str | None:
        """A cell's text; none if it is empty. What can't be kept whole and readable is a fault.

        Nearly all cells are one short, printable text: these are told by one look (``tests/inbound/test_fast.py`` holds
        the short way and the long one equal).
        """
        place = self.plan.single.get(column)
        if place is None:
            return self.any_text(column) if column in self.plan.places else None
        cell = self.cells[place] if place < len(self.cells) else None
        if cell is None or cell == "":
            return None
        if type(cell) is str:
            short = cell.strip()
            if short in values.NULL_WORDS:
                return None
            if short.isprintable() and len(short) <= LONGEST.get(column, MOST_TEXT):
                return short
        return self.any_text(column)

    def any_text(self, column: str) -> str | None:
        """``text`` for any cell whatever."""
        raw = self.raw(column)
        if raw is None:
            return None
        if isinstance(raw, float) and abs(raw) >= _DIGITS_LOST:
            self.fault(column, "digits-lost", "电子表格把长数字改成了数值，末几位已丢失；请把该列设为文本后重新导出",
                       "a spreadsheet has turned a long number into a figure and lost digits; export the column as text")  # fmt: skip
            return None
        text = values.cell_text(raw)
        most = LONGEST.get(column, MOST_TEXT)
        if text is None or (text.isprintable() and len(text) <= most):
            return text
        if _CONTROL.search(text):
            self.fault(column, "text-control", "含有无法显示的控制字符，请在原系统中改正",
                       "it has control characters that can't be shown; correct it where it was written")  # fmt: skip
            return None
        text = values.without_unseen(text)
        if len(text) > most:
            self.fault(column, "text-too-long", f"内容过长，最多 {most} 字", f"too long: {most} characters at most")
            return None
        return text or None

    def passage(self, column: str) -> str | None:
        """Free text without markup, other people's numbers in it hidden: what is stored and published in clear."""
        text = self.text(column)
        return None if text is None else values.read_passage(text)

    def day(self, column: str) -> date | None:
        """A cell's day; a fault if it can't be read."""
        place = self.plan.single.get(column)
        if place is None:
            if column not in self.plan.places:
                return None
            raw = self.raw(column)
        else:
            raw = self.cells[place] if place < len(self.cells) else None
        try:
            return values.day_of_text(raw) if type(raw) is str else values.read_day(raw)
        except values.Unreadable as wrong:
            self.note(column, wrong.code, wrong.text, "refused")
            return None

    def fault(self, column: str, code: str, zh: str, en: str, severity: Severity = "refused") -> None:
        """Note what is wrong."""
        self.note(column, code, Bilingual(zh, en), severity)

    def wants(self, column: str, code: str, zh: str, en: str) -> None:
        """Note what the law wants and the row lacks."""
        self.note(column, code, Bilingual(zh, en), "quarantine")

    def judged(self, column: str, answer: PolicyAnswer) -> None:
        """Note what the law says, if it is not a plain yes."""
        if answer.way is not Way.OPEN:
            text = Bilingual(f"{answer.text.zh}（{answer.clause}）", f"{answer.text.en} ({answer.clause})")
            self.note(column, answer.code, text, "refused" if answer.way is Way.NOT_OPEN else "quarantine")

    def is_faulty(self, column: str) -> bool:
        """Whether a fault of this column has been noted."""
        return any(fault.column == column for fault in self.faults)

    def note(self, column: str, code: str, text: Bilingual, severity: Severity) -> None:
        """Note a fault."""
        self.faults.append(Fault(self.number, column, self.plan.header(column), code, text, severity))
