"""What comes back: receipts, messages, holdings, read by the profile's columns. Pure.

A platform's words may hold identity numbers; whatever is kept of them has every long figure blacked out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from sync.platform.shape.profile import Profile, Side

_NUMBER = re.compile(r"[0-9A-Za-z]{9,}")
_LONGEST = 400


class ReceiptIn(NamedTuple):
    """What became of one row. ``id`` is the platform's own, by which it is marked as taken."""

    id: str
    batch: str
    sequence: int
    result: str
    """One of ``RESULTS``."""
    code: str
    field: str
    message: str
    record: str
    effect: str
    at: str


class MessageIn(NamedTuple):
    """Something that the platform hands over: an objection, a repair result, a change of identity or registration."""

    id: str
    kind: str
    key: str
    text: str
    result: str
    at: str
    old: str
    new: str


class Holding(NamedTuple):
    """One record that the platform says it holds."""

    key: str
    version: int
    status: str
    """``listed`` or ``ended``."""
    court: str


class Unreadable(ValueError):
    """A row of theirs that makes no sense; the text names the column, never the value."""


def masked(text: str) -> str:
    """A text without figures long enough to be an identity number, and not longer than we keep."""
    return _NUMBER.sub(lambda found: found[0] if not any(c.isdigit() for c in found[0]) else "***", text)[:_LONGEST]


def _fields(side: Side, row: Mapping[str, object]) -> dict[str, str]:
    return {
        column.source: "" if row.get(column.name) is None else str(row[column.name]).strip() for column in side.columns
    }


def read_receipt(profile: Profile, row: Mapping[str, object]) -> ReceiptIn:
    """Raises ``Unreadable``."""
    got = _fields(profile.feedback, row)
    result = profile.results.get(got["result"])
    if result is None:
        raise Unreadable("result")
    if not got["sequence"].isdigit():
        raise Unreadable("sequence")
    return ReceiptIn(
        id=got["id"], batch=got["batch"][:64], sequence=int(got["sequence"]), result=result, code=got.get("code", "")[:32],
        field=got.get("field", "")[:64], message=masked(got.get("message", "")), record=masked(got.get("record", ""))[:64],
        effect=got.get("effect", "")[:32], at=got.get("at", "")[:32],
    )  # fmt: skip


def read_message(profile: Profile, row: Mapping[str, object]) -> MessageIn:
    """Raises ``Unreadable``. ``text``, ``old`` and ``new`` are as they came: whoever keeps them seals them."""
    if profile.messages is None:
        raise Unreadable("messages")
    got = _fields(profile.messages, row)
    kind = profile.message_kinds.get(got["kind"])
    if kind is None:
        raise Unreadable("kind")
    if not got["id"]:
        raise Unreadable("id")
    return MessageIn(
        id=got["id"][:64], kind=kind, key=got["key"][:64], text=got.get("text", "")[:4000], result=got.get("result", "")[:64],
        at=got.get("at", "")[:32], old=got.get("old", "")[:256], new=got.get("new", "")[:256],
    )  # fmt: skip


def read_holding(profile: Profile, row: Mapping[str, object]) -> Holding:
    """Raises ``Unreadable``."""
    if profile.holdings is None:
        raise Unreadable("holdings")
    got = _fields(profile.holdings, row)
    status = profile.held.get(got["status"])
    if status is None:
        raise Unreadable("status")
    if not got["version"].isdigit():
        raise Unreadable("version")
    return Holding(got["key"], int(got["version"]), status, got.get("court", ""))
