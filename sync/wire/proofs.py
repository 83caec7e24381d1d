"""A log proof as a file of its own (C2SP tlog-proof): index, inclusion proof, signed checkpoint. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sync.wire.encoding import b64, parse_number, unb64
from sync.wire.errors import FormatInvalid

_FIRST = "c2sp.org/tlog-proof@v1"
_MOST_HASHES = 63


@dataclass(frozen=True, slots=True)
class LogProof:
    """That the entry at ``index`` (from 0) is in the log of a checkpoint; nothing in it is trusted yet."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: str

    @property
    def text(self) -> str:
        """The file. We write no ``extra``: what it would carry isn't covered by the proof."""
        lines = [_FIRST, f"index {self.index}", *map(b64, self.hashes)]
        return "\n".join(lines) + f"\n\n{self.checkpoint}"


def log_proof(index: int, hashes: Sequence[bytes], checkpoint: str) -> str:
    """The file's text; ``hashes``: the inclusion proof, nearest first; ``checkpoint``: the signed note."""
    return LogProof(index, tuple(hashes), checkpoint).text


def parse_log_proof(text: str) -> LogProof:
    """The parts of a proof without ``extra``. Raises FormatInvalid."""
    before, gap, checkpoint = text.partition("\n\n")
    lines = before.split("\n")
    if not gap or lines[0] != _FIRST or len(lines) < 2 or not lines[1].startswith("index "):
        raise FormatInvalid("proof", f"not {_FIRST}, index, hashes, checkpoint")
    if len(lines) - 2 > _MOST_HASHES:
        raise FormatInvalid("proof", "more hashes than any log needs")
    index = parse_number(lines[1].removeprefix("index "), "proof")
    return LogProof(index, tuple(unb64(line, "proof") for line in lines[2:]), checkpoint)
