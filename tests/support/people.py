"""People for tests: accounts, signed-in browsers, keys. Everything goes through the public ways in."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from creditsvc.access.accounts import NewAccount, create_account, start_debtor_session
from creditsvc.access.api_keys import create_api_key
from creditsvc.access.callers import job_caller
from creditsvc.access.permissions import Permission, StaffRole
from creditsvc.access.tables import Account
from creditsvc.services import Services

PASSWORD = "seven quiet herons"
TESTER = job_caller("test")
_TOKEN = re.compile(r'name="csrf_token" value="([0-9a-f]{64})"')


def make_staff(services: Services, role: StaffRole, username: str = "", **more: Any) -> Account:
    """An account with ``PASSWORD``; a court or a unit unless told otherwise."""
    name = username or f"{role.value.replace('_', '-')}-1"
    courts = {StaffRole.CLERK, StaffRole.JUDGE, StaffRole.PRESIDENT}
    where = {"court_code": "豫0105"} if role in courts else {"unit": "演示单位"}
    new = NewAccount(username=name, name="测试人员", role=role, **{**where, **more})
    with services.database.writing() as session:
        return create_account(
            session, new, PASSWORD, cost=services.settings.argon2, caller=TESTER, now=services.clock.now()
        )


def token_in(response: TestResponse) -> str:
    """The form token of a page."""
    found = _TOKEN.search(response.get_data(as_text=True))
    assert found, f"no form token in this page ({response.status_code})"
    return found.group(1)


def post_form(
    client: FlaskClient, path: str, data: dict[str, Any] | None = None, *, page: str = "/sign-in", **more: Any
) -> TestResponse:
    """Post a form with the token of ``page``, which must be one that this browser can see."""
    token = token_in(client.get(page, follow_redirects=True))
    return client.post(path, data={"csrf_token": token, **(data or {})}, **more)


def sign_in(client: FlaskClient, username: str, password: str = PASSWORD) -> TestResponse:
    """Sign in through the page."""
    return post_form(client, "/sign-in", {"username": username, "password": password})


def staff_browser(app: Flask, services: Services, role: StaffRole, username: str = "", **more: Any) -> FlaskClient:
    """A browser in which somebody of this role is signed in."""
    account = make_staff(services, role, username, **more)
    client = app.test_client()
    assert sign_in(client, account.username).status_code == 303
    return client


def debtor_browser(app: Flask, services: Services, subject_id: str, name: str = "测试当事人") -> FlaskClient:
    """A browser in which this debtor is signed in."""
    with services.database.writing() as session:
        token = start_debtor_session(session, subject_id=subject_id, name=name, at=services.clock.now())
    client = app.test_client()
    client.set_cookie("session", token)
    return client


def key_header(
    services: Services, *permissions: Permission, unit: str = "演示单位", subscriber: str | None = None, **more: Any
) -> dict[str, str]:
    """The header of a program with a fresh key."""
    now = services.clock.now()
    with services.database.writing() as session:
        _, clear = create_api_key(
            session, unit=unit, subscriber=subscriber, permissions=permissions, expires_at=now + timedelta(days=30),
            caller=TESTER, now=now, **more,
        )  # fmt: skip
    return {"Authorization": f"Bearer {clear}"}
