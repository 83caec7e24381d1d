"""As of any day, and as known on any day: what the register learned later is left out, what ended later had not ended."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from hypothesis import given

from punishment_rules.evaluate import evaluate
from punishment_rules.facts import Facts, ListingFact, OrderFact, as_known
from punishment_rules.law import Ground, Outcome
from punishment_rules.load import catalogue
from punishment_rules.overlay import Overlay, OverlayRow, Stance
from tests.rules import strategies
from tests.rules.test_properties import ANY

COURT, CASE = "郑州市中原区人民法院", "（2026）豫0102执1号"
LISTED = ListingFact("L1", (Ground.EVADES,), COURT, CASE, date(2026, 3, 2), known_on=date(2026, 3, 10))
ORDERED = OrderFact("O1", COURT, CASE, date(2026, 3, 2), known_on=date(2026, 3, 5))


def outcome(facts: Facts, on: date, known: date) -> Outcome:
    return evaluate(as_known(facts, known), sector="finance", act="procurement", on=on, catalogue=catalogue()).outcome


def test_an_entry_counts_from_the_day_it_became_known() -> None:
    facts, on = Facts(listings=(LISTED,)), date(2026, 3, 4)
    assert outcome(facts, on, date(2026, 3, 9)) is Outcome.CLEAR
    assert outcome(facts, on, date(2026, 3, 10)) is Outcome.RESTRICTED


def test_an_end_that_was_recorded_later_was_not_known() -> None:
    facts = Facts(listings=(replace(LISTED, ended_on=date(2026, 6, 1)),))
    assert outcome(facts, date(2026, 6, 1), date(2026, 5, 31)) is Outcome.RESTRICTED
    assert outcome(facts, date(2026, 6, 1), date(2026, 6, 1)) is Outcome.CLEAR


def test_orders_and_listings_become_known_each_on_their_own_day() -> None:
    facts = Facts(listings=(LISTED,), orders=(replace(ORDERED, ended_on=date(2026, 7, 1)),))
    known = as_known(facts, date(2026, 3, 7))
    assert known.listings == () and [one.ended_on for one in known.orders] == [None]


def test_decisions_of_the_legal_department_too() -> None:
    row = OverlayRow("travel-air", Stance.HELD, date(2026, 11, 1), None, "法规处", "1号", date(2026, 10, 28))
    overlay = Overlay((row, replace(row, measure_id="proc-supplier-bar", decided_on=None)))
    assert [one.measure_id for one in overlay.as_known(date(2026, 10, 28)).rows] == ["travel-air"]
    assert overlay.as_known(date(2026, 11, 1)) == overlay


@ANY
@given(strategies.facts, strategies.DAYS)
def test_who_knows_everything_knows_the_facts(facts: Facts, day: date) -> None:
    assert as_known(facts, date(2099, 1, 1)) == facts
    assert as_known(as_known(facts, day), day) == as_known(facts, day)
