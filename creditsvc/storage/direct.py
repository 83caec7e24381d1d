"""One statement by the driver itself, for the few reads and writes that a check makes: the toolkit's bookkeeping costs more than they do.

A read that is one statement is one snapshot by itself and needs no transaction. Rows come as JSON that the database builds,
alike on both, and are read into typed structures.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import JSON, Table
from sqlalchemy.orm import Session


class Driven(NamedTuple):
    """A transaction by the driver alone: its connection, and whether it is SQLite's."""

    driver: Any
    is_sqlite: bool


Writing = Session | Driven
"""A transaction in which one may write."""


def driver_of(session: Writing) -> Driven:
    """The driver's connection of a transaction. What the ORM holds back is written first."""
    if isinstance(session, Driven):
        return session
    session.flush()
    connection = session.connection()
    return Driven(connection.connection.driver_connection, connection.dialect.name == "sqlite")


def json_object(table: Table, names: Sequence[str], *, alias: str, is_sqlite: bool) -> str:
    """SQL for these columns of a row as a JSON object."""
    function = "json_object" if is_sqlite else "json_build_object"
    pairs = []
    for name in names:
        place = f"{alias}.{name}"
        if is_sqlite and isinstance(table.columns[name].type, JSON):
            place = f"json({place})"
        pairs.append(f"'{name}', {place}")
    return f"{function}({', '.join(pairs)})"


def json_list(row: str, source: str, *, is_sqlite: bool) -> str:
    """SQL for the rows of ``source`` (what stands after FROM) as a JSON list of ``row``; in no order."""
    if is_sqlite:
        return f"json((SELECT json_group_array({row}) FROM {source}))"
    return f"(SELECT coalesce(json_agg({row}), '[]'::json) FROM {source})"


def instant(at: datetime, *, is_sqlite: bool) -> Any:
    """An instant as the driver is given it, exactly as the column type writes it."""
    utc = at.astimezone(UTC)
    return utc.strftime("%Y-%m-%d %H:%M:%S.%f") if is_sqlite else utc


def with_zone(at: datetime) -> datetime:
    """An instant as it was read: SQLite forgets that it is UTC."""
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at


def byte_list(values: Sequence[bytes]) -> str:
    """A value for PostgreSQL's ``%s::bytea[]``."""
    return "{" + ",".join(f'"\\\\x{value.hex()}"' for value in values) + "}"
