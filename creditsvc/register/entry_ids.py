"""Names of entries: three letters of the kind and 24 random characters, with no link to the number."""

from __future__ import annotations

import secrets

_ALPHABET = b"0123456789abcdefghijklmnopqrstuvwxyz"
_LENGTH = 24
_FAIR = 256 - 256 % len(_ALPHABET)
"""Bytes from here on are thrown away, so that every character is as likely as any other."""
_CHARACTERS = bytes(_ALPHABET[byte % len(_ALPHABET)] for byte in range(256))
_UNFAIR = bytes(range(_FAIR, 256))


def new_entry(prefix: str) -> str:
    """A fresh name, for example ``lst_…`` for a listing or ``ord_…`` for a consumption order."""
    made = b""
    while len(made) < _LENGTH:
        made += secrets.token_bytes(32).translate(_CHARACTERS, _UNFAIR)
    return f"{prefix}_{made[:_LENGTH].decode()}"
