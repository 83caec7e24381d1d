"""Words for what the register and the streams say in codes: grounds, performance, stages; hints for statements."""

from __future__ import annotations

from creditsvc.kernel.text import Bilingual
from repair.policy.answers import listing_rules
from repair.policy.kinds import ApplicationKind

LISTING_GROUNDS: dict[str, tuple[Bilingual, Bilingual]] = {
    "able_but_refuses": (
        Bilingual("有履行能力而拒不履行生效法律文书确定义务", "you can pay, and refuse to do what the judgment says"),
        listing_rules("第一条第一项", "art. 1(1)"),
    ),
    "obstructs": (
        Bilingual(
            "以伪造证据、暴力、威胁等方法妨碍、抗拒执行",
            "you obstruct enforcement by forged evidence, violence or threats",
        ),
        listing_rules("第一条第二项", "art. 1(2)"),
    ),
    "evades": (
        Bilingual(
            "以虚假诉讼、虚假仲裁或者以隐匿、转移财产等方法规避执行",
            "you evade enforcement by sham proceedings or by hiding or moving property",
        ),
        listing_rules("第一条第三项", "art. 1(3)"),
    ),
    "property_report": (
        Bilingual("违反财产报告制度", "you did not report your property as you had to"),
        listing_rules("第一条第四项", "art. 1(4)"),
    ),
    "order_breach": (
        Bilingual("违反限制消费令", "you broke the order that limits your spending"),
        listing_rules("第一条第五项", "art. 1(5)"),
    ),
    "settlement_refused": (
        Bilingual("无正当理由拒不履行执行和解协议", "you refuse without good reason to perform the settlement"),
        listing_rules("第一条第六项", "art. 1(6)"),
    ),
}

STATEMENT_HINTS = {
    ApplicationKind.REMOVAL: Bilingual(
        "何时、怎样履行的，用自己的话写几句即可。最多 4000 字。",
        "When and how you performed, in your own words. At most 4,000 characters.",
    ),
    ApplicationKind.REVOCATION: Bilingual(
        "为什么当初就不应当纳入。最多 4000 字。", "Why it should never have been made. At most 4,000 characters."
    ),
    ApplicationKind.CORRECTION: Bilingual(
        "哪一项不对，应当是什么。最多 4000 字。", "What is wrong and what it should be. At most 4,000 characters."
    ),
    ApplicationKind.RECONSIDERATION: Bilingual(
        "驳回决定哪里不对。最多 4000 字。", "What is wrong with the refusal. At most 4,000 characters."
    ),
    ApplicationKind.TEMPORARY_LIFT: Bilingual(
        "去哪里、做什么、乘坐什么。最多 4000 字。", "Where you go, what for, and by what. At most 4,000 characters."
    ),
    ApplicationKind.OBJECTION: Bilingual(
        "在哪里看到的，哪里不对。最多 4000 字。", "Where you saw it and what is wrong. At most 4,000 characters."
    ),
    **{
        kind: Bilingual(
            "用自己的话写几句即可。最多 4000 字。", "A few sentences in your own words. At most 4,000 characters."
        )
        for kind in (
            ApplicationKind.CREDIT_REPAIR,
            ApplicationKind.ORDER_LIFTING,
            ApplicationKind.SINGLE_APPROVAL,
            ApplicationKind.SINGLE_LIFT,
            ApplicationKind.PRIVATE_SPENDING,
            ApplicationKind.FORMER_OFFICER,
        )
    },
}

PERFORMANCE_NAMES = {
    "none": Bilingual("全部未履行", "nothing has been performed"),
    "partial": Bilingual("部分未履行", "part is still open"),
    "full": Bilingual("已全部履行", "everything has been performed"),
}

STAGE_NAMES = {
    "published": Bilingual("已发布，尚未领取", "published, not fetched yet"),
    "notified": Bilingual("已通知", "told"),
    "fetched": Bilingual("已领取", "fetched"),
    "applied": Bilingual("已执行并回执", "applied, receipt signed"),
    "diverged": Bilingual("副本不一致，正在核对", "its copy differs and is being put right"),
    "overdue": Bilingual("逾期未执行，已督促", "overdue; it has been told to act"),
}
