"""Strict reading of a parsed TOML table: every key is asked for once, what is left over is an error."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from enum import StrEnum
from typing import Any, TypeVar

from punishment_rules.catalogue_types import CatalogueError
from punishment_rules.law import Text

E = TypeVar("E", bound=StrEnum)


class Source:
    """The text of one file, kept to say where a fault stands."""

    def __init__(self, path: str, text: str) -> None:
        self.path, self.lines = path, text.splitlines()

    def fault(self, problem: str, anchor: str = "", key: str = "") -> CatalogueError:
        """An error at the line of `key` at or after the table named by `anchor` (its id)."""
        start = _first(self.lines, rf'^\s*id\s*=\s*"{re.escape(anchor)}"', 0, len(self.lines)) if anchor else 0
        return self.at(problem, start or 0, len(self.lines), key)

    def at(self, problem: str, start: int, stop: int, key: str = "") -> CatalogueError:
        """An error at the line of `key` between two lines; at the first of them if the key does not stand there."""
        line = None
        if key:
            line = _first(self.lines, rf"^\s*\"?{re.escape(key)}\"?\s*=", start, stop)
        if key and line is None:
            line = _first(self.lines, rf"(?<![\w-]){re.escape(key)}(?![\w-])", start, stop)
        return CatalogueError(problem, path=self.path, line=(start if line is None else line) + 1)

    def span(self, path: str, number: int, start: int, stop: int) -> tuple[int, int]:
        """First line and last line (excluded) of the n-th table of an array, between the lines of its parent."""
        own = re.compile(rf"^\s*\[{{1,2}}\s*{re.escape(path)}\s*\]")
        heads = [line for line in range(start, stop) if own.search(self.lines[line])]
        if number < len(heads):
            return heads[number], self._end(path, heads[number] + 1, stop)
        return self._inline(path.rpartition(".")[2], number, start, stop)

    def _end(self, path: str, start: int, stop: int) -> int:
        """The next header that is none of a table inside this one."""
        header = re.compile(r"^\s*\[+\s*([\w.-]+)")
        for line in range(start, stop):
            found = header.search(self.lines[line])
            if found is not None and not found[1].startswith(f"{path}."):
                return line
        return stop

    def _inline(self, key: str, number: int, start: int, stop: int) -> tuple[int, int]:
        """The n-th table of an array written as `key = [ {…}, {…} ]`, one a line; else the line of the key."""
        at = _first(self.lines, rf"^\s*{re.escape(key)}\s*=", start, stop)
        if at is None:
            return start, stop
        rows: list[int] = []
        for line in range(at + 1, stop):
            if not self.lines[line].lstrip().startswith("{"):
                break
            rows.append(line)
        return (rows[number], rows[number] + 1) if number < len(rows) else (at, at + 1)


def _first(lines: list[str], pattern: str, start: int, stop: int) -> int | None:
    compiled = re.compile(pattern)
    return next((line for line in range(start, stop) if compiled.search(lines[line])), None)


class Table:
    """One table; `anchor` is the id of the row it belongs to, for errors."""

    def __init__(
        self,
        data: dict[str, Any],
        source: Source,
        anchor: str = "",
        *,
        path: str = "",
        span: Callable[[], tuple[int, int]] | None = None,
    ) -> None:
        self._data, self.source, self._path = dict(data), source, path
        self.anchor = anchor or str(data.get("id", ""))
        self._find = span

    @property
    def span(self) -> tuple[int, int]:
        """First line and last line (excluded) of this table, looked for only when a fault is told."""
        return (0, len(self.source.lines)) if self._find is None else self._find()

    def fault(self, problem: str, key: str = "") -> CatalogueError:
        """An error in this table."""
        start, stop = self.span
        return self.source.at(f"{self.anchor}: {problem}" if self.anchor else problem, start, stop, key)

    def text(self, key: str, default: str | None = None) -> str:
        """A string; without a default it must be there and not be empty."""
        value = self._data.pop(key, default)
        if not isinstance(value, str) or (default is None and not value):
            raise self.fault(f"{key} is missing or no text", key)
        return value

    def pair(self, stem: str = "") -> Text:
        """Chinese and English under `stem_zh`, `stem_en` (or `zh`, `en`)."""
        prefix = f"{stem}_" if stem else ""
        return Text(self.text(f"{prefix}zh"), self.text(f"{prefix}en"))

    def maybe_pair(self, stem: str) -> Text | None:
        """The same, or None if neither is there; one alone is an error."""
        return self.pair(stem) if f"{stem}_zh" in self._data or f"{stem}_en" in self._data else None

    def flag(self, key: str, *, default: bool = False) -> bool:
        """True or false; absent is the default."""
        value = self._data.pop(key, default)
        if not isinstance(value, bool):
            raise self.fault(f"{key} must be true or false", key)
        return value

    def day(self, key: str) -> date | None:
        """A local date, or None if absent."""
        value = self._data.pop(key, None)
        if value is not None and (not isinstance(value, date) or isinstance(value, datetime)):
            raise self.fault(f"{key} must be a date (YYYY-MM-DD, no quotes)", key)
        return value

    def needed_day(self, key: str) -> date:
        """A local date that must be there."""
        value = self.day(key)
        if value is None:
            raise self.fault(f"{key} is missing", key)
        return value

    def number(self, key: str, default: int | None = None) -> int:
        """A whole number that is not negative; without a default it must be there."""
        value = self._data.pop(key, default)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise self.fault(f"{key} is missing or no whole number", key)
        return value

    def words(self) -> dict[str, str]:
        """What is left of this table, which must be texts by key: a list of codes."""
        for key, value in self._data.items():
            if not isinstance(value, str) or not value:
                raise self.fault(f"{key} must be a text", key)
        found, self._data = dict(self._data), {}
        return found

    def has(self, key: str) -> bool:
        """Whether the key is there and not yet asked for."""
        return key in self._data

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of strings; absent is empty."""
        value = self._data.pop(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
            raise self.fault(f"{key} must be a list of texts", key)
        if len(set(value)) != len(value):
            raise self.fault(f"{key} names something twice", key)
        return tuple(value)

    def enum(self, key: str, kind: type[E]) -> E:
        """One of the words of an enum."""
        return self._word(key, self.text(key), kind)

    def maybe_enum(self, key: str, kind: type[E]) -> E | None:
        """The same, or None if absent."""
        return self.enum(key, kind) if key in self._data else None

    def enums(self, key: str, kind: type[E]) -> frozenset[E]:
        """A list of words of an enum; absent is empty."""
        return frozenset(self._word(key, word, kind) for word in self.texts(key))

    def tables(self, key: str) -> list[Table]:
        """A list of tables; absent is empty."""
        value = self._data.pop(key, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self.fault(f"{key} must be a list of tables", key)
        return [self._inner(item, key, number) for number, item in enumerate(value)]

    def table(self, key: str) -> Table:
        """One table that must be there."""
        value = self._data.pop(key, None)
        if not isinstance(value, dict):
            raise self.fault(f"table {key} is missing", key)
        return self._inner(value, key, 0)

    def _inner(self, data: dict[str, Any], key: str, number: int) -> Table:
        path = f"{self._path}.{key}" if self._path else key
        return Table(
            data,
            self.source,
            str(data.get("id", "")) or self.anchor,
            path=path,
            span=lambda: self.source.span(path, number, *self.span),
        )

    def done(self) -> None:
        """Refuse what nobody asked for."""
        for key in self._data:
            raise self.fault(f"unknown key {key}", key)

    def _word(self, key: str, word: str, kind: type[E]) -> E:
        try:
            return kind(word)
        except ValueError:
            known = ", ".join(kind)
            raise self.fault(f"{key}: {word!r} is none of {known}", key) from None
