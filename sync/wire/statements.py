"""The publisher's statement in a removal proof: who held an entry on one stream, and how far each has confirmed. Pure.

It names by digest every other part of the proof, so that nothing can be left out of it or put into it unseen.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from sync.wire.encoding import b64, instant, parse_instant, parse_number, unb64
from sync.wire.errors import FormatInvalid
from sync.wire.ids import is_entry_id
from sync.wire.origins import parse_stream_epoch

STAGES = frozenset({"published", "notified", "fetched", "applied", "probed", "diverged", "overdue", "ended"})
LET_GO = frozenset({"applied", "probed"})
"""Stages that a receipt stands behind."""

_NAME = "/removal/v1"
_NONE = "-"
_HOLDER = re.compile(r"holder (\S+) ([a-z]+) (\d+) (\S+) (\S+) (\S.*)")


@dataclass(frozen=True, slots=True)
class HolderLine:
    """One subscriber that held the entry. ``receipt``: SHA-256 of its receipt's note; ``verifier``: the key that signed it."""

    subscriber: str
    stage: str
    sequence: int
    """Of the receipt; of the removal if there is none."""
    receipt: bytes | None
    verifier: str
    title: str

    @property
    def let_go(self) -> bool:
        """Whether a receipt of its own says so."""
        return self.receipt is not None

    @property
    def line(self) -> str:
        """As the statement has it."""
        digest = b64(self.receipt) if self.receipt is not None else _NONE
        return f"holder {self.subscriber} {self.stage} {self.sequence} {digest} {self.verifier or _NONE} {self.title}"


@dataclass(frozen=True, slots=True)
class Statement:
    """What the publisher says of one removal on one stream at an instant (with a zone)."""

    host: str
    entry: str
    stream_epoch: str
    sequence: int
    streams: tuple[str, ...]
    """Every stream (``agency/1``) on which the entry was, ascending: each has its own part of the proof."""
    keys: bytes
    """SHA-256 of the key list's note."""
    proof: bytes
    """SHA-256 of the log proof."""
    at: datetime
    holders: tuple[HolderLine, ...]

    @property
    def text(self) -> str:
        """The note's text."""
        lines = [
            f"{self.host}{_NAME}",
            f"entry {self.entry}",
            f"stream {self.stream_epoch}",
            f"sequence {self.sequence}",
            f"streams {' '.join(self.streams)}",
            f"keys {b64(self.keys)}",
            f"proof {b64(self.proof)}",
            f"at {instant(self.at)}",
            *(holder.line for holder in self.holders),
        ]
        return "\n".join(lines) + "\n"


def parse_statement(text: str) -> Statement:
    """The statement of a *verified* note's text. Raises FormatInvalid."""
    lines = text.split("\n")
    if len(lines) < 9 or lines[-1] or not lines[0].endswith(_NAME):
        raise FormatInvalid("statement", "not eight lines that begin with HOST/removal/v1")
    values = [
        _after(word, line)
        for word, line in zip(
            ("entry", "stream", "sequence", "streams", "keys", "proof", "at"), lines[1:8], strict=True
        )
    ]
    if not is_entry_id(values[0]):
        raise FormatInvalid("statement", "not an entry")
    parse_stream_epoch(values[1])
    statement = Statement(
        host=lines[0].removesuffix(_NAME),
        entry=values[0],
        stream_epoch=values[1],
        sequence=parse_number(values[2], "statement"),
        streams=tuple(values[3].split(" ")),
        keys=unb64(values[4], "statement"),
        proof=unb64(values[5], "statement"),
        at=parse_instant(values[6], "statement"),
        holders=tuple(_holder(line) for line in lines[8:-1]),
    )
    if statement.text != text:
        raise FormatInvalid("statement", "words out of place")
    return statement


def _after(word: str, line: str) -> str:
    if not line.startswith(f"{word} "):
        raise FormatInvalid("statement", f"no line {word}")
    return line[len(word) + 1 :]


def _holder(line: str) -> HolderLine:
    found = _HOLDER.fullmatch(line)
    if not found or found[2] not in STAGES:
        raise FormatInvalid("statement", "not a holder")
    receipt = None if found[4] == _NONE else unb64(found[4], "statement")
    verifier = "" if found[5] == _NONE else found[5]
    if (receipt is None) != (verifier == "") or (receipt is not None) != (found[2] in LET_GO):
        raise FormatInvalid("statement", "a holder is done by its receipt and not without")
    return HolderLine(found[1], found[2], parse_number(found[3], "statement"), receipt, verifier, found[6])
