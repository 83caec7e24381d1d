"""The worked examples that the rulebook shows: each question has exactly the measures that answer it."""

from __future__ import annotations

from datetime import date

import pytest

from punishment_rules.catalogue_types import CatalogueError
from punishment_rules.examples import Example, about, answer_to, holds
from punishment_rules.law import Outcome
from punishment_rules.load import catalogue, examples, load_examples

OF_THE_STUDY = {
    "1", "2", "4", "5", "7", "8", "10", "11", "13", "14", "16", "17", "19", "20", "22", "23", "25", "26", "28", "29",
    "31", "32", "34", "35", "37", "38",
}  # fmt: skip
"""Number 40 is about an incentive: test_incentives."""


def _name(example: Example) -> str:
    first = example.asked[0]
    return f"{example.number or first.measures[0]}-{first.on}"


@pytest.mark.parametrize("example", examples(), ids=_name)
def test_exactly_these_measures_answer(example: Example) -> None:
    wrong = [asked for asked in example.asked if not holds(answer_to(example, asked, catalogue()), asked)]
    assert wrong == []


def test_the_examples_of_the_study_are_all_here() -> None:
    assert {example.number for example in examples() if example.number} == OF_THE_STUDY


def test_every_measure_has_an_example_that_binds_and_one_that_does_not() -> None:
    """Practice without a rule and advice bind nobody: there the other side is what a person is shown."""
    for measure in catalogue().measures:
        said = {asked.expected(measure) for _, asked in about(measure, examples())}
        assert Outcome.CLEAR in said and len(said) > 1, measure


def test_the_customs_order_changed_and_the_answer_follows() -> None:
    version = catalogue().measures["cus-aeo-bar"].versions[-1]
    for day, document in ((date(2026, 3, 31), "CUS251"), (date(2026, 4, 1), "CUS282")):
        alive = {clause.document_id for clause in version.clauses if clause.in_force(day)}
        assert alive & {"CUS251", "CUS282"} == {document}


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('ask = [{ sector = "transport", act = "levitate", day = 2026-06-10 }]', "levitate"),
        ('ask = [{ sector = "transport", act = "fly", day = 2026-06-10, restricted = ["proc-supplier-bar"] }]', "does not bind"),
        ('ask = [{ sector = "transport", act = "fly", restricted = ["travel-air"] }]', "day is missing"),
        ("ask = []", "asks nothing"),
    ],
)  # fmt: skip
def test_an_example_about_nothing_is_refused_with_its_line(tmp_path_factory, line: str, problem: str) -> None:  # type: ignore[no-untyped-def]
    folder = tmp_path_factory.mktemp("examples")
    good = 'ask = [{ sector = "transport", act = "fly", day = 2026-06-10 }]'
    rows = [f'[[example]]\nzh = "甲"\nen = "A"\ngiven = {{}}\n{last}\n' for last in (good, line)]
    (folder / "a.toml").write_text("".join(rows), encoding="utf-8")
    with pytest.raises(CatalogueError, match=problem) as caught:
        load_examples(folder, catalogue())
    assert caught.value.line == 10
