"""One question as a program asks it, for the tests of checks."""

from __future__ import annotations

from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

FLY = {"sector": "transport", "act": "fly", "purpose": "售票核验", "matter": "T-1"}


def post(client: FlaskClient, header: dict[str, str], number: str, name: str, **more: Any) -> TestResponse:
    """The response to a check."""
    return client.post("/v1/checks", json={"number": number, "name": name, **FLY, **more}, headers=header)


def asked(client: FlaskClient, header: dict[str, str], number: str, name: str, **more: Any) -> dict[str, Any]:
    """The answer of a check that must be given."""
    response = post(client, header, number, name, **more)
    assert response.status_code == 200, response.get_data(as_text=True)
    return dict(response.get_json())
