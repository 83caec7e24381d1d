"""What states and kinds are called on screens, each with its tone."""

from __future__ import annotations

from collections.abc import Mapping

from creditsvc.kernel.text import Bilingual

Tag = tuple[Bilingual, str]

LANES: Mapping[str, Bilingual] = {
    "removals": Bilingual("撤回", "ends"),
    "corrections": Bilingual("更正", "corrections"),
    "additions": Bilingual("新增", "additions"),
}
BATCH_STATES: Mapping[str, Tag] = {
    "planned": (Bilingual("待送达", "to be handed over"), "warning"),
    "sent": (Bilingual("已送达，待回执", "handed over, receipts awaited"), "info"),
    "settled": (Bilingual("回执已齐", "all answered"), "good"),
    "void": (Bilingual("已作废，另批补发", "void: sent in another batch"), "neutral"),
}
COMPARISON_STATES: Mapping[str, Tag] = {
    "agrees": (Bilingual("一致", "agree"), "good"),
    "repairing": (Bilingual("不一致，正在补发", "differ: being repaired"), "warning"),
    "differs": (Bilingual("不一致，需要人工", "differ: a person is needed"), "bad"),
}
DIFFERENCES: Mapping[str, Bilingual] = {
    "held_but_ended": Bilingual("对方仍在公示，本方已终止", "they still show it; we ended it"),
    "held_but_unknown": Bilingual("对方有，本方从未发送", "they hold it; we never sent it"),
    "lacking": Bilingual("本方已发送，对方没有", "we sent it; they lack it"),
    "older": Bilingual("对方的版本较旧", "their revision is older"),
    "newer": Bilingual("对方的版本较新", "their revision is newer"),
    "ended_but_standing": Bilingual("对方已终止，本方仍有效", "they ended it; it stands here"),
}
REFUSAL_STATES: Mapping[str, Tag] = {
    "open": (Bilingual("待处理", "open"), "warning"),
    "resent": (Bilingual("已补发", "sent again"), "info"),
    "returned": (Bilingual("已退法院核实", "returned to the court"), "info"),
    "closed": (Bilingual("已办结", "closed"), "good"),
}
MESSAGE_KINDS: Mapping[str, Bilingual] = {
    "objection": Bilingual("异议", "objection"),
    "credit_repair": Bilingual("信用修复结果", "result of a credit repair"),
    "identity": Bilingual("身份信息变更", "change of identity"),
    "registration": Bilingual("登记信息变更", "change of registration"),
}
MESSAGE_STATES: Mapping[str, Tag] = {
    "open": (Bilingual("待答复", "to be answered"), "warning"),
    "answered": (Bilingual("已答复，待送达", "answered, to be handed over"), "info"),
    "sent": (Bilingual("答复已送达", "answer handed over"), "good"),
    "closed": (Bilingual("已办结", "closed"), "good"),
}
MEANINGS: Mapping[str, Bilingual] = {
    "profile": Bilingual("本方无法按方案生成", "the profile can't carry it"),
    "identity": Bilingual("主体代码有误", "the subject's number is wrong"),
    "missing": Bilingual("缺少必填项", "a required field is missing"),
    "format": Bilingual("格式不符", "the format is wrong"),
    "unknown_key": Bilingual("对方没有这条记录", "they have no such record"),
    "duplicate": Bilingual("对方认为重复", "they think it a duplicate"),
    "hash": Bilingual("传输中损坏（校验值不符）", "damaged on its way: its digest does not fit"),
    "signature": Bilingual("批次签名不符", "the batch's signature does not fit"),
    "court": Bilingual("法院不在对方目录内", "the court is not in their directory"),
    "other": Bilingual("其他", "something else"),
}
OUTCOMES: Mapping[str, Bilingual] = {
    "upheld": Bilingual("异议成立", "upheld"),
    "refused": Bilingual("异议不成立", "refused"),
}
