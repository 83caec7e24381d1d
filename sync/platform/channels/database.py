"""A front-end database (前置库) over SQLAlchemy: a batch is one transaction there, or it is not there.

PostgreSQL is written by COPY, everything else by one prepared INSERT. What may have arrived before is looked up first,
so sending again doubles nothing, also where the engine has no transactions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Date, DateTime, Engine, MetaData, Table, create_engine, insert, or_, select, update
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, IntegrityError, NoSuchModuleError, SQLAlchemyError

from sync.platform.alarms import ChannelTrouble, RowsImpossible
from sync.platform.channels.base import FEEDBACK, Bundle
from sync.platform.channels.schema import changes, our_tables, table_of
from sync.platform.shape.batches import BatchOut, header_values
from sync.platform.shape.profile import Profile, Side
from sync.platform.shape.rows import Provider, Row
from sync.platform.shape.values import Value

AT_ONCE = 5000
CONNECT_SECONDS = 10


def open_engine(url: URL) -> Engine:
    """An engine for a front-end database; connections are tried before use."""
    backend = url.get_backend_name()
    wait = {"timeout": CONNECT_SECONDS} if backend == "sqlite" else {"connect_timeout": CONNECT_SECONDS}
    try:
        if backend in {"sqlite", "postgresql", "mysql", "mariadb"}:
            return create_engine(url, pool_pre_ping=True, pool_size=2, max_overflow=2, connect_args=wait)
        return create_engine(url, pool_pre_ping=True, pool_size=2, max_overflow=2)
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as wrong:
        raise ChannelTrouble("database-gone", type(wrong).__name__) from None


class DatabaseChannel:
    """One front-end database."""

    def __init__(self, profile: Profile, provider: Provider, engine: Engine) -> None:
        self._profile, self._provider, self._engine = profile, provider, engine
        metadata = MetaData()
        self._tables = {name: table_of(name, columns, metadata) for name, columns in our_tables(profile).items()}
        for side in (profile.feedback, profile.messages, profile.holdings):
            if side and side.place not in self._tables:
                self._tables[side.place] = table_of(side.place, side.columns, metadata)
        self._places = {column.source: column.name for column in profile.columns}
        self._checked = False

    @contextmanager
    def _within(self) -> Iterator[Connection]:
        """A transaction there; whatever fails is named."""
        try:
            with self._engine.begin() as connection:
                yield connection
        except (DataError, IntegrityError) as wrong:
            raise RowsImpossible(type(wrong.orig).__name__) from None
        except DBAPIError as wrong:
            raise _named(wrong, self._changed) from None
        except (SQLAlchemyError, OSError) as wrong:
            raise ChannelTrouble("database-gone", type(wrong).__name__) from None

    def _changed(self) -> list[str]:
        try:
            with self._engine.connect() as connection:
                return list(changes(connection, self._profile))
        except (SQLAlchemyError, OSError):
            return []

    def check(self) -> None:
        """Whether the tables are there and as the profile says."""
        with self._within() as connection:
            found = list(changes(connection, self._profile))
        if found:
            raise ChannelTrouble("schema-changed", "; ".join(found[:5]))
        self._checked = True

    def delivered(self, number: str) -> bool | None:
        """Whether the batch's rows are there. A batch is there whole or not at all where there are transactions."""
        with self._within() as connection:
            return any(self._have(connection, name, number) for name in set(self._profile.tables.values()))

    def deliver(self, batch: BatchOut, *, again: bool) -> None:
        """Insert the rows that are not there, and the batch's own row."""
        if not self._checked:
            self.check()
        with self._within() as connection:
            for name in dict.fromkeys(self._profile.tables.values()):
                rows = [row for row in batch.rows if self._profile.tables[row.shape] == name]
                if again and rows:
                    rows = self._lacking(connection, name, batch.number, rows)
                if rows and rows[0].line and self.takes_lines:
                    _copy_lines(connection, self._tables[name], [row.line.encode() for row in rows])
                elif rows:
                    _insert(connection, self._tables[name], [row.values for row in rows])
                for shape, lines in batch.lines.items():
                    if self._profile.tables[shape] == name:
                        _copy_lines(connection, self._tables[name], lines)
            self._header(connection, batch, again=again)

    @property
    def takes_lines(self) -> bool:
        """Whether rows may be handed over as lines: by COPY."""
        return self._engine.dialect.name == "postgresql" and self._engine.dialect.driver == "psycopg"

    def _have(self, connection: Connection, name: str, number: str) -> set[int]:
        table = self._tables[name]
        sequence, batch = table.c[self._places["sequence"]], table.c[self._places["batch"]]
        return {int(found) for found in connection.scalars(select(sequence).where(batch == number))}

    def _lacking(self, connection: Connection, name: str, number: str, rows: Sequence[Row]) -> list[Row]:
        have = self._have(connection, name, number)
        at = next(at for at, column in enumerate(self._profile.columns) if column.source == "sequence")
        return [row for row in rows if int(row.values[at] or 0) not in have]

    def _header(self, connection: Connection, batch: BatchOut, *, again: bool) -> None:
        side = self._profile.header
        if side is None:
            return
        table = self._tables[side.place]
        place = table.c[side.named("batch")]
        if again and connection.scalar(select(place).where(place == batch.number).limit(1)) is not None:
            return
        _insert(connection, table, [header_values(side.columns, batch, self._profile, self._provider)])

    def inbox(self, what: str) -> Iterator[Bundle]:
        """Rows that are not marked as taken, some thousand at a time."""
        side = self._profile.feedback if what == FEEDBACK else self._profile.messages
        if side is None:
            return
        table, taken, id_ = self._tables[side.place], side.named("taken"), side.named("id")
        unread = table.c[taken]
        query = select(table).where(or_(unread.is_(None), unread == 0)).order_by(table.c[id_]).limit(AT_ONCE)
        while True:
            with self._within() as connection:
                rows = [dict(row._mapping) for row in connection.execute(query)]
            if not rows:
                return
            yield Bundle(rows, self._marker(table, taken, id_, [row[id_] for row in rows]))
            if len(rows) < AT_ONCE:
                return

    def _marker(self, table: Table, taken: str, id_: str, ids: Sequence[Any]) -> Callable[[], None]:
        def mark() -> None:
            with self._within() as connection:
                for start in range(0, len(ids), 500):
                    some = ids[start : start + 500]
                    connection.execute(update(table).where(table.c[id_].in_(some)).values({taken: 1}))

        return mark

    def holdings(self) -> Bundle | None:
        """The whole of the platform's list of holdings, walked as it is read."""
        side: Side | None = self._profile.holdings
        return None if side is None else Bundle(self._held(side), lambda: None)

    def _held(self, side: Side) -> Iterator[Mapping[str, Any]]:
        query = select(self._tables[side.place]).execution_options(yield_per=AT_ONCE)
        with self._within() as connection:
            for row in connection.execute(query):
                yield dict(row._mapping)

    def answer(self, values: Mapping[str, Any]) -> None:
        """One row; the same answer again adds nothing."""
        side = self._profile.answers
        if side is None:
            return
        table = self._tables[side.place]
        place = table.c[side.named("message")]
        with self._within() as connection:
            if connection.scalar(select(place).where(place == values["message"]).limit(1)) is None:
                _insert(connection, table, [answer_values(side, self._profile, values)])

    def close(self) -> None:
        """The engine is shared by the process and stays."""


def answer_values(side: Side, profile: Profile, values: Mapping[str, Any]) -> list[Value]:
    """An answer in the order of the side's columns."""
    found: list[Value] = []
    for column in side.columns:
        text = column.value or str(values.get(column.source, ""))
        found.append(profile.codes[column.codes].get(text, text) if column.codes else text or None)
    return found


def _named(wrong: DBAPIError, changed: Callable[[], list[str]]) -> ChannelTrouble:
    if not wrong.connection_invalidated and (found := changed()):
        return ChannelTrouble("schema-changed", "; ".join(found[:5]))
    text = str(wrong.orig).lower()
    if "disk is full" in text or "no space left" in text or "disk full" in text:
        return ChannelTrouble("disk-full")
    return ChannelTrouble("database-gone", type(wrong.orig).__name__)


def _insert(connection: Connection, table: Table, rows: Sequence[Sequence[Value]]) -> None:
    names = [column.name for column in table.columns]
    connection.execute(insert(table), [_typed(table, dict(zip(names, row, strict=True))) for row in rows])


def _typed(table: Table, row: dict[str, Value]) -> dict[str, Any]:
    """Days and instants as the driver wants them: SQLAlchemy's own types refuse texts on some databases."""
    found: dict[str, Any] = row
    for column in table.columns:
        value = found[column.name]
        if value is None:
            continue
        if isinstance(column.type, DateTime):
            found[column.name] = datetime.fromisoformat(str(value))
        elif isinstance(column.type, Date):
            found[column.name] = date.fromisoformat(str(value))
    return found


def _copy_lines(connection: Connection, table: Table, lines: Sequence[bytes]) -> None:
    """COPY of rows that are texts already, each value behind a unit separator; nothing between two is NULL."""
    from psycopg import Error

    quote = connection.dialect.identifier_preparer.quote
    columns = ", ".join(quote(column.name) for column in table.columns)
    statement = f"COPY {quote(table.name)} ({columns}) FROM STDIN WITH (DELIMITER E'\\x1f', NULL '')"
    driver: Any = connection.connection.driver_connection
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            for start in range(0, len(lines), 500):
                copy.write(_escaped(lines[start : start + 500]))
    except Error as wrong:
        # COPY goes past SQLAlchemy, which would have said what kind of error this is
        raise _wrapped(wrong, driver) from None


def _escaped(lines: Sequence[bytes]) -> bytes:
    """Lines as COPY reads them: its own marks are written out."""
    text = b"\n".join(lines) + b"\n"
    if b"\\" not in text and b"\r" not in text and text.count(b"\n") == len(lines):
        return text
    return b"".join(
        line.replace(b"\\", b"\\\\").replace(b"\n", b"\\n").replace(b"\r", b"\\r") + b"\n" for line in lines
    )


def _wrapped(wrong: Any, driver: Any) -> DBAPIError:
    from psycopg import DataError as BadData
    from psycopg import IntegrityError as BadKey

    if isinstance(wrong, BadData):
        return DataError("COPY", None, wrong)
    if isinstance(wrong, BadKey):
        return IntegrityError("COPY", None, wrong)
    return DBAPIError("COPY", None, wrong, connection_invalidated=bool(driver.closed))
