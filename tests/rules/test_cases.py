"""Each measure on both sides of each of its dates and conditions, from the case files."""

from __future__ import annotations

import re
from collections import Counter, defaultdict

import pytest

from punishment_rules.catalogue_types import ALL_REGULATORS
from punishment_rules.evaluate import evaluate, sectors
from punishment_rules.law import Outcome, Verdict
from punishment_rules.load import catalogue, incentives
from tests.rules.casebook import Case, cases, sector_files

CASES = list(cases())
NAMED_BY_THE_DECISION = {
    "公安", "民政", "人力资源社会保障", "自然资源", "住房城乡建设", "交通运输",
    "农业农村", "市场监管", "税务", "金融监管", "通信管理",
}  # fmt: skip


def verdict_of(case: Case) -> Verdict | None:
    """The verdict on the measure that the case is about; None if no fact was there at all."""
    answer = evaluate(case.facts, sector=case.sector, act=case.act, on=case.on, catalogue=catalogue())
    return next((one for one in answer.verdicts if one.measure_id == case.measure), None)


@pytest.mark.parametrize("measure", sorted(catalogue().measures))
def test_each_case_has_the_outcome_the_lawyer_wrote(measure: str) -> None:
    mine = [case for case in CASES if case.measure == measure]
    outcomes = [(case.name, str(case.on), verdict_of(case)) for case in mine]
    found = [(name, on, verdict.outcome.value if verdict else "none") for name, on, verdict in outcomes]
    assert found == [(case.name, str(case.on), case.expect.value) for case in mine]


def test_each_case_names_a_clause_of_its_measure() -> None:
    for case in CASES:
        clauses = {c.text.zh for version in catalogue().measures[case.measure].versions for c in version.clauses}
        assert case.clause in clauses, case


def test_a_paragraph_and_an_item_are_named_as_the_law_names_them() -> None:
    """第三条第一款第一项: two bare numbers in brackets are read by nobody."""
    cited = [c.article for measure in catalogue().measures.values() for v in measure.versions for c in v.clauses]
    cited += [c.article for row in incentives().rows.values() for c in row.clauses]
    assert [article for article in cited if re.search("条（.+?）（", article)] == []


def test_each_measure_has_cases_on_both_sides() -> None:
    seen: defaultdict[str, set[bool]] = defaultdict(set)
    for case in CASES:
        seen[case.measure].add(case.expect is Outcome.CLEAR)
    assert {measure for measure, sides in seen.items() if sides == {True, False}} == set(catalogue().measures)


def test_no_row_is_ever_lost() -> None:
    assert len(catalogue().measures) == 135
    assert len(incentives().rows) == 34
    assert Counter(row.scope.value for row in incentives().rows.values()) == {
        "elsewhere": 13,
        "henan": 14,
        "national": 7,
    }


def test_every_sector_of_the_decision_is_there_with_cases() -> None:
    named = {sector.label.zh for sector in sectors(catalogue()) if sector.named_by_decision}
    assert named == NAMED_BY_THE_DECISION
    assert sector_files() == sorted(f"{sector.id}.yaml" for sector in sectors(catalogue()))
    assert catalogue().sectors[ALL_REGULATORS].acts


def test_every_row_says_what_it_needs_in_both_languages() -> None:
    for measure in catalogue().measures.values():
        assert all(version.clauses for version in measure.versions)
        assert len({measure.staff.zh, measure.person.zh}) == 2
        assert measure.title.zh in measure.staff.zh
