"""Snapshots: a stream's entries in force as one signed file, written line by line with flat memory."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from creditsvc.services import Services
from sync.heads import origin_of, stream_signer
from sync.tables_feed import FeedEntry, FeedStream, StreamEvent
from sync.wire.snapshot import Header, Tombstone, entry_line, write_snapshot

FRESH_FOR = timedelta(seconds=20)
LEVEL = 3
BLOCK = 2000


def snapshot_file(services: Services, stream: str, now: datetime) -> tuple[Path, int]:
    """The newest snapshot's file and its sequence; built if the head has moved on since, but not more than every 20 s."""
    with services.database.reading() as session:
        row = session.get(FeedStream, stream)
        if row is None:
            raise LookupError(stream)
        folder = services.settings.home / "feed" / stream / str(row.epoch)
        have = _newest(folder)
        if have is not None and (have[1] == row.size or _age(have[0], now) < FRESH_FOR):
            return have
        return _build(session, services, row, folder), row.size


def _newest(folder: Path) -> tuple[Path, int] | None:
    files = [
        (path, int(path.name.split(".")[0])) for path in folder.glob("*.ndjson.gz") if path.name.split(".")[0].isdigit()
    ]
    return max(files, key=lambda found: found[1], default=None)


def _age(path: Path, now: datetime) -> timedelta:
    return timedelta(seconds=now.timestamp() - path.stat().st_mtime)


def _build(session: Session, services: Services, row: FeedStream, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    origin = origin_of(services.settings.host, row)
    header = Header(count=row.count, epoch=row.epoch, sequence=row.size, state=bytes(row.state))
    part = folder / f"{row.size}.{os.getpid()}.part"
    blocks = write_snapshot(
        origin,
        header,
        _entries(session, row.stream),
        _tombstones(session, row),
        [stream_signer(services.keyring, origin)],
    )
    with gzip.open(part, "wb", compresslevel=LEVEL) as target:
        for block in blocks:
            target.write(block)
    done = folder / f"{row.size}.ndjson.gz"
    part.replace(done)
    for old in folder.glob("*.ndjson.gz"):
        if old.name.split(".")[0].isdigit() and int(old.name.split(".")[0]) < row.size:
            old.unlink(missing_ok=True)
    return done


def _entries(session: Session, stream: str) -> Iterator[bytes]:
    full, mark, after = aliased(StreamEvent), aliased(StreamEvent), ""
    query = (
        select(FeedEntry.entry, FeedEntry.sequence, FeedEntry.full_sequence, full.body, mark.body)
        .join(full, (full.stream == FeedEntry.stream) & (full.sequence == FeedEntry.full_sequence))
        .join(mark, (mark.stream == FeedEntry.stream) & (mark.sequence == FeedEntry.sequence))
        .where(FeedEntry.stream == stream)
        .order_by(FeedEntry.entry)
        .limit(BLOCK)
    )
    while rows := session.execute(query.where(FeedEntry.entry > after)).all():
        for entry, sequence, full_sequence, body, annotation in rows:
            yield entry_line(_current(body, annotation if sequence != full_sequence else None), sequence)
            after = entry


def _current(body: bytes | None, annotation: bytes | None) -> dict[str, Any]:
    data: dict[str, Any] = msgspec.json.decode(body or b"")["data"]
    if annotation is not None:
        noted = msgspec.json.decode(annotation)["data"]
        data = data | {"revision": noted["revision"], "marks": noted["marks"]}
    return data


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
