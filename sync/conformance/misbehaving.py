"""The publisher's answers: by the contract, and wrong in exactly one way while a fault of ``FAULTS`` is set.

It *is* a fetcher, so that a mirror in the same process can be driven against it; ``socket.py`` puts it behind HTTP.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from hashlib import sha256
from itertools import chain, repeat
from urllib.parse import parse_qs, urlsplit

from sync.conformance.publisher import HOST, TOKEN_KEY, Publisher, person, signer
from sync.conformance.spoiling import spoiled
from sync.mirror.errors import FeedEndless
from sync.mirror.fetch import Answer
from sync.mirror.trouble import PublisherUnreachable
from sync.wire.canonical import canonical_json, parse_json
from sync.wire.encoding import b64url
from sync.wire.errors import FormatInvalid, SignatureInvalid
from sync.wire.events import erased_line, withheld_line
from sync.wire.head import Head, sign_head
from sync.wire.keys import DatedKey, sign_key_list
from sync.wire.notes import cosign, parse_note, verify_note
from sync.wire.receipts import buckets_for, parse_receipt, proof
from sync.wire.slips import Identity, Slip, seal_block, token_block, tokens_of
from sync.wire.snapshot import Header, entry_line, write_snapshot
from sync.wire.state import EMPTY_STATE, FAN
from sync.wire.tiles import bundle_bytes, exists, parse_tile_path, tile_bytes

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
    "false_cosignature",
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
_TROUBLE = {
    "refused": (401, "key-missing"),
    "forbidden": (403, "scope-denied"),
    "too_often": (429, "rate-limited"),
}
_EVENTS = 50
"""A page, however many are asked for: so that a short history has several."""
SLIPS_AT_ONCE = 1000


class MisbehavingPublisher(Publisher):
    """Server and network in one."""

    def __init__(self, stream: str = "agency", *, seed: int = 0, epoch: int = 1, subscriber: str = "bureau-a") -> None:
        super().__init__(stream, seed=seed, epoch=epoch, subscriber=subscriber)
        self.fault = ""
        self.overdue = False
        self.has_tiles = True
        self.has_snapshots = True
        self.has_witness = True
        self.parting = False
        """The agreement has ended: the last receipt is over an empty set."""
        self.always_all = False
        """Ask for all buckets in every receipt, not only in the first."""
        self.snapshot_lag: bytes | None = None
        self.asked: list[str] = []
        self.taken: list[int] = []
        """Sequences of the receipts that were taken."""
        self.lock = threading.RLock()
        """Held while something is decided or answered, where more than one thread does."""

    def mend(self) -> None:
        """Behave again."""
        self.fault = ""

    # What is served

    def head(self, *, size: int | None = None) -> Head:
        """The head as it would be signed now."""
        published = self.now + (timedelta(days=1) if self.fault == "future" else timedelta())
        published -= timedelta(hours=3) if self.fault == "expired" else timedelta()
        root = self.tree.root(size)
        return Head(
            replace(self.origin, host="other.test") if self.fault == "other_origin" else self.origin,
            self.size if size is None else size,
            sha256(root).digest() if self.fault == "fork" else root,
            self.state.count if size is None else min(size, self.state.count),
            sha256(b"lie").digest() if self.fault == "state_lie" else self.state.root(),
            published,
            published + self.life,
            min(self.forget_before, self.size if size is None else size),
        )

    def signed_head(self) -> bytes:
        """The head's note."""
        if self.fault == "other_epoch":
            other = replace(self.origin, epoch=self.origin.epoch + 7)
            return sign_head(replace(self.head(), origin=other), [signer(other.text, "log-other")]).encode()
        head = self.head(size=self.size - 1) if self.fault == "rolled_back" and self.size else self.head()
        signers = self.log_keys
        if self.fault == "unknown_signature":
            signers = [signer(self.origin.text, "stranger")]
        note = parse_note(sign_head(head, signers))
        if not self.has_witness:
            return str(note).encode()
        extra = cosign(note.text, self.witness, at=self.now)
        if self.fault == "false_cosignature":
            extra = replace(extra, signature=extra.signature[:-1] + bytes([extra.signature[-1] ^ 1]))
        return str(replace(note, signatures=(*note.signatures, extra))).encode()

    def snapshot(self) -> bytes:
        """The snapshot, uncompressed."""
        state = sha256(b"x").digest() if self.fault == "snapshot_other_state" else self.state.root()
        header = Header(self.state.count, self.origin.epoch, self.size, state)
        lines = [entry_line(held.data, held.sequence, canary=held.canary) for _, held in sorted(self.bodies.items())]
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

    # The network: see sync.mirror.fetch.Fetcher

    def get(self, path: str, *, limit: int, etag: str = "") -> Answer:
        """A whole answer."""
        answer, pieces = self.open(path)
        if answer.status == 200 and etag and answer.headers.get("etag") == etag:
            return Answer(304, answer.headers)
        held, size = [], 0
        for piece in pieces:
            held.append(piece)
            size += len(piece)
            if size > limit:
                raise FeedEndless(path=path.partition("?")[0], limit=limit)
        return Answer(answer.status, answer.headers, b"".join(held))

    def open(self, path: str) -> tuple[Answer, Iterator[bytes]]:
        """An answer in pieces."""
        self.asked.append(path)
        answer = self._answer(path)
        pieces: Iterator[bytes] = (answer.body[at : at + 777] for at in range(0, len(answer.body), 777))
        if self.fault == "endless" and ("/events" in path or path.endswith("latest")):
            pieces = chain(pieces, repeat(b"x" * 65536))
        return Answer(answer.status, answer.headers), pieces

    def post(self, path: str, body: bytes, *, content_type: str, limit: int) -> Answer:
        """Something sent."""
        self.asked.append(path)
        if self.fault == "down":
            raise PublisherUnreachable(reason="down")
        return self._nonce(body) if path.endswith("/receipts/nonce") else self._receive(body)

    def _answer(self, path: str) -> Answer:
        if self.fault == "down":
            raise PublisherUnreachable(reason="down")
        parts = urlsplit(path)
        if parts.path == "/v1/keys":
            return Answer(200, {}, self._keys().encode())
        if self.fault in _TROUBLE:
            return _problem(*_TROUBLE[self.fault])
        word, _, tail = parts.path.removeprefix(f"/v1/streams/{self.origin.stream}/").partition("/")
        query = {name: int(values[0]) for name, values in parse_qs(parts.query).items() if values[0].isdecimal()}
        return self._of_stream(word, tail, query)

    def _of_stream(self, word: str, tail: str, query: Mapping[str, int]) -> Answer:
        if word == "head":
            raw = self.signed_head()
            return Answer(200, {"etag": f'"{sha256(raw).hexdigest()[:16]}"'}, raw)
        if word == "events":
            return self._events(query.get("after", 0), query.get("limit", 1000))
        if word == "snapshots":
            return self._snapshot()
        if word == "state":
            return self._state([int(part) for part in tail.split("/") if part.isdecimal()])
        if word == "slips":
            return self._slips(query.get("after", 0))
        return self._tile(tail) if word == str(self.origin.epoch) else Answer(404)

    def _keys(self) -> str:
        if self.fault == "keys_forged":
            strangers = [signer(f"{HOST}/root", f"stranger{index}") for index in range(3)]
            dated = tuple(DatedKey(root.verifier, date(2026, 1, 1), date(2035, 12, 31)) for root in strangers)
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
        lines = [self.line(index) for index in range(after, min(self.size, after + min(limit, _EVENTS)))]
        return Answer(200, {}, spoiled(self.fault, lines))

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
        try:
            tile = parse_tile_path(path)
        except FormatInvalid:
            return Answer(404)
        if not self.has_tiles or self.fault == "tiles_missing" or not exists(tile, self.size):
            return Answer(404)
        if tile.level is None:
            start = tile.index * 256
            return Answer(200, {}, bundle_bytes(self.leaves[start : start + tile.width]))
        raw = tile_bytes(tile, self.tree.node)
        return Answer(200, {}, bytes(len(raw)) if self.fault == "tiles_false" else raw)

    def _slips(self, after: int) -> Answer:
        waiting = sorted((held.sequence, entry) for entry, held in self.bodies.items() if held.sequence > after)
        due = waiting[:SLIPS_AT_ONCE]
        slips = []
        for _, entry in due:
            own = self.people.get(entry)
            if self.fault == "slip_mismatch":
                own = Identity("resident_id:" + person(77_777).number, b"w" * 32)
            slips.append(Slip(entry, self.bodies[entry].data["revision"], own))
        if self.sealed_for is not None:
            body = seal_block(slips, self.sealed_for, key=self.random.randbytes(32)) if slips else b""
        else:
            body = token_block(tokens_of(slip, TOKEN_KEY) for slip in slips)
        if self.fault == "slip_garbled":
            body = body[:-9]
        following = due[-1][0] if len(due) == SLIPS_AT_ONCE else max(after, self.size)
        return Answer(200, {"feed-sequence": str(following)}, body)

    # Receipts

    def _nonce(self, body: bytes) -> Answer:
        sequence = _asked_sequence(body)
        if sequence is None:
            return _problem(422, "query-invalid")
        nonce = self.random.randbytes(32)
        everything = self.always_all or self.receipt == 0
        self.nonces[nonce] = (sequence, self.receipt, everything)
        answer = {"all": everything, "nonce": b64url(nonce), "sequence": sequence, "since": self.receipt}
        if self.fault == "nonce_of_another_sequence":
            answer["sequence"] = sequence + 1
        return Answer(200, {}, canonical_json(answer))

    def _receive(self, raw: bytes) -> Answer:
        try:
            receipt = parse_receipt(verify_note(raw, [self.subscriber.verifier]).text)
        except (SignatureInvalid, FormatInvalid):
            return _problem(403, "scope-denied")
        known = self.nonces.pop(receipt.nonce, None)
        if known is None or self.fault == "nonce_used":
            return _problem(409, "nonce-used")
        sequence, since, everything = known
        removed = [stone.entry for stone in self.tombstones if since < stone.sequence <= sequence]
        asked = buckets_for(receipt.nonce, receipt.subscriber, removed=removed, everything=everything)
        lines, state = (_nothing, EMPTY_STATE) if self.parting else (self.state.lines, self.state.root())
        good = receipt.proof == proof(receipt.nonce, asked, lines) and sequence == receipt.sequence
        if not good or receipt.state != state or sequence != self.size:
            return _problem(409, "state-mismatch")
        self.receipt = sequence
        self.taken.append(sequence)
        return Answer(204)


def _nothing(number: int) -> bytes:
    return b""


def _asked_sequence(body: bytes) -> int | None:
    try:
        found = parse_json(body, "nonce").get("sequence")
    except FormatInvalid:
        return None
    return found if type(found) is int else None


def _problem(status: int, type_: str) -> Answer:
    return Answer(status, {"content-type": "application/problem+json"}, canonical_json({"type": type_}))
