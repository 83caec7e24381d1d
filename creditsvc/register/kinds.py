"""Every kind of decision in one table: what it is about, which step it takes, what it carries, which fact it tells. Pure.

How a kind is checked and what it does stands in ``effects`` and its neighbours. ``fields`` are the values that a draft's
``changes`` carry; which of them must be given is in ``must``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from creditsvc.kernel.errors import InvalidInput
from creditsvc.kernel.text import Bilingual
from creditsvc.register import corrections
from creditsvc.register.life import Step
from creditsvc.register.lifting import LiftReason
from creditsvc.register.marks import MARKS, Mark
from creditsvc.register.policy import LIST_RULES, WRONGLY_LISTED, ExitGround
from creditsvc.register.reliefs import GOODWILL_17, LEAVE_8, Purpose
from creditsvc.register.shapes import Reader, choice, day, flag, needed_day, text, whole, words
from creditsvc.storage.outbox import FactType

LISTING, ORDER = "listing", "consumption_order"
ON_LISTING, ON_ORDER = frozenset({LISTING}), frozenset({ORDER})
EITHER = ON_LISTING | ON_ORDER


class NamedGround(Protocol):
    """A ground that a decision may name: what the feed or the desk calls it, and its clause."""

    @property
    def value(self) -> str:
        """Its name in a draft."""
        ...

    @property
    def label(self) -> Bilingual:
        """What people call it."""
        ...

    @property
    def clause(self) -> str:
        """The clause that it stands on."""
        ...


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of decision."""

    about: frozenset[str]
    step: Step
    fact: FactType | None
    """What the streams are told; none for what is never published."""
    label: Bilingual
    clause: str
    """The clause, where neither the draft nor its ground names one."""
    grounds: frozenset[Any] = frozenset()
    """Members of an enumeration of ``NamedGround``; empty where a decision of this kind names none."""
    by_president: bool = False
    """Whether the second person must be the court's president."""
    fields: Mapping[str, Reader] = field(default_factory=dict)
    must: frozenset[str] = frozenset()


def _mark(mark: Mark, *, begins: bool) -> Kind:
    rule = MARKS[mark]
    if begins:
        label = Bilingual(f"标注“{rule.label.zh}”", f"mark as {rule.label.en}")
        return Kind(rule.about, Step.ANNOTATE, FactType.ANNOTATED, label, rule.clause, fields={"to_day": day})
    label = Bilingual(f"取消“{rule.label.zh}”标注", f"clear the mark: {rule.label.en}")
    return Kind(rule.about, Step.ANNOTATE, FactType.ANNOTATED, label, rule.clause)


_REMOVALS = frozenset(ExitGround) - WRONGLY_LISTED - {ExitGround.ORDER_LIFTED}
_FROM_TO: dict[str, Reader] = {"from_day": needed_day, "to_day": needed_day}

KINDS: dict[str, Kind] = {
    "remove_listing": Kind(
        ON_LISTING, Step.REMOVE, FactType.REMOVED, Bilingual("删除失信信息", "remove the listing"), f"{LIST_RULES}第十条",
        grounds=_REMOVALS,
    ),
    "revoke_listing": Kind(
        ON_LISTING, Step.REVOKE, FactType.REMOVED, Bilingual("撤销失信信息", "revoke the listing"),
        f"{LIST_RULES}第九条第一款", grounds=WRONGLY_LISTED,
    ),
    "correct_listing": Kind(
        ON_LISTING, Step.CORRECT, FactType.CORRECTED, Bilingual("更正失信信息", "correct the listing"),
        f"{LIST_RULES}第九条第二款", fields=corrections.FIELDS,
    ),
    "extend_listing": Kind(
        ON_LISTING, Step.EXTEND, FactType.CORRECTED, Bilingual("延长期限", "extend the term"), f"{LIST_RULES}第二条第一款",
        by_president=True, fields={"until": needed_day}, must=frozenset({"until"}),
    ),
    "lift_order": Kind(
        ON_ORDER, Step.REMOVE, FactType.REMOVED, Bilingual("解除限制消费令", "lift the consumption order"),
        "法释〔2015〕17号第九条", grounds=frozenset({ExitGround.ORDER_LIFTED}), fields={"why": choice(*LiftReason)},
    ),
    "revoke_order": Kind(
        ON_ORDER, Step.REVOKE, FactType.REMOVED, Bilingual("撤销限制消费令", "revoke the consumption order"),
        "法发〔2019〕35号第十八条", grounds=WRONGLY_LISTED,
    ),
    "grant_temporary_lift": Kind(
        ON_ORDER, Step.ANNOTATE, FactType.ANNOTATED, Bilingual("暂时解除乘坐飞机、高铁限制", "lift planes and fast trains for a time"),
        GOODWILL_17, by_president=True, must=frozenset({"from_day", "to_day", "purpose", "undertaking"}),
        fields=_FROM_TO | {"purpose": choice(*Purpose, required=True), "undertaking": flag},
    ),
    "grant_single_approval": Kind(
        ON_ORDER, Step.ANNOTATE, FactType.ANNOTATED, Bilingual("批准单次消费", "approve one act"), LEAVE_8,
        must=frozenset({"from_day", "to_day", "measures", "purpose"}),
        fields=_FROM_TO | {"measures": words(64, required=True), "purpose": text(256, required=True)},
    ),
    "grant_single_lift": Kind(
        ON_ORDER, Step.ANNOTATE, FactType.ANNOTATED, Bilingual("单次解禁", "a single lift"), "单次解禁：须有法院规定",
        must=frozenset({"from_day", "to_day", "measures", "purpose"}),
        fields=_FROM_TO | {"measures": words(64, required=True), "purpose": text(256, required=True)},
    ),
    "end_relief": Kind(
        ON_ORDER, Step.ANNOTATE, FactType.ANNOTATED, Bilingual("提前恢复限制", "end a relief before its day"),
        "法发〔2019〕35号第十七条", fields={"relief": whole(1, 2**62, required=True), "abused": flag}, must=frozenset({"relief"}),
    ),
    **{f"mark_{mark.value}": _mark(mark, begins=True) for mark in Mark},
    **{f"clear_{mark.value}": _mark(mark, begins=False) for mark in Mark},
}  # fmt: skip


def clause_of(kind: str, ground: str) -> str:
    """The clause on which a decision stands that names none itself: its ground's, else its kind's; empty if unknown."""
    rule = KINDS.get(kind)
    if rule is None:
        return ""
    return next((one.clause for one in rule.grounds if one.value == ground), rule.clause)


def cleaned(kind: str, changes: Mapping[str, Any]) -> dict[str, Any]:
    """The changes of a draft as they will be kept; raises ``InvalidInput`` for fields or values that can't be."""
    if kind == "correct_listing":
        return corrections.cleaned(changes)
    rule = KINDS[kind]
    if (set(changes) - set(rule.fields)) or (rule.must - set(changes)):
        raise InvalidInput(
            Bilingual(
                f"“{rule.label.zh}”须写明：{'、'.join(sorted(rule.must)) or '无'}；可以写：{'、'.join(sorted(rule.fields)) or '无'}",
                f"to {rule.label.en} must name: {', '.join(sorted(rule.must)) or 'nothing'}; may name: "
                f"{', '.join(sorted(rule.fields)) or 'nothing'}",
            ),
            code="changes-wrong",
            field="changes",
        )
    return {name: rule.fields[name](name, value) for name, value in changes.items()}
