"""Signed notes (C2SP signed-note) and witnesses' cosignatures (C2SP tlog-cosignature v1), Ed25519. Pure.

A verifier has one way to say no: SignatureInvalid, whatever the bytes are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from sync.wire.encoding import b64, unb64
from sync.wire.errors import FormatInvalid, SignatureInvalid

ED25519 = 0x01
COSIGNATURE = 0x04
LARGEST_NOTE = 64 * 1024
_MOST_SIGNATURES = 64
_NAME = re.compile(r"[^\s+\x00-\x1f\x7f]+")
_LINE = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/=]+)")
_VKEY = re.compile(r"([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)")
_LATEST = 253402300800


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key with its name and what its signatures mean."""

    name: str
    algorithm: int
    public: bytes

    @property
    def key_id(self) -> bytes:
        """Four bytes that name the key in a signature line."""
        return sha256(self.name.encode() + b"\n" + bytes([self.algorithm]) + self.public).digest()[:4]

    @property
    def text(self) -> str:
        """``name+hash+key``."""
        return f"{self.name}+{self.key_id.hex()}+{b64(bytes([self.algorithm]) + self.public)}"


def parse_verifier_key(text: str) -> VerifierKey:
    """The key of ``name+hash+key``. Raises FormatInvalid."""
    found = _VKEY.fullmatch(text)
    if not found:
        raise FormatInvalid("key", "not name+hash+key")
    raw = unb64(found[3], "key", length=33)
    key = VerifierKey(found[1], raw[0], raw[1:])
    if key.algorithm not in {ED25519, COSIGNATURE} or key.text != text:
        raise FormatInvalid("key", "an unknown algorithm or a wrong hash")
    return key


@dataclass(frozen=True, slots=True)
class Signer:
    """A name and its private key. Never shown."""

    name: str
    private: Ed25519PrivateKey

    def __repr__(self) -> str:
        return f"Signer({self.name})"

    @property
    def verifier(self) -> VerifierKey:
        """What others need to check its notes."""
        return VerifierKey(self.name, ED25519, self.private.public_key().public_bytes_raw())

    @property
    def cosigner(self) -> VerifierKey:
        """What others need to check its cosignatures."""
        return VerifierKey(self.name, COSIGNATURE, self.private.public_key().public_bytes_raw())


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One signature line: name, key id and what follows it."""

    name: str
    key_id: bytes
    signature: bytes

    @property
    def line(self) -> str:
        """The line, with its LF."""
        return f"— {self.name} {b64(self.key_id + self.signature)}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A note as it stands; nothing in it is trusted yet."""

    text: str
    signatures: tuple[NoteSignature, ...]

    def __str__(self) -> str:
        return self.text + "\n" + "".join(signature.line for signature in self.signatures)


@dataclass(frozen=True, slots=True)
class Verified:
    """A note's text and the known keys that signed it; cosigners with the time that they vouch for."""

    text: str
    keys: tuple[VerifierKey, ...]
    cosigned: tuple[tuple[VerifierKey, datetime], ...] = ()


def sign(text: str, signer: Signer) -> NoteSignature:
    """An Ed25519 signature (type 0x01) of a note's text, which ends with LF."""
    _refuse_bad_text(text, signer.name)
    return NoteSignature(signer.name, signer.verifier.key_id, signer.private.sign(text.encode()))


def sign_note(text: str, signers: Iterable[Signer]) -> str:
    """A note signed by each, in the order given."""
    return str(Note(text, tuple(sign(text, signer) for signer in signers)))


def cosign(text: str, signer: Signer, *, at: datetime) -> NoteSignature:
    """A witness's cosignature (type 0x04) of a checkpoint's text. Consistency is the caller's to check before."""
    _refuse_bad_text(text, signer.name)
    seconds = _seconds(at)
    signature = signer.private.sign(_cosigned(text, seconds))
    return NoteSignature(signer.name, signer.cosigner.key_id, seconds.to_bytes(8, "big") + signature)


def add_signatures(note: str, signatures: Sequence[NoteSignature]) -> str:
    """The note with more signature lines."""
    parsed = parse_note(note)
    return str(Note(parsed.text, (*parsed.signatures, *signatures)))


def parse_note(raw: str | bytes) -> Note:
    """The parts of a note, unverified. Raises SignatureInvalid."""
    try:
        note = raw.decode("utf-8") if isinstance(raw, bytes) else raw
        note.encode("utf-8")
    except UnicodeError:
        raise SignatureInvalid from None
    text, gap, tail = note.rpartition("\n\n")
    lines = tail.split("\n")
    if not gap or len(note) > LARGEST_NOTE or lines.pop() != "" or not 1 <= len(lines) <= _MOST_SIGNATURES:
        raise SignatureInvalid
    if any(char < " " and char != "\n" for char in note):
        raise SignatureInvalid
    return Note(text + "\n", tuple(_signature(line) for line in lines))


def verify_note(raw: str | bytes, keys: Iterable[VerifierKey], *, threshold: int = 1) -> Verified:
    """The text, if at least ``threshold`` different known keys signed it. Unknown keys are ignored.

    A wrong signature under a known key spoils the note. Cosignatures are checked and never count for the threshold.
    Raises SignatureInvalid, and nothing else.
    """
    known = {(key.name, key.key_id): key for key in keys}
    note = parse_note(raw)
    signed: dict[bytes, VerifierKey] = {}
    cosigned: list[tuple[VerifierKey, datetime]] = []
    for signature in note.signatures:
        key = known.get((signature.name, signature.key_id))
        if key is None:
            continue
        if key.algorithm == COSIGNATURE:
            cosigned.append((key, _verify_cosignature(note.text, key, signature.signature)))
        else:
            _verify(key, note.text.encode(), signature.signature)
            signed[key.public] = key
    if len(signed) < max(1, threshold):
        raise SignatureInvalid
    return Verified(note.text, tuple(signed.values()), tuple(cosigned))


def verify_cosignature(raw: str | bytes, witness: VerifierKey) -> datetime:
    """When this witness cosigned the note. Raises SignatureInvalid."""
    note = parse_note(raw)
    for signature in note.signatures:
        if (signature.name, signature.key_id) == (witness.name, witness.key_id) and witness.algorithm == COSIGNATURE:
            return _verify_cosignature(note.text, witness, signature.signature)
    raise SignatureInvalid


def _signature(line: str) -> NoteSignature:
    found = _LINE.fullmatch(line)
    if not found:
        raise SignatureInvalid
    try:
        raw = unb64(found[2], "signature", length=None)
    except FormatInvalid:
        raise SignatureInvalid from None
    if len(raw) < 5:
        raise SignatureInvalid
    return NoteSignature(found[1], raw[:4], raw[4:])


def _verify(key: VerifierKey, message: bytes, signature: bytes) -> None:
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(signature, message)
    except (InvalidSignature, ValueError):
        raise SignatureInvalid from None


def _verify_cosignature(text: str, key: VerifierKey, signature: bytes) -> datetime:
    seconds = int.from_bytes(signature[:8], "big")
    if len(signature) != 72 or seconds >= _LATEST:
        raise SignatureInvalid
    _verify(key, _cosigned(text, seconds), signature[8:])
    return datetime.fromtimestamp(seconds, UTC)


def _cosigned(text: str, seconds: int) -> bytes:
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()


def _seconds(at: datetime) -> int:
    if at.tzinfo is None:
        raise ValueError("a time without a zone is not a time")
    return int(at.timestamp())


def _refuse_bad_text(text: str, name: str) -> None:
    if not text.endswith("\n") or any(char < " " and char != "\n" for char in text):
        raise ValueError("a note's text ends with LF and has no other control characters")
    if not _NAME.fullmatch(name):
        raise ValueError("a key's name has no spaces and no plus")
