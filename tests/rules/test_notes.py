"""Notes on an entry: a dispute is told and changes nothing, a shield and a suspension bring a person in."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from punishment_rules.evaluate import Answer, evaluate
from punishment_rules.law import Outcome
from punishment_rules.load import catalogue
from tests.rules.casebook import facts

DAY = date(2026, 6, 10)
NOTED = {"from": date(2026, 6, 1), "to": date(2026, 6, 20)}
LISTED = {"from": date(2026, 1, 10)}
TERMED = {**LISTED, "until": date(2028, 1, 9), "ground": "evades"}


def ask(given: dict[str, Any], on: date = DAY, act: tuple[str, str] = ("transport", "fly")) -> Answer:
    return evaluate(facts(given), sector=act[0], act=act[1], on=on, catalogue=catalogue())


def with_note(entry: dict[str, Any], note: str) -> dict[str, Any]:
    return {**entry, "notes": [{"note": note, **NOTED}]}


@pytest.mark.parametrize(
    ("note", "entry", "outcome"),
    [
        ("disputed", LISTED, "restricted"),
        ("disputed", TERMED, "restricted"),
        ("shielded", LISTED, "needs_officer"),
        ("shielded", TERMED, "needs_officer"),
        ("suspended", LISTED, "needs_officer"),
        ("suspended", TERMED, "restricted"),
    ],
)
def test_what_a_note_does_to_a_listing(note: str, entry: dict[str, Any], outcome: str) -> None:
    """法释〔2017〕7号第十条第一款第五项: only an entry without a term is to be deleted when enforcement is suspended."""
    noted = {"listings": [with_note(entry, note)]}
    assert ask(noted).outcome.value == outcome
    for day in (NOTED["from"] - timedelta(1), NOTED["to"] + timedelta(1)):
        assert ask(noted, day).outcome is Outcome.RESTRICTED
        assert "disputed" not in {reason.code for reason in ask(noted, day).verdicts[0].reasons}


def test_the_day_on_which_a_shield_ends_is_told() -> None:
    assert ask({"listings": [with_note(LISTED, "shielded")]}).changes_on == date(2026, 6, 21)


def test_a_dispute_is_told_with_its_clause() -> None:
    reasons = {one.code: one for one in ask({"listings": [with_note(LISTED, "disputed")]}).verdicts[0].reasons}
    assert "不停止执行" in reasons["disputed"].text.zh
    assert "第十二条" in reasons["disputed"].citation.text.zh


@pytest.mark.parametrize(
    ("note", "outcome"), [("suspended", "restricted"), ("shielded", "needs_officer"), ("disputed", "restricted")]
)
def test_an_order_stays_while_enforcement_is_suspended(note: str, outcome: str) -> None:
    assert ask({"orders": [with_note(LISTED, note)]}).outcome.value == outcome


def test_a_note_on_the_units_entry_reaches_its_officer() -> None:
    mark = {**LISTED, "role": "legal_representative"}
    assert ask({"marks": [mark]}).outcome is Outcome.RESTRICTED
    assert ask({"marks": [with_note(mark, "shielded")]}).outcome is Outcome.NEEDS_OFFICER


def test_another_entry_without_a_note_still_binds() -> None:
    other = {**LISTED, "case": "（2025）豫0103执9号"}
    assert ask({"listings": [with_note(LISTED, "shielded"), other]}).outcome is Outcome.RESTRICTED


def test_a_noted_entry_does_not_free_a_tender_it_only_asks() -> None:
    tender = ask({"listings": [with_note(LISTED, "suspended")]}, act=("finance", "procurement"))
    assert tender.of(Outcome.NEEDS_OFFICER)[0].measure_id == "proc-supplier-bar"
    assert "suspended" in {reason.code for reason in tender.of(Outcome.NEEDS_OFFICER)[0].reasons}
