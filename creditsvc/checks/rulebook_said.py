"""The rulebook as machines read it: rows, one row whole, sectors, incentives, differences. One shape for API and pages."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from typing import Any

from creditsvc.checks.rulebook import Row
from creditsvc.checks.said import line_said, text_said
from punishment_rules.catalogue_types import Catalogue, Measure, Sector, Version
from punishment_rules.compare import Difference
from punishment_rules.examples import Asked, Example, about, answer_to, holds
from punishment_rules.history import Period, history
from punishment_rules.incentive_types import Incentive, IncentiveBook, Scope
from punishment_rules.labels import label
from punishment_rules.law import Citation, Text, Verdict
from punishment_rules.overlay import Overlay, OverlayRow
from punishment_rules.telling import told


def sector_said(sector: Sector, rules: Catalogue) -> dict[str, Any]:
    """A sector with the acts that a check may name; a protected act says why nothing binds it."""
    return {
        "sector": sector.id,
        "label": text_said(sector.label),
        "named_by_decision": sector.named_by_decision,
        "acts": [
            {"act": act.id, "label": text_said(act.label), "protected": _maybe(act.protected)}
            for act in rules.acts(sector.id)
        ],
    }


def row_said(row: Row) -> dict[str, Any]:
    """A measure as it stands on a day."""
    measure, version = row.measure, row.version
    return {
        "measure": measure.id,
        "sector": measure.sector,
        "title": text_said(measure.title),
        "acts": list(measure.acts),
        "applied": row.ceiling.applied.value,
        "why": [text_said(text) for text in row.ceiling.texts],
        "basis": clause_said(row.ceiling.basis),
        "overlay": None if row.ceiling.overlay is None else overlay_said(row.ceiling.overlay),
        "effect": measure.effect.value,
        "kinds": sorted(version.kinds),
        "roles": sorted(version.roles),
        "trigger": version.trigger.value,
        "associations": sorted(version.associations),
        "reverse_roles": sorted(version.reverse_roles),
        "separate_decision": version.separate_decision,
        "amount": None if version.amount is None else version.amount.value,
        "discretion": version.discretion.value,
        "grounding": version.grounding.value,
        "verification": version.verification.value,
        "standing": version.standing.value,
        "clauses": [clause_said(clause) for clause in row.clauses],
        "staff": text_said(version.staff or measure.staff),
        "person": text_said(measure.person),
        "authority": text_said(measure.authority),
    }


def measure_said(measure: Measure, row: Row | None, rules: Catalogue, overlay: Overlay) -> dict[str, Any]:
    """One measure whole: as it stands, what exempts, its life, and what the legal department decided about it."""
    return {
        "measure": measure.id,
        "sector": measure.sector,
        "title": text_said(measure.title),
        "on_day": None if row is None else row_said(row),
        "exempt": [text_said(text) for text in exemptions_of(measure, rules)],
        "temporary_lift": measure.temporary_lift,
        "instance_of": measure.instance_of,
        "list_type": measure.list_type,
        "on_national_list": measure.on_national_list,
        "item_64": measure.item_64,
        "memo_141": measure.memo_141,
        "history": [period_said(one) for one in history(measure, rules.begins, overlay)],
        "versions": [_version(one) for one in measure.versions],
        "overlay": [overlay_said(one) for one in overlay.of(measure.id)],
    }


def exemptions_of(measure: Measure, rules: Catalogue) -> tuple[Text, ...]:
    """What exempts from a measure: its own words, then the shared ones."""
    own = () if measure.exempt is None else (measure.exempt,)
    return (*own, *(rules.exemptions[name] for name in measure.exemptions))


def examples_said(measure_id: str, examples: Iterable[Example], rules: Catalogue) -> list[dict[str, Any]]:
    """The worked examples about a measure, with what the law answers to each."""
    return [_example(measure_id, example, asked, rules) for example, asked in about(measure_id, examples)]


def _example(measure_id: str, example: Example, asked: Asked, rules: Catalogue) -> dict[str, Any]:
    answer = answer_to(example, asked, rules)
    verdict: Verdict = next((one for one in answer.verdicts if one.measure_id == measure_id), answer.verdicts[0])
    return {
        "number": example.number or None,
        "text": text_said(example.text),
        "facts": [text_said(text) for text in told(example.facts)],
        "sector": asked.sector,
        "act": asked.act,
        "day": asked.on.isoformat(),
        "outcome": asked.expected(measure_id).value,
        "holds": holds(answer, asked),
        "reason": text_said(verdict.reasons[0].text),
        "clause": text_said(verdict.reasons[0].citation.text),
        "trace": [line_said(line) for line in verdict.trace],
    }


def clause_said(clause: Citation) -> dict[str, Any]:
    """A clause with its level, its days and what it speaks of."""
    return {
        **text_said(clause.text),
        "document": clause.document_id,
        "level": clause.level.value,
        "level_label": text_said(clause.level.label),
        "sufficient": clause.level.sufficient,
        "names": sorted(clause.names),
        "from": _day(clause.start),
        "to": _day(clause.end),
    }


def period_said(period: Period) -> dict[str, Any]:
    """From which day to which day a row stood how."""
    return {
        "from": period.start.isoformat(),
        "to": _day(period.end),
        "applied": None if period.applied is None else period.applied.value,
        "why": [] if period.ceiling is None else [text_said(text) for text in period.ceiling.texts],
        "overlay": None
        if period.ceiling is None or period.ceiling.overlay is None
        else overlay_said(period.ceiling.overlay),
        "clauses": [clause_said(clause) for clause in period.clauses],
    }


def overlay_said(row: OverlayRow) -> dict[str, Any]:
    """A decision of the legal department."""
    return {
        "stance": row.stance.value,
        "from": row.start.isoformat(),
        "to": _day(row.end),
        "decided_by": row.decided_by,
        "decided_on": _day(row.decided_on),
        "document": row.document,
    }


def difference_said(one: Difference, rules: Catalogue) -> dict[str, Any]:
    """A row that differs between two days or two catalogues."""
    measure = rules.measures.get(one.measure_id)
    return {
        "measure": one.measure_id,
        "title": None if measure is None else text_said(measure.title),
        "change": one.change.value,
        "before": None if one.before is None else one.before.value,
        "after": None if one.after is None else one.after.value,
        "clauses_before": [text_said(clause.text) for clause in one.clauses_before],
        "clauses_after": [text_said(clause.text) for clause in one.clauses_after],
    }


def incentives_said(book: IncentiveBook, sector: str = "") -> list[dict[str, Any]]:
    """What follows from performing; rows from elsewhere are examples and say so."""
    rows = [row for row in book.rows.values() if sector in {"", row.sector}]
    return [_incentive(row) for row in sorted(rows, key=lambda row: row.scope is Scope.ELSEWHERE)]


def _incentive(row: Incentive) -> dict[str, Any]:
    return {
        "incentive": row.id,
        "sector": row.sector,
        "title": text_said(row.title),
        "scope": row.scope.value,
        "example_only": row.scope is Scope.ELSEWHERE,
        "benefit": row.benefit.value,
        "merit": row.merit.value,
        "kinds": sorted(row.kinds),
        "roles": sorted(row.roles),
        "separate_decision": row.separate_decision,
        "discretion": row.discretion.value,
        "grounding": row.grounding.value,
        "verification": row.verification.value,
        "authority": text_said(row.authority),
        "evidence": text_said(row.evidence),
        "person": text_said(row.person),
        "limits": _maybe(row.limits),
        "clauses": [clause_said(clause) for clause in row.clauses],
    }


def _version(version: Version) -> dict[str, Any]:
    return {
        "from": _day(version.start),
        "to": _day(version.end),
        "discretion": version.discretion.value,
        "trigger": version.trigger.value,
        "kinds": sorted(version.kinds),
        "clauses": [clause_said(clause) for clause in version.clauses],
    }


def words_said(word: StrEnum) -> dict[str, str]:
    """What a word of the catalogue is called."""
    return text_said(label(word))


def _maybe(text: Text | None) -> dict[str, str] | None:
    return None if text is None else text_said(text)


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
