"""The head: a C2SP checkpoint with the stream's own extension lines. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sync.wire.encoding import b64, instant, parse_instant, parse_number, unb64
from sync.wire.errors import FormatInvalid
from sync.wire.notes import Signer, sign_note
from sync.wire.origins import Origin, parse_origin


@dataclass(frozen=True, slots=True)
class Head:
    """What the stream was at one sequence, and until when that may be relied on. Instants have a zone."""

    origin: Origin
    size: int
    root: bytes
    count: int
    state: bytes
    published: datetime
    expires: datetime
    forget_before: int

    @property
    def text(self) -> str:
        """The note's text."""
        return (
            f"{self.origin.text}\n{self.size}\n{b64(self.root)}\n"
            f"state {self.count} {b64(self.state)}\n"
            f"published {instant(self.published)}\nexpires {instant(self.expires)}\n"
            f"forget-before {self.forget_before}\n"
        )


def sign_head(head: Head, signers: Iterable[Signer]) -> str:
    """The signed note; during a rotation both keys sign."""
    return sign_note(head.text, signers)


def parse_head(text: str) -> Head:
    """The head of a *verified* note's text. Raises FormatInvalid."""
    lines = text.split("\n")
    if len(lines) != 8 or lines[7]:
        raise FormatInvalid("head", "not seven lines")
    state = _after("state ", lines[3]).split(" ")
    if len(state) != 2:
        raise FormatInvalid("head", "state without count and root")
    head = Head(
        origin=parse_origin(lines[0]),
        size=parse_number(lines[1], "head"),
        root=unb64(lines[2], "head"),
        count=parse_number(state[0], "head"),
        state=unb64(state[1], "head"),
        published=parse_instant(_after("published ", lines[4]), "head"),
        expires=parse_instant(_after("expires ", lines[5]), "head"),
        forget_before=parse_number(_after("forget-before ", lines[6]), "head"),
    )
    if head.forget_before > head.size or head.count > head.size or head.expires <= head.published:
        raise FormatInvalid("head", "figures that contradict each other")
    return head


def _after(word: str, line: str) -> str:
    if not line.startswith(word):
        raise FormatInvalid("head", f"no line {word.strip()}")
    return line[len(word) :]
