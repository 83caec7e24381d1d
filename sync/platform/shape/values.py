"""How one column gets its value, with every check and its own words for what is wrong. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from hashlib import sha256
from typing import Any

from creditsvc.kernel.days import BEIJING
from sync.platform.shape.profile import ENVELOPE, EXIT, Column, ColumnType, Profile

Value = str | int | None
Getter = Callable[[Mapping[str, Any]], Value]
UNIT = "\x1f"
"""Stands between the values of a row, and so in none of them."""
_TRIGGERS = frozenset("=+-@\t\r\n＝＋－＠")
NEVER = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1e\ufffe\uffff]")
"""Characters that no database, spreadsheet or XML takes; the unit separator is looked for by counting."""
_CHINESE = "{}年{}月{}日"


class BadValue(ValueError):
    """A value that the column can't hold."""


def _nothing(_fields: Mapping[str, Any]) -> Value:
    return None


def _constant(value: Value, _fields: Mapping[str, Any]) -> Value:
    return value


def end_getter(column: Column, profile: Profile, guard: bool) -> Getter:
    if column.value or column.source in ENVELOPE | EXIT:
        return getter(column, profile, "", guard)
    return _nothing


def getter(column: Column, profile: Profile, shape: str, guard: bool) -> Getter:
    """What fills this column: made once, called for every row."""
    if column.value:
        return partial(_constant, int(column.value) if column.type is ColumnType.INTEGER else column.value)
    if column.source == "hash":
        return _nothing
    if column.source in {"flow", "row_id"}:
        return partial(made, column.source)
    must = shape in column.must
    if column.codes:
        return partial(_coded, column, profile.codes[column.codes], must)
    if column.type is ColumnType.INTEGER:
        return partial(_whole, column.source, must)
    if column.type in {ColumnType.DAY, ColumnType.INSTANT} or column.format != "iso":
        return partial(_dated, column, must)
    return partial(
        _text, column.source, default=column.default, length=column.length, cut=column.cut, must=must, guard=guard
    )


def made(source: str, fields: Mapping[str, Any]) -> Value:
    seed = (fields["batch"], fields.get("sequence")) if source == "flow" else (fields["key"], fields["version"])
    made = sha256(f"{seed[0]}:{seed[1]}".encode()).hexdigest()[:32]
    return f"{made[:8]}-{made[8:12]}-{made[12:16]}-{made[16:20]}-{made[20:]}" if source == "flow" else made


def _text(
    source: str, fields: Mapping[str, Any], *, default: str, length: int, cut: bool, must: bool, guard: bool
) -> Value:
    value = fields.get(source)
    if value is None or value == "":
        return _absent(default, must)
    text = value if type(value) is str else _plain(value)
    if not text.isprintable():
        text = NEVER.sub("", text).replace(UNIT, "")
        if not text:
            return _absent(default, must)
    if guard and text[0] in _TRIGGERS:
        text = "'" + text
    if length and len(text) > length:
        if not cut:
            raise BadValue(f"is longer than {length} characters")
        text = text[:length]
    return text


def _plain(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ",".join(str(item.get("mark", "")) if isinstance(item, dict) else str(item) for item in value)
    return str(value)


def _absent(default: str, must: bool) -> Value:
    if default:
        return default
    if must:
        raise BadValue("is required and missing")
    return None


def _whole(source: str, must: bool, fields: Mapping[str, Any]) -> Value:
    value = fields.get(source)
    if value is None:
        return _absent("", must)
    return int(value)


def _coded(column: Column, codes: Mapping[str, str], must: bool, fields: Mapping[str, Any]) -> Value:
    value = fields.get(column.source)
    if value is None or value in ("", []):
        return _absent(column.default, must)
    if isinstance(value, list | tuple):
        words = [str(item.get("mark", "")) if isinstance(item, dict) else str(item) for item in value]
    else:
        words = [str(value)]
    try:
        text = column.join.join([codes[word] for word in words])
    except KeyError as unknown:
        raise BadValue(f"has no code for {unknown.args[0]}") from None
    return int(text) if column.type is ColumnType.INTEGER else text


def _dated(column: Column, must: bool, fields: Mapping[str, Any]) -> Value:
    value = fields.get(column.source)
    if value is None or value == "":
        return _absent(column.default, must)
    if column.format == "milliseconds":
        return int(value.timestamp() * 1000)
    if isinstance(value, datetime):
        return written_instant(value, column.format)
    return written_day(str(value), column.format)


def written_day(day: str, format: str) -> str:
    """A day (``YYYY-MM-DD``) in a format of the profile."""
    if format == "compact":
        return day.replace("-", "")
    if format == "chinese":
        year, month, of_month = day.split("-")
        return _CHINESE.format(int(year), int(month), int(of_month))
    return day


def written_instant(at: datetime, format: str) -> str:
    """An instant in Beijing's time, to the second: platforms keep no zones."""
    there = at.astimezone(BEIJING)
    return there.strftime("%Y%m%d%H%M%S" if format == "compact" else "%Y-%m-%d %H:%M:%S")
