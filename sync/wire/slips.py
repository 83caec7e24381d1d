"""Identity slips: sealed numbers (HPKE once an answer, AES-256-GCM inside) or tokens. Pure; never shown.

HPKE is RFC 9180 base mode: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hmac import compare_digest
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from sync.wire.canonical import canonical_json, parse_json
from sync.wire.encoding import b64url, unb64url
from sync.wire.errors import FormatInvalid, SlipInvalid
from sync.wire.ids import is_entry_id
from sync.wire.subject import subject_digest, token

INFO = b"alf-slip-1"
MOST = 1000
"""Slips in one answer."""

_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


@dataclass(frozen=True, slots=True)
class Identity:
    """A canonical number (``type:number``) and the salt of its subject. Its repr shows neither."""

    number: str
    salt: bytes

    def __repr__(self) -> str:
        return "Identity(…)"

    @property
    def subject(self) -> str:
        """The subject that stands for it in events."""
        return subject_digest(self.salt, self.number)


@dataclass(frozen=True, slots=True)
class Slip:
    """The identities behind one revision of an entry: its own (none for an organisation) and those in ``roles``."""

    entry: str
    revision: int
    own: Identity | None
    roles: tuple[Identity, ...] = ()

    def __repr__(self) -> str:
        return f"Slip({self.entry}:{self.revision})"


@dataclass(frozen=True, slots=True)
class TokenSlip:
    """Tokens instead of numbers; ``roles`` are (subject, token)."""

    entry: str
    revision: int
    token: str | None
    roles: tuple[tuple[str, str], ...] = ()


def seal_block(slips: Sequence[Slip], recipient: X25519PublicKey, *, key: bytes) -> bytes:
    """An answer of sealed slips. ``key``: 32 fresh random bytes from the caller, used for this answer alone."""
    if len(key) != 32 or len(slips) > MOST:
        raise ValueError("a block has a fresh key of 32 bytes and at most 1,000 slips")
    lines = [canonical_json({"key": b64url(_SUITE.encrypt(key, recipient, info=INFO))})]
    inner = AESGCM(key)
    for index, slip in enumerate(slips):
        sealed = inner.encrypt(_nonce(index), canonical_json(_plain(slip)), _bound(slip.entry, slip.revision))
        lines.append(canonical_json({"entry": slip.entry, "revision": slip.revision, "sealed": b64url(sealed)}))
    return b"".join(line + b"\n" for line in lines)


def open_block(raw: bytes, private: X25519PrivateKey) -> list[Slip]:
    """The slips of a sealed answer; an empty answer has none. Raises SlipInvalid."""
    try:
        lines = _lines(raw)
        if not lines:
            return []
        sealed_key = unb64url(lines[0].get("key"), "slip", length=None)
        inner = AESGCM(_SUITE.decrypt(sealed_key, private, info=INFO))
        return [_open(inner, index, line) for index, line in enumerate(lines[1:])]
    except (FormatInvalid, InvalidTag, ValueError, TypeError, KeyError):
        raise SlipInvalid from None


def token_block(slips: Iterable[TokenSlip]) -> bytes:
    """An answer of tokens."""
    return b"".join(canonical_json(_token_line(slip)) + b"\n" for slip in slips)


def parse_token_block(raw: bytes) -> list[TokenSlip]:
    """The slips of an answer of tokens. Raises SlipInvalid."""
    try:
        return [_parse_token(line) for line in _lines(raw)]
    except (FormatInvalid, TypeError, KeyError):
        raise SlipInvalid from None


def tokens_of(slip: Slip, key: bytes) -> TokenSlip:
    """The same slip as tokens under a key."""
    return TokenSlip(
        slip.entry,
        slip.revision,
        token(key, slip.own.number) if slip.own else None,
        tuple((role.subject, token(key, role.number)) for role in slip.roles),
    )


def check_slip(slip: Slip, *, subject: str | None, roles: Iterable[str] = ()) -> None:
    """Raises SlipInvalid unless the numbers are those of the entry's subject and of the subjects in its roles."""
    own = slip.own.subject if slip.own else None
    if (own is None) != (subject is None) or not compare_digest(own or "", subject or ""):
        raise SlipInvalid
    if sorted(role.subject for role in slip.roles) != sorted(roles):
        raise SlipInvalid


def _lines(raw: bytes) -> list[dict[str, Any]]:
    *lines, rest = raw.split(b"\n")
    if rest:
        raise FormatInvalid("slip", "cut short")
    return [parse_json(line, "slip") for line in lines]


def _nonce(index: int) -> bytes:
    return index.to_bytes(12, "big")


def _bound(entry: str, revision: int) -> bytes:
    return f"{entry}:{revision}".encode("ascii")


def _plain(slip: Slip) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    if slip.own:
        plain.update(number=slip.own.number, salt=b64url(slip.own.salt))
    if slip.roles:
        plain["roles"] = [
            {"number": role.number, "salt": b64url(role.salt), "subject": role.subject} for role in slip.roles
        ]
    return plain


def _open(inner: AESGCM, index: int, line: dict[str, Any]) -> Slip:
    entry, revision = _head(line, {"entry", "revision", "sealed"})
    sealed = unb64url(line["sealed"], "slip", length=None)
    plain = parse_json(inner.decrypt(_nonce(index), sealed, _bound(entry, revision)), "slip")
    own = _identity(plain) if "number" in plain else None
    roles = tuple(_role(role) for role in plain.get("roles", []))
    return Slip(entry, revision, own, roles)


def _identity(plain: Mapping[str, Any]) -> Identity:
    number = plain["number"]
    if not isinstance(number, str) or ":" not in number:
        raise FormatInvalid("slip", "no number")
    return Identity(number, unb64url(plain["salt"], "slip"))


def _role(plain: Mapping[str, Any]) -> Identity:
    role = _identity(plain)
    if plain["subject"] != role.subject:
        raise FormatInvalid("slip", "a role of another subject")
    return role


def _token_line(slip: TokenSlip) -> dict[str, Any]:
    line: dict[str, Any] = {"entry": slip.entry, "revision": slip.revision}
    if slip.token is not None:
        line["token"] = slip.token
    if slip.roles:
        line["roles"] = [{"subject": subject, "token": token_} for subject, token_ in slip.roles]
    return line


def _parse_token(line: dict[str, Any]) -> TokenSlip:
    entry, revision = _head(line, {"entry", "revision", "token", "roles"})
    own = line.get("token")
    if own is not None:
        unb64url(own, "slip")
    roles = tuple((role["subject"], b64url(unb64url(role["token"], "slip"))) for role in line.get("roles", []))
    return TokenSlip(entry, revision, own, roles)


def _head(line: dict[str, Any], allowed: set[str]) -> tuple[str, int]:
    entry, revision = line.get("entry"), line.get("revision")
    if not is_entry_id(entry) or type(revision) is not int or revision < 1 or line.keys() - allowed:
        raise FormatInvalid("slip", "not entry, revision and content")
    return str(entry), revision
