"""Bringing the two databases up to date, and refusing to run on ones that are behind."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from creditsvc.kernel.errors import SettingError
from creditsvc.kernel.text import Bilingual
from creditsvc.storage.engine import Database

HERE = Path(__file__).parent
REGISTER = HERE / "migrations"
KEYS = HERE / "key_migrations"


def configuration(scripts: Path, connection: Connection) -> Config:
    """Alembic's configuration for one history on an open connection."""
    config = Config()
    config.set_main_option("script_location", str(scripts))
    config.attributes["connection"] = connection
    return config


def upgrade(database: Database, scripts: Path, revision: str = "head") -> None:
    """Run the migrations up to a revision, in one transaction."""
    with database.write_engine.begin() as connection:
        command.upgrade(configuration(scripts, connection), revision)


def downgrade(database: Database, scripts: Path, revision: str) -> None:
    """Undo migrations down to a revision, in one transaction."""
    with database.write_engine.begin() as connection:
        command.downgrade(configuration(scripts, connection), revision)


def is_current(database: Database, scripts: Path) -> bool:
    """Whether the database stands at the newest revision."""
    with database.read_engine.connect() as connection:
        heads = set(ScriptDirectory.from_config(configuration(scripts, connection)).get_heads())
        return set(MigrationContext.configure(connection).get_current_heads()) == heads


def upgrade_all(register: Database, keys: Database) -> None:
    """Both databases to their newest revision: keys first, since rows need them."""
    upgrade(keys, KEYS)
    upgrade(register, REGISTER)


def refuse_if_behind(register: Database, keys: Database) -> None:
    """Raise ``SettingError`` unless both databases are up to date."""
    if not (is_current(keys, KEYS) and is_current(register, REGISTER)):
        raise SettingError(
            Bilingual(
                "数据库版本落后，请先运行 creditsvc migrate", "the database is behind; run creditsvc migrate first"
            ),
            code="database-behind",
        )
