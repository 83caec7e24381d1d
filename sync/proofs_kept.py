"""Proofs that were handed out are kept: the same file comes again until there is more to say. Fills ``removal_proof``.

Each proof names its own time and head, so one made anew would have another digest although nothing had changed, and
whoever compares two downloads, or a paper with a file, would find them unlike.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from hashlib import sha256

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditsvc.ports import RemovalProof
from creditsvc.services import Services
from sync.removal_proof import described, prove_removal
from sync.tables_delivery import KeptProof
from sync.wire.errors import BundleInvalid
from sync.wire.removal import StreamProof, verify_bundle


def kept_proof(services: Services, session: Session, entry: str, now: datetime) -> RemovalProof | None:
    """The last proof that was handed out, if it still says all that there is; else a new one, which is kept. None as
    ``prove_removal``."""
    made = prove_removal(services, session, entry, now)
    if made is None:
        return None
    query = select(KeptProof).where(KeptProof.entry == entry).order_by(KeptProof.id.desc()).limit(1)
    last = session.scalar(query)
    if last is not None and says_as_much(bytes(last.bundle), made.bundle):
        return replace(described(bytes(last.bundle), last.made_at), holders=made.holders)
    row = KeptProof(entry=entry, digest=sha256(made.bundle).hexdigest(), bundle=made.bundle, made_at=now)
    if session.get_bind() is services.database.write_engine:
        session.add(row)
        session.flush()
    else:
        # whoever downloads it only reads: what is handed out is kept all the same
        with services.database.writing() as writing:
            writing.add(row)
    return made


def says_as_much(old: bytes, new: bytes) -> bool:
    """Whether an older proof names the same holders as far as they are now, under no fewer witnesses."""
    try:
        before, after = verify_bundle(old), verify_bundle(new)
    except BundleInvalid:
        return False
    return len(before.streams) == len(after.streams) and all(
        _alike(one, other) for one, other in zip(before.streams, after.streams, strict=True)
    )


def _alike(old: StreamProof, new: StreamProof) -> bool:
    same = (old.statement.stream_epoch, old.statement.holders) == (new.statement.stream_epoch, new.statement.holders)
    return same and set(new.witnesses) <= set(old.witnesses)
