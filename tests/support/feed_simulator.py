"""A publisher in memory that *is* a fetcher: it publishes by the contract, and misbehaves when told to.

Faults are named in ``FAULTS``; each stays until :meth:`Publisher.mend`.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from itertools import chain, repeat
from urllib.parse import parse_qs, urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

from creditsvc.kernel.identity import resident_check_digit
from sync.mirror.errors import FeedEndless
from sync.mirror.fetch import Answer
from sync.mirror.trouble import PublisherUnreachable
from sync.wire.canonical import canonical_json, parse_json
from sync.wire.encoding import b64url, unb64url
from sync.wire.errors import SignatureInvalid
from sync.wire.events import EventType, build_event, commitment, erased_line, event_bytes, withheld_line
from sync.wire.head import Head, sign_head
from sync.wire.ids import entry_id, event_id
from sync.wire.keys import DatedKey, KeyList, StreamKey, sign_key_list
from sync.wire.merkle import Tree
from sync.wire.notes import Signer, cosign, parse_note, verify_note
from sync.wire.origins import Origin
from sync.wire.receipts import buckets_for, parse_receipt, proof
from sync.wire.slips import Identity, Slip, seal_block, token_block, tokens_of
from sync.wire.snapshot import Header, Tombstone, entry_line, write_snapshot
from sync.wire.state import FAN, StateTree
from sync.wire.tiles import bundle_bytes, exists, parse_tile_path, tile_bytes

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
HOST = "feed.test"
TOKEN_KEY = b"t" * 32

FAULTS = (
    "gap",
    "duplicate",
    "reorder",
    "tampered_event",
    "truncated",
    "malformed",
    "cut_line",
    "beyond_head",
    "cursor_ahead",
    "snapshot_cut",
    "snapshot_without_trailer",
    "snapshot_false_trailer",
    "snapshot_tampered",
    "snapshot_other_state",
    "rolled_back",
    "fork",
    "expired",
    "future",
    "unknown_signature",
    "other_origin",
    "other_epoch",
    "tiles_missing",
    "tiles_false",
    "keys_forged",
    "keys_changed",
    "state_lie",
    "endless",
    "down",
    "refused",
    "forbidden",
    "too_often",
    "slip_mismatch",
    "slip_garbled",
    "nonce_used",
    "nonce_of_another_sequence",
)


def signer(name: str, seed: str) -> Signer:
    """A key that is the same in every run."""
    return Signer(name, Ed25519PrivateKey.from_private_bytes(sha256(seed.encode()).digest()))


@dataclass(frozen=True)
class Person:
    """Somebody made up, with a number whose check digit is right."""

    number: str
    name: str


def person(index: int) -> Person:
    """The index-th made-up person."""
    first17 = f"410101{1960 + index % 40}{1 + index % 12:02d}{1 + index % 28:02d}{index % 1000:03d}"
    return Person(first17 + resident_check_digit(first17), f"测试{index}")


class Publisher:
    """Server and network in one."""

    def __init__(self, stream: str = "agency", *, seed: int = 0, epoch: int = 1, subscriber: str = "bureau-a") -> None:
        self.origin = Origin(HOST, stream, epoch)
        self.random = random.Random(seed)
        self.now = NOW
        self.roots = [signer(f"{HOST}/root", f"root{index}") for index in range(3)]
        self.log_keys = [signer(self.origin.text, f"log{epoch}")]
        self.witness = signer("witness-a", "witness")
        self.subscriber = signer(subscriber, subscriber)
        self.sealed_for: X25519PublicKey | None = None
        self.keys = self._first_keys()
        self.keys_signers = list(self.roots)
        self.fault = ""
        self.overdue = False
        self.has_tiles = True
        self.has_snapshots = True
        self.snapshot_lag: bytes | None = None
        self.asked: list[str] = []
        self.taken: list[int] = []
        self.lock = threading.Lock()
        """Held while a socket is answered; who changes the publisher behind an open socket holds it too."""
        self._begin()

    def _begin(self) -> None:
        self.events: list[bytes] = []
        self.leaves: list[bytes] = []
        self.types: list[tuple[EventType, str]] = []
        self.erased: set[int] = set()
        self.tree = Tree()
        self.state = StateTree()
        self.bodies: dict[str, tuple[dict[str, object], int, bool]] = {}
        self.people: dict[str, Identity] = {}
        self.tombstones: list[Tombstone] = []
        self.forget_before = 0
        self.nonces: dict[bytes, tuple[int, int, bool]] = {}
        self.receipt = 0

    def _first_keys(self) -> KeyList:
        first, last = date(2026, 1, 1), date(2030, 12, 31)
        return KeyList(
            HOST,
            1,
            tuple(DatedKey(root.verifier, first, last) for root in self.roots),
            (StreamKey(self.origin.stream, self.origin.epoch, DatedKey(self.log_keys[0].verifier, first, last)),),
            (DatedKey(self.witness.cosigner, first, last),),
        )

    # What a court does

    @property
    def size(self) -> int:
        return len(self.leaves)

    @property
    def in_force(self) -> list[str]:
        return sorted(entry for entry, (_, _, canary) in self.bodies.items() if not canary)

    def publish(self, count: int = 1, *, kind: str = "listing", canary: bool = False, **fields: object) -> list[str]:
        made = []
        for _ in range(count):
            entry = entry_id(kind, self.random.randbytes(20))
            who = person(self.random.randrange(10_000))
            salt = self.random.randbytes(32)
            identity = Identity(f"resident_id:{who.number}", salt)
            data: dict[str, object] = {
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
                "published_on": "2026-03-01",
                "grounds": ["evades"],
                **({"number_masked": "4101**"} if self.origin.stream == "public" else {"subject": identity.subject}),
                **fields,
            }
            self.people[entry] = identity
            if "unit_code" in data:
                del data["subject"], data["sex"], data["age"], self.people[entry]
            self._put(EventType.CANARY_PUBLISHED if canary else EventType.PUBLISHED, data, canary=canary)
            made.append(entry)
        return made

    def correct(self, entry: str, **fields: object) -> None:
        data, _, canary = self.bodies[entry]
        self._put(EventType.CORRECTED, {**data, "revision": int(str(data["revision"])) + 1, **fields}, canary=canary)

    def annotate(self, entry: str, *, mark: str = "disputed", days: int = 30) -> None:
        data, _, canary = self.bodies[entry]
        marks = [{"from": "2026-03-01", "mark": mark, "to": str(date(2026, 3, 1) + timedelta(days=days))}]
        whole = {**data, "revision": int(str(data["revision"])) + 1, "marks": marks}
        names = ("entry", "kind", "revision", "marks")
        self._put(EventType.ANNOTATED, whole, sent={name: whole[name] for name in names}, canary=canary)

    def remove(self, entry: str, *, exit_: str = "removed", effect: str = "stop_use") -> None:
        data, _, canary = self.bodies.pop(entry)
        removal = {
            "entry": entry,
            "kind": data["kind"],
            "revision": int(str(data["revision"])) + 1,
            "exit": exit_,
            "ground": "performed",
            "effect": effect,
            "effective": "2026-03-01",
            "due": "2026-03-03",
        }
        type_ = EventType.CANARY_REMOVED if canary else EventType.REMOVED
        self.state.remove(entry)
        self.people.pop(entry, None)
        self._log(type_, removal)
        self.tombstones.append(Tombstone(effect, entry, exit_, self.size))

    def forget(self, sequence: int) -> None:
        """Nothing at or below this sequence is remembered any more."""
        self.forget_before = sequence
        self.tombstones = [stone for stone in self.tombstones if stone.sequence > sequence]

    def rotate_key(self) -> None:
        """A second key signs beside the first, as in the seven days of a rotation."""
        new = signer(self.origin.text, f"log-new{self.keys.version}")
        self.log_keys.append(new)
        dated = DatedKey(new.verifier, date(2026, 3, 1), date(2031, 1, 1))
        self.keys = replace(
            self.keys,
            version=self.keys.version + 1,
            streams=(*self.keys.streams, StreamKey(self.origin.stream, self.origin.epoch, dated)),
        )

    def new_epoch(self) -> None:
        """After a restore that lost events."""
        self.origin = replace(self.origin, epoch=self.origin.epoch + 1)
        self.log_keys = [signer(self.origin.text, f"log{self.origin.epoch}")]
        dated = DatedKey(self.log_keys[0].verifier, date(2026, 1, 1), date(2030, 12, 31))
        key = StreamKey(self.origin.stream, self.origin.epoch, dated)
        self.keys = replace(self.keys, version=self.keys.version + 1, streams=(*self.keys.streams, key))
        bodies = [data for data, _, _ in self.bodies.values()]
        people = self.people
        self._begin()
        for data in bodies:
            self._put(EventType.PUBLISHED, data)
        self.people = people

    def mend(self) -> None:
        """Behave again."""
        self.fault = ""

    def _put(self, type_: EventType, data: dict[str, object], *, canary: bool = False, sent: object = None) -> None:
        entry = str(data["entry"])
        self._log(type_, dict(sent) if isinstance(sent, dict) else data)
        self.bodies[entry] = (data, self.size, canary)
        self.state.put(entry, int(str(data["revision"])))

    def _log(self, type_: EventType, data: dict[str, object]) -> None:
        event = build_event(
            type=type_,
            event_id=event_id(self.random.randbytes(20)),
            sequence=self.size + 1,
            origin=self.origin,
            time=self.now,
            data=data,
            salt=self.random.randbytes(32),
        )
        entry = str(data["entry"])
        for index, (earlier, whose) in enumerate(self.types):
            if whose == entry and earlier in type_.erases:
                self.erased.add(index)
        self.events.append(event_bytes(event))
        self.leaves.append(commitment(event))
        self.types.append((type_, entry))
        self.tree.append(self.leaves[-1])

    # What is served

    def head(self, *, size: int | None = None) -> Head:
        published = self.now + (timedelta(days=1) if self.fault == "future" else timedelta())
        published -= timedelta(hours=3) if self.fault == "expired" else timedelta()
        origin = self.origin
        if self.fault == "other_origin":
            origin = replace(origin, host="other.test")
        root = self.tree.root(size)
        return Head(
            origin,
            self.size if size is None else size,
            sha256(root).digest() if self.fault == "fork" else root,
            self.state.count if size is None else min(size, self.state.count),
            sha256(b"lie").digest() if self.fault == "state_lie" else self.state.root(),
            published,
            published + timedelta(hours=1),
            min(self.forget_before, self.size if size is None else size),
        )

    def signed_head(self) -> bytes:
        if self.fault == "other_epoch":
            other = replace(self.origin, epoch=self.origin.epoch + 7)
            return sign_head(replace(self.head(), origin=other), [signer(other.text, "log-other")]).encode()
        head = self.head(size=self.size - 1) if self.fault == "rolled_back" and self.size else self.head()
        signers = self.log_keys
        if self.fault == "unknown_signature":
            signers = [signer(self.origin.text, "stranger")]
        note = parse_note(sign_head(head, signers))
        extra = cosign(note.text, self.witness, at=self.now)
        return str(replace(note, signatures=(*note.signatures, extra))).encode()

    def snapshot(self) -> bytes:
        state = sha256(b"x").digest() if self.fault == "snapshot_other_state" else self.state.root()
        header = Header(self.state.count, self.origin.epoch, self.size, state)
        lines = [
            entry_line(data, sequence, canary=canary) for _, (data, sequence, canary) in sorted(self.bodies.items())
        ]
        whole = b"".join(write_snapshot(self.origin, header, lines, self.tombstones, self.log_keys))
        if self.fault == "snapshot_cut":
            return whole[: len(whole) // 2]
        if self.fault == "snapshot_without_trailer":
            return whole[: whole.index(b'{"trailer"')]
        if self.fault == "snapshot_false_trailer":
            stranger = [signer(self.origin.text, "stranger")]
            return b"".join(write_snapshot(self.origin, header, lines, self.tombstones, stranger))
        if self.fault == "snapshot_tampered":
            return whole.replace("测试".encode(), "真人".encode(), 1)
        return whole

    def line(self, index: int) -> bytes:
        """The index-th event as it is served now."""
        if index in self.erased:
            return erased_line(index + 1, self.leaves[index])
        if self.overdue and not self.types[index][0].removes:
            return withheld_line(index + 1, self.leaves[index])
        return self.events[index]

    # The network

    def get(self, path: str, *, limit: int, etag: str = "") -> Answer:
        self.asked.append(path)
        answer = self._answer(path)
        if answer.status == 200 and etag and answer.headers.get("etag") == etag:
            return Answer(304, answer.headers)
        if self.fault == "endless" and "events" in path:
            raise FeedEndless(path="events", limit=limit)
        if len(answer.body) > limit:
            raise FeedEndless(path=path.partition("?")[0], limit=limit)
        return answer

    def open(self, path: str) -> tuple[Answer, Iterator[bytes]]:
        self.asked.append(path)
        answer = self._answer(path)
        pieces: Iterator[bytes] = (answer.body[at : at + 777] for at in range(0, len(answer.body), 777))
        if self.fault == "endless" and path.endswith("latest"):
            pieces = chain(pieces, repeat(b"x" * 65536))
        return Answer(answer.status, answer.headers), pieces

    def post(self, path: str, body: bytes, *, content_type: str, limit: int) -> Answer:
        self.asked.append(path)
        if self.fault == "down":
            raise PublisherUnreachable(reason="down")
        if path.endswith("/receipts/nonce"):
            return self._nonce(body)
        return self._receive(body)

    def _answer(self, path: str) -> Answer:
        trouble = {
            "refused": (401, "key-missing"),
            "forbidden": (403, "scope-denied"),
            "too_often": (429, "rate-limited"),
        }
        if self.fault == "down":
            raise PublisherUnreachable(reason="down")
        parts = urlsplit(path)
        if parts.path == "/v1/keys":
            return Answer(200, {}, self._keys().encode())
        if self.fault in trouble:
            return _problem(*trouble[self.fault])
        rest = parts.path.removeprefix(f"/v1/streams/{self.origin.stream}/")
        query = {name: int(values[0]) for name, values in parse_qs(parts.query).items()}
        word, _, tail = rest.partition("/")
        if word == "head":
            raw = self.signed_head()
            return Answer(200, {"etag": f'"{sha256(raw).hexdigest()[:16]}"'}, raw)
        if word == "events":
            return self._events(query["after"], query["limit"])
        if word == "snapshots":
            return self._snapshot()
        if word == "state":
            return self._state([int(part) for part in tail.split("/") if part])
        if word == "slips":
            return self._slips(query["after"])
        return self._tile(tail) if word == str(self.origin.epoch) else Answer(404)

    def _keys(self) -> str:
        if self.fault == "keys_forged":
            strangers = [signer(f"{HOST}/root", f"stranger{index}") for index in range(3)]
            first, last = date(2026, 1, 1), date(2030, 12, 31)
            dated = tuple(DatedKey(root.verifier, first, last) for root in strangers)
            return sign_key_list(replace(self.keys, version=self.keys.version + 1, roots=dated), strangers)
        if self.fault == "keys_changed":
            return sign_key_list(replace(self.keys, witnesses=()), self.keys_signers)
        return sign_key_list(self.keys, self.keys_signers)

    def _snapshot(self) -> Answer:
        if self.overdue:
            return _problem(403, "overdue")
        if not self.has_snapshots:
            return Answer(404)
        return Answer(200, {}, self.snapshot_lag if self.snapshot_lag is not None else self.snapshot())

    def _events(self, after: int, limit: int) -> Answer:
        if self.fault == "cursor_ahead" or after > self.size:
            return _problem(409, "cursor-ahead")
        if after < self.forget_before:
            return _problem(410, "cursor-forgotten")
        lines = [self.line(index) for index in range(after, min(self.size, after + min(limit, 50)))]
        return Answer(200, {}, _spoiled(self.fault, lines))

    def _state(self, where: list[int]) -> Answer:
        common: dict[str, object] = {"sequence": self.size}
        if not where:
            groups = [b64url(digest) for digest in self.state.group_digests()]
            whole = {"groups": groups, "state": b64url(self.state.root()), **common}
            return Answer(200, {}, canonical_json(whole))
        if len(where) == 1:
            buckets = [b64url(digest) for digest in self.state.bucket_digests(where[0])]
            return Answer(200, {}, canonical_json({"buckets": buckets, "group": where[0], **common}))
        return Answer(200, {"feed-sequence": str(self.size)}, self.state.lines(where[0] * FAN + where[1]))

    def _tile(self, path: str) -> Answer:
        tile = parse_tile_path(path)
        if not self.has_tiles or self.fault == "tiles_missing" or not exists(tile, self.size):
            return Answer(404)
        if tile.level is None:
            start = tile.index * 256
            return Answer(200, {}, bundle_bytes(self.leaves[start : start + tile.width]))
        raw = tile_bytes(tile, self.tree.node)
        return Answer(200, {}, bytes(len(raw)) if self.fault == "tiles_false" else raw)

    def _slips(self, after: int) -> Answer:
        due = sorted((sequence, entry) for entry, (_, sequence, _) in self.bodies.items() if sequence > after)[:1000]
        upto = due[-1][0] if due else after
        slips = []
        for _, entry in due:
            own = self.people.get(entry)
            if self.fault == "slip_mismatch":
                own = Identity("resident_id:" + person(77_777).number, b"w" * 32)
            slips.append(Slip(entry, int(str(self.bodies[entry][0]["revision"])), own))
        if self.sealed_for is not None:
            body = seal_block(slips, self.sealed_for, key=self.random.randbytes(32)) if slips else b""
        else:
            body = token_block(tokens_of(slip, TOKEN_KEY) for slip in slips)
        if self.fault == "slip_garbled":
            body = body[:-9]
        return Answer(200, {"feed-sequence": str(upto)}, body)

    # Receipts

    def _nonce(self, body: bytes) -> Answer:
        sequence = parse_json(body, "nonce")["sequence"]
        nonce = self.random.randbytes(32)
        everything = self.receipt == 0
        self.nonces[nonce] = (sequence, self.receipt, everything)
        answer = {"all": everything, "nonce": b64url(nonce), "sequence": sequence, "since": self.receipt}
        if self.fault == "nonce_of_another_sequence":
            answer["sequence"] = sequence + 1
        return Answer(200, {}, canonical_json(answer))

    def _receive(self, raw: bytes) -> Answer:
        try:
            receipt = parse_receipt(verify_note(raw, [self.subscriber.verifier]).text)
        except SignatureInvalid:
            return _problem(403, "scope-denied")
        known = self.nonces.pop(receipt.nonce, None)
        if known is None or self.fault == "nonce_used":
            return _problem(409, "nonce-used")
        sequence, since, everything = known
        removed = [stone.entry for stone in self.tombstones if since < stone.sequence <= sequence]
        asked = buckets_for(receipt.nonce, receipt.subscriber, removed=removed, everything=everything)
        good = receipt.proof == proof(receipt.nonce, asked, self.state.lines) and sequence == receipt.sequence
        if not good or receipt.state != self.state.root() or sequence != self.size:
            return _problem(409, "state-mismatch")
        self.receipt = sequence
        self.taken.append(sequence)
        return Answer(204)


def _spoiled(fault: str, lines: list[bytes]) -> bytes:
    if lines and fault == "gap":
        lines = lines[1:] or [lines[0].replace(b'"sequence":', b'"sequence":9')]
    elif lines and fault == "duplicate":
        lines = [lines[0], *lines]
    elif lines and fault == "reorder":
        lines = lines[::-1] if len(lines) > 1 else lines * 2
    elif lines and fault == "truncated":
        lines = []
    elif lines and fault == "malformed":
        lines = [b'{"sequence": 1}', *lines[1:]]
    elif lines and fault == "tampered_event":
        lines = [_tampered(lines[0]), *lines[1:]]
    elif lines and fault == "beyond_head":
        lines = [*lines, withheld_line(10**9, bytes(32))]
    body = b"".join(line + b"\n" for line in lines)
    return body[:-2] if fault == "cut_line" and body else body


def _tampered(line: bytes) -> bytes:
    value = parse_json(line, "test")
    if "salt" in value:
        value["salt"] = b64url(sha256(unb64url(value["salt"], "salt")).digest())
    else:
        value["leaf"] = b64url(sha256(unb64url(value["leaf"], "leaf")).digest())
    return canonical_json(value)


def _problem(status: int, type_: str) -> Answer:
    return Answer(status, {"content-type": "application/problem+json"}, canonical_json({"type": type_}))
