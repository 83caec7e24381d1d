"""Signed requests: the national sharing platform's header scheme, and ours. Pure.

The national scheme signs names and time alone: Base64(HMAC-SHA256(secret, sid + rid + rtime)). Neither the body nor
the path is covered and nothing stops a replay, so a batch carries its own signature, and a receiver takes a batch once.
Ours signs method, path, query, digest of the body, time and a nonce with Ed25519.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from sync.wire.encoding import b64, instant, parse_instant, unb64
from sync.wire.errors import FormatInvalid, SignatureInvalid
from sync.wire.notes import Signer, VerifierKey

WINDOW = timedelta(seconds=300)
NATIONAL = ("gjgxjhpt_rid", "gjgxjhpt_sid", "gjgxjhpt_rtime", "gjgxjhpt_sign")
KEY_ID, TIME, NONCE, SIGNATURE = "X-Exchange-Key", "X-Exchange-Time", "X-Exchange-Nonce", "X-Exchange-Signature"
_OURS = "alf-request-1"


@dataclass(frozen=True, slots=True)
class NationalSecret:
    """A secret that was fetched, and the instant at which it ends."""

    secret: str
    ends_at: datetime

    def __repr__(self) -> str:
        return f"NationalSecret(ends {self.ends_at})"


def national_headers(rid: str, sid: str, secret: str, at: datetime) -> dict[str, str]:
    """The four headers; ``rtime`` is in milliseconds."""
    rtime = str(int(at.timestamp() * 1000))
    sign = base64.b64encode(hmac.digest(secret.encode(), f"{sid}{rid}{rtime}".encode(), "sha256")).decode()
    return dict(zip(NATIONAL, (rid, sid, rtime, sign), strict=True))


def check_national(headers: Mapping[str, str], secret: str, at: datetime) -> timedelta:
    """How far the sender's clock is ahead. Raises ``SignatureInvalid``, also for a time out of the window."""
    rid, sid, rtime, sign = (headers.get(name, "") for name in NATIONAL)
    made = base64.b64encode(hmac.digest(secret.encode(), f"{sid}{rid}{rtime}".encode(), "sha256")).decode()
    if not rtime.isascii() or not rtime.isdigit() or not hmac.compare_digest(made.encode(), sign.encode()):
        raise SignatureInvalid
    ahead = timedelta(milliseconds=int(rtime[:15]) - int(at.timestamp() * 1000))
    if abs(ahead) > WINDOW:
        raise SignatureInvalid
    return ahead


def open_secret(sealed: str, appkey: bytes) -> str:
    """The secret that the platform hands out: AES under the appkey (16, 24 or 32 bytes), ECB with PKCS#7, Base64.

    ECB is the platform's choice; what it seals is one short random secret. Raises ``FormatInvalid``.
    """
    try:
        decryptor = Cipher(algorithms.AES(appkey), modes.ECB()).decryptor()  # noqa: S305 - see above
        padded = decryptor.update(base64.b64decode(sealed, validate=True)) + decryptor.finalize()
        unpadder = PKCS7(128).unpadder()
        return (unpadder.update(padded) + unpadder.finalize()).decode("utf-8")
    except ValueError:
        raise FormatInvalid("secret", "does not open with the appkey") from None


def seal_secret(secret: str, appkey: bytes) -> str:
    """The other end of ``open_secret``."""
    padder = PKCS7(128).padder()
    padded = padder.update(secret.encode()) + padder.finalize()
    encryptor = Cipher(algorithms.AES(appkey), modes.ECB()).encryptor()  # noqa: S305 - see above
    return base64.b64encode(encryptor.update(padded) + encryptor.finalize()).decode()


def _covered(method: str, target: str, body: bytes, at: str, nonce: str) -> bytes:
    return f"{_OURS}\n{method}\n{target}\n{sha256(body).hexdigest()}\n{at}\n{nonce}\n".encode()


def our_headers(signer: Signer, method: str, target: str, body: bytes, *, at: datetime, nonce: bytes) -> dict[str, str]:
    """Our four headers. ``target`` is path with query; ``nonce``: 16 random bytes from the caller."""
    time, once = instant(at), b64(nonce)
    signature = signer.private.sign(_covered(method, target, body, time, once))
    return {KEY_ID: signer.verifier.text, TIME: time, NONCE: once, SIGNATURE: b64(signature)}


def check_ours(
    headers: Mapping[str, str], key: VerifierKey, method: str, target: str, body: bytes, *, at: datetime
) -> bytes:
    """The nonce, which the receiver keeps for ten minutes and takes once. Raises ``SignatureInvalid`` and nothing else."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        sent = parse_instant(headers.get(TIME, ""), "time")
        nonce = unb64(headers.get(NONCE, ""), "nonce", length=16)
        signature = unb64(headers.get(SIGNATURE, ""), "signature", length=64)
        covered = _covered(method, target, body, headers[TIME], headers[NONCE])
        Ed25519PublicKey.from_public_bytes(key.public).verify(signature, covered)
    except (FormatInvalid, InvalidSignature, UnicodeEncodeError):
        raise SignatureInvalid from None
    if headers.get(KEY_ID) != key.text or abs(at - sent) > WINDOW:
        raise SignatureInvalid
    return nonce
