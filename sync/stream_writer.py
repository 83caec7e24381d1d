"""Writes one pass of events to one stream: revisions, erasure, log, state."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import ARRAY, Select, String, cast, delete, func, select
from sqlalchemy.orm import Session

from creditsvc.register.feed_fields import FeedFields
from creditsvc.storage.bulk import insert_rows
from sync.erasure import erase_before, erase_within
from sync.feed_state import rehash
from sync.stored_log import check_stored
from sync.tables_feed import FeedEntry, FeedStream, LogNode, StreamEvent
from sync.wire.events import EventType, build_event, commitment, event_bytes
from sync.wire.fields import RELIEF_STREAMS, RELIEFS, project
from sync.wire.ids import RANDOM_BYTES, event_id
from sync.wire.merkle import leaf_hash, load_frontier
from sync.wire.origins import Origin
from sync.wire.state import bucket_number
from sync.wire.subject import subject_digest

CHUNK = 500
TILE_HEIGHT = 8


def role_salt(salt: bytes, number: str) -> bytes:
    """The salt of an officer's subject: it goes when the entry's own salt goes."""
    return hmac.digest(salt, b"role\n" + number.encode(), "sha256")


def _held(session: Session, stream: str, entries: Sequence[str]) -> Select[FeedEntry]:
    """What a stream has of these entries. PostgreSQL is handed a set to join: without fresh statistics, just after a
    large list, it would else walk the whole stream for every pass."""
    query = select(FeedEntry).where(FeedEntry.stream == stream)
    if session.get_bind().dialect.name == "sqlite":
        return query.where(FeedEntry.entry.in_(entries))
    wanted = func.unnest(cast(list(entries), ARRAY(String))).table_valued("entry").render_derived()
    return query.join(wanted, FeedEntry.entry == wanted.c.entry)


def _columns(held: FeedEntry) -> dict[str, Any]:
    return {column.name: getattr(held, column.name) for column in FeedEntry.__table__.columns}


class Writer:
    """One stream's share of one pass."""

    def __init__(self, session: Session, row: FeedStream, origin: Origin, now: datetime) -> None:
        self._session, self._row, self._origin, self._now = session, row, origin, now
        self._frontier = load_frontier(row.size, row.frontier)
        self._entries: dict[str, FeedEntry] = {}
        self._events: list[dict[str, Any]] = []
        self._nodes: list[dict[str, Any]] = []
        self._buckets: set[int] = set()
        self._gone: list[str] = []
        self._new: dict[str, FeedEntry] = {}
        self._first = row.size + 1

    def load(self, entries: Sequence[str]) -> None:
        """Fetch what this stream has of these entries."""
        for start in range(0, len(entries), CHUNK):
            query = _held(self._session, self._row.stream, entries[start : start + CHUNK])
            self._entries.update({row.entry: row for row in self._session.scalars(query)})

    def put_canary(self, fields: FeedFields) -> None:
        """Publish a synthetic entry."""
        self.put(EventType.CANARY_PUBLISHED, fields)

    def put(self, kind: EventType, fields: FeedFields) -> bool:
        """Publish, correct or annotate an entry as it is now; what the stream never had is published.

        Whether there was anything to say: an annotation may change marks that this stream does not carry.
        """
        held = self._entries.get(fields.entry)
        if held is None:
            kind = kind if kind.is_canary else EventType.PUBLISHED
        elif kind is EventType.PUBLISHED:
            return False
        if kind is EventType.ANNOTATED and held is not None:
            return self._annotate(held, fields)
        salt = held.salt if held is not None and held.salt else secrets.token_bytes(32)
        revision = held.revision + 1 if held is not None else 1
        members = self._pseudonyms(fields, salt) | {"marks": self._marks(fields, salt), "revision": revision}
        data = project(fields.data | members, self._row.stream)
        sequence = self._append(kind, fields.entry, revision, data)
        held = held or self._new_entry(fields.entry, salt, canary=kind.is_canary)
        held.full_sequence, held.has_slip = sequence, "subject" in data or "roles" in data
        self._move(held, revision, sequence)
        return True

    def _annotate(self, held: FeedEntry, fields: FeedFields) -> bool:
        marks = [mark for mark in self._marks(fields, held.salt) if self._carries(mark["mark"])]
        if marks == self._marks_now(held):
            return False
        data = {"entry": fields.entry, "kind": fields.kind, "revision": held.revision + 1, "marks": marks}
        self._move(held, held.revision + 1, self._append(EventType.ANNOTATED, fields.entry, held.revision + 1, data))
        return True

    def _marks(self, fields: FeedFields, salt: bytes | None) -> list[dict[str, Any]]:
        """The entry's marks, then what single officers were granted, under the pseudonyms of their roles."""
        own = [
            {**relief.mark, "subject": subject_digest(role_salt(salt, relief.number), relief.number)}
            for relief in fields.own_reliefs
            if salt
        ]
        return [*fields.data.get("marks", []), *own]

    def _carries(self, mark: str) -> bool:
        return mark not in RELIEFS or self._row.stream in RELIEF_STREAMS

    def _marks_now(self, held: FeedEntry) -> list[dict[str, Any]]:
        before = held.sequence - self._first
        if before >= 0:
            body = self._events[before]["body"]
        else:
            body = self._session.scalar(
                select(StreamEvent.body).where(
                    StreamEvent.stream == self._row.stream, StreamEvent.sequence == held.sequence
                )
            )
        marks: list[dict[str, Any]] = msgspec.json.decode(body)["data"].get("marks", []) if body else []
        return marks

    def _new_entry(self, entry: str, salt: bytes, *, canary: bool) -> FeedEntry:
        held = FeedEntry(stream=self._row.stream, entry=entry, bucket=bucket_number(entry), salt=salt, revision=0,
                         sequence=0, full_sequence=0, has_slip=False, canary=canary)  # fmt: skip
        self._entries[entry] = self._new[entry] = held
        self._row.count += 1
        return held

    def _move(self, held: FeedEntry, revision: int, sequence: int) -> None:
        held.revision, held.sequence = revision, sequence
        self._buckets.add(held.bucket)

    def _pseudonyms(self, fields: FeedFields, salt: bytes) -> dict[str, Any]:
        made: dict[str, Any] = {}
        if fields.data.get("debtor_kind") == "person":
            made["subject"] = subject_digest(salt, fields.subject_number)
        if fields.roles:
            made["roles"] = [
                {"role": role.role, "name": role.name, "from": role.from_day,
                 "subject": subject_digest(role_salt(salt, role.number), role.number)} | ({"to": role.to_day} if role.to_day else {})
                for role in fields.roles
            ]  # fmt: skip
        return made

    def remove(self, entry: str, kind: str, told: dict[str, Any]) -> bool:
        """The entry leaves, its salt goes, and the bodies of its earlier events; false if this stream never had it."""
        held = self._entries.pop(entry, None)
        if held is None:
            return False
        members = {"entry": entry, "kind": kind, "revision": held.revision + 1}
        data = {name: value for name, value in told.items() if value} | members
        type_ = EventType.CANARY_REMOVED if held.canary else EventType.REMOVED
        self._append(type_, entry, held.revision + 1, data)
        self._buckets.add(held.bucket)
        self._row.count -= 1
        if self._new.pop(entry, None) is None:
            self._gone.append(entry)
        return True

    def _append(self, kind: EventType, entry: str, revision: int, data: dict[str, Any]) -> int:
        sequence = self._frontier.size + 1
        event = build_event(
            type=kind, event_id=event_id(secrets.token_bytes(RANDOM_BYTES)), sequence=sequence, origin=self._origin, time=self._now,
            data=data, salt=secrets.token_bytes(32),
        )  # fmt: skip
        leaf = commitment(event)
        self._events.append(
            {"stream": self._row.stream, "sequence": sequence, "entry": entry, "revision": revision, "type": str(kind),
             "removes": kind.removes, "leaf": leaf, "body": event_bytes(event), "at": self._now}
        )  # fmt: skip
        for level, index, digest in self._frontier.append(leaf_hash(leaf)):
            if level and level % TILE_HEIGHT == 0:
                self._nodes.append({"stream": self._row.stream, "level": level, "index": index, "hash": digest})
        return sequence

    def finish(self) -> bool:
        """Write everything, read it back and hash it again; whether the stream has moved."""
        if not self._events:
            return False
        session, row = self._session, self._row
        insert_rows(session, FeedEntry, [_columns(held) for held in self._new.values()])
        self._drop_entries()
        erase_before(session, row.stream, self._events)
        erase_within(self._events)
        insert_rows(session, StreamEvent, self._events)
        insert_rows(session, LogNode, self._nodes)
        check_stored(session, row, self._frontier)
        row.size, row.frontier = self._frontier.size, self._frontier.stored()
        row.state = rehash(session, row.stream, self._buckets)
        return True

    def _drop_entries(self) -> None:
        for start in range(0, len(self._gone), CHUNK):
            some = self._gone[start : start + CHUNK]
            self._session.execute(
                delete(FeedEntry)
                .where(FeedEntry.stream == self._row.stream, FeedEntry.entry.in_(some))
                .execution_options(synchronize_session=False)
            )
