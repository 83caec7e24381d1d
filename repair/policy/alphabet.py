"""Codes that people copy from paper: no letters or digits that look alike.

Pure: no database, network or clock; random bytes come from the caller.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
LENGTH = 16
GROUP = 4


def make_code(choose: Callable[[str], str]) -> str:
    """A code of 16 characters, about 79 bits, by a chooser such as ``secrets.choice``."""
    return "".join(choose(ALPHABET) for _ in range(LENGTH))


def printed(code: str) -> str:
    """In groups of four, as the letter shows it."""
    return "-".join(code[start : start + GROUP] for start in range(0, len(code), GROUP))


def read_code(text: str) -> str:
    """What a person typed, as the code would be: any case, width, spaces and hyphens. Never raises; may be wrong."""
    folded = unicodedata.normalize("NFKC", text).upper()
    return "".join(char for char in folded if char in ALPHABET)[: LENGTH + 1]
