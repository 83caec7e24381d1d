"""An entry that should not be there, or says something wrong: revocation, correction, objection at the platform.

法释〔2017〕7号 arts 3, 4, 9, 11; 法发〔2019〕35号 nos 16 and 18; 河南省社会信用条例 art. 41.
Pure: no database, network or clock.
"""

from __future__ import annotations

from dataclasses import dataclass

from creditsvc.kernel.text import Bilingual
from repair.policy.answers import Answer, Way, listing_rules
from repair.policy.grounds import GROUNDS, Ground
from repair.policy.kinds import ApplicationKind
from repair.policy.materials import MATERIAL_NAMES, Material

ADULT = 18
ONLY_UNTERMED = frozenset({"security", "property_held", "later_rank"})
"""Bars of art. 3: they stand against item 1 of art. 1 alone."""
ONLY_LISTINGS = ONLY_UNTERMED
ALWAYS = frozenset({"wrong_person"})


@dataclass(frozen=True, slots=True)
class WrongFacts:
    """What matters for whether an entry was wrong from the start."""

    in_force: bool = True
    is_listing: bool = True
    is_person: bool = True
    untermed: bool = True
    """Whether the listing rests on art. 1(1), alone or with others."""
    age_at_decision: int | None = None
    """Whole years on the day of the decision; none: birth date unknown, or a unit."""
    eighteenth_that_day: bool = False
    """Whether the decision fell on the eighteenth birthday: then still treated as a minor."""


def judge_wrong(facts: WrongFacts, kind: ApplicationKind, ground: str) -> Answer:
    """One ground of revocation, correction or objection for this entry."""
    rule = GROUNDS[kind][ground]
    if kind is ApplicationKind.OBJECTION:
        return _answer(
            ground,
            Way.OPEN,
            rule,
            "平台收到后立即标注异议，三个工作日内处理；需要法院核查的，七个工作日内",
            "the platform marks it as disputed at once and answers within 3 working days, 7 where the court has to check",
        )
    if not facts.in_force:
        return _answer(
            ground, Way.NOT_OPEN, rule, "这条记录已经不在名单上，无需申请", "this entry has already left the list"
        )
    if kind is ApplicationKind.CORRECTION:
        return _correction(facts, ground, rule)
    return _revocation(facts, ground, rule)


def _correction(facts: WrongFacts, ground: str, rule: Ground) -> Answer:
    if not facts.is_listing:
        return _answer(
            ground,
            Way.NOT_OPEN,
            rule,
            "限制消费令的内容由法院另作决定；请联系执行法院",
            "an order is changed by a new decision; contact the court",
        )
    return _answer(
        ground,
        Way.PERSON_DECIDES,
        rule,
        "写明哪一项不准确、应当是什么，由法院核对",
        "say what is inaccurate and what it should be; the court checks it",
        lacking=Material.ANY_PROOF,
    )


def _revocation(facts: WrongFacts, ground: str, rule: Ground) -> Answer:
    if ground == "minor":
        return _minor(facts, ground, rule)
    if ground == "officer" and not facts.is_person:
        return _answer(ground, Way.NOT_OPEN, rule, "这一理由只适用于自然人", "this is for natural persons")
    if ground in ONLY_LISTINGS and not facts.is_listing:
        return _answer(ground, Way.NOT_OPEN, rule, "这一理由只针对失信名单", "this is about listings only")
    if ground in ONLY_UNTERMED and not facts.untermed:
        return Answer(
            ground,
            Way.NOT_OPEN,
            Bilingual(
                "这条记录依据的是第一条第二至六项，第三条的情形不能排除",
                "this entry rests on items 2 to 6 of art. 1, against which art. 3 is no bar",
            ),
            listing_rules("第三条", "art. 3"),
        )
    lacking = next((material for material in rule.materials if material is not Material.STATEMENT), None)
    return _answer(
        ground,
        Way.PERSON_DECIDES,
        rule,
        "如果属实，法院应当撤销；请说明并提交材料",
        "if it is so, the court must revoke it; say why and send proof",
        lacking=lacking,
    )


def _minor(facts: WrongFacts, ground: str, rule: Ground) -> Answer:
    if not facts.is_person:
        return _answer(ground, Way.NOT_OPEN, rule, "这一理由只适用于自然人", "this is for natural persons")
    if facts.age_at_decision is None:
        return _answer(
            ground,
            Way.PERSON_DECIDES,
            rule,
            "登记中没有出生日期，由法院核对",
            "the record holds no birth date; the court checks it",
            lacking=Material.IDENTITY,
        )
    if facts.age_at_decision < ADULT or facts.eighteenth_that_day:
        return _answer(
            ground,
            Way.OPEN,
            rule,
            "作出决定时未成年，法院应当撤销",
            "you were a minor on the day of the decision: it must be revoked",
        )
    return _answer(
        ground, Way.NOT_OPEN, rule, "作出决定时已满十八周岁", "you were 18 or older on the day of the decision"
    )


def _answer(ground: str, way: Way, rule: Ground, zh: str, en: str, *, lacking: Material | None = None) -> Answer:
    return Answer(ground, way, Bilingual(zh, en), rule.clause, lacking=MATERIAL_NAMES[lacking] if lacking else None)
