"""Signing in and looking after one's account, as a person does it."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from creditsvc.access.permissions import StaffRole
from creditsvc.services import Services
from tests.support.people import PASSWORD, make_staff, post_form, sign_in, staff_browser


def test_sign_in_leads_to_ones_own_desk(app: Flask, services: Services) -> None:
    client = staff_browser(app, services, StaffRole.CLERK)
    assert client.get("/start").headers["Location"] == "/desk/probe"
    page = client.get("/desk/probe/deeper").get_data(as_text=True)
    assert re.findall(r'<li><a href="(/(?:desk|portal)/[^"?]*)"[^l]*?>', page) == ["/desk/probe", "/desk/probe/deeper"]
    assert re.findall(r'aria-current="page">([^<]+)<', page) == ["深处"]


def test_empty_fields_are_named_each(client: FlaskClient) -> None:
    answer = post_form(client, "/sign-in", {})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert 'href="#username">请输入用户名' in page and 'href="#password">请输入密码' in page
    assert 'aria-describedby="username-error"' in page


def test_unknown_wrong_and_closed_pages_are_the_same(app: Flask, services: Services) -> None:
    make_staff(services, StaffRole.CLERK, "real")
    pages = set()
    for name, password in (("real", "wrong password"), ("ghost", "wrong password"), ("ghost", PASSWORD)):
        answer = post_form(app.test_client(), "/sign-in", {"username": name, "password": password})
        assert answer.status_code == 422
        text = re.sub(r'value="(real|ghost|[0-9a-f]{64})"', "", answer.get_data(as_text=True))
        assert password not in text
        pages.add(text)
    assert len(pages) == 1


def test_too_many_tries_stop_even_the_right_password(app: Flask, services: Services) -> None:
    make_staff(services, StaffRole.CLERK, "c1")
    client = app.test_client()
    statuses = [post_form(client, "/sign-in", {"username": "c1", "password": "no"}).status_code for _ in range(9)]
    assert statuses == [422] * 8 + [429]
    blocked = sign_in(client, "c1")
    assert (blocked.status_code, blocked.headers["Retry-After"]) == (429, "60")
    assert client.get_cookie("session") is None


@pytest.mark.parametrize(
    ("target", "goes_to"),
    [
        ("/desk/probe?a=1", "/desk/probe?a=1"),
        ("https://evil.example/", "/start"),
        ("//evil.example/", "/start"),
        ("/\\evil.example", "/start"),
        ("/x\r\nSet-Cookie: a=b", "/start"),
        ("", "/start"),
        ("/sign-in", "/start"),
    ],
)
def test_one_is_only_sent_on_within_the_site(app: Flask, services: Services, target: str, goes_to: str) -> None:
    make_staff(services, StaffRole.CLERK, "c1")
    answer = post_form(app.test_client(), "/sign-in", {"username": "c1", "password": PASSWORD, "next": target})
    assert answer.headers["Location"] == goes_to


def test_a_first_password_must_be_changed_before_anything_else(app: Flask, services: Services) -> None:
    client = staff_browser(app, services, StaffRole.CLERK, "new", must_change=True)
    assert client.get("/desk/probe").headers["Location"] == "/account/password"
    new = "nine patient storks"
    data = {"old": PASSWORD, "new": new, "again": new}
    assert post_form(client, "/account/password", data, page="/account/password").status_code == 303
    assert client.get("/desk/probe").status_code == 200
    assert sign_in(app.test_client(), "new").status_code == 422
    assert sign_in(app.test_client(), "new", new).status_code == 303


@pytest.mark.parametrize(
    ("old", "new", "again", "said"),
    [
        ("wrong", "nine patient storks", "nine patient storks", "原密码不正确"),
        (PASSWORD, "nine patient storks", "different", "两次输入的新密码不一致"),
        (PASSWORD, PASSWORD, PASSWORD, "新密码不得与原密码相同"),
        (PASSWORD, "short", "short", "密码至少 10 位"),
    ],
)
def test_a_password_is_changed_only_rightly(
    app: Flask, services: Services, old: str, new: str, again: str, said: str
) -> None:
    client = staff_browser(app, services, StaffRole.CLERK, "c1")
    answer = post_form(client, "/account/password", {"old": old, "new": new, "again": again}, page="/account")
    assert answer.status_code == 422
    assert said in answer.get_data(as_text=True)
    assert sign_in(app.test_client(), "c1").status_code == 303


def test_changing_the_password_ends_other_sessions_and_keeps_this_one(app: Flask, services: Services) -> None:
    here = staff_browser(app, services, StaffRole.CLERK, "c1")
    there = app.test_client()
    sign_in(there, "c1")
    data = {"old": PASSWORD, "new": "nine patient storks", "again": "nine patient storks"}
    post_form(here, "/account/password", data, page="/account")
    assert (here.get("/account").status_code, there.get("/account").status_code) == (200, 303)


def test_ones_sessions_are_listed_and_ended_but_nobody_elses(app: Flask, services: Services) -> None:
    here = staff_browser(app, services, StaffRole.CLERK, "c1")
    there = app.test_client()
    sign_in(there, "c1")
    other = staff_browser(app, services, StaffRole.JUDGE, "j1")
    page = here.get("/account").get_data(as_text=True)
    paths = re.findall(r'action="(/account/sessions/\d+/end)"', page)
    assert len(paths) == 1
    foreign = post_form(other, paths[0], page="/account")
    unknown = post_form(other, "/account/sessions/99999/end", page="/account")
    assert foreign.status_code == unknown.status_code == 404
    assert there.get("/account").status_code == 200
    assert post_form(here, paths[0], page="/account").status_code == 303
    assert there.get("/account").status_code == 303


def test_signing_out_is_a_form_and_not_a_link(app: Flask, services: Services) -> None:
    client = staff_browser(app, services, StaffRole.CLERK)
    assert client.get("/sign-out").status_code == 405
    assert client.get("/account").status_code == 200
