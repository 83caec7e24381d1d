"""How a page of events is spoilt. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import sha256

from sync.wire.canonical import canonical_json, parse_json
from sync.wire.encoding import b64url, unb64url
from sync.wire.events import withheld_line


def spoiled(fault: str, lines: list[bytes]) -> bytes:
    """The page's body; as it should be, if the fault is none of these."""
    spoil = _SPOIL.get(fault)
    if lines and spoil:
        lines = spoil(lines)
    body = b"".join(line + b"\n" for line in lines)
    return body[:-2] if fault == "cut_line" and body else body


def _gap(lines: list[bytes]) -> list[bytes]:
    return lines[1:] or [lines[0].replace(b'"sequence":', b'"sequence":9')]


def _reorder(lines: list[bytes]) -> list[bytes]:
    return lines[::-1] if len(lines) > 1 else lines * 2


def _tampered(lines: list[bytes]) -> list[bytes]:
    value = parse_json(lines[0], "event")
    name = "salt" if "salt" in value else "leaf"
    value[name] = b64url(sha256(unb64url(value[name], name)).digest())
    return [canonical_json(value), *lines[1:]]


_SPOIL: Mapping[str, Callable[[list[bytes]], list[bytes]]] = {
    "gap": _gap,
    "duplicate": lambda lines: [lines[0], *lines],
    "reorder": _reorder,
    "truncated": lambda _: [],
    "malformed": lambda lines: [b'{"sequence": 1}', *lines[1:]],
    "tampered_event": _tampered,
    "beyond_head": lambda lines: [*lines, withheld_line(10**9, bytes(32))],
}
