"""Who may not be listed although a ground is met: every bar of the law, all of them named, the gravest deciding. Pure.

Sources: 法释〔2017〕7号 arts 3, 4, 10 para. 4; 法发〔2019〕35号 nos 15, 16. What the court has found comes in as facts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from creditsvc.kernel.calendars import Calendar
from creditsvc.kernel.days import Deadline, months
from creditsvc.register.answers import PolicyAnswer, Way, ask, no
from creditsvc.register.policy import LIST_RULES, listing_answer
from punishment_rules.law import Ground

GOODWILL = "法发〔2019〕35号"
BAR_MONTHS = 6
HOLD_OFF = frozenset({Ground.ABLE_BUT_REFUSES, Ground.SETTLEMENT_REFUSED})
"""Grounds under which controlled property or the applicant's wish keeps a debtor off the list (35号 no. 16)."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody whom a court thinks of listing, and what it has found."""

    grounds: frozenset[Ground]
    is_person: bool
    decided_on: date
    birth_date: date | None = None
    full_capacity: bool = True
    only_as_officer: bool = False
    """Not a debtor, but the representative or controller of one."""
    security_suffices: bool = False
    property_suffices: bool = False
    ranks_later: bool = False
    otherwise_unable: bool = False
    """Any other case in which it is not so that the debtor could perform and refuses (art. 3 item 4)."""
    applicant_holds_off: bool = False
    campus_loan_student: bool = False
    removed_at_request_on: date | None = None
    """When an earlier listing was removed because the applicant asked (art. 10 para. 1 item 3)."""
    on_same_applicants_wish: bool = False


FINDINGS = (
    "lacks_capacity", "only_as_officer", "security_suffices", "property_suffices", "ranks_later", "otherwise_unable",
    "applicant_holds_off", "campus_loan_student",
)  # fmt: skip
"""What a court finds out about a candidate and says yes or no to; by default nothing speaks against a listing."""


@dataclass(frozen=True, slots=True)
class Listable:
    """The outcome and every reason for it."""

    way: Way
    reasons: tuple[PolicyAnswer, ...]


def may_be_listed(who: Candidate, calendar: Calendar) -> Listable:
    """Whether the law lets this candidate be listed: open, not open, or a person decides."""
    basic = listing_answer(who.grounds, birth_date=who.birth_date, is_person=who.is_person, decided_on=who.decided_on)
    found = [answer for answer in (basic, *_bars(who), *_six_months(who, calendar)) if answer.way is not Way.OPEN]
    if not found:
        return Listable(Way.OPEN, (basic,))
    barred = any(answer.way is Way.NOT_OPEN for answer in found)
    return Listable(Way.NOT_OPEN if barred else Way.PERSON_DECIDES, tuple(found))


def bar_ends(removed_on: date, calendar: Calendar) -> Deadline:
    """The last day of the six months after a removal at the applicant's request; it protects the debtor, so it rolls."""
    return months(removed_on, BAR_MONTHS, calendar, roll=True)


def _bars(who: Candidate) -> Iterator[PolicyAnswer]:
    if who.only_as_officer:
        yield no(
            "officer",
            "不得因单位被纳入而将其法定代表人等纳入",
            "nobody is listed because a unit is",
            f"{GOODWILL}第十六条",
        )
    if not who.full_capacity:
        yield ask(
            "capacity",
            "无完全民事行为能力，由法院决定",
            "without full capacity: a person decides",
            "河南省社会信用条例第三条",
        )
    if who.campus_loan_student:
        yield ask("student", "全日制在校生因校园贷的，一般不得纳入", "a student with a campus loan is generally not listed",
                   f"{GOODWILL}第十六条")  # fmt: skip
    yield from _of_inability(who)


def _of_inability(who: Candidate) -> Iterator[PolicyAnswer]:
    only_first = who.grounds == {Ground.ABLE_BUT_REFUSES}
    art_3 = ((who.security_suffices, "security", "已提供充分有效担保", "security suffices", "一"),
             (who.property_suffices, "property", "已控制的财产足以清偿", "controlled property suffices", "二"),
             (who.ranks_later, "rank", "履行顺序在后，依法不应对其强制执行", "ranks later: not yet enforceable", "三"),
             (who.otherwise_unable, "inability", "不属于有履行能力而拒不履行", "not able, or not refusing", "四"))  # fmt: skip
    for holds, code, zh, en, item in art_3:
        if holds and Ground.ABLE_BUT_REFUSES in who.grounds:
            yield _held(code, zh, en, f"{LIST_RULES}第三条第{item}项", barred=only_first)
    if who.property_suffices and Ground.SETTLEMENT_REFUSED in who.grounds:
        yield _held("property-settlement", "已控制的财产足以清偿", "controlled property suffices", f"{GOODWILL}第十六条",
                    barred=who.grounds <= HOLD_OFF)  # fmt: skip
    if who.applicant_holds_off and who.grounds & HOLD_OFF:
        yield _held("applicant-holds-off", "申请执行人申请暂不纳入", "the applicant asks to hold off", f"{GOODWILL}第十六条",
                    barred=who.grounds <= HOLD_OFF)  # fmt: skip


def _six_months(who: Candidate, calendar: Calendar) -> Iterator[PolicyAnswer]:
    if who.removed_at_request_on is None:
        return
    last = bar_ends(who.removed_at_request_on, calendar).day
    if who.decided_on > last:
        return
    clause = f"{LIST_RULES}第十条第四款"
    if who.on_same_applicants_wish:
        yield no("six-months", f"应申请执行人申请删除后六个月内（至 {last}）不予支持其再次申请",
                  f"no listing on the same applicant's wish until {last}", clause)  # fmt: skip
    else:
        yield ask("six-months-own-motion", f"应申请删除后六个月内（至 {last}）依职权再次纳入，须另行审批",
                   f"listed again by the court itself before {last}: needs a further approval", clause)  # fmt: skip


def _held(code: str, zh: str, en: str, clause: str, *, barred: bool) -> PolicyAnswer:
    """A bar on some of the grounds: where others remain, a person says on which the listing rests."""
    return (no if barred else ask)(code, zh, en, clause)
