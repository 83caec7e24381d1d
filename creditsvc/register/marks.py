"""Marks on an entry that change its effect or tell of a dispute, and never hide or end it (I14). Pure.

Sources: 法释〔2017〕7号 arts 11, 12 (a request, reconsideration: no suspension), 河南省社会信用条例 art. 41 (annotate at once),
国办发〔2025〕22号 (shielding while a reorganisation plan is carried out).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from creditsvc.kernel.text import Bilingual

_BOTH = frozenset({"listing", "consumption_order"})


class Mark(StrEnum):
    """Overlays that are rows of ``entry_mark``: from a day, to a day or open."""

    DISPUTED = "disputed"
    RECONSIDERATION = "reconsideration"
    SUSPENDED = "suspended"
    SHIELDED = "shielded"

    @property
    def told_as(self) -> str:
        """What streams and checks call it: they know no reconsideration, which is a dispute one level up."""
        return Mark.DISPUTED.value if self is Mark.RECONSIDERATION else self.value


@dataclass(frozen=True, slots=True)
class MarkRule:
    """What a mark is called, what it may stand on, and its clause."""

    label: Bilingual
    about: frozenset[str]
    clause: str
    at_once: bool = False
    """Whether one officer sets it on receipt: it tells of a request and takes nothing from anybody."""


MARKS: dict[Mark, MarkRule] = {
    Mark.DISPUTED: MarkRule(
        Bilingual("异议", "disputed"), _BOTH, "法释〔2017〕7号第十一条；河南省社会信用条例第四十一条", at_once=True
    ),
    Mark.RECONSIDERATION: MarkRule(
        Bilingual("复议中", "under reconsideration"), _BOTH, "法释〔2017〕7号第十二条", at_once=True
    ),
    Mark.SUSPENDED: MarkRule(Bilingual("中止执行", "enforcement suspended"), _BOTH, "民事诉讼法第二百六十七条"),
    Mark.SHIELDED: MarkRule(
        Bilingual("暂时屏蔽", "shielded for a time"), frozenset({"listing"}), "国办发〔2025〕22号；信用修复管理办法"
    ),
}
