"""Writes one pass of events to one stream: revisions, erasure, log, state."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from creditsvc.register.feed_fields import FeedFields
from sync.feed_state import rehash
from sync.tables_feed import FeedEntry, FeedStream, LogNode, StreamEvent
from sync.wire.events import EventType, build_event, commitment, event_bytes
from sync.wire.fields import project
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
        self._erase: dict[EventType, list[str]] = {}
        self._new: dict[str, FeedEntry] = {}

    def load(self, entries: Sequence[str]) -> None:
        """Fetch what this stream has of these entries."""
        for start in range(0, len(entries), CHUNK):
            query = select(FeedEntry).where(
                FeedEntry.stream == self._row.stream, FeedEntry.entry.in_(entries[start : start + CHUNK])
            )
            self._entries.update({row.entry: row for row in self._session.scalars(query)})

    def put(self, kind: EventType, fields: FeedFields) -> None:
        """Publish, correct or annotate an entry as it is now; what the stream never had is published."""
        held = self._entries.get(fields.entry)
        if held is None:
            kind = EventType.PUBLISHED
        elif kind is EventType.PUBLISHED:
            return
        salt = held.salt if held is not None and held.salt else secrets.token_bytes(32)
        revision = held.revision + 1 if held is not None else 1
        if kind is EventType.ANNOTATED:
            data = {
                "entry": fields.entry,
                "kind": fields.kind,
                "revision": revision,
                "marks": fields.data.get("marks", []),
            }
        else:
            data = project(fields.data | self._pseudonyms(fields, salt) | {"revision": revision}, self._row.stream)
        sequence = self._append(kind, fields.entry, revision, data)
        self._hold(
            held,
            fields,
            revision,
            sequence,
            salt,
            full=kind is not EventType.ANNOTATED,
            slips="subject" in data or "roles" in data,
        )
        self._erase.setdefault(kind, []).append(fields.entry)

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

    def _hold(self, held: FeedEntry | None, fields: FeedFields, revision: int, sequence: int, salt: bytes, *, full: bool,
              slips: bool) -> None:  # fmt: skip
        if held is None:
            held = FeedEntry(stream=self._row.stream, entry=fields.entry, bucket=bucket_number(fields.entry), salt=salt,
                             full_sequence=sequence, has_slip=False, revision=revision, sequence=sequence)  # fmt: skip
            self._entries[fields.entry] = self._new[fields.entry] = held
            self._row.count += 1
        held.revision, held.sequence = revision, sequence
        if full:
            held.full_sequence, held.has_slip = sequence, slips
        self._buckets.add(held.bucket)

    def remove(self, entry: str, kind: str, told: dict[str, Any]) -> None:
        """The entry leaves; nothing if this stream never had it. Its salt goes, and the bodies of its earlier events."""
        held = self._entries.pop(entry, None)
        if held is None:
            return
        data = {name: value for name, value in told.items() if value} | {
            "entry": entry,
            "kind": kind,
            "revision": held.revision + 1,
        }
        self._append(EventType.REMOVED, entry, held.revision + 1, data)
        self._buckets.add(held.bucket)
        self._row.count -= 1
        if self._new.pop(entry, None) is None:
            self._gone.append(entry)
        self._erase.setdefault(EventType.REMOVED, []).append(entry)

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
        """Write everything; whether the stream has moved."""
        if not self._events:
            return False
        session, row = self._session, self._row
        session.add_all(self._new.values())
        session.flush()
        for start in range(0, len(self._gone), CHUNK):
            some = self._gone[start : start + CHUNK]
            session.execute(
                delete(FeedEntry)
                .where(FeedEntry.stream == row.stream, FeedEntry.entry.in_(some))
                .execution_options(synchronize_session=False)
            )
        self._erase_bodies()
        session.execute(insert(StreamEvent), self._events)
        if self._nodes:
            session.execute(insert(LogNode), self._nodes)
        row.size, row.frontier = self._frontier.size, self._frontier.stored()
        row.state = rehash(session, row.stream, self._buckets)
        return True

    def _erase_bodies(self) -> None:
        """Erase earlier events, in this pass and before, as the new ones demand."""
        first = self._events[0]["sequence"]
        for kind, entries in self._erase.items():
            types = {str(erased) for erased in kind.erases}
            if not types:
                continue
            for start in range(0, len(entries), CHUNK):
                self._session.execute(
                    update(StreamEvent)
                    .where(
                        StreamEvent.stream == self._row.stream, StreamEvent.entry.in_(entries[start : start + CHUNK])
                    )
                    .where(StreamEvent.type.in_(types), StreamEvent.sequence < first)
                    .values(body=None)
                    .execution_options(synchronize_session=False)
                )
        self._erase_in_this_pass()

    def _erase_in_this_pass(self) -> None:
        later: dict[str, set[str]] = {}
        for event in reversed(self._events):
            erased = later.setdefault(event["entry"], set())
            if event["type"] in erased:
                event["body"] = None
            erased |= {str(kind) for kind in EventType(event["type"]).erases}
