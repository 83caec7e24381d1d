"""What a rule of the register answers: one of three outcomes, with its reason and its clause. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from creditsvc.kernel.text import Bilingual


class Way(StrEnum):
    """The three outcomes."""

    OPEN = "open"
    NOT_OPEN = "not_open"
    PERSON_DECIDES = "person_decides"


@dataclass(frozen=True, slots=True)
class PolicyAnswer:
    """An outcome with its reason and its clause."""

    way: Way
    code: str
    text: Bilingual
    clause: str


def yes(code: str, zh: str, en: str, clause: str) -> PolicyAnswer:
    """The way is open."""
    return PolicyAnswer(Way.OPEN, code, Bilingual(zh, en), clause)


def no(code: str, zh: str, en: str, clause: str) -> PolicyAnswer:
    """The way is not open."""
    return PolicyAnswer(Way.NOT_OPEN, code, Bilingual(zh, en), clause)


def ask(code: str, zh: str, en: str, clause: str) -> PolicyAnswer:
    """A person decides."""
    return PolicyAnswer(Way.PERSON_DECIDES, code, Bilingual(zh, en), clause)
