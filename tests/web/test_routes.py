"""Addresses are built as werkzeug builds them, though late."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.routing import Map, Rule

from creditsvc.web.routes import Route

CASES: list[tuple[str, dict[str, Any] | None, dict[str, Any]]] = [
    ("/", None, {}),
    ("/cases/<case>", None, {"case": "（2026）豫01执1号"}),
    ("/cases/<int:number>/papers/<path:name>", None, {"number": 7, "name": "a b/c"}),
    ("/list/<int:page>", {"page": 1}, {}),
    ("/list/<int:page>", None, {"page": 2, "sort": "due"}),
]


@pytest.mark.parametrize(("rule", "defaults", "values"), CASES)
def test_same_addresses(rule: str, defaults: dict[str, Any] | None, values: dict[str, Any]) -> None:
    built = []
    for kind in (Rule, Route, Route):
        routes = Map([kind(rule, endpoint="there", defaults=defaults)]).bind("localhost")
        built.append(routes.build("there", values))
    assert built[0] == built[1] == built[2]


def test_routes_that_differ_by_default_alone_are_kept_apart() -> None:
    for page in (1, 2):
        routes = Map([Route("/list/<int:page>", endpoint="there", defaults={"page": page})]).bind("localhost")
        assert routes.build("there") == f"/list/{page}"
