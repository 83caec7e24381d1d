"""What a court may find about a case that the register has no field for: each with its values, its words and its paper.

法释〔2017〕7号 art. 10 para. 1; 法释〔2015〕17号 art. 9; 法发〔2019〕35号 no. 17. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from creditsvc.kernel.text import Bilingual


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that can be found."""

    name: Bilingual
    values: Mapping[str, Bilingual]
    meant: Mapping[str, Any]
    """What a value is to the policy."""
    of_orders: bool | None = None
    """About consumption orders alone, about listings alone, or (none) about both."""


def _words(*values: tuple[str, str, str]) -> tuple[dict[str, Bilingual], dict[str, Any]]:
    return {code: Bilingual(zh, en) for code, zh, en in values}, {code: code for code, _, _ in values}


_YES_NO = ({"yes": Bilingual("是", "yes"), "no": Bilingual("否", "no")}, {"yes": True, "no": False})


def _of(zh: str, en: str, values: tuple[dict[str, Bilingual], dict[str, Any]], *, of_orders: bool | None) -> Finding:
    return Finding(Bilingual(zh, en), *values, of_orders)


FINDINGS: Mapping[str, Finding] = {
    "settlement": _of(
        "执行和解", "enforcement settlement",
        _words(("absent", "没有和解", "none"), ("signed", "已签订，未履行完毕", "made, not fully performed"),
               ("performed", "已全部履行", "fully performed")),
        of_orders=False,
    ),
    "creditor_request": _of(
        "申请执行人书面申请删除", "the creditor's written request for removal",
        _words(("absent", "没有申请", "none"), ("made", "已申请，法院尚未审查同意", "made, the court has not agreed yet"),
               ("agreed", "已申请，法院审查同意", "made, and the court agrees")),
        of_orders=False,
    ),
    "round_ended": _of("已终结本次执行程序", "this round of enforcement has ended", _YES_NO, of_orders=False),
    "clean_searches": _of(
        "终本后查询未发现财产的次数", "searches after that which found nothing",
        (
            {str(number): Bilingual(f"{number} 次" + ("以上" if number == 3 else ""), f"{number}" + (" or more" if number == 3 else ""))
             for number in range(4)},
            {str(number): number for number in range(4)},
        ),
        of_orders=False,
    ),
    "open_lead": _of("有尚未查清的财产线索", "a lead to property is still open", _YES_NO, of_orders=False),
    "suspension": _of(
        "裁定中止执行", "enforcement is suspended by a ruling",
        _words(("absent", "没有", "no"), ("retrial", "因审判监督（再审）", "because of a retrial"),
               ("bankruptcy", "因破产程序", "because of bankruptcy"), ("other", "因其他原因", "for another reason")),
        of_orders=False,
    ),
    "not_enforced": _of("裁定不予执行", "a ruling not to enforce", _YES_NO, of_orders=False),
    "terminated": _of("裁定终结执行", "a ruling that terminates enforcement", _YES_NO, of_orders=False),
    "security": _of(
        "担保", "security",
        _words(("absent", "没有提供", "none"), ("offered", "已提供，尚未接受", "offered"),
               ("accepted", "有效，已接受", "valid and accepted")),
        of_orders=True,
    ),
    "creditor_consent": _of(
        "申请执行人同意解除限制消费", "the creditor consents to lifting",
        _words(("absent", "没有同意", "no consent"), ("given", "书面同意", "given in writing")),
        of_orders=True,
    ),
    "left_office": _of("已不再担任单位职务", "has left office in the unit", _YES_NO, of_orders=True),
    "in_control": _of("仍是实际控制人或者直接责任人员", "still controls the unit or is directly responsible", _YES_NO, of_orders=True),
    "lift_abused": _of("暂时解除曾有虚假或者违反保证", "a temporary lift was got falsely or abused", _YES_NO, of_orders=True),
}  # fmt: skip
"""By the policy's own name of the fact."""
