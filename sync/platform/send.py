"""Sending: ends first, then corrections, then additions, a batch at a time; resumed after a crash, healed after a fault.

One holder at a time works on a link. A batch is planned in our tables, handed over, marked as sent. A plan that was
not marked is handed over again: the same bytes if nothing changed since, else anew without what has changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from creditsvc.kernel.days import legal_day
from creditsvc.services import Services
from sync.platform import records
from sync.platform.alarms import ChannelTrouble, RowsImpossible, clear_alarms, raise_alarm
from sync.platform.channels.base import Channel
from sync.platform.channels.open import link_signer, open_channel
from sync.platform.links import claim, give_back, identities_of, profile_of
from sync.platform.planning import PLANNED, Draft, Planner, mark_sent, newest_rows, refuse, void
from sync.platform.shape.batches import BatchOut, Lane
from sync.platform.shape.profile import Operation
from sync.platform.shape.rows import End, Provider, Record, RowRefused
from sync.platform.tables import PlatformBatch, PlatformLink, PlatformRow, PlatformWish
from sync.tables_feed import FeedStream

OF_THE_CHANNEL = frozenset(
    {
        "database-gone",
        "folder-gone",
        "disk-full",
        "schema-changed",
        "receiver-refused",
        "receiver-gone",
        "secret-missing",
    }
)
_DELETE, _INSERT, _UPDATE = Operation.DELETE, Operation.INSERT, Operation.UPDATE


@dataclass(slots=True)
class Sent:
    """What one run did."""

    batches: int = 0
    rows: int = 0
    ends: int = 0
    trouble: str = ""
    busy: bool = False


class Sender:
    """One run on one link."""

    def __init__(self, services: Services, link_id: int, holder: str, *, channel: Channel | None = None) -> None:
        self._services, self._link_id, self._holder, self._given = services, link_id, holder, channel
        self.sent = Sent()

    def run(
        self, *, most: int | None = None, urgent_only: bool = False, between: Callable[[], None] | None = None
    ) -> Sent:
        """Send what there is to send. ``most``: batches of additions; ``between``: called before each of them."""
        if not self._claimed():
            self.sent.busy = True
            return self.sent
        try:
            self._open()
            try:
                self._work(most, urgent_only, between)
                self._cleared()
            finally:
                self._channel.close()
        except ChannelTrouble as trouble:
            self._troubled(trouble)
        finally:
            with self._services.database.writing() as session:
                give_back(session, self._link_id, self._holder)
        return self.sent

    def _claimed(self) -> bool:
        with self._services.database.writing() as session:
            return claim(session, self._link_id, self._holder, self._services.clock.now())

    def _open(self) -> None:
        with self._services.database.reading() as session:
            link = session.get_one(PlatformLink, self._link_id)
            self._profile = profile_of(self._services, link)
            self._name = link.name
        provider = Provider(link.provider, link.provider_code)
        self._planner = Planner(self._profile, provider, link_signer(self._services, link.name))
        self._channel = self._given or open_channel(self._services, link, self._profile)

    def _troubled(self, trouble: ChannelTrouble) -> None:
        self.sent.trouble = trouble.code
        with self._services.database.writing() as session:
            raise_alarm(session, self._link_id, trouble.code, self._services.clock.now(), detail=trouble.detail)

    def _cleared(self) -> None:
        if self.sent.batches:
            with self._services.database.writing() as session:
                clear_alarms(session, self._link_id, OF_THE_CHANNEL, self._services.clock.now())

    def _work(self, most: int | None, urgent_only: bool, between: Callable[[], None] | None) -> None:
        while True:
            if between is not None:
                between()
            self._retry(urgent=True)
            while self._one(self._plan_ends) or self._one(self._plan_changes):
                continue
            if urgent_only or (most is not None and most <= 0) or not self._additions_due():
                return
            self._retry(urgent=False)
            if not self._one(self._plan_additions):
                return
            most = None if most is None else most - 1

    # planning -------------------------------------------------------------------------------------------------------

    def _one(self, plan: Callable[[Session, PlatformLink, FeedStream, datetime], tuple[BatchOut | None, bool]]) -> bool:
        """Plan one batch and hand it over; whether there may be more."""
        now = self._services.clock.now()
        with self._services.database.writing() as session:
            link = session.scalars(select(PlatformLink).where(PlatformLink.id == self._link_id).with_for_update()).one()
            stream = records.stream_row(session)
            if stream is None or not claim(session, self._link_id, self._holder, now):
                return False
            self._follow_epoch(link, stream)
            batch, more = plan(session, link, stream, now)
        if batch is not None:
            self._hand_over(batch, again=False)
        return more or batch is not None

    def _follow_epoch(self, link: PlatformLink, stream: FeedStream) -> None:
        """A new epoch numbers anew: read it from its beginning; what they have already is known by our rows."""
        if link.epoch != stream.epoch:
            link.epoch = stream.epoch
            link.removals_cursor = link.corrections_cursor = link.additions_cursor = 0

    def _plan_ends(
        self, session: Session, link: PlatformLink, stream: FeedStream, now: datetime
    ) -> tuple[BatchOut | None, bool]:
        most = self._profile.schedule.batch_rows
        page = records.removals(session, link.removals_cursor, stream.size, most)
        wished = _wishes(session, link.id, ends=True, most=most)
        drafts, after = self._ends(session, link, page.entries, wished), link.removals_cursor
        link.removals_cursor = page.through
        _granted(session, link.id, list(wished))
        batch = self._planner.plan(session, link, Lane.REMOVALS, drafts, now, after=after) if drafts else None
        return batch, not page.is_last

    def _ends(
        self, session: Session, link: PlatformLink, entries: Sequence[str], wished: dict[str, int]
    ) -> list[Draft]:
        wanted = list(dict.fromkeys([*entries, *wished]))
        held, told = newest_rows(session, link.id, wanted), records.ended(session, wanted)
        drafts: list[Draft] = []
        for entry in wanted:
            row, data = held.get(entry), told.get(entry)
            if entry in wished:
                drafts += self._wished_end(
                    entry, row.shape if row else None, data, version=wished[entry], court=row.court if row else ""
                )
            elif row is not None and row.operation != "D" and data is not None:
                drafts.append(Draft(records.ending(entry, row.shape, data), _DELETE, row.court))
        return drafts

    def _wished_end(
        self, entry: str, shape: str | None, data: Mapping[str, Any] | None, *, version: int, court: str
    ) -> list[Draft]:
        """An end that a comparison asked for; where we never had the record, in every table that may hold it."""
        told = data or _UNKNOWN
        shapes = [shape] if shape else list(self._profile.tables) or ["person"]
        if not shape and len(set(self._profile.tables.values())) == 1:
            shapes = shapes[:1]
        number = max(version, int(told.get("revision", 1)))
        return [Draft(End(entry, number, "listing", each, told), _DELETE, court) for each in shapes]

    def _plan_changes(
        self, session: Session, link: PlatformLink, stream: FeedStream, now: datetime
    ) -> tuple[BatchOut | None, bool]:
        if not self._may_add(session, link, now):
            return None, False
        most = self._profile.schedule.batch_rows
        page = records.changes(session, link.corrections_cursor, stream.size, most)
        wished = _wishes(session, link.id, ends=False, most=most)
        drafts, after = self._changed(session, link, page.entries, wished), link.corrections_cursor
        link.corrections_cursor = page.through
        _granted(session, link.id, list(wished))
        batch = self._planner.plan(session, link, Lane.CORRECTIONS, drafts, now, after=after) if drafts else None
        return batch, not page.is_last

    def _changed(
        self, session: Session, link: PlatformLink, entries: Sequence[str], wished: dict[str, int]
    ) -> list[Draft]:
        wanted = list(dict.fromkeys([*entries, *wished]))
        now_standing = self._standing(session, link, wanted)
        held = newest_rows(session, link.id, list(now_standing))
        drafts = []
        for entry, record in now_standing.items():
            row = held.get(entry)
            court = str(record.data.get("court_code", ""))[:32]
            if entry in wished:
                drafts.append(Draft(record, _INSERT if wished[entry] == 0 else _UPDATE, court))
            elif row is None:
                drafts.append(Draft(record, _INSERT, court))
            elif row.version < record.version:
                drafts.append(Draft(record, _UPDATE, court))
        return drafts

    def _plan_additions(
        self, session: Session, link: PlatformLink, stream: FeedStream, now: datetime
    ) -> tuple[BatchOut | None, bool]:
        if not self._may_add(session, link, now):
            return None, False
        who = identities_of(session, link, legal_day(now))
        page = records.fresh(
            session, self._services, link.id, who, self._profile.kinds, after=link.additions_cursor, size=stream.size,
            limit=self._profile.schedule.batch_rows,
        )  # fmt: skip
        drafts = [Draft(record, _INSERT, str(record.data.get("court_code", ""))[:32]) for record in page.records]
        after, link.additions_cursor = link.additions_cursor, page.through
        if page.is_last:
            link.additions_at = now
        batch = self._planner.plan(session, link, Lane.ADDITIONS, drafts, now, after=after) if drafts else None
        return batch, not page.is_last

    def _standing(self, session: Session, link: PlatformLink, entries: Sequence[str]) -> dict[str, Record]:
        who = identities_of(session, link, legal_day(self._services.clock.now()))
        return records.standing(session, self._services, entries, who, self._profile.kinds)

    def _may_add(self, session: Session, link: PlatformLink, now: datetime) -> bool:
        """Whether more than ends may go out: not while it is paused, nor without an agreement that gives what is asked."""
        if link.paused_at is not None:
            return False
        who = identities_of(session, link, legal_day(now))
        needs = any(column.source == "number" and "person" in column.must for column in self._profile.columns)
        if not who.mode or (needs and who.mode != records.NUMBER):
            raise_alarm(session, link.id, "agreement-over", now, detail="numbers" if who.mode else "")
            return False
        clear_alarms(session, link.id, frozenset({"agreement-over"}), now)
        return True

    def _additions_due(self) -> bool:
        now = self._services.clock.now()
        with self._services.database.reading() as session:
            link, stream = session.get_one(PlatformLink, self._link_id), records.stream_row(session)
            if stream is None or (link.epoch == stream.epoch and link.additions_cursor >= stream.size):
                return self._has_planned(session)
            every = timedelta(seconds=self._profile.schedule.additions_seconds)
            return link.additions_at is None or now - link.additions_at >= every or link.additions_at > now

    def _has_planned(self, session: Session) -> bool:
        query = select(PlatformBatch.serial).where(
            PlatformBatch.link_id == self._link_id, PlatformBatch.state == PLANNED
        )
        return session.scalar(query.limit(1)) is not None

    # handing over ---------------------------------------------------------------------------------------------------

    def _hand_over(self, batch: BatchOut, *, again: bool) -> None:
        try:
            self._channel.deliver(batch, again=again)
        except RowsImpossible as wrong:
            self._split(batch, wrong)
            return
        self._done(batch.serial, len(batch.rows), batch.lane)

    def _done(self, serial: int, rows: int, lane: Lane) -> None:
        with self._services.database.writing() as session:
            mark_sent(session, session.get_one(PlatformBatch, (self._link_id, serial)), self._services.clock.now())
        self.sent.batches, self.sent.rows = self.sent.batches + 1, self.sent.rows + rows
        if lane is Lane.REMOVALS:
            self.sent.ends += rows

    def _split(self, batch: BatchOut, wrong: RowsImpossible) -> None:
        """Their table takes some row not at all: find it by halves, put it before a person, send the others."""
        now = self._services.clock.now()
        with self._services.database.writing() as session:
            row = session.get_one(PlatformBatch, (self._link_id, batch.serial))
            drafts = [draft for _, draft in self._drafts(session, row)]
            link = session.scalars(select(PlatformLink).where(PlatformLink.id == self._link_id).with_for_update()).one()
            void(session, row, uncertain=False)
            if len(drafts) <= 1:
                for draft in drafts:
                    refuse(session, self._link_id, draft, code="table", column="", problem=wrong.detail, now=now)
                raise_alarm(session, self._link_id, "batch-impossible", now, detail=wrong.detail)
                return
            half = len(drafts) // 2
            parts = [
                self._planner.plan(session, link, batch.lane, part, now, after=row.after)
                for part in (drafts[:half], drafts[half:])
            ]
        for part in parts:
            if part is not None:
                self._hand_over(part, again=False)

    # again ----------------------------------------------------------------------------------------------------------

    def _retry(self, *, urgent: bool) -> None:
        """Hand over again what was planned and not marked as sent, oldest first."""
        with self._services.database.reading() as session:
            lanes = [lane.value for lane in Lane if lane.is_urgent == urgent]
            query = select(PlatformBatch.serial).where(
                PlatformBatch.link_id == self._link_id, PlatformBatch.state == PLANNED, PlatformBatch.lane.in_(lanes)
            )
            waiting = session.scalars(query.order_by(PlatformBatch.serial)).all()
        for serial in waiting:
            self._retry_one(serial)

    def _retry_one(self, serial: int) -> None:
        now = self._services.clock.now()
        with self._services.database.writing() as session:
            batch = session.get_one(PlatformBatch, (self._link_id, serial))
            if not claim(session, self._link_id, self._holder, now):
                return
            if batch.lane != Lane.REMOVALS.value and not self._may_add(
                session, session.get_one(PlatformLink, self._link_id), now
            ):
                return
            drafts = self._drafts(session, batch)
            batch.attempts += 1
            rows, lane, number = batch.rows, Lane(batch.lane), batch.number
            try:
                made = self._planner.again(batch, drafts)
            except RowRefused:
                made = None
        if made is not None and len(made.rows) == rows:
            self._hand_over(made, again=True)
            return
        arrived = self._channel.delivered(number)
        if arrived:
            self._done(serial, rows, lane)
        else:
            self._anew(serial, lane, [draft for _, draft in drafts], uncertain=arrived is None)

    def _anew(self, serial: int, lane: Lane, drafts: Sequence[Draft], *, uncertain: bool) -> None:
        """Plan what is left of a batch under a new number."""
        now = self._services.clock.now()
        with self._services.database.writing() as session:
            old = session.get_one(PlatformBatch, (self._link_id, serial))
            void(session, old, uncertain=uncertain)
            link = session.scalars(select(PlatformLink).where(PlatformLink.id == self._link_id).with_for_update()).one()
            batch = self._planner.plan(session, link, lane, drafts, now, after=old.after) if drafts else None
        if batch is not None:
            self._hand_over(batch, again=False)

    def _drafts(self, session: Session, batch: PlatformBatch) -> list[tuple[int, Draft]]:
        """The rows of a plan as they are now, by sequence; those that are overtaken are left out."""
        rows = session.scalars(
            select(PlatformRow).where(PlatformRow.link_id == batch.link_id, PlatformRow.serial == batch.serial)
            .order_by(PlatformRow.sequence)
        ).all()  # fmt: skip
        link = session.get_one(PlatformLink, batch.link_id)
        stand = self._standing(session, link, [row.entry for row in rows if row.operation != "D"])
        told = records.ended(session, [row.entry for row in rows if row.operation == "D"])
        drafts = []
        for row in rows:
            if row.operation == "D":
                data = told.get(row.entry, _UNKNOWN)
                drafts.append(
                    (row.sequence, Draft(records.ending(row.entry, row.shape, data, row.version), _DELETE, row.court))
                )
            elif row.entry in stand and stand[row.entry].version == row.version:
                drafts.append((row.sequence, Draft(stand[row.entry], Operation(row.operation), row.court)))
        return drafts


_UNKNOWN: Mapping[str, Any] = {
    "exit": "revoked",
    "ground": "error",
    "effect": "erase",
    "kind": "listing",
    "revision": 1,
}
"""What is said of a record that the platform holds as ours and that we never published."""


def _wishes(session: Session, link_id: int, *, ends: bool, most: int) -> dict[str, int]:
    """Entries that were asked for, each with the version that was named; 0: it lacks there."""
    which = PlatformWish.operation == "D" if ends else PlatformWish.operation != "D"
    query = select(PlatformWish.entry, PlatformWish.version, PlatformWish.operation).where(
        PlatformWish.link_id == link_id, which
    )
    rows = session.execute(query.order_by(PlatformWish.asked_at, PlatformWish.entry).limit(most))
    return {entry: 0 if operation == "I" else version for entry, version, operation in rows}


def _granted(session: Session, link_id: int, entries: Sequence[str]) -> None:
    for start in range(0, len(entries), 500):
        session.execute(
            delete(PlatformWish)
            .where(PlatformWish.link_id == link_id, PlatformWish.entry.in_(entries[start : start + 500]))
            .execution_options(synchronize_session=False)
        )
