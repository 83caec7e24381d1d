"""Cells as they are really written: dates, grounds, performance, null words. Pure.

Each reader gives a value or raises ``Unreadable`` with a code; nothing is guessed.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from functools import lru_cache
from unicodedata import normalize

from creditsvc.kernel.days import legal_day
from creditsvc.kernel.text import Bilingual
from punishment_rules.law import DebtorKind, Ground, Role

NULL_WORDS = frozenset(
    {"", "暂无", "无", "空", "——", "— —", "—", "--", "-", "/", "不详", "\\N", "\\n", "NA", "N/A", "na", "n/a", "NULL", "Null", "null",
     "None", "none", "NaN", "nan"}
)  # fmt: skip
NULL_DATES = frozenset({"1900-01-01", "1899-12-31", "1899-12-30", "0001-01-01"})
YES = frozenset({"是", "有", "已提交", "yes", "true", "1", "Y", "y", "TRUE", "True"})
EARLIEST = date(1990, 1, 1)
LATEST = date(2100, 1, 1)
_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff]")
_MARKUP = re.compile(r"<[^<>]{0,300}>|javascript:\w+\([^()]{0,200}\)[;；]?", re.IGNORECASE)
_LONG_NUMBER = re.compile(
    r"(?<![0-9A-Za-z])(?:[0-9０-９](?:[ \u3000-]?[0-9０-９]){13,20}[ \u3000-]?[0-9Xx０-９Ｘｘ](?![0-9])|1[3-9][0-9]{9}(?![0-9]))"
)
"""Fifteen figures and more: people's numbers and bank accounts; and mobile telephones."""
_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[T ]?\d{1,2}[:时点].*)?", re.ASCII)
_ZONED = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}.*(?:Z|[+-]\d{2}:?\d{2})", re.ASCII)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})", re.ASCII)
_EPOCH = re.compile(r"\d{9,10}|\d{12,13}", re.ASCII)
_SPLIT = re.compile(r"[,，;；|\n]+")


class Unreadable(ValueError):
    """A cell that can't be read; ``code`` names how."""

    def __init__(self, code: str, text: Bilingual) -> None:
        super().__init__(code)
        self.code, self.text = code, text


def cell_text(raw: object) -> str | None:
    """The text of a cell; null words are none. A spreadsheet's whole figures are written without their fraction."""
    if isinstance(raw, str):
        text = raw.strip()
    elif raw is None:
        return None
    elif isinstance(raw, float) and raw.is_integer():
        text = str(int(raw))
    else:
        text = str(raw).strip()
    return None if text in NULL_WORDS else text


def without_unseen(text: str) -> str:
    """Without marks that have no width."""
    return _UNSEEN.sub("", text).strip()


def has_long_number(text: str) -> bool:
    """Whether somebody's number, account or telephone stands in it."""
    return _LONG_NUMBER.search(text) is not None


def read_passage(text: str) -> str | None:
    """Free text without markup, and with people's numbers, accounts and telephones hidden but for two figures each end."""
    if "<" in text or "avascript:" in text.lower():
        text = _MARKUP.sub("", text).strip()
    return _LONG_NUMBER.sub(_hidden, text) or None


def _hidden(match: re.Match[str]) -> str:
    found = match[0]
    return f"{found[:2]}{'*' * (len(found) - 4)}{found[-2:]}"


_BAD_DATE = Bilingual("日期无法识别，请写作 2026-03-01", "not a date that can be read; write 2026-03-01")
_FAR_DATE = Bilingual(
    "日期不合情理（1990 年以前或太远的将来）", "an implausible date: before 1990 or far in the future"
)


_CHINESE = str.maketrans("〇零一二三四五六七八九元", "00123456789" + "1")


def _figures(match: re.Match[str]) -> str:
    """十 to 三十一 in figures."""
    before, after = match[1], match[2]
    return f"{before or '1'}{after or '0'}"


def _western(text: str) -> str:
    """Full-width and Chinese figures as ASCII ones: 二〇二六年三月十一日 is 2026年3月11日."""
    return re.sub("([1-3]?)十([1-9]?)", _figures, normalize("NFKC", text).translate(_CHINESE))


@lru_cache(maxsize=16384)
def _day_of(text: str) -> date | None:
    if _EPOCH.fullmatch(text):
        seconds = int(text) / (1000 if len(text) > 10 else 1)
        return legal_day(datetime.fromtimestamp(seconds, UTC))
    if _ZONED.fullmatch(text):
        return _zoned(text)
    match = _DAY.fullmatch(text) or _COMPACT.fullmatch(text)
    if match is None and not text.isascii():
        match = _DAY.fullmatch(_western(text))
    if match is None:
        raise Unreadable("date-unreadable", _BAD_DATE)
    if "-".join(match.groups()) in NULL_DATES:
        return None
    try:
        return date(*map(int, match.groups()))
    except ValueError:
        raise Unreadable("date-unreadable", _BAD_DATE) from None


def _zoned(text: str) -> date:
    """An instant with its zone: the day that it was in Beijing."""
    try:
        return legal_day(datetime.fromisoformat(text.replace(" ", "T")))
    except (ValueError, OverflowError):
        raise Unreadable("date-unreadable", _BAD_DATE) from None


def read_day(raw: object) -> date | None:
    """A day in any of the shapes seen; null words and null dates are none. Raises ``Unreadable``."""
    if isinstance(raw, datetime):
        found: date | None = raw.date()
    elif isinstance(raw, date):
        found = raw
    else:
        text = cell_text(raw)
        found = _day_of(text) if text is not None else None
    if found is None or found.isoformat() in NULL_DATES:
        return None
    if not EARLIEST <= found < LATEST:
        raise Unreadable("date-implausible", _FAR_DATE)
    return found


@lru_cache(maxsize=65536)
def day_of_text(raw: str) -> date | None:
    """``read_day`` of a text: days recur in a list, so each way of writing one is read once. Raises ``Unreadable``."""
    return read_day(raw)


_KEYWORDS = (
    ("有履行能力", Ground.ABLE_BUT_REFUSES),
    ("抗拒执行", Ground.OBSTRUCTS),
    ("规避执行", Ground.EVADES),
    ("财产报告", Ground.PROPERTY_REPORT),
    ("限制消费", Ground.ORDER_BREACH),
    ("限制高消费", Ground.ORDER_BREACH),
    ("和解协议", Ground.SETTLEMENT_REFUSED),
)


@lru_cache(maxsize=4096)
def read_grounds(text: str) -> tuple[Ground, ...]:
    """The grounds in a cell, several joined by commas, semicolons, bars or lines (never by 、). Raises ``Unreadable``."""
    found: list[Ground] = []
    for piece in filter(None, (part.strip(" 。.") for part in _SPLIT.split(text))):
        grounds = [ground for keyword, ground in _KEYWORDS if keyword in piece]
        if not grounds:
            raise Unreadable(
                "ground-unknown",
                Bilingual(
                    "失信情形的写法无法对应第一条的任何一项", "the text matches none of the six grounds of art. 1"
                ),
            )
        found.append(grounds[0])
    return tuple(dict.fromkeys(found))


_PERFORMANCE = {"全部未履行": "none", "未履行": "none", "部分未履行": "partial", "部分履行": "partial", "已部分履行": "partial",
                "全部已履行": "full", "全部履行": "full", "已履行": "full", "履行完毕": "full"}  # fmt: skip


def read_performance(text: str | None) -> str:
    """``none``, ``partial`` or ``full``; absent is ``none``. By text alone: codes collide. Raises ``Unreadable``."""
    if text is None:
        return "none"
    found = _PERFORMANCE.get(text.strip("。 "))
    if found is None:
        raise Unreadable(
            "performance-unknown",
            Bilingual("履行情况应为全部未履行、部分未履行或者全部已履行", "write 全部未履行, 部分未履行 or 全部已履行"),
        )
    return found


def read_sex(text: str | None) -> str | None:
    """``male`` or ``female``; anything else is none, since the number tells."""
    return {"男": "male", "男性": "male", "1": "male", "女": "female", "女性": "female", "2": "female"}.get(text or "")


def read_kind(text: str | None) -> DebtorKind | None:
    """Person or organisation, where the words say so; numeric codes collide between sources and say nothing."""
    if text is None:
        return None
    if "自然人" in text or text in {"个人", "580"}:
        return DebtorKind.PERSON
    if any(word in text for word in ("法人", "组织", "企业", "单位", "公司")) or text == "581":
        return DebtorKind.ORGANISATION
    return None


def read_age(text: str | None) -> int | None:
    """Whole years between 1 and 120; anything else is none."""
    return int(text) if text and text.isascii() and text.isdigit() and 0 < int(text) <= 120 else None


def read_names(text: str | None) -> tuple[str, ...]:
    """Names joined by any of the usual signs."""
    return tuple(filter(None, (part.strip() for part in re.split(r"[,，;；、|\n]+", text or ""))))


_ROLES = (("法定代表人", Role.LEGAL_REPRESENTATIVE), ("主要负责人", Role.PRINCIPAL_OFFICER), ("负责人", Role.PRINCIPAL_OFFICER),
          ("直接责任", Role.DIRECTLY_RESPONSIBLE), ("实际控制", Role.ACTUAL_CONTROLLER))  # fmt: skip


def read_role(text: str) -> Role | None:
    """A post at a unit, by our code or in Chinese words."""
    return Role(text) if text in set(Role) else next((role for word, role in _ROLES if word in text), None)
