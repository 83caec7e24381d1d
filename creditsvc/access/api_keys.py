"""Keys of programs: ``csk_<number>_<secret>``, shown once, kept as a hash."""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import Any, cast

import msgspec
from sqlalchemy import Table
from sqlalchemy.orm import Session

from creditsvc.access import audit
from creditsvc.access.callers import Caller, CallerKind
from creditsvc.access.permissions import KEY_PERMISSIONS, Permission
from creditsvc.access.tables import ApiKey
from creditsvc.kernel.errors import InvalidInput, NotFound
from creditsvc.kernel.text import Bilingual
from creditsvc.storage.direct import Writing, driver_of, instant, json_object, with_zone

_KEY = re.compile(r"csk_([0-9]{1,18})_([A-Za-z0-9_-]{43})", re.ASCII)
LONGEST = timedelta(days=400)
USED_EVERY = timedelta(minutes=1)


def create_api_key(
    session: Session,
    *,
    unit: str,
    permissions: Iterable[Permission],
    subscriber: str | None = None,
    sector: str | None = None,
    expires_at: datetime,
    caller: Caller,
    now: datetime,
) -> tuple[ApiKey, str]:
    """A key and its clear text, which is not kept. Raises ``InvalidInput`` for scopes that no key may have."""
    wanted = frozenset(permissions)
    if not wanted or wanted - KEY_PERMISSIONS or not now < expires_at <= now + LONGEST:
        raise InvalidInput(
            Bilingual(
                "密钥的权限或有效期不符合规定（最长 400 天）",
                "a key's scopes or its life (400 days at most) are not allowed",
            ),
            code="key-scope",
        )
    secret = secrets.token_urlsafe(32)
    key = ApiKey(secret_hash=sha256(secret.encode()).digest(), unit=unit, subscriber=subscriber, sector=sector,
                 permissions=sorted(permission.value for permission in wanted), created_at=now, expires_at=expires_at)  # fmt: skip
    session.add(key)
    session.flush()
    audit.record(session, action="key.created", caller=caller, object=f"key:{key.id}", at=now,
                 details={"unit": unit, "permissions": key.permissions})  # fmt: skip
    return key, f"csk_{key.id}_{secret}"


def revoke_api_key(session: Session, key_id: int, *, caller: Caller, now: datetime) -> None:
    """End a key at once; raises ``NotFound``."""
    key = session.get(ApiKey, key_id)
    if key is None:
        raise NotFound(Bilingual("没有这个密钥", "no such key"), code="key-unknown")
    if key.revoked_at is None:
        key.revoked_at = now
        audit.record(session, action="key.revoked", caller=caller, object=f"key:{key.id}", at=now)


_KEYS = cast(Table, ApiKey.__table__)


class KeyRow(msgspec.Struct, gc=False):
    """What is read of a key at every request."""

    id: int
    secret_hash: str
    """In hexadecimal."""
    unit: str
    subscriber: str | None
    sector: str | None
    permissions: list[str]
    expires_at: datetime
    revoked_at: datetime | None
    used_at: datetime | None


@lru_cache(maxsize=2)
def _by_id(*, is_sqlite: bool) -> str:
    names = [name for name in KeyRow.__struct_fields__ if name != "secret_hash"]
    row = json_object(_KEYS, names, alias="a", is_sqlite=is_sqlite)
    digest = "lower(hex(a.secret_hash))" if is_sqlite else "encode(a.secret_hash, 'hex')"
    place, cast_to = ("?", "") if is_sqlite else ("%s", "::text")
    return f"SELECT {row[:-1]}, 'secret_hash', {digest}){cast_to} FROM api_key a WHERE a.id = {place}"


@lru_cache(maxsize=1024)
def _key_said(said: str) -> tuple[KeyRow, Caller]:
    """What a row says, and who it makes the caller. The row is read at every request; that it reads as before is all
    that is remembered.
    """
    key = _KEY_ROW.decode(said)
    for name in ("expires_at", "revoked_at", "used_at"):
        if (at := getattr(key, name)) is not None:
            setattr(key, name, with_zone(at))
    caller = Caller(CallerKind.API_KEY, account_id=key.id, person=f"key:{key.id}", name=key.unit, role="api_key", unit=key.unit,
                    sector=key.sector, permissions=frozenset(map(Permission, key.permissions)),
                    subscriber=key.subscriber)  # fmt: skip
    return key, caller


_KEY_ROW = msgspec.json.Decoder(KeyRow, strict=False)


def caller_of_key(session: Session, text: str, now: datetime) -> tuple[Caller, bool] | None:
    """Who a key is, and whether its use is worth noting; none if it is wrong, over or revoked."""
    driver, is_sqlite = driver_of(session)
    return recognised(driver, text, now, is_sqlite=is_sqlite)


def recognised(driver: Any, text: str, now: datetime, *, is_sqlite: bool) -> tuple[Caller, bool] | None:
    """The same by the driver's own connection and one statement: this is asked at every request."""
    match = _KEY.fullmatch(text)
    found = driver.execute(_by_id(is_sqlite=is_sqlite), (int(match.group(1)),)).fetchone() if match else None
    secret_hash = sha256(match.group(2).encode()).digest() if match else bytes(32)
    if found is None:
        return None
    key, caller = _key_said(found[0])
    if not hmac.compare_digest(bytes.fromhex(key.secret_hash), secret_hash):
        return None
    if key.revoked_at is not None or key.expires_at <= now:
        return None
    return caller, key.used_at is None or now - key.used_at > USED_EVERY


def note_uses(session: Writing, uses: Sequence[tuple[int, datetime]]) -> list[None]:
    """Remember when each key was last used, to the minute; always in the order of their numbers."""
    driver, is_sqlite = driver_of(session)
    place = "?" if is_sqlite else "%s"
    for key_id, at in sorted(uses):
        driver.execute(
            f"UPDATE api_key SET used_at = {place} WHERE id = {place}", (instant(at, is_sqlite=is_sqlite), key_id)
        )
    return [None] * len(uses)
