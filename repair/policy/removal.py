"""Which ways off the list are open for one listing, with reason and clause.

法释〔2017〕7号 art. 10(1) has seven circumstances, for listings without a term only (art. 10 para. 2); a listing with
a term ends when the term ends, or by the court's discretion when the person performs or puts the act right (art. 2).
A fact that the register does not hold is ``None``: then a person decides, and nobody guesses.
Pure: no database, network or clock; days are Beijing days.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date

from creditsvc.kernel.text import Bilingual
from repair.policy.answers import Answer, Way, listing_rules
from repair.policy.grounds import REMOVALS, RemovalGround

UNTERMED = "able_but_refuses"
TERMED = frozenset({"obstructs", "evades", "property_report", "order_breach", "settlement_refused"})
SEARCHES_NEEDED = 2

CLAUSES: Mapping[RemovalGround, Bilingual] = {ground: REMOVALS[ground].clause for ground in RemovalGround}
NOT_FOR_TERMED = listing_rules("第十条第二款", "art. 10 para. 2")


@dataclass(frozen=True, slots=True)
class ListingFacts:
    """What is recorded of a listing. ``None`` means that the register does not hold the fact."""

    grounds: frozenset[str]
    """Words of the feed for art. 1 items 1 to 6."""
    in_force: bool = True
    until: date | None = None
    """Last day of the term."""
    performance: str = "none"
    """``none``, ``partial`` or ``full``, as the court recorded."""
    settlement: str | None = None
    """``absent``, ``signed`` or ``performed``."""
    creditor_request: str | None = None
    """``absent``, ``made`` or ``agreed`` (by the court)."""
    round_ended: bool | None = None
    """终结本次执行程序."""
    clean_searches: int | None = None
    """Network searches after the round ended that found nothing."""
    open_lead: bool | None = None
    """Whether somebody gave a property lead that is valid or not checked yet."""
    suspension: str | None = None
    """``absent``, ``retrial``, ``bankruptcy`` or ``other``."""
    not_enforced: bool | None = None
    terminated: bool | None = None

    @property
    def untermed(self) -> bool:
        """Listed under art. 1(1)."""
        return UNTERMED in self.grounds

    @property
    def termed(self) -> bool:
        """Listed under one of art. 1(2) to (6)."""
        return bool(self.grounds & TERMED)


def ways(facts: ListingFacts, *, on: date) -> tuple[Answer, ...]:
    """Every way off the list for this listing on this Beijing day, in the order of the law."""
    return tuple(judge(facts, ground, on=on) for ground in RemovalGround)


def judge(facts: ListingFacts, ground: RemovalGround, *, on: date) -> Answer:
    """One way off the list for this listing on this Beijing day."""
    if not facts.in_force:
        return _answer(ground, Way.NOT_OPEN, "这条记录已经不在名单上，无需申请", "this entry has already left the list")
    if ground is RemovalGround.TERM_ENDED:
        return _term(facts, on)
    if ground is RemovalGround.EARLY:
        return _early(facts)
    if facts.termed:
        return _not_for_termed(facts, ground)
    if not facts.untermed:
        return _answer(
            ground,
            Way.PERSON_DECIDES,
            "登记中没有列明失信情形，由法院核对后答复",
            "the record does not name the circumstance of the listing; the court checks it first",
        )
    return CIRCUMSTANCES[ground](facts)


def _answer(ground: RemovalGround, way: Way, zh: str, en: str, lacking: Bilingual | None = None) -> Answer:
    return Answer(ground.value, way, Bilingual(zh, en), CLAUSES[ground], lacking=lacking)


def _not_for_termed(facts: ListingFacts, ground: RemovalGround) -> Answer:
    if facts.untermed:
        return Answer(
            ground.value,
            Way.PERSON_DECIDES,
            Bilingual(
                "这条记录同时有有期限和无期限的情形，两部分各依各的规则，由法院分别审查",
                "this entry rests on a ground with a term and on one without; the court looks at each by its rule",
            ),
            NOT_FOR_TERMED,
        )
    return Answer(
        ground.value,
        Way.NOT_OPEN,
        Bilingual(
            "这条记录有公布期限，不适用这一情形；可以申请提前删除，或者等待期限届满",
            "this entry has a term, so this circumstance does not apply; ask for early removal, or the term ends it",
        ),
        NOT_FOR_TERMED,
    )


def _term(facts: ListingFacts, on: date) -> Answer:
    ground = RemovalGround.TERM_ENDED
    if not facts.termed:
        return _answer(ground, Way.NOT_OPEN, "这条记录没有公布期限", "this entry has no term")
    if facts.until is None:
        return _answer(
            ground,
            Way.PERSON_DECIDES,
            "登记中没有写明期限的最后一天，由法院核对决定书",
            "the record does not say when the term ends; the court checks the decision",
        )
    if on <= facts.until:
        waiting = Bilingual(
            f"期限到 {facts.until.isoformat()} 为止，届满后自动停止，无需申请",
            f"the term runs until {facts.until.isoformat()}; after that it ends by itself, without an application",
        )
        return Answer(ground.value, Way.NOT_OPEN, waiting, CLAUSES[ground], opens_on=_day_after(facts.until))
    return _answer(ground, Way.OPEN, "期限已经届满，法院应当删除", "the term has ended: the court must remove it")


def _early(facts: ListingFacts) -> Answer:
    ground = RemovalGround.EARLY
    if not facts.termed:
        return _answer(
            ground,
            Way.NOT_OPEN,
            "这条记录没有公布期限，不适用提前删除；请看其他情形",
            "this entry has no term, so early removal does not apply; see the other ways",
        )
    if facts.performance == "full":
        return _answer(
            ground,
            Way.PERSON_DECIDES,
            "已记录全部履行：法院应当及时审查是否提前删除，一般予以删除",
            "full performance is recorded: the court must look at early removal, and as a rule grants it",
        )
    return _answer(
        ground,
        Way.PERSON_DECIDES,
        "积极履行或者主动纠正失信行为的，法院可以决定提前删除",
        "the court may remove early when you actively perform or put the dishonest act right",
        Bilingual("履行或者纠正失信行为的材料", "proof of performance or of putting the act right"),
    )


def _day_after(day: date) -> date:
    return date.fromordinal(day.toordinal() + 1)


def _performed(facts: ListingFacts) -> Answer:
    ground = RemovalGround.PERFORMED
    if facts.performance == "full":
        return _answer(ground, Way.OPEN, "法院已记录全部履行，应当删除", "the court has recorded full performance")
    return _answer(
        ground,
        Way.PERSON_DECIDES,
        "登记显示尚未全部履行；如果已经付清，请提交凭证，由法院确认",
        "the record shows an open debt; if you have paid, send the proof and the court confirms it",
        Bilingual("付款凭证或者申请执行人的确认", "proof of payment or the creditor's confirmation"),
    )


def _settled(facts: ListingFacts) -> Answer:
    ground = RemovalGround.SETTLED
    if facts.settlement == "performed":
        return _answer(ground, Way.OPEN, "和解协议已履行完毕，应当删除", "the settlement has been fully performed")
    if facts.settlement == "signed":
        return _answer(
            ground,
            Way.NOT_OPEN,
            "和解协议还没有履行完毕；签订协议本身不删除记录",
            "the settlement has not been fully performed; signing it removes nothing",
            Bilingual("履行完毕的凭证", "proof of full performance"),
        )
    if facts.settlement == "absent":
        return _answer(ground, Way.NOT_OPEN, "没有执行和解协议", "there is no enforcement settlement")
    return _unknown(ground, "和解协议及其履行凭证", "the settlement and proof of its performance")


def _creditor_request(facts: ListingFacts) -> Answer:
    ground = RemovalGround.APPLICANT_REQUEST
    if facts.creditor_request == "agreed":
        return _answer(ground, Way.OPEN, "法院已审查同意，应当删除", "the court has agreed to the creditor's request")
    if facts.creditor_request == "made":
        return _answer(
            ground, Way.PERSON_DECIDES, "申请执行人已书面申请，由法院审查", "the creditor has asked; the court reviews"
        )
    if facts.creditor_request == "absent":
        return _answer(
            ground,
            Way.NOT_OPEN,
            "需要申请执行人书面申请；您可以与对方联系",
            "the creditor has to ask for it in writing; you may contact the creditor",
            Bilingual("申请执行人的书面申请", "the creditor's written request"),
        )
    return _unknown(ground, "申请执行人的书面申请", "the creditor's written request")


def _no_property(facts: ListingFacts) -> Answer:
    ground = RemovalGround.NO_PROPERTY
    if facts.round_ended is False:
        return _answer(ground, Way.NOT_OPEN, "本案没有终结本次执行程序", "this round of enforcement has not been ended")
    if facts.open_lead:
        return _answer(
            ground,
            Way.NOT_OPEN,
            "有尚未核实或者有效的财产线索",
            "a property lead is valid or has not been checked yet",
        )
    if facts.clean_searches is not None and facts.clean_searches < SEARCHES_NEEDED:
        return _answer(
            ground,
            Way.NOT_OPEN,
            f"终结本次执行程序后的查询为 {facts.clean_searches} 次，需要两次以上",
            f"{facts.clean_searches} search(es) since this round ended; two or more are needed",
        )
    if facts.round_ended and facts.clean_searches is not None and facts.open_lead is False:
        return _answer(
            ground, Way.OPEN, "两次以上查询没有发现财产，也没有线索", "two or more searches found nothing, no lead came"
        )
    return _unknown(ground, "网络查控结果，由法院调取", "the search results, which the court looks up")


def _suspended(facts: ListingFacts) -> Answer:
    ground = RemovalGround.SUSPENDED
    if facts.suspension in {"retrial", "bankruptcy"}:
        return _answer(
            ground,
            Way.OPEN,
            "因审判监督或者破产已裁定中止执行，应当删除",
            "enforcement is suspended by ruling because of a retrial or bankruptcy",
        )
    if facts.suspension == "other":
        return _answer(
            ground,
            Way.NOT_OPEN,
            "中止执行的原因不是再审或者破产，记录保留",
            "the suspension is for another reason than a retrial or bankruptcy, so the entry stays",
        )
    if facts.suspension == "absent":
        return _answer(ground, Way.NOT_OPEN, "没有中止执行的裁定", "there is no ruling that suspends enforcement")
    return _unknown(ground, "中止执行裁定书", "the ruling that suspends enforcement")


def _not_enforced(facts: ListingFacts) -> Answer:
    return _ruling(RemovalGround.NOT_ENFORCED, facts.not_enforced, "不予执行", "not to enforce")


def _terminated(facts: ListingFacts) -> Answer:
    return _ruling(RemovalGround.TERMINATED, facts.terminated, "终结执行", "to terminate enforcement")


def _ruling(ground: RemovalGround, made: bool | None, zh: str, en: str) -> Answer:
    if made:
        return _answer(ground, Way.OPEN, f"法院已裁定{zh}，应当删除", f"the court has ruled {en}")
    if made is False:
        return _answer(ground, Way.NOT_OPEN, f"没有{zh}的裁定", f"there is no ruling {en}")
    return _unknown(ground, f"{zh}裁定书", f"the ruling {en}")


def _unknown(ground: RemovalGround, zh: str, en: str) -> Answer:
    found = _answer(
        ground,
        Way.PERSON_DECIDES,
        "登记中没有这项记录；如果属实，请提交材料，由法院认定",
        "the register holds nothing about this; if it is so, send the paper and the court decides",
        Bilingual(zh, en),
    )
    return replace(found, asks=ASKED.get(ground, ""))


ASKED: Mapping[RemovalGround, str] = {
    RemovalGround.SETTLED: "settlement",
    RemovalGround.APPLICANT_REQUEST: "creditor_request",
    RemovalGround.NO_PROPERTY: "round_ended",
    RemovalGround.SUSPENDED: "suspension",
    RemovalGround.NOT_ENFORCED: "not_enforced",
    RemovalGround.TERMINATED: "terminated",
}
"""What the person may be asked where the register holds nothing: names of fields of ``ListingFacts``."""


CIRCUMSTANCES: Mapping[RemovalGround, Callable[[ListingFacts], Answer]] = {
    RemovalGround.PERFORMED: _performed,
    RemovalGround.SETTLED: _settled,
    RemovalGround.APPLICANT_REQUEST: _creditor_request,
    RemovalGround.NO_PROPERTY: _no_property,
    RemovalGround.SUSPENDED: _suspended,
    RemovalGround.NOT_ENFORCED: _not_enforced,
    RemovalGround.TERMINATED: _terminated,
}
"""The seven circumstances of art. 10(1)."""
