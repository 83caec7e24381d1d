"""How a listing begins: what a decision must hold, its term and cause, grace, publication, and ending unpublished. Pure.

Sources: 法释〔2017〕7号 arts 1, 2, 5, 6, 10 para. 2; 法发〔2019〕35号 nos 14-16; 中办发〔2016〕64号 (what is unsuitable for
publication). Days are Beijing days.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from creditsvc.kernel.days import add_months
from creditsvc.kernel.text import Bilingual
from creditsvc.register.answers import PolicyAnswer, Way, ask, no, yes
from creditsvc.register.bars import GOODWILL, HOLD_OFF
from creditsvc.register.court_rules import CourtRule
from creditsvc.register.policy import BASE_TERM, LIST_RULES, is_termed, term_answer
from punishment_rules.law import Ground

GRACE_CLAUSE = f"{GOODWILL}第十五条"
TERM_CLAUSE = f"{LIST_RULES}第二条第一款"


class Cause(StrEnum):
    """Why a term is longer than two years (art. 2 para. 1)."""

    VIOLENCE = "violence"
    SEVERAL_ACTS = "several_acts"

    @property
    def label(self) -> Bilingual:
        """What people call it."""
        return _CAUSES[self]


_CAUSES = {
    Cause.VIOLENCE: Bilingual("以暴力、威胁方法妨碍、抗拒执行情节严重", "grave resistance by violence or threats"),
    Cause.SEVERAL_ACTS: Bilingual("具有多项失信行为", "several dishonest acts"),
}


class LapseGround(StrEnum):
    """Why what was decided ends without ever having been published."""

    PERFORMED = "performed"
    APPLICANT_HOLDS_OFF = "applicant_holds_off"
    WITHDRAWN = "withdrawn"

    @property
    def label(self) -> Bilingual:
        """What people call it."""
        return _LAPSES[self][0]

    @property
    def clause(self) -> str:
        """The clause that it stands on."""
        return _LAPSES[self][1]


_LAPSES = {
    LapseGround.PERFORMED: (Bilingual("公布前已履行", "performed before publication"), GRACE_CLAUSE),
    LapseGround.APPLICANT_HOLDS_OFF: (Bilingual("申请执行人申请暂不纳入", "the applicant asks to hold off"), f"{GOODWILL}第十六条"),
    LapseGround.WITHDRAWN: (Bilingual("决定已撤回", "the decision was withdrawn"), f"{LIST_RULES}第五条"),
}  # fmt: skip


class RefusalGround(StrEnum):
    """Why a candidate is not listed."""

    NO_GROUND = "no_ground"
    BARRED = "barred"
    HELD_OFF = "held_off"
    SIX_MONTHS = "six_months"
    UNABLE = "unable"

    @property
    def label(self) -> Bilingual:
        """What people call it."""
        return _REFUSALS[self][0]

    @property
    def clause(self) -> str:
        """The clause that it stands on."""
        return _REFUSALS[self][1]


_REFUSALS = {
    RefusalGround.NO_GROUND: (Bilingual("不具备第一条规定的情形", "no ground of art. 1"), f"{LIST_RULES}第一条"),
    RefusalGround.BARRED: (Bilingual("依法不得纳入", "must not be listed"), f"{LIST_RULES}第三条、第四条；{GOODWILL}第十六条"),
    RefusalGround.HELD_OFF: (Bilingual("申请执行人申请暂不纳入", "the applicant asks to hold off"), f"{GOODWILL}第十六条"),
    RefusalGround.SIX_MONTHS: (Bilingual("应申请删除后六个月内再次申请", "applied again within six months"), f"{LIST_RULES}第十条第四款"),
    RefusalGround.UNABLE: (Bilingual("无履行能力", "unable to perform"), f"{LIST_RULES}第三条第四项"),
}  # fmt: skip


def two_records(grounds: Collection[Ground]) -> tuple[frozenset[Ground], frozenset[Ground]]:
    """Grounds without and with a term: where both stand in one case there are two records, each with its own way out."""
    termed = frozenset(ground for ground in grounds if ground.termed)
    return frozenset(grounds) - termed, termed


def cause_answer(
    grounds: Collection[Ground], *, decided_on: date, until: date | None, cause: Cause | None, acts: Collection[str]
) -> PolicyAnswer:
    """Whether a term longer than two years has its cause: violence or threats, or several acts, each cited by a judge."""
    if until is None or until <= add_months(decided_on, BASE_TERM + 1):
        return yes("base-term", "二年期限无须另述事由", "two years need no further cause", TERM_CLAUSE)
    if cause is None:
        return no("cause-missing", "延长的期限须写明法定事由", "a longer term needs one of the two causes", TERM_CLAUSE)
    if cause is Cause.VIOLENCE and Ground.OBSTRUCTS not in grounds:
        return no(
            "cause-violence", "以暴力、威胁为由的，须有第一条第二项情形", "violence or threats is ground 2", TERM_CLAUSE
        )
    if cause is Cause.SEVERAL_ACTS and len(set(acts)) < 2:
        return no("cause-acts", "以多项失信行为为由的，须逐项列明至少两项", "cite at least two acts", TERM_CLAUSE)
    return ask("cause", "是否延长由法院决定", "whether to set a longer term is the court's decision", TERM_CLAUSE)


@dataclass(frozen=True, slots=True)
class Decided:
    """A listing decision as it is typed: what the law wants in it besides the person."""

    grounds: frozenset[Ground]
    decided_on: date
    until: date | None
    cause: Cause | None = None
    acts: tuple[str, ...] = ()
    severity: str | None = None
    is_person: bool = True


def decision_answers(made: Decided, rule: CourtRule) -> tuple[PolicyAnswer, ...]:
    """Everything that stands in the way of the decision, or asks for a person's word; empty if nothing does."""
    return tuple(answer for answer in _decision_answers(made, rule) if answer.way is not Way.OPEN)


def _decision_answers(made: Decided, rule: CourtRule) -> Iterator[PolicyAnswer]:
    untermed, termed = two_records(made.grounds)
    if untermed and termed:
        yield no("two-records", "无期限与有期限情形须分别作出记录", "grounds with and without a term make two records",
                 f"{LIST_RULES}第十条第二款")  # fmt: skip
        return
    term = term_answer(made.grounds, decided_on=made.decided_on, until=made.until)
    if term.way is not Way.OPEN:
        yield no(term.code, term.text.zh, term.text.en, term.clause)  # whoever types it can put it right
    yield cause_answer(made.grounds, decided_on=made.decided_on, until=made.until, cause=made.cause, acts=made.acts)
    yield from _by_court(made, rule)


def _by_court(made: Decided, rule: CourtRule) -> Iterator[PolicyAnswer]:
    longest = rule.longest_term
    if made.severity is not None:
        grade = rule.severity(made.severity)
        if grade is None:
            yield no("severity-unknown", "本院规定没有这一档", "this court's rule has no such grade", rule.source)
            return
        longest = grade.longest_term
        if not grade.listed:
            yield no("severity-not-listed", f"“{grade.label.zh}”不予纳入", f"{grade.label.en}: not listed", rule.source)
    if is_termed(made.grounds) and made.until is not None and made.until > add_months(made.decided_on, longest):
        yield no(
            "term-over-rule",
            f"本院规定的期限至多 {longest} 个月",
            f"this court's rule: {longest} months at most",
            rule.source,
        )
    if rule.unit_needs_higher_approval and not made.is_person:
        yield ask("higher-approval", "纳入单位须报上一级法院批准，请写明批准文号",
                  "listing a unit needs the approval of the court above: give its number", rule.source)  # fmt: skip


def grace_answer(
    *, from_day: date, to_day: date, decided_on: date, earlier: int, rule: CourtRule, at_least: int = 0
) -> PolicyAnswer:
    """Whether a grace period may be granted: one to three months, inside the court's own bounds; a second needs a person.

    ``earlier`` counts grace periods that were granted in this case before; ``at_least`` are the months that the court's
    grade of the listing asks for, of the first one.
    """
    if from_day < decided_on:
        return no(
            "grace-before-decision", "宽限期不得早于决定作出之日", "grace can't begin before the decision", GRACE_CLAUSE
        )
    low, high = rule.grace_months
    if not add_months(from_day, low) <= to_day <= add_months(from_day, high):
        return no("grace-length", f"宽限期为 {low} 至 {high} 个月", f"grace is {low} to {high} months",
                  GRACE_CLAUSE if rule.grace_months == (1, 3) else rule.source)  # fmt: skip
    if not earlier and to_day < add_months(from_day, at_least):
        return no("grace-grade", f"本院规定该档的宽限期至少 {at_least} 个月",
                  f"this court's rule: at least {at_least} months of grace for this grade", rule.source)  # fmt: skip
    if earlier:
        return ask("grace-second", "没有再次给予宽限期的规定，须由院长决定并说明理由",
                   "no rule allows a second grace: the president decides, with reasons", GRACE_CLAUSE)  # fmt: skip
    return yes("grace", "可以给予宽限期", "grace may be granted", GRACE_CLAUSE)


def publication_answer(
    *,
    on: date,
    grace_until: date | None,
    performed: bool,
    until: date | None,
    entered_on: date,
    decided_on: date,
    grace_first: int = 0,
) -> PolicyAnswer:
    """Whether a decided listing may be published: after grace, unperformed, entered in the national database.

    ``grace_first``: months of grace that the court's grade asks for and that have not been granted.
    """
    if performed:
        return no(
            "performed",
            "公布前已履行，应终结而不公布",
            "performed before publication: it lapses, unpublished",
            GRACE_CLAUSE,
        )
    if grace_first:
        return no("grace-first", f"本院规定该档须先给予至少 {grace_first} 个月宽限期",
                  f"this court's rule grants this grade {grace_first} months of grace first", GRACE_CLAUSE)  # fmt: skip
    if grace_until is not None and on <= grace_until:
        return no(
            "in-grace", f"宽限期至 {grace_until}，期内不公布", f"in grace to {grace_until}: not published", GRACE_CLAUSE
        )
    if until is not None and on > until:
        return no(
            "term-over", "期限已届满，不再公布", "the term is over: not published any more", f"{LIST_RULES}第十条第二款"
        )
    if not decided_on <= entered_on <= on:
        return no("entry-day", "国家库录入日不得早于决定日，也不得晚于今天",
                  "the national entry lies between the decision and today", f"{LIST_RULES}第七条")  # fmt: skip
    return ask("publish", "由法院确认公布", "the court confirms publication", f"{LIST_RULES}第七条")


def lapse_answer(grounds: Collection[Ground], ground: LapseGround) -> PolicyAnswer:
    """Whether a decided listing may end unpublished for this reason."""
    if ground is LapseGround.APPLICANT_HOLDS_OFF and not set(grounds) <= HOLD_OFF:
        return no(
            "hold-off",
            "申请执行人的申请只及于第一、六项情形",
            "holding off reaches grounds 1 and 6 alone",
            ground.clause,
        )
    return yes("lapse", "未公布即终结，不留信用记录", "it ends unpublished and leaves no credit record", ground.clause)


NEEDED = ("filed_on", "basis_number", "basis_issuer", "obligation")
"""What art. 6 wants of every listing and a candidate may still lack; a unit needs its representative too."""
