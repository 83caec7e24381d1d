"""One year's notice of the State Council on holidays (放假安排的通知), read strictly.

Pure. A wrong notice would move every deadline of a year, so what is not understood is refused by the name of its key.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from creditsvc.kernel.errors import InvalidInput
from creditsvc.kernel.text import Bilingual

SATURDAY = 5
NAMES = ("元旦", "春节", "清明", "劳动", "端午", "中秋", "国庆")
"""Every notice arranges these seven."""
FIXED = ("01-01", "05-01", "10-01", "10-02", "10-03")
"""Statutory days with a fixed date, which no notice can take away (办法 art. 2)."""
REQUIRED = ("year", "document_number", "issued_on", "source", "off_days", "work_days")


@dataclass(frozen=True, slots=True)
class YearNotice:
    """One year's notice: number, day of issue, where it was read, rest days with the holiday's name, make-up working days.

    A notice may also arrange the last week of the year before (元旦 2019 began on 30 December 2018).
    """

    year: int
    document_number: str
    issued_on: date
    source: str
    off_days: Mapping[date, str]
    work_days: frozenset[date]


def parse_notice(raw: Mapping[str, Any]) -> YearNotice:
    """A notice from its data (see data/calendars/); raises ``InvalidInput`` (``notice-invalid``) that names the key."""
    if not isinstance(raw, Mapping):
        raise _wrong("notice", "应为 JSON 对象", "must be a JSON object")
    if strangers := sorted(str(key) for key in raw.keys() - set(REQUIRED)):
        raise _wrong(strangers[0], "不认识的项", "unknown key")
    if missing := [key for key in REQUIRED if key not in raw]:
        raise _wrong(missing[0], "缺少该项", "missing")
    year = raw["year"]
    if type(year) is not int or not 1949 < year < 2200:
        raise _wrong("year", "应为四位年份数字", "must be a year as a number")
    notice = YearNotice(
        year,
        _text(raw, "document_number"),
        _day("issued_on", raw["issued_on"]),
        _text(raw, "source"),
        _off_days(raw["off_days"], year),
        _work_days(raw["work_days"], year),
    )
    _agrees_with_itself(notice)
    return notice


def _wrong(key: str, why_zh: str, why_en: str) -> InvalidInput:
    text = Bilingual(
        f"放假通知的 {key}：{why_zh}；请对照通知原文改正", f"calendar notice, {key}: {why_en}; correct it by the notice"
    )
    return InvalidInput(text, code="notice-invalid", key=key)


def _text(raw: Mapping[str, Any], key: str) -> str:
    value = raw[key]
    if not isinstance(value, str) or not value.strip():
        raise _wrong(key, "应为非空文字", "must be a text that is not empty")
    return value.strip()


def _day(key: str, text: object) -> date:
    if isinstance(text, str) and len(text) == 10:
        try:
            return date.fromisoformat(text)
        except ValueError:
            pass
    raise _wrong(key, "日期不合格式 YYYY-MM-DD", "not a date YYYY-MM-DD")


def _in_reach(key: str, text: object, year: int) -> date:
    day = _day(key, text)
    if day.year != year and not date(year - 1, 12, 25) <= day < date(year, 1, 1):
        raise _wrong(key, f"{day} 不属于 {year} 年", f"{day} is not a day of {year}")
    return day


def _off_days(rows: object, year: int) -> Mapping[date, str]:
    if not isinstance(rows, Mapping):
        raise _wrong("off_days", "应为日期到节日名称的对照", "must map each date to a holiday's name")
    found = {_in_reach("off_days", day, year): name for day, name in rows.items()}
    if not all(isinstance(name, str) and any(known in name for known in NAMES) for name in found.values()):
        raise _wrong("off_days", "有日期未写明法定节日名称", "a date has no name of a statutory holiday")
    return found


def _work_days(rows: object, year: int) -> frozenset[date]:
    if not isinstance(rows, list):
        raise _wrong("work_days", "应为日期列表", "must be a list of dates")
    days = [_in_reach("work_days", day, year) for day in rows]
    if len(set(days)) != len(days):
        raise _wrong("work_days", "有重复日期", "a date stands twice")
    if any(day.weekday() < SATURDAY for day in days):
        raise _wrong("work_days", "调休上班日应在周末", "a make-up working day must be at a weekend")
    return frozenset(days)


def _agrees_with_itself(notice: YearNotice) -> None:
    if notice.issued_on.year not in {notice.year - 1, notice.year}:
        raise _wrong("issued_on", "发文日期与年份不符", "the day of issue does not fit the year")
    if notice.off_days.keys() & notice.work_days:
        raise _wrong("work_days", "同一天既放假又上班", "a day is both off and working")
    for month_day in FIXED:
        if date.fromisoformat(f"{notice.year}-{month_day}") not in notice.off_days:
            raise _wrong("off_days", f"缺少法定节日 {month_day}", f"the statutory day {month_day} is missing")
    named = "、".join(notice.off_days.values())
    if absent := [name for name in NAMES if name not in named]:
        raise _wrong("off_days", f"没有{absent[0]}的安排", f"nothing is arranged for {absent[0]}")
