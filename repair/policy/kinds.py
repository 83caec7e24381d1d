"""Kinds of application: what each is called, who decides, on which clause, which clock runs, whether it needs an entry.

Grounds, papers and effects of each kind are in ``grounds.py``; whether a ground is open now in ``check.py``.
Sources: 法释〔2017〕7号 arts 2 and 9 to 12; 法释〔2015〕17号 arts 3, 8 and 9; 法发〔2019〕35号 nos 17, 18 and 21;
河南省社会信用条例 arts 40 and 41. Pure: no database, network or clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from creditsvc.kernel.text import Bilingual
from repair.policy.answers import consumption_rules, henan, listing_rules, opinion


class ApplicationKind(StrEnum):
    """What a person asks for."""

    REMOVAL = "removal"
    CORRECTION = "correction"
    REVOCATION = "revocation"
    RECONSIDERATION = "reconsideration"
    CREDIT_REPAIR = "credit_repair"
    ORDER_LIFTING = "order_lifting"
    TEMPORARY_LIFT = "temporary_lift"
    SINGLE_APPROVAL = "single_approval"
    SINGLE_LIFT = "single_lift"
    PRIVATE_SPENDING = "private_spending"
    FORMER_OFFICER = "former_officer"
    OBJECTION = "objection"
    CERTIFICATE = "certificate"
    OWN_DATA = "own_data"
    PROMISE_BREACH = "promise_breach"


class Decider(StrEnum):
    """Who decides."""

    LISTING_COURT = "listing_court"
    HIGHER_COURT = "higher_court"
    PRESIDENT = "president"
    REGISTRY = "registry"


class About(StrEnum):
    """What an application is about."""

    LISTING = "listing"
    ORDER = "consumption_order"
    EITHER = "either"
    REFUSAL = "refusal"
    NOTHING = "nothing"


DECIDER_NAMES: Mapping[Decider, Bilingual] = {
    Decider.LISTING_COURT: Bilingual("作出决定的执行法院", "the court that made the entry"),
    Decider.HIGHER_COURT: Bilingual("上一级人民法院", "the court one level up"),
    Decider.PRESIDENT: Bilingual("执行法院院长", "the president of the court that made the entry"),
    Decider.REGISTRY: Bilingual("本服务当场提供", "this service, on the spot"),
}


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of application."""

    name: Bilingual
    about: About
    decider: Decider
    clause: Bilingual
    clock: str
    """Code of the ``deadlines.CLOCKS`` that starts when it is received; empty: answered on the spot."""
    after_grant: str = ""
    """Code of the clock that runs from the court's finding to its being carried out."""
    said: Bilingual | None = None
    """What it does and does not do, for whoever chooses."""
    suspends: bool = False
    """Whether the entry rests while it is open: no kind does (法释〔2017〕7号 art. 12, no suspension)."""


KINDS: Mapping[ApplicationKind, Kind] = {
    ApplicationKind.REMOVAL: Kind(
        Bilingual("删除失信信息", "removal from the list"),
        About.LISTING,
        Decider.LISTING_COURT,
        listing_rules("第十条、第十一条第三项、第十二条", "arts 10, 11(3) and 12"),
        "decide",
        "remove",
        Bilingual(
            "已经履行，或者出现法律规定的情形：请法院把记录移出名单",
            "you have performed, or the law's circumstance has come about: the court takes the entry off the list",
        ),
    ),
    ApplicationKind.REVOCATION: Kind(
        Bilingual("撤销（不应纳入）", "revocation (should not have been listed)"),
        About.EITHER,
        Decider.LISTING_COURT,
        listing_rules("第九条第一款、第十一条第一项、第十二条", "arts 9 para. 1, 11(1) and 12"),
        "decide",
        "correct",
        Bilingual(
            "当初就不应当纳入：撤销以后视为没有纳入过，依赖过它的单位会被通知重新审查",
            "it should never have been made: revoked, it counts as never made, and whoever relied on it is told",
        ),
    ),
    ApplicationKind.CORRECTION: Kind(
        Bilingual("更正信息", "correction of data"),
        About.LISTING,
        Decider.LISTING_COURT,
        listing_rules("第九条第二款、第十一条第二项、第十二条", "arts 9 para. 2, 11(2) and 12"),
        "decide",
        "correct",
        Bilingual(
            "记录里的内容写错了：更正内容，记录本身保留", "something in the entry is wrong: it is corrected and stays"
        ),
    ),
    ApplicationKind.RECONSIDERATION: Kind(
        Bilingual("复议", "reconsideration"),
        About.REFUSAL,
        Decider.HIGHER_COURT,
        listing_rules("第十二条", "art. 12"),
        "reconsider",
        "correct",
        Bilingual(
            "不服驳回决定：请上一级人民法院复议；复议期间记录和限制照旧",
            "you disagree with a refusal: the court one level up looks again; meanwhile entry and limits stand",
        ),
    ),
    ApplicationKind.CREDIT_REPAIR: Kind(
        Bilingual("信用修复", "credit repair"),
        About.LISTING,
        Decider.LISTING_COURT,
        listing_rules("第二条第二款、第十条第一款第三项", "art. 2 para. 2 and art. 10(1)(3)"),
        "decide_repair",
        "",
        Bilingual(
            "作出信用承诺，请法院支持删除、提前删除或者出具证明；承诺本身不移出名单",
            "with a credit promise you ask for removal, early removal or a certificate; a promise by itself ends nothing",
        ),
    ),
    ApplicationKind.ORDER_LIFTING: Kind(
        Bilingual("解除限制消费", "lifting of the consumption order"),
        About.ORDER,
        Decider.LISTING_COURT,
        Bilingual("法释〔2015〕17号第九条；法发〔2019〕35号第18条", "法释〔2015〕17号 art. 9; 法发〔2019〕35号 no. 18"),
        "decide",
        "lift_order",
        Bilingual(
            "已全部履行的应当解除；提供担保或者申请执行人同意的，由法院决定",
            "must be lifted after full performance; with security or the creditor's consent the court may lift it",
        ),
    ),
    ApplicationKind.TEMPORARY_LIFT: Kind(
        Bilingual("暂时解除乘坐飞机、高铁限制", "temporary lift for aircraft and high-speed rail"),
        About.ORDER,
        Decider.PRESIDENT,
        opinion("17", "第3项"),
        "answer_urgent",
        "",
        Bilingual(
            "患病、奔丧等紧急出行：只解除飞机和高铁，最长一个月，到期自动恢复",
            "urgent travel such as illness or a funeral: aircraft and high-speed rail only, at most a month, then it "
            "binds again by itself",
        ),
    ),
    ApplicationKind.SINGLE_APPROVAL: Kind(
        Bilingual("生活或者经营必需的消费审批", "approval of one necessary expense"),
        About.ORDER,
        Decider.LISTING_COURT,
        consumption_rules("第八条", "art. 8"),
        "answer_soon",
        "",
        Bilingual(
            "为生活或者经营必需的一次消费，事先经法院批准",
            "one expense that life or business needs, approved beforehand",
        ),
    ),
    ApplicationKind.SINGLE_LIFT: Kind(
        Bilingual("单次解禁", "single lift"),
        About.ORDER,
        Decider.LISTING_COURT,
        Bilingual("法院发布的单次解禁办法", "the court's own rule on single lifts"),
        "answer_soon",
        "",
        Bilingual("按法院的单次解禁办法", "by the court's own rule on single lifts"),
    ),
    ApplicationKind.PRIVATE_SPENDING: Kind(
        Bilingual("以个人财产实施的因私消费", "private spending from one's own means"),
        About.ORDER,
        Decider.LISTING_COURT,
        Bilingual(
            "法释〔2015〕17号第三条第二款；法发〔2019〕35号第17条第1项",
            "法释〔2015〕17号 art. 3 para. 2; 法发〔2019〕35号 no. 17(1)",
        ),
        "answer_soon",
        "",
        Bilingual(
            "您因单位被限制消费而受限：以个人财产因私消费的，查证属实应当准许",
            "you are bound because of a unit: spending your own means in private is allowed once verified",
        ),
    ),
    ApplicationKind.FORMER_OFFICER: Kind(
        Bilingual("原法定代表人、负责人解除限制", "release of a former officer"),
        About.ORDER,
        Decider.LISTING_COURT,
        opinion("17", "第2项"),
        "answer_soon",
        "lift_order",
        Bilingual(
            "已不再担任职务，也不是实际控制人或者直接责任人员：解除，对继任者另行限制",
            "you have left office and neither control the unit nor are responsible: you are released and your "
            "successor is bound",
        ),
    ),
    ApplicationKind.OBJECTION: Kind(
        Bilingual("向信用平台提出的异议", "objection at the credit platform"),
        About.EITHER,
        Decider.LISTING_COURT,
        henan("第四十一条", "art. 41"),
        "answer_objection",
        "correct",
        Bilingual(
            "平台立即标注异议；三个工作日内处理，需要法院核查的七个工作日",
            "the platform marks it as disputed at once and answers within 3 working days, 7 where the court must check",
        ),
    ),
    ApplicationKind.CERTIFICATE: Kind(
        Bilingual("证明书", "certificate"),
        About.EITHER,
        Decider.LISTING_COURT,
        opinion("21", ""),
        "decide_repair",
        "",
    ),
    ApplicationKind.OWN_DATA: Kind(
        Bilingual("查阅、复制本人信息和查询记录", "copy of one's own data and of who looked"),
        About.NOTHING,
        Decider.REGISTRY,
        henan("第四十条", "art. 40"),
        "",
        "",
        Bilingual("当场下载，免费", "downloaded on the spot, free"),
    ),
    ApplicationKind.PROMISE_BREACH: Kind(
        Bilingual("违诺审查（法院依职权）", "examination of a broken promise (opened by the court)"),
        About.LISTING,
        Decider.LISTING_COURT,
        Bilingual(
            "信用承诺书“违诺责任”；个人信息保护法第二十四条",
            "the promise's own liability clause; Personal Information Protection Law art. 24",
        ),
        "decide_repair",
        "",
        Bilingual(
            "法院认为您没有遵守信用承诺：先听取您的陈述，再由两人决定；不恢复任何已经移出的记录",
            "the court holds that a credit promise was broken: you are heard first and two people decide; no entry that has left "
            "comes back by it",
        ),
    ),
}
