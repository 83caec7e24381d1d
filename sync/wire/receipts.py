"""Receipts: which buckets are asked for, the proof over them, and the note that carries it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from sync.wire.encoding import b64, instant, parse_instant, parse_number, unb64
from sync.wire.errors import FormatInvalid
from sync.wire.notes import Signer, sign_note
from sync.wire.origins import parse_stream_epoch
from sync.wire.state import BUCKETS, bucket_number

ASKED = 256
_NAME = "/receipt/v1"


def buckets_for(nonce: bytes, subscriber: str, *, removed: Iterable[str] = (), everything: bool = False) -> list[int]:
    """The buckets of one receipt (0 to 65,535), ascending.

    256 follow from the 32-byte nonce and the subscriber's name; those of ``removed`` (entries that left since the last
    applied receipt, canaries too) come on top. ``everything``: all of them.
    """
    if everything:
        return list(range(BUCKETS))
    chosen: set[int] = set()
    counter = 0
    while len(chosen) < ASKED:
        block = sha256(nonce + subscriber.encode("utf-8") + counter.to_bytes(4, "big")).digest()
        for at in range(0, 32, 2):
            if len(chosen) < ASKED:
                chosen.add(int.from_bytes(block[at : at + 2], "big"))
        counter += 1
    return sorted(chosen | {bucket_number(entry) for entry in removed})


def proof(nonce: bytes, buckets: Iterable[int], lines: Callable[[int], bytes]) -> bytes:
    """SHA-256 of the nonce and the lines of the buckets, which must come ascending; ``lines`` gives a bucket's."""
    digest = sha256(nonce)
    for number in buckets:
        digest.update(lines(number))
    return digest.digest()


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a subscriber declares: its state at a sequence, proved for a nonce, and what it did with what left."""

    host: str
    subscriber: str
    stream: str
    epoch: int
    sequence: int
    count: int
    state: bytes
    nonce: bytes
    proof: bytes
    deleted: int
    shielded: int
    history: int
    onward_confirmed: int
    onward: int
    applied: datetime

    @property
    def text(self) -> str:
        """The note's text."""
        return (
            f"{self.host}{_NAME}\nsubscriber {self.subscriber}\nstream {self.stream}/{self.epoch}\n"
            f"sequence {self.sequence}\nstate {self.count} {b64(self.state)}\n"
            f"nonce {b64(self.nonce)}\nproof {b64(self.proof)}\n"
            f"effects deleted {self.deleted} shielded {self.shielded} history {self.history}\n"
            f"onward {self.onward_confirmed} of {self.onward}\napplied {instant(self.applied)}\n"
        )


def sign_receipt(receipt: Receipt, signer: Signer) -> str:
    """The note, signed with the subscriber's key, whose name is the subscriber's."""
    return sign_note(receipt.text, [signer])


def parse_receipt(text: str) -> Receipt:
    """The receipt of a *verified* note's text. Raises FormatInvalid."""
    lines = text.split("\n")
    if len(lines) != 11 or lines[10] or not lines[0].endswith(_NAME):
        raise FormatInvalid("receipt", "not ten lines that begin with HOST/receipt/v1")
    stream, epoch = parse_stream_epoch(_word(lines[2], "stream"))
    count, state = _words(lines[4], "state", 2)
    effects = _words(lines[7], "effects", 6)
    onward = _words(lines[8], "onward", 3)
    receipt = Receipt(
        host=lines[0].removesuffix(_NAME),
        subscriber=_word(lines[1], "subscriber"),
        stream=stream,
        epoch=epoch,
        sequence=parse_number(_word(lines[3], "sequence"), "receipt"),
        count=parse_number(count, "receipt"),
        state=unb64(state, "receipt"),
        nonce=unb64(_word(lines[5], "nonce"), "receipt"),
        proof=unb64(_word(lines[6], "proof"), "receipt"),
        deleted=parse_number(effects[1], "receipt"),
        shielded=parse_number(effects[3], "receipt"),
        history=parse_number(effects[5], "receipt"),
        onward_confirmed=parse_number(onward[0], "receipt"),
        onward=parse_number(onward[2], "receipt"),
        applied=parse_instant(_word(lines[9], "applied"), "receipt"),
    )
    if receipt.text != text:
        raise FormatInvalid("receipt", "words out of place")
    return receipt


def _word(line: str, first: str) -> str:
    return _words(line, first, 1)[0]


def _words(line: str, first: str, count: int) -> list[str]:
    words = line.split(" ")
    if words[0] != first or len(words) != count + 1:
        raise FormatInvalid("receipt", f"no line {first}")
    return words[1:]
