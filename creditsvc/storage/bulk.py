"""Many rows at once, by the fastest way of each database, inside the session's own transaction.

The ORM's bulk insert splits rows by which of their columns are empty, so a court's list became thousands of statements.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Column, Dialect, Table
from sqlalchemy.orm import DeclarativeBase, Session


def insert_rows(session: Session, model: type[DeclarativeBase], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows that all name the same columns; a column with a constant default may be left out."""
    if not rows:
        return
    session.flush()
    table: Table = model.__table__  # type: ignore[assignment]
    connection = session.connection()
    columns = [table.columns[name] for name in rows[0]]
    constants = [
        column
        for column in table.columns
        if column.name not in rows[0] and column.default is not None and column.default.is_scalar
    ]
    names = ", ".join(f'"{column.name}"' for column in (*columns, *constants))
    writers = [_writer(column, connection.dialect) for column in columns]
    tail = [_written(column, column.default.arg, connection.dialect) for column in constants]  # type: ignore[union-attr]
    values = _values(rows, writers, tail)
    if connection.dialect.name != "postgresql":
        places = ", ".join("?" * (len(columns) + len(constants)))
        connection.exec_driver_sql(f'INSERT INTO "{table.name}" ({names}) VALUES ({places})', list(values))
        return
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f'COPY "{table.name}" ({names}) FROM STDIN') as copy:
        for row in values:
            copy.write_row(row)


def _values(
    rows: Sequence[Mapping[str, Any]], writers: Sequence[Any], tail: Sequence[Any]
) -> Iterator[tuple[Any, ...]]:
    """The rows as the driver takes them; a value that is the same object as in the row before is written once."""
    names, rest = list(rows[0]), tuple(tail)
    before: list[Any] = [None] * len(names)
    written: list[Any] = [None] * len(names)
    for row in rows:
        values = list(row.values()) if list(row) == names else [row[name] for name in names]
        for place, write in enumerate(writers):
            value = values[place]
            if write is not None and value is not None:
                if value is not before[place]:
                    before[place], written[place] = value, write(value)
                values[place] = written[place]
        yield (*values, *rest)


def _written(column: Column[Any], value: Any, dialect: Dialect) -> Any:
    write = _writer(column, dialect)
    return value if write is None or value is None else write(value)


def _writer(column: Column[Any], dialect: Dialect) -> Any:
    """How this column's values are handed to the driver; none if they go as they are."""
    return column.type.dialect_impl(dialect).bind_processor(dialect)
