"""The positive path (自动履行正向激励): when performance earns a certificate, and a certificate a place on the incentive list.

Sources: 法发〔2019〕35号 no. 21 (certificates of voluntary performance); 河南省人大常委会 2020-11-28 decision, part 4 para. 4;
河南省社会信用条例 arts 28 (publicity and objections before an incentive list), 33(5) (who is listed is seriously dishonest).
Pure: no database, network or clock. Days are Beijing days.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from creditsvc.kernel.text import Bilingual
from punishment_rules.incentive_types import Merit
from repair.policy.answers import Answer, Way

OPINION_21 = Bilingual("法发〔2019〕35号第21条", "法发〔2019〕35号 no. 21")
WARNING = Bilingual("法释〔2017〕7号第五条第一款", "法释〔2017〕7号 art. 5 para. 1")
PUBLICITY = Bilingual("河南省社会信用条例第二十八条", "Henan Social Credit Regulations art. 28")
NEVER_BOTH = Bilingual("河南省社会信用条例第三十三条第五项", "Henan Social Credit Regulations art. 33(5)")
CONSENT = Bilingual("个人信息保护法第十三条第一款第一项", "Personal Information Protection Law art. 13(1)(1)")


class Source(StrEnum):
    """Who confirms that the obligation was performed in full."""

    CREDITOR = "creditor"
    COURT_ACCOUNT = "court_account"
    COURT_RECORD = "court_record"

    @property
    def label(self) -> Bilingual:
        """What it is called."""
        return _SOURCES[self]


_SOURCES = {
    Source.CREDITOR: Bilingual("权利人书面确认", "the creditor confirmed in writing"),
    Source.COURT_ACCOUNT: Bilingual("法院案款账户到账", "paid through the court's account"),
    Source.COURT_RECORD: Bilingual("法院笔录或者执行记录", "the court's own record"),
}


@dataclass(frozen=True, slots=True)
class PerformanceFacts:
    """What the court knows of one obligation. None is: not known."""

    due_on: date | None
    """Last day of the period that the judgment, or a later notice of the court, gives."""
    performed_on: date | None = None
    in_full: bool | None = None
    compelled: bool | None = None
    """Whether the money or thing was taken by enforcement rather than given."""
    source: Source | None = None
    was_listed: bool = False
    """Whether a listing in this case was in force before the performance."""


@dataclass(frozen=True, slots=True)
class ListFacts:
    """What decides over a place on the incentive list."""

    certified: bool
    agreed: bool
    listing_in_force: bool
    publicity_until: date | None = None
    open_objections: int = 0


def merit_of(facts: PerformanceFacts) -> Merit:
    """What an incentive answers: performance before a listing, or after one."""
    return Merit.ACTIVE_PERFORMANCE if facts.was_listed else Merit.VOLUNTARY_PERFORMANCE


def certifiable(facts: PerformanceFacts, *, on: date) -> Answer:
    """Whether a certificate of voluntary performance may be issued on that day.

    Open: performed in full, of one's own accord, in time, confirmed. Late, or not known whether compelled: a person decides.
    """
    if facts.performed_on is None or facts.in_full is None:
        return _no("未写明履行情况", "it is not said what was performed, and when", lacking=_PERFORMANCE)
    if facts.performed_on > on:
        return _no("履行日期在今天之后", "the performance lies in the future")
    if not facts.in_full:
        return _no("仅部分履行，不能出具自动履行证明书", "only part was performed")
    if facts.source is None:
        return _no("履行情况尚无人确认", "nobody has confirmed the performance", lacking=_CONFIRMATION)
    if facts.compelled:
        return _no("系法院强制执行所得，不属于自动履行", "it was taken by enforcement, not given")
    if facts.compelled is None:
        return _ask("是否强制执行不明，由法院认定", "whether it was compelled is not known", lacking=_COMPELLED)
    if facts.was_listed:
        return _ask("列入名单后主动履行，是否出具由法院决定", "performed after a listing: the court decides")
    if facts.due_on is None:
        return _ask("履行期限不明，由法院认定", "the period is not known", lacking=_PERIOD)
    if facts.performed_on > facts.due_on:
        return _ask(
            f"期限至 {facts.due_on} 届满，逾期自动履行，是否出具由法院决定",
            f"performed after {facts.due_on}: late, so the court decides",
        )
    return _answer(
        Way.OPEN, "期限内自动、全部履行并经确认", "performed in time, in full, of one's own accord, and confirmed"
    )


def proposable(facts: ListFacts) -> Answer:
    """Whether somebody may be proposed for the incentive list, which publicity then precedes (art. 28)."""
    if not facts.certified:
        return _no("尚无有效的自动履行证明书", "there is no valid certificate", clause=PUBLICITY)
    if facts.listing_in_force:
        return _no(
            "失信记录在册期间不得列入激励名单", "nobody is on both lists: a listing is in force", clause=NEVER_BOTH
        )
    if not facts.agreed:
        return _no("本人尚未同意公示并列入", "the person has not agreed", clause=CONSENT, lacking=_AGREEMENT)
    return _answer(Way.OPEN, "可以提出并公示", "may be proposed and publicised", clause=PUBLICITY)


def listable(facts: ListFacts, *, on: date) -> Answer:
    """Whether a proposal may become a place on the list: publicity over, no objection open, still proposable."""
    first = proposable(facts)
    if first.way is not Way.OPEN:
        return first
    if facts.publicity_until is None:
        return _no("尚未公示", "it has not been publicised", clause=PUBLICITY)
    if on <= facts.publicity_until:
        return Answer(
            "incentive", Way.NOT_OPEN,
            Bilingual(f"公示至 {facts.publicity_until} 届满", f"publicity runs to {facts.publicity_until}"), PUBLICITY,
            opens_on=date.fromordinal(facts.publicity_until.toordinal() + 1),
        )  # fmt: skip
    if facts.open_objections:
        return _no("有异议尚未处理", "an objection is still open", clause=PUBLICITY)
    return _answer(Way.OPEN, "公示期满无异议", "publicity is over, no objection stands", clause=PUBLICITY)


_PERFORMANCE = Bilingual("履行日期和范围", "the day and extent of performance")
_CONFIRMATION = Bilingual(
    "权利人书面确认、案款到账凭证或者法院笔录", "the creditor's, the account's or the court's record"
)
_COMPELLED = Bilingual("执行案卷中有无强制措施", "whether the file shows measures of enforcement")
_PERIOD = Bilingual("生效法律文书确定的履行期限", "the period that the judgment gives")
_AGREEMENT = Bilingual("本人同意（门户中勾选或者书面）", "the person's agreement, in the portal or in writing")


def _answer(way: Way, zh: str, en: str, *, clause: Bilingual = OPINION_21, lacking: Bilingual | None = None) -> Answer:
    return Answer(
        "incentive" if clause is not OPINION_21 else "certificate", way, Bilingual(zh, en), clause, lacking=lacking
    )


def _no(zh: str, en: str, *, clause: Bilingual = OPINION_21, lacking: Bilingual | None = None) -> Answer:
    return _answer(Way.NOT_OPEN, zh, en, clause=clause, lacking=lacking)


def _ask(zh: str, en: str, *, lacking: Bilingual | None = None) -> Answer:
    return _answer(Way.PERSON_DECIDES, zh, en, lacking=lacking)
