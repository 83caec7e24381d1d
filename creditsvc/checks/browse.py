"""The catalogue for people and programs to read: sectors, acts, measures with their clauses."""

from __future__ import annotations

from datetime import date
from typing import Any

from creditsvc.checks.said import text_said
from creditsvc.kernel.errors import InvalidInput
from creditsvc.kernel.text import Bilingual
from punishment_rules.catalogue_types import Measure, UnknownSector
from punishment_rules.ceiling import ceiling
from punishment_rules.load import catalogue
from punishment_rules.overlay import NONE


def sectors_said() -> dict[str, Any]:
    """Every sector with the acts that a check may name."""
    rules = catalogue()
    rows = [
        {
            "sector": sector.id,
            "label": text_said(sector.label),
            "named_by_decision": sector.named_by_decision,
            "acts": [{"act": act.id, "label": text_said(act.label)} for act in rules.acts(sector.id)],
        }
        for sector in rules.sectors.values()
    ]
    return {"catalogue": rules.edition, "rows": rows}


def measures_said(sector: str | None, on: date) -> dict[str, Any]:
    """Measures in force on a day, of one sector or of all; raises ``InvalidInput`` for an unknown sector."""
    rules = catalogue()
    if sector is not None:
        try:
            rules.sector(sector)
        except UnknownSector as unknown:
            known = list(unknown.known)
            raise InvalidInput(
                Bilingual(f"没有这个行业；可用：{'、'.join(known)}", f"no such sector; there are: {', '.join(known)}"),
                code="sector-unknown",
                field="sector",
            ) from None
    wanted = [measure for measure in rules.measures.values() if sector in {None, measure.sector}]
    return {"catalogue": rules.edition, "rows": [row for measure in wanted if (row := _measure(measure, on))]}


def _measure(measure: Measure, on: date) -> dict[str, Any] | None:
    version = measure.version_on(on)
    if version is None:
        return None
    found = ceiling(measure, version, on, NONE)
    return {
        "measure": measure.id,
        "sector": measure.sector,
        "title": text_said(measure.title),
        "acts": list(measure.acts),
        "applied": found.applied.value,
        "why": [text_said(text) for text in found.texts],
        "effect": measure.effect.value,
        "discretion": version.discretion.value,
        "grounding": version.grounding.value,
        "verification": version.verification.value,
        "clauses": [text_said(clause.text) for clause in version.clauses],
        "staff": text_said(measure.staff),
        "person": text_said(measure.person),
        "authority": text_said(measure.authority),
    }
