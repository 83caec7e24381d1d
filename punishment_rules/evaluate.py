"""From facts, sector, act and day to verdicts. Pure: the same arguments always give the same answer.

Doubt ends in NEEDS_OFFICER, never in RESTRICTED; a restriction always cites a clause in force on the day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from punishment_rules import wording
from punishment_rules.catalogue_types import Act, BeforeCatalogue, Catalogue, Sector, UnknownAct, UnknownSector
from punishment_rules.facts import Facts, Trait, in_order
from punishment_rules.judge import Question, fact_days, judge
from punishment_rules.law import Outcome, Reason, Text, TraceLine, Verdict
from punishment_rules.overlay import NONE, Overlay

__all__ = ["Answer", "BeforeCatalogue", "UnknownAct", "UnknownSector", "acts", "evaluate", "sectors"]


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one check: the heaviest outcome, each verdict (heaviest first), the edition of the catalogue."""

    outcome: Outcome
    verdicts: tuple[Verdict, ...]
    sector: str
    act: str
    as_of: date
    catalogue_edition: str
    changes_on: date | None

    def of(self, outcome: Outcome) -> tuple[Verdict, ...]:
        """Verdicts of one outcome."""
        return tuple(verdict for verdict in self.verdicts if verdict.outcome is outcome)


def evaluate(facts: Facts, *, sector: str, act: str, on: date, catalogue: Catalogue, overlay: Overlay = NONE) -> Answer:
    """What the list and the orders mean for one act in one sector on one Beijing day.

    Raises UnknownSector, UnknownAct (both name what is known) or BeforeCatalogue.
    """
    wanted = catalogue.act(sector, act)
    if on < catalogue.begins:
        raise BeforeCatalogue(on, catalogue.begins)
    verdicts = _verdicts(in_order(facts), wanted, sector=sector, on=on, catalogue=catalogue, overlay=overlay)
    changes = [verdict.changes_on for verdict in verdicts if verdict.changes_on is not None]
    return Answer(
        outcome=max((verdict.outcome for verdict in verdicts), key=lambda outcome: outcome.weight),
        verdicts=verdicts,
        sector=sector,
        act=act,
        as_of=on,
        catalogue_edition=catalogue.edition,
        changes_on=min(changes, default=None),
    )


def sectors(catalogue: Catalogue) -> tuple[Sector, ...]:
    """All sectors with their labels, in catalogue order."""
    return tuple(catalogue.sectors.values())


def acts(sector: str, catalogue: Catalogue) -> tuple[Act, ...]:
    """Acts that a check in this sector may name. Raises UnknownSector."""
    return catalogue.acts(sector)


def _verdicts(
    facts: Facts, act: Act, *, sector: str, on: date, catalogue: Catalogue, overlay: Overlay
) -> tuple[Verdict, ...]:
    if Trait.MINOR in facts.traits:
        return (_clear("minor", wording.MINOR, "minor", on, catalogue),)
    if not _any_fact(facts):
        return (_clear("no_entry", wording.NO_ENTRY, "use_of_list", on, catalogue),)
    if act.protected is not None and act.protected_by is not None:
        return (_plain("protected", act.protected, Reason("protected", act.protected, act.protected_by)),)
    question = Question(facts, act.id, on, catalogue, overlay, fact_days(facts))
    judged = [judge(measure, question) for measure in catalogue.measures_for(sector, act.id)]
    judged.sort(key=lambda verdict: -verdict.outcome.weight)
    if all(verdict.outcome is Outcome.CLEAR for verdict in judged):
        judged.insert(0, _nothing(facts, on, catalogue))
    return tuple(judged)


def _any_fact(facts: Facts) -> bool:
    return any(
        (facts.listings, facts.orders, facts.marks, facts.roles, facts.papers, facts.consortium, facts.discipline)
    )


def _nothing(facts: Facts, on: date, catalogue: Catalogue) -> Verdict:
    dated = (facts.listings, facts.orders, facts.marks, facts.roles, facts.papers, facts.consortium, facts.discipline)
    if any(fact.in_force(on) for facts_of_kind in dated for fact in facts_of_kind):
        return _clear("nothing_binds", wording.NOTHING_BINDS, "ceiling", on, catalogue)
    return _clear("entries_ended", wording.ENTRIES_ENDED, "end_of_listing", on, catalogue)


def _clear(code: str, text: Text, clause: str, on: date, catalogue: Catalogue) -> Verdict:
    return _plain(code, text, Reason(code, text, catalogue.cite(clause, on)))


def _plain(code: str, text: Text, reason: Reason) -> Verdict:
    return Verdict(
        outcome=Outcome.CLEAR,
        measure_id=None,
        reasons=(reason,),
        sources=(),
        changes_on=None,
        ends=wording.NOTHING_ENDS,
        next_step=wording.NOTHING_TO_DO,
        trace=(TraceLine(code, text, held=False, citation=reason.citation),),
    )
