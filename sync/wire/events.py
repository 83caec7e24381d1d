"""Events: how one is built, committed to and served; how a served line is read. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any

from sync.wire.canonical import canonical_json, parse_json
from sync.wire.encoding import b64url, instant, parse_instant, unb64url
from sync.wire.errors import FormatInvalid
from sync.wire.fields import check_annotated, check_full, check_removed
from sync.wire.ids import is_event_id
from sync.wire.origins import Origin, parse_origin

_COMMITMENT = b"alf-event-1\n"
_MEMBERS = frozenset({"data", "id", "salt", "sequence", "source", "specversion", "time", "type"})
LONGEST_LINE = 1024 * 1024
"""Bytes of one served line, events and snapshots alike; a longer one is refused."""


class EventType(StrEnum):
    """What happened to an entry."""

    PUBLISHED = "entry.published"
    CORRECTED = "entry.corrected"
    ANNOTATED = "entry.annotated"
    REMOVED = "entry.removed"
    CANARY_PUBLISHED = "canary.published"
    CANARY_REMOVED = "canary.removed"

    @property
    def removes(self) -> bool:
        """Whether an entry leaves."""
        return self in {EventType.REMOVED, EventType.CANARY_REMOVED}

    @property
    def is_canary(self) -> bool:
        """Whether the entry is synthetic: applied, counted, shown to nobody."""
        return self in {EventType.CANARY_PUBLISHED, EventType.CANARY_REMOVED}

    @property
    def erases(self) -> frozenset[EventType]:
        """Which types of earlier events of the same entry it erases."""
        if self.removes:
            return frozenset({kind for kind in EventType if not kind.removes})
        if self is EventType.CORRECTED:
            return frozenset({EventType.PUBLISHED, EventType.CORRECTED, EventType.ANNOTATED})
        return frozenset({EventType.ANNOTATED}) if self is EventType.ANNOTATED else frozenset()


@dataclass(frozen=True, slots=True)
class Event:
    """A whole event as a client reads it; ``leaf`` is its commitment."""

    sequence: int
    type: EventType
    entry: str
    kind: str
    revision: int
    time: datetime
    data: dict[str, Any]
    leaf: bytes


@dataclass(frozen=True, slots=True)
class Hole:
    """A place in the sequence whose body isn't served: erased, or withheld from a subscriber that is overdue."""

    sequence: int
    leaf: bytes
    withheld: bool


Served = Event | Hole


def build_event(
    *,
    type: EventType,
    event_id: str,
    sequence: int,
    origin: Origin,
    time: datetime,
    data: Mapping[str, Any],
    salt: bytes,
) -> dict[str, Any]:
    """The event as an object. ``salt``: 32 random bytes from the caller. Raises FormatInvalid for data that its type
    or stream doesn't carry."""
    if len(salt) != 32 or sequence < 1 or not is_event_id(event_id):
        raise ValueError("an event has an id, a sequence from 1 and a salt of 32 bytes")
    _check_data(type, data, origin.stream)
    return {
        "data": dict(data),
        "id": event_id,
        "salt": b64url(salt),
        "sequence": sequence,
        "source": origin.source,
        "specversion": "1.0",
        "time": instant(time),
        "type": str(type),
    }


def event_bytes(event: Mapping[str, Any]) -> bytes:
    """Its canonical line, without LF."""
    return canonical_json(dict(event))


def commitment(event: Mapping[str, Any]) -> bytes:
    """The 32-byte log entry: SHA-256 over salt and the canonical event without its salt."""
    salt = unb64url(event.get("salt"), "salt")
    bare = {name: value for name, value in event.items() if name != "salt"}
    return sha256(_COMMITMENT + salt + canonical_json(bare)).digest()


def erased_line(sequence: int, leaf: bytes) -> bytes:
    """How an erased event is served; ``leaf`` is its commitment. Without LF."""
    return canonical_json({"erased": True, "leaf": b64url(leaf), "sequence": sequence})


def withheld_line(sequence: int, leaf: bytes) -> bytes:
    """How an event that isn't a removal is served to a subscriber that is overdue. Without LF."""
    return canonical_json({"leaf": b64url(leaf), "sequence": sequence, "withheld": True})


def parse_line(line: bytes, origin: Origin) -> Served:
    """A served line (without LF) of this origin's feed. Raises FormatInvalid."""
    if len(line) > LONGEST_LINE:
        raise FormatInvalid("event", "longer than 1 MiB")
    value = parse_json(line, "event")
    sequence = value.get("sequence")
    if type(sequence) is not int or sequence < 1:
        raise FormatInvalid("event", "no sequence")
    if "specversion" not in value:
        return _hole(value, sequence)
    return _event(value, sequence, origin)


def _hole(value: dict[str, Any], sequence: int) -> Hole:
    why = value.keys() - {"leaf", "sequence"}
    if len(why) != 1 or not why <= {"erased", "withheld"} or value[min(why)] is not True:
        raise FormatInvalid("event", "neither whole nor erased nor withheld")
    return Hole(sequence, unb64url(value.get("leaf"), "leaf"), withheld=why == {"withheld"})


def _event(value: dict[str, Any], sequence: int, origin: Origin) -> Event:
    if value.keys() != _MEMBERS or value["specversion"] != "1.0" or not is_event_id(value["id"]):
        raise FormatInvalid("event", "not the members of an event")
    if value["source"] != origin.source:
        raise FormatInvalid("event", "of another source")
    try:
        type_ = EventType(value["type"])
    except ValueError:
        raise FormatInvalid("event", "of an unknown type") from None
    data = value["data"]
    if not isinstance(data, dict):
        raise FormatInvalid("event", "without data")
    _check_data(type_, data, origin.stream)
    time = parse_instant(value["time"], "time")
    return Event(sequence, type_, data["entry"], data["kind"], data["revision"], time, data, commitment(value))


def _check_data(type_: EventType, data: Mapping[str, Any], stream: str) -> None:
    _DATA_OF[type_](data, stream)


def _annotated(data: Mapping[str, Any], stream: str) -> None:
    check_annotated(data)


def _removed(data: Mapping[str, Any], stream: str) -> None:
    check_removed(data)


_DATA_OF: Mapping[EventType, Callable[[Mapping[str, Any], str], None]] = {
    EventType.PUBLISHED: check_full,
    EventType.CORRECTED: check_full,
    EventType.ANNOTATED: _annotated,
    EventType.REMOVED: _removed,
    EventType.CANARY_PUBLISHED: check_full,
    EventType.CANARY_REMOVED: _removed,
}


def source_of(event: Mapping[str, Any]) -> Origin:
    """The origin in an event's ``source``. Raises FormatInvalid."""
    source = event.get("source")
    if not isinstance(source, str) or not source.startswith("//"):
        raise FormatInvalid("source", "not //HOST/v1/streams/STREAM/EPOCH")
    return parse_origin(source[2:])
