"""Why a consumption order is lifted: what the court must do, and what it may. Pure.

Sources: 法释〔2015〕17号 art. 9, 法发〔2019〕35号 no. 17(2), 法〔2021〕322号. That no listing of the case may stand is held
by ``effects``: lifting is a decision of its own and never follows from a removal.
"""

from __future__ import annotations

from enum import StrEnum

from creditsvc.kernel.text import Bilingual


class LiftReason(StrEnum):
    """Why an order is lifted."""

    PERFORMED = "performed"
    SECURITY = "security"
    CONSENT = "consent"
    FORMER_OFFICER = "former_officer"
    RULING = "ruling"

    @property
    def label(self) -> Bilingual:
        """What people call it."""
        return _REASONS[self][0]

    @property
    def clause(self) -> str:
        """The clause that it stands on."""
        return _REASONS[self][1]


_REASONS = {
    LiftReason.PERFORMED: (Bilingual("已全部履行", "performed in full"), "法释〔2015〕17号第九条"),
    LiftReason.SECURITY: (Bilingual("已提供确实有效的担保", "valid security was given"), "法释〔2015〕17号第九条"),
    LiftReason.CONSENT: (Bilingual("申请执行人同意", "the applicant consents"), "法释〔2015〕17号第九条"),
    LiftReason.FORMER_OFFICER: (
        Bilingual("已非单位的法定代表人、主要负责人，亦非实际控制人、直接责任人员", "proven to answer for the unit no longer"),
        "法发〔2019〕35号第十七条第二项",
    ),
    LiftReason.RULING: (Bilingual("依据生效裁定", "by a ruling in force"), "法释〔2015〕17号第九条"),
}  # fmt: skip
MUST = frozenset({LiftReason.PERFORMED, LiftReason.FORMER_OFFICER})
"""Where the court has no choice."""
