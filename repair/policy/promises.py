"""Credit repair: a promise supports an application and ends nothing by itself; a breach opens a new case.

The form is the national set's promise of the type 信用修复型: number, who promises, what, liability for breach, who
receives it, whether it is public. Pure: no database, network or clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from creditsvc.kernel.calendars import Calendar
from creditsvc.kernel.days import Deadline, working_days
from creditsvc.kernel.text import Bilingual
from repair.policy.answers import Answer, Way, listing_rules
from repair.policy.grounds import CREDIT_REPAIRS
from repair.policy.materials import MATERIAL_NAMES, Material
from repair.policy.removal import ListingFacts

TYPE = "信用修复型"
MAX_CONTENT = 4000
KINDS_OF_PROMISER = {
    "person": Bilingual("自然人", "natural person"),
    "organisation": Bilingual("法人及非法人组织", "organisation"),
    "sole_trader": Bilingual("个体工商户", "sole trader"),
}
PUBLICITY = {
    "public": Bilingual("可向社会公开", "may be made public"),
    "limited": Bilingual("特定范围内公开", "within a stated circle"),
    "closed": Bilingual("不可公开", "not to be made public"),
}
CONTENT = Bilingual(
    "本人（本单位）承诺：所提交的材料真实、完整；继续履行生效法律文书确定的义务；如实报告财产；遵守限制消费令；"
    "依法依规，不再发生失信行为。",
    "I promise that what I send is true and complete; that I go on performing the judgment, report my property "
    "truthfully, keep to the consumption order, and do nothing dishonest again.",
)
LIABILITY = Bilingual(
    "违背承诺的，自愿接受依法作出的处理；承诺及其履行状况记入信用记录。法院对违诺另案审查，不自动恢复已经移出的记录。",
    "If I break it I accept what the law provides; the promise and how it is kept are recorded. A breach is examined as a "
    "new case; an entry that was removed is not restored by itself.",
)


@dataclass(frozen=True, slots=True)
class Promise:
    """A credit promise as it is kept with the application. Days are Beijing days."""

    number: str
    promiser: str
    """Key of ``KINDS_OF_PROMISER``."""
    made_on: date
    publicity: str
    receiver: str
    state: str = "none"
    """How far it has been kept: ``none``, ``partial``, ``full`` or ``breached``."""


def promise_number(division: str, made_on: date, serial: int) -> str:
    """六位行政区划、八位日期、六位顺序号。

    >>> promise_number("410105", date(2026, 11, 24), 7)
    '41010520261124000007'
    """
    return f"{division:0<6.6}{made_on:%Y%m%d}{serial:06d}"


HEARING = 5
"""Working days that a person has to answer before a breach may be found; the service's own figure, no text fixes one."""


def may_find_breach(*, told_on: date, heard: bool, on: date, calendar: Calendar) -> Deadline | None:
    """None where it may be found now: the person has answered, or had the time to. Else until when one waits."""
    waits = working_days(told_on, HEARING, calendar)
    return None if heard or on > waits.latest else waits


def judge_repair(facts: ListingFacts, ground: str, *, breached: bool = False) -> Answer:
    """One way of credit repair for this listing. ``breached``: an earlier promise was broken."""
    rule = CREDIT_REPAIRS[ground]
    if not facts.in_force and ground != "certificate":
        text = Bilingual("这条记录已经不在名单上，无需申请", "this entry has already left the list")
        return Answer(ground, Way.NOT_OPEN, text, rule.clause)
    if ground == "creditor_consent" and facts.termed and not facts.untermed:
        text = Bilingual(
            "这条记录有公布期限，不适用第十条第一款；可以申请提前删除",
            "this entry has a term, so art. 10 para. 1 does not apply; ask for early removal",
        )
        return Answer(ground, Way.NOT_OPEN, text, listing_rules("第十条第二款", "art. 10 para. 2"))
    if ground == "early" and not facts.termed:
        text = Bilingual(
            "这条记录没有公布期限，不适用提前删除", "this entry has no term, so early removal does not apply"
        )
        return Answer(ground, Way.NOT_OPEN, text, rule.clause)
    zh, en = (
        "承诺用来支持申请，由法院审查；承诺本身不移出名单",
        "a promise supports the application and ends nothing by itself",
    )
    if breached:
        zh, en = (
            "以前的承诺没有遵守，法院会重点审查；" + zh,
            "an earlier promise was broken and the court will look at that; " + en,
        )
    lacking = next((item for item in rule.materials if item not in {Material.STATEMENT, Material.PROMISE}), None)
    return Answer(
        ground, Way.PERSON_DECIDES, Bilingual(zh, en), rule.clause, lacking=MATERIAL_NAMES[lacking] if lacking else None
    )
