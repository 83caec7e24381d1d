"""Strict reading of a parsed TOML table: every key is asked for once, what is left over is an error."""

from __future__ import annotations

import re
from datetime import date, datetime
from enum import StrEnum
from typing import Any, TypeVar

from punishment_rules.catalogue_types import CatalogueError
from punishment_rules.law import Text

E = TypeVar("E", bound=StrEnum)


class Source:
    """The text of one file, kept to say where a fault stands."""

    def __init__(self, path: str, text: str) -> None:
        self.path, self._lines = path, text.splitlines()

    def fault(self, problem: str, anchor: str = "", key: str = "") -> CatalogueError:
        """An error at the line of `key` at or after the table named by `anchor` (its id)."""
        start = self._find(rf'^\s*id\s*=\s*"{re.escape(anchor)}"', 0) if anchor else 0
        line = self._find(rf"^\s*\"?{re.escape(key)}\"?\s*=|\b{re.escape(key)}\b", start) if key else start
        return CatalogueError(problem, path=self.path, line=line + 1)

    def _find(self, pattern: str, start: int) -> int:
        compiled = re.compile(pattern)
        hits = (number for number in range(start, len(self._lines)) if compiled.search(self._lines[number]))
        return next(hits, start)


class Table:
    """One table; `anchor` is the id of the row it belongs to, for errors."""

    def __init__(self, data: dict[str, Any], source: Source, anchor: str = "") -> None:
        self._data, self.source = dict(data), source
        self.anchor = anchor or str(data.get("id", ""))

    def fault(self, problem: str, key: str = "") -> CatalogueError:
        """An error in this table."""
        return self.source.fault(f"{self.anchor}: {problem}" if self.anchor else problem, self.anchor, key)

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

    def flag(self, key: str) -> bool:
        """True or false; absent is false."""
        value = self._data.pop(key, False)
        if not isinstance(value, bool):
            raise self.fault(f"{key} must be true or false", key)
        return value

    def day(self, key: str) -> date | None:
        """A local date, or None if absent."""
        value = self._data.pop(key, None)
        if value is not None and (not isinstance(value, date) or isinstance(value, datetime)):
            raise self.fault(f"{key} must be a date (YYYY-MM-DD, no quotes)", key)
        return value

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
        return [Table(item, self.source, str(item.get("id", "")) or self.anchor) for item in value]

    def table(self, key: str) -> Table:
        """One table that must be there."""
        value = self._data.pop(key, None)
        if not isinstance(value, dict):
            raise self.fault(f"table {key} is missing", key)
        return Table(value, self.source)

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
