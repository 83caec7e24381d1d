"""The journal of acts, each row chained to the one before by SHA-256.

The chain shows a change, a swap or a hole. It does not show that its tail was cut off: for that, its head is published
with the feed's witnesses later on.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from creditsvc.access.callers import Caller
from creditsvc.access.tables import AuditEntry, AuditHead

_NAME = "journal"
_START = bytes(32)


def record(
    session: Session,
    *,
    action: str,
    caller: Caller,
    object: str,
    at: datetime,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Add one act to this transaction. Never put personal data into the details."""
    head = _head(session)
    entry = AuditEntry(
        sequence=head.sequence + 1, at=at, actor=caller.actor, action=action, object=object, details=dict(details or {}),
        digest=b"",
    )  # fmt: skip
    entry.digest = digest_of(head.digest, entry)
    head.sequence, head.digest = entry.sequence, entry.digest
    session.add(entry)
    session.flush()


def _head(session: Session) -> AuditHead:
    """The journal's end, locked until this transaction is over: acts are numbered one after the other."""
    query = select(AuditHead).where(AuditHead.name == _NAME).with_for_update().execution_options(populate_existing=True)
    head = session.scalar(query)
    if head is None:
        with suppress(IntegrityError), session.begin_nested():
            session.add(AuditHead(name=_NAME, sequence=0, digest=_START))
        head = session.scalars(query).one()
    return head


def digest_of(before: bytes, entry: AuditEntry) -> bytes:
    """SHA-256 over the digest before and the row in a fixed form."""
    row = [
        entry.sequence,
        entry.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        entry.actor,
        entry.action,
        entry.object,
        entry.details,
    ]
    return sha256(before + json.dumps(row, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()).digest()


def first_break(session: Session) -> int | None:
    """The number of the first row that does not follow from the one before; none if the chain is whole."""
    before, expected = _START, 1
    for entry in session.scalars(select(AuditEntry).order_by(AuditEntry.sequence)).yield_per(1000):
        if entry.sequence != expected or entry.digest != digest_of(before, entry):
            return expected
        before, expected = entry.digest, expected + 1
    head = session.get(AuditHead, _NAME)
    if head is not None and (head.sequence, head.digest) != (expected - 1, before):
        return expected
    return None
