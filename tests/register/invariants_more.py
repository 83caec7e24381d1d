"""More of what the register must never break, each as a function over one state of it: see ``invariants.py``."""

from __future__ import annotations

import json
from datetime import timedelta

from sqlalchemy import select

from creditsvc.kernel.days import add_months
from creditsvc.register.life import State
from creditsvc.register.tables_matters import Circumstance
from punishment_rules.evaluate import evaluate
from punishment_rules.law import Outcome
from punishment_rules.load import catalogue
from tests.register.seen import Seen

LAST_NOTICE = 2026
"""The last year whose working days the State Council's notices in the package tell."""
ITEM_FOUR = {"clean_query", "lead_cleared"}
NEVER = {"round_ended", "other_stay", "retrial_ordered"}


def _circumstances(seen: Seen) -> list[Circumstance]:
    return list(seen.session.scalars(select(Circumstance).order_by(Circumstance.id)))


def the_end_of_a_round_alone_removes_nothing(seen: Seen) -> None:
    """Counted here by hand: two empty searches since the newest end of a round, and every lead since then cleared."""
    rows = _circumstances(seen)
    for row in rows:
        if row.decision_id is None or row.entry.startswith("ord_"):
            continue
        assert row.kind != "round_ended", "I16"
        if row.kind in ITEM_FOUR:
            so_far = [one for one in rows if one.entry == row.entry and one.id <= row.id]
            ended = max((one.event_on for one in so_far if one.kind == "round_ended"), default=None)
            assert ended is not None, "I16"
            since = [one for one in so_far if one.event_on >= ended]
            assert sum(one.kind == "clean_query" for one in since) >= 2, "I16"
            open_since = max((one.event_on for one in since if one.kind == "lead"), default=None)
            cleared = max((one.event_on for one in so_far if one.kind == "lead_cleared"), default=None)
            assert open_since is None or (cleared is not None and cleared >= open_since), "I16"


def only_retrial_and_bankruptcy_suspend(seen: Seen) -> None:
    for row in _circumstances(seen):
        if not row.entry.startswith("ord_"):
            assert row.decision_id is None or row.kind not in NEVER, "I17"


def what_was_revoked_is_no_history(seen: Seen) -> None:
    revoked = {row.entry for row in seen.listings if row.state == State.REVOKED.value}
    for facts in seen.facts.values():
        assert not revoked & {fact.entry for fact in facts.listings}, "I18"


def exits_are_known_as_exits(seen: Seen) -> None:
    """What the sequencer lets overtake everything else, and waits for no verification of additions (T18)."""
    for fact in seen.outbox:
        assert fact.is_exit == (fact.fact == "removed") == (fact.exit is not None), "I20"
        assert not fact.is_exit or (fact.exit or {}).get("effective"), "I20"


def a_full_number_is_in_no_field(seen: Seen) -> None:
    numbers = [number.number for number in seen.people if number.is_personal]
    for fields in seen.fields.values():
        said = json.dumps(fields.data, ensure_ascii=False, default=str)
        assert not any(number in said for number in numbers), "I21"
        assert fields.data["debtor_kind"] != "person" or "*" in fields.data["number_masked"], "I21"


def measures_stop_with_the_entry(seen: Seen) -> None:
    standing = {row.entry for row in seen.listings if row.state == State.ACTIVE.value and not row.nonpublic}
    standing = {entry for entry in standing if _until(seen, entry)}
    standing |= {row.entry for row in seen.orders if row.state == "ordered"}
    for facts in seen.facts.values():
        answer = evaluate(facts, sector="transport", act="fly", on=seen.today, catalogue=catalogue())
        for verdict in answer.verdicts:
            if verdict.outcome is Outcome.RESTRICTED:
                assert verdict.measure_id and set(verdict.sources) <= standing, "I25"
                assert all(reason.citation.text.zh for reason in verdict.reasons), "I25"


def _until(seen: Seen, entry: str) -> bool:
    row = next(row for row in seen.listings if row.entry == entry)
    return row.until is None or seen.today <= row.until


def beyond_five_years_only_while_listed(seen: Seen) -> None:
    named = seen.named()
    for row in seen.listings:
        if row.published_on is not None and seen.today > add_months(row.published_on, 60) and row.entry in named:
            assert row.state == State.ACTIVE.value and _until(seen, row.entry), "I28"


def a_deadline_in_a_year_without_notice_is_provisional(seen: Seen) -> None:
    for made in seen.decisions:
        if made.due_on is not None:
            far = made.due_on.year > LAST_NOTICE
            assert made.due_provisional == far, f"I30: {made.kind} due {made.due_on}"
            assert made.due_on - made.settled_at.date() < timedelta(days=60) if made.settled_at else True
