"""Streams come into being, heads are signed, the key list is made.

The signing keys of streams are derived from the root secret; the three root keys of the key list are files that belong
offline: two of them sign a list, and no job ever needs them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from creditsvc.kernel.days import legal_day
from creditsvc.services import Services
from creditsvc.storage.keyring import Keyring
from sync.ladder import move_watermark
from sync.tables_feed import FeedHead, FeedKeyList, FeedStream
from sync.wire.head import Head, sign_head
from sync.wire.keys import DatedKey, KeyList, StreamKey, sign_key_list
from sync.wire.merkle import EMPTY_ROOT, load_frontier
from sync.wire.notes import Signer
from sync.wire.origins import STREAMS, Origin
from sync.wire.state import EMPTY_STATE

LIFE = timedelta(hours=1)
RESIGN_AFTER = timedelta(minutes=4)
KEEP_HEADS = timedelta(days=1)
KEYS_LIFE = timedelta(days=730)
ROOTS = 3


def origin_of(host: str, row: FeedStream) -> Origin:
    """Where this epoch of the stream is published."""
    return Origin(host, row.stream, row.epoch)


def stream_signer(keyring: Keyring, origin: Origin) -> Signer:
    """The key that signs this epoch's heads and snapshots."""
    return Signer(origin.text, keyring.signing_key(f"stream/{origin.stream_epoch}"))


def sign(row: FeedStream, keyring: Keyring, host: str, now: datetime) -> None:
    """Sign the head of what the row says; it expires an hour later."""
    frontier = load_frontier(row.size, row.frontier)
    head = Head(
        origin=origin_of(host, row),
        size=row.size,
        root=frontier.root() if row.size else EMPTY_ROOT,
        count=row.count,
        state=row.state,
        published=now,
        expires=now + LIFE,
        forget_before=row.forget_before,
    )
    row.head, row.signed_at = sign_head(head, [stream_signer(keyring, head.origin)]), now


def remember(session: Session, row: FeedStream, now: datetime) -> None:
    """Keep the state at this head for the receipts of the next day."""
    if session.get(FeedHead, (row.stream, row.size)) is None:
        session.add(FeedHead(stream=row.stream, sequence=row.size, count=row.count, state=row.state, at=now))


def resign_heads(services: Services, now: datetime) -> int:
    """Sign again every head that is older than four minutes, with the watermark of now; how many."""
    with services.database.reading() as session:
        due = session.scalars(select(FeedStream.stream).where(FeedStream.signed_at < now - RESIGN_AFTER)).all()
    if not due:
        return 0
    with services.database.writing() as session:
        query = select(FeedStream).where(FeedStream.stream.in_(due)).order_by(FeedStream.stream)
        for row in session.scalars(query.with_for_update()):
            move_watermark(session, row, legal_day(now))
            sign(row, services.keyring, services.settings.host, now)
            _keep_head(session, row, now)
        session.execute(delete(FeedHead).where(FeedHead.at < now - KEEP_HEADS))
    return len(due)


def _keep_head(session: Session, row: FeedStream, now: datetime) -> None:
    head = session.get(FeedHead, (row.stream, row.size))
    if head is None:
        remember(session, row, now)
    else:
        head.at = now


def prepare_feed(services: Services, now: datetime) -> None:
    """Make the streams and the key list, if they are not there; safe to repeat."""
    with services.database.writing() as session:
        for stream in STREAMS:
            if session.get(FeedStream, stream) is None:
                row = FeedStream(stream=stream, epoch=1, size=0, frontier=b"", count=0, state=EMPTY_STATE, forget_before=0,
                                 head="", signed_at=now, advanced_at=now)  # fmt: skip
                sign(row, services.keyring, services.settings.host, now)
                session.add(row)
                remember(session, row, now)
        session.flush()
        _ensure_key_list(session, services, now)


def _ensure_key_list(session: Session, services: Services, now: datetime) -> None:
    newest = session.scalar(select(FeedKeyList).order_by(FeedKeyList.version.desc()).limit(1))
    if newest is not None and newest.note.startswith(f"{services.settings.host}/v1/keys\n"):
        return
    roots = _root_signers(services.settings.keys / "offline", services.settings.host)
    first, last = legal_day(now), legal_day(now + KEYS_LIFE)
    origins = [
        origin_of(services.settings.host, row)
        for row in session.scalars(select(FeedStream).order_by(FeedStream.stream))
    ]
    keys = KeyList(
        host=services.settings.host,
        version=(newest.version if newest else 0) + 1,
        roots=tuple(DatedKey(root.verifier, first, last) for root in roots.values()),
        streams=tuple(
            StreamKey(
                origin.stream, origin.epoch, DatedKey(stream_signer(services.keyring, origin).verifier, first, last)
            )
            for origin in origins
        ),
        witnesses=(),
    )
    note = sign_key_list(keys, list(roots.values())[:2])
    session.add(FeedKeyList(version=keys.version, note=note, made_at=now))


def _root_signers(folder: Path, host: str) -> Mapping[str, Signer]:
    """The three roots, made at the first start. Their folder says that they belong offline."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    signers = {}
    for number in range(1, ROOTS + 1):
        path = folder / f"root-{number}.key"
        if not path.exists():
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400), "wb") as file:
                file.write(Ed25519PrivateKey.generate().private_bytes_raw())
        private = Ed25519PrivateKey.from_private_bytes(path.read_bytes())
        signers[path.stem] = Signer(f"{host}/root-{number}", private)
    note = folder / "README.txt"
    if not note.exists():
        note.write_text(
            "这三把根密钥签署密钥清单，任何日常任务都不需要它们。请分别交三人离线保管，并从本机删除。\n"
            "These three root keys sign the list of keys; no daily work needs them. Give them to three people, offline,\n"
            "and remove them from this machine.\n",
            encoding="utf-8",
        )
    return signers


def key_list_note(session: Session) -> str:
    """The newest key list."""
    return session.scalar(select(FeedKeyList.note).order_by(FeedKeyList.version.desc()).limit(1)) or ""
