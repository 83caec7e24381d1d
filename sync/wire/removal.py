"""The proof of a removal as one file: event, log proof under a signed head, each holder's receipt. Pure.

A canonical JSON object ``{entry, format, keys, streams}``; ``streams`` has, for each stream on which the entry was,
``{event, proof, receipts, statement}``. All members are texts, byte for byte as they were published. No personal data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

from sync.wire.canonical import canonical_json, parse_json
from sync.wire.errors import BundleInvalid, FormatInvalid, ProofInvalid, SignatureInvalid
from sync.wire.events import Event, EventType, parse_line
from sync.wire.head import Head, parse_head
from sync.wire.keys import KeyList, verify_key_list
from sync.wire.merkle import leaf_hash, verify_inclusion
from sync.wire.notes import VerifierKey, parse_note, parse_verifier_key, verify_note
from sync.wire.origins import Origin, parse_stream_epoch
from sync.wire.proofs import parse_log_proof
from sync.wire.receipts import Receipt, parse_receipt
from sync.wire.state import EMPTY_STATE
from sync.wire.statements import HolderLine, Statement, parse_statement

FORMAT = "alf-removal-proof-1"
LARGEST = 16 * 1024 * 1024
_MEMBERS = frozenset({"entry", "format", "keys", "streams"})
_PART = frozenset({"event", "proof", "receipts", "statement"})
_BEIJING = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, slots=True)
class Part:
    """One stream's part, as texts."""

    event: str
    proof: str
    receipts: tuple[str, ...]
    statement: str


@dataclass(frozen=True, slots=True)
class Held:
    """One subscriber that held the entry, and its receipt if it has let go."""

    stream: str
    line: HolderLine
    receipt: Receipt | None


@dataclass(frozen=True, slots=True)
class StreamProof:
    """What a verified part says."""

    event: Event
    head: Head
    statement: Statement
    holders: tuple[Held, ...]
    witnesses: tuple[str, ...]
    """Names of the witnesses that cosigned the head."""


@dataclass(frozen=True, slots=True)
class RemovalProof:
    """What a verified bundle says, by the keys of its own list: who may be believed is the reader's to judge."""

    entry: str
    keys: KeyList
    keys_note: str
    streams: tuple[StreamProof, ...]

    @property
    def holders(self) -> tuple[Held, ...]:
        """Of all streams."""
        return tuple(held for stream in self.streams for held in stream.holders)

    @property
    def complete(self) -> bool:
        """Whether everybody who held the entry has confirmed by a receipt."""
        return all(held.receipt is not None for held in self.holders)

    @property
    def witnessed(self) -> bool:
        """Whether at least one witness stands behind every head."""
        return all(stream.witnesses for stream in self.streams)


def write_bundle(entry: str, keys: str, parts: Sequence[Part]) -> bytes:
    """The file."""
    streams = [
        {"event": part.event, "proof": part.proof, "receipts": list(part.receipts), "statement": part.statement}
        for part in parts
    ]
    return canonical_json({"entry": entry, "format": FORMAT, "keys": keys, "streams": streams}) + b"\n"


def is_bundle(raw: bytes) -> bool:
    """Whether a file says of itself that it is such a proof."""
    return f'"format":"{FORMAT}"'.encode() in raw[:4096].replace(b" ", b"") and raw.lstrip()[:1] == b"{"


def verify_bundle(raw: bytes) -> RemovalProof:
    """Check every signature, digest and proof in the file. Raises BundleInvalid, and nothing else."""
    entry, note, parts = _read(raw)
    try:
        keys = verify_key_list(note)
    except SignatureInvalid:
        raise BundleInvalid("keys") from None
    proved = tuple(_verify(entry, keys, note, part) for part in parts)
    names = tuple(stream.statement.stream_epoch for stream in proved)
    if names != tuple(sorted(set(names))) or any(stream.statement.streams != names for stream in proved):
        raise BundleInvalid("streams")
    return RemovalProof(entry, keys, note, proved)


def _read(raw: bytes) -> tuple[str, str, list[Part]]:
    try:
        value = parse_json(raw.removesuffix(b"\n"), "bundle") if len(raw) <= LARGEST else {}
    except FormatInvalid:
        value = {}
    shaped = value.keys() == _MEMBERS and value["format"] == FORMAT and raw.endswith(b"\n")
    if not shaped or not isinstance(value["entry"], str) or not isinstance(value["keys"], str):
        raise BundleInvalid("format")
    if not isinstance(value["streams"], list) or not value["streams"]:
        raise BundleInvalid("format")
    return value["entry"], value["keys"], [_part(part) for part in value["streams"]]


def _part(value: Any) -> Part:
    if not isinstance(value, dict) or value.keys() != _PART or not isinstance(value["receipts"], list):
        raise BundleInvalid("format")
    texts = [value["event"], value["proof"], value["statement"], *value["receipts"]]
    if not all(isinstance(text, str) for text in texts):
        raise BundleInvalid("format")
    return Part(value["event"], value["proof"], tuple(value["receipts"]), value["statement"])


def _verify(entry: str, keys: KeyList, note: str, part: Part) -> StreamProof:
    statement = _statement(part, keys)
    if statement.entry != entry or statement.keys != _digest(note) or statement.proof != _digest(part.proof):
        raise BundleInvalid("statement")
    origin = Origin(keys.host, *parse_stream_epoch(statement.stream_epoch))
    event = _event(part.event, origin, statement)
    head, witnesses = _logged(part.proof, event, keys)
    if head.origin != origin:
        raise BundleInvalid("head")
    return StreamProof(event, head, statement, _holders(part.receipts, statement, head), witnesses)


def _statement(part: Part, keys: KeyList) -> Statement:
    """Signed once, by the key that the list gives to its stream on its day."""
    try:
        note = parse_note(part.statement)
        claimed = parse_statement(note.text)
        on = claimed.at.astimezone(_BEIJING).date()
        verify_note(part.statement, keys.stream_keys(*parse_stream_epoch(claimed.stream_epoch), on=on))
    except (FormatInvalid, SignatureInvalid):
        raise BundleInvalid("statement") from None
    if len(note.signatures) != 1 or claimed.host != keys.host:
        raise BundleInvalid("statement")
    return claimed


def _event(line: str, origin: Origin, statement: Statement) -> Event:
    try:
        event = parse_line(line.encode("utf-8"), origin)
    except (FormatInvalid, UnicodeError):
        raise BundleInvalid("event") from None
    if not isinstance(event, Event) or event.type is not EventType.REMOVED:
        raise BundleInvalid("event")
    if (event.entry, event.sequence) != (statement.entry, statement.sequence):
        raise BundleInvalid("event")
    return event


def _logged(text: str, event: Event, keys: KeyList) -> tuple[Head, tuple[str, ...]]:
    """The head under which the event is proved to be in the log, and who cosigned it."""
    try:
        proof = parse_log_proof(text)
        note = parse_note(proof.checkpoint)
        head = parse_head(note.text)
        on = head.published.astimezone(_BEIJING).date()
        signing = keys.stream_keys(head.origin.stream, head.origin.epoch, on=on)
        verified = verify_note(proof.checkpoint, signing + keys.witness_keys(on=on))
    except (FormatInvalid, SignatureInvalid):
        raise BundleInvalid("head") from None
    if len(note.signatures) != len(verified.keys) + len(verified.cosigned) or proof.index != event.sequence - 1:
        raise BundleInvalid("head")
    try:
        verify_inclusion(
            index=proof.index, size=head.size, leaf=leaf_hash(event.leaf), root=head.root, proof=proof.hashes
        )
    except ProofInvalid:
        raise BundleInvalid("proof") from None
    return head, tuple(sorted({key.name for key, _ in verified.cosigned}))


def _holders(receipts: Sequence[str], statement: Statement, head: Head) -> tuple[Held, ...]:
    notes = iter(receipts)
    held = []
    for line in statement.holders:
        receipt = None if line.receipt is None else _receipt(next(notes, ""), line, statement, head)
        held.append(Held(statement.stream_epoch, line, receipt))
    if next(notes, None) is not None:
        raise BundleInvalid("receipts")
    return tuple(held)


def _receipt(note: str, line: HolderLine, statement: Statement, head: Head) -> Receipt:
    try:
        if line.receipt != _digest(note):
            raise SignatureInvalid
        key: VerifierKey = parse_verifier_key(line.verifier)
        receipt = parse_receipt(verify_note(note, [key]).text)
    except (FormatInvalid, SignatureInvalid):
        raise BundleInvalid("receipts") from None
    said: Mapping[str, bool] = {
        "who": key.name == receipt.subscriber == line.subscriber,
        "where": (receipt.host, f"{receipt.stream}/{receipt.epoch}") == (statement.host, statement.stream_epoch),
        "when": receipt.sequence == line.sequence >= statement.sequence,
        "what": receipt.sequence != head.size
        or (receipt.count, receipt.state) in {(head.count, head.state), (0, EMPTY_STATE)},
    }
    if not all(said.values()):
        raise BundleInvalid("receipts")
    return receipt


def _digest(text: str) -> bytes:
    return sha256(text.encode("utf-8", "surrogatepass")).digest()
