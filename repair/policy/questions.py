"""What a person is asked where the register holds nothing: a claim guides them, and never opens a way by itself.

Pure: no database, network or clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from creditsvc.kernel.text import Bilingual
from repair.policy.answers import Answer, Way
from repair.policy.removal import ListingFacts


@dataclass(frozen=True, slots=True)
class Question:
    """One question with its choices: the value that a choice stands for, and its words."""

    text: Bilingual
    choices: tuple[tuple[str, Any, Bilingual], ...]


_YES, _NO = Bilingual("有", "yes"), Bilingual("没有", "no")


def _ruling(zh: str, en: str) -> Question:
    return Question(Bilingual(zh, en), (("yes", True, _YES), ("no", False, _NO)))


QUESTIONS: Mapping[str, Question] = {
    "settlement": Question(
        Bilingual("您和申请执行人签过执行和解协议吗？", "Did you sign an enforcement settlement with the creditor?"),
        (
            ("performed", "performed", Bilingual("签过，已经全部履行", "yes, and it has been fully performed")),
            ("signed", "signed", Bilingual("签过，还没有履行完", "yes, not fully performed yet")),
            ("absent", "absent", Bilingual("没有签过", "no")),
        ),
    ),
    "creditor_request": Question(
        Bilingual("申请执行人愿意书面申请删除您的记录吗？", "Will the creditor ask in writing for your removal?"),
        (
            ("made", "made", Bilingual("愿意，或者已经申请", "yes, or has done so")),
            ("absent", "absent", Bilingual("不愿意，或者还没有联系", "no, or not asked yet")),
        ),
    ),
    "round_ended": _ruling(
        "法院作过“终结本次执行程序”的裁定吗？", "Has the court ruled that this round of enforcement is ended?"
    ),
    "suspension": Question(
        Bilingual("法院裁定过中止执行吗？", "Has the court ruled that enforcement is suspended?"),
        (
            ("retrial", "retrial", Bilingual("有，因为再审", "yes, because of a retrial")),
            ("bankruptcy", "bankruptcy", Bilingual("有，因为破产", "yes, because of bankruptcy")),
            ("other", "other", Bilingual("有，因为其他原因", "yes, for another reason")),
            ("absent", "absent", _NO),
        ),
    ),
    "not_enforced": _ruling("法院作过“不予执行”的裁定吗？", "Has the court ruled not to enforce?"),
    "terminated": _ruling("法院作过“终结执行”的裁定吗？", "Has the court ruled to terminate enforcement?"),
}


def with_claims(facts: ListingFacts, claims: Mapping[str, str]) -> ListingFacts:
    """The facts with what the person says, where the register holds nothing; unknown questions and choices are left out."""
    said = {
        field: value
        for field, choice in claims.items()
        if field in QUESTIONS and getattr(facts, field) is None
        for key, value, _ in QUESTIONS[field].choices
        if key == choice
    }
    return replace(facts, **said)


def as_claimed(recorded: Answer, claimed: Answer) -> Answer:
    """The answer to what was said: a claim may close a way or name its paper, but only a record opens one."""
    if claimed.way is not Way.OPEN or recorded.way is Way.OPEN:
        return claimed
    reason = Bilingual(
        "您说的情况属实的话，法院应当删除；请提交材料，由法院认定",
        "if it is as you say, the court must remove it; send the paper and the court finds it",
    )
    return replace(claimed, way=Way.PERSON_DECIDES, reason=reason, lacking=recorded.lacking)
