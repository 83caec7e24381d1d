"""One-time codes that are sent to somebody: six digits, kept as keyed hashes, ten minutes, five tries, once.

Six digits can be guessed by whoever may try often, so tries and sendings are both counted, and the hash is keyed and
bound to what it is for.
"""

from __future__ import annotations

import hmac
import secrets
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy.orm import Session

from creditsvc.access.rates import take
from creditsvc.kernel.errors import TooMany
from creditsvc.kernel.text import Bilingual
from creditsvc.services import Services

DIGITS = 6
LIFE = timedelta(minutes=10)
TRIES = 5
SENDINGS = {"all": 3000, "person": 6, "address": 6}
"""How many codes go out in an hour: of the house, for one person, to one address."""


class Holder(Protocol):
    """A row that waits for a code."""

    code_hash: bytes | None
    code_at: datetime | None
    code_tries: int


def count_sending(session: Session, services: Services, *, person: str, address: str, now: datetime) -> None:
    """Count one sending; raises ``TooMany``. The caller commits in every case. The address is named by its token alone."""
    token = services.vault.token("one-time-to:" + address).hex()
    keys = {"all": "one-time:all", "person": f"one-time:person:{person}", "address": f"one-time:to:{token}"}
    taken = [
        take(session, key, capacity=SENDINGS[name], refill_per_second=SENDINGS[name] / 3600, now=now)
        for name, key in keys.items()
    ]
    if not all(taken):
        raise TooMany(
            Bilingual("验证码发送过于频繁，请一小时后再试", "too many codes were sent; wait an hour"),
            code="code-too-often",
            retry_after=3600,
        )


def new_code(services: Services, row: Holder, purpose: str, *, now: datetime) -> str:
    """A fresh code for this row, in clear, once; an earlier one ends."""
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"
    row.code_hash, row.code_at, row.code_tries = _hash(services, purpose, code), now, 0
    return code


def agrees(services: Services, row: Holder, purpose: str, code: str, *, now: datetime) -> bool:
    """Whether this is the row's code and still good; a right one is used up, a wrong one is counted. The caller commits."""
    if row.code_hash is None or row.code_at is None or now - row.code_at > LIFE or row.code_tries >= TRIES:
        return False
    row.code_tries += 1
    if not hmac.compare_digest(row.code_hash, _hash(services, purpose, "".join(code.split()))):
        return False
    row.code_hash = None
    return True


def _hash(services: Services, purpose: str, code: str) -> bytes:
    key = services.keyring.secret("letter/code/1")
    return hmac.digest(key, f"one-time\0{purpose}\0{code[:16]}".encode(), "sha256")
