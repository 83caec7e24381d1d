"""Planning a batch: which rows, under which number. A plan is committed before anything leaves the house.

A row that was planned counts as sent for every later decision: its end will be sent too, whatever became of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import ARRAY, String, cast, delete, func, select
from sqlalchemy.orm import Session

from creditsvc.kernel.calendars import Calendar
from creditsvc.kernel.days import legal_day
from creditsvc.storage.bulk import insert_alike
from creditsvc.storage.calendars import calendar
from sync.platform.alarms import raise_alarm
from sync.platform.shape.batches import BatchOut, Lane, batch_number, make_batch
from sync.platform.shape.clocks import clock_of_row, deadline
from sync.platform.shape.profile import Operation, Profile
from sync.platform.shape.rows import End, Fault, Mapper, Provider, Record, Row, RowRefused
from sync.platform.tables import PlatformBatch, PlatformLink, PlatformRefusal, PlatformRow
from sync.wire.notes import Signer

CHUNK = 500
PLANNED, SENT, SETTLED, VOID = "planned", "sent", "settled", "void"
BY_PROFILE = "profile"


class Held(NamedTuple):
    """The newest row of an entry that went out, or will."""

    serial: int
    sequence: int
    version: int
    operation: str
    shape: str
    court: str


@dataclass(frozen=True, slots=True)
class Draft:
    """One row to be: an entry with what it does, or its end."""

    what: Record | End
    operation: Operation
    court: str = ""


def newest_rows(session: Session, link_id: int, entries: Sequence[str]) -> dict[str, Held]:
    """The newest row of each entry that has one."""
    found: dict[str, Held] = {}
    columns = (
        PlatformRow.entry, PlatformRow.serial, PlatformRow.sequence, PlatformRow.version, PlatformRow.operation,
        PlatformRow.shape, PlatformRow.court,
    )  # fmt: skip
    for start in range(0, len(entries), CHUNK):
        query = (
            _among(session, select(*columns), entries[start : start + CHUNK])
            .where(PlatformRow.link_id == link_id)
            .order_by(PlatformRow.serial, PlatformRow.sequence)
        )
        for entry, serial, sequence, version, operation, shape, court in session.execute(query):
            found[entry] = Held(serial, sequence, version, operation, shape, court)
    return found


def _among(session: Session, query: Any, entries: Sequence[str]) -> Any:
    """Only rows of these entries. PostgreSQL is handed a set to join: it else walks all that went out so far."""
    if session.get_bind().dialect.name != "postgresql":
        return query.where(PlatformRow.entry.in_(entries))
    wanted = func.unnest(cast(list(entries), ARRAY(String))).table_valued("entry").render_derived()
    return query.join(wanted, PlatformRow.entry == wanted.c.entry)


class Planner:
    """Plans batches of one link."""

    def __init__(self, profile: Profile, provider: Provider, signer: Signer) -> None:
        self.profile, self.provider, self.signer = profile, provider, signer
        self._mapper = Mapper(profile, provider)

    def plan(
        self, session: Session, link: PlatformLink, lane: Lane, drafts: Sequence[Draft], now: datetime, *, after: int
    ) -> BatchOut | None:
        """A new batch of these rows in this transaction; none if the profile can carry none of them.

        ``after``: where in the stream it begins.
        """
        serial = link.serial + 1
        # to the second: what is signed and sent again later must be the same
        at = now.replace(microsecond=0)
        number = self.begin(serial, at)
        rows, kept = self._rows(session, link, drafts, now=now)
        if not rows:
            return None
        link.serial = serial
        session.add(
            PlatformBatch(link_id=link.id, serial=serial, number=number, lane=lane.value, after=after, rows=len(rows),
                          state=PLANNED, attempts=1, created_at=at)
        )  # fmt: skip
        names = ("link_id", "serial", "sequence", "entry", "version", "operation", "shape", "court")
        insert_alike(
            session, PlatformRow, names,
            ((link.id, serial, at_, row.key, row.version, row.operation, row.shape, draft.court)
             for at_, (row, draft) in enumerate(zip(rows, kept, strict=True), 1)), {},
        )  # fmt: skip
        return make_batch(number, serial=serial, lane=lane, rows=rows, at=at, signer=self.signer)

    def again(self, batch: PlatformBatch, drafts: Iterable[tuple[int, Draft]]) -> BatchOut:
        """The same batch anew, from rows by their sequence; raises ``RowRefused``."""
        self._mapper.begin(batch.number, batch.created_at)
        rows = [self.row(draft, sequence) for sequence, draft in drafts]
        return make_batch(
            batch.number, serial=batch.serial, lane=Lane(batch.lane), rows=rows, at=batch.created_at,
            signer=self.signer,
        )  # fmt: skip

    def shown(self, drafts: Sequence[Draft], now: datetime) -> tuple[BatchOut, list[RowRefused]]:
        """What would be sent, and what could not be; nothing is planned."""
        at = now.replace(microsecond=0)
        number = self.begin(0, at)
        rows: list[Row] = []
        refused: list[RowRefused] = []
        for draft in drafts:
            try:
                rows.append(self.row(draft, len(rows) + 1))
            except RowRefused as wrong:
                refused.append(wrong)
        lane = Lane.ADDITIONS
        return make_batch(number, serial=0, lane=lane, rows=rows, at=at, signer=self.signer), refused

    def begin(self, serial: int, at: datetime) -> str:
        """The number of a new batch; the rows that follow belong to it."""
        number = batch_number(self.profile, self.provider, serial, at)
        self._mapper.begin(number, at)
        return number

    def row(self, draft: Draft, sequence: int) -> Row:
        """One row of the batch that was begun. Raises ``RowRefused``."""
        if isinstance(draft.what, End):
            return self._mapper.ending(draft.what, sequence)
        return self._mapper.standing(draft.what, draft.operation, sequence)

    def _rows(
        self, session: Session, link: PlatformLink, drafts: Sequence[Draft], *, now: datetime
    ) -> tuple[list[Row], list[Draft]]:
        rows: list[Row] = []
        kept: list[Draft] = []
        refused: list[tuple[Draft, Fault]] = []
        for draft in drafts:
            try:
                rows.append(self.row(draft, len(rows) + 1))
                kept.append(draft)
            except RowRefused as wrong:
                refused.append((draft, wrong.faults[0]))
        self.put_before_a_person(session, link, refused, now=now)
        return rows, kept

    def put_before_a_person(
        self, session: Session, link: PlatformLink, refused: Sequence[tuple[Draft, Fault]], *, now: datetime
    ) -> None:
        """Rows that the profile can't carry, with what is wrong."""
        for draft, fault in refused:
            refuse(session, link.id, draft, code=BY_PROFILE, column=fault.column, problem=fault.problem, now=now)
        if refused:
            raise_alarm(session, link.id, "row-impossible", now, detail=str(len(refused)))


def refuse(
    session: Session, link_id: int, draft: Draft, *, code: str, column: str, problem: str, now: datetime
) -> None:
    """Put a row that can't be sent before a person; once for an entry and revision."""
    there = session.scalar(
        select(PlatformRefusal.id).where(
            PlatformRefusal.link_id == link_id, PlatformRefusal.entry == draft.what.key,
            PlatformRefusal.version == draft.what.version, PlatformRefusal.code == code,
        )
    )  # fmt: skip
    if there is None:
        session.add(
            PlatformRefusal(
                link_id=link_id, entry=draft.what.key, version=draft.what.version, operation=str(draft.operation),
                court=draft.court, code=code, means=BY_PROFILE, field=column[:64], message=problem[:400], state="open", at=now,
            )
        )  # fmt: skip
        session.flush()


def due_of(lane: str, sent: date, by: Calendar) -> date:
    """The last day on which the platform may answer for a batch of this lane."""
    operation = {Lane.REMOVALS.value: "D", Lane.CORRECTIONS.value: "U"}.get(lane, "I")
    return deadline(clock_of_row(operation), sent, by).day


def mark_sent(session: Session, batch: PlatformBatch, now: datetime) -> None:
    """It has been handed over; the platform's clock begins."""
    due = due_of(batch.lane, legal_day(now), calendar(session))
    batch.state, batch.sent_at, batch.due_on = SENT, now, due


def void(session: Session, batch: PlatformBatch, *, uncertain: bool) -> None:
    """Give a plan up. Unless it may have arrived, its rows were never sent and are forgotten."""
    batch.state, batch.uncertain = VOID, uncertain
    if not uncertain:
        session.execute(
            delete(PlatformRow)
            .where(PlatformRow.link_id == batch.link_id, PlatformRow.serial == batch.serial)
            .execution_options(synchronize_session=False)
        )


def courts_of(records: Mapping[str, Record]) -> dict[str, str]:
    """Court codes by entry."""
    return {entry: str(record.data.get("court_code", ""))[:32] for entry, record in records.items()}
