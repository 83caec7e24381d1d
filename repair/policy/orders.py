"""Ways out of a consumption order: lifted for good, lifted for a journey, approved for one act, released as an officer.

法释〔2015〕17号 arts 1, 3, 8 and 9; 法发〔2019〕35号 no. 17. Each relief has its own rule and none stands in for another.
Pure: no database, network or clock; days are Beijing days.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from creditsvc.kernel.days import add_months
from creditsvc.kernel.errors import InvalidInput
from creditsvc.kernel.text import Bilingual
from repair.policy.answers import Answer, Way, consumption_rules, opinion
from repair.policy.grounds import GROUNDS, Ground
from repair.policy.kinds import ApplicationKind
from repair.policy.materials import MATERIAL_NAMES, Material

LIFT_MONTHS = 1
"""A temporary lift ends by the corresponding day of the next month at the latest (法发〔2019〕35号 no. 17(3))."""
LIFTED_MEASURES = ("aircraft", "high_speed_rail")
CHANGEABLE_ROLES = frozenset({"legal_representative", "principal_officer"})
"""Those whom no. 17(2) names: who was legal representative or principal."""
LISTED_MEANS_LIMITED = consumption_rules("第一条第二款", "art. 1 para. 2")


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """What is recorded of a consumption order. ``None`` means that the register does not hold the fact."""

    in_force: bool = True
    performance: str = "none"
    """``none``, ``partial`` or ``full``: of the case, as the court recorded."""
    listing_case: str = ""
    """Case number of a listing of the same person in the same case that stands; empty: none."""
    security: str | None = None
    """``absent``, ``offered`` or ``accepted``."""
    creditor_consent: str | None = None
    """``absent`` or ``given``."""
    bound_role: str | None = None
    """Role in a unit through which the person is bound; none: the person's own debt."""
    left_office: bool | None = None
    in_control: bool | None = None
    """Whether the person still controls the unit or is directly responsible."""
    is_person: bool = True
    abused: bool = False
    """A false application for a temporary lift, or a breach of one, has been found."""
    lift_until: date | None = None
    """Last day of a temporary lift that runs."""
    rule_loaded: bool = False
    """Whether the court's own rule on single lifts has been loaded."""
    rule_number: str = ""
    """Its number, where it has been."""


def judge_order(facts: OrderFacts, kind: ApplicationKind, ground: str, *, on: date) -> Answer:
    """One ground of one kind for this order on this Beijing day."""
    rule = GROUNDS[kind][ground]
    if not facts.in_force:
        return _no(ground, rule, "这份限制消费令已经结束，无需申请", "this order has ended; no application is needed")
    return _RULES[kind](facts, ground, rule, on)


def check_lift_days(first: date, last: date, *, on: date) -> None:
    """Refuse days that a temporary lift can't have; raises ``InvalidInput`` naming the field."""
    if first < on:
        raise _wrong_day("from_day", "开始日期不能早于今天", "it can't begin before today")
    if last < first:
        raise _wrong_day("to_day", "结束日期不能早于开始日期", "it can't end before it begins")
    longest = add_months(first, LIFT_MONTHS)
    if last > longest:
        raise _wrong_day(
            "to_day",
            f"最长一个月：从 {first} 开始的，最晚到 {longest}（法发〔2019〕35号第17条第3项）",
            f"a month at most: from {first} it ends by {longest} (法发〔2019〕35号 no. 17(3))",
        )


def _wrong_day(field: str, zh: str, en: str) -> InvalidInput:
    return InvalidInput(Bilingual(zh, en), code="relief-days", field=field)


def _answer(ground: str, way: Way, rule: Ground, zh: str, en: str, *, lacking: Material | None = None) -> Answer:
    wanted = MATERIAL_NAMES[lacking] if lacking else None
    return Answer(ground, way, Bilingual(zh, en), rule.clause, lacking=wanted)


def _no(ground: str, rule: Ground, zh: str, en: str, *, lacking: Material | None = None) -> Answer:
    return _answer(ground, Way.NOT_OPEN, rule, zh, en, lacking=lacking)


def _lifting(facts: OrderFacts, ground: str, rule: Ground, on: date) -> Answer:
    if facts.listing_case:
        case = facts.listing_case
        text = Bilingual(
            f"{case} 的失信记录仍在名单上，限制消费令不能先解除；请先申请删除失信信息，两项可以一并决定",
            f"the listing in {case} stands, so the order can't go first; apply for removal, both can be decided together",
        )
        return Answer(ground, Way.NOT_OPEN, text, LISTED_MEANS_LIMITED, blocked_by=case)
    return _LIFTINGS[ground](facts, ground, rule)


def _paid(facts: OrderFacts, ground: str, rule: Ground) -> Answer:
    if facts.performance == "full":
        return _answer(
            ground, Way.OPEN, rule, "法院已记录全部履行，应当解除", "full performance is recorded: it must be lifted"
        )
    return _answer(
        ground,
        Way.PERSON_DECIDES,
        rule,
        "登记显示尚未全部履行；如果已经付清，请提交凭证，由法院确认",
        "the record shows an open debt; if you have paid, send the proof and the court confirms it",
        lacking=Material.PAYMENT_PROOF,
    )


def _secured(facts: OrderFacts, ground: str, rule: Ground) -> Answer:
    if facts.security == "absent":
        return _no(ground, rule, "没有提供担保", "no security has been given", lacking=Material.SECURITY)
    return _answer(
        ground,
        Way.PERSON_DECIDES,
        rule,
        "提供有效担保的，法院可以解除，由法院审查",
        "with valid security the court may lift it; the court looks at it",
        lacking=None if facts.security == "accepted" else Material.SECURITY,
    )


def _consented(facts: OrderFacts, ground: str, rule: Ground) -> Answer:
    if facts.creditor_consent == "absent":
        return _no(
            ground, rule, "申请执行人没有同意；沉默不等于同意", "the creditor has not consented; silence is no consent",
            lacking=Material.CREDITOR_CONSENT,
        )  # fmt: skip
    return _answer(
        ground,
        Way.PERSON_DECIDES,
        rule,
        "申请执行人同意的，法院可以解除，由法院审查",
        "with the creditor's consent the court may lift it; the court looks at it",
        lacking=None if facts.creditor_consent == "given" else Material.CREDITOR_CONSENT,
    )


_LIFTINGS: Mapping[str, Callable[[OrderFacts, str, Ground], Answer]] = {
    "performed": _paid,
    "security": _secured,
    "consent": _consented,
}


def _temporary(facts: OrderFacts, ground: str, rule: Ground, on: date) -> Answer:
    if not facts.is_person:
        return _no(ground, rule, "暂时解除只适用于自然人", "a temporary lift is for natural persons")
    if facts.abused:
        return Answer(
            ground,
            Way.NOT_OPEN,
            Bilingual(
                "曾查明虚假申请或者违反保证，不再批准暂时解除",
                "a false application or a breach was found, so no further temporary lift is approved",
            ),
            opinion("17", ""),
        )
    if facts.lift_until and on <= facts.lift_until:
        text = Bilingual(
            f"现有的暂时解除到 {facts.lift_until} 为止，届满后才能再申请",
            f"a temporary lift runs until {facts.lift_until}; another may be asked for after that",
        )
        return Answer(
            ground, Way.NOT_OPEN, text, rule.clause, opens_on=date.fromordinal(facts.lift_until.toordinal() + 1)
        )
    return _answer(
        ground,
        Way.PERSON_DECIDES,
        rule,
        "须有充分证据和书面保证，经院长批准；只解除飞机和高铁，最长一个月",
        "it needs sufficient proof and a written undertaking, and the president approves; aircraft and high-speed rail "
        "only, a month at most",
        lacking=Material.URGENT_REASON,
    )


def _single_approval(facts: OrderFacts, ground: str, rule: Ground, on: date) -> Answer:
    return _answer(
        ground,
        Way.PERSON_DECIDES,
        rule,
        "生活或者经营必需的，事先向法院申请，经批准后进行",
        "what life or business needs may be asked for beforehand and is done once approved",
        lacking=Material.ANY_PROOF,
    )


def _single_lift(facts: OrderFacts, ground: str, rule: Ground, on: date) -> Answer:
    if not facts.rule_loaded:
        return _no(
            ground,
            rule,
            "法院的单次解禁办法尚未载入本服务，暂不受理",
            "the court's rule has not been loaded; not taken in yet",
        )
    return _answer(
        ground,
        Way.PERSON_DECIDES,
        rule,
        f"由法院按{facts.rule_number or '其办法'}审查",
        f"the court looks at it by its rule {facts.rule_number}".rstrip(),
        lacking=Material.ANY_PROOF,
    )


def _private(facts: OrderFacts, ground: str, rule: Ground, on: date) -> Answer:
    if facts.bound_role is None or not facts.is_person:
        return _no(
            ground,
            rule,
            "您是因自己的债务受限，不是因单位受限，不适用这一条",
            "you are bound for your own debt and not through a unit, so this does not apply",
        )
    return _answer(
        ground,
        Way.PERSON_DECIDES,
        rule,
        "查证属实的，法院应当准许",
        "once verified, the court allows it",
        lacking=Material.OWN_MEANS,
    )


def _former(facts: OrderFacts, ground: str, rule: Ground, on: date) -> Answer:
    if facts.bound_role not in CHANGEABLE_ROLES:
        return _no(
            ground,
            rule,
            "只适用于因担任单位法定代表人、主要负责人而受限的人",
            "this is for who is bound as a unit's legal representative or principal",
        )
    if facts.left_office is False:
        return _no(
            ground, rule, "登记显示您仍在任", "the record shows you still in office", lacking=Material.LEFT_OFFICE
        )
    if facts.in_control:
        return _no(
            ground,
            rule,
            "仍是实际控制人或者影响债务履行的直接责任人员的，不解除",
            "who still controls the unit or is directly responsible is not released",
        )
    return _answer(
        ground,
        Way.PERSON_DECIDES,
        rule,
        "由您证明变更出于经营管理需要，且不是实际控制人、直接责任人员；属实的解除，并限制继任者",
        "you prove that you left for a genuine business need and neither control the unit nor are responsible; if so you "
        "are released and the successor is bound",
        lacking=Material.LEFT_OFFICE,
    )


_RULES: Mapping[ApplicationKind, Callable[[OrderFacts, str, Ground, date], Answer]] = {
    ApplicationKind.ORDER_LIFTING: _lifting,
    ApplicationKind.TEMPORARY_LIFT: _temporary,
    ApplicationKind.SINGLE_APPROVAL: _single_approval,
    ApplicationKind.SINGLE_LIFT: _single_lift,
    ApplicationKind.PRIVATE_SPENDING: _private,
    ApplicationKind.FORMER_OFFICER: _former,
}
