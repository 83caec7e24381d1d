"""What every test can ask for: services on SQLite and on PostgreSQL, an application, a client."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, settings
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket

from creditsvc.app import create_app
from creditsvc.services import Services
from tests.support.apps import Templates, world
from tests.support.depth import times
from tests.support.postgres import NoPostgres
from wsgi import features

settings.register_profile(
    "house",
    max_examples=times(100),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("house")


class Compiled(BytecodeCache):
    """Templates compiled once a process: every test makes an application, and each would compile them anew."""

    def __init__(self) -> None:
        self._code: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """From memory, if the template is as it was."""
        if bucket.key in self._code:
            bucket.bytecode_from_string(self._code[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Into memory."""
        self._code[bucket.key] = bucket.bytecode_to_string()


Flask.jinja_options = {**Flask.jinja_options, "bytecode_cache": Compiled()}


def missing_tool(name: str) -> None:
    """Skip in a counted line; where the switch is set, a missing tool is a failure."""
    if os.environ.get("TESTS_REQUIRE_TOOLS") == "1":
        pytest.fail(f"{name} is missing, and this run requires every tool")
    pytest.skip(f"{name} is not on this machine")


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Templates]:
    """Databases to copy."""
    made = Templates(tmp_path_factory.mktemp("templates"))
    yield made
    made.close()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def services(request: pytest.FixtureRequest, templates: Templates, tmp_path: Path) -> Iterator[Services]:
    """Services with empty tables and a clock that stands still; once on each database."""
    kind: str = request.param
    if kind == "postgres":
        try:
            templates.postgres()
        except NoPostgres as reason:
            missing_tool(f"PostgreSQL ({reason})")
    with world(kind, templates, tmp_path) as made:
        yield made


@pytest.fixture
def sqlite_services(templates: Templates, tmp_path: Path) -> Iterator[Services]:
    """Services on SQLite alone, where the database makes no difference."""
    with world("sqlite", templates, tmp_path) as made:
        yield made


@pytest.fixture
def app(services: Services) -> Flask:
    """The whole application."""
    made = create_app(services, features())
    made.testing = True
    return made


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser without a session."""
    return app.test_client()


@pytest.fixture
def free_port() -> int:
    """A port on the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
