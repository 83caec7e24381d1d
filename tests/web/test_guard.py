"""The gate: undeclared is refused, forged is refused, an ended session is nobody."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from creditsvc.access.accounts import disable
from creditsvc.access.feature import FEATURE
from creditsvc.access.permissions import Permission, StaffRole
from creditsvc.access.tables import Account
from creditsvc.app import create_app
from creditsvc.services import Services
from creditsvc.web.guard import STRANGERS_BODY
from tests.support.apps import NOON
from tests.support.people import (
    PASSWORD,
    TESTER,
    debtor_browser,
    key_header,
    make_staff,
    post_form,
    sign_in,
    staff_browser,
    token_in,
)
from tests.web.probes import probe_feature


def test_a_view_that_says_nothing_is_refused(app: Flask, services: Services) -> None:
    operator = staff_browser(app, services, StaffRole.OPERATOR)
    assert operator.get("/probe/forgotten").status_code == 403
    answer = app.test_client().delete("/v1/probe", headers=key_header(services, Permission.CHECK_ASK))
    assert (answer.status_code, answer.get_json()["type"]) == (403, "undeclared")


def test_a_stranger_is_led_to_the_right_door(client: FlaskClient) -> None:
    assert client.get("/desk/probe?a=1").headers["Location"] == "/sign-in?next=/desk/probe?a%3D1"
    assert client.get("/portal/probe").headers["Location"] == "/portal/sign-in"
    api = client.get("/v1/probe")
    assert (api.status_code, api.get_json()["type"]) == (401, "key-missing")
    assert api.headers["WWW-Authenticate"].startswith("Bearer")


def test_each_kind_of_caller_gets_only_its_own(app: Flask, services: Services) -> None:
    clerk = staff_browser(app, services, StaffRole.CLERK)
    agency = staff_browser(app, services, StaffRole.AGENCY)
    debtor = debtor_browser(app, services, "a" * 32)
    paths = ("/desk/probe", "/portal/probe", "/v1/probe")
    assert [clerk.get(path).status_code for path in paths] == [200, 403, 403]
    assert [agency.get(path).status_code for path in paths] == [403, 403, 200]
    assert [debtor.get(path).status_code for path in paths] == [403, 200, 403]
    assert debtor.get("/portal/probe").get_data(as_text=True) == "a" * 32
    assert debtor.get("/account").status_code == 404


def test_a_key_works_on_the_api_alone(app: Flask, services: Services) -> None:
    client, header = app.test_client(), key_header(services, Permission.CHECK_ASK)
    assert client.get("/v1/probe", headers=header).status_code == 200
    assert client.post("/v1/probe", headers=header, json={"name": "a"}).status_code == 200
    assert client.get("/desk/probe", headers=header).status_code == 303
    weak = key_header(services, Permission.STREAM_PULL)
    assert client.get("/v1/probe", headers=weak).status_code == 403
    for text in ("Bearer csk_1_" + "x" * 43, "Bearer", "Bearer ', 1"):
        answer = client.get("/v1/probe", headers={"Authorization": text})
        assert (answer.status_code, answer.get_json()["type"]) == (401, "key-wrong")


def test_a_wrong_key_is_not_rescued_by_a_session(app: Flask, services: Services) -> None:
    agency = staff_browser(app, services, StaffRole.AGENCY)
    assert agency.get("/v1/probe", headers={"Authorization": "Bearer nonsense"}).status_code == 401


@pytest.mark.parametrize("how", ["no token", "other session", "other visit", "origin", "null origin"])
def test_a_forged_form_changes_nothing(app: Flask, services: Services, how: str) -> None:
    clerk = staff_browser(app, services, StaffRole.CLERK)
    other = staff_browser(app, services, StaffRole.JUDGE)
    stranger = app.test_client()
    own = token_in(clerk.get("/account"))
    data, headers = {
        "no token": ({}, {}),
        "other session": ({"csrf_token": token_in(other.get("/account"))}, {}),
        "other visit": ({"csrf_token": token_in(stranger.get("/sign-in"))}, {}),
        "origin": ({"csrf_token": own}, {"Origin": "https://evil.example"}),
        "null origin": ({"csrf_token": own}, {"Origin": "null"}),
    }[how]
    refused = clerk.post("/probe/change", data=data, headers=headers)
    assert refused.status_code == 403
    assert "重新提交" in refused.get_data(as_text=True)
    assert clerk.post("/probe/change", data={"csrf_token": own}).get_data(as_text=True) == "changed"
    own_origin = {"Origin": "http://localhost"}
    assert clerk.post("/probe/change", data={"csrf_token": own}, headers=own_origin).status_code == 200


def test_the_api_takes_a_session_only_with_the_header(app: Flask, services: Services) -> None:
    agency = staff_browser(app, services, StaffRole.AGENCY)
    token = token_in(agency.get("/account"))
    assert agency.post("/v1/probe", json={"name": "a"}).status_code == 403
    assert agency.post("/v1/probe", json={"name": "a"}, headers={"X-CSRF-Token": token}).status_code == 200
    as_form = {"csrf_token": token, "name": "a"}
    assert agency.post("/v1/probe", data=as_form).status_code == 403
    plain = agency.post("/v1/probe", data='{"name":"a"}', content_type="text/plain")
    assert plain.status_code == 403


def test_a_public_calculator_needs_no_token(app: Flask, services: Services) -> None:
    assert app.test_client().post("/v1/probe/sum", json={"name": "a"}).status_code == 200
    assert app.test_client().post("/v1/probe", json={"name": "a"}).status_code == 401
    agency = staff_browser(app, services, StaffRole.AGENCY)
    assert agency.post("/v1/probe/sum", json={"name": "a"}).status_code == 403


def test_little_is_read_of_strangers(app: Flask, services: Services) -> None:
    big = {"csrf_token": "x", "name": "a" * (STRANGERS_BODY + 1)}
    answer = app.test_client().post("/sign-in", data=big)
    assert answer.status_code == 413
    assert "拆小" in answer.get_data(as_text=True)
    assert app.test_client().post("/v1/probe/sum", json=big).status_code == 413
    clerk = staff_browser(app, services, StaffRole.CLERK)
    data = {**big, "csrf_token": token_in(clerk.get("/account"))}
    assert clerk.post("/probe/change", data=data).status_code == 200


def test_sign_in_asks_for_the_visits_own_token(app: Flask, services: Services) -> None:
    make_staff(services, StaffRole.CLERK, "c1")
    mine, theirs = app.test_client(), app.test_client()
    token = token_in(theirs.get("/sign-in"))
    mine.get("/sign-in")
    data = {"username": "c1", "password": PASSWORD, "csrf_token": token}
    assert mine.post("/sign-in", data=data).status_code == 403
    assert theirs.post("/sign-in", data=data).status_code == 303


def test_a_session_cannot_be_fixed_ahead(app: Flask, services: Services) -> None:
    make_staff(services, StaffRole.CLERK, "c1")
    client = app.test_client()
    client.set_cookie("session", "planted-by-somebody-else")
    assert sign_in(client, "c1").status_code == 303
    first = client.get_cookie("session")
    assert first is not None and first.value != "planted-by-somebody-else"
    assert sign_in(app.test_client(), "c1").status_code == 303
    # signing in again in the same browser gives a new token and ends the old one
    post_form(client, "/sign-in", {"username": "c1", "password": PASSWORD}, page="/account")
    second = client.get_cookie("session")
    assert second is not None and second.value != first.value
    stale = app.test_client()
    stale.set_cookie("session", first.value)
    assert stale.get("/account").status_code == 303


@pytest.mark.parametrize("end", ["sign out", "idle", "disabled"])
def test_an_ended_session_is_turned_away_at_the_next_request(app: Flask, services: Services, end: str) -> None:
    client = staff_browser(app, services, StaffRole.CLERK, "c1")
    kept = client.get_cookie("session")
    assert kept is not None and client.get("/account").status_code == 200
    if end == "sign out":
        assert post_form(client, "/sign-out", page="/account").status_code == 303
    elif end == "idle":
        services.clock.set(NOON + timedelta(minutes=31))  # type: ignore[attr-defined]
    else:
        with services.database.writing() as session:
            account = session.query(Account).filter_by(username="c1").one()
            disable(session, account, caller=TESTER, now=NOON)
    again = app.test_client()
    again.set_cookie("session", kept.value)
    answer = again.get("/account")
    assert (answer.status_code, "over=1" in answer.headers["Location"]) == (303, True)


def test_use_keeps_a_session_alive(app: Flask, services: Services) -> None:
    client = staff_browser(app, services, StaffRole.CLERK)
    for minutes in range(20, 120, 20):
        services.clock.set(NOON + timedelta(minutes=minutes))  # type: ignore[attr-defined]
        assert client.get("/account").status_code == 200


def test_cookies_are_careful(app: Flask, services: Services) -> None:
    make_staff(services, StaffRole.CLERK, "c1")
    client = app.test_client()
    answer = sign_in(client, "c1")
    cookie = next(value for name, value in answer.headers if name == "Set-Cookie" and value.startswith("session="))
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Path=/" in cookie
    assert "Domain" not in cookie and "Secure" not in cookie


def test_behind_https_cookies_are_bound_to_the_host(services: Services) -> None:
    from dataclasses import replace

    from creditsvc.app import create_app

    secure = replace(services, settings=replace(services.settings, secure_cookies=True))
    client = create_app(secure, []).test_client()
    answer = client.get("/sign-in", base_url="https://localhost")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-visit=") and "Secure" in cookie
    assert answer.headers["Strict-Transport-Security"]


@pytest.mark.parametrize(("proxies", "counted"), [(0, "10.0.0.1"), (1, "203.0.113.7"), (2, "198.51.100.9")])
def test_whoever_asks_is_counted_and_not_the_proxy(services: Services, proxies: int, counted: str) -> None:
    """As many proxies are believed as are set; what the asker wrote into the header before them is not."""
    behind = replace(services, settings=replace(services.settings, trusted_proxies=proxies))
    client = create_app(behind, [FEATURE, probe_feature()]).test_client()
    header = {"X-Forwarded-For": "1.1.1.1, 198.51.100.9, 203.0.113.7"}
    assert client.get("/probe/address", headers=header, environ_base={"REMOTE_ADDR": "10.0.0.1"}).text == counted
    short = client.get("/probe/address", headers={"X-Forwarded-For": ""}, environ_base={"REMOTE_ADDR": "10.0.0.1"})
    assert short.text == "10.0.0.1"


def test_figures_are_not_for_whom_a_proxy_hands_on(services: Services) -> None:
    behind = replace(services, settings=replace(services.settings, trusted_proxies=1))
    client = create_app(behind, [FEATURE]).test_client()
    handed_on = {"X-Forwarded-For": "127.0.0.1"}
    assert client.get("/metrics", headers=handed_on, environ_base={"REMOTE_ADDR": "10.0.0.1"}).status_code == 403
