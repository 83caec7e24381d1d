"""Every address says who may call it, and means it: role × route × method, made from the map of addresses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from creditsvc.access.permissions import DEBTOR_PERMISSIONS, KEY_PERMISSIONS, ROLE_PERMISSIONS, Permission, StaffRole
from creditsvc.app import create_app
from creditsvc.services import Services
from creditsvc.web.guard import permissions_of
from tests.support.people import debtor_browser, key_header, make_staff, sign_in
from wsgi import features

UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}
PUBLIC_CHANGES = {
    "/sign-in", "/portal/sign-in", "/portal/second-factor", "/portal/second-factor/send", "/portal/window", "/creditor/<token>",
}  # fmt: skip
"""The only pages that change something for strangers; public lookups that POST are named by their room below."""
PLACEHOLDER = {"int": "1", "default": "x", "string": "x", "path": "x", "uuid": "00000000-0000-0000-0000-000000000000"}
DENIED = {401, 403}


def methods_of(app: Flask) -> Iterator[tuple[Rule, str]]:
    """Every address with each of its methods."""
    for rule in app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) - {"OPTIONS", "HEAD"}):
            yield rule, method


def address_of(rule: Rule) -> str:
    """The address with harmless values in its places."""
    return re.sub(
        r"<(?:(\w+)(?:\([^>]*\))?:)?\w+>", lambda found: PLACEHOLDER.get(found[1] or "default", "x"), rule.rule
    )


@pytest.fixture
def house(sqlite_services: Services) -> Flask:
    """The whole application, answering failures as in production."""
    return create_app(sqlite_services, features())


def test_every_route_says_who_may_call_it(house: Flask) -> None:
    undeclared = [
        f"{method} {rule.rule}"
        for rule, method in methods_of(house)
        if not permissions_of(house.view_functions[rule.endpoint], method)
    ]
    assert undeclared == []


def test_numbers_in_addresses_are_bounded(house: Flask) -> None:
    unbounded = [rule.rule for rule, _ in methods_of(house) if re.search(r"<int:", rule.rule)]
    assert unbounded == []


def test_what_anyone_may_change_is_known(house: Flask) -> None:
    open_changes = {
        rule.rule
        for rule, method in methods_of(house)
        if method in UNSAFE and Permission.ANYONE in (permissions_of(house.view_functions[rule.endpoint], method) or ())
    }
    lookups = {
        rule
        for rule in open_changes
        if "lookup" in rule or rule == "/" or rule.startswith(("/v1/deadlines", "/v1/lookup"))
    }
    assert open_changes - lookups <= PUBLIC_CHANGES, "a change that a stranger may make needs a reason here"


class Callers:
    """One of each kind of caller, with what it may do."""

    def __init__(self, app: Flask, services: Services) -> None:
        self.app, self.services = app, services
        anonymous: tuple[FlaskClient, dict[str, str], frozenset[Permission]] = (app.test_client(), {}, frozenset())
        self.all: dict[str, Any] = {"anonymous": anonymous}
        for role in StaffRole:
            client = app.test_client()
            assert sign_in(client, make_staff(services, role).username).status_code == 303
            self.all[role.value] = (client, {}, ROLE_PERMISSIONS[role] | {Permission.SIGNED_IN})
        debtor = debtor_browser(app, services, "d" * 32)
        self.all["debtor"] = (debtor, {}, DEBTOR_PERMISSIONS | {Permission.SIGNED_IN})
        for permission in sorted(KEY_PERMISSIONS):
            header = key_header(services, permission)
            self.all[f"key:{permission}"] = (app.test_client(), header, frozenset({permission, Permission.SIGNED_IN}))


def test_role_by_route_by_method(house: Flask, sqlite_services: Services) -> None:
    """Who lacks every permission of a view is told so before the view runs; who has one is never told so by the gate.

    Changes are sent without a form token: for who lacks the permission it doesn't matter, and nothing is changed.
    """
    callers, wrong, decided = Callers(house, sqlite_services), [], 0
    for rule, method in methods_of(house):
        allowed = permissions_of(house.view_functions[rule.endpoint], method) or frozenset()
        if rule.endpoint == "static" or "sign-out" in rule.rule:
            continue
        for name, (client, headers, held) in callers.all.items():
            by_key = name.startswith("key:")
            if by_key and not rule.rule.startswith("/v1/"):
                continue
            may = Permission.ANYONE in allowed or bool(allowed & held)
            if may and method in UNSAFE:
                continue
            with client.open(address_of(rule), method=method, headers=headers) as answer:
                decided += 1
                if answer.status_code >= 500 and answer.status_code != 503:
                    wrong.append(f"{name} {method} {rule.rule}: {answer.status_code}")
                turned_away = answer.status_code in DENIED or (
                    answer.status_code == 303 and "sign-in" in answer.headers["Location"]
                )
                if not may and not turned_away:
                    wrong.append(f"{name} {method} {rule.rule}: {answer.status_code}, but may not")
                if may and name != "anonymous" and _by_the_gate(answer):
                    wrong.append(f"{name} {method} {rule.rule}: {answer.status_code}, but may")
    assert wrong == []
    assert decided > 10 * len(callers.all)


def _by_the_gate(answer: Any) -> bool:
    if answer.mimetype == "application/problem+json":
        return answer.get_json()["type"] in {"not-signed-in", "undeclared", "key-wrong"}
    return (
        answer.status_code == 303 and "sign-in" in answer.headers["Location"] and "over" in answer.headers["Location"]
    )


def test_what_is_not_there_is_not_found_for_a_debtor(house: Flask, sqlite_services: Services) -> None:
    """Never a failure and never "not allowed", which would tell. Foreign things are each room's own test."""
    debtor = debtor_browser(house, sqlite_services, "e" * 32)
    for rule, method in methods_of(house):
        allowed = permissions_of(house.view_functions[rule.endpoint], method) or frozenset()
        if method == "GET" and Permission.APPLICATION_OWN in allowed and "<" in rule.rule:
            with debtor.open(address_of(rule)) as answer:
                assert answer.status_code == 404, rule.rule
