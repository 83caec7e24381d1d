"""The frame around every page: headers, language, health, journal, API document, vendored parts."""

from __future__ import annotations

import gzip
import json
import re
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from flask.testing import FlaskClient
from openapi_spec_validator import validate

from creditsvc.access.permissions import Permission, StaffRole
from creditsvc.app import create_app
from creditsvc.feature import Feature
from creditsvc.kernel.text import Bilingual
from creditsvc.ports import Freshness
from creditsvc.services import Services
from creditsvc.web.headers import POLICY
from creditsvc.web.language import day, in_language, instant
from tests.support.apps import NOON
from tests.support.people import PASSWORD, key_header, post_form, staff_browser
from tests.web.probes import SECRET

STATIC = Path(__file__).parents[2] / "creditsvc" / "web" / "static"
PAGES = ("/sign-in", "/help", "/accessibility", "/docs", "/components", "/nowhere")


@pytest.mark.parametrize("path", [*PAGES, "/healthz", "/v1/nowhere", "/probe/raise/crash"])
def test_every_answer_has_careful_headers(client: FlaskClient, path: str) -> None:
    headers = client.get(path).headers
    assert headers["Content-Security-Policy"] == POLICY
    assert "unsafe" not in POLICY and "frame-ancestors 'none'" in POLICY and "default-src 'none'" in POLICY
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_pages_fetch_nothing_foreign_and_hold_nothing_inline(client: FlaskClient, path: str, lang: str) -> None:
    page = client.get(f"{path}?lang={lang}").get_data(as_text=True)
    assert re.findall(r'(?:src|href)="(?!/|#)[^"]*"', page) == []
    assert re.findall(r"<style|<script(?![^>]*src=)|\sstyle=|\son[a-z]+=", page) == []
    for asset in re.findall(r'(?:src|href)="(/static/[^"]+)"', page):
        with client.get(asset) as answer:
            assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "public, max-age=86400"), asset


def test_vendored_files_fetch_nothing_and_come_with_their_licence() -> None:
    folder = STATIC / "vendor" / "govuk-frontend"
    css = (folder / "govuk-frontend.min.css").read_text("utf-8")
    assert "@font-face" not in css and "url(" not in css.replace('url("data:', "") and "/assets" not in css
    assert "url(" not in (STATIC / "service.css").read_text("utf-8")
    assert "MIT License" in (folder / "LICENSE.txt").read_text("utf-8")


def test_the_language_is_chosen_and_remembered(client: FlaskClient) -> None:
    first = client.get("/sign-in")
    assert 'lang="zh-CN"' in first.get_data(as_text=True) and "工作人员登录" in first.get_data(as_text=True)
    assert "Staff sign-in" in client.get("/sign-in?lang=en&next=/account").get_data(as_text=True)
    kept = client.get("/sign-in")
    assert kept.headers["Content-Language"] == "en"
    assert 'html lang="en"' in kept.get_data(as_text=True)
    assert not re.search("[\u4e00-\u9fff]", re.sub(r"中文|信</span>", "", kept.get_data(as_text=True)))
    assert "工作人员登录" in client.get("/sign-in?lang=zh").get_data(as_text=True)
    assert client.get("/sign-in?lang=xx").status_code == 200


def test_days_and_instants_are_beijings(app: Flask) -> None:
    late = datetime(2026, 11, 24, 17, 30, tzinfo=ZoneInfo("UTC"))
    with app.test_request_context("/"):
        assert (day(date(2026, 1, 2)), day(late), instant(late)) == (
            "2026年1月2日",
            "2026年11月25日",
            "2026年11月25日 01:30",
        )
        assert in_language(Bilingual("是", "yes")) == "是"
    with app.test_request_context("/?lang=en"):
        assert (day(date(2026, 1, 2)), instant(late)) == ("2 January 2026", "25 November 2026 01:30")
        assert in_language(Bilingual("是", "yes")) == "yes"


def test_names_are_shown_as_text(app: Flask, services: Services) -> None:
    client = staff_browser(app, services, StaffRole.CLERK)
    with services.database.writing() as session:
        from creditsvc.access.tables import Account

        session.query(Account).one().name = "<script>alert(1)</script>"
    page = client.get("/account").get_data(as_text=True)
    assert "<script>alert" not in page and "&lt;script&gt;alert" in page


def test_the_gallery_is_closed_where_real_people_are(services: Services, app: Flask) -> None:
    from dataclasses import replace

    assert app.test_client().get("/components").status_code == 200
    real = replace(services.settings, demo=False, argon2="standard", allow_test_settings=False)
    client = create_app(replace(services, settings=real), []).test_client()
    assert client.get("/components").status_code == 404
    assert "演示数据" not in client.get("/sign-in").get_data(as_text=True)
    assert "演示数据" in app.test_client().get("/sign-in").get_data(as_text=True)


def test_alive_ready_and_not_ready(app: Flask, services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    client = app.test_client()
    assert client.get("/healthz").get_json() == {"status": "alive"}
    assert client.get("/readyz").get_json()["databases"] == {"register": True, "keys": True}
    from sqlalchemy.exc import OperationalError

    def down() -> None:
        raise OperationalError("x", {}, Exception("down"))

    monkeypatch.setattr(type(services.keys), "reading", lambda self: down())
    answer = client.get("/readyz")
    assert (answer.status_code, answer.get_json()["databases"]["keys"]) == (503, False)
    assert client.get("/healthz").status_code == 200


@pytest.mark.parametrize(
    ("age", "status"), [(timedelta(days=7), 200), (timedelta(days=7, seconds=1), 503), (None, 503)]
)
def test_fresh_is_what_the_features_say(services: Services, age: timedelta | None, status: int) -> None:
    newest = None if age is None else NOON - age
    feature = Feature(
        "f", ports={"fresh/batch": lambda session, settings: Freshness("batch", newest, timedelta(days=7))}
    )
    answer = create_app(services, [feature]).test_client().get("/freshz")
    assert answer.status_code == status
    assert answer.get_json()["watched"][0]["name"] == "batch"


def test_figures_are_for_this_machine_and_for_operators(app: Flask, services: Services) -> None:
    client = app.test_client()
    client.get("/sign-in")
    text = client.get("/metrics").get_data(as_text=True)
    assert 'creditsvc_requests_total{method="GET",rule="/sign-in",status="200"} 1.0' in text
    assert client.get("/metrics", environ_base={"REMOTE_ADDR": "203.0.113.9"}).status_code == 403
    assert client.get("/metrics", headers={"X-Forwarded-For": "203.0.113.9"}).status_code == 403
    assert staff_browser(app, services, StaffRole.CLERK).get("/metrics").status_code == 403
    assert staff_browser(app, services, StaffRole.OPERATOR).get("/metrics").status_code == 200


def test_the_journal_holds_no_personal_data(app: Flask, services: Services, capsys: pytest.CaptureFixture[str]) -> None:
    client = staff_browser(app, services, StaffRole.AGENCY, "journal-user", unit="某单位")
    client.get(f"/sign-in?next={SECRET}")
    client.get(f"/nowhere/{SECRET}")
    client.get(f"/v1/probe/raise/{SECRET}")
    post_form(app.test_client(), "/sign-in", {"username": SECRET, "password": SECRET})
    header = key_header(services, Permission.CHECK_ASK)
    client.post("/v1/probe", json={"name": SECRET}, headers=header)
    client.get("/probe/raise/crash")
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {line["event"] for line in lines} == {"request", "failure"}
    text = json.dumps(lines, ensure_ascii=False)
    for secret in (SECRET, PASSWORD, "journal-user", "测试人员", "某单位", header["Authorization"].split("_", 2)[2]):
        assert secret not in text, secret
    assert {line["actor"] for line in lines if line["event"] == "request"} >= {"anonymous:-"}
    metrics = app.test_client().get("/metrics").get_data(as_text=True)
    assert SECRET not in metrics and "某单位" not in metrics


def test_the_document_is_valid_and_says_how_errors_come(client: FlaskClient) -> None:
    document = client.get("/openapi.json").get_json()
    validate(document)
    assert document["openapi"] == "3.1.0"
    operation = document["paths"]["/v1/probe"]["post"]
    wrong = operation["responses"]["422"]
    found = document["components"]["responses"][wrong["$ref"].rsplit("/", 1)[1]]
    assert list(found["content"]) == ["application/problem+json"]
    body = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rsplit("/", 1)[1]
    assert document["components"]["schemas"][body]["additionalProperties"] is False


def test_the_readable_document_names_every_operation(client: FlaskClient) -> None:
    page = client.get("/docs").get_data(as_text=True)
    for path, item in client.get("/openapi.json").get_json()["paths"].items():
        assert f"<code>{path}</code>" in page
        assert all(f">{method.upper()}<" in page for method in item if method != "parameters")
    assert "string" in page and "application/problem+json" in page


def test_a_body_that_is_not_understood_is_explained(app: Flask, services: Services) -> None:
    client, header = app.test_client(), key_header(services, Permission.CHECK_ASK)
    answer = client.post("/v1/probe", json={"name": "too long a name", "stranger": 1}, headers=header)
    body = answer.get_json()
    assert (answer.status_code, answer.mimetype, body["type"]) == (422, "application/problem+json", "invalid-input")
    assert {fault["field"]: fault["text"] for fault in body["errors"]} == {
        "name": "长度应为 1 至 5",
        "stranger": "没有这个字段，请删去",
    }
    assert "too long" not in answer.get_data(as_text=True)
    broken = client.post("/v1/probe", data="{", content_type="application/json", headers=header)
    assert broken.status_code in {400, 422}
    assert broken.mimetype == "application/problem+json"


def test_styles_go_out_small_and_pages_do_not(client: FlaskClient) -> None:
    style = "/static/vendor/govuk-frontend/govuk-frontend.min.css"
    with client.get(style, headers={"Accept-Encoding": "gzip"}) as packed, client.get(style) as plain:
        assert gzip.decompress(packed.data) == plain.data and len(packed.data) * 5 < len(plain.data)
        assert packed.headers["Vary"] == plain.headers["Vary"] == "Accept-Encoding"
    with client.get(style, headers={"Accept-Encoding": "gzip", "If-None-Match": packed.headers["ETag"]}) as again:
        assert again.status_code == 304
    page = client.get("/sign-in", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in page.headers, "a token's length would tell"
