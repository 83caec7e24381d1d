"""Engines and sessions. Writes begin immediately; reads can't write.

SQLite's driver by default opens its transaction only at the first write, so a value that was read before can be
stale by then and an update is lost without an error. So the driver's own transactions are switched off and every
write transaction says BEGIN IMMEDIATE, in its turn (``turns.py``).
"""

from __future__ import annotations

import sqlite3
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from creditsvc.storage.checkpoints import Checkpoints
from creditsvc.storage.direct import Driven
from creditsvc.storage.together import Together
from creditsvc.storage.turns import Turns

_BUSY = "PRAGMA busy_timeout=30000"
_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA secure_delete=ON",
    "PRAGMA foreign_keys=ON",
    "PRAGMA cache_size=-16000",
    _BUSY,
)
_CHECKPOINT = {False: "PRAGMA wal_autocheckpoint=16000", True: "PRAGMA wal_autocheckpoint=4000"}
"""Pages of the log after which a commit carries them over: bulk work does it long before a person's act has to."""
_BULK = "bulk"
"""The option of a connection whose transactions stand back for others."""
_PLAIN = "plain"


def _sqlite_engine(url: str, turns: Turns, *, writes: bool) -> Engine:
    engine = create_engine(url, connect_args={"timeout": 30, "check_same_thread": False}, pool_size=16, max_overflow=16)

    @event.listens_for(engine, "connect")
    def set_up(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        for pragma in _PRAGMAS:
            connection.execute(pragma)
        if not writes:
            connection.execute("PRAGMA query_only=ON")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        if not writes:
            connection.exec_driver_sql("BEGIN")
        elif not _taken(
            turns, connection.connection.driver_connection, bulk=_BULK in connection.get_execution_options()
        ):
            connection.exec_driver_sql("BEGIN IMMEDIATE")  # raises, as an error of the toolkit

    return engine


def _taken(turns: Turns, driver: Any, *, bulk: bool) -> bool:
    """Whether this connection's transaction has begun, in its turn."""
    driver.execute(_CHECKPOINT[bulk])
    driver.execute("PRAGMA busy_timeout=0")  # SQLite's own waiting knows no turns
    try:
        take = turns.take_last if bulk else turns.take
        return take(lambda: driver.execute("BEGIN IMMEDIATE"))
    except sqlite3.Error:
        return False
    finally:
        driver.execute(_BUSY)


def _postgres_engine(url: str, *, writes: bool) -> Engine:
    engine = create_engine(url, pool_size=16, max_overflow=16, pool_pre_ping=True)
    return engine if writes else engine.execution_options(postgresql_readonly=True, isolation_level="REPEATABLE READ")


def _postgres_plain(url: str, *, writes: bool) -> Engine:
    """Connections by which ``plain.py`` speaks; on those that only read every statement stands alone."""
    from creditsvc.storage.plain import OPTIONS

    reads = "" if writes else " -c default_transaction_read_only=on"
    options = {"autocommit": True, "client_encoding": "UTF8", "options": OPTIONS + reads}
    return create_engine(url, pool_size=16, max_overflow=16, pool_reset_on_return=None, connect_args=options)


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class _Kept:
    """A connection that is kept: as the pool knows it, and as statements are given to it."""

    pooled: Any
    plain: Any


class Database:
    """One database: a writing engine and a reading one."""

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        if self.is_sqlite and self.url.database:
            Path(self.url.database).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.turns = Turns(Path(self.url.database) if self.is_sqlite and self.url.database else None)
        """Where there is one writer: who is next."""
        self.write_engine = self._engine(url, writes=True)
        self._bulk_engine = self.write_engine.execution_options(**{_BULK: True})
        self.read_engine = self._engine(url, writes=False)
        # SQLite's reading connections begin nothing by themselves
        self._direct_engine = self.read_engine if self.is_sqlite else _postgres_plain(url, writes=False)
        self._grouped_engine = self.write_engine if self.is_sqlite else _postgres_plain(url, writes=True)
        self._grouped: _Kept | None = None
        self._kept, self._all_kept = threading.local(), weakref.WeakSet[_Kept]()
        self._checkpoints = self._made_checkpoints()
        self.together = Together(self._driving_grouped)
        """Small writes of many threads by one commit."""

    def _engine(self, url: str, *, writes: bool) -> Engine:
        return (
            _sqlite_engine(url, self.turns, writes=writes) if self.is_sqlite else _postgres_engine(url, writes=writes)
        )

    def _made_checkpoints(self) -> Checkpoints | None:
        return Checkpoints(self.url.database) if self.is_sqlite and self.url.database else None

    @contextmanager
    def writing(self, *, bulk: bool = False) -> Iterator[Session]:
        """A session in one write transaction: committed at the end, rolled back on any error.

        ``bulk`` is work that nobody waits for: where there is one writer it begins when nobody else waits.
        """
        engine = self._bulk_engine if bulk else self.write_engine
        with Session(engine, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that sees one snapshot and can't write."""
        with Session(self.read_engine, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def direct(self) -> Iterator[Any]:
        """The driver's own connection, for reads of one statement each: such a statement is a snapshot by itself.

        Raises ``OperationalError`` for whatever the driver says is wrong.
        """
        # one a thread, kept: taking one from the pool costs more than the statement. Held by its thread alone, so that it
        # goes back to the pool when the thread ends: a server that makes a thread a request would use the pool up
        kept: _Kept | None = getattr(self._kept, "own", None)
        if kept is None:
            kept = self._kept.own = self._keep(self._direct_engine)
            self._all_kept.add(kept)
        try:
            yield kept.plain
        except BaseException as failure:
            # what is left of a broken statement must not reach the next reader
            self._kept.own = None
            self._all_kept.discard(kept)
            _let_go(kept)
            if isinstance(failure, self._direct_engine.dialect.loaded_dbapi.Error):
                raise OperationalError("direct", None, failure) from failure
            raise

    def _keep(self, engine: Engine) -> _Kept:
        pooled = engine.raw_connection()
        if self.is_sqlite:
            return _Kept(pooled, pooled.driver_connection)
        from creditsvc.storage.plain import Plain

        # what is prepared on a connection is known as long as it lives, whichever thread has it
        if (plain := pooled.info.get(_PLAIN)) is None:
            plain = pooled.info[_PLAIN] = Plain(cast(Any, pooled.driver_connection))
        return _Kept(pooled, plain)

    @contextmanager
    def driving(self) -> Iterator[Driven]:
        """A write transaction by the driver alone, committed at the end, rolled back on any error."""
        pooled = self.write_engine.raw_connection()
        driver: Any = pooled.driver_connection
        try:
            if self.is_sqlite and not _taken(self.turns, driver, bulk=False):
                driver.execute("BEGIN IMMEDIATE")
            yield Driven(driver, self.is_sqlite)
            driver.commit()
        except BaseException:
            driver.rollback()
            raise
        finally:
            pooled.close()
        if self._checkpoints is not None:
            self._checkpoints.written()

    @contextmanager
    def _driving_grouped(self) -> Iterator[Driven]:
        """As ``driving``, on a connection that is kept: for one thread at a time, the one that writes for the others."""
        kept = self._grouped
        if kept is None:
            kept = self._grouped = self._keep(self._grouped_engine)
            if self.is_sqlite:
                # once for all its transactions; ``turns`` does the waiting
                kept.plain.execute(_CHECKPOINT[False])
                kept.plain.execute("PRAGMA busy_timeout=0")
        try:
            if not self.is_sqlite:
                kept.plain.execute("BEGIN")
            elif not self.turns.take(lambda: kept.plain.execute("BEGIN IMMEDIATE")):
                kept.plain.execute("BEGIN IMMEDIATE")  # raises
            yield Driven(kept.plain, self.is_sqlite)
            kept.plain.execute("COMMIT")
        except BaseException:
            # a transaction ends with its connection, whatever has become of it
            self._grouped = None
            _let_go(kept)
            raise
        if self._checkpoints is not None:
            self._checkpoints.written()

    def dispose(self) -> None:
        """Close every connection (before a fork, and at the end)."""
        if self._checkpoints is not None:
            self._checkpoints.stop()
            self._checkpoints = self._made_checkpoints()
        for kept in list(self._all_kept):
            kept.pooled.close()
        self._all_kept, self._kept = weakref.WeakSet(), threading.local()
        if self._grouped is not None:
            self._grouped.pooled.close()
            self._grouped = None
        self.write_engine.dispose()
        self.read_engine.dispose()
        self._direct_engine.dispose()
        self._grouped_engine.dispose()


def _let_go(kept: _Kept) -> None:
    kept.pooled.invalidate()
    kept.pooled.close()
