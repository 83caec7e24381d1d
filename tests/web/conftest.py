"""A small house: access, the web floor, and a room of probes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import create_engine

from creditsvc.access.feature import FEATURE
from creditsvc.app import create_app
from creditsvc.services import Services
from creditsvc.storage.base import Base
from creditsvc.storage.engine import Database
from creditsvc.storage.keyring import create_keyring
from creditsvc.storage.vault import KeyBase, Vault
from creditsvc.wallclock import FixedClock
from tests.access.conftest import OWN
from tests.support.apps import NOON, test_settings
from tests.web.probes import probe_feature


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    """Services with the tables of access, on SQLite: the web floor adds no queries of its own."""
    settings = test_settings(tmp_path)
    for address, metadata, tables in (
        (settings.database, Base.metadata, OWN),
        (settings.keys_database, KeyBase.metadata, None),
    ):
        engine = create_engine(address)
        metadata.create_all(engine, tables=tables)
        engine.dispose()
    keyring, keys = create_keyring(settings.keys), Database(settings.keys_database)
    made = Services(settings, FixedClock(NOON), Database(settings.database), keys, keyring, Vault(keyring, keys))
    yield made
    made.dispose()


@pytest.fixture
def app(services: Services) -> Flask:
    """The small house. ``testing`` stays off, so that failures are answered as in production."""
    return create_app(services, [FEATURE, probe_feature()])


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser without a session."""
    return app.test_client()
