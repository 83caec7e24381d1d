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
from creditsvc.register.bars import FINDINGS
from creditsvc.register.life import Step
from creditsvc.register.lifting import LiftReason
from creditsvc.register.marks import MARKS, Mark
from creditsvc.register.policy import LIST_RULES, WRONGLY_LISTED, ExitGround
from creditsvc.register.reliefs import GOODWILL_17, LEAVE_8, Purpose
from creditsvc.register.shapes import (
    Reader,
    choice,
    day,
    flag,
    known_words,
    needed_day,
    text,
    texts_by_name,
    whole,
    words,
)
from creditsvc.register.starting import Cause, LapseGround, RefusalGround
from creditsvc.storage.outbox import FactType
from punishment_rules.law import Ground, Role

LISTING, ORDER, CANDIDATE = "listing", "consumption_order", "candidate"
ON_LISTING, ON_ORDER, ON_CANDIDATE = frozenset({LISTING}), frozenset({ORDER}), frozenset({CANDIDATE})
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
    timer: str | None = None
    """The limit of the law that runs from the court's knowledge: one of ``kernel.load.timers``."""
    by_president: bool = False
    """Whether the second person must be the court's president; ``effects.LEVELS`` may ask for him besides."""
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

ANSWERABLE = (
    Role.LEGAL_REPRESENTATIVE, Role.PRINCIPAL_OFFICER, Role.DIRECTLY_RESPONSIBLE, Role.ACTUAL_CONTROLLER,
)  # fmt: skip
"""Who answers for a unit under its order (法释〔2015〕17号 art. 3 para. 2)."""

KINDS: dict[str, Kind] = {
    "refuse_listing": Kind(
        ON_CANDIDATE, Step.REFUSE, None, Bilingual("不予纳入", "not to list"), f"{LIST_RULES}第五条",
        grounds=frozenset(RefusalGround),
    ),
    "decide_listing": Kind(
        ON_CANDIDATE, Step.DECIDE, None, Bilingual("纳入失信被执行人名单", "list the debtor"), f"{LIST_RULES}第一条、第五条",
        by_president=True, must=frozenset({"grounds", "decided_on", "row_key"}),
        fields={
            "grounds": known_words(*Ground, required=True), "decided_on": needed_day, "until": day, "cause": choice(*Cause),
            "acts": words(256), "severity": text(16), "findings": known_words(*FINDINGS),
            "doubts": texts_by_name(500), "row_key": text(32, required=True),
        },
    ),
    "issue_order": Kind(
        ON_CANDIDATE | ON_LISTING, Step.ANNOTATE, None, Bilingual("签发限制消费令", "issue a consumption order"),
        "法释〔2015〕17号第一条、第五条", by_president=True, must=frozenset({"issued_on"}),
        fields={"issued_on": needed_day, "items": words(64), "bound_role": choice(*ANSWERABLE), "unit_name": text(256)},
    ),
    "grant_grace": Kind(
        ON_LISTING, Step.GRANT_GRACE, None, Bilingual("给予宽限期", "grant grace"), "法发〔2019〕35号第十五条",
        fields=_FROM_TO, must=frozenset(_FROM_TO),
    ),
    "lapse_listing": Kind(
        ON_LISTING, Step.LAPSE, None, Bilingual("未公布即终结", "end it unpublished"), "法发〔2019〕35号第十五条",
        grounds=frozenset(LapseGround), timer="T05",
    ),
    "publish_listing": Kind(
        ON_LISTING, Step.PUBLISH, FactType.PUBLISHED, Bilingual("公布失信信息", "publish the listing"), f"{LIST_RULES}第七条",
        fields={"national_entry": text(64, required=True), "national_entered_on": needed_day},
        must=frozenset({"national_entry", "national_entered_on"}),
    ),
    "enter_nonpublic": Kind(
        ON_LISTING, Step.ENTER_NONPUBLIC, None, Bilingual("不公开，仅通知所在单位", "not public: notify the unit alone"),
        "中办发〔2016〕64号", fields={"unit_notified": text(256, required=True)}, must=frozenset({"unit_notified"}),
    ),
    "withhold_listing": Kind(
        ON_LISTING, Step.WITHHOLD, FactType.REMOVED, Bilingual("改为不公开", "withhold from publication"),
        "中办发〔2016〕64号", fields={"unit_notified": text(256, required=True)}, must=frozenset({"unit_notified"}),
    ),
    "remove_listing": Kind(
        ON_LISTING, Step.REMOVE, FactType.REMOVED, Bilingual("删除失信信息", "remove the listing"), f"{LIST_RULES}第十条",
        grounds=_REMOVALS, timer="T05",
    ),
    "revoke_listing": Kind(
        ON_LISTING, Step.REVOKE, FactType.REMOVED, Bilingual("撤销失信信息", "revoke the listing"),
        f"{LIST_RULES}第九条第一款", grounds=WRONGLY_LISTED, timer="T07",
    ),
    "correct_listing": Kind(
        ON_LISTING, Step.CORRECT, FactType.CORRECTED, Bilingual("更正失信信息", "correct the listing"),
        f"{LIST_RULES}第九条第二款", fields=corrections.FIELDS, timer="T08",
    ),
    "extend_listing": Kind(
        ON_LISTING, Step.EXTEND, FactType.CORRECTED, Bilingual("延长期限", "extend the term"), f"{LIST_RULES}第二条第一款",
        by_president=True, must=frozenset({"until", "cause"}),
        fields={"until": needed_day, "cause": choice(*Cause, required=True), "acts": words(256)},
    ),
    "lift_order": Kind(
        ON_ORDER, Step.REMOVE, FactType.REMOVED, Bilingual("解除限制消费令", "lift the consumption order"),
        "法释〔2015〕17号第九条", grounds=frozenset({ExitGround.ORDER_LIFTED}), fields={"why": choice(*LiftReason)}, timer="T14",
    ),
    "revoke_order": Kind(
        ON_ORDER, Step.REVOKE, FactType.REMOVED, Bilingual("撤销限制消费令", "revoke the consumption order"),
        "法发〔2019〕35号第十八条", grounds=WRONGLY_LISTED, timer="T07",
    ),
    "correct_order": Kind(
        ON_ORDER, Step.CORRECT, FactType.CORRECTED, Bilingual("更正限制消费令", "correct the order"), "法发〔2019〕35号第十八条",
        fields=corrections.ORDER_FIELDS, timer="T08",
    ),
    "name_officer": Kind(
        ON_LISTING, Step.CORRECT, FactType.CORRECTED, Bilingual("标注责任人员", "mark who answers for the unit"),
        "河南省社会信用条例第三十五条", must=frozenset({"subject", "role", "name", "from_day"}),
        fields={"subject": text(32, required=True), "role": choice(*ANSWERABLE, required=True), "name": text(128, required=True),
                "from_day": needed_day},
    ),
    "release_officer": Kind(
        ON_LISTING, Step.CORRECT, FactType.CORRECTED, Bilingual("解除责任人员标注", "release such a mark"),
        "法发〔2019〕35号第十七条第二项", fields={"mark": whole(1, 2**62, required=True), "to_day": needed_day},
        must=frozenset({"mark", "to_day"}),
    ),
    "grant_temporary_lift": Kind(
        ON_ORDER, Step.ANNOTATE, FactType.ANNOTATED, Bilingual("暂时解除乘坐飞机、高铁限制", "lift planes and fast trains for a time"),
        GOODWILL_17, by_president=True, must=frozenset({"from_day", "to_day", "purpose", "undertaking"}),
        fields=_FROM_TO | {"purpose": choice(*Purpose, required=True), "undertaking": flag},
    ),
    "grant_single_approval": Kind(
        ON_ORDER, Step.ANNOTATE, FactType.ANNOTATED, Bilingual("批准单次消费", "approve one act"), LEAVE_8,
        must=frozenset({"from_day", "to_day", "measures", "purpose"}),
        fields=_FROM_TO | {"measures": words(64, required=True), "purpose": text(256, required=True), "mark": whole(1, 2**62)},
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
    rule = KINDS[kind]
    if kind in {"correct_listing", "correct_order"}:
        return corrections.cleaned(changes, rule.fields)
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
