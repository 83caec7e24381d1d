"""A question as an agency asks it: who, which sector, which act, for what purpose.

Pure: words of the checks, with their shape tested once for every way in.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from creditsvc.kernel.errors import InvalidInput
from creditsvc.kernel.identity import IdentityNumber, NumberType, parse_identity
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


_KINDS = {
    NumberType.RESIDENT_ID: Bilingual("居民身份证号码", "a resident number"),
    NumberType.USCC: Bilingual("统一社会信用代码", "a unified social credit code"),
    NumberType.ORG_CODE: Bilingual("组织机构代码", "an organisation code"),
    NumberType.PASSPORT: Bilingual("护照号码", "a passport's number"),
    NumberType.HK_MACAO_PERMIT: Bilingual("港澳居民来往内地通行证号码", "the number of a Hong Kong and Macao permit"),
    NumberType.TAIWAN_PERMIT: Bilingual("台湾居民来往大陆通行证号码", "the number of a Taiwan permit"),
    NumberType.FOREIGNER_PERMIT: Bilingual(
        "外国人永久居留身份证号码", "the number of a foreigner's permanent residence card"
    ),
}


def asked_number(raw: str, *, expected: NumberType | None = None) -> IdentityNumber:
    """The number that a question is about. Raises ``InvalidInput``: as ``parse_identity``, and with code ``number-kind`` for a
    right number of another kind than was named, since nothing is wrong with its digits.
    """
    try:
        return parse_identity(raw, expected=expected)
    except InvalidInput:
        other = _read_as(raw) if expected is not None else None
        if expected is None or other is None or other is expected:
            raise
        named, found = _KINDS[expected], _KINDS[other]
        raise InvalidInput(
            Bilingual(
                f"填的是{found.zh}，不是所选的{named.zh}；请改选证件种类或者核对号码",
                f"this is {found.en} and not {named.en}, as was chosen: choose the other kind or compare the number",
            ),
            code="number-kind",
            field="number",
        ) from None


def _read_as(raw: str) -> NumberType | None:
    try:
        return parse_identity(raw).type
    except InvalidInput:
        return None
