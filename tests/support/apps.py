"""Services and applications for tests: a world of their own, on either database."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine, create_engine, text

from creditsvc.services import Services
from creditsvc.settings import Settings
from creditsvc.storage.engine import Database
from creditsvc.storage.keyring import create_keyring
from creditsvc.storage.vault import KeyBase, Vault
from creditsvc.wallclock import FixedClock
from tests.support.postgres import PostgresServer
from wsgi import assembled_metadata

NOON = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
_serial = itertools.count(1)


class Templates:
    """Empty databases with all tables, made once and copied for each test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._postgres: PostgresServer | None = None
        self._admin: Engine | None = None

    def sqlite(self) -> tuple[Path, Path]:
        """Files of the register and of the keys."""
        register, keys = self.folder / "register.db", self.folder / "keys.db"
        if not register.exists():
            for path, metadata in ((register, assembled_metadata()), (keys, KeyBase.metadata)):
                engine = create_engine(f"sqlite:///{path}")
                metadata.create_all(engine)
                engine.dispose()
        return register, keys

    def postgres(self) -> PostgresServer:
        """A server that holds the templates ``tpl_register`` and ``tpl_keys``."""
        if self._postgres is None:
            self.start_postgres(PostgresServer())
        assert self._postgres is not None
        return self._postgres

    def start_postgres(self, server: PostgresServer) -> None:
        """Make the templates on a server, which is closed with this."""
        self._postgres = server
        for name, metadata in (("tpl_register", assembled_metadata()), ("tpl_keys", KeyBase.metadata)):
            self.execute(f"CREATE DATABASE {name}")
            engine = create_engine(server.url(name))
            metadata.create_all(engine)
            engine.dispose()

    def execute(self, statement: str) -> None:
        """Run one statement on the server, outside any transaction."""
        assert self._postgres is not None
        if self._admin is None:
            # asked whether it lives: some tests kill the server and start it again
            self._admin = create_engine(
                self._postgres.url("postgres"), isolation_level="AUTOCOMMIT", pool_pre_ping=True
            )
        with self._admin.connect() as connection:
            connection.execute(text(statement))

    def close(self) -> None:
        """Stop the server if there is one."""
        if self._admin:
            self._admin.dispose()
        if self._postgres:
            self._postgres.close()


def test_settings(home: Path, **changes: object) -> Settings:
    """Settings of a world under ``home``."""
    values: dict[str, object] = {"home": home, "argon2": "cheap", "allow_test_settings": True, "demo": True}
    return Settings(**{**values, **changes})  # type: ignore[arg-type]


test_settings.__test__ = False  # type: ignore[attr-defined]


@contextmanager
def world(kind: str, templates: Templates, home: Path, **changes: object) -> Iterator[Services]:
    """Services on an empty database of this kind (``sqlite`` or ``postgres``)."""
    names: list[str] = []
    if kind == "sqlite":
        register, keys = templates.sqlite()
        shutil.copy(register, home / "register.db")
        shutil.copy(keys, home / "keys.db")
        settings = test_settings(home, **changes)
    else:
        server = templates.postgres()
        number = next(_serial)
        names = [f"register_{number}", f"keys_{number}"]
        for name, template in zip(names, ("tpl_register", "tpl_keys"), strict=True):
            templates.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        settings = test_settings(home, database_url=server.url(names[0]), keys_url=server.url(names[1]), **changes)
    keyring = create_keyring(settings.keys)
    key_database = Database(settings.keys_database)
    services = Services(
        settings, FixedClock(NOON), Database(settings.database), key_database, keyring, Vault(keyring, key_database)
    )
    try:
        yield services
    finally:
        services.dispose()
        for name in names:
            templates.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
