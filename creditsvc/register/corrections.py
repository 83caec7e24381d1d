"""What a correction may change in a listing or an order, and how each new value is held against its field. Pure.

A correction changes what was written wrongly (法释〔2017〕7号 art. 9 para. 2). A wrong person is no correction but a
revocation, so numbers and grounds are not here; a term is changed by an extension alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from creditsvc.kernel.case_numbers import parse_case_number
from creditsvc.kernel.errors import InvalidInput
from creditsvc.kernel.text import Bilingual
from creditsvc.register.shapes import LONG, OLDEST, Reader, choice, day, text, whole, words


def cleaned(changes: Mapping[str, Any], fields: Mapping[str, Reader] | None = None) -> dict[str, Any]:
    """The new values as they will be kept, days as ``YYYY-MM-DD``; of a listing unless other fields are named.

    Raises ``InvalidInput``: ``changes-wrong`` for a field that may not change, ``value-wrong`` for a value that it can't take.
    """
    fields = FIELDS if fields is None else fields
    if not changes or set(changes) - set(fields):
        names = "、".join(sorted(fields))
        raise InvalidInput(
            Bilingual(f"可以更正的项：{names}", f"fields that may be corrected: {', '.join(sorted(fields))}"),
            code="changes-wrong",
            field="changes",
        )
    return {name: fields[name](name, value) for name, value in changes.items()}


def kept(name: str, value: Any) -> Any:
    """A cleaned value as its column holds it."""
    return date.fromisoformat(value) if name in DAYS and value is not None else value


def _case(name: str, value: Any) -> str:
    return parse_case_number(str(text(128, required=True)(name, value))).text


FIELDS: dict[str, Reader] = {
    "name": text(256, required=True),
    "sex": choice("male", "female"),
    "age": whole(0, OLDEST),
    "legal_representative": text(128),
    "case_number": _case,
    "filed_on": day,
    "basis_number": text(256),
    "basis_issuer": text(256),
    "obligation": text(LONG),
    "performance": choice("none", "partial", "full", required=True),
    "performed_part": text(LONG),
    "unperformed_part": text(LONG),
}
ORDER_FIELDS: dict[str, Reader] = {
    "name": text(256, required=True),
    "sex": choice("male", "female"),
    "age": whole(0, OLDEST),
    "case_number": _case,
    "filed_on": day,
    "items": words(64),
    "unit_name": text(256),
}
"""What a correction may change in a consumption order."""
DAYS = frozenset({"filed_on", "until"})
