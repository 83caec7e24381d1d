"""The rulebook as programs read it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from creditsvc.app import create_app
from creditsvc.checks.rulebook import row_on
from creditsvc.checks.rulebook_said import examples_said, incentives_said, measure_said, row_said, sector_said
from creditsvc.services import Services
from punishment_rules.load import catalogue, examples, incentives
from punishment_rules.overlay import NONE
from wsgi import features


def test_sectors_with_their_acts(client: FlaskClient) -> None:
    said = client.get("/v1/sectors").get_json()
    rows = {row["sector"]: row for row in said["rows"]}
    assert said["catalogue"] == catalogue().edition
    assert sum(row["named_by_decision"] for row in rows.values()) == 11
    acts = {act["act"]: act for act in rows["transport"]["acts"]}
    assert acts["fly"]["protected"] is None
    assert "日常出行" in acts["ordinary_travel"]["protected"]["zh"]


def test_measures_as_of_a_day(client: FlaskClient) -> None:
    def ids(query: str) -> set[str]:
        return {row["measure"] for row in client.get(f"/v1/measures{query}").get_json()["rows"]}

    assert ids("") == set(catalogue().measures)
    assert ids("?on=2013-10-01") < ids("?on=2016-10-01") < ids("")
    assert "travel-air" in ids("?act=fly") and len(ids("?act=fly")) == 1


def test_one_measure_whole(client: FlaskClient) -> None:
    said = client.get("/v1/measures/hn-licensing-key-review").get_json()
    row = said["row"]
    assert row["on_day"]["applied"] == "officer"
    assert any("names this list" in why["en"] for why in row["on_day"]["why"])
    assert [period["from"] for period in row["history"]] == ["2013-10-01", "2020-05-01"]
    assert row["history"][0]["applied"] is None and row["history"][1]["clauses"][0]["level"] == "local_regulation"
    assert {example["outcome"] for example in said["examples"]} == {"clear", "needs_officer"}
    assert all(example["holds"] and example["facts"] and example["trace"] for example in said["examples"])


def test_the_document_of_the_api_knows_every_field(client: FlaskClient) -> None:
    """A shape that forgot a field would drop it without a word."""
    rules, on = catalogue(), date(2026, 11, 24)
    rows = {row["measure"]: row for row in client.get("/v1/measures").get_json()["rows"]}
    for measure in rules.measures.values():
        row = row_on(measure, on)
        assert row is not None and rows[measure.id] == row_said(row)
    whole = client.get("/v1/measures/travel-air").get_json()
    measure = rules.measures["travel-air"]
    assert whole["row"] == measure_said(measure, row_on(measure, on), rules, NONE)
    assert whole["examples"] == examples_said("travel-air", examples(), rules)
    assert client.get("/v1/incentives").get_json()["rows"] == incentives_said(incentives())
    said = [sector_said(sector, rules) for sector in rules.sectors.values()]
    assert client.get("/v1/sectors").get_json()["rows"] == said


def test_what_changed_between_two_days(client: FlaskClient) -> None:
    rows = client.get("/v1/measures/changes?from=2024-06-30&to=2024-07-01").get_json()["rows"]
    found = {row["measure"]: row for row in rows}
    assert found["mr-director-bar"]["change"] == "reworded"
    assert "第一百七十八条" in found["mr-director-bar"]["clauses_after"][0]["zh"]


def test_incentives_21_answered_13_shown(client: FlaskClient) -> None:
    rows = client.get("/v1/incentives").get_json()["rows"]
    assert [row["example_only"] for row in rows].count(False) == 21
    assert [row["example_only"] for row in rows].count(True) == 13
    assert {row["sector"] for row in client.get("/v1/incentives?sector=finance").get_json()["rows"]} == {"finance"}


@pytest.mark.parametrize(
    ("path", "status", "problem"),
    [
        ("/v1/measures?sector=x", 422, "sector-unknown"),
        ("/v1/measures?kind=dog", 422, "kind-unknown"),
        ("/v1/measures?on=2012-01-01", 422, "day-too-early"),
        ("/v1/measures?on=2026-13-01", 422, "day-shape"),
        ("/v1/measures/no-such", 404, "measure-unknown"),
        ("/v1/measures/changes?from=2024-06-30", 422, "invalid-input"),
        ("/v1/incentives?sector=x", 422, "sector-unknown"),
    ],
)
def test_bad_questions_are_named(client: FlaskClient, path: str, status: int, problem: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.get_json()["type"]) == (status, problem)


@pytest.fixture
def ruled(sqlite_services: Services, tmp_path: Path) -> tuple[Path, Flask]:
    """A house whose legal department has a file."""
    path = tmp_path / "overlay.toml"
    path.write_text(
        '[[row]]\nmeasure = "proc-supplier-bar"\nstance = "held"\nfrom = 2026-11-01\ndecided_on = 2026-10-28\n'
        'decided_by = "省司法厅法规处"\ndocument = "豫司法〔2026〕9号"\n',
        encoding="utf-8",
    )
    settings = replace(sqlite_services.settings, overlay_file=str(path))
    return path, create_app(replace(sqlite_services, settings=settings), features())


def test_the_legal_departments_decision_is_seen_at_once_and_in_the_history(ruled: tuple[Path, Flask]) -> None:
    path, app = ruled
    row = app.test_client().get("/v1/measures/proc-supplier-bar").get_json()["row"]
    assert row["on_day"]["applied"] == "officer"
    assert row["overlay"][0]["decided_by"] == "省司法厅法规处"
    assert [(one["from"], one["applied"]) for one in row["history"]][-2:] == [
        ("2016-09-25", "automatic"),
        ("2026-11-01", "officer"),
    ]
    assert "豫司法〔2026〕9号" in app.test_client().get("/rulebook/measures/proc-supplier-bar").text
    path.write_text("", encoding="utf-8")
    assert app.test_client().get("/v1/measures/proc-supplier-bar").get_json()["row"]["on_day"]["applied"] == "automatic"


@pytest.mark.parametrize("text", ["[[row]]\nmeasure = 1\n", "no toml", None])
def test_a_broken_decision_file_answers_try_again_and_never_restricts(
    ruled: tuple[Path, Flask], text: str | None
) -> None:
    path, app = ruled
    path.unlink() if text is None else path.write_text(text, encoding="utf-8")
    answer = app.test_client().get("/v1/measures")
    assert (answer.status_code, answer.get_json()["type"]) == (503, "overlay-broken")
