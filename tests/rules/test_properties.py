"""What must hold for any facts: relief never harms, leaving never harms, no restriction without a clause in force."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date, timedelta
from random import Random

from hypothesis import assume, given
from hypothesis import strategies as st

from punishment_rules.catalogue_types import Trigger
from punishment_rules.evaluate import Answer, evaluate
from punishment_rules.facts import EntryNote, Facts, ReliefFact
from punishment_rules.law import Outcome
from punishment_rules.load import catalogue
from punishment_rules.overlay import Overlay, Stance
from tests.rules import strategies
from tests.support.depth import examples

ANY = examples(150)


def ask(facts: Facts, question: tuple[str, str], on: date) -> Answer:
    return evaluate(facts, sector=question[0], act=question[1], on=on, catalogue=catalogue())


def weights(answer: Answer) -> dict[str | None, int]:
    return {verdict.measure_id: verdict.outcome.weight for verdict in answer.verdicts if verdict.measure_id}


def never_heavier(after: Answer, before: Answer) -> None:
    old = weights(before)
    assert all(weight <= old.get(measure, 0) for measure, weight in weights(after).items())
    assert after.outcome.weight <= before.outcome.weight


@ANY
@given(strategies.facts, strategies.reliefs, strategies.QUESTIONS, strategies.DAYS)
def test_a_relief_never_restricts_more(facts: Facts, relief: ReliefFact, question: tuple[str, str], on: date) -> None:
    relieved = replace(facts, reliefs=(*facts.reliefs, relief))
    never_heavier(ask(relieved, question, on), ask(facts, question, on))


@ANY
@given(strategies.facts, strategies.QUESTIONS, strategies.DAYS, st.data())
def test_removing_a_listing_never_restricts_more(
    facts: Facts, question: tuple[str, str], on: date, data: st.DataObject
) -> None:
    gone = data.draw(st.integers(0, 2))
    fewer = replace(facts, listings=tuple(one for number, one in enumerate(facts.listings) if number != gone))
    never_heavier(ask(fewer, question, on), ask(facts, question, on))


@ANY
@given(strategies.facts, strategies.QUESTIONS, strategies.DAYS, strategies.notes)
def test_a_note_on_an_entry_never_restricts_more(
    facts: Facts, question: tuple[str, str], on: date, notes: tuple[EntryNote, ...]
) -> None:
    noted = replace(
        facts,
        listings=tuple(replace(one, notes=(*one.notes, *notes)) for one in facts.listings),
        orders=tuple(replace(one, notes=(*one.notes, *notes)) for one in facts.orders),
        marks=tuple(replace(one, notes=(*one.notes, *notes)) for one in facts.marks),
    )
    never_heavier(ask(noted, question, on), ask(facts, question, on))


@ANY
@given(strategies.facts, strategies.QUESTIONS, strategies.DAYS)
def test_a_lifted_order_or_ended_mark_never_restricts_more(facts: Facts, question: tuple[str, str], on: date) -> None:
    ended = replace(facts, orders=tuple(replace(one, ended_on=on) for one in facts.orders), marks=(), roles=())
    never_heavier(ask(ended, question, on), ask(facts, question, on))


@ANY
@given(strategies.facts, strategies.QUESTIONS, strategies.DAYS)
def test_a_restriction_cites_a_clause_of_sufficient_level_in_force_that_day(
    facts: Facts, question: tuple[str, str], on: date
) -> None:
    for verdict in ask(facts, question, on).verdicts:
        assert verdict.reasons
        assert verdict.ends.zh and verdict.next_step.zh and verdict.trace
        if verdict.outcome is Outcome.RESTRICTED:
            basis = next(reason.citation for reason in verdict.reasons if reason.code == "measure")
            assert basis.in_force(on) and basis.level.sufficient
            assert verdict.sources


@ANY
@given(strategies.facts, strategies.QUESTIONS, strategies.DAYS, st.randoms(use_true_random=False))
def test_the_order_of_facts_changes_no_word_of_the_answer(
    facts: Facts, question: tuple[str, str], on: date, chance: Random
) -> None:
    def shuffled(some: tuple[object, ...]) -> tuple[object, ...]:
        turned = list(some)
        chance.shuffle(turned)
        return tuple(turned)

    several = [one.name for one in fields(Facts) if isinstance(getattr(facts, one.name), tuple)]
    turned = replace(facts, **{name: shuffled(getattr(facts, name)) for name in several})
    assert len(several) == 8
    assert ask(turned, question, on) == ask(facts, question, on)


@ANY
@given(strategies.facts, strategies.QUESTIONS, strategies.DAYS, st.data())
def test_removing_any_one_fact_never_adds_a_restriction(
    facts: Facts, question: tuple[str, str], on: date, data: st.DataObject
) -> None:
    """An entry, mark, post, paper, notice or member of a consortium taken away; a lifted order is a fact that helps."""
    kinds = ("listings", "marks", "roles", "papers", "discipline", "consortium")
    there = [(kind, number) for kind in kinds for number in range(len(getattr(facts, kind)))]
    assume(there)
    kind, gone = data.draw(st.sampled_from(there))
    fewer = replace(facts, **{kind: tuple(one for n, one in enumerate(getattr(facts, kind)) if n != gone)})
    never_heavier(ask(fewer, question, on), ask(facts, question, on))


@ANY
@given(strategies.facts, strategies.QUESTIONS, strategies.DAYS, strategies.overlays)
def test_no_overlay_makes_a_row_bind_without_a_clause_in_force(
    facts: Facts, question: tuple[str, str], on: date, overlay: Overlay
) -> None:
    answer = evaluate(facts, sector=question[0], act=question[1], on=on, catalogue=catalogue(), overlay=overlay)
    for verdict in answer.of(Outcome.RESTRICTED):
        measure = catalogue().measures[str(verdict.measure_id)]
        version = measure.version_on(on)
        assert version is not None
        assert any(clause.in_force(on) for clause in version.clauses)
        assert not version.separate_decision and version.amount is None
        said = overlay.on(measure.id, on)
        assert said is None or said.stance is Stance.CLEARED


@ANY
@given(strategies.facts, strategies.QUESTIONS, strategies.DAYS)
def test_nothing_changes_before_the_day_it_says(facts: Facts, question: tuple[str, str], on: date) -> None:
    answer = ask(facts, question, on)
    if answer.changes_on is not None:
        assert answer.changes_on > on
        eve = answer.changes_on - timedelta(days=1)
        assert weights(ask(facts, question, eve)) == weights(answer)
        assert weights(ask(facts, question, answer.changes_on)) != weights(answer)


@ANY
@given(strategies.facts, strategies.QUESTIONS, strategies.DAYS)
def test_an_order_alone_restricts_only_consumption(facts: Facts, question: tuple[str, str], on: date) -> None:
    alone = replace(facts, listings=(), marks=(), roles=(), consortium=(), papers=())
    for verdict in ask(alone, question, on).of(Outcome.RESTRICTED):
        version = catalogue().measures[str(verdict.measure_id)].version_on(on)
        assert version is not None
        assert version.trigger is Trigger.BOTH
        assert "失信被执行人" not in verdict.reasons[0].text.zh
