"""What the words of the catalogue are called, in both languages."""

from __future__ import annotations

from enum import StrEnum

from punishment_rules.catalogue_types import (
    Amount,
    Applied,
    Association,
    Discretion,
    Effect,
    Grounding,
    Standing,
    Trigger,
    Verification,
)
from punishment_rules.compare import Change
from punishment_rules.incentive_types import Benefit, Merit, Scope
from punishment_rules.law import Text
from punishment_rules.overlay import Stance

_LABELS: dict[type[StrEnum], dict[str, Text]] = {
    Applied: {
        "automatic": Text("自动适用", "applied automatically"),
        "officer": Text("由工作人员判断", "a person decides"),
        "shown": Text("仅提示", "shown only"),
    },
    Effect: {
        "prohibit": Text("禁止", "prohibits"),
        "restrict": Text("限制", "restricts"),
        "consider_in_decision": Text("审慎性参考", "is weighed"),
        "heightened_scrutiny": Text("加强监管", "means closer supervision"),
        "publicity": Text("公布", "is published"),
        "notify": Text("通报", "is notified"),
    },
    Trigger: {
        "listed": Text("列入失信被执行人名单", "being on the list"),
        "both": Text("列入名单或者被限制消费，其一即可", "being on the list or under a consumption order, either one"),
    },
    Discretion: {
        "mandatory": Text("应当", "mandatory"),
        "discretionary": Text("可以，由主管部门裁量", "at the agency's discretion"),
        "advisory": Text("鼓励、建议", "advice only"),
    },
    Grounding: {
        "strong": Text("强", "strong"),
        "moderate": Text("中等", "moderate"),
        "weak": Text("薄弱", "weak"),
    },
    Verification: {
        "text": Text("已核对原文", "the words were read"),
        "secondary": Text("见于转述", "read in a restatement"),
        "recalled": Text("待核对原文", "still to be checked"),
    },
    Standing: {
        "in_force": Text("有效", "in force"),
        "in_force_competence_moved": Text("有效，主管部门已调整", "in force, competence has moved"),
        "partly_obsolete": Text("部分内容已过时", "partly obsolete"),
        "practice_only": Text("仅为实践做法", "practice only"),
    },
    Association: {
        "unit_to_roles": Text("单位被列入的，及于其有关人员", "a listed unit reaches its officers"),
        "person_to_unit": Text("任职人员被列入的，及于单位", "a listed officer reaches the unit"),
        "consortium": Text("联合体一方被列入的，及于联合体", "one member reaches the consortium"),
    },
    Amount: {
        "large_own_debt": Text("本人所负数额较大的到期债务未清偿", "a large due debt of one's own"),
        "unfixed_sum": Text("数额没有规定", "a sum that no rule fixes"),
    },
    Stance: {"cleared": Text("核可", "cleared"), "held": Text("暂停自动适用", "held")},
    Change: {
        "begun": Text("开始有效", "begins"),
        "ended": Text("不再有效", "ends"),
        "reworded": Text("依据或者条件改变", "other clauses or terms"),
        "applied_otherwise": Text("适用方式改变", "applied otherwise"),
    },
    Scope: {
        "national": Text("全国", "national"),
        "henan": Text("河南", "Henan"),
        "elsewhere": Text("外地做法，仅供参考", "elsewhere, an example only"),
    },
    Merit: {
        "voluntary_performance": Text("自动履行", "performed before compulsory measures"),
        "active_performance_after_listing": Text("列入后积极履行", "performed actively after listing"),
        "honest_inability": Text("诚实而无力履行", "honest and unable"),
        "commitment": Text("作出信用承诺", "made a commitment"),
        "repair_completed": Text("完成信用修复", "completed credit repair"),
        "good_credit_list": Text("列入守信名单", "on a good-credit list"),
        "application": Text("本人申请", "on application"),
    },
    Benefit: {
        "certificate": Text("证明", "certificate"),
        "facilitate": Text("便利", "easier procedure"),
        "priority": Text("优先", "priority"),
        "reduce_cost": Text("减少费用", "lower cost"),
        "reduce_scrutiny": Text("减少检查", "fewer inspections"),
        "publicity_positive": Text("正面公示", "good publicity"),
        "suspend_measure": Text("暂停措施", "a measure is suspended"),
        "defer_listing": Text("暂缓列入", "listing is deferred"),
        "early_removal": Text("提前删除", "early removal"),
        "credit_support": Text("融资支持", "better credit"),
        "score": Text("评价加分", "a better score"),
    },
}


def label(word: StrEnum) -> Text:
    """What a word of the catalogue is called."""
    own: Text | None = getattr(word, "label", None)
    return own if own is not None else _LABELS[type(word)][word.value]


def labels(kind: type[StrEnum]) -> dict[str, Text]:
    """All words of an enum with what they are called, in their order."""
    return {word.value: label(word) for word in kind}
