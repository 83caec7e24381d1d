"""Identity slips: how one subscriber gets the numbers behind the subjects, as its agreement says."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from sqlalchemy import select
from sqlalchemy.orm import Session

from creditsvc.register.feed_fields import FeedFields
from creditsvc.services import Services
from creditsvc.storage.keyring import Keyring
from sync.entry_fields import entry_fields
from sync.stream_writer import role_salt
from sync.tables_feed import Agreement, FeedEntry, FeedStream, Subscriber
from sync.wire.slips import MOST, Identity, Slip, seal_block, token_block, tokens_of


def token_key(keyring: Keyring, subscriber: str) -> bytes:
    """The key shared with one subscriber; no two subscribers can join their copies by tokens."""
    return keyring.derive(f"subscriber/{subscriber}/token/1")


def slips_after(
    session: Session, services: Services, subscriber: Subscriber, agreement: Agreement, *, stream: str, after: int
) -> tuple[bytes, int]:
    """Slips of entries whose current revision came after a sequence, and where the next answer begins."""
    query = select(FeedEntry).where(
        FeedEntry.stream == stream, FeedEntry.sequence > after, FeedEntry.has_slip.is_(True)
    )
    held = session.scalars(query.order_by(FeedEntry.sequence).limit(MOST)).all()
    fields = entry_fields(session, services, [row.entry for row in held])
    slips = [_slip(row, fields[row.entry]) for row in held if row.entry in fields and row.salt]
    following = held[-1].sequence if len(held) == MOST else max(after, _size(session, stream))
    return _block(slips, services, subscriber, agreement), following


def _size(session: Session, stream: str) -> int:
    return session.scalar(select(FeedStream.size).where(FeedStream.stream == stream)) or 0


def _slip(row: FeedEntry, fields: FeedFields) -> Slip:
    salt = bytes(row.salt or b"")
    own = Identity(fields.subject_number, salt) if fields.data.get("debtor_kind") == "person" else None
    roles = (
        tuple(Identity(role.number, role_salt(salt, role.number)) for role in fields.roles)
        if row.stream == "agency"
        else ()
    )
    return Slip(row.entry, row.revision, own, roles)


def _block(slips: Sequence[Slip], services: Services, subscriber: Subscriber, agreement: Agreement) -> bytes:
    if not slips:
        return b""
    if agreement.slip_mode == "number" and agreement.recipient:
        recipient = X25519PublicKey.from_public_bytes(bytes(agreement.recipient))
        return seal_block(slips, recipient, key=secrets.token_bytes(32))
    key = token_key(services.keyring, subscriber.name)
    return token_block(tokens_of(slip, key) for slip in slips)
