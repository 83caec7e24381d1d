"""What an identity provider's answer must be before anybody is let in by it (OpenID Connect Core 1.0 no. 3.1.3.7).

Pure: the signature has been checked by then, and the time is an argument.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "Ed25519", "EdDSA")
"""Signatures by a key pair. Never ``none``, and never a shared secret: that would let whoever knows it speak for everybody."""
SKEW = timedelta(seconds=60)
"""How far the provider's clock may differ from ours."""
OLDEST = timedelta(minutes=10)
"""A token is made for this very visit; one that is older is a replay."""
ATTEMPT_LIFE = timedelta(minutes=10)
"""How long somebody may take at the provider."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What this visit expects of the token."""

    issuer: str
    client: str
    nonce: str = field(repr=False)
    acr: str = ""
    """The level of assurance that is required; empty: whatever the provider gives."""


def why_not(claims: Mapping[str, Any], expected: Expected, *, now: datetime) -> str | None:
    """The first reason not to believe an ID token's claims, as a code for the journal; none if there is none."""
    checks = (
        ("issuer", claims.get("iss") == expected.issuer),
        ("audience", _for_us(claims, expected.client)),
        ("subject", isinstance(claims.get("sub"), str) and 0 < len(claims["sub"]) <= 255),
        ("nonce", hmac.compare_digest(_text(claims.get("nonce")).encode(), expected.nonce.encode())),
        *_timely(claims, now),
        ("assurance", not expected.acr or claims.get("acr") == expected.acr),
    )
    return next((code for code, met in checks if not met), None)


def _for_us(claims: Mapping[str, Any], client: str) -> bool:
    audience = claims.get("aud")
    listed: Sequence[Any] = [audience] if isinstance(audience, str) else audience if isinstance(audience, list) else []
    # with more than one audience, or a named party, that party must be us
    party = claims.get("azp", client if len(listed) == 1 else None)
    return client in listed and party == client


def _timely(claims: Mapping[str, Any], now: datetime) -> tuple[tuple[str, bool], ...]:
    at, skew, oldest = now.timestamp(), SKEW.total_seconds(), OLDEST.total_seconds()
    ends, made, begins = (_instant(claims.get(name)) for name in ("exp", "iat", "nbf"))
    return (
        ("expired", ends is not None and at < ends + skew),
        ("issued", made is not None and -skew <= at - made <= oldest + skew),
        ("early", "nbf" not in claims or (begins is not None and begins <= at + skew)),
    )


def _instant(value: Any) -> float | None:
    """Seconds since 1970; none for what is no number."""
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def said(claims: Mapping[str, Any], name: str) -> str:
    """A claim's text, without surrounding spaces; empty if it is absent, no text, or longer than any number or name."""
    value = _text(claims.get(name)).strip()
    return value if len(value) <= 512 else ""
