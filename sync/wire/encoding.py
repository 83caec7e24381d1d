"""How bytes, instants and days are written. One writing each: what can be read writes back to the same bytes. Pure."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode, urlsafe_b64encode
from binascii import Error
from datetime import UTC, date, datetime

from sync.wire.errors import FormatInvalid

DIGEST_BYTES = 32
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z", re.ASCII)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_NUMBER = re.compile(r"0|[1-9]\d{0,15}", re.ASCII)


def b64url(raw: bytes) -> str:
    """Base64url without padding: binary in JSON."""
    return urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def unb64url(text: object, where: str, *, length: int | None = DIGEST_BYTES) -> bytes:
    """Bytes of strict base64url; ``length`` in bytes, None for any. Raises FormatInvalid."""
    if not isinstance(text, str):
        raise FormatInvalid(where, "not text")
    try:
        standard = text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4)
        raw = b64decode(standard.encode("ascii"), validate=True)
    except (Error, ValueError):
        raise FormatInvalid(where, "not base64url") from None
    if b64url(raw) != text or (length is not None and len(raw) != length):
        raise FormatInvalid(where, "not base64url of the right length")
    return raw


def b64(raw: bytes) -> str:
    """Standard base64 with padding: binary in notes."""
    return b64encode(raw).decode("ascii")


def unb64(text: str, where: str, *, length: int | None = DIGEST_BYTES) -> bytes:
    """Bytes of strict standard base64; ``length`` in bytes, None for any. Raises FormatInvalid."""
    try:
        raw = b64decode(text.encode("ascii"), validate=True)
    except (Error, ValueError):
        raise FormatInvalid(where, "not base64") from None
    if b64(raw) != text or (length is not None and len(raw) != length):
        raise FormatInvalid(where, "not base64 of the right length")
    return raw


def instant(at: datetime) -> str:
    """``YYYY-MM-DDTHH:MM:SSZ``; fractions of a second are dropped. A time without zone is refused (ValueError)."""
    if at.tzinfo is None:
        raise ValueError("a time without a zone is not a time")
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_instant(text: object, where: str) -> datetime:
    """The instant, in UTC. Raises FormatInvalid."""
    if not isinstance(text, str) or not _INSTANT.fullmatch(text):
        raise FormatInvalid(where, "not an instant")
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise FormatInvalid(where, "not an instant") from None


def parse_day(text: object, where: str) -> date:
    """A day in Beijing. Raises FormatInvalid."""
    if not isinstance(text, str) or not _DAY.fullmatch(text):
        raise FormatInvalid(where, "not a day")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise FormatInvalid(where, "not a day") from None


def parse_number(text: str, where: str) -> int:
    """A whole number from 0 without leading zeros. Raises FormatInvalid."""
    if not _NUMBER.fullmatch(text):
        raise FormatInvalid(where, "not a number")
    return int(text)
