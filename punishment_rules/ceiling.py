"""How far the machine may go with a row on a day: the ceiling of 国办发〔2020〕49号, derived and never stored.

Applied automatically only if the row is mandatory, needs no separate decision and no judgment of an amount, its
ground is strong and its words were seen, and a basis of its own in force on that day is a law, administrative
regulation, judicial interpretation or Party-State policy document that names this list (or the consumption order).
All else goes to a person.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from punishment_rules.catalogue_types import Applied, Discretion, Grounding, Measure, Standing, Verification, Version
from punishment_rules.law import Citation, Names, Text
from punishment_rules.overlay import NONE, Overlay, OverlayRow, Stance

_THIS_LIST = frozenset({Names.LIST, Names.ORDER})

# what the legal department can't clear away: the row itself asks for a person
_FIXED = {
    "no_clause": Text("当日没有有效的条款", "no clause of it was in force that day"),
    "discretionary": Text("条款由主管部门裁量适用", "the clause leaves it to the agency's judgment"),
    "separate_decision": Text(
        "须有人民法院单独的决定或者通知", "it needs a decision or notice of the court in the case"
    ),
    "amount": Text(
        "条款以“数额较大”等为条件而未定数额", "the clause sets a condition on the amount and names no figure"
    ),
    "discipline_target": Text(
        "条款所指是“失信联合惩戒对象”，不等于失信被执行人", "the clause names joint-discipline targets, not this list"
    ),
}
_CLEARABLE = {
    "level": Text(
        "当日没有点名本名单的法律、行政法规、司法解释或者党中央、国务院政策文件",
        "no law, regulation, judicial interpretation or Party-State document in force that day names this list",
    ),
    "grounding": Text("依据的表述或者程序不够明确", "its ground is not clear enough in words or procedure"),
    "recalled": Text("条文原文尚待核对", "the wording of the clause still has to be checked"),
}
_SHOWN = {
    "practice_only": Text("仅为实践做法，没有规范依据", "practice only, without a rule behind it"),
    "weak": Text("依据薄弱", "its ground is weak"),
    "advisory": Text("仅为鼓励性表述", "words of encouragement only"),
}
_TEXTS = _FIXED | _CLEARABLE | _SHOWN


@dataclass(frozen=True, slots=True)
class Ceiling:
    """The level of use of a row on a day, why, by which clause, and the overlay row that changed it."""

    applied: Applied
    why: tuple[str, ...]
    basis: Citation
    overlay: OverlayRow | None

    @property
    def texts(self) -> tuple[Text, ...]:
        """The reasons against automatic use, readable."""
        return tuple(_TEXTS[code] for code in self.why)


def ceiling(measure: Measure, version: Version, on: date, overlay: Overlay = NONE) -> Ceiling:
    """Derive how a row is used on a day. The version must be the one that holds on that day."""
    row = overlay.on(measure.id, on)
    if row is None:
        return _by_itself(version, on)
    why = _against(version, on)
    if row.stance is Stance.CLEARED:
        why = tuple(code for code in why if code not in _CLEARABLE and code != "discipline_target")
    applied = _applied(why)
    if row.stance is Stance.HELD and applied is Applied.AUTOMATIC:
        applied = Applied.OFFICER
    return Ceiling(applied, why, strongest(version, on), row)


@lru_cache(maxsize=8192)
def _by_itself(version: Version, on: date) -> Ceiling:
    why = _against(version, on)
    return Ceiling(_applied(why), why, strongest(version, on), None)


@lru_cache(maxsize=8192)
def strongest(version: Version, on: date) -> Citation:
    """The clause to cite: in force that day, naming this list before others, then the stronger level."""
    alive = [clause for clause in version.clauses if clause.in_force(on)] or list(version.clauses)
    return min(alive, key=lambda clause: (not clause.names & _THIS_LIST, clause.level.rank))


def _applied(why: tuple[str, ...]) -> Applied:
    if any(code in _SHOWN for code in why):
        return Applied.SHOWN
    return Applied.OFFICER if why else Applied.AUTOMATIC


@lru_cache(maxsize=8192)
def _against(version: Version, on: date) -> tuple[str, ...]:
    alive = [clause for clause in version.clauses if clause.in_force(on)]
    named = any(clause.level.sufficient and clause.names & _THIS_LIST for clause in alive)
    target = any(Names.DISCIPLINE_TARGET in clause.names for clause in version.clauses)
    checks = {
        "practice_only": version.standing is Standing.PRACTICE_ONLY,
        "weak": version.grounding is Grounding.WEAK,
        "advisory": version.discretion is Discretion.ADVISORY,
        "discretionary": version.discretion is Discretion.DISCRETIONARY,
        "no_clause": not alive,
        "separate_decision": version.separate_decision,
        "amount": version.amount is not None,
        "discipline_target": target,
        "level": not named,
        "grounding": version.grounding is Grounding.MODERATE,
        "recalled": version.verification is Verification.RECALLED,
    }
    return tuple(code for code, held in checks.items() if held)
