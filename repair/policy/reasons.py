"""Templates of a decision's reason: what is always so is written, and the blank is what the court has found. Pure.

A template that is sent with its blank is refused: a reason that nobody has written is none.
"""

from __future__ import annotations

from repair.policy.answers import Answer
from repair.policy.grounds import Ground

BLANK = "【写明查明的事实和证据】"


def breach_reason(rule: Ground, *, broken: bool) -> str:
    """Why a promise was broken, or was not, but for what was found."""
    end = "认定没有遵守信用承诺。" if broken else "不构成违诺。"
    return f"经审查并听取本人陈述，关于“{rule.name.zh}”：{BLANK}{end}"


def grant_reason(rule: Ground) -> str:
    """Why it is granted, but for what was found."""
    must = "应当" if rule.must else "可以"
    return f"经审查，申请人以“{rule.name.zh}”为由提出申请。{BLANK}符合{rule.clause.zh}的规定，{must}准许。"


def refusal_reason(rule: Ground, answer: Answer) -> str:
    """Why it is refused, but for what was found."""
    return f"经审查，申请人以“{rule.name.zh}”为由提出申请。{BLANK}不符合{answer.clause.zh}的规定，决定驳回。"


def is_blank(text: str) -> bool:
    """Whether something is still to be written."""
    return BLANK in text
