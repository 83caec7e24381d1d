"""A publisher in memory: its register, its log, its state, its keys. What is decided here is published by the contract.

How it serves, and how it misbehaves, is ``misbehaving.py``'s.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

from creditsvc.kernel.identity import resident_check_digit
from sync.wire.events import EventType, build_event, commitment, event_bytes
from sync.wire.ids import entry_id, event_id
from sync.wire.keys import DatedKey, KeyList, StreamKey
from sync.wire.merkle import Tree
from sync.wire.notes import Signer
from sync.wire.origins import Origin
from sync.wire.slips import Identity
from sync.wire.snapshot import Tombstone
from sync.wire.state import StateTree

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
"""Its time unless it is told another."""

HOST = "feed.test"
TOKEN_KEY = b"t" * 32
_FIRST, _LAST = date(2026, 1, 1), date(2035, 12, 31)
_DAY = "2026-03-01"


def signer(name: str, seed: str) -> Signer:
    """A key that is the same in every run: of no use but for trying out."""
    return Signer(name, Ed25519PrivateKey.from_private_bytes(sha256(seed.encode()).digest()))


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody made up, with a number whose check digit is right."""

    number: str
    name: str


def person(index: int) -> Person:
    """The index-th made-up person."""
    first17 = f"410101{1960 + index % 40}{1 + index % 12:02d}{1 + index % 28:02d}{index % 1000:03d}"
    return Person(first17 + resident_check_digit(first17), f"测试{index}")


@dataclass(frozen=True, slots=True)
class InForce:
    """An entry in force: its fields, the sequence of the event that made this revision."""

    data: dict[str, Any]
    sequence: int
    canary: bool


class Publisher:
    """One stream of one publisher. Every seed makes the same history."""

    def __init__(self, stream: str = "agency", *, seed: int = 0, epoch: int = 1, subscriber: str = "bureau-a") -> None:
        self.origin = Origin(HOST, stream, epoch)
        self.random = random.Random(seed)  # noqa: S311 - the same history for the same seed; nothing here is a secret
        self.now = NOW
        self.life = timedelta(hours=1)
        """Of a head."""
        self.roots = [signer(f"{HOST}/root", f"root{index}") for index in range(3)]
        self.log_keys = [signer(self.origin.text, f"log{epoch}")]
        self.witness = signer("witness-a", "witness")
        self.subscriber = signer(subscriber, subscriber)
        self.sealed_for: X25519PublicKey | None = None
        self.keys = self._first_keys()
        self.keys_signers = list(self.roots)
        self._begin()

    def _begin(self) -> None:
        self.events: list[bytes] = []
        self.leaves: list[bytes] = []
        self.types: list[tuple[EventType, str]] = []
        self.erased: set[int] = set()
        self.tree = Tree()
        self.state = StateTree()
        self.bodies: dict[str, InForce] = {}
        self.people: dict[str, Identity] = {}
        self.tombstones: list[Tombstone] = []
        self.forget_before = 0
        self.nonces: dict[bytes, tuple[int, int, bool]] = {}
        self.receipt = 0

    def _first_keys(self) -> KeyList:
        return KeyList(
            HOST,
            1,
            tuple(DatedKey(root.verifier, _FIRST, _LAST) for root in self.roots),
            (StreamKey(self.origin.stream, self.origin.epoch, DatedKey(self.log_keys[0].verifier, _FIRST, _LAST)),),
            (DatedKey(self.witness.cosigner, _FIRST, _LAST),),
        )

    @property
    def size(self) -> int:
        """How many events."""
        return len(self.leaves)

    @property
    def in_force(self) -> list[str]:
        """Entries in force, without canaries."""
        return sorted(entry for entry, held in self.bodies.items() if not held.canary)

    # What a court does

    def publish(self, count: int = 1, *, kind: str = "listing", canary: bool = False, **fields: Any) -> list[str]:
        """New entries of made-up people; ``fields`` in place of the made-up ones."""
        return [self._publish(kind, canary, fields) for _ in range(count)]

    def _publish(self, kind: str, canary: bool, fields: Mapping[str, Any]) -> str:
        entry = entry_id(kind, self.random.randbytes(20))
        who = person(self.random.randrange(10_000))
        identity = Identity(f"resident_id:{who.number}", self.random.randbytes(32))
        pseudonym = {"number_masked": "4101**"} if self.origin.stream == "public" else {"subject": identity.subject}
        data: dict[str, Any] = {
            "entry": entry,
            "kind": kind,
            "revision": 1,
            "debtor_kind": "person",
            "name": who.name,
            "sex": "male",
            "age": 40,
            "court_code": "豫0105",
            "court_name": "郑州市金水区人民法院",
            "case_number": "（2026）豫0105执1号",
            "published_on": _DAY,
            "grounds": ["evades"],
            **pseudonym,
            **fields,
        }
        self.people[entry] = identity
        if "unit_code" in data:
            del data["subject"], data["sex"], data["age"], self.people[entry]
        self._put(EventType.CANARY_PUBLISHED if canary else EventType.PUBLISHED, data, canary=canary)
        return entry

    def publish_person(self, who: Person, *, canary: bool = False, **fields: Any) -> str:
        """A new entry of this person."""
        identity = Identity(f"resident_id:{who.number}", self.random.randbytes(32))
        (entry,) = self.publish(canary=canary, subject=identity.subject, name=who.name, **fields)
        self.people[entry] = identity
        return entry

    def correct(self, entry: str, **fields: object) -> None:
        """Data were wrong."""
        held = self.bodies[entry]
        data = {**held.data, "revision": held.data["revision"] + 1, **fields}
        self._put(EventType.CORRECTED, data, canary=held.canary)

    def annotate(self, entry: str, *, mark: str = "disputed", days: int = 30) -> None:
        """The entry stands, its effect changes."""
        held = self.bodies[entry]
        marks = [{"from": _DAY, "mark": mark, "to": str(date.fromisoformat(_DAY) + timedelta(days=days))}]
        whole = {**held.data, "revision": held.data["revision"] + 1, "marks": marks}
        sent = {name: whole[name] for name in ("entry", "kind", "revision", "marks")}
        self._put(EventType.ANNOTATED, whole, sent=sent, canary=held.canary)

    def remove(self, entry: str, *, exit_: str = "removed", effect: str = "stop_use") -> None:
        """It leaves."""
        held = self.bodies.pop(entry)
        removal = {
            "entry": entry,
            "kind": held.data["kind"],
            "revision": held.data["revision"] + 1,
            "exit": exit_,
            "ground": "performed",
            "effect": effect,
            "effective": _DAY,
            "due": "2026-03-03",
        }
        self.state.remove(entry)
        self.people.pop(entry, None)
        self._log(EventType.CANARY_REMOVED if held.canary else EventType.REMOVED, removal)
        self.tombstones.append(Tombstone(effect, entry, exit_, self.size))

    def forget(self, sequence: int) -> None:
        """Nothing at or below this sequence is remembered any more."""
        self.forget_before = sequence
        self.tombstones = [stone for stone in self.tombstones if stone.sequence > sequence]

    def rotate_key(self) -> None:
        """A second key signs beside the first, as in the seven days of a rotation."""
        new = signer(self.origin.text, f"log-new{self.keys.version}")
        self.log_keys.append(new)
        self._add_key(new)

    def new_epoch(self) -> None:
        """After a restore that lost events."""
        self.origin = replace(self.origin, epoch=self.origin.epoch + 1)
        self.log_keys = [signer(self.origin.text, f"log{self.origin.epoch}")]
        self._add_key(self.log_keys[0])
        bodies, people = [held.data for held in self.bodies.values()], self.people
        self._begin()
        for data in bodies:
            self._put(EventType.PUBLISHED, data)
        self.people = people

    def _add_key(self, new: Signer) -> None:
        key = StreamKey(self.origin.stream, self.origin.epoch, DatedKey(new.verifier, _FIRST, _LAST))
        self.keys = replace(self.keys, version=self.keys.version + 1, streams=(*self.keys.streams, key))

    def _put(
        self, type_: EventType, data: dict[str, Any], *, canary: bool = False, sent: dict[str, Any] | None = None
    ) -> None:
        self._log(type_, data if sent is None else sent)
        self.bodies[data["entry"]] = InForce(data, self.size, canary)
        self.state.put(data["entry"], data["revision"])

    def _log(self, type_: EventType, data: dict[str, Any]) -> None:
        event = build_event(
            type=type_,
            event_id=event_id(self.random.randbytes(20)),
            sequence=self.size + 1,
            origin=self.origin,
            time=self.now,
            data=data,
            salt=self.random.randbytes(32),
        )
        for index, (earlier, whose) in enumerate(self.types):
            if whose == data["entry"] and earlier in type_.erases:
                self.erased.add(index)
        self.events.append(event_bytes(event))
        self.leaves.append(commitment(event))
        self.types.append((type_, data["entry"]))
        self.tree.append(self.leaves[-1])
