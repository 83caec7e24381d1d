"""What a correction may change in a listing, and how each new value is held against its field. Pure.

A correction changes what was written wrongly (法释〔2017〕7号 art. 9 para. 2). A wrong person is no correction but a
revocation, so numbers and grounds are not here; a term is changed by an extension alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from creditsvc.kernel.case_numbers import parse_case_number
from creditsvc.kernel.errors import InvalidInput
from creditsvc.kernel.text import Bilingual

LONG = 20_000
OLDEST = 150
Reader = Callable[[str, Any], Any]


def cleaned(changes: Mapping[str, Any]) -> dict[str, Any]:
    """The new values as they will be kept, days as ``YYYY-MM-DD``.

    Raises ``InvalidInput``: ``changes-wrong`` for a field that may not change, ``value-wrong`` for a value that it can't take.
    """
    if not changes or set(changes) - set(FIELDS):
        names = "、".join(sorted(FIELDS))
        raise InvalidInput(
            Bilingual(f"可以更正的项：{names}", f"fields that may be corrected: {', '.join(sorted(FIELDS))}"),
            code="changes-wrong",
            field="changes",
        )
    return {name: FIELDS[name](name, value) for name, value in changes.items()}


def kept(name: str, value: Any) -> Any:
    """A cleaned value as its column holds it."""
    return date.fromisoformat(value) if name in DAYS and value is not None else value


def _wrong(name: str, zh: str, en: str) -> InvalidInput:
    return InvalidInput(Bilingual(f"{name}：{zh}", f"{name}: {en}"), code="value-wrong", field="changes", name=name)


def _text(length: int, *, required: bool = False) -> Reader:
    def read(name: str, value: Any) -> str | None:
        if value is not None and not isinstance(value, str):
            raise _wrong(name, "应为文字", "must be text")
        text = (value or "").strip()
        if len(text) > length or "\0" in text:
            raise _wrong(name, f"不得超过 {length} 个字", f"at most {length} characters")
        if not text and required:
            raise _wrong(name, "不能为空", "can't be empty")
        return text or None

    return read


def _choice(*known: str, required: bool = False) -> Reader:
    def read(name: str, value: Any) -> str | None:
        if value is None and not required:
            return None
        if value not in known:
            raise _wrong(name, f"应为 {'、'.join(known)} 之一", f"must be one of {', '.join(known)}")
        return str(value)

    return read


def _age(name: str, value: Any) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= OLDEST:
        raise _wrong(name, f"应为 0 至 {OLDEST} 的整数", f"must be a whole number from 0 to {OLDEST}")
    return value


def day(name: str, value: Any) -> str | None:
    """A day written ``YYYY-MM-DD``, or none."""
    if value is None:
        return None
    try:
        return date.fromisoformat(value if isinstance(value, str) else "").isoformat()
    except ValueError:
        raise _wrong(name, "日期应写作 2026-03-01", "write the day as 2026-03-01") from None


def _case(name: str, value: Any) -> str:
    return parse_case_number(str(_text(128, required=True)(name, value))).text


FIELDS: dict[str, Reader] = {
    "name": _text(256, required=True),
    "sex": _choice("male", "female"),
    "age": _age,
    "legal_representative": _text(128),
    "case_number": _case,
    "filed_on": day,
    "basis_number": _text(256),
    "basis_issuer": _text(256),
    "obligation": _text(LONG),
    "performance": _choice("none", "partial", "full", required=True),
    "performed_part": _text(LONG),
    "unperformed_part": _text(LONG),
}
DAYS = frozenset({"filed_on", "until"})
