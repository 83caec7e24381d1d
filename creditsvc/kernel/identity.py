"""Identity numbers: one canonical form, checked; never shown whole.

Pure: no database, network or clock. Canonical form as the feed has it: NFKC, without spaces and hyphens, upper case,
15-digit resident numbers turned into 18. Check digits: GB 11643 (resident), GB 32100 (unified social credit code),
GB 11714 (organisation code). The area code of a resident number is a hint and never a reason to refuse: people keep
numbers of counties that are gone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Literal
from unicodedata import normalize

from creditsvc.kernel.errors import InvalidInput
from creditsvc.kernel.text import Bilingual


class NumberType(StrEnum):
    """Kinds of number, as the feed names them."""

    RESIDENT_ID = "resident_id"
    USCC = "uscc"
    ORG_CODE = "org_code"
    PASSPORT = "passport"
    HK_MACAO_PERMIT = "hk_macao_permit"
    TAIWAN_PERMIT = "taiwan_permit"
    FOREIGNER_PERMIT = "foreigner_permit"


UNIT_TYPES = frozenset({NumberType.USCC, NumberType.ORG_CODE})


@dataclass(frozen=True, slots=True)
class IdentityNumber:
    """A number in canonical form. What is printed of it is masked."""

    type: NumberType
    number: str

    def __repr__(self) -> str:
        return f"IdentityNumber({self.type.value}, {self.masked})"

    def __str__(self) -> str:
        return self.masked

    @property
    def canonical(self) -> str:
        """``type:number``, the form that tokens and subjects are made of."""
        return f"{self.type.value}:{self.number}"

    @property
    def is_personal(self) -> bool:
        """Whether it is a natural person's."""
        return self.type not in UNIT_TYPES

    @property
    def masked(self) -> str:
        """What may be shown: month and day of birth hidden; other personal papers show two ends; unit codes whole."""
        if not self.is_personal:
            return self.number
        if self.type is NumberType.RESIDENT_ID:
            return f"{self.number[:10]}****{self.number[-4:]}"
        return f"{self.number[:2]}{'*' * max(4, len(self.number) - 4)}{self.number[-2:]}"

    def birth_date(self) -> date | None:
        """The birth date in a resident number, else none."""
        return _date(self.number[6:14]) if self.type is NumberType.RESIDENT_ID else None

    def sex(self) -> Literal["male", "female"] | None:
        """The sex in a resident number (its seventeenth digit), else none."""
        if self.type is not NumberType.RESIDENT_ID:
            return None
        return "male" if int(self.number[16]) % 2 else "female"

    def age_on(self, day: date) -> int | None:
        """Whole years on a day, for resident numbers."""
        born = self.birth_date()
        return None if born is None else day.year - born.year - ((day.month, day.day) < (born.month, born.day))


_RESIDENT = re.compile(r"[1-8][0-9]{5}[0-9]{8}[0-9]{3}[0-9X]", re.ASCII)
_RESIDENT_15 = re.compile(r"[1-8][0-9]{14}", re.ASCII)
_USCC = re.compile(r"[0-9A-HJ-NP-RTUWXY]{18}", re.ASCII)
_ORG_CODE = re.compile(r"[0-9A-Z]{8}[0-9X]", re.ASCII)
_OTHER = {
    NumberType.PASSPORT: re.compile(r"[A-Z0-9]{6,17}", re.ASCII),
    NumberType.HK_MACAO_PERMIT: re.compile(r"[HM][0-9]{8}([0-9]{2})?", re.ASCII),
    NumberType.TAIWAN_PERMIT: re.compile(r"[0-9]{8}([0-9]{2})?", re.ASCII),
    NumberType.FOREIGNER_PERMIT: re.compile(r"[A-Z]{3}[0-9]{12}|9[0-9]{17}", re.ASCII),
}
_MASK = re.compile(r"[*＊×※●]")
_FLOAT = re.compile(r"[0-9]+\.[0-9]+(E\+?[0-9]+)?|[0-9]+E\+?[0-9]+")
_RESIDENT_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_RESIDENT_DIGITS = "10X98765432"
_USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_ORG_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ORG_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_LONGEST = 64
_DROPPED = "-\u2010\u2011\u2013\u2014\u2212\ufeff\u200b'"
"""Hyphens of every kind, marks that can't be seen, and the apostrophe by which spreadsheets keep text."""

_TEXTS = {
    "number-empty": Bilingual("证件号码为空，请补全", "the identity number is empty; supply it"),
    "number-masked": Bilingual(
        "证件号码被遮盖，不能据以匹配；请提供完整号码",
        "the identity number is masked and can't be matched; supply it whole",
    ),
    "number-excel-damaged": Bilingual(
        "证件号码被电子表格改成了数值，末几位已丢失；请把该列设为文本后重新导出",
        "a spreadsheet has turned the number into a figure and lost its last digits; export the column as text",
    ),
    "number-length": Bilingual(
        "证件号码位数不对，请核对原件", "the identity number has a wrong length; compare the document"
    ),
    "number-shape": Bilingual(
        "证件号码含有不应出现的字符，请核对原件", "the identity number has characters that can't be in it"
    ),
    "number-birth-date": Bilingual(
        "证件号码中的出生日期不存在，请核对原件", "the birth date in the number does not exist"
    ),
    "number-check-digit": Bilingual(
        "证件号码校验位不符，请核对原件", "the number's check digit is wrong; compare the document"
    ),
}


def _fault(code: str) -> InvalidInput:
    return InvalidInput(_TEXTS[code], code=code, field="number")


@lru_cache(maxsize=65536)
def _date(digits: str) -> date | None:
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError:
        return None


def resident_check_digit(first17: str) -> str:
    """The eighteenth character of a resident number (GB 11643, ISO 7064 MOD 11-2)."""
    return _RESIDENT_DIGITS[sum(map(int.__mul__, map(int, first17), _RESIDENT_WEIGHTS)) % 11]


def uscc_check_digit(first17: str) -> str:
    """The eighteenth character of a unified social credit code (GB 32100)."""
    total = sum(_USCC_ALPHABET.index(char) * pow(3, place, 31) for place, char in enumerate(first17))
    return _USCC_ALPHABET[(31 - total % 31) % 31]


def org_code_check_digit(first8: str) -> str:
    """The ninth character of an organisation code (GB 11714)."""
    total = sum(_ORG_ALPHABET.index(char) * weight for char, weight in zip(first8, _ORG_WEIGHTS, strict=True))
    return "0123456789X0"[(11 - total % 11) % 11]


def inner_org_code(uscc: str) -> tuple[str, bool]:
    """The organisation code inside a unified code, and whether its own check digit agrees (a hint, never a refusal)."""
    inner = uscc[8:17]
    return inner, org_code_check_digit(inner[:8]) == inner[8]


def parse_identity(raw: str, *, expected: NumberType | None = None) -> IdentityNumber:
    """The number in canonical form.

    ``expected`` names the kind where it is known; without it the shape decides between resident numbers and unit codes.
    Raises ``InvalidInput`` with code ``number-empty``, ``number-masked``, ``number-excel-damaged``, ``number-length``,
    ``number-shape``, ``number-birth-date`` or ``number-check-digit``; never with the number in its text.
    """
    if len(raw) == 18 and _RESIDENT.fullmatch(raw) and expected in {None, NumberType.RESIDENT_ID}:
        born = _date(raw[6:14])
        if born is not None and _RESIDENT_DIGITS[_weighed(raw)] == raw[17]:
            return IdentityNumber(NumberType.RESIDENT_ID, raw)
    return _parse_slowly(_cleaned(raw), expected)


def _weighed(number: str) -> int:
    return sum(map(int.__mul__, map(int, number[:17]), _RESIDENT_WEIGHTS)) % 11


def _cleaned(raw: str) -> str:
    text = normalize("NFKC", raw[: _LONGEST * 4]).upper()
    text = "".join(char for char in text if not char.isspace() and char not in _DROPPED)
    if not text:
        raise _fault("number-empty")
    if _MASK.search(text):
        raise _fault("number-masked")
    if _FLOAT.fullmatch(text):
        raise _fault("number-excel-damaged")
    if len(text) > _LONGEST:
        raise _fault("number-length")
    if not text.isascii() or not text.isalnum():
        raise _fault("number-shape")
    return text


def _parse_slowly(text: str, expected: NumberType | None) -> IdentityNumber:
    if expected in _OTHER:
        if not _OTHER[expected].fullmatch(text):
            raise _fault("number-shape")
        return IdentityNumber(expected, text)
    if expected is NumberType.RESIDENT_ID:
        return _resident(text)
    if expected is NumberType.USCC:
        return _uscc(text)
    if expected is NumberType.ORG_CODE:
        return _org_code(text)
    return _by_shape(text)


def _by_shape(text: str) -> IdentityNumber:
    if len(text) == 9:
        return _org_code(text)
    if len(text) == 15:
        return _resident(text)
    if len(text) != 18:
        raise _fault("number-length")
    is_unit_code = _USCC.fullmatch(text) is not None and uscc_check_digit(text[:17]) == text[17]
    if is_unit_code and not _looks_resident(text):
        return IdentityNumber(NumberType.USCC, text)
    if text[0] == "9" and _RESIDENT.fullmatch("1" + text[1:]):
        return _permanent_residence(text)
    if _looks_resident(text) or text[:17].isdigit():
        return _resident(text)
    return _uscc(text)


def _looks_resident(text: str) -> bool:
    return _RESIDENT.fullmatch(text) is not None and _date(text[6:14]) is not None


def _permanent_residence(text: str) -> IdentityNumber:
    """The permanent residence card of December 2023: 18 digits that begin with 9, check digit as for residents."""
    if _date(text[6:14]) is None or resident_check_digit(text[:17]) != text[17]:
        raise _fault("number-check-digit")
    return IdentityNumber(NumberType.FOREIGNER_PERMIT, text)


def _resident(text: str) -> IdentityNumber:
    if len(text) == 15 and _RESIDENT_15.fullmatch(text):
        text = text[:6] + "19" + text[6:]
        if _date(text[6:14]) is None:
            raise _fault("number-birth-date")
        text += resident_check_digit(text)
    if len(text) != 18:
        raise _fault("number-length")
    if not _RESIDENT.fullmatch(text):
        raise _fault("number-shape")
    born = _date(text[6:14])
    if born is None or born.year < 1850:
        raise _fault("number-birth-date")
    if resident_check_digit(text[:17]) != text[17]:
        raise _fault("number-excel-damaged" if text.endswith("000") else "number-check-digit")
    return IdentityNumber(NumberType.RESIDENT_ID, text)


def _uscc(text: str) -> IdentityNumber:
    if len(text) != 18:
        raise _fault("number-length")
    if not _USCC.fullmatch(text):
        raise _fault("number-shape")
    if uscc_check_digit(text[:17]) != text[17]:
        raise _fault("number-excel-damaged" if text.endswith("0000") else "number-check-digit")
    return IdentityNumber(NumberType.USCC, text)


def _org_code(text: str) -> IdentityNumber:
    if len(text) != 9:
        raise _fault("number-length")
    if not _ORG_CODE.fullmatch(text):
        raise _fault("number-shape")
    if org_code_check_digit(text[:8]) != text[8]:
        raise _fault("number-check-digit")
    return IdentityNumber(NumberType.ORG_CODE, text)
