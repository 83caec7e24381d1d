"""No condition of any row is without its cases: each side of each, in the case file of the row's sector."""

from __future__ import annotations

from collections import defaultdict

import pytest

from punishment_rules.load import catalogue
from tests.rules.casebook import Case, cases
from tests.rules.conditions import Condition, conditions

BY_MEASURE: defaultdict[str, list[Case]] = defaultdict(list)
for _case in cases():
    BY_MEASURE[_case.measure].append(_case)


def shown(condition: Condition, mine: list[Case]) -> bool:
    return any(condition.met_by(case) for case in mine)


@pytest.mark.parametrize("measure", sorted(catalogue().measures))
def test_every_condition_has_a_case_on_either_side(measure: str) -> None:
    wanted = list(conditions(catalogue().measures[measure]))
    assert [one.name for one in wanted if not shown(one, BY_MEASURE[measure])] == []
    assert len(wanted) >= 4


def test_the_list_of_conditions_notices_a_missing_case() -> None:
    """Without the case on the last day of its term, the row on flights is incomplete."""
    fewer = [case for case in BY_MEASURE["travel-air"] if not any(one.until == case.on for one in case.facts.listings)]
    missing = [one.name for one in conditions(catalogue().measures["travel-air"]) if not shown(one, fewer)]
    assert missing == ["the last day of the term"]


def test_no_case_stands_twice() -> None:
    for measure, mine in BY_MEASURE.items():
        told = [(case.act, case.on, case.facts) for case in mine]
        assert len(told) == len(set(told)), measure
