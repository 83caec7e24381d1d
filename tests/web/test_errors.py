"""Errors: one table, one voice; a problem document for programs, a page for people, nothing leaked."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from creditsvc.kernel import errors
from creditsvc.web.error_texts import TEXTS
from creditsvc.web.errors import STATUS, status_for
from creditsvc.web.validation import faults, in_chinese
from tests.web.probes import KINDS, SAID, SECRET

MAPPED = {name: STATUS[kind] for name, kind in KINDS.items() if kind in STATUS}


def test_every_kind_but_the_settings_is_in_the_table() -> None:
    assert set(KINDS) - set(MAPPED) == {"CreditServiceError", "SettingError"}
    assert all(status in TEXTS for status in MAPPED.values())


def test_a_kind_below_a_kind_has_its_parents_status() -> None:
    class Below(errors.Conflict):
        pass

    assert status_for(Below) == 409
    with pytest.raises(LookupError):
        status_for(errors.SettingError)


@pytest.mark.parametrize(("name", "status"), sorted(MAPPED.items()))
def test_a_program_gets_a_problem_document(client: FlaskClient, name: str, status: int) -> None:
    answer = client.get(f"/v1/probe/raise/{name}")
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    body = answer.get_json()
    assert body["type"] == KINDS[name].default_code
    assert (body["detail"], body["detail_en"], body["status"]) == (SAID.zh, SAID.en, status)
    assert body["title"] and body["title_en"]
    assert body["request_id"] == answer.headers["X-Request-ID"]
    assert answer.headers["Retry-After"] == "30"
    assert ("WWW-Authenticate" in answer.headers) == (status == 401)


@pytest.mark.parametrize(("name", "status"), sorted(MAPPED.items()))
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_person_gets_a_page_that_says_what_to_do(client: FlaskClient, name: str, status: int, lang: str) -> None:
    answer = client.get(f"/probe/raise/{name}?lang={lang}")
    page = answer.get_data(as_text=True)
    assert (answer.status_code, answer.mimetype) == (status, "text/html")
    for text in (SAID, TEXTS[status].title, TEXTS[status].advice):
        assert text.in_language(lang).replace("'", "&#39;") in page
    assert answer.headers["X-Request-ID"] in page


@pytest.mark.parametrize("path", ["/probe/raise/crash", "/v1/probe/raise/crash", "/probe/raise/SettingError"])
def test_a_crash_says_a_number_and_nothing_else(
    client: FlaskClient, path: str, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = client.get(path)
    text = answer.get_data(as_text=True)
    assert answer.status_code == 500
    assert answer.headers["X-Request-ID"] in text
    for leak in (SECRET, "Traceback", "RuntimeError", "parameters"):
        assert leak not in text
    journal = capsys.readouterr().out
    assert answer.headers["X-Request-ID"] in journal
    assert "probes.py" in journal
    assert SECRET not in journal


def test_a_crash_is_loud_in_tests(app: Flask) -> None:
    app.testing = True
    with pytest.raises(RuntimeError):
        app.test_client().get("/probe/raise/crash")


@pytest.mark.parametrize("path", ["/probe/raise/database", "/v1/probe/raise/database"])
def test_a_database_that_is_down_is_no_answer_about_anybody(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    text = answer.get_data(as_text=True)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
    assert "暂时无法查询不代表任何人受到限制" in text
    assert SECRET not in text


def test_an_unknown_address_and_a_wrong_method_are_ours_too(client: FlaskClient) -> None:
    assert client.get("/v1/nowhere").get_json()["type"] == "not-found"
    assert TEXTS[404].advice.zh in client.get("/nowhere").get_data(as_text=True)
    wrong = client.post("/v1/probe/raise/x")
    assert wrong.status_code == 405
    assert "GET" in wrong.headers["Allow"]
    assert wrong.mimetype == "application/problem+json"


def test_faults_are_flat_and_in_both_languages() -> None:
    nested = {"json": {"people": {"0": {"name": ["Missing data for required field."]}}, "x": ["Unknown field."]}}
    assert faults(nested) == [
        {"field": "people.0.name", "text": "缺少必填项", "text_en": "Missing data for required field."},
        {"field": "x", "text": "没有这个字段，请删去", "text_en": "Unknown field."},
    ]


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("Length must be between 1 and 5.", "长度应为 1 至 5"),
        ("Must be one of: a, b.", "应为下列之一：a, b"),
        ("Must be greater than or equal to 0.", "不得小于 0"),
        ("Something new.", "不符合要求"),
    ],
)
def test_known_messages_are_said_in_chinese(english: str, chinese: str) -> None:
    assert in_chinese(english) == chinese
