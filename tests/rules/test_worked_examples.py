"""The worked examples that a lawyer wrote down, each question with exactly the measures that answer it."""

from __future__ import annotations

from typing import Any

import pytest

from punishment_rules.evaluate import evaluate
from punishment_rules.law import Outcome
from punishment_rules.load import catalogue
from tests.rules.casebook import facts, read

EXAMPLES = read("worked_examples.yaml")["examples"]
QUESTIONS = [(example, ask) for example in EXAMPLES for ask in example["ask"]]


def _name(value: dict[str, Any]) -> str:
    return f"{value['number']}" if "number" in value else f"{value['sector']}.{value['act']}-{value['day']}"


@pytest.mark.parametrize(("example", "ask"), QUESTIONS, ids=_name)
def test_exactly_these_measures_answer(example: dict[str, Any], ask: dict[str, Any]) -> None:
    answer = evaluate(
        facts(example["given"]), sector=ask["sector"], act=ask["act"], on=ask["day"], catalogue=catalogue()
    )
    found = {outcome: [one.measure_id for one in answer.of(outcome)] for outcome in Outcome}
    assert found[Outcome.RESTRICTED] == ask.get("restricted", [])
    assert found[Outcome.NEEDS_OFFICER] == ask.get("officer", [])
    cited = "".join(reason.citation.text.zh for verdict in answer.verdicts for reason in verdict.reasons)
    assert ask.get("clause", "") in cited
    if "document" in ask:
        version = catalogue().measures[ask["officer"][0]].version_on(ask["day"])
        assert version is not None
        alive = {clause.document_id for clause in version.clauses if clause.in_force(ask["day"])}
        assert alive & {"CUS251", "CUS282"} == {ask["document"]}


def test_the_examples_that_facts_can_tell_are_all_here() -> None:
    assert {example["number"] for example in EXAMPLES} == {
        1, 2, 4, 5, 7, 8, 10, 11, 13, 14, 16, 17, 19, 20, 22, 23, 25, 26, 28, 29, 31, 32, 34, 35, 37, 38,
    }  # fmt: skip
