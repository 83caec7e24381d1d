"""Snapshots: a stream's entries in force as one signed file, written line by line with flat memory."""

from __future__ import annotations

import gzip
import os
import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from creditsvc.services import Services
from sync.heads import origin_of
from sync.key_lists import stream_signers
from sync.tables_feed import FeedEntry, FeedStream, StreamEvent
from sync.wire.snapshot import Header, Tombstone, entry_line, write_snapshot

FRESH_FOR = timedelta(seconds=20)
LEVEL = 3
BLOCK = 2000


def snapshot_file(services: Services, stream: str, now: datetime) -> tuple[Path, int, int]:
    """The newest snapshot's file, its sequence and epoch; built if the head has moved on since, but not more than every 20 s."""
    with services.database.reading() as session:
        row = session.get(FeedStream, stream)
        if row is None:
            raise LookupError(stream)
        folder = services.settings.home / "feed" / stream / str(row.epoch)
        have = _newest(folder)
        if have is not None and _will_do(row, have, now):
            return *have, row.epoch
        return _build(session, services, row, folder, now), row.size, row.epoch


def _will_do(row: FeedStream, have: tuple[Path, int], now: datetime) -> bool:
    """A young one will do, unless events after it are forgotten already."""
    path, sequence = have
    return sequence == row.size or (row.forget_before <= sequence <= row.size and _age(path, now) < FRESH_FOR)


def _newest(folder: Path) -> tuple[Path, int] | None:
    files = [
        (path, int(path.name.split(".")[0])) for path in folder.glob("*.ndjson.gz") if path.name.split(".")[0].isdigit()
    ]
    return max(files, key=lambda found: found[1], default=None)


def _age(path: Path, now: datetime) -> timedelta:
    return timedelta(seconds=now.timestamp() - path.stat().st_mtime)


def _build(session: Session, services: Services, row: FeedStream, folder: Path, now: datetime) -> Path:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    origin = origin_of(services.settings.host, row)
    header = Header(count=row.count, epoch=row.epoch, sequence=row.size, state=bytes(row.state))
    part = folder / f"{row.size}.{secrets.token_hex(8)}.part"
    blocks = write_snapshot(
        origin,
        header,
        _entries(session, row.stream),
        _tombstones(session, row),
        stream_signers(session, services.keyring, origin, now),
    )
    with gzip.open(part, "wb", compresslevel=LEVEL) as target:
        for block in blocks:
            target.write(block)
    os.utime(part, (now.timestamp(), now.timestamp()))
    done = folder / f"{row.size}.ndjson.gz"
    part.replace(done)
    for old in folder.glob("*.ndjson.gz"):
        if old.name.split(".")[0].isdigit() and int(old.name.split(".")[0]) < row.size:
            old.unlink(missing_ok=True)
    return done


def _entries(session: Session, stream: str) -> Iterator[bytes]:
    full, mark, after = aliased(StreamEvent), aliased(StreamEvent), ""
    query = (
        select(FeedEntry.entry, FeedEntry.sequence, FeedEntry.full_sequence, FeedEntry.canary, full.body, mark.body)
        .join(full, (full.stream == FeedEntry.stream) & (full.sequence == FeedEntry.full_sequence))
        .join(mark, (mark.stream == FeedEntry.stream) & (mark.sequence == FeedEntry.sequence))
        .where(FeedEntry.stream == stream)
        .order_by(FeedEntry.entry)
        .limit(BLOCK)
    )
    while rows := session.execute(query.where(FeedEntry.entry > after)).all():
        for entry, sequence, full_sequence, canary, body, annotation in rows:
            data = _current(body, annotation if sequence != full_sequence else None)
            yield entry_line(data, sequence, canary=canary)
            after = entry


def _current(body: bytes | None, annotation: bytes | None) -> dict[str, Any]:
    data: dict[str, Any] = msgspec.json.decode(body or b"")["data"]
    if annotation is not None:
        noted = msgspec.json.decode(annotation)["data"]
        data = data | {"revision": noted["revision"], "marks": noted["marks"]}
    return {name: value for name, value in data.items() if name != "marks" or value}


def _tombstones(session: Session, row: FeedStream) -> Iterator[Tombstone]:
    query = (
        select(StreamEvent.sequence, StreamEvent.entry, StreamEvent.body)
        .where(
            StreamEvent.stream == row.stream, StreamEvent.removes.is_(True), StreamEvent.sequence > row.forget_before
        )
        .order_by(StreamEvent.sequence)
        .execution_options(yield_per=BLOCK)
    )
    for sequence, entry, body in session.execute(query):
        data = msgspec.json.decode(body or b"")["data"]
        yield Tombstone(effect=data["effect"], entry=entry, exit=data["exit"], sequence=sequence)
