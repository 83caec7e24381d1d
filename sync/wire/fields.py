"""What an entry is made of, which stream carries which field, and how each value must look. Pure.

One table a question: ``FIELDS`` (stream → names), ``KINDS`` (stream → kinds), ``_CHECKS`` (name → what it must be).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from sync.wire.encoding import parse_day, unb64url
from sync.wire.errors import FormatInvalid
from sync.wire.ids import ENTRY_PREFIXES, is_entry_id


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_COMMON = _names(
    "entry kind revision debtor_kind name sex age unit_code legal_representative court_code court_name case_number "
    "filed_on basis_number basis_issuer obligation performance performed_part unperformed_part grounds published_on "
    "until marks"
)
FIELDS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "public": _COMMON | {"number_masked"},
        "agency": _COMMON | {"subject", "roles", "items"},
        "bureau": _COMMON | {"subject"},
        "platform": _COMMON | {"subject", "decision", "catalogue_code"},
    }
)
"""Stream → fields of ``data`` in ``published`` and ``corrected``."""

KINDS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "public": frozenset({"listing"}),
        "agency": frozenset({"listing", "consumption_order"}),
        "bureau": frozenset({"listing"}),
        "platform": frozenset({"listing", "incentive"}),
    }
)
"""Stream → kinds of entry in force on it."""

ANNOTATED = frozenset({"entry", "kind", "revision", "marks"})
REMOVED = _names("entry kind revision exit ground effect effective due decision basis")
_REMOVED_MUST = REMOVED - {"decision", "basis", "due"}

MARKS = frozenset({"disputed", "suspended", "shielded"})
RELIEFS = frozenset({"temporary_lift", "single_approval", "single_lift"})
RELIEF_STREAMS = frozenset({"agency"})
"""Reliefs are named in the agencies' row of the contract alone; elsewhere they are left out of ``marks``."""

EXITS = frozenset({"removed", "revoked"})
EFFECTS = frozenset({"stop_use", "erase"})
GROUNDS_OF_LISTING = _names("able_but_refuses obstructs evades property_report order_breach settlement_refused")
GROUNDS_OF_REMOVAL = _names(
    "performed settled applicant_request no_property suspended_enforcement not_enforced terminated term_ended early "
    "error identity_error order_lifted incentive_ended withheld"
)

Check = Callable[[Any, str], object]


def project(fields: Mapping[str, Any], stream: str) -> dict[str, Any]:
    """``data`` of ``published`` or ``corrected`` for one stream: its fields alone, absent instead of null.

    Raises FormatInvalid if the entry's kind is not on the stream, or if a person would travel without (or with the
    wrong) pseudonym.
    """
    data = {name: fields[name] for name in FIELDS[stream] if fields.get(name) is not None}
    if stream not in RELIEF_STREAMS and "marks" in data:
        data["marks"] = [mark for mark in data["marks"] if mark.get("mark") not in RELIEFS]
    if not data.get("marks", True):
        del data["marks"]
    check_full(data, stream)
    return data


def check_full(data: Mapping[str, Any], stream: str) -> None:
    """Raises FormatInvalid unless it is a whole entry as this stream carries it."""
    _only(data, FIELDS[stream], frozenset({"entry", "kind", "revision"}))
    if data["kind"] not in KINDS[stream]:
        raise FormatInvalid("kind", "not on this stream")
    is_person = data.get("debtor_kind") == "person"
    pseudonym = "number_masked" if stream == "public" else "subject"
    if is_person != (pseudonym in data) or (is_person and "unit_code" in data):
        raise FormatInvalid(pseudonym, "persons have it, organisations have unit_code")


def check_annotated(data: Mapping[str, Any]) -> None:
    """Raises FormatInvalid unless it is an annotation: entry, kind, revision and the whole new marks."""
    _only(data, ANNOTATED, ANNOTATED)


def check_removed(data: Mapping[str, Any]) -> None:
    """Raises FormatInvalid unless it is a removal: no personal data, exit, ground, effect and their days."""
    _only(data, REMOVED, _REMOVED_MUST)


def _only(data: Mapping[str, Any], allowed: frozenset[str], must: frozenset[str]) -> None:
    if strangers := data.keys() - allowed:
        raise FormatInvalid("data", f"fields that this stream doesn't carry: {', '.join(sorted(strangers))}")
    if missing := must - data.keys():
        raise FormatInvalid("data", f"fields are missing: {', '.join(sorted(missing))}")
    for name, value in data.items():
        _CHECKS.get(name, _text)(value, name)
    if not data["entry"].startswith(ENTRY_PREFIXES[data["kind"]]):
        raise FormatInvalid("entry", "a name of another kind")


def _text(value: Any, name: str) -> None:
    if not isinstance(value, str) or not value:
        raise FormatInvalid(name, "not text")


def _entry(value: Any, name: str) -> None:
    if not is_entry_id(value):
        raise FormatInvalid(name, "not an entry")


def _one_of(allowed: frozenset[str]) -> Check:
    def check(value: Any, name: str) -> None:
        if not isinstance(value, str) or value not in allowed:
            raise FormatInvalid(name, "not one of its values")

    return check


def _whole(lowest: int, highest: int) -> Check:
    def check(value: Any, name: str) -> None:
        if type(value) is not int or not lowest <= value <= highest:
            raise FormatInvalid(name, "not a number in its range")

    return check


def _list(value: Any, name: str) -> list[Any]:
    if not isinstance(value, list | tuple):
        raise FormatInvalid(name, "not a list")
    return list(value)


def _listed(each: Check) -> Check:
    def check(value: Any, name: str) -> None:
        for item in _list(value, name):
            each(item, name)

    return check


def _object(must: frozenset[str], checks: Mapping[str, Check]) -> Check:
    def check(value: Any, name: str) -> None:
        if not isinstance(value, dict) or not must <= value.keys() or value.keys() - checks.keys():
            raise FormatInvalid(name, "not an object with its members")
        for member, item in value.items():
            checks[member](item, f"{name}.{member}")

    return check


_MARK = _object(
    frozenset({"mark", "from"}),
    {
        "mark": _one_of(MARKS | RELIEFS),
        "from": parse_day,
        "to": parse_day,
        "measures": _listed(_text),
        "subject": unb64url,
    },
)
"""``subject`` is a role's: the relief is that officer's own, and not the unit's."""
_ROLE = _object(
    frozenset({"role", "from", "subject"}),
    {"role": _text, "from": parse_day, "to": parse_day, "name": _text, "subject": unb64url},
)
_CHECKS: Mapping[str, Check] = {
    "entry": _entry,
    "kind": _one_of(frozenset(ENTRY_PREFIXES)),
    "revision": _whole(1, 2**53 - 1),
    "debtor_kind": _one_of(frozenset({"person", "organisation"})),
    "sex": _one_of(frozenset({"male", "female"})),
    "age": _whole(0, 200),
    "subject": unb64url,
    "filed_on": parse_day,
    "performance": _one_of(frozenset({"none", "partial", "full"})),
    "grounds": _listed(_one_of(GROUNDS_OF_LISTING)),
    "published_on": parse_day,
    "until": parse_day,
    "marks": _listed(_MARK),
    "roles": _listed(_ROLE),
    "items": _listed(_text),
    "exit": _one_of(EXITS),
    "effect": _one_of(EFFECTS),
    "ground": _one_of(GROUNDS_OF_REMOVAL),
    "effective": parse_day,
    "due": parse_day,
}
