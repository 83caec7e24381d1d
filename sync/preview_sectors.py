"""What the agencies of each sector will see of a batch: how many of their matters are closed to a person or a unit on it.

Answered by the same rules as a check, for somebody who is listed and nothing else. Counted over a sector's own matters; the
matters of all regulators are a row of their own.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import Any

from creditsvc.checks.rulebook_law import overlay_of
from creditsvc.settings import Settings
from punishment_rules.catalogue_types import Catalogue
from punishment_rules.evaluate import evaluate
from punishment_rules.facts import Facts, ListingFact, OrderFact
from punishment_rules.law import DebtorKind, Ground, Outcome
from punishment_rules.load import catalogue
from punishment_rules.overlay import Overlay

PERSON, UNIT, ORDER = "person", "unit", "order"
"""A listed person, a listed unit, whoever is under an order alone."""


def sectors_seen(settings: Settings, affected: frozenset[str], *, on: date) -> list[dict[str, Any]]:
    """By sector: its names, and for each of those who are affected the matters that are closed or decided by a person."""
    if not affected:
        return []
    rows = _effects(catalogue().edition, overlay_of(settings), on)
    shown: list[dict[str, Any]] = [
        {"sector": sector, "zh": zh, "en": en, **{who: list(effects[who]) for who in sorted(affected)}}
        for sector, zh, en, effects in rows
    ]
    return [row for row in shown if any(any(row[who]) for who in affected)]


@lru_cache(maxsize=8)
def _effects(_edition: str, overlay: Overlay, on: date) -> tuple[tuple[str, str, str, dict[str, tuple[int, int]]], ...]:
    rules = catalogue()
    return tuple(
        (
            one.id,
            one.label.zh,
            one.label.en,
            {who: _matters(facts, one.id, on, rules, overlay) for who, facts in _facts(on)},
        )
        for one in rules.sectors.values()
    )


def _matters(facts: Facts, sector: str, on: date, rules: Catalogue, overlay: Overlay) -> tuple[int, int]:
    """How many of a sector's own matters are closed, and how many a person decides."""
    found = [
        evaluate(facts, sector=sector, act=act.id, on=on, catalogue=rules, overlay=overlay).outcome
        for act in rules.sectors[sector].acts
    ]
    return found.count(Outcome.RESTRICTED), found.count(Outcome.NEEDS_OFFICER)


def _facts(on: date) -> tuple[tuple[str, Facts], ...]:
    def listed(kind: DebtorKind) -> Facts:
        return Facts(kind=kind, listings=(ListingFact("", (Ground.ABLE_BUT_REFUSES,), "", "", on, debtor_kind=kind),))

    return (
        (PERSON, listed(DebtorKind.PERSON)),
        (UNIT, listed(DebtorKind.ORGANISATION)),
        (ORDER, Facts(orders=(OrderFact("", "", "", on),))),
    )
