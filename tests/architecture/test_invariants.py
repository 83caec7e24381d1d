"""What the law wants the house never to break, I01 to I32: each is held by a test that exists, and none is forgotten."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
WALK = "register/test_walk.py::test_the_law_holds_whatever_officers_do"
HELD_BY: dict[str, tuple[str, ...]] = {
    "I01": (WALK, "register/test_policy.py::test_no_minor_is_ever_listed"),
    "I02": (WALK, "register/test_policy.py::test_more_bars_never_open_a_way"),
    "I03": (WALK, "register/test_beginnings.py::test_officers_are_marked_and_released_by_the_court"),
    "I04": (WALK, "register/test_beginnings.py::test_article_6_is_complete_or_nothing_is_decided"),
    "I05": (WALK, "register/test_policy.py::test_a_term_stands_if_and_only_if_the_ground_carries_one"),
    "I06": (WALK, "register/test_policy.py::test_article_ten_never_removes_a_termed_listing_by_itself"),
    "I07": (WALK, "register/test_beginnings.py::test_grace_hides_a_listing_and_ends_by_a_persons_word"),
    "I08": (WALK, "sync/test_feed_sequencer.py::test_a_removal_destroys_the_salt"),
    "I09": (WALK, "sync/test_feed_sequencer.py::test_facts_of_one_entry_keep_their_order_and_revisions_rise_by_one"),
    "I10": (WALK,),
    "I11": (WALK, "register/test_circumstances.py::test_performance_is_proposed_the_same_moment_for_listing_and_order"),
    "I12": (WALK, "register/test_beginnings.py::test_no_second_listing_on_the_same_applicants_wish_within_six_months"),
    "I13": (WALK, "register/test_beginnings.py::test_no_second_listing_on_the_same_applicants_wish_within_six_months"),
    "I14": (WALK, "register/test_marks_and_reliefs.py::test_a_dispute_annotates_and_hides_nothing"),
    "I15": (WALK, "register/test_decisions.py::test_only_the_listing_court_or_one_above_decides"),
    "I16": (
        WALK,
        "register/test_circumstances.py::test_what_the_law_makes_of_a_circumstance",
    ),
    "I17": (
        WALK,
        "register/test_circumstances.py::test_what_the_law_makes_of_a_circumstance",
    ),
    "I18": (
        WALK,
        "register/test_invariants.py::test_what_was_revoked_is_no_history",
    ),
    "I19": (
        WALK,
        "sync/test_feed_sequencer.py::test_each_stream_carries_its_kinds_and_fields",
        "sync/test_removal_proof.py::test_both_verifiers_follow_it_from_open_to_complete",
    ),
    "I20": (
        WALK,
        "sync/test_feed_sequencer.py::test_an_exit_overtakes_the_backlog",
        "sync/test_feed_sequencer.py::test_an_exit_cancels_what_was_never_numbered",
    ),
    "I21": (
        WALK,
        "sync/test_feed_sequencer.py::test_no_identity_number_stands_in_any_event",
        "register/test_beginnings.py::test_people_of_one_name_are_shown_and_never_merged",
    ),
    "I22": (WALK, "register/test_policy.py::test_an_extension_is_never_automatic"),
    "I23": (WALK, "access/test_journals.py::test_a_change_or_a_hole_is_named"),
    "I24": ("access/test_journals.py::test_a_person_sees_who_looked_and_nobody_else",),
    "I25": (
        WALK,
        "rules/test_ceiling.py::test_exactly_these_rows_are_automatic",
    ),
    "I26": (WALK, "register/test_beginnings.py::test_an_order_is_issued_beside_and_told_at_once"),
    "I27": (
        WALK,
        "register/test_marks_and_reliefs.py::test_no_relief_is_automatic_and_a_temporary_one_is_a_month_at_most",
    ),
    "I28": (
        WALK,
        "register/test_invariants.py::test_disclosure_outlives_five_years_only_while_listed",
    ),
    "I29": ("performing/test_policy.py::test_nobody_is_on_both_lists_nor_listed_unheard",),
    "I30": (
        WALK,
        "kernel/test_calendars.py::test_a_deadline_by_the_real_notice_lies_in_the_provisional_bounds",
        "register/test_circumstances.py::test_a_loaded_calendar_moves_open_deadlines_and_keeps_both_days",
    ),
    "I31": (WALK, "register/test_beginnings.py::test_what_is_not_public_is_on_no_stream_and_in_no_check"),
    "I32": (WALK,),
}


def _tests_of(path: str) -> set[str]:
    file = TESTS / path
    if not file.is_file():
        return set()
    return {node.name for node in ast.parse(file.read_text("utf-8")).body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("name", [f"I{number:02}" for number in range(1, 33)])
def test_it_is_held(name: str) -> None:
    for named in HELD_BY[name]:
        path, _, function = named.partition("::")
        assert function in _tests_of(path), f"{name}: {named} is gone; say what holds it now"


def test_the_walk_checks_what_it_is_said_to() -> None:
    from tests.register.invariants import CHECKS

    assert set(CHECKS) == {name for name, tests in HELD_BY.items() if WALK in tests}
