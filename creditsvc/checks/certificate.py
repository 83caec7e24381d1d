"""An answer that proves itself, years later and without the service: a JSON Web Signature (RFC 7515) by Ed25519 (RFC 8037).

Pure, and of the subscriber's install. What is signed is the answer as it was given, also when nothing was found. The identity
number is in it as a keyed digest only; the key of that digest is handed over beside the certificate and never printed,
so that who is shown a certificate can't try numbers out, and who has the key can prove whom it is about.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, ClassVar

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from creditsvc.kernel.errors import InvalidInput
from creditsvc.kernel.text import Bilingual

FORMAT = "creditsvc-answer/1"
BRIEF = "creditsvc-answer-brief/1"
"""What fits into a QR code: the answer in short and the digest of the whole certificate."""
HOMONYM = "creditsvc-homonym/1"
"""A court's word that somebody is not the person of an entry."""
FORMATS = frozenset({FORMAT, BRIEF, HOMONYM})
MEDIA_TYPE = "creditsvc-answer+jws"
KEY_LABEL = "answer/1"
SALT_BYTES = 16
LONGEST = 4 * 1024 * 1024
"""Characters of a certificate that are looked at."""


class CertificateInvalid(InvalidInput):
    """The one way to say no: changed, cut, signed by another key, or no certificate at all."""

    default_code = "certificate-invalid"

    def __init__(self) -> None:
        super().__init__(
            Bilingual(
                "证明不真实：内容被改动、不完整，或者不是由所给公钥对应的密钥签署",
                "the certificate is not genuine: changed, incomplete, or not signed by a key of those given",
            )
        )


class AnswerSigner:
    """The key of an installation that signs answers."""

    algorithm: ClassVar[str] = "EdDSA"

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.jwk = jwk_of(private.public_key())
        header = {"alg": self.algorithm, "kid": self.jwk["kid"], "typ": MEDIA_TYPE}
        self._head = encode(json.dumps(header, separators=(",", ":")).encode()) + b"."

    def __repr__(self) -> str:
        return f"AnswerSigner({self.jwk['kid']})"

    def sign(self, payload: bytes) -> str:
        """The compact serialisation of exactly these bytes."""
        signed = self._head + encode(payload)
        return (signed + b"." + encode(self._private.sign(signed))).decode()


def jwk_of(public: Ed25519PublicKey) -> dict[str, str]:
    """The public key as RFC 7517 has it; ``kid`` is its thumbprint (RFC 7638)."""
    named = {"crv": "Ed25519", "kty": "OKP", "x": encode(public.public_bytes_raw()).decode()}
    thumbprint = hashlib.sha256(json.dumps(named, separators=(",", ":"), sort_keys=True).encode()).digest()
    return {**named, "kid": encode(thumbprint).decode(), "use": "sig", "alg": AnswerSigner.algorithm}


def read_keys(content: bytes | str) -> dict[str, Ed25519PublicKey]:
    """Public keys by thumbprint, of a JWK set as ``/v1/answer-keys`` gives it. Raises ``InvalidInput``."""
    try:
        rows = json.loads(content)["keys"]
        keys = [Ed25519PublicKey.from_public_bytes(decode(row["x"])) for row in rows if row["crv"] == "Ed25519"]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        keys = []
    if not keys:
        raise InvalidInput(
            Bilingual("公钥文件不是 JWK 集合，或者其中没有 Ed25519 公钥", "no JWK set with an Ed25519 key in it"),
            code="keys-unreadable",
        )
    return {jwk_of(key)["kid"]: key for key in keys}


def opened(certificate: str, keys: Mapping[str, Ed25519PublicKey]) -> dict[str, Any]:
    """What was signed. Raises ``CertificateInvalid`` and nothing else."""
    try:
        if len(certificate) > LONGEST:
            raise CertificateInvalid
        head, payload, signature = certificate.strip().split(".")
        header = json.loads(decode(head))
        if header["alg"] != AnswerSigner.algorithm or header["typ"] != MEDIA_TYPE or "crit" in header:
            raise CertificateInvalid
        keys[header["kid"]].verify(decode(signature), f"{head}.{payload}".encode())
        said = json.loads(decode(payload))
        if said["format"] not in FORMATS:
            raise CertificateInvalid
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError, InvalidSignature):
        raise CertificateInvalid from None
    return dict(said)


def number_digest(salt: bytes, canonical: str) -> str:
    """By which a certificate is about one number and no other."""
    return encode(hmac.digest(salt, canonical.encode(), "sha256")).decode()


def is_about(said: Mapping[str, Any], salt: str, canonical: str) -> bool:
    """Whether the certificate is about this number (``type:number``), by the key that was handed over with it."""
    try:
        expected = number_digest(decode(salt), canonical)
        return hmac.compare_digest(expected, str(said["subject"]["number_digest"]))
    except (ValueError, LookupError, TypeError):
        return False


def brief_of(said: Mapping[str, Any], certificate: str) -> bytes:
    """The short form that a QR code holds."""
    kept = ["check", "outcome", "sector", "act", "on", "answered_at"]
    if said.get("known_on"):
        # without it the answer would read as one about the present
        kept.append("known_on")
    subject = {name: said["subject"][name] for name in ("name", "number_masked")}
    short = {
        "format": BRIEF,
        **{name: said[name] for name in kept},
        "subject": subject,
        "sha256": digest_of(certificate),
    }
    return json.dumps(short, ensure_ascii=False, separators=(",", ":")).encode()


def digest_of(certificate: str) -> str:
    """SHA-256 of the compact serialisation, in hexadecimal."""
    return hashlib.sha256(certificate.strip().encode()).hexdigest()


def encode(raw: bytes) -> bytes:
    """Base64 for addresses, without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


def decode(text: str) -> bytes:
    """Its inverse, strictly: one text for one value. Raises ``ValueError``."""
    try:
        raw = base64.b64decode(text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4), validate=True)
    except binascii.Error as error:
        raise ValueError from error
    if encode(raw).decode() != text:
        raise ValueError
    return raw


@lru_cache(maxsize=8)
def signer_of(private: bytes) -> AnswerSigner:
    """The signer of a private key's 32 bytes."""
    return AnswerSigner(Ed25519PrivateKey.from_private_bytes(private))
