"""Sending in two lanes: ends and corrections, and beside them additions, a batch at a time. Resumed after a crash.

Each lane has one holder at a time, and neither waits for the other: only planning takes turns, a fraction of a second
each. A batch is planned in our tables, handed over, marked as sent; while one batch of additions is handed over the
next is planned. A plan that was not marked is handed over again: the same bytes if nothing changed since, else anew
without what has changed.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy.orm import Session

from creditsvc.kernel.days import legal_day
from creditsvc.services import Services
from sync.platform import records
from sync.platform.alarms import OF_THE_CHANNEL, ChannelTrouble, RowsImpossible, clear_alarms, raise_alarm
from sync.platform.bulk import BulkPlanner, Promised
from sync.platform.channels.base import Channel
from sync.platform.channels.open import link_signer, open_channel
from sync.platform.drafts import Drafter
from sync.platform.due import Waiting, planned_of
from sync.platform.helper import Helper, HelperGone, is_worth_it
from sync.platform.links import ADDING, URGENT, Claim, identities_of, locked, profile_of
from sync.platform.planning import Draft, Planner, mark_sent, refuse, void
from sync.platform.reading import Pages, Reading
from sync.platform.shape.batches import BatchOut, Lane, batch_number
from sync.platform.shape.bulk import BulkMapper, Lines
from sync.platform.shape.profile import Operation
from sync.platform.shape.rows import Provider, RowRefused
from sync.platform.tables import PlatformBatch, PlatformLink
from sync.tables_feed import FeedStream

_LOOK_AGAIN = 0.1
_TURN = 0.0005
_LOOKS = 20
"""How often, and how many times, the urgent lane looks whether an addition that is on its way has arrived."""


@contextmanager
def _taking_turns_quickly() -> Iterator[None]:
    """Of three threads two wait for a database most of the time: they must not wait for the third's turn besides."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(min(before, _TURN))
    try:
        yield
    finally:
        sys.setswitchinterval(before)


@dataclass(slots=True)
class Sent:
    """What one run did."""

    batches: int = 0
    rows: int = 0
    ends: int = 0
    trouble: str = ""
    busy: bool = False


Planned = tuple[BatchOut | None, bool]
"""A batch, if there is something for one, and whether there may be more."""


class Sender:
    """One run on one link."""

    def __init__(self, services: Services, link_id: int, holder: str, *, channel: Channel | None = None) -> None:
        self._services, self._link_id, self._holder, self._given = services, link_id, holder, channel
        self.sent = Sent()

    def run(self, *, most: int | None = None, urgent_only: bool = False, urgent: bool = True) -> Sent:
        """Send what there is to send: what is urgent (also between two batches of additions), then additions.

        ``most``: batches of additions. ``urgent`` off: only additions, where somebody else sends what is urgent.
        """
        try:
            self._open()
            try:
                # nothing is written where there is nothing to do: both lanes are looked after every second
                if urgent and self._waiting.urgent():
                    self._lane(URGENT, self._urgent)
                if not urgent_only and self._waiting.additions(self._services.clock.now()):
                    self._lane(ADDING, lambda: self._additions(most, urgent=urgent))
                self._cleared()
            finally:
                if self._channel is not None:
                    self._channel.close()
        except ChannelTrouble as trouble:
            self._troubled(trouble)
        return self.sent

    def _lane(self, lane: str, work: Callable[[], None]) -> None:
        with Claim(self._services, self._link_id, lane, self._holder) as claim:
            self._claims[lane] = claim
            if claim.held:
                work()
            else:
                self.sent.busy = True

    def _open(self) -> None:
        with self._services.database.reading() as session:
            link = session.get_one(PlatformLink, self._link_id)
            self._profile = profile_of(self._services, link)
        every = timedelta(seconds=self._profile.schedule.additions_seconds)
        self._waiting = Waiting(self._services, self._link_id, additions_every=every)
        provider = Provider(link.provider, link.provider_code)
        self._claims: dict[str, Claim] = {}
        self._planner = Planner(self._profile, provider, link_signer(self._services, link.name))
        self._drafter = Drafter(self._services, self._profile)
        self._link, self._channel = link, self._given
        if link.channel == "database":
            self._opened()
        takes_lines = getattr(self._channel, "takes_lines", False) and not self._services.database.is_sqlite
        self._bulk = BulkPlanner(self._services, self._planner) if takes_lines else None

    def _opened(self) -> Channel:
        """The channel. Whoever is reached over a network is bothered only when there is something for it."""
        if self._channel is None:
            self._channel = open_channel(self._services, self._link, self._profile)
        return self._channel

    def _troubled(self, trouble: ChannelTrouble) -> None:
        self.sent.trouble = trouble.code
        with self._services.database.writing() as session:
            raise_alarm(session, self._link_id, trouble.code, self._services.clock.now(), detail=trouble.detail)

    def _cleared(self) -> None:
        if self.sent.batches:
            with self._services.database.writing() as session:
                clear_alarms(session, self._link_id, OF_THE_CHANNEL, self._services.clock.now())

    # the lanes ------------------------------------------------------------------------------------------------------

    def _urgent(self) -> None:
        """Ends before corrections; an end that waits for an addition on its way is looked after until it can go."""
        for _ in range(_LOOKS):
            self._drafter.waiting = False
            self._retry(URGENT)
            while self._one(URGENT, self._plan_ends) or self._one(URGENT, self._plan_changes):
                continue
            if not self._drafter.waiting:
                return
            time.sleep(_LOOK_AGAIN)

    def _additions(self, most: int | None, *, urgent: bool) -> None:
        """Batches of additions: while one is handed over the next is planned, and the one after that is read."""
        self._retry(ADDING)
        with _taking_turns_quickly(), self._list() as pages, ThreadPoolExecutor(2, "platform") as pool:
            under_way: Future[None] | None = None
            ahead = pool.submit(self._promised, pages)
            while most is None or most > 0:
                promised = ahead.result()
                if promised is None and pages is not None:
                    break
                most = None if most is None else most - 1
                if promised is not None and not promised.page.is_last and most != 0:
                    ahead = pool.submit(self._promised, pages)
                batch, more = self._planned(ADDING, partial(self._plan_additions, promised))
                if under_way is not None:
                    under_way.result()
                under_way = pool.submit(self._hand_over, batch, again=False) if batch is not None else None
                if not more:
                    break
                if urgent:
                    # by hand, without the jobs: nobody else sends what is urgent in the meantime
                    if under_way is not None:
                        under_way.result()
                    under_way = None
                    if self._waiting.urgent():
                        self._lane(URGENT, self._urgent)
            if under_way is not None:
                under_way.result()
            wait([ahead])

    @contextmanager
    def _list(self) -> Iterator[Pages | None]:
        """Pages of a list that is read ahead; none where each batch is read as it is planned."""
        if self._bulk is None:
            yield None
            return
        today = legal_day(self._services.clock.now())
        if is_worth_it(self._left()):
            mapper = BulkMapper(self._profile, self._planner.provider)
            pages: Pages = Helper(self._services.settings, self._link_id, today, mapper)
        else:
            pages = Reading(self._services, self._link_id, today)
        with closing(pages):
            yield pages

    def _left(self) -> int:
        """How much of the stream is still to be read, at the most."""
        with self._services.database.reading() as session:
            link, stream = session.get_one(PlatformLink, self._link_id), records.stream_row(session)
            if stream is None:
                return 0
            return (
                stream.count if link.epoch != stream.epoch else min(stream.count, stream.size - link.additions_cursor)
            )

    def _promised(self, pages: Pages | None) -> Promised | None:
        """The next page as lines, with a number that is its own. It waits for no other's planning, nor they for it."""
        if pages is None:
            return None
        try:
            page = pages.read()
            if page is None:
                return None
            at = self._services.clock.now().replace(microsecond=0)
            if not page.has_rows:
                return Promised(page, Lines([], [], []), 0, at)
            with self._services.database.writing() as session:
                link = locked(session, self._link_id)
                link.serial += 1
                serial = link.serial
            number = batch_number(self._profile, self._planner.provider, serial, at)
            return Promised(page, pages.lines(number, at), serial, at)
        except HelperGone:
            # the next run goes on from what was planned, without it
            return None

    # planning -------------------------------------------------------------------------------------------------------

    def _one(self, lane: str, plan: Callable[[Session, PlatformLink, FeedStream, datetime], Planned]) -> bool:
        """Plan one batch and hand it over; whether there may be more."""
        batch, more = self._planned(lane, plan)
        if batch is not None:
            self._hand_over(batch, again=False)
        return more or batch is not None

    def _planned(self, lane: str, plan: Callable[[Session, PlatformLink, FeedStream, datetime], Planned]) -> Planned:
        now = self._services.clock.now()
        with self._services.database.writing() as session:
            link = locked(session, self._link_id)
            stream = records.stream_row(session)
            if stream is None or not self._claims[lane].keep(session, now):
                return None, False
            self._follow_epoch(link, stream)
            return plan(session, link, stream, now)

    def _follow_epoch(self, link: PlatformLink, stream: FeedStream) -> None:
        """A new epoch numbers anew: read it from its beginning; what they have already is known by our rows."""
        if link.epoch != stream.epoch:
            link.epoch = stream.epoch
            link.removals_cursor = link.corrections_cursor = link.additions_cursor = 0

    def _plan_ends(self, session: Session, link: PlatformLink, stream: FeedStream, now: datetime) -> Planned:
        after = link.removals_cursor
        drafts, is_last = self._drafter.ends(session, link, stream.size, now)
        batch = self._planner.plan(session, link, Lane.REMOVALS, drafts, now, after=after) if drafts else None
        return batch, not is_last

    def _plan_changes(self, session: Session, link: PlatformLink, stream: FeedStream, now: datetime) -> Planned:
        if not self._may_add(session, link, now):
            return None, False
        after = link.corrections_cursor
        drafts, is_last = self._drafter.changes(session, link, stream.size, now)
        batch = self._planner.plan(session, link, Lane.CORRECTIONS, drafts, now, after=after) if drafts else None
        return batch, not is_last

    def _plan_additions(
        self, promised: Promised | None, session: Session, link: PlatformLink, stream: FeedStream, now: datetime
    ) -> Planned:
        if not self._may_add(session, link, now):
            return None, False
        who, after = identities_of(session, link, legal_day(now)), link.additions_cursor
        page = promised.page if promised is not None else None
        if promised is not None and page is not None and self._bulk is not None:
            if (page.epoch, page.after, page.who) != (link.epoch, after, who):
                return None, False  # overtaken by somebody else's work, a new epoch or a new agreement
            if page.is_usual:
                batch = self._bulk.plan(session, link, promised, now) if page.has_rows else None
                return batch, self._through(link, page.through, is_last=page.is_last, now=now)
        size = stream.size if page is None else page.through
        limit = self._profile.schedule.batch_rows if page is None else page.through - after
        fresh = records.fresh(
            session, self._services, link.id, who, self._profile.kinds, after=after, size=size, limit=limit
        )
        drafts = [
            Draft(record, Operation.INSERT, str(record.data.get("court_code", ""))[:32]) for record in fresh.records
        ]
        batch = self._planner.plan(session, link, Lane.ADDITIONS, drafts, now, after=after) if drafts else None
        is_last = fresh.is_last if page is None else page.is_last
        return batch, self._through(link, size if page else fresh.through, is_last=is_last, now=now)

    def _through(self, link: PlatformLink, sequence: int, *, is_last: bool, now: datetime) -> bool:
        """Additions are planned up to here; whether there are more."""
        link.additions_cursor = sequence
        if is_last:
            link.additions_at = now
        return not is_last

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

    # handing over ---------------------------------------------------------------------------------------------------

    def _hand_over(self, batch: BatchOut, *, again: bool) -> None:
        try:
            self._opened().deliver(batch, again=again)
        except RowsImpossible as wrong:
            self._split(batch, wrong)
            return
        self._done(batch.serial, batch.size, batch.lane)

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
            link = locked(session, self._link_id)
            row = session.get_one(PlatformBatch, (self._link_id, batch.serial))
            drafts = [draft for _, draft in self._drafter.of_plan(session, row)]
            void(session, row, uncertain=False)
            if len(drafts) <= 1:
                for draft in drafts:
                    refuse(session, self._link_id, draft, code="table", column="", problem=wrong.detail, now=now)
                raise_alarm(session, self._link_id, "batch-impossible", now, detail=wrong.detail)
                return
            half = len(drafts) // 2
            planner = Planner(self._profile, self._planner.provider, self._planner.signer)
            parts = [
                planner.plan(session, link, batch.lane, part, now, after=row.after)
                for part in (drafts[:half], drafts[half:])
            ]
        for part in parts:
            if part is not None:
                self._hand_over(part, again=False)

    # again ----------------------------------------------------------------------------------------------------------

    def _retry(self, lane: str) -> None:
        """Hand over again what was planned and not marked as sent, oldest first."""
        with self._services.database.reading() as session:
            waiting = session.scalars(planned_of(self._link_id, lane).order_by(PlatformBatch.serial)).all()
        for serial in waiting:
            self._retry_one(lane, serial)

    def _retry_one(self, holding: str, serial: int) -> None:
        now = self._services.clock.now()
        with self._services.database.writing() as session:
            link = locked(session, self._link_id)
            batch = session.get_one(PlatformBatch, (self._link_id, serial))
            if not self._claims[holding].keep(session, now):
                return
            if batch.lane != Lane.REMOVALS.value and not self._may_add(session, link, now):
                return
            drafts = self._drafter.of_plan(session, batch)
            batch.attempts += 1
            rows, lane, number = batch.rows, Lane(batch.lane), batch.number
            try:
                made = self._planner.again(batch, drafts)
            except RowRefused:
                made = None
        if made is not None and made.size == rows:
            self._hand_over(made, again=True)
            return
        arrived = self._opened().delivered(number)
        if arrived:
            self._done(serial, rows, lane)
        else:
            self._anew(serial, lane, [draft for _, draft in drafts], uncertain=arrived is None)

    def _anew(self, serial: int, lane: Lane, drafts: Sequence[Draft], *, uncertain: bool) -> None:
        """Plan what is left of a batch under a new number."""
        now = self._services.clock.now()
        with self._services.database.writing() as session:
            link = locked(session, self._link_id)
            old = session.get_one(PlatformBatch, (self._link_id, serial))
            void(session, old, uncertain=uncertain)
            batch = self._planner.plan(session, link, lane, drafts, now, after=old.after) if drafts else None
        if batch is not None:
            self._hand_over(batch, again=False)
