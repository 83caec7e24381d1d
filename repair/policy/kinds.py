"""Kinds of application as tables: what each asks for, on which grounds, with which papers, who decides, which clocks.

Sources: 法释〔2017〕7号 arts 2 and 9 to 12; 法释〔2015〕17号 arts 3, 8 and 9; 法发〔2019〕35号 arts 17, 18 and 21;
河南省社会信用条例 arts 40 and 41. Pure: no database, network or clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from creditsvc.kernel.text import Bilingual
from repair.policy.answers import listing_rules


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
    CERTIFICATE = "certificate"
    OWN_DATA = "own_data"


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


class Decider(StrEnum):
    """Who decides."""

    LISTING_COURT = "listing_court"
    HIGHER_COURT = "higher_court"
    PRESIDENT = "president"
    REGISTRY = "registry"


class Material(StrEnum):
    """Papers that an application needs or may bring."""

    STATEMENT = "statement"
    PAYMENT_PROOF = "payment_proof"
    CREDITOR_CONFIRMATION = "creditor_confirmation"
    SETTLEMENT = "settlement"
    COURT_RULING = "court_ruling"
    CREDITOR_REQUEST = "creditor_request"
    CORRECTED_ACT = "corrected_act"
    PROMISE = "promise"
    URGENT_REASON = "urgent_reason"
    REFUSAL = "refusal"
    ANY_PROOF = "any_proof"


MATERIAL_NAMES: Mapping[Material, Bilingual] = {
    Material.STATEMENT: Bilingual("情况说明", "your statement"),
    Material.PAYMENT_PROOF: Bilingual("付款凭证（转账回单、收据等）", "proof of payment (bank slip, receipt …)"),
    Material.CREDITOR_CONFIRMATION: Bilingual("申请执行人确认履行的书面材料", "the creditor's written confirmation"),
    Material.SETTLEMENT: Bilingual("执行和解协议及履行凭证", "the settlement and proof that it was performed"),
    Material.COURT_RULING: Bilingual("法院裁定书", "the court's ruling"),
    Material.CREDITOR_REQUEST: Bilingual("申请执行人的书面申请", "the creditor's written request"),
    Material.CORRECTED_ACT: Bilingual("纠正失信行为的材料", "proof that the dishonest act has been put right"),
    Material.PROMISE: Bilingual("信用承诺书", "a credit promise"),
    Material.URGENT_REASON: Bilingual("紧迫事由的证明", "proof of the urgent reason"),
    Material.REFUSAL: Bilingual("被复议的决定书", "the decision that is challenged"),
    Material.ANY_PROOF: Bilingual("能够说明情况的材料", "whatever shows what you say"),
}


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of application."""

    name: Bilingual
    decider: Decider
    clause: Bilingual
    materials: tuple[Material, ...]
    """Papers that are expected; for removals ``GROUND_MATERIALS`` says it by ground."""
    clocks: tuple[str, ...]
    """Codes of ``deadlines.CLOCKS`` that start when it is received."""
    suspends: bool = False
    """Whether the listing rests while it is open: no kind does (art. 12, no suspension)."""


KINDS: Mapping[ApplicationKind, Kind] = {
    ApplicationKind.REMOVAL: Kind(
        Bilingual("删除失信信息", "removal from the list"),
        Decider.LISTING_COURT,
        listing_rules("第十条、第十一条第三项、第十二条", "arts 10, 11(3) and 12"),
        (Material.STATEMENT,),
        ("decide",),
    ),
    ApplicationKind.CORRECTION: Kind(
        Bilingual("更正信息", "correction of data"),
        Decider.LISTING_COURT,
        listing_rules("第九条第二款、第十一条第二项、第十二条", "arts 9 para. 2, 11(2) and 12"),
        (Material.STATEMENT, Material.ANY_PROOF),
        ("decide",),
    ),
    ApplicationKind.REVOCATION: Kind(
        Bilingual("撤销（不应纳入）", "revocation (should not have been listed)"),
        Decider.LISTING_COURT,
        listing_rules("第九条第一款、第十一条第一项、第十二条", "arts 9 para. 1, 11(1) and 12"),
        (Material.STATEMENT, Material.ANY_PROOF),
        ("decide",),
    ),
    ApplicationKind.RECONSIDERATION: Kind(
        Bilingual("复议", "reconsideration"),
        Decider.HIGHER_COURT,
        listing_rules("第十二条", "art. 12"),
        (Material.STATEMENT, Material.REFUSAL),
        ("reconsider",),
    ),
    ApplicationKind.CREDIT_REPAIR: Kind(
        Bilingual("信用修复", "credit repair"),
        Decider.LISTING_COURT,
        listing_rules("第二条第二款、第十条第一款第三项", "art. 2 para. 2 and art. 10(1)(3)"),
        (Material.STATEMENT, Material.PROMISE),
        ("decide",),
    ),
    ApplicationKind.ORDER_LIFTING: Kind(
        Bilingual("解除限制消费", "lifting of the consumption order"),
        Decider.LISTING_COURT,
        Bilingual(
            "法释〔2015〕17号第九条；法发〔2019〕35号第十八条", "法释〔2015〕17号 art. 9; 法发〔2019〕35号 art. 18"
        ),
        (Material.STATEMENT, Material.PAYMENT_PROOF),
        ("decide",),
    ),
    ApplicationKind.TEMPORARY_LIFT: Kind(
        Bilingual("暂时解除乘坐飞机、高铁限制", "temporary lift for aircraft and high-speed rail"),
        Decider.PRESIDENT,
        Bilingual("法发〔2019〕35号第十七条第三项", "法发〔2019〕35号 art. 17(3)"),
        (Material.STATEMENT, Material.URGENT_REASON),
        (),
    ),
    ApplicationKind.SINGLE_APPROVAL: Kind(
        Bilingual("生活或者经营必需的消费审批", "approval of one necessary expense"),
        Decider.LISTING_COURT,
        Bilingual("法释〔2015〕17号第八条", "法释〔2015〕17号 art. 8"),
        (Material.STATEMENT, Material.ANY_PROOF),
        (),
    ),
    ApplicationKind.CERTIFICATE: Kind(
        Bilingual("证明书", "certificate"),
        Decider.LISTING_COURT,
        Bilingual("法发〔2019〕35号第二十一条", "法发〔2019〕35号 art. 21"),
        (Material.STATEMENT,),
        ("decide",),
    ),
    ApplicationKind.OWN_DATA: Kind(
        Bilingual("查阅本人信息和查询记录", "copy of one's own data and of who looked"),
        Decider.REGISTRY,
        Bilingual("河南省社会信用条例第四十条", "Henan Social Credit Regulation art. 40"),
        (),
        (),
    ),
}

OFFERED = frozenset({ApplicationKind.REMOVAL})
"""Kinds that the portal takes in. A removal names its ground; the others are received at the court's window."""

GROUND_NAMES: Mapping[RemovalGround, Bilingual] = {
    RemovalGround.PERFORMED: Bilingual("已经履行完毕", "everything has been performed"),
    RemovalGround.SETTLED: Bilingual("达成执行和解并已履行完毕", "a settlement was made and fully performed"),
    RemovalGround.APPLICANT_REQUEST: Bilingual(
        "申请执行人书面申请删除，法院审查同意", "the creditor asks for removal in writing and the court agrees"
    ),
    RemovalGround.NO_PROPERTY: Bilingual(
        "终结本次执行程序后两次以上查询未发现财产", "after this round ended, two or more searches found nothing"
    ),
    RemovalGround.SUSPENDED: Bilingual(
        "因再审或者破产裁定中止执行", "enforcement is suspended because of a retrial or bankruptcy"
    ),
    RemovalGround.NOT_ENFORCED: Bilingual("法院裁定不予执行", "the court has ruled not to enforce"),
    RemovalGround.TERMINATED: Bilingual("法院裁定终结执行", "the court has ruled to terminate enforcement"),
    RemovalGround.TERM_ENDED: Bilingual("公布期限届满", "the term has ended"),
    RemovalGround.EARLY: Bilingual(
        "积极履行或者主动纠正，申请提前删除", "early removal after active performance or putting the act right"
    ),
}

GROUND_MATERIALS: Mapping[RemovalGround, tuple[Material, ...]] = {
    RemovalGround.PERFORMED: (Material.STATEMENT, Material.PAYMENT_PROOF),
    RemovalGround.SETTLED: (Material.STATEMENT, Material.SETTLEMENT),
    RemovalGround.APPLICANT_REQUEST: (Material.STATEMENT, Material.CREDITOR_REQUEST),
    RemovalGround.NO_PROPERTY: (Material.STATEMENT,),
    RemovalGround.SUSPENDED: (Material.STATEMENT, Material.COURT_RULING),
    RemovalGround.NOT_ENFORCED: (Material.STATEMENT, Material.COURT_RULING),
    RemovalGround.TERMINATED: (Material.STATEMENT, Material.COURT_RULING),
    RemovalGround.TERM_ENDED: (),
    RemovalGround.EARLY: (Material.STATEMENT, Material.PAYMENT_PROOF, Material.CORRECTED_ACT),
}


def needs_file(ground: RemovalGround) -> bool:
    """Whether at least one uploaded paper is required beside the statement."""
    return any(material is not Material.STATEMENT for material in GROUND_MATERIALS[ground])
