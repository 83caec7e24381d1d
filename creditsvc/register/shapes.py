"""How each value that a decision carries must look: one reader a shape. Pure.

A reader takes the field's name and the value as it came and gives the value as a draft keeps it, days as ``YYYY-MM-DD``.
It raises ``InvalidInput`` (``value-wrong``) with the field's name. None stands for nothing given.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from creditsvc.kernel.errors import InvalidInput
from creditsvc.kernel.text import Bilingual

LONG = 20_000
OLDEST = 150
MANY = 50
Reader = Callable[[str, Any], Any]


def wrong(name: str, zh: str, en: str) -> InvalidInput:
    """A value that its field can't take."""
    return InvalidInput(Bilingual(f"{name}：{zh}", f"{name}: {en}"), code="value-wrong", field="changes", name=name)


def text(length: int, *, required: bool = False) -> Reader:
    """Text without spaces around it, or none."""

    def read(name: str, value: Any) -> str | None:
        if value is not None and not isinstance(value, str):
            raise wrong(name, "应为文字", "must be text")
        text = (value or "").strip()
        if len(text) > length or "\0" in text:
            raise wrong(name, f"不得超过 {length} 个字", f"at most {length} characters")
        if not text and required:
            raise wrong(name, "不能为空", "can't be empty")
        return text or None

    return read


def choice(*known: str, required: bool = False) -> Reader:
    """One of the known words, or none."""

    def read(name: str, value: Any) -> str | None:
        if value is None and not required:
            return None
        if value not in known:
            raise wrong(name, f"应为 {'、'.join(known)} 之一", f"must be one of {', '.join(known)}")
        return str(value)

    return read


def whole(lowest: int, highest: int, *, required: bool = False) -> Reader:
    """A whole number in a range, or none."""

    def read(name: str, value: Any) -> int | None:
        if value is None and not required:
            return None
        if type(value) is not int or not lowest <= value <= highest:
            raise wrong(
                name, f"应为 {lowest} 至 {highest} 的整数", f"must be a whole number from {lowest} to {highest}"
            )
        return value

    return read


def day(name: str, value: Any) -> str | None:
    """A day written ``YYYY-MM-DD``, or none."""
    if value is None:
        return None
    try:
        return date.fromisoformat(value if isinstance(value, str) else "").isoformat()
    except ValueError:
        raise wrong(name, "日期应写作 2026-03-01", "write the day as 2026-03-01") from None


def needed_day(name: str, value: Any) -> str:
    """A day written ``YYYY-MM-DD``."""
    found = day(name, value)
    if found is None:
        raise wrong(name, "请填写日期，如 2026-03-01", "give a day, such as 2026-03-01")
    return found


def flag(name: str, value: Any) -> bool:
    """Yes or no; nothing given is no."""
    if value is None:
        return False
    if not isinstance(value, bool):
        raise wrong(name, "应为是或者否", "must be true or false")
    return value


def words(length: int, *, required: bool = False) -> Reader:
    """A list of texts, each once, in order."""
    each = text(length, required=True)

    def read(name: str, value: Any) -> list[str]:
        if not isinstance(value, list | tuple) and value is not None:
            raise wrong(name, "应为列表", "must be a list")
        found = list(dict.fromkeys(str(each(name, one)) for one in value or ()))
        if len(found) > MANY or (required and not found):
            raise wrong(name, f"应有 1 至 {MANY} 项", f"must have 1 to {MANY} items")
        return found

    return read


def known_words(*known: str, required: bool = False) -> Reader:
    """A list of known words."""
    plain = words(64, required=required)

    def read(name: str, value: Any) -> list[str]:
        found: list[str] = plain(name, value)
        if set(found) - set(known):
            raise wrong(name, f"只能是：{'、'.join(known)}", f"only: {', '.join(known)}")
        return found

    return read


def texts_by_name(length: int) -> Reader:
    """Texts by name: what was written to each of several points."""
    each = text(length, required=True)

    def read(name: str, value: Any) -> dict[str, str]:
        if value is not None and not isinstance(value, dict):
            raise wrong(name, "应为名称与文字的对照", "must map names to texts")
        if len(value or {}) > MANY or not all(isinstance(one, str) and len(one) <= 64 for one in value or {}):
            raise wrong(name, f"至多 {MANY} 项", f"at most {MANY} items")
        return {one: str(each(name, said)) for one, said in (value or {}).items()}

    return read
