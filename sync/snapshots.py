"""Snapshots: a stream's entries in force as one signed file, written line by line with flat memory."""

from __future__ import annotations

import fcntl
import gzip
import os
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Any

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from creditsvc.kernel.errors import Unavailable
from creditsvc.kernel.text import Bilingual
from creditsvc.services import Services
from sync.heads import origin_of
from sync.key_lists import stream_signers
from sync.sorted_lines import sorted_lines
from sync.tables_feed import FeedEntry, FeedStream, StreamEvent
from sync.wire.snapshot import Header, Tombstone, entry_line, stored_line, write_snapshot

FRESH_FOR = timedelta(seconds=20)
FRESH_FOR_EACH = timedelta(microseconds=100)
"""More of it for every entry: one that takes minutes to build isn't built again and again."""
PATIENCE = 20.0
"""Seconds that somebody waits for another's building, where there is nothing to hand over meanwhile."""
LEVEL = 1
BLOCK = 2000
CHUNK = 500
LARGE = 500_000
"""Entries from which on they are read as they came and sorted here."""


def snapshot_file(services: Services, stream: str, now: datetime) -> tuple[Path, int, int]:
    """The newest snapshot's file, its sequence and epoch; built if the head has moved on since the last one's time.

    One is built at a time: meanwhile the last one is handed over, if a subscriber can go on from it. Raises
    ``LookupError`` (no such stream), ``Unavailable`` (``snapshot-building``).
    """
    with services.database.reading() as session:
        row, folder = _stream(session, services, stream)
        have = _newest(folder)
        if have is not None and _will_do(row, have, now):
            return *have, row.epoch
    usable = have if have is not None and row.forget_before <= have[1] <= row.size else None
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _only_builder(folder, patience=0 if usable else PATIENCE) as alone:
        if alone:
            return _newer(services, stream, now)
    if usable is not None:
        return *usable, row.epoch
    raise Unavailable(
        Bilingual("快照正在生成，请稍后再试", "the snapshot is being built; try again shortly"),
        code="snapshot-building",
    )


def _newer(services: Services, stream: str, now: datetime) -> tuple[Path, int, int]:
    """Built now, unless whoever built before us has done it."""
    with services.database.reading() as session:
        row, folder = _stream(session, services, stream)
        have = _newest(folder)
        if have is not None and _will_do(row, have, now):
            return *have, row.epoch
        return _build(session, services, row, folder, now), row.size, row.epoch


def _stream(session: Session, services: Services, stream: str) -> tuple[FeedStream, Path]:
    row = session.get(FeedStream, stream)
    if row is None:
        raise LookupError(stream)
    return row, services.settings.home / "feed" / stream / str(row.epoch)


@contextmanager
def _only_builder(folder: Path, *, patience: float) -> Iterator[bool]:
    """Whether nobody else builds here; if so, nobody else does until the end, and what a killed builder left is removed."""
    until = time.monotonic() + patience
    with (folder / "building").open("ab") as file:
        while not (alone := _locked(file)) and time.monotonic() < until:
            time.sleep(0.1)
        if alone:
            for left in folder.glob("*.*.part"):
                left.unlink(missing_ok=True)
        yield alone


def _locked(file: IO[bytes]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _will_do(row: FeedStream, have: tuple[Path, int], now: datetime) -> bool:
    """A young one will do, unless events after it are forgotten already."""
    path, sequence = have
    young = _age(path, now) < FRESH_FOR + row.count * FRESH_FOR_EACH
    return sequence == row.size or (row.forget_before <= sequence <= row.size and young)


def _newest(folder: Path) -> tuple[Path, int] | None:
    files = [
        (path, int(path.name.split(".")[0])) for path in folder.glob("*.ndjson.gz") if path.name.split(".")[0].isdigit()
    ]
    return max(files, key=lambda found: found[1], default=None)


def _age(path: Path, now: datetime) -> timedelta:
    return timedelta(seconds=now.timestamp() - path.stat().st_mtime)


def _build(session: Session, services: Services, row: FeedStream, folder: Path, now: datetime) -> Path:
    origin = origin_of(services.settings.host, row)
    header = Header(count=row.count, epoch=row.epoch, sequence=row.size, state=bytes(row.state))
    part = folder / f"{row.size}.{secrets.token_hex(8)}.part"
    blocks = write_snapshot(
        origin,
        header,
        _entries(session, row, folder, part.name.removesuffix(".part")),
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


def _entries(session: Session, row: FeedStream, folder: Path, label: str) -> Iterator[bytes]:
    """Lines by name of the entry: fetched in that order, or sorted here where there are too many to look for each."""
    by_name = row.count < LARGE
    named = _named_lines(session, row.stream, by_name=by_name)
    return (line for _, line in named) if by_name else sorted_lines(named, folder, label)


def _named_lines(session: Session, stream: str, *, by_name: bool) -> Iterator[tuple[str, bytes]]:
    """Names and lines, by name or as they came: flat memory, and bytes as they were signed wherever that will do."""
    held, event = FeedEntry.__table__.c, StreamEvent.__table__.c
    query = (
        select(held.entry, held.sequence, held.full_sequence, held.canary, event.body)
        .join_from(
            FeedEntry.__table__,
            StreamEvent.__table__,
            (event.stream == held.stream) & (event.sequence == held.full_sequence),
        )
        .where(held.stream == stream)
        .order_by(held.entry if by_name else held.sequence)
        .execution_options(yield_per=BLOCK)
    )
    for rows in session.connection().execute(query).partitions():
        noted = _annotations(session, stream, [row[1] for row in rows if row[1] != row[2]])
        for entry, sequence, full_sequence, canary, body in rows:
            if sequence == full_sequence:
                yield entry, stored_line(body, sequence, canary=canary)
            else:
                yield entry, entry_line(_current(body, noted[sequence]), sequence, canary=canary)


def _annotations(session: Session, stream: str, sequences: Sequence[int]) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    for start in range(0, len(sequences), CHUNK):
        query = select(StreamEvent.sequence, StreamEvent.body).where(
            StreamEvent.stream == stream, StreamEvent.sequence.in_(sequences[start : start + CHUNK])
        )
        found.update((sequence, bytes(body or b"")) for sequence, body in session.execute(query))
    return found


def _current(body: bytes | None, annotation: bytes) -> dict[str, Any]:
    """The fields of the last full event with the marks and the revision of the annotation."""
    data: dict[str, Any] = msgspec.json.decode(body or b"")["data"]
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
