"""What follows from performing: 21 rows are answered, 13 from elsewhere are only shown."""

from __future__ import annotations

from datetime import date

import pytest

from punishment_rules.incentive_types import Merit, Scope
from punishment_rules.incentives import Grant, IncentiveAnswer, for_performer
from punishment_rules.law import DebtorKind, Role
from punishment_rules.load import incentives

TODAY = date(2026, 11, 24)


def ask(*merits: Merit, on: date = TODAY, **more: object) -> dict[str, IncentiveAnswer]:
    found = for_performer(merits, kind=DebtorKind.PERSON, on=on, book=incentives(), **more)  # type: ignore[arg-type]
    return {answer.incentive.id: answer for answer in found}


def test_all_rows_are_answered_and_only_thirteen_are_examples() -> None:
    every = {
        answer.incentive.id: answer.grant
        for kind in DebtorKind
        for answer in for_performer(
            list(Merit), kind=kind, on=TODAY, book=incentives(), roles=(Role.LEGAL_REPRESENTATIVE,)
        )
    }
    assert set(every) == set(incentives().rows)
    examples = {row for row, grant in every.items() if grant is Grant.EXAMPLE}
    assert examples == {row.id for row in incentives().rows.values() if row.scope is Scope.ELSEWHERE}
    assert len(examples) == 13


def test_case_40_performed_before_listing() -> None:
    answers = ask(Merit.VOLUNTARY_PERFORMANCE)
    certificate = answers["auto-performance-certificate"]
    assert certificate.grant is Grant.OPEN
    assert certificate.citation.document_id == "HNDEC"
    assert "申请执行人确认" in certificate.evidence.zh
    assert "hn-licence-priority" not in answers


def test_good_credit_benefits_only_from_a_good_credit_list() -> None:
    assert ask(Merit.GOOD_CREDIT_LIST)["hn-licence-priority"].grant is Grant.DUE
    assert "hn-licence-priority" not in ask(Merit.GOOD_CREDIT_LIST, listed=True)


def test_a_row_begins_with_its_clause() -> None:
    assert "hn-licence-priority" not in ask(Merit.GOOD_CREDIT_LIST, on=date(2020, 4, 30))
    assert "hn-licence-priority" in ask(Merit.GOOD_CREDIT_LIST, on=date(2020, 5, 1))
    assert ask(Merit.REPAIR_COMPLETED, on=date(2026, 3, 31))["synchronised-repair"].citation.document_id == "XFFA"
    assert ask(Merit.REPAIR_COMPLETED, on=date(2026, 4, 1))["synchronised-repair"].citation.document_id == "XF36"


@pytest.mark.parametrize(("roles", "there"), [((Role.ACTUAL_CONTROLLER,), True), ((), False)])
def test_private_spending_is_for_officers_of_a_bound_unit(roles: tuple[Role, ...], there: bool) -> None:
    assert ("private-consumption-approval" in ask(Merit.APPLICATION, roles=roles)) is there


def test_a_sector_sees_its_own_rows_and_those_of_all() -> None:
    sectors = {answer.incentive.sector for answer in ask(Merit.GOOD_CREDIT_LIST, sector="finance").values()}
    assert sectors == {"finance", "all_regulators"}


def test_what_is_due_comes_first() -> None:
    grants = [answer.grant for answer in ask(*Merit).values()]
    assert grants == sorted(grants, key=list(Grant).index)


def test_what_the_court_must_decide_in_the_case_is_never_due_by_itself() -> None:
    """Permission to spend one's own money is mandatory once the court finds the property personal; it has to find so first."""
    answer = ask(Merit.APPLICATION, roles=(Role.ACTUAL_CONTROLLER,))["private-consumption-approval"]
    assert answer.incentive.separate_decision
    assert answer.grant is Grant.OPEN
