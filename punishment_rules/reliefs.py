"""What a relief takes away: a temporary lift switches two rows off, an approval for one act brings a person in."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable
from datetime import date

from punishment_rules.bind import Hit
from punishment_rules.catalogue_types import Measure, Trigger, Version
from punishment_rules.facts import Facts, ReliefFact, ReliefKind
from punishment_rules.law import in_force


def last_day(relief: ReliefFact) -> date:
    """The last day that a relief counts. A temporary lift never outlives one month (法发〔2019〕35号第17条).

    The month runs to the same day of the next month, or its last day (民法典第二百零一条、第二百零二条).
    """
    if relief.kind is not ReliefKind.TEMPORARY_LIFT:
        return relief.to_day
    year, month = divmod(relief.from_day.year * 12 + relief.from_day.month, 12)
    ceiling = date(year, month + 1, min(relief.from_day.day, monthrange(year, month + 1)[1]))
    return min(relief.to_day, ceiling)


def suspending(hit: Hit, measure: Measure, version: Version, facts: Facts, on: date) -> ReliefFact | None:
    """The temporary lift that switches this row off for this hit on the day, or None."""
    if not measure.temporary_lift or version.trigger is not Trigger.BOTH:
        return None
    lifts = (relief for relief in facts.reliefs if relief.kind is ReliefKind.TEMPORARY_LIFT)
    return _covering(lifts, hit, measure, facts, on)


def approving(hit: Hit, measure: Measure, version: Version, facts: Facts, on: date) -> ReliefFact | None:
    """The approval or single-use lift that may cover this hit; whether it was used up, a person has to see."""
    if version.trigger is not Trigger.BOTH:
        return None
    ones = (relief for relief in facts.reliefs if relief.kind is not ReliefKind.TEMPORARY_LIFT)
    return _covering(ones, hit, measure, facts, on)


def _covering(reliefs: Iterable[ReliefFact], hit: Hit, measure: Measure, facts: Facts, on: date) -> ReliefFact | None:
    for relief in reliefs:
        if not in_force(on, relief.from_day, last_day(relief)):
            continue
        if relief.measures and measure.id not in relief.measures:
            continue
        if relief.entry == hit.entry or (hit.case is not None and hit.case in _cases(relief, facts)):
            return relief
    return None


def _cases(relief: ReliefFact, facts: Facts) -> set[tuple[str, str]]:
    """The case of a relief, its own or that of the order it names: the listing of the same case is covered too."""
    cases = {(order.court_name, order.case_number) for order in facts.orders if order.entry == relief.entry}
    if relief.case_number:
        cases.add((relief.court_name, relief.case_number))
    return cases
