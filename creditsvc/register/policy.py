"""Who may be listed, for how long, and which exit is open: the law, without a database or a clock.

Sources: 最高人民法院关于公布失信被执行人名单信息的若干规定 (法释〔2017〕7号) arts 1-4, 9, 10; 法发〔2019〕35号 no. 16.
Every answer has three possible outcomes; doubt goes to a person. Days are Beijing days.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from enum import StrEnum

from creditsvc.kernel.calendars import Calendar
from creditsvc.kernel.days import Deadline, add_months, age_on, working_days
from creditsvc.kernel.text import Bilingual
from creditsvc.register.answers import PolicyAnswer, ask, no, yes
from punishment_rules.law import Ground

LIST_RULES = "法释〔2017〕7号"
BASE_TERM = 24
LEAST_EXTENDED, LONGEST = 36, 60
ADULT = 18
COURT_WORKING_DAYS = 3
RECEIVER_WORKING_DAYS = 1


class ExitGround(StrEnum):
    """Why an entry leaves, in the words of the feed."""

    PERFORMED = "performed"
    SETTLED = "settled"
    APPLICANT_REQUEST = "applicant_request"
    NO_PROPERTY = "no_property"
    SUSPENDED_ENFORCEMENT = "suspended_enforcement"
    NOT_ENFORCED = "not_enforced"
    TERMINATED = "terminated"
    TERM_ENDED = "term_ended"
    EARLY = "early"
    ERROR = "error"
    IDENTITY_ERROR = "identity_error"
    ORDER_LIFTED = "order_lifted"

    @property
    def label(self) -> Bilingual:
        """What people call it."""
        return EXITS[self][0]

    @property
    def clause(self) -> str:
        """The clause that it stands on."""
        return EXITS[self][1]


EXITS: dict[ExitGround, tuple[Bilingual, str]] = {
    ExitGround.PERFORMED: (
        Bilingual("已履行或者执行完毕", "performed or enforced in full"),
        f"{LIST_RULES}第十条第一款第一项",
    ),
    ExitGround.SETTLED: (
        Bilingual("和解协议履行完毕", "settlement performed in full"),
        f"{LIST_RULES}第十条第一款第二项",
    ),
    ExitGround.APPLICANT_REQUEST: (
        Bilingual("申请执行人书面申请删除，法院同意", "the applicant asked in writing and the court agreed"),
        f"{LIST_RULES}第十条第一款第三项",
    ),
    ExitGround.NO_PROPERTY: (
        Bilingual("终本后两次以上查询无可供执行财产", "two searches after the round ended found nothing"),
        f"{LIST_RULES}第十条第一款第四项",
    ),
    ExitGround.SUSPENDED_ENFORCEMENT: (
        Bilingual("因审判监督或者破产程序中止执行", "enforcement stayed for retrial or bankruptcy"),
        f"{LIST_RULES}第十条第一款第五项",
    ),
    ExitGround.NOT_ENFORCED: (Bilingual("裁定不予执行", "ruled not to be enforced"), f"{LIST_RULES}第十条第一款第六项"),
    ExitGround.TERMINATED: (Bilingual("裁定终结执行", "enforcement terminated"), f"{LIST_RULES}第十条第一款第七项"),
    ExitGround.TERM_ENDED: (Bilingual("期限届满", "the term has ended"), f"{LIST_RULES}第十条第二款"),
    ExitGround.EARLY: (
        Bilingual("积极履行或者主动纠正，提前删除", "performed or put right: removed early"),
        f"{LIST_RULES}第二条第二款",
    ),
    ExitGround.ERROR: (Bilingual("不应纳入", "should not have been listed"), f"{LIST_RULES}第九条第一款"),
    ExitGround.IDENTITY_ERROR: (Bilingual("身份认定错误", "the wrong person"), f"{LIST_RULES}第九条第一款"),
    ExitGround.ORDER_LIFTED: (Bilingual("解除限制消费", "consumption order lifted"), "法释〔2015〕17号第九条"),
}
CIRCUMSTANCES = frozenset(list(ExitGround)[:7])
"""Art. 10 para. 1: for listings without a term only (para. 2)."""
WRONGLY_LISTED = frozenset({ExitGround.ERROR, ExitGround.IDENTITY_ERROR})


def is_termed(grounds: Collection[Ground]) -> bool:
    """Whether any of the grounds carries a term (art. 2: grounds two to six)."""
    return any(ground.termed for ground in grounds)


def listing_answer(
    grounds: Collection[Ground], *, birth_date: date | None, is_person: bool, decided_on: date
) -> PolicyAnswer:
    """Whether the law lets this debtor be listed by a decision of that day."""
    if not grounds:
        return no("ground-missing", "没有写明失信情形", "no ground of art. 1 is named", f"{LIST_RULES}第一条")
    if not is_person:
        return yes("listable", "可以纳入", "may be listed", f"{LIST_RULES}第一条")
    if birth_date is None:
        return ask(
            "birth-date-unknown",
            "出生日期不明，须核实是否成年",
            "birth date unknown: may be a minor",
            f"{LIST_RULES}第四条",
        )
    if age_on(birth_date, decided_on) < ADULT or decided_on == _eighteenth(birth_date):
        return no("minor", "未成年人不得纳入失信被执行人名单", "a minor must not be listed", f"{LIST_RULES}第四条")
    return yes("listable", "可以纳入", "may be listed", f"{LIST_RULES}第一条")


def _eighteenth(birth: date) -> date:
    return add_months(birth, ADULT * 12)


def term_answer(grounds: Collection[Ground], *, decided_on: date, until: date | None) -> PolicyAnswer:
    """Whether the written end fits the grounds (art. 2): none for ground one; 24, or 36 to 60, months for the others.

    The written end governs. A day's difference around the corresponding day is accepted, since courts write the last day
    both with and without it.
    """
    clause = f"{LIST_RULES}第二条"
    if not is_termed(grounds):
        if until is None:
            return yes("no-term", "该情形没有期限", "this ground has no term", clause)
        return ask(
            "term-unexpected",
            "第一条第一项情形没有期限，却写了截止日",
            "ground 1 has no term, yet an end is written",
            clause,
        )
    if until is None:
        return ask("term-missing", "第二至六项情形须写明截止日", "grounds 2 to 6 need a written end", clause)
    if _matches(decided_on, until, BASE_TERM) or any(
        _matches(decided_on, until, months) for months in range(LEAST_EXTENDED, LONGEST + 1)
    ):
        return yes("term-fits", "期限符合规定", "the term fits", clause)
    return ask("term-wrong", "期限应为二年，延长的为三至五年", "a term is 24 months, or 36 to 60 when extended", clause)


def _matches(start: date, until: date, months: int) -> bool:
    return abs((until - add_months(start, months)).days) <= 1


def exit_answer(grounds: Collection[Ground], ground: ExitGround, *, until: date | None, on: date) -> PolicyAnswer:
    """Whether this exit is open for a listing on these grounds on that day."""
    clause = ground.clause
    if ground in WRONGLY_LISTED:
        return yes(
            "revocation",
            "不应纳入的，任何情形均可撤销",
            "what should not have been listed is revoked, on any ground",
            clause,
        )
    if ground is ExitGround.ORDER_LIFTED:
        return no("not-a-listing", "该理由只用于限制消费令", "this is for consumption orders", clause)
    termed, untermed = is_termed(grounds), Ground.ABLE_BUT_REFUSES in grounds
    if ground is ExitGround.TERM_ENDED:
        return _term_end(until, on, clause)
    if ground is ExitGround.EARLY:
        if termed:
            return ask("early", "是否提前删除由法院裁量", "whether to remove early is the court's discretion", clause)
        return no(
            "early-untermed", "没有期限的记录不适用提前删除", "an entry without a term can't be removed early", clause
        )
    if termed and untermed:
        return ask("mixed-grounds", "兼有无期限与有期限情形，须分别审查", "grounds with and without a term: a person decides",
                    f"{LIST_RULES}第十条第二款")  # fmt: skip
    if termed:
        return no("termed", "有期限的记录不适用第十条第一款，可以审查提前删除",
                   "art. 10 para. 1 does not reach an entry with a term; review early removal instead",
                   f"{LIST_RULES}第十条第二款")  # fmt: skip
    return yes("circumstance", "符合该情形的，三个工作日内删除", "to be removed within three working days", clause)


def _term_end(until: date | None, on: date, clause: str) -> PolicyAnswer:
    if until is None:
        return no("no-term", "该记录没有期限", "this entry has no term", clause)
    if on <= until:
        return no("term-running", f"期限至 {until} 届满", f"the term runs to {until}", clause)
    return yes("term-ended", "期限已届满，三个工作日内删除", "the term has ended: three working days", clause)


def extension_answer(
    grounds: Collection[Ground], *, decided_on: date, until: date | None, new_until: date, on: date
) -> PolicyAnswer:
    """Whether a term may be extended to a new end: one to three years more, decided before the old end."""
    clause = f"{LIST_RULES}第二条第一款"
    if until is None or not is_termed(grounds):
        return no("no-term", "没有期限的记录不能延长", "an entry without a term can't be extended", clause)
    if on > until:
        return no(
            "term-over", "期限已届满，不能再延长；应另作决定", "the term is over; a new decision is needed", clause
        )
    if new_until <= until:
        return no("extension-shorter", "新的截止日须晚于原截止日", "the new end must lie after the old one", clause)
    if not any(_matches(decided_on, new_until, months) for months in range(LEAST_EXTENDED, LONGEST + 1)):
        return no(
            "extension-length",
            "延长为一至三年，总计三十六至六十个月",
            "one to three years more: 36 to 60 months in all",
            clause,
        )
    return ask(
        "extension", "延长须写明理由并由院长签发", "extension needs reasons and the president's signature", clause
    )


def removal_due(known_on: date, calendar: Calendar) -> Deadline:
    """The court's three working days, from the day it knows (art. 10)."""
    return working_days(known_on, COURT_WORKING_DAYS, calendar)


def receiver_due(published_on: date, calendar: Calendar) -> Deadline:
    """Every receiver's one working day (河南省社会信用条例 arts 42, 43)."""
    return working_days(published_on, RECEIVER_WORKING_DAYS, calendar)
