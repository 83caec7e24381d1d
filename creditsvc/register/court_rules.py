"""What courts may set for themselves, inside the bounds of the law: grace, grades, who signs, single lifts. Pure.

No published text has figures for the graded list (分级分类), so they are data: dated, by court, refused outside the bounds
of 法释〔2017〕7号 art. 2 and 法发〔2019〕35号 no. 15. A rule is never edited: a later one governs from its own day.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from creditsvc.kernel.errors import InvalidInput
from creditsvc.kernel.text import Bilingual

GRACE_BOUNDS = (1, 3)
TERM_BOUNDS = (24, 60)
KEYS = frozenset(
    (
        "court",
        "from",
        "source",
        "grace_months",
        "longest_term",
        "unit_needs_higher_approval",
        "single_lift",
        "severities",
    )
)


@dataclass(frozen=True, slots=True)
class Severity:
    """One grade of the graded list: whether it is listed at all, its longest term, the grace that goes before."""

    name: str
    label: Bilingual
    listed: bool = True
    longest_term: int = TERM_BOUNDS[1]
    grace_months: int = 0
    """Grace that is to be granted first; 0: none is asked for."""


@dataclass(frozen=True, slots=True)
class CourtRule:
    """What a court (and those below it) has set, from a day on. An empty court means all."""

    court: str
    from_day: date
    source: str
    grace_months: tuple[int, int] = GRACE_BOUNDS
    longest_term: int = TERM_BOUNDS[1]
    unit_needs_higher_approval: bool = False
    """Whether listing a unit needs the approval of the court one level up."""
    single_lift: str = ""
    """Number of the court's rule on single lifts; empty: they are off."""
    severities: tuple[Severity, ...] = field(default=())

    def severity(self, name: str | None) -> Severity | None:
        """The grade of this name, or none."""
        return next((one for one in self.severities if one.name == name), None)


LAW_ALONE = CourtRule("", date(2017, 5, 1), "法释〔2017〕7号；法发〔2019〕35号")
"""Where a court has set nothing."""


def rule_for(rules: Iterable[CourtRule], court: str, on: date) -> CourtRule:
    """The rule that governs a court on a day: the nearest court's, and of that the latest; the law alone if there is none."""
    reach = [rule for rule in rules if court.startswith(rule.court) and rule.from_day <= on]
    return max(reach, key=lambda rule: (len(rule.court), rule.from_day), default=LAW_ALONE)


def parse_rule(raw: Mapping[str, Any]) -> CourtRule:
    """A rule from its data; raises ``InvalidInput`` (``court-rule-invalid``) that names the key."""
    if strangers := sorted(set(raw) - KEYS):
        raise _wrong(strangers[0], "不认识的项", "unknown key")
    longest = _number(raw, "longest_term", TERM_BOUNDS, TERM_BOUNDS[1])
    if longest != TERM_BOUNDS[0] and longest < 36:
        raise _wrong("longest_term", "只能是 24，或者 36 至 60 个月", "24, or 36 to 60 months")
    grace = raw.get("grace_months", list(GRACE_BOUNDS))
    if (
        not isinstance(grace, list)
        or len(grace) != 2
        or not all(_within(one, GRACE_BOUNDS) for one in grace)
        or grace[0] > grace[1]
    ):
        raise _wrong(
            "grace_months", "应为 1 至 3 个月之间的上下限，如 [1, 3]", "two bounds from 1 to 3 months, such as [1, 3]"
        )
    return CourtRule(
        _text(raw, "court", empty=True), _day(raw.get("from")), _text(raw, "source"), (grace[0], grace[1]), longest,
        _flag(raw, "unit_needs_higher_approval"), _text(raw, "single_lift", empty=True),
        tuple(_severity(one, longest) for one in _list(raw.get("severities", []))),
    )  # fmt: skip


def _severity(raw: Any, longest: int) -> Severity:
    if not isinstance(raw, Mapping) or set(raw) - {"name", "zh", "en", "listed", "longest_term", "grace_months"}:
        raise _wrong(
            "severities", "每一档只写 name、zh、en、listed、longest_term、grace_months", "a grade has other keys"
        )
    return Severity(
        _text(raw, "name"), Bilingual(_text(raw, "zh"), _text(raw, "en")), _flag(raw, "listed", default=True),
        _number(raw, "longest_term", (TERM_BOUNDS[0], longest), longest), _number(raw, "grace_months", (0, GRACE_BOUNDS[1]), 0),
    )  # fmt: skip


def _within(value: Any, bounds: tuple[int, int]) -> bool:
    return type(value) is int and bounds[0] <= value <= bounds[1]


def _number(raw: Mapping[str, Any], key: str, bounds: tuple[int, int], default: int) -> int:
    value = raw.get(key, default)
    if not _within(value, bounds):
        raise _wrong(key, f"应为 {bounds[0]} 至 {bounds[1]} 的整数", f"a whole number from {bounds[0]} to {bounds[1]}")
    return int(value)


def _flag(raw: Mapping[str, Any], key: str, *, default: bool = False) -> bool:
    value = raw.get(key, default)
    if not isinstance(value, bool):
        raise _wrong(key, "应为 true 或 false", "true or false")
    return value


def _text(raw: Mapping[str, Any], key: str, *, empty: bool = False) -> str:
    value = raw.get(key, "" if empty else None)
    if not isinstance(value, str) or len(value) > 256 or not (value.strip() or empty):
        raise _wrong(key, "应为文字", "must be text")
    return value.strip()


def _day(value: Any) -> date:
    if type(value) is date:
        return value
    try:
        return date.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        raise _wrong("from", "应为日期，如 2026-01-01", "must be a day, such as 2026-01-01") from None


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise _wrong("severities", "应为列表", "must be a list")
    return value


def _wrong(key: str, zh: str, en: str) -> InvalidInput:
    return InvalidInput(
        Bilingual(f"法院规定的 {key}：{zh}", f"court rule, {key}: {en}"), code="court-rule-invalid", key=key
    )
