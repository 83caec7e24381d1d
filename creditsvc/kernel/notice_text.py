"""A year's notice on holidays as the State Council's office words it, read into data. Pure.

「二、春节：2月15日（农历腊月二十八、周日）至23日（农历正月初七、周一）放假调休，共9天。2月14日（周六）、2月28日（周六）上班。」
What the text says twice is held against itself: the number of days, and each weekday. What is not understood is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from unicodedata import normalize

from creditsvc.kernel.errors import InvalidInput
from creditsvc.kernel.text import Bilingual

_NUMBER = re.compile(r"国办发明电〔\d{4}〕\d+号")
_YEAR = re.compile(r"(\d{4})年部分节假日")
_ISSUED = re.compile(r"(\d{4})年(\d{1,2})月(\d{1,2})日")
_NO = "[一二三四五六七八九十]+、"
_NAME = "[\\u4e00-\\u9fff、和]{2,12}"
_ITEM = re.compile(f"{_NO}({_NAME}):(.*?)(?={_NO}{_NAME}:|$)", re.S)
_DAY = r"(?:(?P<{0}y>\d{{4}})年)?(?:(?P<{0}m>\d{{1,2}})月)?(?P<{0}d>\d{{1,2}})日(?:\((?P<{0}n>[^)]*)\))?"
_REST = re.compile(_DAY.format("a") + r"(?:至" + _DAY.format("b") + r")?放假(?:调休)?(?:,共(?P<count>\d+)天)?")
_WORK = re.compile(r"((?:(?:\d{4}年)?\d{1,2}月\d{1,2}日(?:\([^)]*\))?、?)+)上班")
_ONE = re.compile(_DAY.format("w"))
_WEEKDAYS = "一二三四五六日"


def read_notice(text: str) -> dict[str, Any]:
    """The data of a notice (see ``notices.parse_notice``) from its wording.

    Raises ``InvalidInput`` (``notice-text``) that quotes the passage. ``source`` is left for the caller to say.
    """
    plain = normalize("NFKC", text)
    plain = re.sub(r"\s+", "", plain)
    year = _only(_YEAR, plain, "没有“20XX年部分节假日”字样", "it doesn't say of which year")
    number = _NUMBER.search(plain)
    if number is None:
        raise _wrong("没有发文字号（国办发明电〔20XX〕X号）", "it has no document number", plain[:40])
    off, work = dict[str, str](), list[str]()
    items = list(_ITEM.finditer(plain))
    if not items:
        raise _wrong("没有逐项列出节日", "it lists no holidays", plain[:40])
    for item in items:
        name, said = item[1], item[2]
        off.update((day.isoformat(), name) for day in _rest_days(said, year))
        work += [day.isoformat() for day in _working_days(said, year)]
    return {
        "year": year, "document_number": number[0], "issued_on": _issued(plain, year), "off_days": dict(sorted(off.items())),
        "work_days": sorted(work),
    }  # fmt: skip


def _only(pattern: re.Pattern[str], text: str, zh: str, en: str) -> int:
    found = pattern.search(text)
    if found is None:
        raise _wrong(zh, en, text[:40])
    return int(found[1])


def _issued(text: str, year: int) -> str:
    """The last full date of the text that lies in the year or the one before: notices end with it."""
    found = [match for match in _ISSUED.finditer(text) if int(match[1]) in {year - 1, year}]
    if not found:
        raise _wrong("没有发文日期", "it has no day of issue", text[-40:])
    return date(*map(int, found[-1].groups())).isoformat()


def _rest_days(said: str, year: int) -> Iterator[date]:
    found = _REST.search(said)
    if found is None:
        raise _wrong("没有写明放假的日期", "it names no days of rest", said[:60])
    first = _day(found, "a", year, None, said)
    last = _day(found, "b", year, first, said) if found["bd"] else first
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    if not days or len(days) > 31 or (found["count"] and len(days) != int(found["count"])):
        raise _wrong(
            f"共 {len(days)} 天，与所写的天数不符", f"that is {len(days)} days, not what is written", said[:60]
        )
    yield from days


def _working_days(said: str, year: int) -> Iterator[date]:
    for passage in _WORK.finditer(said):
        for one in _ONE.finditer(passage[1]):
            yield _day(one, "w", year, None, said)


def _day(found: re.Match[str], which: str, year: int, before: date | None, said: str) -> date:
    month = found[f"{which}m"] or (before and before.month)
    if not month:
        raise _wrong("日期没有月份", "a day has no month", said[:60])
    try:
        day = date(int(found[f"{which}y"] or (before.year if before else year)), int(month), int(found[f"{which}d"]))
    except ValueError:
        raise _wrong("没有这个日期", "there is no such day", said[:60]) from None
    named = re.search(r"(?:周|星期)([一二三四五六日天])", found[f"{which}n"] or "")
    if named and _WEEKDAYS.index(named[1].replace("天", "日")) != day.weekday():
        raise _wrong(f"{day} 不是{named[0]}", f"{day} is another weekday", said[:60])
    return day


def _wrong(zh: str, en: str, passage: str) -> InvalidInput:
    return InvalidInput(
        Bilingual(f"放假通知读不懂：{zh}（{passage}）", f"the notice can't be read: {en} ({passage})"),
        code="notice-text",
    )
