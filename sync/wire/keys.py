"""The key list of ``/v1/keys``: roots, each stream's signing keys, witnesses, each with its days. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from sync.wire.encoding import parse_day, parse_number
from sync.wire.errors import FormatInvalid, SignatureInvalid
from sync.wire.notes import COSIGNATURE, Signer, VerifierKey, parse_note, parse_verifier_key, sign_note, verify_note
from sync.wire.origins import KEYS_PATH, parse_stream_epoch

ROOT_THRESHOLD = 2
"""How many roots of the old list, and how many of the new, must have signed a new list."""


@dataclass(frozen=True, slots=True)
class DatedKey:
    """A verifier key and its first and last day (Beijing days, both count)."""

    key: VerifierKey
    first_day: date
    last_day: date

    def valid(self, on: date) -> bool:
        """Whether its signatures count on a day."""
        return self.first_day <= on <= self.last_day

    @property
    def words(self) -> str:
        """As the list has it."""
        return f"{self.key.text} {self.first_day.isoformat()} {self.last_day.isoformat()}"


@dataclass(frozen=True, slots=True)
class StreamKey:
    """A key that signs one epoch of one stream."""

    stream: str
    epoch: int
    dated: DatedKey


@dataclass(frozen=True, slots=True)
class KeyList:
    """One version of the list."""

    host: str
    version: int
    roots: tuple[DatedKey, ...]
    streams: tuple[StreamKey, ...]
    witnesses: tuple[DatedKey, ...]

    @property
    def text(self) -> str:
        """The note's text."""
        lines = [f"{self.host}{KEYS_PATH}", f"version {self.version}"]
        lines += [f"root {root.words}" for root in self.roots]
        lines += [f"stream {key.stream}/{key.epoch} {key.dated.words}" for key in self.streams]
        lines += [f"witness {witness.words}" for witness in self.witnesses]
        return "\n".join(lines) + "\n"

    def stream_keys(self, stream: str, epoch: int, *, on: date) -> tuple[VerifierKey, ...]:
        """The keys whose signatures on that stream's heads and snapshots count on a day."""
        return tuple(
            key.dated.key for key in self.streams if (key.stream, key.epoch) == (stream, epoch) and key.dated.valid(on)
        )

    def epochs(self, stream: str) -> tuple[int, ...]:
        """The epochs of a stream that the list has keys for, ascending."""
        return tuple(sorted({key.epoch for key in self.streams if key.stream == stream}))

    def witness_keys(self, *, on: date) -> tuple[VerifierKey, ...]:
        """The witnesses whose cosignatures count on a day."""
        return tuple(witness.key for witness in self.witnesses if witness.valid(on))

    def root_keys(self) -> tuple[VerifierKey, ...]:
        """The roots; their days say when to replace them, and a list is judged by the roots alone."""
        return tuple(root.key for root in self.roots)


def sign_key_list(keys: KeyList, roots: Iterable[Signer]) -> str:
    """The signed note: two of the old roots and two of the new."""
    return sign_note(keys.text, roots)


def parse_key_list(text: str) -> KeyList:
    """The list of a note's text. Raises FormatInvalid."""
    lines = text.split("\n")
    if len(lines) < 4 or lines[-1] or not lines[0].endswith(KEYS_PATH) or not lines[1].startswith("version "):
        raise FormatInvalid("keys", "not HOST/v1/keys, version, keys")
    roots: list[DatedKey] = []
    streams: list[StreamKey] = []
    witnesses: list[DatedKey] = []
    for line in lines[2:-1]:
        what, *words = line.split(" ")
        if what == "root":
            roots.append(_dated(words))
        elif what == "witness":
            witnesses.append(_dated(words))
        elif what == "stream" and words:
            streams.append(StreamKey(*parse_stream_epoch(words[0]), _dated(words[1:])))
        else:
            raise FormatInvalid("keys", "neither root nor stream nor witness")
    host = lines[0].removesuffix(KEYS_PATH)
    version = parse_number(lines[1].removeprefix("version "), "keys")
    keys = KeyList(host, version, tuple(roots), tuple(streams), tuple(witnesses))
    _refuse_mixed(keys)
    if keys.text != text:
        raise FormatInvalid("keys", "lines out of order")
    return keys


def verify_key_list(raw: str | bytes, *, known: KeyList | None = None) -> KeyList:
    """The list, if two of its own roots signed it and, where one is known, two of the known list's roots as well.

    Whether its version is newer is the caller's to judge. Raises SignatureInvalid, and nothing else.
    """
    try:
        keys = parse_key_list(parse_note(raw).text)
    except FormatInvalid:
        raise SignatureInvalid from None
    verify_note(raw, keys.root_keys(), threshold=ROOT_THRESHOLD)
    if known is not None:
        if known.host != keys.host:
            raise SignatureInvalid
        verify_note(raw, known.root_keys(), threshold=ROOT_THRESHOLD)
    return keys


def _dated(words: Sequence[str]) -> DatedKey:
    if len(words) != 3:
        raise FormatInvalid("keys", "not key, first day, last day")
    return DatedKey(parse_verifier_key(words[0]), parse_day(words[1], "keys"), parse_day(words[2], "keys"))


def _refuse_mixed(keys: KeyList) -> None:
    signing = [root.key for root in keys.roots] + [key.dated.key for key in keys.streams]
    if any(key.algorithm == COSIGNATURE for key in signing):
        raise FormatInvalid("keys", "a cosigning key where a signing key belongs")
    if any(witness.key.algorithm != COSIGNATURE for witness in keys.witnesses):
        raise FormatInvalid("keys", "a signing key where a witness belongs")
