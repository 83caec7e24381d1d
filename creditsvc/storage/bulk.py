"""Many rows at once, by the fastest way of each database, inside the session's own transaction.

The ORM's bulk insert splits rows by which of their columns are empty, so a court's list became thousands of statements.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import lru_cache
from itertools import chain, islice
from typing import Any

import msgspec
from sqlalchemy import JSON, Column, Date, Dialect, LargeBinary, Table
from sqlalchemy.orm import DeclarativeBase, Session

from creditsvc.storage.base import Instant

MANY = 5000
"""Values looked up by one statement; SQLite takes 32,766."""
TOGETHER = 50
"""Rows to one statement of SQLite: a thread lets others run at each statement, and waits for them to come back."""


class Bulk:
    """Inserts into one table: rows of values in the order of ``names``; each row has the values of ``same`` besides.

    What a driver takes is made by ``written``, which may be done before a transaction begins.
    """

    def __init__(
        self,
        dialect: Dialect,
        model: type[DeclarativeBase],
        names: Sequence[str],
        same: Mapping[str, Any] | None = None,
    ) -> None:
        self._table: Table = model.__table__  # type: ignore[assignment]
        self._on_postgres = dialect.name == "postgresql"
        tail = {
            column.name: column.default.arg  # type: ignore[attr-defined]
            for column in self._table.columns
            if column.name not in names and column.default is not None and column.default.is_scalar
        } | dict(same or {})
        self._columns = ", ".join(f'"{name}"' for name in (*names, *tail))
        self._width = len(names) + len(tail)
        writers = [_writer(self._table.columns[name], dialect) for name in names]
        self._writers = [(place, write) for place, write in enumerate(writers) if write is not None]
        self._constant = tuple(_written(self._table.columns[name], value, dialect) for name, value in tail.items())

    def written(self, row: Iterable[Any]) -> tuple[Any, ...]:
        """A row as the driver takes it."""
        if not self._writers:
            return (*row, *self._constant)
        values = [*row, *self._constant]
        for place, write in self._writers:
            if values[place] is not None:
                values[place] = write(values[place])
        return tuple(values)

    def insert(self, session: Session, rows: Iterable[tuple[Any, ...]]) -> None:
        """Insert rows that ``written`` has made, in the session's own transaction."""
        session.flush()
        connection = session.connection()
        head = f'"{self._table.name}" ({self._columns})'
        if self._on_postgres:
            driver: Any = connection.connection.driver_connection
            with driver.cursor() as cursor, cursor.copy(f"COPY {head} FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            return
        one = f"({', '.join('?' * self._width)})"
        for some in _groups(rows):
            places = ", ".join([one] * len(some))
            connection.exec_driver_sql(f"INSERT INTO {head} VALUES {places}", tuple(chain.from_iterable(some)))


def _groups(rows: Iterable[tuple[Any, ...]]) -> Iterator[list[tuple[Any, ...]]]:
    iterator = iter(rows)
    while some := list(islice(iterator, TOGETHER)):
        yield some


def by_values(session: Session, query: str, values: Iterable[Any]) -> Iterator[Sequence[Any]]:
    """Rows of a query that ends with an indexed column, for those of these values: a few thousand to a statement.

    By the driver's own statement: building one by the toolkit costs more than the look-ups.
    """
    connection, wanted = session.connection(), sorted(set(values))
    for start in range(0, len(wanted), MANY):
        some = wanted[start : start + MANY]
        if connection.dialect.name == "sqlite":
            places = ",".join("?" * len(some))
            yield from connection.exec_driver_sql(f"{query} IN ({places})", tuple(some))
        else:
            yield from connection.exec_driver_sql(f"{query} = ANY(%s)", (some,))


def insert_rows(session: Session, model: type[DeclarativeBase], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows that all name the same columns; a column with a constant default may be left out."""
    if rows:
        names = list(rows[0])
        same_order = (row.values() if list(row) == names else [row[name] for name in names] for row in rows)
        insert_alike(session, model, names, same_order, {})


def insert_alike(
    session: Session,
    model: type[DeclarativeBase],
    names: Sequence[str],
    rows: Iterable[Iterable[Any]],
    same: Mapping[str, Any],
) -> None:
    """Insert rows of values in the order of ``names``; each row has the values of ``same`` too."""
    bulk = Bulk(session.connection().dialect, model, names, same)
    bulk.insert(session, map(bulk.written, rows))


def insert_texts(
    session: Session, model: type[DeclarativeBase], names: Sequence[str], columns: Sequence[Iterable[str]]
) -> None:
    """Insert rows into PostgreSQL whose values are texts already, a column after another, none empty for NULL.

    No value may hold a tab, a line's end or a backslash: they go to COPY as they stand.
    """
    session.flush()
    connection, named = session.connection(), ", ".join(f'"{name}"' for name in names)
    driver: Any = connection.connection.driver_connection
    statement = f'COPY "{model.__tablename__}" ({named}) FROM STDIN'
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write("".join(f"{line}\n" for line in map("\t".join, zip(*columns, strict=True))))


def _written(column: Column[Any], value: Any, dialect: Dialect) -> Any:
    write = _writer(column, dialect)
    return value if write is None or value is None else write(value)


def _writer(column: Column[Any], dialect: Dialect) -> Any:
    """How this column's values are handed to the driver; none if they go as they are, as bytes do in both drivers.

    Instants recur (all rows of a chunk are written at one), days and lists are written faster than by the ORM's own
    processors; a test holds both ways equal.
    """
    kind = column.type.dialect_impl(dialect)
    if isinstance(column.type, LargeBinary):
        return None
    if isinstance(kind, Date):
        return date.isoformat if dialect.name == "sqlite" else None
    if isinstance(kind, JSON):
        return _json
    write = kind.bind_processor(dialect)
    return lru_cache(maxsize=64)(write) if write is not None and isinstance(column.type, Instant) else write


def _json(value: Any) -> str:
    return _encode(value).decode()


_encode = msgspec.json.Encoder().encode
