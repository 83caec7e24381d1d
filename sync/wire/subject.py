"""What stands in a person's place: the salted digest in events, the keyed token in slips. Pure."""

from __future__ import annotations

import hmac
from hashlib import sha256

from sync.wire.encoding import b64url

_SUBJECT = b"alf-subject-1\n"
_TOKEN = b"alf-token-1\n"


def subject_digest(salt: bytes, canonical: str) -> str:
    """``subject`` of an event: SHA-256 over the subject's 32-byte salt and ``type:number``, as base64url."""
    if len(salt) != 32:
        raise ValueError("a subject salt has 32 bytes")
    return b64url(sha256(_SUBJECT + salt + canonical.encode("utf-8")).digest())


def token(key: bytes, canonical: str) -> str:
    """The token of ``type:number`` under the key shared with one subscriber, as base64url."""
    if len(key) < 32:
        raise ValueError("a token key has 32 bytes")
    return b64url(hmac.digest(key, _TOKEN + canonical.encode("utf-8"), "sha256"))
