"""Many rows at once, by the fastest way of each database, inside the session's own transaction.

The ORM's bulk insert splits rows by which of their columns are empty, so a court's list became thousands of statements.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Column, Dialect, Table, insert
from sqlalchemy.orm import DeclarativeBase, Session


def insert_rows(session: Session, model: type[DeclarativeBase], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows that all name the same columns; a column with a constant default may be left out."""
    if not rows:
        return
    session.flush()
    table: Table = model.__table__  # type: ignore[assignment]
    connection = session.connection()
    if connection.dialect.name != "postgresql":
        connection.execute(insert(table), [dict(row) for row in rows])
        return
    columns = [table.columns[name] for name in rows[0]]
    constants = [
        column
        for column in table.columns
        if column.name not in rows[0] and column.default is not None and column.default.is_scalar
    ]
    names = ", ".join(f'"{column.name}"' for column in (*columns, *constants))
    writers = [_writer(column, connection.dialect) for column in columns]
    tail = [column.default.arg for column in constants]  # type: ignore[union-attr]
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f'COPY "{table.name}" ({names}) FROM STDIN') as copy:
        for row in rows:
            values = row.values() if list(row) == list(rows[0]) else [row[column.name] for column in columns]
            copy.write_row(
                [
                    write(value) if write and value is not None else value
                    for write, value in zip(writers, values, strict=True)
                ]
                + tail
            )


def _writer(column: Column[Any], dialect: Dialect) -> Any:
    """How this column's values are handed to the driver; none if they go as they are."""
    return column.type.dialect_impl(dialect).bind_processor(dialect)
