"""One row of a sender's file: the person to ask about, or why nobody can be asked about, and what to look at. Pure.

What a person is told to look at follows from the row alone. It is said for rows of people who are on the register and of
people who are not, so that it tells nothing about who is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from unicodedata import normalize

import msgspec

from creditsvc.checks.questions import MAX_NAME, asked_number
from creditsvc.checks.screening_columns import Columns
from creditsvc.kernel.errors import InvalidInput
from creditsvc.kernel.identity import IdentityNumber, NumberType, parse_identity
from creditsvc.kernel.sheets.table import BrokenRow, Cells
from creditsvc.kernel.text import Bilingual

DIGITS_HELD = 1e15
"""Whole figures below this are held exactly by every spreadsheet."""
KINDS = {
    "居民身份证": NumberType.RESIDENT_ID, "身份证": NumberType.RESIDENT_ID, "公民身份号码": NumberType.RESIDENT_ID,
    "统一社会信用代码": NumberType.USCC, "信用代码": NumberType.USCC, "组织机构代码": NumberType.ORG_CODE, "护照": NumberType.PASSPORT,
    "港澳居民来往内地通行证": NumberType.HK_MACAO_PERMIT, "港澳通行证": NumberType.HK_MACAO_PERMIT, "回乡证": NumberType.HK_MACAO_PERMIT,
    "台湾居民来往大陆通行证": NumberType.TAIWAN_PERMIT, "台胞证": NumberType.TAIWAN_PERMIT,
    "外国人永久居留身份证": NumberType.FOREIGNER_PERMIT, **{kind.value: kind for kind in NumberType},
}  # fmt: skip
_LOOK_ALIKE = str.maketrans("OoIlＯ", "00110")
_TITLES = re.compile(r"(先生|女士|小姐|同志|老师|经理|（个人）|\(个人\))$")
_UNIT = re.compile(r"(公司|合作社|事务所|商行|经营部|厂|店|医院|学校|中心)$")
_VARIANTS = (
    "闫阎閆閻",
    "肖萧蕭",
    "付傅",
    "邱丘",
    "代戴",
    "于於",
    "辛莘",
    "沈沉",
    "范範",
    "姜薑",
    "钟鍾鐘",
    "岳嶽",
    "余馀餘",
)
_VARIANT_OF = {char: group for group in _VARIANTS for char in group}


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a row is not answered."""

    code: str
    text: Bilingual


class Person(msgspec.Struct, frozen=True, gc=False):
    """One row: ``number`` is there exactly if ``problem`` is not."""

    row: int
    cells: Sequence[Any]
    number: IdentityNumber | None
    name: str
    problem: Problem | None = None
    look: tuple[Bilingual, ...] = ()


def read_people(columns: Columns, rows: Iterator[tuple[int, Cells]]) -> Iterator[Person]:
    """A person a row."""
    for number, cells in rows:
        yield read_person(columns, number, cells)


def read_person(columns: Columns, row: int, cells: Cells) -> Person:
    """The person in a row."""
    if isinstance(cells, BrokenRow):
        return Person(row, (), None, "", Problem(cells.code, cells.text))
    raw = _first(cells, columns.number)
    name = _first(cells, columns.name)
    name = name.strip() if isinstance(name, str) else "" if name is None else str(name)
    try:
        text = _number_text(raw)
        number = asked_number(text, expected=_kind(cells, columns.kind) if columns.kind else None)
        _name_is_one(name)
    except InvalidInput as wrong:
        text = raw if isinstance(raw, str) else ""
        return Person(row, cells, None, name, Problem(wrong.code, wrong.text), _look_at_number(text, wrong.code))
    return Person(row, cells, number, name, None, _look_at(text, number, name))


def _first(cells: Sequence[Any], places: tuple[int, ...]) -> Any:
    """The first of these cells that is not empty; nearly always the first that is looked at."""
    if len(cells) > places[0] and isinstance(cell := cells[places[0]], str) and cell.isalnum():
        return cell
    for place in places:
        cell = cells[place] if place < len(cells) else None
        if cell is not None and cell != "" and (not isinstance(cell, str) or not cell.isspace()):
            return cell
    return None


def _number_text(raw: Any) -> str:
    if isinstance(raw, str):
        return raw
    if raw is None:
        return ""
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        raise _fault("number-shape", "证件号码栏里不是号码，请核对", "the cell for the number holds none; correct it")
    if isinstance(raw, float) and (abs(raw) >= DIGITS_HELD or not raw.is_integer()):
        raise _fault(
            "number-excel-damaged",
            "证件号码被电子表格改成了数值，末几位已丢失；请把该列设为文本后重新导出",
            "a spreadsheet has turned the number into a figure and lost its last digits; export the column as text",
        )
    return str(int(raw))


def _kind(cells: Sequence[Any], places: tuple[int, ...]) -> NumberType | None:
    raw = _first(cells, places)
    if raw is None:
        return None
    kind = KINDS.get("".join(normalize("NFKC", str(raw)).split()).lower())
    if kind is None:
        raise _fault(
            "number-type-unknown",
            f"不认识的证件种类；可用：{'、'.join(word for word in KINDS if not word.isascii())}",
            f"no such kind of number; there are: {', '.join(NumberType)}",
        )
    return kind


def _name_is_one(name: str) -> None:
    if not name or len(name) > MAX_NAME:
        raise _fault("name-missing", "请填写姓名或单位全称（200 字以内）", "give the full name, at most 200 characters")


def _fault(code: str, zh: str, en: str) -> InvalidInput:
    return InvalidInput(Bilingual(zh, en), code=code)


_SAID = {
    "old_number": Bilingual("15 位旧号码已换算为 18 位", "an old number of 15 digits, read as its 18"),
    "swapped_columns": Bilingual(
        "姓名栏像是号码，两栏可能对调", "the name looks like a number: are the columns swapped?"
    ),
    "name_figures": Bilingual("姓名中有数字，请对照证件", "the name has figures in it; compare the document"),
    "name_title": Bilingual("姓名后有称谓，请只填姓名", "a title stands behind the name; give the name alone"),
    "unit_with_person": Bilingual(
        "名称像单位而号码是个人的，请核对", "the name reads like a unit's and the number is a person's; compare them"
    ),
    "name_compat": Bilingual(
        "姓名含有兼容字或部首，请按证件重新录入",
        "the name has look-alike characters of another code; type it from the document",
    ),
    "look_alike": Bilingual(
        "号码中的字母 O、I 或 l 换成数字 0、1 后校验相符，请对照证件",
        "with the letters O, I or l read as 0 and 1 the check digit agrees; compare the document",
    ),
}


def _look_at(text: str, number: IdentityNumber, name: str) -> tuple[Bilingual, ...]:
    """What a person should compare in a row that is answered."""
    found = []
    if (
        len(number.number) == 18
        and number.type is NumberType.RESIDENT_ID
        and len(text) < 18
        and len(text.strip()) == 15
    ):
        found.append(_SAID["old_number"])
    return (*found, *_look_at_name(name, number.is_personal))


@lru_cache(maxsize=4096)
def _look_at_name(name: str, is_personal: bool) -> tuple[Bilingual, ...]:
    found = []
    if any(char.isdigit() for char in name):
        found.append(_SAID["swapped_columns" if sum(char.isdigit() for char in name) > 7 else "name_figures"])
    if is_personal and _TITLES.search(name):
        found.append(_SAID["name_title"])
    if is_personal and _UNIT.search(name):
        found.append(_SAID["unit_with_person"])
    if any(_is_compatibility(char) for char in name):
        found.append(_SAID["name_compat"])
    found += [_variant(char) for char in name[:1] if is_personal and char in _VARIANT_OF]
    return tuple(found)


def _is_compatibility(char: str) -> bool:
    return "\u2e80" <= char <= "\u2fdf" or "\uf900" <= char <= "\ufaff" or "\U0002f800" <= char <= "\U0002fa1f"


def _variant(char: str) -> Bilingual:
    others = "、".join(other for other in _VARIANT_OF[char] if other != char)
    return Bilingual(
        f"姓氏“{char}”常与“{others}”混写，请对照证件",
        "this surname is often written in another way; compare the document",
    )


def _look_at_number(raw: str, code: str) -> tuple[Bilingual, ...]:
    """How a wrong number could have come about: tried on the number itself and on nothing else."""
    if code not in {"number-check-digit", "number-shape", "number-birth-date"}:
        return ()
    text = normalize("NFKC", raw).strip()
    if text.translate(_LOOK_ALIKE) != text and _reads(text.translate(_LOOK_ALIKE)):
        return (_SAID["look_alike"],)
    swaps = [
        place for place in range(len(text) - 1) if text[place] != text[place + 1] and _reads(_swapped(text, place))
    ]
    if 0 < len(swaps) <= 2:
        places = "、".join(f"{place + 1} 与 {place + 2}" for place in swaps)
        return (
            Bilingual(
                f"若第 {places} 位互换则校验相符，可能录入时颠倒，请对照证件",
                f"with digits {' or '.join(f'{place + 1} and {place + 2}' for place in swaps)} swapped the check digit "
                "agrees; compare the document",
            ),
        )
    return ()


def _swapped(text: str, place: int) -> str:
    return text[:place] + text[place + 1] + text[place] + text[place + 2 :]


def _reads(text: str) -> bool:
    try:
        parse_identity(text)
    except InvalidInput:
        return False
    return True
