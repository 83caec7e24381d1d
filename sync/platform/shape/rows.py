"""From an entry to a platform's row, by the profile alone. Pure.

A row in force has all fields; a row that ends an entry has the envelope and the end, never personal data. What a
profile can't carry (a missing field, a text too long, a word without a code) is refused here, before anything is sent.

Rows are made a million at a time, so there are two ways to one result: a short one for a row without surprises, and
the plain one, column by column, for everything else (``values.py``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple

from creditsvc.kernel.days import legal_day
from sync.platform.shape.profile import Column, ColumnType, Layout, Operation, Profile, Shape
from sync.platform.shape.values import NEVER, UNIT, BadValue, Getter, Value, end_getter, getter

RECORD = b"\x1e"
_MEMO = 20_000
_LISTS = frozenset({"grounds", "marks"})
_NUMBERS = frozenset({"version", "sequence", "age"})
_MADE = frozenset({"flow", "row_id", "hash"})


@dataclass(frozen=True, slots=True)
class Provider:
    """Who sends: the unit's name and its unit code."""

    name: str
    code: str


class Record(NamedTuple):
    """An entry as it stands. ``number`` is canonical (``type:number``) and empty where the agreement gives none."""

    key: str
    version: int
    kind: str
    shape: str
    data: Mapping[str, Any]
    number: str = ""
    token: str = ""

    def __repr__(self) -> str:
        return f"Record({self.key}, version {self.version})"


class End(NamedTuple):
    """An entry that has left: ``data`` is that of its removal."""

    key: str
    version: int
    kind: str
    shape: str
    data: Mapping[str, Any]


class Row(NamedTuple):
    """One row as the platform takes it: values in the order of the profile's columns."""

    key: str
    version: int
    operation: str
    shape: str
    values: Sequence[Value]
    line: str = ""
    """Its values as one text, each behind a unit separator: what the digest is over, and what COPY takes."""

    digest: str = ""
    """SHA-256 in hex over the line, the digest's own place empty."""

    def __repr__(self) -> str:
        return f"Row({self.operation} {self.key}, version {self.version})"


class Fault(NamedTuple):
    """Why a column can't be filled. No value in it: values may be personal."""

    column: str
    problem: str


class RowRefused(ValueError):
    """A row that the profile can't carry, with every fault of it."""

    def __init__(self, key: str, faults: Sequence[Fault]) -> None:
        self.key, self.faults = key, tuple(faults)
        super().__init__(f"{key}: " + "; ".join(f"{fault.column} {fault.problem}" for fault in faults))


def is_plain(column: Column) -> bool:
    """Whether the field's value is the column's value as it stands."""
    if column.value:
        return True
    if column.codes or column.default or column.source in _LISTS or column.source in _MADE:
        return False
    if column.type is ColumnType.INTEGER:
        return column.source in _NUMBERS
    return column.format == "iso" and column.source not in _NUMBERS and column.source != "sent_at"


class _Way:
    """How the rows of one shape are made."""

    def __init__(self, profile: Profile, getters: Sequence[Getter], shape: str) -> None:
        self.getters, columns = getters, profile.columns
        self.constants = {f"={at}": getters[at]({}) for at, column in enumerate(columns) if column.value}
        self.may_be_short = bool(shape) and profile.layout not in {Layout.CSV, Layout.XLSX}
        self._sources = [column.source or f"={at}" for at, column in enumerate(columns)]
        plain = [is_plain(column) for column in columns]
        self._made = [at for at, column in enumerate(columns) if column.source in _MADE]
        self._kept: list[tuple[int, dict[Any, Value]]] = [
            (at, {}) for at, column in enumerate(columns) if not plain[at] and column.source not in _MADE
        ]
        self._lengths = [(at, column.length) for at, column in enumerate(columns) if column.length and plain[at]]
        self._musts = [at for at, column in enumerate(columns) if shape in column.must]

    def short(self, fields: Mapping[str, Any]) -> list[Value] | None:
        """The values of a row without surprises; none if it has some. What a value becomes is worked out once."""
        values: list[Any] = list(map(fields.get, self._sources))
        if "" in values:
            return None
        for at, known in self._kept:
            raw = values[at]
            key = tuple(raw) if raw.__class__ is list and raw and raw[0].__class__ is str else raw
            try:
                values[at] = known[key]
            except KeyError:
                values[at] = self.getters[at](fields)
                if len(known) < _MEMO:
                    known[key] = values[at]
            except TypeError:
                values[at] = self.getters[at](fields)
        for at in self._made:
            values[at] = self.getters[at](fields)
        return None if self._surprises(values) else values

    def _surprises(self, values: Sequence[Any]) -> bool:
        """Whether some text is too long or something is missing: then the plain way says what."""
        for at, length in self._lengths:
            value = values[at]
            if value is not None and len(value) > length:
                return True
        return any(values[at] is None for at in self._musts)

    def long(self, fields: Mapping[str, Any]) -> list[Value]:
        """The values of any row. Raises ``BadValue``."""
        return [get(fields) for get in self.getters]


class Mapper:
    """Maps entries to rows of one batch after another."""

    def __init__(self, profile: Profile, provider: Provider) -> None:
        self.profile, self._provider = profile, provider
        self._hash = next((at for at, column in enumerate(profile.columns) if column.source == "hash"), None)
        self._lines = profile.layout is Layout.TABLE
        guard = profile.layout in {Layout.CSV, Layout.XLSX}
        self._standing = {
            shape.value: _Way(
                profile, [getter(column, profile, shape.value, guard) for column in profile.columns], shape.value
            )
            for shape in Shape
        }
        self._ending = _Way(profile, [end_getter(column, profile, guard) for column in profile.columns], "")
        self._base: dict[str, Any] = {}

    def begin(self, batch: str, at: datetime) -> None:
        """The rows that follow belong to this batch, made at this instant."""
        constants = next(iter(self._standing.values())).constants
        self._base = constants | {
            "batch": batch, "provider": self._provider.name, "provider_code": self._provider.code,
            "sent_on": legal_day(at).isoformat(), "sent_at": at,
        }  # fmt: skip

    def standing(self, record: Record, operation: Operation, sequence: int) -> Row:
        """The row of an entry in force. Raises ``RowRefused``."""
        data = record.data
        unit = data.get("unit_code")
        kind, _, number = record.number.partition(":")
        fields = {
            **self._base, **data, "key": record.key, "version": record.version, "kind": record.kind,
            "debtor_kind": record.shape, "operation": operation.value, "sequence": sequence,
            "status": status_of(data.get("marks") or ()), "token": record.token or None,
            "number": unit or number or None, "number_type": "uscc" if unit else kind or None,
        }  # fmt: skip
        return self._row(self._standing[record.shape], fields, operation.value, record.shape)

    def ending(self, end: End, sequence: int) -> Row:
        """The row that ends an entry. Raises ``RowRefused``."""
        fields = {
            **self._base, **_exit_fields(end.data), "key": end.key, "version": end.version, "kind": end.kind,
            "debtor_kind": end.shape, "operation": Operation.DELETE.value, "sequence": sequence,
            "status": "revoked" if end.data.get("exit") == "revoked" else "ended",
        }  # fmt: skip
        return self._row(self._ending, fields, Operation.DELETE.value, end.shape)

    def _row(self, way: _Way, fields: Mapping[str, Any], operation: str, shape: str) -> Row:
        try:
            values = (way.short(fields) if way.may_be_short else None) or way.long(fields)
            texts = _texts(values)
            line = UNIT.join(texts)
            if line.count(UNIT) >= len(texts) or NEVER.search(line):
                values = way.long(fields)
                texts = _texts(values)
                line = UNIT.join(texts)
        except BadValue:
            raise RowRefused(fields["key"], self._faults(way, fields)) from None
        digest = sha256(line.encode()).hexdigest()
        if self._hash is not None:
            values[self._hash] = texts[self._hash] = digest
            line = UNIT.join(texts)
        return Row(fields["key"], fields["version"], operation, shape, values, line if self._lines else "", digest)

    def _faults(self, way: _Way, fields: Mapping[str, Any]) -> list[Fault]:
        found = []
        for column, get in zip(self.profile.columns, way.getters, strict=True):
            try:
                get(fields)
            except BadValue as bad:
                found.append(Fault(column.name, str(bad)))
        return found


def _texts(values: Iterable[Value]) -> list[str]:
    return [value if type(value) is str else "" if value is None else str(value) for value in values]


def row_digest(values: Iterable[Value]) -> str:
    """SHA-256 in hex over the row's texts without the digest itself, each behind a unit separator."""
    return sha256(UNIT.join(["" if value is None else str(value) for value in values]).encode()).hexdigest()


def batch_digest(digests: Iterable[str]) -> str:
    """SHA-256 in hex over the digests of a batch's rows in their order."""
    return sha256(b"".join(digest.encode() + RECORD for digest in digests)).hexdigest()


def status_of(told: Iterable[Mapping[str, Any]]) -> str:
    """An entry's status by the marks that stand on it."""
    marks = {mark.get("mark") for mark in told if "to" not in mark}
    return "disputed" if "disputed" in marks else "suspended" if marks & {"suspended", "shielded"} else "listed"


def _exit_fields(data: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "exit": data.get("exit"), "exit_ground": data.get("ground"), "exit_effect": data.get("effect"),
        "ended_on": data.get("effective"), "exit_due": data.get("due"), "exit_decision": data.get("decision"),
        "exit_basis": data.get("basis"),
    }  # fmt: skip
