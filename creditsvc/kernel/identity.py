"""Identity numbers: one canonical form, checked; never shown whole.

Pure: no database, network or clock. Canonical form as the feed has it: NFKC, without spaces and hyphens, upper case,
15-digit resident numbers turned into 18. Check digits: GB 11643 (resident), GB 32100 (unified social credit code),
GB 11714 (organisation code). The area code of a resident number is a hint and never a reason to refuse: people keep
numbers of counties that are gone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Literal
from unicodedata import normalize

from creditsvc.kernel.days import age_on
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
        """What may be shown: month and day of birth hidden; other personal papers show two short ends; unit codes whole."""
        if not self.is_personal:
            return self.number
        if self.type is NumberType.RESIDENT_ID:
            return f"{self.number[:10]}****{self.number[-4:]}"
        shown = min(2, len(self.number) // 4)
        return f"{self.number[:shown]}{'*' * (len(self.number) - 2 * shown)}{self.number[-shown:]}"

    def birth_date(self) -> date | None:
        """The birth date in a resident number or a permanent residence card of 18 digits, else none."""
        if self.type is NumberType.RESIDENT_ID or (self.type is NumberType.FOREIGNER_PERMIT and len(self.number) == 18):
            return _date(self.number[6:14])
        return None

    def sex(self) -> Literal["male", "female"] | None:
        """The sex in a resident number (its seventeenth digit), else none."""
        if self.type is not NumberType.RESIDENT_ID:
            return None
        return "male" if int(self.number[16]) % 2 else "female"

    def age_on(self, day: date) -> int | None:
        """Whole years on a day, where the number has a birth date (negative before it)."""
        born = self.birth_date()
        return None if born is None else age_on(born, day)


_RESIDENT = re.compile(r"[1-8][0-9]{5}[0-9]{8}[0-9]{3}[0-9X]", re.ASCII)
_RESIDENT_15 = re.compile(r"[1-8][0-9]{14}", re.ASCII)
_USCC = re.compile(r"[0-9A-HJ-NP-RTUWXY]{18}", re.ASCII)
_ORG_CODE = re.compile(r"[0-9A-Z]{8}[0-9X]", re.ASCII)
_OTHER = {
    NumberType.PASSPORT: re.compile(r"[A-Z0-9]{5,18}", re.ASCII),
    NumberType.HK_MACAO_PERMIT: re.compile(r"[HM][0-9]{8}([0-9]{2})?", re.ASCII),
    NumberType.TAIWAN_PERMIT: re.compile(r"[0-9]{8}|[0-9]{10}[A-Z]?", re.ASCII),
}
_PERMIT = re.compile(r"[A-Z]{3}[0-9]{12}|9[0-9]{16}[0-9X]", re.ASCII)
_MASK = re.compile(r"[*×※●■█∗✱]|^[1-8][0-9]{5}(?:19|20)[0-9]{2}X{4}[0-9]{3}[0-9X]$")
_FLOAT = re.compile(r"[0-9]+\.[0-9]*(E[0-9+]+)?|[0-9]+E\+[0-9]+|[0-9]E[0-9]{2}")
"""Figures as spreadsheets write them. An E among digits alone is not one: unit codes have it."""
_RESIDENT_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_RESIDENT_DIGITS = "10X98765432"
_USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_ORG_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ORG_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_LONGEST = 256
"""Characters looked at in a cell; no number comes near."""
_DROPPED = re.compile("[\\s\u00ad\u200b-\u200d\u2060\ufeff\u2010-\u2015\u2212-]+")
"""Spaces and hyphens of every kind, and marks that can't be seen."""
_TEXT_MARK = "'’`"
"""The apostrophe by which spreadsheets keep a number as text stands before it."""
_NOTHING = frozenset({"", "无", "暂无", "空", "NULL", "N/A", "\\N"})
"""How sources write that there is no number."""

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
    "number-kind": Bilingual(
        "这像是居民身份证、永久居留身份证号码或者统一社会信用代码，不是所写种类的证件号码；请改证件种类或者核对号码",
        "this reads as the number of a resident, of a residence card or of a unit and not of that kind; correct one of them",
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
    if not "1850" <= digits[:4] <= "2099":  # nobody's; whether a date lies ahead is for those who know the day
        return None
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError:
        return None


def resident_check_digit(first17: str) -> str:
    """The eighteenth character of a resident number (GB 11643, ISO 7064 MOD 11-2)."""
    weighed = _weighed(first17[:6], 0) + _weighed(first17[6:14], 6) + _weighed(first17[14:], 14)
    return _RESIDENT_DIGITS[weighed % 11]


@lru_cache(maxsize=65536)
def _weighed(digits: str, place: int) -> int:
    """The weighed sum of digits from this place on. Places and days of birth recur: sums are kept, not worked out anew."""
    return sum(int(digit) * weight for digit, weight in zip(digits, _RESIDENT_WEIGHTS[place:], strict=False))


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

    ``expected`` names the kind where it is known; without it the shape decides between resident numbers, unit codes and
    the 18-digit permanent residence card. Raises ``InvalidInput`` with code ``number-empty``, ``number-masked``,
    ``number-excel-damaged``, ``number-length``, ``number-shape``, ``number-kind``, ``number-birth-date`` or
    ``number-check-digit``; never with the number in its text.
    """
    if (expected is None or expected is NumberType.RESIDENT_ID) and _is_resident(raw):
        return IdentityNumber(NumberType.RESIDENT_ID, raw)
    text = _cleaned(raw)
    return _BY_TYPE[expected](text)


def _is_resident(text: str) -> bool:
    return _RESIDENT.fullmatch(text) is not None and _date(text[6:14]) is not None and _checks(text)


def _checks(text: str) -> bool:
    return resident_check_digit(text[:17]) == text[17]


def _cleaned(raw: str) -> str:
    """NFKC, no spaces and hyphens, upper case; refuses what is no number in any kind."""
    if len(raw) > _LONGEST:
        raise _fault("number-length")
    text = _DROPPED.sub("", normalize("NFKC", raw).strip().lstrip(_TEXT_MARK))
    if text.upper() in _NOTHING:
        raise _fault("number-empty")
    if _MASK.search(text.upper()):
        raise _fault("number-masked")
    if not text.isascii():  # before upper(), which makes ASCII of ı and ß
        raise _fault("number-shape")
    text = text.upper()
    if _FLOAT.fullmatch(text):
        raise _fault("number-excel-damaged")
    if not text.isalnum():
        raise _fault("number-shape")
    return text


def _by_shape(text: str) -> IdentityNumber:
    if len(text) == 9:
        return _org_code(text)
    if len(text) == 15:
        return _resident(text)
    if len(text) != 18:
        raise _fault("number-length")
    if _is_resident(text):
        return IdentityNumber(NumberType.RESIDENT_ID, text)
    return _of_eighteen(text)


def _of_eighteen(text: str) -> IdentityNumber:
    """A unit's code, or a person's number with a fault.

    One wrong resident number in 31 has a right unit check character by chance. So digits that read like a person's number
    are a unit's only if the organisation code inside agrees too (one in 341); else they are refused, not guessed.
    """
    is_unit = _USCC.fullmatch(text) is not None and uscc_check_digit(text[:17]) == text[17]
    like_person = text[:17].isdigit() and _date(text[6:14]) is not None
    if is_unit and (not like_person or inner_org_code(text)[1]):
        return IdentityNumber(NumberType.USCC, text)
    if like_person and text[0] == "9" and _checks(text):
        return IdentityNumber(NumberType.FOREIGNER_PERMIT, text)
    if text[:17].isdigit() and text[0] != "9":
        return _resident(text)
    return _uscc(text)


def _resident(text: str) -> IdentityNumber:
    if len(text) == 15 and _RESIDENT_15.fullmatch(text):
        text = text[:6] + "19" + text[6:]
        text += resident_check_digit(text)
    if len(text) != 18:
        raise _fault("number-length")
    if not _RESIDENT.fullmatch(text):
        raise _fault("number-shape")
    if _date(text[6:14]) is None:
        raise _fault(_damaged_or("number-birth-date", text))
    if not _checks(text):
        raise _fault(_damaged_or("number-check-digit", text))
    return IdentityNumber(NumberType.RESIDENT_ID, text)


def _damaged_or(code: str, text: str) -> str:
    """Why 18 digits may be wrong: 15 digits and zeros, or just what a float can hold, is a spreadsheet's work."""
    damaged = text.isdigit() and (text.endswith("000") or int(float(text)) == int(text))
    return "number-excel-damaged" if damaged else code


def _uscc(text: str) -> IdentityNumber:
    if len(text) != 18:
        raise _fault("number-length")
    if not _USCC.fullmatch(text):
        raise _fault("number-shape")
    if uscc_check_digit(text[:17]) != text[17]:
        raise _fault(_damaged_or("number-check-digit", text))
    return IdentityNumber(NumberType.USCC, text)


def _org_code(text: str) -> IdentityNumber:
    if len(text) != 9:
        raise _fault("number-length")
    if not _ORG_CODE.fullmatch(text):
        raise _fault("number-shape")
    if org_code_check_digit(text[:8]) != text[8]:
        raise _fault("number-check-digit")
    return IdentityNumber(NumberType.ORG_CODE, text)


def _other(kind: NumberType) -> Callable[[str], IdentityNumber]:
    def read(text: str) -> IdentityNumber:
        if not _OTHER[kind].fullmatch(text):
            raise _fault("number-shape")
        if _of_another_kind(text):
            raise _fault("number-kind")
        return IdentityNumber(kind, text)

    return read


def _of_another_kind(text: str) -> bool:
    """Whether what is said to be a passport reads as a resident number, a permanent residence card or a unit's code: under the
    wrong kind nobody is found, and a person who is listed would pass for one who is not.
    """
    resident = (_RESIDENT.fullmatch(text) and _date(text[6:14])) or (
        _RESIDENT_15.fullmatch(text) and _date("19" + text[6:12])
    )
    unit = _USCC.fullmatch(text) is not None and uscc_check_digit(text[:17]) == text[17]
    return bool(resident) or unit or _PERMIT.fullmatch(text) is not None


def _foreigner_permit(text: str) -> IdentityNumber:
    """The card of 2017 (three letters, twelve digits) or of December 2023 (18 digits from 9, dated and checked)."""
    if not _PERMIT.fullmatch(text):
        raise _fault("number-shape")
    if len(text) == 18 and _date(text[6:14]) is None:
        raise _fault(_damaged_or("number-birth-date", text))
    if len(text) == 18 and not _checks(text):
        raise _fault(_damaged_or("number-check-digit", text))
    return IdentityNumber(NumberType.FOREIGNER_PERMIT, text)


_BY_TYPE: Mapping[NumberType | None, Callable[[str], IdentityNumber]] = {
    None: _by_shape,
    NumberType.RESIDENT_ID: _resident,
    NumberType.USCC: _uscc,
    NumberType.ORG_CODE: _org_code,
    NumberType.FOREIGNER_PERMIT: _foreigner_permit,
    **{kind: _other(kind) for kind in _OTHER},
}
