"""What the creditor is asked by a link, and what silence means: nothing more than the clause gives it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from creditsvc.kernel.text import Bilingual
from repair.policy.answers import consumption_rules, listing_rules
from repair.policy.kinds import ApplicationKind


@dataclass(frozen=True, slots=True)
class Silence:
    """The effect of no answer by the last day."""

    effect: str
    """``none``: the court finds by itself. No clause gives silence any other effect for these kinds."""
    text: Bilingual
    clause: Bilingual


ANSWERS: Mapping[str, Bilingual] = {
    "performed": Bilingual("已经全部履行", "Everything has been performed"),
    "consents": Bilingual("没有全部履行，但我同意", "Not everything has been performed, but I consent"),
    "objects": Bilingual("没有全部履行，我不同意", "Not everything has been performed, and I do not consent"),
}
"""The choices of the one question."""

_FOUND_BY_COURT = Bilingual(
    "没有答复不等于确认，也不等于同意；是否履行完毕由法院查明",
    "no answer neither confirms nor consents; whether all has been performed the court finds by itself",
)
_NO_CONSENT = Bilingual(
    "没有答复不等于申请或者同意，申请执行人的书面意思不能推定",
    "no answer is no request and no consent: the creditor's written word is not presumed",
)
_BY_GROUND: Mapping[tuple[ApplicationKind, str], Silence] = {
    (ApplicationKind.REMOVAL, "performed"): Silence(
        "none", _FOUND_BY_COURT, listing_rules("第十条第一款第一项", "art. 10(1)(1)")
    ),
    (ApplicationKind.REMOVAL, "settled"): Silence(
        "none", _FOUND_BY_COURT, listing_rules("第十条第一款第二项", "art. 10(1)(2)")
    ),
    (ApplicationKind.REMOVAL, "applicant_request"): Silence(
        "none", _NO_CONSENT, listing_rules("第十条第一款第三项", "art. 10(1)(3)")
    ),
    (ApplicationKind.CREDIT_REPAIR, "creditor_consent"): Silence(
        "none", _NO_CONSENT, listing_rules("第十条第一款第三项", "art. 10(1)(3)")
    ),
    (ApplicationKind.REMOVAL, "early"): Silence(
        "none", _FOUND_BY_COURT, listing_rules("第二条第二款", "art. 2 para. 2")
    ),
    (ApplicationKind.ORDER_LIFTING, "performed"): Silence(
        "none", _FOUND_BY_COURT, consumption_rules("第九条", "art. 9")
    ),
    (ApplicationKind.ORDER_LIFTING, "consent"): Silence("none", _NO_CONSENT, consumption_rules("第九条", "art. 9")),
}


def silence_of(kind: str, ground: str) -> Silence | None:
    """What silence means for this ground; none where the creditor is not asked."""
    return _BY_GROUND.get((ApplicationKind(kind), ground))
