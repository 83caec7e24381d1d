"""Names of entries: three letters of the kind and 24 random characters, with no link to the number."""

from __future__ import annotations

import secrets

_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"
_LENGTH = 24


def new_entry(prefix: str) -> str:
    """A fresh name, for example ``lst_…`` for a listing or ``ord_…`` for a consumption order."""
    number = secrets.randbits(128)
    digits = []
    for _ in range(_LENGTH):
        number, digit = divmod(number, 36)
        digits.append(_ALPHABET[digit])
    return f"{prefix}_{''.join(digits)}"
