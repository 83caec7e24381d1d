"""Reconsideration by the court one level up: ten days from service, later only for a valid reason; nothing is suspended.

法释〔2017〕7号 art. 12 para. 2; 法发〔2019〕35号 no. 18 (orders by the same route); 民事诉讼法 art. 86.
Pure: no database, network or clock; days are Beijing days.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from creditsvc.kernel.text import Bilingual
from repair.policy.answers import Answer, Way, listing_rules
from repair.policy.grounds import RECONSIDERATIONS
from repair.policy.kinds import ApplicationKind

AFTER_OBSTACLE = 10
"""Days after the obstacle ended within which one may ask (民事诉讼法 art. 86)."""
CLAUSE = listing_rules("第十二条第二款", "art. 12 para. 2")
RECONSIDERED = frozenset(
    {
        ApplicationKind.REMOVAL,
        ApplicationKind.REVOCATION,
        ApplicationKind.CORRECTION,
        ApplicationKind.ORDER_LIFTING,
        ApplicationKind.FORMER_OFFICER,
    }
)
"""Kinds whose refusal goes to the court above: art. 12, and no. 18 for orders."""

_TO_HIGHER_COURT = Bilingual(
    "对本决定不服的，可以自决定送达之日起十日内向上一级人民法院申请复议；复议期间不停止原决定的执行。"
    "（法释〔2017〕7号第十二条）",
    "Against this decision you may apply to the court one level up for reconsideration within 10 days of service; "
    "meanwhile the decision stands. (法释〔2017〕7号 art. 12)",
)
_ENFORCEMENT_OBJECTION = Bilingual(
    "可以补充证据后重新申请；认为执行行为违反法律规定的，可以依照民事诉讼法第二百三十六条向执行法院提出书面异议。",
    "You may apply again with more proof; if you hold that the enforcement breaks the law, you may object in writing to "
    "the enforcing court (Civil Procedure Law art. 236).",
)
_FINAL = Bilingual(
    "复议决定为终局；有新的事实的，可以重新申请。认为执行行为侵犯合法权益造成损害的，可以依法申请国家赔偿"
    "（法释〔2022〕3号第二条第十项）。",
    "The decision on reconsideration is final; with new facts you may apply again. For harm by an unlawful act you may "
    "claim state compensation (法释〔2022〕3号 art. 2(10)).",
)
_PLATFORM = Bilingual(
    "对处理结果不服的，可以向执行法院申请更正、撤销或者删除（法释〔2017〕7号第十一条），对驳回决定可以申请复议。",
    "If you disagree you may apply to the enforcing court for correction, revocation or removal (法释〔2017〕7号 art. 11), "
    "and against a refusal for reconsideration.",
)
REMEDIES: Mapping[ApplicationKind, Bilingual] = {
    **dict.fromkeys(ApplicationKind, _ENFORCEMENT_OBJECTION),
    **dict.fromkeys(RECONSIDERED, _TO_HIGHER_COURT),
    ApplicationKind.RECONSIDERATION: _FINAL,
    ApplicationKind.OBJECTION: _PLATFORM,
}
"""What a refusal of each kind must tell the person."""


@dataclass(frozen=True, slots=True)
class RefusalFacts:
    """A refusal that somebody wants to have looked at again. Days are Beijing days."""

    kind: ApplicationKind
    refused: bool = True
    served_on: date | None = None
    """None: not served yet, so the ten days have not begun."""
    last_day: date | None = None
    """The last of the ten days; where a calendar is missing, the latest that it can be."""
    higher_court: bool = True
    """Whether the court above is one of this province; else the application goes there on paper."""
    obstacle_ended_on: date | None = None


def judge_again(facts: RefusalFacts, ground: str, *, on: date) -> Answer:
    """Whether this refusal can be taken to the court above on this Beijing day."""
    if not facts.refused:
        return _say(ground, Way.NOT_OPEN, "只有驳回决定可以申请复议", "only a refusal can be reconsidered")
    if facts.kind not in RECONSIDERED:
        return _say(
            ground,
            Way.NOT_OPEN,
            "这类决定没有复议程序；可以补充证据后重新申请",
            "there is no reconsideration of this kind; you may apply again with more proof",
        )
    if not facts.higher_court:
        return _say(
            ground,
            Way.PERSON_DECIDES,
            "上一级是最高人民法院，请以书面向其提出",
            "the court above is the Supreme People's Court; apply there in writing",
        )
    late = facts.last_day is not None and on > facts.last_day
    return _obstacle(facts, ground, on, late) if ground == "obstacle" else _in_time(facts, ground, late)


def _in_time(facts: RefusalFacts, ground: str, late: bool) -> Answer:
    if late:
        return _say(
            ground,
            Way.NOT_OPEN,
            f"复议期限到 {facts.last_day} 为止，已经过了；有正当理由的，见下一项",
            f"the period ended on {facts.last_day}; for a valid reason see the next item",
        )
    if facts.served_on is None:
        return _say(
            ground,
            Way.OPEN,
            "决定尚未送达，十日期限尚未开始；可以现在就申请",
            "the decision has not been served, so the ten days have not begun; you may apply now",
        )
    return _say(
        ground,
        Way.OPEN,
        f"可以申请，最迟 {facts.last_day}；上一级人民法院十五日内作出决定",
        f"you may apply until {facts.last_day}; the court above decides within 15 days",
    )


def _obstacle(facts: RefusalFacts, ground: str, on: date, late: bool) -> Answer:
    if not late:
        return _say(
            ground, Way.NOT_OPEN, "还在期限内，不需要说明迟延理由", "you are in time, so no reason for delay is needed"
        )
    ended = facts.obstacle_ended_on
    if ended is not None and on > ended + timedelta(days=AFTER_OBSTACLE):
        return _say(
            ground,
            Way.NOT_OPEN,
            f"障碍于 {ended} 消除，申请顺延须在其后十日内提出",
            f"the obstacle ended on {ended}; the extension is asked for within 10 days of that",
        )
    return Answer(
        ground,
        Way.PERSON_DECIDES,
        Bilingual(
            "障碍消除后十日内可以申请顺延期限，是否准许由法院决定",
            "within 10 days after the obstacle ended you may ask for the period to be extended; the court decides",
        ),
        RECONSIDERATIONS["obstacle"].clause,
        lacking=Bilingual("障碍及其消除日期的证明", "proof of the obstacle and of the day it ended"),
        asks="obstacle_ended_on" if ended is None else "",
    )


def _say(ground: str, way: Way, zh: str, en: str) -> Answer:
    return Answer(ground, way, Bilingual(zh, en), CLAUSE)
