"""Keys that sign pushes: one after the other; for seven days after a new one the old one signs as well."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select
from sqlalchemy.orm import Session

from creditsvc.access import audit
from creditsvc.access.callers import Caller
from creditsvc.access.permissions import Permission
from creditsvc.kernel.errors import Conflict
from creditsvc.kernel.text import Bilingual
from creditsvc.storage.keyring import Keyring
from sync.tables_delivery import PushKey
from sync.wire.push import push_key

OVERLAP = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class PushKeys:
    """What signs now: the newest key, and the one before it while subscribers still change over."""

    newest: Ed25519PrivateKey
    before: tuple[Ed25519PrivateKey, ...] = ()
    until: datetime | None = None
    """When ``before`` stops signing."""

    @property
    def public(self) -> str:
        """The newest key's public half as Standard Webhooks writes it, handed over with the agreement."""
        return push_key(self.newest.public_key().public_bytes_raw())


def push_keys(session: Session, keyring: Keyring, now: datetime) -> PushKeys:
    """The keys that sign pushes now."""
    row = session.scalar(select(PushKey).order_by(PushKey.number.desc()).limit(1))
    if row is None:
        return PushKeys(_key(keyring, 1))
    until = row.from_at + OVERLAP
    if now >= until:
        return PushKeys(_key(keyring, row.number))
    return PushKeys(_key(keyring, row.number), (_key(keyring, row.number - 1),), until)


def rotate_push_key(session: Session, keyring: Keyring, *, caller: Caller, now: datetime) -> PushKeys:
    """A new key signs from now on. Raises ``NotAllowed``, ``Conflict`` (``push-key-young``) while two sign already."""
    caller.require(Permission.SUBSCRIBER_MANAGE)
    row = session.scalar(select(PushKey).order_by(PushKey.number.desc()).limit(1).with_for_update())
    if row is not None and now < row.from_at + OVERLAP:
        raise Conflict(
            Bilingual(
                "上一次更换未满七日，旧密钥仍在使用",
                "the last rotation is not seven days old: the old key is still in use",
            ),
            code="push-key-young",
        )
    number = row.number + 1 if row is not None else 2
    session.add(PushKey(number=number, from_at=now))
    session.flush()
    audit.record(session, action="push.key", caller=caller, object=f"push-key:{number}", at=now, details={})
    return push_keys(session, keyring, now)


def _key(keyring: Keyring, number: int) -> Ed25519PrivateKey:
    return keyring.signing_key(f"push/{number}")
