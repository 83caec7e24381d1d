"""The law's own list of hard cases, by number: each with its outcome and its clause, none forgotten."""

from __future__ import annotations

import ast
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from creditsvc.kernel.load import packaged_calendar, timers
from creditsvc.kernel.timers import due
from creditsvc.register.answers import PolicyAnswer, Way
from creditsvc.register.circumstance_kinds import CircumstanceKind, Happened, Record, consequence
from creditsvc.register.circumstances import Recorded, record
from creditsvc.register.court_rules import LAW_ALONE
from creditsvc.register.life import State
from creditsvc.register.reliefs import ReliefAsked, relief_answer
from creditsvc.register.starting import grace_answer, publication_answer
from creditsvc.register.tables import Decision, Listing
from creditsvc.services import Services
from punishment_rules.facts import ReliefKind
from tests.register.test_beginnings import about, rows
from tests.register.test_policy import answered
from tests.register.world import CLERK, DAY, JUDGE, add_listing, decided, resident, unit
from tests.support.apps import NOON

HERE = Path(__file__)
CASES: list[dict[str, Any]] = yaml.safe_load(HERE.with_name("law_cases.yaml").read_text("utf-8"))
NUMBERS = {1, 2, 4, 5, 7, 8, 10, 11, 13, 14, 16, 17, 19, 20, 22, 23, 25, 26, 28, 29, 31, 32, 34, 35, 37, 38, 40, 41, 43, 44, 46, 47,
           49, 50, 52, 53, 55, 56, 58, 59, 61, 62, 64, 65, 67, 68, 70, *(f"D{n}" for n in (1, 3, 5, 7, 9, 11, 12, 13, 15))}  # fmt: skip
ROOMS = {"repair"}
"""Rooms that hold a case in tests of their own names."""
CALENDAR = packaged_calendar()
ASKED = [case for case in CASES if "ask" in case]


def _policy(case: dict[str, Any]) -> tuple[Way, tuple[PolicyAnswer, ...]]:
    return answered({"born": date(1980, 1, 1), **case})


def _grace(case: dict[str, Any]) -> tuple[Way, tuple[PolicyAnswer, ...]]:
    one = grace_answer(
        from_day=case["from_day"],
        to_day=case["to_day"],
        decided_on=DAY,
        earlier=case.get("earlier", 0),
        rule=LAW_ALONE,
        at_least=case.get("at_least", 0),
    )
    return one.way, (one,)


def _publication(case: dict[str, Any]) -> tuple[Way, tuple[PolicyAnswer, ...]]:
    one = publication_answer(
        on=DAY, grace_until=case["grace_until"], performed=case["performed"], until=None, entered_on=DAY,
        decided_on=date(2026, 8, 23), grace_first=case.get("grace_first", 0),
    )  # fmt: skip
    return one.way, (one,)


def _relief(case: dict[str, Any]) -> tuple[Way, tuple[PolicyAnswer, ...]]:
    one = relief_answer(
        ReliefAsked(ReliefKind.TEMPORARY_LIFT, case["from_day"], case["to_day"], DAY, undertaking=True,
                    abused_before=case.get("abused_before", False), measures=tuple(case.get("measures", ())))
    )  # fmt: skip
    return one.way, (one,)


ANSWERS: dict[str, Callable[[dict[str, Any]], tuple[Way, tuple[PolicyAnswer, ...]]]] = {
    "listing": _policy, "term": _policy, "exit": _policy, "extension": _policy, "grace": _grace, "publication": _publication,
    "relief": _relief,
}  # fmt: skip


@pytest.mark.parametrize(
    "case", [case for case in ASKED if case["ask"] in ANSWERS], ids=lambda case: f"{case['case']} {case['what']}"
)
def test_answer(case: dict[str, Any]) -> None:
    way, reasons = ANSWERS[case["ask"]](case)
    assert way is Way(case["way"]), reasons
    reason = next(reason for reason in reasons if reason.code == case["code"])
    assert reason.clause.endswith(case["clause"])


@pytest.mark.parametrize(
    "case", [case for case in ASKED if case["ask"] == "happened"], ids=lambda case: f"{case['case']} {case['what']}"
)
def test_consequence(case: dict[str, Any]) -> None:
    state = State(case.get("state", "active"))
    before = [
        Happened(CircumstanceKind(kind), DAY - timedelta(days=9 - n)) for n, kind in enumerate(case.get("before", ()))
    ]
    found = consequence(
        Record(True, case.get("termed", False), state), Happened(CircumstanceKind(case["kind"]), DAY), before
    )
    assert found.effect == case["effect"]
    assert found.ground == case.get("ground", found.ground) and found.clause.endswith(case["clause"])


@pytest.mark.parametrize(
    "case", [case for case in ASKED if case["ask"] == "deadline"], ids=lambda case: f"{case['case']} {case['what']}"
)
def test_deadline(case: dict[str, Any]) -> None:
    timer = timers()[case["timer"]]
    found = due(timer, case["start"], CALENDAR)
    assert (found.day, found.provisional) == (case["day"], case.get("provisional", False))
    assert timer.basis.endswith(case["clause"])


def test_every_case_is_there_and_what_holds_it_exists() -> None:
    assert {case["case"] for case in CASES} == NUMBERS
    for case in CASES:
        assert ("ask" in case) + ("held_by" in case) + ("elsewhere" in case) == 1, case
        named = case.get("held_by") or case.get("elsewhere")
        if named and named not in ROOMS:
            path, _, name = named.partition("::")
            file = HERE.parent / path if "held_by" in case else HERE.parents[1] / path
            assert name in {
                node.name for node in ast.parse(file.read_text("utf-8")).body if isinstance(node, ast.FunctionDef)
            }, case


def test_a_request_alone_removes_nothing(services: Services) -> None:
    """Case 37: an applicant's wish is no circumstance; the court's agreement is, and two people sign the removal."""
    assert not {kind for kind in CircumstanceKind if "ask" in kind.value or "request" in kind.value}
    entry = add_listing(services, applicants=["李乙", "孙丁"])
    what = Recorded(entry, CircumstanceKind.APPLICANT_AGREED, DAY, DAY, "同意 1", "经审查同意")
    with services.database.writing() as session:
        record(session, what, caller=CLERK, now=NOON)
    assert [row.state for row in rows(services, Listing)] == ["active"]
    assert [(row.kind, row.state) for row in rows(services, Decision)] == [("remove_listing", "proposed")]


def test_a_stay_of_one_debtor_leaves_the_other(services: Services) -> None:
    """Case 40: bankruptcy of the company; the guarantor of the same case stays listed."""
    case = "（2026）豫0105执400号"
    firm, guarantor = (
        add_listing(services, unit(40), case_number=case),
        add_listing(services, resident(41), case_number=case),
    )
    what = Recorded(firm, CircumstanceKind.BANKRUPTCY_STAY, DAY, DAY, "裁定 1", "裁定中止对该公司的执行")
    with services.database.writing() as session:
        record(session, what, caller=CLERK, now=NOON)
    assert [row.entry for row in rows(services, Decision)] == [firm] and guarantor != firm


def test_a_rename_is_a_correction(services: Services) -> None:
    """Case 59: the same entry under the new name; nobody else is matched by it."""
    entry = add_listing(services, unit(42), name="旧名有限公司")
    decided(services, about(entry, "correct_listing", name="新名有限公司"), JUDGE)
    (row,) = rows(services, Listing)
    assert (row.entry, row.name, row.state, row.revision) == (entry, "新名有限公司", "active", 2)
