"""A world of access alone, so that these tests stand on nothing above it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine

import creditsvc.access.tables
from creditsvc.services import Services
from creditsvc.storage.base import Base
from creditsvc.storage.engine import Database
from creditsvc.storage.keyring import create_keyring
from creditsvc.storage.vault import KeyBase, Vault
from creditsvc.wallclock import FixedClock
from tests.conftest import missing_tool
from tests.support.apps import NOON, test_settings
from tests.support.postgres import NoPostgres, PostgresServer

OWN = [table for name, table in Base.metadata.tables.items() if name in {
    table.__tablename__
    for table in vars(creditsvc.access.tables).values()
    if isinstance(table, type) and issubclass(table, Base) and table is not Base
}]  # fmt: skip


@pytest.fixture(scope="session")
def server() -> Iterator[PostgresServer]:
    """A PostgreSQL, where this machine has one."""
    try:
        made = PostgresServer()
    except NoPostgres as reason:
        missing_tool(f"PostgreSQL ({reason})")
    yield made
    made.close()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def services(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Services]:
    """Services with the tables of access, once on each database."""
    url = ""
    if request.param == "postgres":
        url = request.getfixturevalue("server").url("postgres")
    settings = test_settings(tmp_path, database_url=url)
    for address, metadata, tables in (
        (settings.database, Base.metadata, OWN),
        (settings.keys_database, KeyBase.metadata, None),
    ):
        engine = create_engine(address)
        metadata.drop_all(engine, tables=tables)
        metadata.create_all(engine, tables=tables)
        engine.dispose()
    keyring, keys = create_keyring(settings.keys), Database(settings.keys_database)
    made = Services(settings, FixedClock(NOON), Database(settings.database), keys, keyring, Vault(keyring, keys))
    yield made
    made.dispose()
