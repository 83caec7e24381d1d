"""The grounds of every kind of application: name, clause, papers, and what a grant does in the register.

Sources: 法释〔2017〕7号 arts 1 to 4, 9 to 12; 法释〔2015〕17号 arts 3, 8, 9; 法发〔2019〕35号 nos 16 to 19, 21;
河南省社会信用条例 arts 40, 41. Pure: no database, network or clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from creditsvc.kernel.errors import InvalidInput
from creditsvc.kernel.text import Bilingual
from repair.policy.answers import consumption_rules, henan, liability_clause, listing_rules, opinion
from repair.policy.kinds import ApplicationKind
from repair.policy.materials import FILLED_IN, Material


class RemovalGround(StrEnum):
    """Why a listing ends: the seven circumstances, the term, early removal. Values are the feed's words."""

    PERFORMED = "performed"
    SETTLED = "settled"
    APPLICANT_REQUEST = "applicant_request"
    NO_PROPERTY = "no_property"
    SUSPENDED = "suspended_enforcement"
    NOT_ENFORCED = "not_enforced"
    TERMINATED = "terminated"
    TERM_ENDED = "term_ended"
    EARLY = "early"


class Effect(StrEnum):
    """What a grant does. The first words are kinds of decision of the register."""

    REMOVE_LISTING = "remove_listing"
    REVOKE = "revoke"
    CORRECT_LISTING = "correct_listing"
    LIFT_ORDER = "lift_order"
    GRANT_RELIEF = "grant_relief"
    AS_REFUSED = "as_refused"
    """What the refused application had asked for."""
    AS_FOUND = "as_found"
    """Correction, revocation or removal, as the court finds."""
    FOLLOW_UP = "follow_up"
    """Nothing in the register: an application of another kind is opened and decided by its own rule."""
    HAND_OUT = "hand_out"


@dataclass(frozen=True, slots=True)
class Ground:
    """One ground of one kind."""

    name: Bilingual
    clause: Bilingual
    materials: tuple[Material, ...]
    effect: Effect
    register_ground: str = ""
    """The register's word for it: an exit's ground, a relief's kind."""
    must: bool = False
    """Whether the court must grant it once the fact is found; else it weighs."""


_S, _M = Material.STATEMENT, Material


def _removal(
    ground: RemovalGround, zh: str, en: str, clause: Bilingual, *materials: Material, must: bool = True
) -> Ground:
    return Ground(Bilingual(zh, en), clause, materials, Effect.REMOVE_LISTING, ground.value, must)


def _art_10(item: str, figure: int) -> Bilingual:
    return listing_rules(f"第十条第一款第{item}项", f"art. 10(1)({figure})")


_R = RemovalGround
REMOVALS: Mapping[str, Ground] = {
    _R.PERFORMED: _removal(
        _R.PERFORMED, "已经履行完毕", "everything has been performed", _art_10("一", 1), _S, _M.PAYMENT_PROOF
    ),
    _R.SETTLED: _removal(
        _R.SETTLED,
        "达成执行和解并已履行完毕",
        "a settlement was made and fully performed",
        _art_10("二", 2),
        _S,
        _M.SETTLEMENT,
    ),
    _R.APPLICANT_REQUEST: _removal(
        _R.APPLICANT_REQUEST,
        "申请执行人书面申请删除，法院审查同意",
        "the creditor asks for removal in writing and the court agrees",
        _art_10("三", 3),
        _S,
        _M.CREDITOR_REQUEST,
        must=False,
    ),
    _R.NO_PROPERTY: _removal(
        _R.NO_PROPERTY,
        "终结本次执行程序后两次以上查询未发现财产",
        "after this round ended, two or more searches found nothing",
        _art_10("四", 4),
        _S,
    ),
    _R.SUSPENDED: _removal(
        _R.SUSPENDED,
        "因再审或者破产裁定中止执行",
        "enforcement is suspended because of a retrial or bankruptcy",
        _art_10("五", 5),
        _S,
        _M.COURT_RULING,
    ),
    _R.NOT_ENFORCED: _removal(
        _R.NOT_ENFORCED,
        "法院裁定不予执行",
        "the court has ruled not to enforce",
        _art_10("六", 6),
        _S,
        _M.COURT_RULING,
    ),
    _R.TERMINATED: _removal(
        _R.TERMINATED,
        "法院裁定终结执行",
        "the court has ruled to terminate enforcement",
        _art_10("七", 7),
        _S,
        _M.COURT_RULING,
    ),
    _R.TERM_ENDED: _removal(
        _R.TERM_ENDED, "公布期限届满", "the term has ended", listing_rules("第十条第二款", "art. 10 para. 2")
    ),
    _R.EARLY: _removal(
        _R.EARLY,
        "积极履行或者主动纠正，申请提前删除",
        "early removal after active performance or putting the act right",
        listing_rules("第二条第二款", "art. 2 para. 2"),
        _S,
        _M.PAYMENT_PROOF,
        _M.CORRECTED_ACT,
        must=False,
    ),
}


def _wrong(zh: str, en: str, clause: Bilingual, *materials: Material, exit_word: str = "error") -> Ground:
    return Ground(Bilingual(zh, en), clause, (_S, *materials), Effect.REVOKE, exit_word, must=True)


REVOCATIONS: Mapping[str, Ground] = {
    "wrong_person": _wrong(
        "不是我（认错人、被冒名）",
        "it is not me (mistaken identity)",
        listing_rules("第九条第一款、第十一条第一项", "arts 9 para. 1 and 11(1)"),
        _M.IDENTITY,
        exit_word="identity_error",
    ),
    "minor": _wrong(
        "作出决定时未满十八周岁",
        "I was under 18 on the day of the decision",
        listing_rules("第四条", "art. 4"),
        _M.IDENTITY,
    ),
    "officer": _wrong(
        "只是单位的法定代表人或者负责人",
        "I am only an officer of the unit that owes",
        opinion("16", "第2项"),
        _M.ANY_PROOF,
    ),
    "security": _wrong(
        "已提供充分有效担保",
        "adequate, effective security was given",
        listing_rules("第三条第一项", "art. 3(1)"),
        _M.SECURITY,
    ),
    "property_held": _wrong(
        "已查封、扣押、冻结的财产足以清偿",
        "property already sealed or frozen is enough to pay",
        listing_rules("第三条第二项", "art. 3(2)"),
        _M.ANY_PROOF,
    ),
    "later_rank": _wrong(
        "履行顺序在后，尚不能对我强制执行",
        "my turn to pay comes later and enforcement against me is not yet lawful",
        listing_rules("第三条第三项", "art. 3(3)"),
        _M.ANY_PROOF,
    ),
    "no_circumstance": _wrong(
        "不存在决定所写的失信情形",
        "what the decision says I did is not so",
        listing_rules("第九条第一款、第十一条第一项", "arts 9 para. 1 and 11(1)"),
        _M.ANY_PROOF,
    ),
}

CORRECTIONS: Mapping[str, Ground] = {
    "inaccurate": Ground(
        Bilingual("记载的内容不准确", "what is recorded is inaccurate"),
        listing_rules("第九条第二款、第十一条第二项", "arts 9 para. 2 and 11(2)"),
        (_S, _M.ANY_PROOF),
        Effect.CORRECT_LISTING,
        "inaccurate",
        must=True,
    )
}

RECONSIDERATIONS: Mapping[str, Ground] = {
    "in_time": Ground(
        Bilingual("不服驳回决定", "I disagree with the refusal"),
        listing_rules("第十二条第二款", "art. 12 para. 2"),
        (_S, _M.REFUSAL),
        Effect.AS_REFUSED,
    ),
    "obstacle": Ground(
        Bilingual("因不可抗力等正当理由耽误了期限", "I missed the period for a valid reason such as force majeure"),
        Bilingual("民事诉讼法第八十六条", "Civil Procedure Law art. 86"),
        (_S, _M.REFUSAL, _M.ANY_PROOF),
        Effect.AS_REFUSED,
    ),
}

CREDIT_REPAIRS: Mapping[str, Ground] = {
    "creditor_consent": Ground(
        Bilingual("申请执行人书面申请删除", "the creditor asks for removal in writing"),
        _art_10("三", 3),
        (_S, _M.PROMISE, _M.CREDITOR_REQUEST),
        Effect.FOLLOW_UP,
        "removal/applicant_request",
    ),
    "early": Ground(
        Bilingual("提前删除", "early removal"),
        listing_rules("第二条第二款", "art. 2 para. 2"),
        (_S, _M.PROMISE, _M.CORRECTED_ACT),
        Effect.FOLLOW_UP,
        "removal/early",
    ),
    "certificate": Ground(
        Bilingual("出具信用修复证明书", "a credit repair certificate"),
        opinion("21", ""),
        (_S, _M.PROMISE),
        Effect.FOLLOW_UP,
        "certificate/credit_repair",
    ),
}

_ART_9 = consumption_rules("第九条", "art. 9")
ORDER_LIFTINGS: Mapping[str, Ground] = {
    "performed": Ground(
        Bilingual("已经全部履行", "everything has been performed"),
        _ART_9,
        (_S, _M.PAYMENT_PROOF),
        Effect.LIFT_ORDER,
        "order_lifted",
        must=True,
    ),
    "security": Ground(
        Bilingual("提供了有效担保", "valid security has been given"),
        _ART_9,
        (_S, _M.SECURITY),
        Effect.LIFT_ORDER,
        "order_lifted",
    ),
    "consent": Ground(
        Bilingual("申请执行人同意解除", "the creditor consents"),
        _ART_9,
        (_S, _M.CREDITOR_CONSENT),
        Effect.LIFT_ORDER,
        "order_lifted",
    ),
}


def _urgent(zh: str, en: str) -> Ground:
    papers = (_S, _M.UNDERTAKING, _M.URGENT_REASON)
    return Ground(Bilingual(zh, en), opinion("17", "第3项"), papers, Effect.GRANT_RELIEF, "temporary_lift")


TEMPORARY_LIFTS: Mapping[str, Ground] = {
    "illness": _urgent("本人或者近亲属重大疾病就医", "serious illness of myself or a close relative"),
    "funeral": _urgent("近亲属丧葬", "a close relative's funeral"),
    "public_duty": _urgent("执行或者配合执行公务", "performing or assisting a public duty"),
    "foreign_affairs": _urgent("参加外事活动", "foreign-affairs activity"),
    "examination": _urgent("参加重要考试", "an important examination"),
    "urgent": _urgent("其他类似的紧急情况", "another urgent need of the same weight"),
}

SINGLE_APPROVALS: Mapping[str, Ground] = {
    code: Ground(
        Bilingual(zh, en),
        consumption_rules("第八条", "art. 8"),
        (_S, _M.ANY_PROOF),
        Effect.GRANT_RELIEF,
        "single_approval",
    )
    for code, zh, en in (("living", "生活必需", "needed for living"), ("business", "经营必需", "needed for business"))
}

SINGLE_LIFTS: Mapping[str, Ground] = {
    "court_rule": Ground(
        Bilingual("符合法院的单次解禁办法", "the court's rule on single lifts is met"),
        Bilingual("法院发布的单次解禁办法", "the court's own rule on single lifts"),
        (_S, _M.ANY_PROOF),
        Effect.GRANT_RELIEF,
        "single_lift",
    )
}

PRIVATE_SPENDINGS: Mapping[str, Ground] = {
    "own_means": Ground(
        Bilingual("以个人财产因私消费", "private spending from my own means"),
        Bilingual(
            "法释〔2015〕17号第三条第二款；法发〔2019〕35号第17条第1项",
            "法释〔2015〕17号 art. 3 para. 2; 法发〔2019〕35号 no. 17(1)",
        ),
        (_S, _M.OWN_MEANS),
        Effect.GRANT_RELIEF,
        "single_approval",
        must=True,
    )
}

FORMER_OFFICERS: Mapping[str, Ground] = {
    "left_office": Ground(
        Bilingual("因经营管理需要已变更，不再任职", "I have left office for a genuine business reason"),
        opinion("17", "第2项"),
        (_S, _M.UNDERTAKING, _M.LEFT_OFFICE, _M.NOT_IN_CONTROL),
        Effect.LIFT_ORDER,
        "order_lifted",
        must=True,
    )
}


def _objection(zh: str, en: str) -> Ground:
    return Ground(Bilingual(zh, en), henan("第四十一条第一款", "art. 41 para. 1"), (_S, _M.ANY_PROOF), Effect.AS_FOUND)


OBJECTIONS: Mapping[str, Ground] = {
    "inaccurate": _objection("信息有错误、遗漏", "the information is wrong or incomplete"),
    "not_mine": _objection("信息不是我的", "the information is not about me"),
    "should_be_gone": _objection("信息应当已经移出", "the information should have been taken off"),
    "privacy": _objection("公开了不应公开的内容", "something is published that should not be"),
}

GROUNDS: Mapping[ApplicationKind, Mapping[str, Ground]] = {
    ApplicationKind.REMOVAL: REMOVALS,
    ApplicationKind.REVOCATION: REVOCATIONS,
    ApplicationKind.CORRECTION: CORRECTIONS,
    ApplicationKind.RECONSIDERATION: RECONSIDERATIONS,
    ApplicationKind.CREDIT_REPAIR: CREDIT_REPAIRS,
    ApplicationKind.ORDER_LIFTING: ORDER_LIFTINGS,
    ApplicationKind.TEMPORARY_LIFT: TEMPORARY_LIFTS,
    ApplicationKind.SINGLE_APPROVAL: SINGLE_APPROVALS,
    ApplicationKind.SINGLE_LIFT: SINGLE_LIFTS,
    ApplicationKind.PRIVATE_SPENDING: PRIVATE_SPENDINGS,
    ApplicationKind.FORMER_OFFICER: FORMER_OFFICERS,
    ApplicationKind.OBJECTION: OBJECTIONS,
    ApplicationKind.CERTIFICATE: {
        code: Ground(Bilingual(zh, en), opinion("21", ""), (_S,), Effect.FOLLOW_UP, f"certificate/{code}")
        for code, zh, en in (
            ("voluntary_performance", "自动履行证明书", "certificate of voluntary performance"),
            ("credit_repair", "信用修复证明书", "credit repair certificate"),
            ("removal", "删除证明", "certificate of removal"),
        )
    },
    ApplicationKind.OWN_DATA: {
        "copy": Ground(
            Bilingual("查阅、复制", "to see and to keep a copy"),
            henan("第四十条", "art. 40"),
            (),
            Effect.HAND_OUT,
            must=True,
        )
    },
    ApplicationKind.PROMISE_BREACH: {
        code: Ground(Bilingual(zh, en), liability_clause(), (_S,), Effect.FOLLOW_UP)
        for code, zh, en in (
            ("not_kept", "没有履行承诺的义务", "what was promised was not done"),
            ("untrue", "承诺所附材料虚假", "what came with the promise was false"),
            ("again", "承诺以后又有失信行为", "a dishonest act after the promise"),
        )
    },
}
"""Every ground of every kind, in the order in which they are offered."""


def ground_of(kind: str, ground: str) -> Ground:
    """The ground of this kind; raises ``InvalidInput`` for one that does not exist."""
    found = GROUNDS[ApplicationKind(kind)].get(ground) if kind in set(ApplicationKind) else None
    if found is None:
        raise InvalidInput(
            Bilingual("请选择一项理由", "choose a reason from the list"), code="ground-unknown", field="choice"
        )
    return found


def needs_file(kind: str, ground: str) -> bool:
    """Whether at least one uploaded paper is required beside what the form holds."""
    return any(material not in FILLED_IN for material in ground_of(kind, ground).materials)
