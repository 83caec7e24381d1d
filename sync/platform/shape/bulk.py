"""Many entries in force turned into the lines that COPY takes, column by column. Pure.

A list of a million goes out as additions alone, and nearly all of its rows hold nothing unusual. So here a column of a
whole batch is worked out at once, by the interpreter's own loops, and what a value becomes is asked of ``values.py``
once for each value. Wherever a value is odd (too long, missing, without a code, with a character that nothing takes)
the line gets a mark that can stand in no line, and the row is left to ``rows.py``, which says what is wrong. A test
holds the two ways to one result, byte by byte.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from itertools import islice, repeat
from operator import attrgetter
from typing import Any, NamedTuple

import msgspec

from creditsvc.kernel.days import legal_day
from sync.platform.shape.profile import ENTRY, IDENTITY, Column, ColumnType, Layout, Operation, Profile, Shape
from sync.platform.shape.rows import Provider, is_plain, status_of
from sync.platform.shape.values import UNIT, BadValue, Getter, getter, made

ODD = "\x00"
_NEVER = bytes(each for each in range(0x1F) if each not in b"\t\n\r")
_NEVER_WIDE = ("\ufffe".encode(), "\uffff".encode())
_WIDE = b"\xef\xbf"
"""How both of them begin."""
_AT_ONCE = 100
"""Lines made and looked at together: as much as stays near the processor."""
_UNIT = UNIT.encode()
_MOST_KNOWN = 20_000
_OF_BATCH = frozenset({"batch", "provider", "provider_code", "sent_on", "sent_at", "operation"})
_ALWAYS = ("entry", "revision", "kind", "debtor_kind", "court_code", "marks", "unit_code")
_TYPES: Mapping[str, Any] = {
    "entry": str, "revision": int, "kind": str, "age": int | None, "grounds": tuple[str, ...] | None,
    "marks": list[dict[str, Any]] | None,
}  # fmt: skip

_Values = Sequence[Any]


class Lines(NamedTuple):
    """Lines of a batch in its order, with the digest (hex) of each; ``odd``: places that the plain way has to fill."""

    lines: list[bytes]
    digests: list[bytes]
    odd: list[int]


class Told(NamedTuple):
    """What the lines of a page are made of, column by column. Numbers are in clear: it lives until it is lines."""

    columns: Any
    """By ``BulkMapper.columns``."""
    numbers: Sequence[str] = ()
    tokens: Sequence[str] = ()

    def __repr__(self) -> str:
        return f"Told({len(self.numbers)})"


class _Known(dict[Any, str]):
    """What a value becomes in one column; asked for once."""

    def __init__(self, source: str, get: Getter) -> None:
        super().__init__()
        self._source, self._get = source, get

    def __missing__(self, raw: Any) -> str:
        try:
            value = self._get({self._source: list(raw) if type(raw) is tuple else raw})
            text = "" if value is None else str(value)
        except (BadValue, TypeError, ValueError):
            text = ODD
        if len(self) < _MOST_KNOWN:
            self[raw] = text
        return text


class BulkMapper:
    """Maps entries in force to lines, a batch at a time. Only for tables: files have values, not lines."""

    def __init__(self, profile: Profile, provider: Provider) -> None:
        self.profile, self._provider = profile, provider
        if profile.layout is not Layout.TABLE:
            raise ValueError("lines are of tables")
        sources = {column.source for column in profile.columns}
        self._names = tuple(sorted({*_ALWAYS, *(sources & (ENTRY | IDENTITY)) - _WORKED_OUT}))
        # out of the collector's sight: they hold texts alone, and it would walk a million of them again and again
        told = msgspec.defstruct("Told", [_field(name) for name in self._names], kw_only=True, gc=False)
        event: Any = msgspec.defstruct("Event", [("data", told)], gc=False)
        columns: Any = msgspec.defstruct("Columns", [(name, list[_kind(name)]) for name in self._names])  # type: ignore[misc]
        self._columns = columns
        self.told = tuple[columns, list[str], list[str]]
        """The type of ``Told``, for whoever sends it elsewhere."""
        self._decode: Callable[[bytes], Any] = msgspec.json.Decoder(event).decode
        self._ways = {shape.value: _Way(profile, shape.value) for shape in Shape}
        self._constants: dict[str, Any] = {}
        self._batch = ""

    def read(self, body: bytes) -> Any:
        """What an event's body says, for ``lines``. Raises ``msgspec.ValidationError`` for one of another form."""
        return self._decode(body).data

    def begin(self, batch: str, at: datetime) -> None:
        """The lines that follow belong to this batch, made at this instant."""
        self._batch = batch
        self._constants = {
            "batch": batch, "provider": self._provider.name, "provider_code": self._provider.code,
            "sent_on": legal_day(at).isoformat(), "sent_at": at, "operation": Operation.INSERT.value,
        }  # fmt: skip

    def columns(self, entries: Sequence[Any]) -> Any:
        """These entries (from ``read``) side by side."""
        return self._columns(*(list(map(attrgetter(name), entries)) for name in self._names))

    def lines(self, told: Told, divisions: Mapping[str, str]) -> Lines:
        """The lines of these entries, numbered from 1, each with its number and token or empty texts."""
        return self._lines({name: getattr(told.columns, name) for name in self._names}, told, divisions)

    def _lines(self, told: dict[str, _Values], given: Told, divisions: Mapping[str, str]) -> Lines:
        count = len(given.numbers)
        told |= {
            "key": told["entry"],
            "version": told["revision"],
            "division": tuple(map(divisions.get, told["court_code"])),
        }
        shapes: _Values = [shape or Shape.PERSON.value for shape in told["debtor_kind"]]
        told |= {"debtor_kind": shapes, "number": given.numbers, "token": given.tokens, "sequence": range(1, count + 1)}
        kinds = set(shapes)
        if len(kinds) == 1:
            return self._of_shape(shapes[0], told)
        made = Lines([b""] * count, [b""] * count, [])
        for shape in sorted(kinds):
            places = [at for at, each in enumerate(shapes) if each == shape]
            some = self._of_shape(shape, {name: [column[at] for at in places] for name, column in told.items()})
            for at, line, digest in zip(places, some.lines, some.digests, strict=True):
                made.lines[at], made.digests[at] = line, digest
            made.odd.extend(places[at] for at in some.odd)
        made.odd.sort()
        return made

    def _of_shape(self, shape: str, told: Mapping[str, _Values]) -> Lines:
        way = self._ways.get(shape)
        count = len(told["key"])
        if way is None:
            return Lines([b""] * count, [b""] * count, list(range(count)))
        return way.lines(_worked_out(told), self._constants)


def _kind(name: str) -> Any:
    return _TYPES.get(name, str | None)


def _field(name: str) -> tuple[str, Any] | tuple[str, Any, Any]:
    kind = _kind(name)
    return (name, kind) if kind in {str, int} else (name, kind, None)


_WORKED_OUT = frozenset({"court_division", "number", "number_type", "token"})


def _worked_out(told: Mapping[str, _Values]) -> dict[str, _Values]:
    """The columns with what the plain way works out of several fields (``rows.Mapper.standing``)."""
    units, numbers = told["unit_code"], told["number"]
    found = dict(told) | {
        "court_division": told["division"],
        "status": ["listed" if not marks else status_of(marks) for marks in told["marks"]],
        "token": [token or None for token in told["token"]],
    }
    found["number"] = [number.partition(":")[2] or None for number in numbers]
    found["number_type"] = [number.partition(":")[0] or None for number in numbers]
    if any(units):
        found["number"] = [unit or number for unit, number in zip(units, found["number"], strict=True)]
        found["number_type"] = [
            "uscc" if unit else kind for unit, kind in zip(units, found["number_type"], strict=True)
        ]
    return found


class _Way:
    """How the lines of one shape are made."""

    def __init__(self, profile: Profile, shape: str) -> None:
        self._columns = profile.columns
        self._getters = [getter(column, profile, shape, guard=False) for column in profile.columns]
        self._hash = next((at for at, column in enumerate(profile.columns) if column.source == "hash"), None)
        self._shape = shape
        self._known: dict[int, _Known] = {
            at: _Known(column.source, get)
            for at, (column, get) in enumerate(zip(profile.columns, self._getters, strict=True))
        }

    def lines(self, told: Mapping[str, _Values], constants: Mapping[str, Any]) -> Lines:
        count = len(told["key"])
        columns = [self._column(at, column, told, constants) for at, column in enumerate(self._columns)]
        place = len(columns) if self._hash is None else self._hash
        before, after = columns[:place], columns[place + 1 :]
        hashed = self._hash is not None
        # the digest is made over the line with its own place empty
        joint = UNIT if before and hashed else ""
        first = map(str.encode, _joined(before, count, end=joint))
        last = map(str.encode, _joined(after, count, start=UNIT)) if after else repeat(b"", count)
        found, pairs = Lines([], [], []), zip(first, last, strict=True)
        # some at a time, through every step: what a line is made of is then still near the processor
        while some := list(islice(pairs, _AT_ONCE)):
            digests = [sha256(head + tail).hexdigest().encode() for head, tail in some]
            if hashed:
                lines = [head + digest + tail for (head, tail), digest in zip(some, digests, strict=True)]
            else:
                lines = [head for head, _ in some]
            found.odd.extend(len(found.lines) + at for at in _odd(lines, len(columns) - 1))
            found.lines.extend(lines)
            found.digests.extend(digests)
        return found

    def _column(
        self, at: int, column: Column, told: Mapping[str, _Values], constants: Mapping[str, Any]
    ) -> Iterable[str]:
        """The texts of a column; one text alone where all of them are the same."""
        if column.value or column.source in _OF_BATCH:
            return _text(self._getters[at], constants)
        if column.source == "row_id":
            return _row_ids(told["key"], told["version"])
        if column.source == "flow":
            batch = constants["batch"]
            return [str(made("flow", {"batch": batch, "sequence": each})) for each in told["sequence"]]
        raw = told.get(column.source)
        if raw is None or raw.count(None) == len(raw):
            return _text(self._getters[at], {})
        if column.source == "marks":
            return [_text(self._getters[at], {"marks": each}) for each in raw]
        if column.source == "sequence" and is_plain(column):
            return map(str, raw)
        if is_plain(column) and column.type is not ColumnType.INTEGER:
            return self._plain(column, raw)
        return map(self._known[at].__getitem__, raw)

    def _plain(self, column: Column, raw: _Values) -> _Values:
        """A column whose values go as they are, unless they are odd."""
        texts: _Values = ["" if each is None else each for each in raw] if None in raw else raw
        if column.length and max(map(len, texts)) > column.length:
            texts = [each if len(each) <= column.length else ODD for each in texts]
        if self._shape in column.must and "" in texts:
            texts = [each or ODD for each in texts]
        return texts


def _joined(columns: Sequence[Iterable[str]], count: int, *, start: str = "", end: str = "") -> Iterable[str]:
    """The columns' texts side by side; what is the same in every line is put together once."""
    parts: list[Iterable[str]] = []
    for column in columns:
        if isinstance(column, str) and parts and isinstance(parts[-1], str):
            parts[-1] = parts[-1] + UNIT + column
        else:
            parts.append(column)
    if start:
        parts[0] = start + parts[0] if isinstance(parts[0], str) else map(start.__add__, parts[0])
    if end:
        parts[-1] = parts[-1] + end if isinstance(parts[-1], str) else [each + end for each in parts[-1]]
    each = [repeat(part, count) if isinstance(part, str) else part for part in parts]
    return map(UNIT.join, zip(*each, strict=True)) if each else repeat("", count)


def _text(get: Getter, fields: Mapping[str, Any]) -> str:
    try:
        value = get(fields)
    except BadValue:
        return ODD
    return "" if value is None else str(value)


def _row_ids(keys: Sequence[str], versions: Sequence[int]) -> Iterable[str]:
    named = "\n".join([f"{key}:{version}" for key, version in zip(keys, versions, strict=True)])
    return [sha256(each).hexdigest()[:32] for each in named.encode().split(b"\n")]


def _odd(lines: Sequence[bytes], units: int) -> list[int]:
    """Places of lines with a character that no line may have: looked for in all of them at once, then one by one."""
    if _is_clean(b"".join(lines), units * len(lines)):
        return []
    return [at for at, line in enumerate(lines) if not _is_clean(line, units)]


def _is_clean(text: bytes, units: int) -> bool:
    return (
        text.count(_UNIT) == units
        and len(text.translate(None, _NEVER)) == len(text)
        and not (_WIDE in text and any(each in text for each in _NEVER_WIDE))
    )
