"""The named faults, each as something that a test can switch on; and random runs through all of them."""

from __future__ import annotations

import resource
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from random import Random
from typing import Any

from sqlalchemy import select, text

from sync.platform.alarms import ChannelTrouble
from sync.platform.channels.base import Bundle, Channel
from sync.platform.reconcile import repair
from sync.platform.shape.batches import BatchOut
from sync.platform.standin.folder_end import FolderEnd
from sync.platform.standin.manners import Manners
from sync.platform.tables import PlatformAlarm, PlatformDifference, PlatformRefusal
from sync.platform.work import RESEND, work_off
from tests.platform.world import MANAGER, World

BY_CHANNEL = ("gone_before", "gone_after", "killed_before", "killed_after")
BY_MANNERS = ("lose_rows", "lose_receipts", "duplicate", "keep_nothing", "stray", "refuse", "delay")


class Killed(BaseException):
    """The process ended here."""


class Faulty:
    """A channel that breaks at one hand-over."""

    def __init__(self, channel: Channel, fault: str, at: int) -> None:
        self._channel, self._fault, self._left = channel, fault, at
        self.hit = False

    def deliver(self, batch: BatchOut, *, again: bool) -> None:
        """Before, after, or not at all."""
        self._left -= 1
        if self._left:
            self._channel.deliver(batch, again=again)
            return
        self.hit = True
        if self._fault.endswith("after"):
            self._channel.deliver(batch, again=again)
        if self._fault.startswith("killed"):
            raise Killed
        raise ChannelTrouble("database-gone", "in mid-batch")

    def check(self) -> None:
        """As it is."""
        self._channel.check()

    def delivered(self, number: str) -> bool | None:
        """As it is."""
        return self._channel.delivered(number)

    def inbox(self, what: str) -> Iterator[Bundle]:
        """As it is."""
        return self._channel.inbox(what)

    def holdings(self) -> Bundle | None:
        """As it is."""
        return self._channel.holdings()

    def answer(self, values: Mapping[str, Any]) -> None:
        """As it is."""
        self._channel.answer(values)

    def close(self) -> None:
        """As it is."""
        self._channel.close()


@contextmanager
def full_disk(size: int = 200) -> Iterator[None]:
    """No file of this process may grow beyond so many bytes: the system's own refusal, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


class FullDisk:
    """A channel whose disk is full while it hands over."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def deliver(self, batch: BatchOut, *, again: bool) -> None:
        """With no room."""
        with full_disk():
            self._channel.deliver(batch, again=again)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._channel, name)


def alarms(world: World) -> set[str]:
    """Every alarm that was ever raised."""
    with world.services.database.reading() as session:
        return set(session.scalars(select(PlatformAlarm.code)))


def standing_alarms(world: World) -> set[str]:
    """Alarms that are not over."""
    with world.services.database.reading() as session:
        return set(session.scalars(select(PlatformAlarm.code).where(PlatformAlarm.cleared_at.is_(None))))


def change_schema(world: World, *, back: bool = False) -> None:
    """Rename a column of theirs overnight, or put it back."""
    table, column = world.profile.tables["person"], world.profile.columns[-1].name
    old, new = (f"{column}_neu", column) if back else (column, f"{column}_neu")
    assert world.engine is not None
    with world.engine.begin() as connection:
        connection.execute(text(f"ALTER TABLE {table} RENAME COLUMN {old} TO {new}"))


class Run:
    """One random run: changes and faults in any order, then healing; whatever stands here must stand there."""

    def __init__(self, world: World, seed: int, hits: Counter[str]) -> None:
        self.world, self.chance, self.hits = world, Random(seed), hits
        self.standing: dict[str, int] = {}
        self.gone: set[str] = set()

    def play(self, steps: int = 7) -> None:
        """Everything."""
        self._change()
        for _ in range(steps):
            self.chance.choice((self._change, self._change, self._fault, self._habit, self._work, self._compare))()
        self.heal()

    def _change(self) -> None:
        register = self.world.register
        if self.standing and self.chance.random() < 0.5:
            entry = self.chance.choice(sorted(self.standing))
            if self.chance.random() < 0.5:
                register.remove(entry, revoked=self.chance.random() < 0.3)
                self.standing.pop(entry)
                self.gone.add(entry)
            else:
                register.correct(entry)
                self.standing[entry] += 1
        else:
            made = register.listings(self.chance.randint(1, 3), units=self.chance.random() < 0.3)
            self.standing.update(dict.fromkeys(made, 1))
        if self.chance.random() < 0.7:
            self.world.publish()

    def _fault(self) -> None:
        self.world.publish()
        faults = [*BY_CHANNEL, "full_disk" if isinstance(self.world.end, FolderEnd) else "schema"]
        fault = self.chance.choice(faults)
        if fault == "schema":
            self._schema()
            return
        inner = self.world.channel()
        channel: Any = FullDisk(inner) if fault == "full_disk" else Faulty(inner, fault, self.chance.randint(1, 2))
        try:
            sent = self.world.send(channel)
            hit = sent.trouble == "disk-full" if fault == "full_disk" else channel.hit
        except Killed:
            hit = True
        self.hits[fault] += hit

    def _schema(self) -> None:
        change_schema(self.world)
        self.hits["schema"] += self.world.send().trouble == "schema-changed"
        change_schema(self.world, back=True)

    def _habit(self) -> None:
        """A round in which the platform misbehaves."""
        files = isinstance(self.world.end, FolderEnd)
        habit = self.chance.choice([*BY_MANNERS, "seconds_ahead", *(["half_file"] if files else [])])
        share = 3600 if habit == "seconds_ahead" else 0.7
        standin = self.world.standin
        standin.manners = Manners(seed=self.chance.randrange(10**9), **{habit: share})  # type: ignore[arg-type]
        before = standin.seen.habits.get(habit, 0)
        answered = sum(standin.seen.results.values())
        self.world.publish()
        self.world.send()
        self._work()
        if habit == "seconds_ahead":
            self.hits[habit] += sum(standin.seen.results.values()) > answered
        else:
            self.hits[habit] += standin.seen.habits.get(habit, 0) - before
        standin.manners = Manners(seed=1)

    def _work(self) -> None:
        self.world.end.work(self.world.services.clock.now())
        try:
            self.world.fetch()
        except ChannelTrouble as trouble:
            assert trouble.code == "half-file"
            end = self.world.end
            assert isinstance(end, FolderEnd)
            end.mend()

    def _compare(self) -> None:
        self.world.compare(strict=self.chance.random() < 0.3)

    def heal(self) -> None:
        """Nothing goes wrong any more: the next runs heal, with a person where one is asked for."""
        world = self.world
        world.standin.manners = Manners(seed=1)
        if isinstance(world.end, FolderEnd):
            world.end.mend()
        for _ in range(8):
            world.publish()
            world.send()
            world.end.work(world.services.clock.now())
            world.fetch()
            self._people()
            made = world.compare()
            if made is not None and made.state == "agrees" and not made.waiting and self._as_it_should_be():
                return
        raise AssertionError(self._told())

    def _people(self) -> None:
        """Work off what waits for a person."""
        with self.world.services.database.writing() as session:
            for row in session.scalars(select(PlatformRefusal).where(PlatformRefusal.state == "open")):
                work_off(session, row, RESEND, "", caller=MANAGER, now=self.world.services.clock.now())
            others = select(PlatformDifference).where(PlatformDifference.kind.in_(("held_but_unknown", "newer")))
            for each in session.scalars(others).all():
                repair(session, each.comparison_id, [each.id], caller=MANAGER, now=self.world.services.clock.now())

    def _as_it_should_be(self) -> bool:
        state = self.world.ledger.state()
        listed = {key: version for key, (version, status) in state.items() if status == "listed"}
        own = {key: version for key, version in listed.items() if key in self.standing or key in self.gone}
        return own == self.standing

    def _told(self) -> str:
        state = self.world.ledger.state()
        wrong = {
            key: (version, state.get(key))
            for key, version in self.standing.items()
            if state.get(key) != (version, "listed")
        }
        kept = {key: state[key] for key in self.gone if state.get(key, (0, "ended"))[1] == "listed"}
        return f"standing {wrong}; still there {kept}; alarms {standing_alarms(self.world)}"
