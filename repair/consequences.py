"""What an entry blocks today: every measure that binds, over all sectors and acts, in words for the person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from creditsvc.kernel.text import Bilingual
from creditsvc.register.readings import facts_of_subjects
from punishment_rules.catalogue_types import Catalogue
from punishment_rules.evaluate import evaluate
from punishment_rules.facts import Facts
from punishment_rules.law import Outcome, Text, Verdict
from punishment_rules.load import catalogue
from punishment_rules.overlay import NONE, Overlay
from repair.entries import EntryView


@dataclass(frozen=True, slots=True)
class MeasureInForce:
    """One measure that binds now."""

    id: str
    text: Bilingual
    clause: Bilingual
    ends: Bilingual


@dataclass(frozen=True, slots=True)
class SectorEffects:
    """The measures that bind in one sector."""

    name: Bilingual
    measures: tuple[MeasureInForce, ...]

    @property
    def ends(self) -> tuple[Bilingual, ...]:
        """What ends them, each sentence once."""
        return tuple(dict.fromkeys(measure.ends for measure in self.measures))


def consequences_of(session: Session, view: EntryView, *, on: date, overlay: Overlay = NONE) -> Sequence[SectorEffects]:
    """What this entry blocks on this Beijing day, by sector; sectors where nothing binds are left out."""
    facts = facts_of_subjects(session, [view.subject_id], on=on).get(view.subject_id)
    return binding(facts, view.entry, on=on, rules=catalogue(), overlay=overlay) if facts else ()


def measures_of(
    session: Session, views: Sequence[EntryView], *, on: date, overlay: Overlay = NONE
) -> Mapping[str, Sequence[MeasureInForce]]:
    """By entry, every measure that binds its person on this day, once over all sectors; one reading of the register."""
    about = {view.subject_id for view in views}
    facts = facts_of_subjects(session, sorted(about), on=on)
    found = {}
    for view in views:
        sectors = (
            binding(facts[view.subject_id], view.entry, on=on, rules=catalogue(), overlay=overlay)
            if view.subject_id in facts
            else ()
        )
        found[view.entry] = list({one.id: one for sector in sectors for one in sector.measures}.values())
    return found


def binding(
    facts: Facts, entry: str, *, on: date, rules: Catalogue, overlay: Overlay = NONE
) -> Sequence[SectorEffects]:
    """The measures that rest on this entry, by sector, each once."""
    found = []
    for sector in rules.sectors.values():
        verdicts = {
            verdict.measure_id: verdict
            for act in sector.acts
            for verdict in evaluate(facts, sector=sector.id, act=act.id, on=on, catalogue=rules, overlay=overlay).of(
                Outcome.RESTRICTED
            )
            if verdict.measure_id and entry in verdict.sources
        }
        if verdicts:
            measures = tuple(_said(verdict, rules) for verdict in verdicts.values())
            found.append(SectorEffects(_bilingual(sector.label), measures))
    return found


def _said(verdict: Verdict, rules: Catalogue) -> MeasureInForce:
    measure = rules.measures[str(verdict.measure_id)]
    clause = verdict.reasons[0].citation.text
    return MeasureInForce(measure.id, _bilingual(measure.person), _bilingual(clause), _bilingual(verdict.ends))


def _bilingual(text: Text) -> Bilingual:
    return Bilingual(text.zh, text.en)
