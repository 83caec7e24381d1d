"""Every single change of what is stored is found, and named; lawful erasure is not."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from creditsvc.services import Services
from sync.canaries import publish_canaries
from sync.key_lists import newest_list
from sync.log_check import check_feed, check_stream
from sync.tables_delivery import FeedAlarm
from sync.tables_feed import FeedDigest, FeedEntry, FeedStream, LogNode, StreamEvent
from sync.wire.keys import KeyList
from tests.support.feed_world import Register

STREAM = "agency"
COLUMNS: tuple[tuple[Any, tuple[str, ...]], ...] = (
    (StreamEvent, ("sequence", "leaf", "body", "entry", "revision", "type", "removes")),
    (FeedStream, ("epoch", "size", "frontier", "count", "state", "forget_before", "head")),
    (FeedEntry, ("entry", "revision", "sequence", "full_sequence", "bucket", "canary")),
    (FeedDigest, ("number", "digest")),
    (LogNode, ("level", "index", "hash")),
)
WAYS = ("change", "change", "change", "change", "change", "change", "delete", "swap")


@pytest.fixture
def log(sqlite_services: Services) -> tuple[Services, KeyList]:
    """A stream with a history of some 290 events: removals, corrections, annotations, a canary, erased bodies."""
    register = Register(sqlite_services)
    entries = register.listings(150)
    register.publish()
    for entry in entries[:126]:
        register.remove(entry)
    for entry in entries[126:132]:
        register.correct(entry)
    for entry in entries[132:136]:
        register.annotate(entry, "disputed")
    register.publish()
    publish_canaries(sqlite_services, sqlite_services.clock.now())
    with sqlite_services.database.reading() as session:
        keys = newest_list(session)
    assert keys is not None
    return sqlite_services, keys


def _findings(session: Session, keys: KeyList) -> list[str]:
    row = session.scalars(select(FeedStream).where(FeedStream.stream == STREAM)).one()
    return [f"{finding.what} {finding.where}" for finding in check_stream(session, row, keys)]


def _other(value: Any, chance: random.Random) -> Any:
    """The same value with one thing changed."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + chance.choice((-1, 1, 1000))
    if isinstance(value, bytes):
        if not value:
            return b"\0"
        at = chance.randrange(len(value))
        return value[:at] + bytes([value[at] ^ (1 << chance.randrange(8))]) + value[at + 1 :]
    at = chance.randrange(len(value))
    return value[:at] + chance.choice([letter for letter in "abz019_" if letter != value[at]]) + value[at + 1 :]


def _unseen(table: Any, row: Any, column: str) -> bool:
    """Beside an erased body only the leaf is vouched for, and the log as a whole for the place."""
    return table is StreamEvent and row.body is None and column in {"entry", "revision", "type", "removes", "body"}


def _tamper(session: Session, chance: random.Random) -> str:
    """One change by somebody with all rights of the database; what it was."""
    while True:
        table, columns = chance.choice(COLUMNS)
        way = chance.choice(WAYS) if table is not FeedStream else "change"
        keys = [column.name for column in table.__table__.primary_key]
        rows = session.scalars(select(table).where(table.stream == STREAM)).all()
        row = chance.choice(rows)
        here = [getattr(table, name) == getattr(row, name) for name in keys]
        if way == "delete":
            session.delete(row)
            session.flush()
            return f"delete {table.__name__}"
        column = chance.choice(columns)
        value = getattr(row, column)
        if _unseen(table, row, column):
            continue
        if way == "swap":
            other = getattr(chance.choice(rows), column)
            if other == value or column in keys:
                continue
        else:
            other = _other(value, chance)
        if (
            column in keys
            and session.scalar(select(table).where(*here[:-1], getattr(table, column) == other).limit(1)) is not None
        ):
            continue
        session.execute(update(table).where(*here).values({column: other}).execution_options(synchronize_session=False))
        session.expire_all()
        return f"{way} {table.__name__}.{column}"


def _undetected(services: Services, keys: KeyList, changes: int, seed: int) -> list[str]:
    chance, missed = random.Random(seed), []
    for _ in range(changes):
        with Session(services.database.write_engine) as session:
            what = _tamper(session, chance)
            if not _findings(session, keys):
                missed.append(what)
            session.rollback()
    return missed


def test_a_lawful_history_has_no_findings(log: tuple[Services, KeyList]) -> None:
    services, keys = log
    with services.database.reading() as session:
        assert _findings(session, keys) == []
    assert check_feed(services, services.clock.now()) == 0


def test_every_single_change_is_found(log: tuple[Services, KeyList]) -> None:
    assert _undetected(*log, changes=80, seed=1) == []


@pytest.mark.parametrize("kind", ["entry.removed", "entry.annotated", "entry.published"])
def test_a_body_that_nothing_has_erased_is_missed(log: tuple[Services, KeyList], kind: str) -> None:
    services, keys = log
    with services.database.writing() as session:
        held = StreamEvent.stream == STREAM, StreamEvent.type == kind, StreamEvent.body.is_not(None)
        sequence = session.scalars(select(StreamEvent.sequence).where(*held).limit(1)).one()
        session.execute(update(StreamEvent).where(*held[:1], StreamEvent.sequence == sequence).values(body=None))
    with services.database.reading() as session:
        assert len(_findings(session, keys)) == 1


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_ten_thousand_single_changes_are_found(log: tuple[Services, KeyList]) -> None:
    missed = _undetected(*log, changes=10_000, seed=7)
    sys.stdout.write(f"\nFIGURE tampering: 10,000 single changes, {len(missed)} not found\n")
    assert missed == []


def test_what_was_changed_is_named_and_told(log: tuple[Services, KeyList]) -> None:
    services, keys = log
    with services.database.writing() as session:
        session.execute(
            update(StreamEvent).where(StreamEvent.stream == STREAM, StreamEvent.sequence == 145).values(body=b"{}")
        )
    with services.database.reading() as session:
        assert "event 145" in _findings(session, keys)
    assert check_feed(services, services.clock.now()) > 0
    with services.database.reading() as session:
        assert session.scalars(select(FeedAlarm.kind)).all() == ["tampered"]


def test_a_head_by_another_key_is_found(log: tuple[Services, KeyList]) -> None:
    services, keys = log
    nobody: Callable[[KeyList], KeyList] = lambda known: replace(known, streams=())  # noqa: E731
    with services.database.reading() as session:
        assert _findings(session, nobody(keys)) == ["head signature"]
