"""Reliefs from a consumption order: three kinds kept apart, and when each may be granted. Pure.

Sources: 法发〔2019〕35号 no. 17 (a temporary lift: aircraft and high-speed rail, at most a month, by the president, never
again after abuse), 法释〔2015〕17号 art. 8 (approval of one act). A single lift (单次解禁) has no national text: it waits
for the court's own rule. A relief ends by its last day alone; nothing has to run.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from creditsvc.kernel.days import add_months
from creditsvc.kernel.text import Bilingual
from creditsvc.register.answers import PolicyAnswer, ask, no
from punishment_rules.facts import ReliefKind

GOODWILL_17 = "法发〔2019〕35号第十七条第三项"
LEAVE_8 = "法释〔2015〕17号第八条"
LONGEST_MONTHS = 1
LONGEST_APPROVAL_MONTHS = 12
"""How far one approved act may lie: the law names no length, and an approval without an end would be a lifting."""


class Purpose(StrEnum):
    """For what a temporary lift may be asked (35号 no. 17(3))."""

    ILLNESS = "illness"
    FUNERAL = "funeral"
    PUBLIC_DUTY = "public_duty"
    FOREIGN_AFFAIRS = "foreign_affairs"
    EXAMINATION = "examination"
    URGENT = "urgent"

    @property
    def label(self) -> Bilingual:
        """What people call it."""
        return _PURPOSES[self]


_PURPOSES = {
    Purpose.ILLNESS: Bilingual("本人或者近亲属重大疾病就医", "grave illness of self or a close relative"),
    Purpose.FUNERAL: Bilingual("近亲属丧葬", "funeral of a close relative"),
    Purpose.PUBLIC_DUTY: Bilingual("本人执行或者配合执行公务", "doing or assisting a public duty"),
    Purpose.FOREIGN_AFFAIRS: Bilingual("参加外事活动", "foreign-affairs activity"),
    Purpose.EXAMINATION: Bilingual("参加重要考试", "an important examination"),
    Purpose.URGENT: Bilingual("其他紧急情况亟需赴外地", "another urgent need to travel"),
}


@dataclass(frozen=True, slots=True)
class ReliefAsked:
    """A relief that somebody wants to grant. Days are Beijing days, both counted."""

    kind: ReliefKind
    from_day: date
    to_day: date
    on: date
    """The day of the decision."""
    undertaking: bool = False
    """Evidence and a written undertaking are in hand."""
    abused_before: bool = False
    """An earlier lift was got by false evidence, or its terms were broken."""
    measures: tuple[str, ...] = ()
    single_lift_rule: str = ""
    """The court's rule on single lifts, where one is loaded."""


def relief_answer(asked: ReliefAsked) -> PolicyAnswer:
    """Whether it may be granted: not open, or a person decides; never by itself."""
    if asked.to_day < asked.from_day or asked.to_day < asked.on:
        return no(
            "relief-days",
            "截止日不得早于起始日和今天",
            "the last day can't lie before the first or before today",
            LEAVE_8,
        )
    if asked.kind is ReliefKind.TEMPORARY_LIFT:
        return _temporary(asked)
    if asked.kind is ReliefKind.SINGLE_LIFT and not asked.single_lift_rule:
        return no("single-lift-off", "本院单次解禁的规定尚未载入，不能办理", "this court's rule on single lifts is not loaded",
                  "单次解禁：须有法院规定")  # fmt: skip
    clause = LEAVE_8 if asked.kind is ReliefKind.SINGLE_APPROVAL else asked.single_lift_rule
    if not asked.measures:
        return no("relief-measures", "请写明准许的事项", "say which measures it is about", clause)
    if asked.to_day > add_months(asked.from_day, LONGEST_APPROVAL_MONTHS):
        return no("relief-length", "一次批准至多一年", "one approval reaches a year at most", clause)
    return ask("relief", "是否准许由法院审查决定", "whether to grant it is the court's to examine", clause)


def _temporary(asked: ReliefAsked) -> PolicyAnswer:
    if asked.abused_before:
        return no("relief-abused", "曾提供虚假证据或者违反承诺，不再批准",
                  "an earlier lift was abused: no further one is approved", GOODWILL_17)  # fmt: skip
    last = add_months(asked.from_day, LONGEST_MONTHS)
    if asked.to_day > last:
        return no("relief-length", f"暂时解除至多一个月，不得晚于 {last}",
                  f"a temporary lift is a month at most: to {last}", GOODWILL_17)  # fmt: skip
    if asked.measures:
        return no("relief-scope", "暂时解除只及于乘坐飞机、高铁", "a temporary lift reaches aircraft and high-speed rail alone",
                  GOODWILL_17)  # fmt: skip
    if not asked.undertaking:
        return no("relief-undertaking", "须有充分证据和书面承诺", "evidence and a written undertaking are needed",
                  GOODWILL_17)  # fmt: skip
    return ask("relief", "严格审查后由院长批准", "strictly examined, approved by the president", GOODWILL_17)
