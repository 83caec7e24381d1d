"""Papers that an application needs or may bring. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from creditsvc.kernel.text import Bilingual


class Material(StrEnum):
    """Papers that an application needs or may bring."""

    STATEMENT = "statement"
    PAYMENT_PROOF = "payment_proof"
    CREDITOR_CONFIRMATION = "creditor_confirmation"
    SETTLEMENT = "settlement"
    COURT_RULING = "court_ruling"
    CREDITOR_REQUEST = "creditor_request"
    CREDITOR_CONSENT = "creditor_consent"
    SECURITY = "security"
    CORRECTED_ACT = "corrected_act"
    PROMISE = "promise"
    UNDERTAKING = "undertaking"
    URGENT_REASON = "urgent_reason"
    OWN_MEANS = "own_means"
    LEFT_OFFICE = "left_office"
    NOT_IN_CONTROL = "not_in_control"
    IDENTITY = "identity"
    REFUSAL = "refusal"
    ANY_PROOF = "any_proof"


MATERIAL_NAMES: Mapping[Material, Bilingual] = {
    Material.STATEMENT: Bilingual("情况说明", "your statement"),
    Material.PAYMENT_PROOF: Bilingual("付款凭证（转账回单、收据等）", "proof of payment (bank slip, receipt …)"),
    Material.CREDITOR_CONFIRMATION: Bilingual("申请执行人确认履行的书面材料", "the creditor's written confirmation"),
    Material.SETTLEMENT: Bilingual("执行和解协议及履行凭证", "the settlement and proof that it was performed"),
    Material.COURT_RULING: Bilingual("法院裁定书", "the court's ruling"),
    Material.CREDITOR_REQUEST: Bilingual("申请执行人的书面申请", "the creditor's written request"),
    Material.CREDITOR_CONSENT: Bilingual("申请执行人同意的书面材料", "the creditor's written consent"),
    Material.SECURITY: Bilingual("有效担保的材料", "proof of valid security"),
    Material.CORRECTED_ACT: Bilingual("纠正失信行为的材料", "proof that the dishonest act has been put right"),
    Material.PROMISE: Bilingual("信用承诺书（在线填写）", "a credit promise, filled in here"),
    Material.UNDERTAKING: Bilingual("书面保证（在线勾选）", "a written undertaking, ticked here"),
    Material.URGENT_REASON: Bilingual(
        "紧急事由的证明（病历、讣告、准考证等）", "proof of the urgent reason (medical record, notice of death …)"
    ),
    Material.OWN_MEANS: Bilingual(
        "以个人财产支付、属于因私消费的证明", "proof that it is private and paid from your own means"
    ),
    Material.LEFT_OFFICE: Bilingual(
        "工商变更登记等已不任职的证明", "proof that you have left office, such as the registry's record"
    ),
    Material.NOT_IN_CONTROL: Bilingual(
        "不是实际控制人、直接责任人员的证明", "proof that you neither control the unit nor are directly responsible"
    ),
    Material.IDENTITY: Bilingual("身份证明", "proof of identity"),
    Material.REFUSAL: Bilingual("被复议的决定书", "the decision that is challenged"),
    Material.ANY_PROOF: Bilingual("能够说明情况的材料", "whatever shows what you say"),
}

FILLED_IN = frozenset({Material.STATEMENT, Material.PROMISE, Material.UNDERTAKING, Material.REFUSAL})
"""Papers that the form itself makes, or that the service holds already: no file is needed for them."""
