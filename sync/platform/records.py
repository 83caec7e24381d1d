"""What the `platform` stream says of entries, read for sending: as they stand, and as they left.

Rows are always made of what stands *now*: an event tells only that there is something to say. So an addition that was
corrected before it went out goes out once, corrected, and one that has left never goes out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hmac import digest
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session, aliased

from creditsvc.kernel.load import courts
from creditsvc.register.feed_fields import person_numbers
from creditsvc.register.tables import Listing
from creditsvc.services import Services
from creditsvc.storage.subjects import Subject
from sync.entry_fields import OF_THE_REGISTER, entry_fields, kind_of
from sync.platform.shape.rows import End, Record
from sync.platform.tables import PlatformRow
from sync.slip_answers import token_key
from sync.tables_feed import FeedEntry, FeedStream, StreamEvent
from sync.wire.events import EventType

STREAM = "platform"
CHUNK = 500
NUMBER, TOKEN = "number", "token"
_TOKEN = b"alf-token-1\n"
_PUBLISHED, _REMOVED = EventType.PUBLISHED.value, EventType.REMOVED.value
_CHANGES = (EventType.CORRECTED.value, EventType.ANNOTATED.value)


class Page(NamedTuple):
    """Entries that something has been said of, and the sequence up to which that is all."""

    entries: Sequence[str]
    through: int
    is_last: bool


@dataclass(frozen=True, slots=True)
class Identities:
    """How this platform gets numbers, by its agreement: ``number``, ``token``, or not at all (no agreement: ``""``)."""

    mode: str
    subscriber: str


def stream_row(session: Session) -> FeedStream | None:
    """The stream, if it has been made."""
    return session.get(FeedStream, STREAM)


@cache
def divisions() -> Mapping[str, str]:
    """Division codes of the courts, by the courts' own."""
    return {court.code: court.division_code for court in courts().all()}


def removals(session: Session, after: int, size: int, limit: int) -> Page:
    """Entries that left after a sequence."""
    return _page(session, after, size, limit, (_REMOVED,), removes=True)


def changes(session: Session, after: int, size: int, limit: int) -> Page:
    """Entries that were corrected or annotated after a sequence."""
    return _page(session, after, size, limit, _CHANGES)


class Fresh(NamedTuple):
    """Entries that nobody has been told of, as they stand, and the sequence up to which that is all."""

    records: Sequence[Record]
    through: int
    is_last: bool


def fresh(
    session: Session, services: Services, link_id: int, who: Identities, kinds: Iterable[str], *, after: int, size: int,
    limit: int,
) -> Fresh:  # fmt: skip
    """Entries published after a sequence of which nothing else was said since and no row went out, by one statement.

    This is the way of a whole list: a million entries come through here, ten thousand at a time.
    """
    rows: Sequence[Any] = (
        session.connection().execute(FRESH, {"link": link_id, "after": after, "size": size, "limit": limit}).all()
    )
    is_last = len(rows) < limit
    through = size if is_last else rows[-1][0]
    wanted = frozenset(kinds)
    untold = [row for row in rows if row[2] == row[0] and row[3] is None and not row[4]]
    bodies = [data_of(row[1]) for row in untold]
    numbers = _opened(session, services, untold, bodies) if who.mode else {}
    token = tokens(services, who)
    found: list[Record] = []
    for data in bodies:
        if data["kind"] in wanted:
            number = numbers.get(data["entry"], "")
            found.append(record_of(data, number if who.mode == NUMBER else "", token(number)))
    return Fresh(found, through, is_last)


def data_of(body: bytes) -> dict[str, Any]:
    """What an event's body says of its entry."""
    return _EVENT.decode(body).data


def record_of(data: dict[str, Any], number: str, token: str) -> Record:
    """An entry as it stands, of what its event says; the court's division is looked up."""
    data["court_division"] = divisions().get(data.get("court_code", ""))
    return Record(data["entry"], data["revision"], data["kind"], data.get("debtor_kind", "person"), data, number, token)


class _Event(msgspec.Struct):
    data: dict[str, Any]


_EVENT = msgspec.json.Decoder(_Event)
FRESH = (
    select(StreamEvent.sequence, StreamEvent.body, FeedEntry.sequence, PlatformRow.entry, FeedEntry.canary, Subject.id,
           Subject.number_cell)
    .outerjoin(FeedEntry, (FeedEntry.stream == STREAM) & (FeedEntry.entry == StreamEvent.entry))
    .outerjoin(PlatformRow, (PlatformRow.link_id == bindparam("link")) & (PlatformRow.entry == StreamEvent.entry))
    .outerjoin(Listing, (Listing.entry == StreamEvent.entry) & (Listing.debtor_kind == "person"))
    .outerjoin(Subject, Subject.id == Listing.subject_id)
    .where(StreamEvent.stream == STREAM, StreamEvent.sequence > bindparam("after"), StreamEvent.sequence <= bindparam("size"),
           StreamEvent.type == _PUBLISHED)
    .order_by(StreamEvent.sequence).limit(bindparam("limit"))
)  # fmt: skip


def _opened(
    session: Session, services: Services, rows: Sequence[Any], bodies: Sequence[dict[str, Any]]
) -> dict[str, str]:
    cells = {row[5]: row[6] for row in rows if row[6] is not None}
    opened = services.vault.open_many(cells, table="subject", column="number_cell")
    found = {data["entry"]: opened[row[5]] for row, data in zip(rows, bodies, strict=True) if row[5] in opened}
    others = [data["entry"] for data in bodies if kind_of(data["entry"]) not in OF_THE_REGISTER]
    return found | (_numbers(session, services, others) if others else {})


def tokens(services: Services, who: Identities) -> Callable[[str], str]:
    """How a number becomes this subscriber's token; empty unless its agreement gives tokens."""
    if who.mode != TOKEN:
        return lambda _number: ""
    key = token_key(services.keyring, who.subscriber)
    return lambda number: digest(key, _TOKEN + number.encode(), "sha256").hex() if number else ""


def _page(session: Session, after: int, size: int, limit: int, types: Sequence[str], *, removes: bool = False) -> Page:
    query = select(StreamEvent.sequence, StreamEvent.entry).where(
        StreamEvent.stream == STREAM, StreamEvent.sequence > after, StreamEvent.sequence <= size, StreamEvent.type.in_(types)
    )  # fmt: skip
    if removes:
        query = query.where(StreamEvent.removes.is_(True))
    rows = session.execute(query.order_by(StreamEvent.sequence).limit(limit)).all()
    is_last = len(rows) < limit
    return Page(list(dict.fromkeys(entry for _, entry in rows)), size if is_last else rows[-1][0], is_last)


def standing(
    session: Session, services: Services, entries: Sequence[str], who: Identities, kinds: Iterable[str]
) -> dict[str, Record]:
    """Entries as they stand, by name; what has left, is made up, or is of another kind is absent."""
    found: dict[str, Record] = {}
    wanted = frozenset(kinds)
    numbers = _numbers(session, services, entries) if who.mode else {}
    token = tokens(services, who)
    for data in _bodies(session, entries):
        if data["kind"] in wanted:
            number = numbers.get(data["entry"], "")
            found[data["entry"]] = record_of(data, number if who.mode == NUMBER else "", token(number))
    return found


def _numbers(session: Session, services: Services, entries: Sequence[str]) -> dict[str, str]:
    """Canonical numbers of people, in memory for this call; the register's by a way of their own, since they are many."""
    found = person_numbers(session, services.vault, entries)
    others = [entry for entry in entries if kind_of(entry) not in OF_THE_REGISTER]
    for entry, fields in (entry_fields(session, services, others) if others else {}).items():
        if fields.data.get("debtor_kind") == "person":
            found[entry] = fields.subject_number
    return found


def _bodies(session: Session, entries: Sequence[str]) -> Iterable[dict[str, Any]]:
    full, newest = aliased(StreamEvent), aliased(StreamEvent)
    decode = msgspec.json.decode
    for start in range(0, len(entries), CHUNK):
        query = (
            select(FeedEntry.sequence, FeedEntry.full_sequence, full.body, newest.body)
            .join(full, (full.stream == FeedEntry.stream) & (full.sequence == FeedEntry.full_sequence))
            .join(newest, (newest.stream == FeedEntry.stream) & (newest.sequence == FeedEntry.sequence))
            .where(FeedEntry.stream == STREAM, FeedEntry.entry.in_(entries[start : start + CHUNK]),
                   FeedEntry.canary.is_(False))
        )  # fmt: skip
        for sequence, full_sequence, body, annotation in session.execute(query):
            data: dict[str, Any] = decode(body or b"")["data"]
            if sequence != full_sequence:
                noted = decode(annotation or b"")["data"]
                data["revision"], data["marks"] = noted["revision"], noted["marks"]
            yield data


def ended(session: Session, entries: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    """What was said of entries when they left, by name."""
    found: dict[str, Mapping[str, Any]] = {}
    for start in range(0, len(entries), CHUNK):
        query = select(StreamEvent.entry, StreamEvent.body).where(
            StreamEvent.stream == STREAM, StreamEvent.type == _REMOVED, StreamEvent.entry.in_(entries[start : start + CHUNK])
        )  # fmt: skip
        found.update(
            (entry, msgspec.json.decode(body or b"{}").get("data", {})) for entry, body in session.execute(query)
        )
    return found


def ending(entry: str, shape: str, data: Mapping[str, Any], version: int | None = None) -> End:
    """The end of an entry as it goes to a platform."""
    return End(entry, version or int(data["revision"]), str(data.get("kind", "listing")), shape, data)
