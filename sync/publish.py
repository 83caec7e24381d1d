"""The sequencer: facts of the outbox become numbered, committed, signed events. One at a time, in one transaction.

Exits of the whole backlog go first. An exit whose entry was never numbered cancels the addition: it never leaves the
house. A number is only ever given to what is already committed, so no reader can miss one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from weakref import WeakKeyDictionary

from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from creditsvc.register.feed_fields import FeedFields
from creditsvc.services import Services
from creditsvc.storage.engine import Database
from creditsvc.storage.outbox import FactType, Outbox
from sync.entry_fields import entry_fields, known_kinds
from sync.heads import origin_of, remember, sign
from sync.pace import SHORT, Pace
from sync.stream_writer import Writer
from sync.tables_feed import FeedStream
from sync.wire.events import EventType
from sync.wire.fields import KINDS

BATCH = 2000
LOCK = 7_301_990
EVENT_OF = {
    FactType.PUBLISHED: EventType.PUBLISHED,
    FactType.CORRECTED: EventType.CORRECTED,
    FactType.ANNOTATED: EventType.ANNOTATED,
    FactType.REMOVED: EventType.REMOVED,
}


def sequence_all(services: Services, now: datetime) -> int:
    """Number everything that waits; how many facts were settled."""
    total, pace, done = 0, Pace(BATCH, services.database, unheard=SHORT), 1
    while done:
        with pace.share() as share:
            done = share.held = sequence_once(services, now, batch=share.size, begins=share.begins)
        total += done
    return total


def sequence_politely(services: Services, now: datetime) -> int:
    """As ``sequence_all``, but additions stand back for people: where there is one writer and they wait for it they take a
    hundredth of the time, where there are many half of it."""
    total, pace = 0, _paces.setdefault(services.database, Pace(BATCH, services.database, unheard=SHORT))
    while True:
        exits_only = pace.must_rest()
        with pace.share() as share:
            done = sequence_once(services, now, batch=share.size, exits_only=exits_only, begins=share.begins)
            share.held = done
        total += done
        if not done and not (exits_only and pace.nap()):
            return total


_paces: WeakKeyDictionary[Database, Pace] = WeakKeyDictionary()


def sequence_once(
    services: Services,
    now: datetime,
    *,
    batch: int = BATCH,
    exits_only: bool = False,
    begins: Callable[[], object] = lambda: None,
) -> int:
    """One pass: up to ``batch`` facts, exits first; how many were settled. 0 also if somebody else is at it.

    Additions stand back for whoever else writes; an exit does not. ``begins`` is called when it is the additions' turn: a
    pass of exits says nothing of how many additions make a short one.
    """
    is_exit = _first_is_exit(services.database, known_kinds(services))
    if is_exit is None or (exits_only and not is_exit):
        return 0
    with services.database.writing(bulk=not is_exit) as session:
        if not locked(services, session):
            return 0
        session.connection()
        if not is_exit:
            begins()
        facts = _waiting(session, batch, known_kinds(services))
        streams = session.scalars(select(FeedStream).order_by(FeedStream.stream).with_for_update()).all()
        if not streams:
            # before `migrate` has made the streams nothing may be settled: it would be lost
            return 0
        if any(row.halted for row in streams):
            # a witness knows more than we do: until a person has looked, nothing is numbered and nothing is signed
            return 0
        overtaken = _overtaken(session, facts)
        told = _publish(session, services, streams, [fact for fact in facts if fact.id not in overtaken], now)
        _settle(session, facts, overtaken, told, now)
        return len(facts) + len(overtaken - {fact.id for fact in facts})


def _first_is_exit(database: Database, kinds: frozenset[str]) -> bool | None:
    """Whether an exit waits to be numbered, or only something else; none if nothing does. Asked ten times a second, so by
    one statement of the driver's."""
    place = "?" if database.is_sqlite else "%s"
    places = ", ".join([place] * len(kinds))
    with database.direct() as driver:
        query = f"SELECT is_exit FROM outbox WHERE done_at IS NULL AND kind IN ({places}) ORDER BY is_exit DESC LIMIT 1"
        found = driver.execute(query, tuple(kinds)).fetchone()
    return None if found is None else bool(found[0])


def locked(services: Services, session: Session) -> bool:
    """Take the one lock of those who give numbers, to the end of the transaction; SQLite has one writer anyway."""
    return services.database.is_sqlite or bool(session.scalar(text(f"SELECT pg_try_advisory_xact_lock({LOCK})")))


def _waiting(session: Session, batch: int, kinds: frozenset[str]) -> list[Outbox]:
    """Exits of the whole backlog, in a pass of their own that no addition makes longer; the rest in order if there are
    none. Two walks along the index, never a sort of the backlog."""
    for is_exit in (True, False):
        query = select(Outbox).where(Outbox.done_at.is_(None), Outbox.is_exit.is_(is_exit), Outbox.kind.in_(kinds))
        if found := session.scalars(query.order_by(Outbox.id).limit(batch)).all():
            return list(found)
    return []


def _overtaken(session: Session, facts: Sequence[Outbox]) -> set[int]:
    """Open facts about entries whose exit is in this pass: they are never published."""
    leaving = [fact.entry for fact in facts if fact.is_exit]
    found: set[int] = set()
    for start in range(0, len(leaving), 500):
        query = select(Outbox.id).where(
            Outbox.entry.in_(leaving[start : start + 500]), Outbox.done_at.is_(None), Outbox.is_exit.is_(False)
        )
        found.update(session.scalars(query))
    return found


def _settle(session: Session, facts: Sequence[Outbox], overtaken: set[int], told: set[int], now: datetime) -> None:
    """Mark them done: ``published`` if a stream told it, ``cancelled`` if none had to."""
    quiet = {fact.id for fact in facts} - told
    for ids, outcome in ((sorted(told), "published"), (sorted(quiet | overtaken), "cancelled")):
        for start in range(0, len(ids), 500):
            session.execute(
                update(Outbox)
                .where(Outbox.id.in_(ids[start : start + 500]))
                .values(done_at=now, outcome=outcome)
                .execution_options(synchronize_session=False)
            )


def _publish(
    session: Session, services: Services, streams: Sequence[FeedStream], facts: Sequence[Outbox], now: datetime
) -> set[int]:
    """Write the facts to every stream that carries them; which of them some stream had to tell."""
    fields = entry_fields(session, services, list(dict.fromkeys(fact.entry for fact in facts)))
    told: set[int] = set()
    for row in streams:
        mine = [fact for fact in facts if fact.kind in KINDS[row.stream]]
        if not mine:
            continue
        writer = Writer(session, row, origin_of(services.settings.host, row), now)
        writer.load([fact.entry for fact in mine])
        told.update(fact.id for fact in mine if _write(writer, fact, fields.get(fact.entry)))
        seal(session, services, writer, row, now)
    return told


def seal(session: Session, services: Services, writer: Writer, row: FeedStream, now: datetime) -> None:
    """Finish one stream's share of a pass: if it has moved, its new head is signed in the same transaction."""
    if writer.finish():
        sign(session, services, row, now)
        row.advanced_at = now
        remember(session, row, now)


def _write(writer: Writer, fact: Outbox, fields: FeedFields | None) -> bool:
    kind = EVENT_OF[FactType(fact.fact)]
    if kind.removes:
        return writer.remove(fact.entry, fact.kind, dict(fact.exit or {}))
    if fields is None or not fields.in_force or not fields.subject_number:
        return False
    return writer.put(kind, fields)


def backlog(session: Session) -> int:
    """How many facts wait to be numbered."""
    return session.scalar(select(func.count()).select_from(Outbox).where(Outbox.done_at.is_(None))) or 0
