"""A question as an agency asks it: who, which sector, which act, for what purpose.

Pure: words of the checks, with their shape tested once for every way in.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from creditsvc.kernel.errors import InvalidInput
from creditsvc.kernel.identity import IdentityNumber
from creditsvc.kernel.text import Bilingual

MAX_NAME = 200
MAX_PURPOSE = 200
MAX_MATTER = 100


@dataclass(frozen=True, slots=True)
class Question:
    """One check. ``on`` is a legal day (Beijing); the number never leaves memory.

    ``known_on`` asks what was known at the end of that day; None is what is known now.
    """

    number: IdentityNumber
    name: str
    sector: str
    act: str
    purpose: str
    matter: str
    on: date
    known_on: date | None = None

    def __post_init__(self) -> None:
        if not self.name.strip() or len(self.name) > MAX_NAME:
            raise InvalidInput(
                Bilingual("请填写姓名或单位全称（200 字以内）", "give the full name, at most 200 characters"),
                code="name-missing",
                field="name",
            )
        demand_purpose(self.purpose)
        demand_matter(self.matter)


def demand_purpose(purpose: str) -> None:
    """Raise ``InvalidInput`` unless it is said what the question is for."""
    if not purpose.strip() or len(purpose) > MAX_PURPOSE:
        raise InvalidInput(
            Bilingual(
                "请写明核查目的（200 字以内），它会写入访问台账，被核查人可以查看",
                "say what the check is for, at most 200 characters; it is kept in the access ledger, "
                "which the person can read",
            ),
            code="purpose-missing",
            field="purpose",
        )


def demand_matter(matter: str) -> None:
    """Raise ``InvalidInput`` unless the question belongs to a matter that the unit can name."""
    if not matter.strip() or len(matter) > MAX_MATTER:
        raise InvalidInput(
            Bilingual(
                "请填写办件编号（100 字以内）：核查须因具体事项而起，编号写入访问台账",
                "give the number of the matter, at most 100 characters: a check is made for a matter, and the ledger keeps its number",
            ),
            code="matter-missing",
            field="matter",
        )
