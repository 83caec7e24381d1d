"""Canonical JSON: RFC 8785 narrowed to integers and ASCII keys, without null. Pure."""

from __future__ import annotations

from typing import Any

import msgspec

from sync.wire.errors import FormatInvalid

LARGEST_INTEGER = 2**53 - 1
_DEEPEST = 32
_encoder = msgspec.json.Encoder(order="sorted")


def canonical_json(value: Any) -> bytes:
    """RFC 8785 bytes of objects, lists, text, booleans and integers.

    Raises FormatInvalid for floats, null, keys that aren't ASCII, integers beyond 2^53-1, lone surrogates and all else.
    """
    _check(value, 0)
    try:
        return _encoder.encode(value)
    except (UnicodeEncodeError, msgspec.MsgspecError, TypeError, OverflowError):
        raise FormatInvalid("json", "a text that isn't Unicode") from None


def parse_json(line: bytes, where: str) -> dict[str, Any]:
    """One JSON object, which must be written canonically. Raises FormatInvalid."""
    try:
        value = msgspec.json.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise FormatInvalid(where, "not JSON") from None
    if not isinstance(value, dict):
        raise FormatInvalid(where, "not an object")
    if canonical_json(value) != line:
        raise FormatInvalid(where, "not canonical")
    return value


def _check(value: Any, depth: int) -> None:
    kind = type(value)
    if kind is str or kind is bool:
        return
    if kind is int:
        if not -LARGEST_INTEGER <= value <= LARGEST_INTEGER:
            raise FormatInvalid("json", "an integer beyond 2^53-1")
        return
    if depth > _DEEPEST:
        raise FormatInvalid("json", "nested too deeply")
    if kind is dict:
        _check_object(value, depth)
    elif kind is list or kind is tuple:
        for item in value:
            _check(item, depth + 1)
    elif not isinstance(value, str):
        raise FormatInvalid("json", f"a {kind.__name__} has no canonical form here")


def _check_object(value: dict[Any, Any], depth: int) -> None:
    for key, item in value.items():
        if type(key) is not str or not key.isascii():
            raise FormatInvalid("json", "a key that isn't ASCII text")
        _check(item, depth + 1)
