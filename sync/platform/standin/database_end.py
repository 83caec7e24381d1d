"""The stand-in's front-end database: it makes the tables of a profile, reads new batches, writes receipts and holdings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, DateTime, Engine, MetaData, delete, insert, select

from sync.platform.channels.schema import metadata_of
from sync.platform.shape.profile import Shape, Side
from sync.platform.standin.platform import StandIn

AT_ONCE = 500


class DatabaseEnd:
    """One database."""

    def __init__(self, standin: StandIn, engine: Engine) -> None:
        self._standin, self._engine, self._metadata = standin, engine, metadata_of(standin.profile)
        self._places: dict[str, str] = {}
        for column in standin.profile.columns:
            self._places.setdefault(column.source, column.name)

    def create(self) -> None:
        """Make the tables that are not there."""
        self._metadata.create_all(self._engine)

    @property
    def metadata(self) -> MetaData:
        """The tables."""
        return self._metadata

    def work(self, now: datetime) -> int:
        """One round: take new batches, write receipts, say what it holds; how many rows were read."""
        if self._standin.habit("delay"):
            return 0
        read = 0
        with self._engine.begin() as connection:
            done = self._standin.ledger.batches()
            for number in self._new(connection, done):
                rows = self._rows(connection, number)
                receipts = self._standin.take_batch(number, rows, self._note(connection, number), now)
                self._write(connection, self._standin.profile.feedback, receipts)
                read += len(rows)
            self._take_answers(connection)
            self._hold(connection)
        return read

    def send(self, message: Mapping[str, Any]) -> None:
        """Hand a message over."""
        if self._standin.profile.messages:
            with self._engine.begin() as connection:
                self._write(connection, self._standin.profile.messages, [message])

    def _new(self, connection: Connection, done: set[str]) -> list[str]:
        found: dict[str, None] = {}
        for name in dict.fromkeys(self._standin.profile.tables.values()):
            column = self._metadata.tables[name].c[self._places["batch"]]
            found.update(dict.fromkeys(str(each) for each in connection.scalars(select(column).distinct())))
        return sorted(number for number in found if number not in done)

    def _rows(self, connection: Connection, number: str) -> list[tuple[Mapping[str, Any], str]]:
        rows: list[tuple[Mapping[str, Any], str]] = []
        tables = self._standin.profile.tables
        for name in dict.fromkeys(tables.values()):
            table = self._metadata.tables[name]
            query = select(table).where(table.c[self._places["batch"]] == number)
            for row in connection.execute(query):
                values = {key: _text(value) for key, value in row._mapping.items()}
                own = [shape.value for shape in Shape if tables[shape.value] == name]
                rows.append((values, own[0] if len(own) == 1 else self._standin.ledger.shape_of(values)))
        return sorted(rows, key=lambda found: int(found[0][self._places["sequence"]] or 0))

    def _note(self, connection: Connection, number: str) -> str:
        side = self._standin.profile.header
        if side is None:
            return ""
        table = self._metadata.tables[side.place]
        query = select(table.c[side.named("signature")]).where(table.c[side.named("batch")] == number)
        return str(connection.scalar(query.limit(1)) or "")

    def _write(self, connection: Connection, side: Side, rows: Sequence[Mapping[str, Any]]) -> None:
        table = self._metadata.tables[side.place]
        instants = {column.name for column in table.columns if isinstance(column.type, DateTime)}
        typed = [
            {
                name: datetime.fromisoformat(str(value)) if name in instants and value else value
                for name, value in row.items()
            }
            for row in rows
        ]
        for start in range(0, len(typed), AT_ONCE):
            connection.execute(insert(table), typed[start : start + AT_ONCE])

    def _take_answers(self, connection: Connection) -> None:
        side = self._standin.profile.answers
        if side is None:
            return
        for row in connection.execute(select(self._metadata.tables[side.place])):
            values = row._mapping
            self._standin.ledger.keep_answer(
                str(values[side.named("message")]),
                str(values[side.named("outcome")]),
                str(values.get(side.named("text"), "")),
            )

    def _hold(self, connection: Connection) -> None:
        side = self._standin.profile.holdings
        if side is None:
            return
        table = self._metadata.tables[side.place]
        connection.execute(delete(table))
        self._write(connection, side, self._standin.ledger.holdings())


def _text(value: Any) -> Any:
    """A value as it was before the database made it a day or an instant."""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    return value.isoformat() if isinstance(value, date) else value
