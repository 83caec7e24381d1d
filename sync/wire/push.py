"""The push that wakes a subscriber: Standard Webhooks, asymmetric (``v1a``, Ed25519). No personal data in it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from sync.wire.canonical import canonical_json
from sync.wire.encoding import b64, parse_number, unb64
from sync.wire.errors import FormatInvalid, SignatureInvalid

TOLERANCE = timedelta(minutes=5)
_MOST_SIGNATURES = 16


def push_body(*, stream: str, sequence: int, urgent: bool) -> bytes:
    """That a stream (``agency``) has advanced to a sequence; urgent when removals are among it."""
    data = {"sequence": sequence, "stream": stream, "urgent": urgent}
    return canonical_json({"data": data, "type": "stream.advanced"})


def push_key(public: bytes) -> str:
    """The public key as Standard Webhooks writes it."""
    return f"whpk_{b64(public)}"


def push_headers(
    body: bytes, *, message_id: str, at: datetime, key: Ed25519PrivateKey, also: Sequence[Ed25519PrivateKey] = ()
) -> dict[str, str]:
    """The three headers of one message. ``at`` has a zone; the same id goes with every attempt. ``also``: keys that
    sign beside the first while one replaces another; a receiver takes any signature that it can check."""
    if at.tzinfo is None:
        raise ValueError("a time without a zone is not a time")
    seconds = str(int(at.timestamp()))
    signed = _signed(message_id, seconds, body)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": seconds,
        "webhook-signature": " ".join(f"v1a,{b64(each.sign(signed))}" for each in (key, *also)),
    }


def verify_push(headers: Mapping[str, str], body: bytes, *, public: bytes, now: datetime) -> str:
    """The message's id (to refuse a second one), if it is signed and not older or newer than five minutes.

    Raises SignatureInvalid, and nothing else.
    """
    lower = {name.lower(): value for name, value in headers.items()}
    try:
        message_id = lower["webhook-id"]
        seconds = parse_number(lower["webhook-timestamp"], "push")
        offered = lower["webhook-signature"].split(" ")
        signed = _signed(message_id, str(seconds), body)
    except (KeyError, FormatInvalid, UnicodeError):
        raise SignatureInvalid from None
    if abs(now.timestamp() - seconds) > TOLERANCE.total_seconds():
        raise SignatureInvalid
    for one in offered[:_MOST_SIGNATURES]:
        version, _, signature = one.partition(",")
        if version == "v1a" and _good(public, signature, signed):
            return message_id
    raise SignatureInvalid


def _good(public: bytes, signature: str, signed: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(unb64(signature, "push", length=64), signed)
    except (InvalidSignature, FormatInvalid, ValueError):
        return False
    return True


def _signed(message_id: str, seconds: str, body: bytes) -> bytes:
    return f"{message_id}.{seconds}.".encode() + body
