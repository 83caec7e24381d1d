"""A PostgreSQL connection for few and fixed statements: each is prepared once, then libpq is told its name and its values.

For whatever goes by ``Database.direct`` and for those who write together. A cursor of the driver asks at each statement what
its values are, whether a plan is worth keeping and how to wait; to fetch one row by its key, that is four fifths of the work.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import psycopg
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, ExecStatus, Format

if TYPE_CHECKING:
    from psycopg.pq.abc import PGresult

OPTIONS = "-c plan_cache_mode=force_generic_plan -c bytea_output=hex -c enable_seqscan=off -c jit=off"
"""Of such a connection: to plan what a check reads takes ten times as long as to read it, and is done once. A plan that is
made while a table is small must not read it whole for ever after, so an index is taken wherever there is one."""
MOST_KEPT = 256
"""Statements that are kept prepared; whatever comes after them is planned each time."""
Reader = Callable[[bytes], Any]
_DONE = (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK)


class Rows:
    """What a statement gave."""

    __slots__ = ("_at", "_given", "_readers")

    def __init__(self, given: PGresult, readers: Sequence[Reader]) -> None:
        self._given, self._at, self._readers = given, 0, readers

    def fetchone(self) -> tuple[Any, ...] | None:
        """The next row; none after the last."""
        if self._at >= self._given.ntuples:
            return None
        self._at += 1
        return self._row(self._at - 1)

    def fetchall(self) -> list[tuple[Any, ...]]:
        """All that are left."""
        start, self._at = self._at, self._given.ntuples
        return [self._row(place) for place in range(start, self._at)]

    def _row(self, place: int) -> tuple[Any, ...]:
        value = self._given.get_value
        return tuple(
            None if (raw := value(place, column)) is None else read(raw) for column, read in enumerate(self._readers)
        )


class Plain:
    """One connection; its transactions, if any, are begun and ended by statements."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._libpq = connection.pgconn
        self._prepared: dict[str, tuple[bytes, Sequence[Reader]]] = {}

    def execute(self, statement: str, values: Sequence[Any] = ()) -> Rows:
        """Values stand where the statement has ``%s``: texts, bytes, numbers, instants or none, whose types the server infers.

        Raises ``psycopg.Error``.
        """
        if self._libpq.status != ConnStatus.OK:
            raise psycopg.OperationalError("the connection is lost")
        given = [None if value is None else _WRITERS[type(value)](value) for value in values]
        formats = [Format.BINARY if isinstance(value, bytes) else Format.TEXT for value in values]
        known = self._prepared.get(statement) or self._prepare(statement)
        if known is None:
            loose = _checked(self._libpq.exec_params(_numbered(statement), given, None, formats))
            return Rows(loose, _readers_of(loose))
        return Rows(_checked(self._libpq.exec_prepared(known[0], cast(Any, given), formats)), known[1])

    def _prepare(self, statement: str) -> tuple[bytes, Sequence[Reader]] | None:
        if len(self._prepared) >= MOST_KEPT:
            return None
        name = f"plain{len(self._prepared)}".encode()
        _checked(self._libpq.prepare(name, _numbered(statement)))
        known = self._prepared[statement] = name, _readers_of(_checked(self._libpq.describe_prepared(name)))
        return known


def _readers_of(given: PGresult) -> Sequence[Reader]:
    return [_READERS.get(given.ftype(column), _text) for column in range(given.nfields)]


def _numbered(statement: str) -> bytes:
    first, *rest = statement.split("%s")
    return (first + "".join(f"${place}{piece}" for place, piece in enumerate(rest, 1))).encode()


def _checked(given: PGresult) -> PGresult:
    if given.status not in _DONE:
        raise error_from_result(given, "utf-8")
    return given


def _text(raw: bytes) -> str:
    return raw.decode()


def _written(text: str) -> bytes:
    if "\0" in text:
        raise psycopg.DataError("a text can't hold a NUL")
    return text.encode()


_READERS: dict[int, Reader] = {
    16: lambda raw: raw == b"t",
    17: lambda raw: bytes.fromhex(raw[2:].decode()),
    20: int,
    21: int,
    23: int,
    701: float,
}
"""By the type's number in PostgreSQL: boolean, bytea, the whole numbers, double precision. All else is read as text."""
_WRITERS: dict[type, Callable[[Any], bytes]] = {
    str: _written,
    bytes: bytes,
    bool: lambda value: b"t" if value else b"f",
    int: lambda value: str(value).encode(),
    float: lambda value: repr(value).encode(),
    datetime: lambda value: value.astimezone(UTC).isoformat().encode(),
}
