"""``creditsvc verify``: one command for everything of ours that can be checked offline. It recognises what it is given.

Base install only. The roof hands in the verifiers, a module each with ``KIND``, ``recognises`` and ``verify``.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from getpass import getpass
from pathlib import Path
from typing import Protocol

from creditsvc.kernel.errors import InvalidInput
from creditsvc.kernel.text import Bilingual
from creditsvc.wallclock import SystemClock

LARGEST = 64 * 1024 * 1024


class Standing(StrEnum):
    """What came out: three outcomes, never a bare yes."""

    HOLDS = "holds"
    DOUBT = "doubt"
    """True as far as it goes, and something is missing that a person must judge."""
    REFUSED = "refused"


EXIT = {Standing.HOLDS: 0, Standing.REFUSED: 1, Standing.DOUBT: 4}
"""Exit codes; 2 is a wrong call."""

_LABEL = {
    Standing.HOLDS: Bilingual("成立", "holds"),
    Standing.DOUBT: Bilingual("部分成立，请由人判断", "holds in part: a person decides"),
    Standing.REFUSED: Bilingual("不成立", "does not hold"),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the result."""

    name: Bilingual
    value: str


@dataclass(frozen=True, slots=True)
class Verified:
    """What a verifier found. ``doubts`` are sentences; they turn "holds" into "a person decides"."""

    findings: Sequence[Finding] = ()
    doubts: Sequence[Bilingual] = ()

    @property
    def standing(self) -> Standing:
        """The outcome."""
        return Standing.DOUBT if self.doubts else Standing.HOLDS


@dataclass(frozen=True, slots=True)
class Trust:
    """What the reader believes beforehand: files that came by another way than the one in hand (key lists, public keys)."""

    files: Sequence[bytes] = field(default_factory=tuple)
    number: str | None = field(default=None, repr=False)
    """An identity number that the file should be about, if the reader asks that."""
    path: Path | None = None
    """Where the file in hand lies, for kinds that speak of a second file beside it; none for standard input."""
    now: datetime | None = None
    """The reader's time, with a zone: for kinds that are good until an instant."""


class Verifier(Protocol):
    """One kind of file. A module is one."""

    KIND: Bilingual

    def recognises(self, raw: bytes) -> bool:
        """Whether a file says of itself that it is of this kind; cheap, and believes nothing."""
        ...

    def verify(self, raw: bytes, trust: Trust) -> Verified:
        """Raises a ``CreditServiceError`` that says what is wrong if it does not hold."""
        ...


def parser() -> argparse.ArgumentParser:
    """The call's words."""
    made = argparse.ArgumentParser(
        "creditsvc verify",
        description="离线核验本系统出具的证明 / check offline a proof that this system has issued",
    )
    made.add_argument("file", type=Path, help="待核验文件，- 为标准输入 / the file; - reads standard input")
    made.add_argument(
        "--trust",
        type=Path,
        action="append",
        default=[],
        metavar="KEYS",
        help="另行取得的公钥清单，可多次给出 / a key list that came by another way; may be given again",
    )
    made.add_argument(
        "--number",
        action="store_true",
        help="从标准输入读取证件号码，核对是否此人 / read a number from standard input and say whether it is theirs",
    )
    return made


def main(argv: Sequence[str], verifiers: Sequence[Verifier]) -> int:
    """Check one file; exit codes of ``EXIT``."""
    options = parser().parse_args(argv)
    raw = _read(options.file)
    path = None if str(options.file) == "-" else options.file
    number = _number() if options.number else None
    trust = Trust([_read(each) for each in options.trust], number, path, SystemClock().now())
    for verifier in verifiers:
        if verifier.recognises(raw):
            return _tell(verifier, raw, trust)
    known = verifiers_text(verifiers)
    raise InvalidInput(
        Bilingual(f"无法识别的文件。可核验：{known.zh}", f"not a file that can be checked here; known: {known.en}"),
        code="verify-unknown",
    )


def verifiers_text(verifiers: Sequence[Verifier]) -> Bilingual:
    """The kinds, in words."""
    return Bilingual(
        "、".join(verifier.KIND.zh for verifier in verifiers) or "（无）",
        ", ".join(verifier.KIND.en for verifier in verifiers) or "(none)",
    )


def _tell(verifier: Verifier, raw: bytes, trust: Trust) -> int:
    out = sys.stdout.write
    found = verifier.verify(raw, trust)
    label = _LABEL[found.standing]
    out(f"{verifier.KIND.zh} {label.zh} / {verifier.KIND.en} {label.en}\n")
    for finding in found.findings:
        out(f"  {finding.name.zh} / {finding.name.en}: {finding.value}\n")
    for doubt in found.doubts:
        out(f"  ! {doubt.zh}\n    {doubt.en}\n")
    return EXIT[found.standing]


def _number() -> str:
    """Never from an argument, which other users of the machine could see."""
    return (getpass("证件号码 / number: ") if sys.stdin.isatty() else sys.stdin.readline()).strip()


def _read(path: Path) -> bytes:
    try:
        if str(path) == "-":
            raw = sys.stdin.buffer.read(LARGEST + 1)
        else:
            with path.open("rb") as file:
                raw = file.read(LARGEST + 1)
    except OSError:
        raise InvalidInput(Bilingual(f"无法读取文件 {path}", f"can't read {path}"), code="file-unreadable") from None
    if len(raw) > LARGEST:
        raise InvalidInput(Bilingual(f"文件过大：{path}", f"too large: {path}"), code="file-too-large")
    return raw
