"""Lists inside what interfaces wrap around them: ``{"code": 0, "data": [{...}, {...}]}``, one level deep or several. Pure.

A row names its debtor and its case; a wrapper has at most one such name by chance (``code``). Which of several lists is
meant can't be told, so a file with two is refused: nothing of it is left out in silence.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from creditsvc.kernel.sheets.file_faults import json_two_lists

Known = Callable[[str], bool]
"""Whether this is a column that only rows have."""
AT_LEAST = 2
"""Such columns that a row has."""
LOOK = 64 * 1024
DEEPEST = 6
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|\[\s*\{|\[')
_NAME = re.compile(r'"([^"\\]{1,128})"\s*:')


class Pushed:
    """A text of which the beginning has been looked at, and is read again."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text, self._ahead = text, ""

    def look(self, size: int) -> str:
        """The next characters, which stay to be read."""
        self._ahead += self._text.read(size - len(self._ahead)) if len(self._ahead) < size else ""
        return self._ahead[:size]

    def read(self, size: int) -> str:
        """As a file's."""
        if not self._ahead:
            return self._text.read(size)
        taken, self._ahead = self._ahead[:size], self._ahead[size:]
        return taken + self._text.read(size - len(taken)) if len(taken) < size else taken

    def readline(self, limit: int) -> str:
        """As a file's."""
        if not self._ahead:
            return self._text.readline(limit)
        end = self._ahead.find("\n") + 1
        if end and end <= limit:
            return self.read(end)
        line, self._ahead = self._ahead[:limit], self._ahead[limit:]
        return line + self._text.readline(limit - len(line)) if len(line) < limit and not end else line


def wrapped_list(text: Pushed, known: Known) -> str | None:
    """What was read from the first list's bracket on, if the file is a wrapper; none if it is rows, one a line.

    The wrapper's own beginning is then read; the rest of the list follows in ``text``.
    """
    try:
        ahead = text.look(LOOK)
    except UnicodeDecodeError:
        return None  # told with its row by whoever reads the lines
    begins = list_begins(ahead)
    if begins is None or _is_row(_NAME.findall(ahead[:begins]), known):
        return None
    text.read(len(ahead))
    return ahead[begins:]


def list_begins(text: str) -> int | None:
    """Where the first list of objects begins, outside any string; none if there is none."""
    return next((match.start() for match in _TOKEN.finditer(text) if match[0][0] == "[" and match[0][-1] == "{"), None)


def rows_in(value: dict[str, Any], known: Known, depth: int = 0) -> list[dict[str, Any]]:
    """The rows that an object is or holds. Raises ``InvalidInput`` if it holds more than one list of them."""
    if _is_row(value, known) or depth >= DEEPEST:
        return [value]
    found = [rows for rows in (_held(inner, known, depth + 1) for inner in value.values()) if rows]
    if len(found) > 1:
        raise json_two_lists()
    return found[0] if found else [value]


def _is_row(names: Iterable[str], known: Known) -> bool:
    return sum(map(known, set(names))) >= AT_LEAST


def _held(inner: Any, known: Known, depth: int) -> list[dict[str, Any]]:
    if isinstance(inner, dict) and _holds_list(inner):
        return rows_in(inner, known, depth)
    if isinstance(inner, list) and inner and all(isinstance(one, dict) for one in inner):
        return [row for one in inner for row in rows_in(one, known, depth)]
    return []


def _holds_list(value: dict[str, Any]) -> bool:
    def lists() -> Iterator[bool]:
        for inner in value.values():
            yield isinstance(inner, list) or (isinstance(inner, dict) and _holds_list(inner))

    return any(lists())
