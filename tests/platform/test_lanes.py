"""Two lanes: an end waits for no addition, and never overtakes the one that it ends; a crash is soon over."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from creditsvc.services import Services
from sync.platform.links import ADDING, LEASE, URGENT, Claim, is_claimed
from sync.platform.send import Sender
from sync.platform.shape.batches import BatchOut
from sync.platform.tables import PlatformBatch, PlatformLink, PlatformWish
from tests.platform.faults import Faulty, Killed, standing_alarms
from tests.platform.world import World, database_world

SMALL = "small_batches"


@pytest.fixture
def front(sqlite_services: Services, tmp_path: Path) -> Iterator[World]:
    """Over a front-end database, three rows a batch."""
    folder = sqlite_services.settings.home / "profiles"
    folder.mkdir()
    shipped = Path("sync/platform/profiles/by_subject_tables.toml").read_text("utf-8")
    changed = shipped.replace("batch_rows = 10000", "batch_rows = 3").replace("by_subject_tables", SMALL)
    (folder / f"{SMALL}.toml").write_text(changed, "utf-8")
    made = database_world(sqlite_services, f"sqlite:///{tmp_path / 'front.db'}", tmp_path, SMALL)
    yield made
    made.close()


class Held:
    """A channel whose hand-over of additions waits until it is let go."""

    takes_lines = False

    def __init__(self, channel: Any) -> None:
        self._channel = channel
        self.under_way, self.go_on = threading.Event(), threading.Event()

    def deliver(self, batch: BatchOut, *, again: bool) -> None:
        """When it may."""
        self.under_way.set()
        assert self.go_on.wait(20)
        self._channel.deliver(batch, again=again)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._channel, name)


def _log(front: World) -> list[tuple[str, str]]:
    """Operation and entry of each row there, in the order in which it came."""
    assert front.engine is not None
    table = front.end.metadata.tables["zrrsxbzxr"]  # type: ignore[union-attr]
    with front.engine.connect() as connection:
        return [(row[0], row[1]) for row in connection.execute(select(table.c.czlx, table.c.jlbs))]


def test_an_end_goes_out_while_additions_are_handed_over(front: World) -> None:
    early = front.register.listings(2)
    front.round()
    late = front.register.listings(7)
    front.publish()
    front.later(minutes=11)
    channel = Held(front.channel())
    adding = threading.Thread(
        target=lambda: Sender(front.services, front.link.id, "adding", channel=channel).run(urgent=False)  # type: ignore[arg-type]
    )
    adding.start()
    assert channel.under_way.wait(20)
    front.register.remove(early[0])
    front.register.remove(late[0])
    front.publish()
    urgent = threading.Thread(target=lambda: Sender(front.services, front.link.id, "urgent").run(urgent_only=True))
    urgent.start()
    try:
        for _ in range(200):
            if ("D", early[0]) in _log(front):
                break
            urgent.join(0.05)
        assert ("D", early[0]) in _log(front), "it waits for no batch"
        assert ("I", late[0]) not in _log(front) and ("D", late[0]) not in _log(front), "this one is on its way"
        with front.services.database.reading() as session:
            assert session.scalars(select(PlatformWish.entry)).all() == [late[0]]
    finally:
        channel.go_on.set()
        adding.join(20)
        urgent.join(20)
    log = _log(front)
    assert log.index(("I", late[0])) < log.index(("D", late[0])), "an end never comes before what it ends"
    front.end.work(front.services.clock.now())
    front.fetch()
    expected = {early[0]: (2, "ended"), early[1]: (1, "listed"), late[0]: (2, "ended")}
    assert front.ledger.state() == expected | dict.fromkeys(late[1:], (1, "listed"))


def test_what_changed_while_it_was_on_its_way_is_told_after_it(front: World) -> None:
    late = front.register.listings(2)
    front.publish()
    front.later(minutes=11)
    channel = Held(front.channel())
    adding = threading.Thread(
        target=lambda: Sender(front.services, front.link.id, "adding", channel=channel).run(urgent=False)  # type: ignore[arg-type]
    )
    adding.start()
    assert channel.under_way.wait(20)
    front.register.correct(late[0])
    front.publish()
    urgent = threading.Thread(target=lambda: Sender(front.services, front.link.id, "urgent").run(urgent_only=True))
    urgent.start()
    channel.go_on.set()
    adding.join(20)
    urgent.join(20)
    front.round()
    assert [row for row in _log(front) if row[1] == late[0]] == [("I", late[0]), ("U", late[0])]
    assert front.ledger.state() == {late[0]: (2, "listed"), late[1]: (1, "listed")}


@pytest.mark.parametrize("fault", ["gone_before", "gone_after", "killed_before", "killed_after"])
@pytest.mark.parametrize("at", [2])
def test_broken_off_while_the_next_batch_is_planned(front: World, fault: str, at: int) -> None:
    entries = front.register.listings(8)
    front.publish()
    with suppress(Killed):
        front.send(Faulty(front.channel(), fault, at))
    front.send()
    assert sorted(_log(front)) == sorted(("I", entry) for entry in entries), "neither lost nor doubled"
    assert standing_alarms(front) == set()
    with front.services.database.reading() as session:
        assert set(session.scalars(select(PlatformBatch.state))) == {"sent"}


def _claims(services: Services, link_id: int) -> tuple[bool, bool]:
    with services.database.reading() as session:
        link = session.get_one(PlatformLink, link_id)
        return is_claimed(link, URGENT, services.clock.now()), is_claimed(link, ADDING, services.clock.now())


def test_a_killed_sender_holds_up_no_end_and_its_own_lane_not_for_long(front: World) -> None:
    services, link = front.services, front.link.id
    first, second = front.register.listings(2)
    front.round()
    front.later(minutes=2)
    with services.database.writing() as session:
        # what a process leaves behind that is killed: a claim that nobody keeps alive
        assert Claim(services, link, ADDING, "dead").keep(session, services.clock.now())
    front.register.remove(first)
    front.register.listings(1)
    front.publish()
    sent = Sender(services, link, "living").run()
    assert (sent.ends, sent.busy) == (1, True), "additions are the dead one's, for a while"
    assert timedelta(seconds=10) >= LEASE
    front.later(seconds=LEASE.total_seconds() + 1)
    with services.database.writing() as session:
        assert Claim(services, link, URGENT, "dead").keep(session, services.clock.now())
    front.register.remove(second)
    front.publish()
    assert Sender(services, link, "living").run(urgent_only=True).busy
    front.later(seconds=LEASE.total_seconds() + 1)
    assert Sender(services, link, "living").run(urgent_only=True).ends == 1
    assert _claims(services, link) == (False, False), "given back"


def test_a_claim_is_kept_alive_while_it_is_worked_on(front: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sync.platform.links.LEASE", timedelta(seconds=0.2))
    with Claim(front.services, front.link.id, ADDING, "long") as claim:
        assert claim.held
        for _ in range(8):
            front.later(seconds=0.1)
            threading.Event().wait(0.1)
            assert _claims(front.services, front.link.id) == (False, True)
            with front.services.database.writing() as session:
                assert not Claim(front.services, front.link.id, ADDING, "other").keep(
                    session, front.services.clock.now()
                )
    assert _claims(front.services, front.link.id) == (False, False)
