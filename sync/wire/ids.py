"""Names of entries and events: three letters, ``_``, 24 of ``[0-9a-z]``. Random bytes come from the caller. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType

ENTRY_PREFIXES: Mapping[str, str] = MappingProxyType({"listing": "lst", "consumption_order": "ord", "incentive": "inc"})
"""Kind of entry → prefix. A canary's entry has the prefix of the kind that it pretends to be."""

EVENT_PREFIX = "evt"
NONCE_LENGTH = 24
RANDOM_BYTES = 20
"""How many random bytes to hand in: 24 places of base 36 hold 124 bits; 160 bits taken modulo 36^24 leave no visible bias."""

_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"
_ENTRY = re.compile(r"(lst|ord|inc)_[0-9a-z]{24}", re.ASCII)
_ENTRIES = re.compile(rf"(?:{_ENTRY.pattern}\n)*{_ENTRY.pattern}", re.ASCII)
_EVENT = re.compile(r"evt_[0-9a-z]{24}", re.ASCII)


def entry_id(kind: str, random: bytes) -> str:
    """A new entry's name from a kind (or an event's for ``event``) and at least 20 random bytes."""
    if len(random) < RANDOM_BYTES:
        raise ValueError(f"a name needs {RANDOM_BYTES} random bytes")
    prefix = EVENT_PREFIX if kind == "event" else ENTRY_PREFIXES[kind]
    number = int.from_bytes(random, "big")
    places = []
    for _ in range(NONCE_LENGTH):
        number, place = divmod(number, 36)
        places.append(_ALPHABET[place])
    return f"{prefix}_{''.join(places)}"


def event_id(random: bytes) -> str:
    """A new event's name from at least 20 random bytes."""
    return entry_id("event", random)


def is_entry_id(text: object) -> bool:
    """Whether it is an entry's name."""
    return isinstance(text, str) and _ENTRY.fullmatch(text) is not None


def are_entry_ids(texts: Iterable[str]) -> bool:
    """Whether each of them is an entry's name; faster than one by one."""
    return _ENTRIES.fullmatch("\n".join(texts)) is not None


def is_event_id(text: object) -> bool:
    """Whether it is an event's name."""
    return isinstance(text, str) and _EVENT.fullmatch(text) is not None
