"""Migrations make exactly the tables that the models describe, go down and up again, and keep rows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import MetaData, create_engine, inspect, text

from creditsvc.storage.engine import Database
from creditsvc.storage.migrate import KEYS, REGISTER, configuration, downgrade, is_current, upgrade
from creditsvc.storage.vault import KeyBase
from tests.conftest import missing_tool
from tests.support.apps import Templates
from tests.support.postgres import NoPostgres
from wsgi import assembled_metadata

HISTORIES = [pytest.param(REGISTER, id="register"), pytest.param(KEYS, id="keys")]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def empty(request: pytest.FixtureRequest, templates: Templates, tmp_path: Path) -> Iterator[Database]:
    """An empty database of each kind."""
    if request.param == "sqlite":
        database = Database(f"sqlite:///{tmp_path / 'empty.db'}")
        yield database
        database.dispose()
        return
    try:
        server = templates.postgres()
    except NoPostgres as reason:
        missing_tool(f"PostgreSQL ({reason})")
    templates.execute("DROP DATABASE IF EXISTS empty_one WITH (FORCE)")
    templates.execute("CREATE DATABASE empty_one")
    database = Database(server.url("empty_one"))
    yield database
    database.dispose()


def metadata_of(scripts: Path) -> MetaData:
    return assembled_metadata() if scripts == REGISTER else KeyBase.metadata


@pytest.mark.parametrize("scripts", HISTORIES)
def test_migrations_match_the_models(empty: Database, scripts: Path) -> None:
    upgrade(empty, scripts)
    with empty.write_engine.begin() as connection:
        config = configuration(scripts, connection)
        config.attributes["metadata"] = metadata_of(scripts)
        command.check(config)


@pytest.mark.parametrize("scripts", HISTORIES)
def test_up_down_up_leaves_nothing_behind(empty: Database, scripts: Path) -> None:
    upgrade(empty, scripts)
    assert is_current(empty, scripts)
    downgrade(empty, scripts, "base")
    left = set(inspect(empty.write_engine).get_table_names()) - {"alembic_version"}
    assert left == set()
    upgrade(empty, scripts)
    assert is_current(empty, scripts)


def test_rows_survive_an_upgrade_that_has_nothing_to_do(empty: Database) -> None:
    upgrade(empty, KEYS)
    insert = "INSERT INTO subject_key (subject_id, wrapped, created_at) VALUES ('a', NULL, '2026-01-01 00:00:00')"
    with empty.write_engine.begin() as connection:
        connection.execute(text(insert))
    upgrade(empty, KEYS)
    with empty.read_engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM subject_key")) == 1


def test_model_tables_and_migrated_tables_are_the_same_set(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'made.db'}")
    upgrade(database, REGISTER)
    plain = create_engine(f"sqlite:///{tmp_path / 'plain.db'}")
    assembled_metadata().create_all(plain)
    assert set(inspect(database.write_engine).get_table_names()) - {"alembic_version"} == set(
        inspect(plain).get_table_names()
    )
    plain.dispose()
    database.dispose()
