"""A whole list on PostgreSQL: read ahead, here or by a process of its own; what overtakes it, and what kills it."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from creditsvc.kernel.days import legal_day
from creditsvc.services import Services
from sync.platform import helper, send
from sync.platform.helper import Helper, HelperGone
from sync.platform.links import profile_of
from sync.platform.reading import Reading
from sync.platform.send import Sender
from sync.platform.shape.bulk import BulkMapper
from sync.platform.shape.rows import Provider
from sync.platform.tables import PlatformBatch, PlatformLink, PlatformRow
from tests.platform.world import World, database_world
from tests.support.apps import Templates, world

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(120)]
SMALL = "small_pages"


@pytest.fixture
def front(templates: Templates, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """PostgreSQL on both sides, four rows a batch."""
    monkeypatch.setattr(helper, "_gone", threading.Event())
    with world("postgres", templates, tmp_path) as services:
        folder = services.settings.home / "profiles"
        folder.mkdir()
        shipped = Path("sync/platform/profiles/by_subject_tables.toml").read_text("utf-8")
        changed = shipped.replace("batch_rows = 10000", "batch_rows = 4").replace("by_subject_tables", SMALL)
        (folder / f"{SMALL}.toml").write_text(changed, "utf-8")
        templates.execute("CREATE DATABASE front_list")
        made = database_world(services, templates.postgres().url("front_list"), tmp_path, SMALL)
        yield made
        made.close()
        templates.execute("DROP DATABASE front_list WITH (FORCE)")


def _there(front: World) -> list[str]:
    """Entries in their table, in the order of batch and sequence."""
    assert front.engine is not None
    with front.engine.connect() as connection:
        return list(connection.scalars(text("SELECT jlbs FROM zrrsxbzxr WHERE czlx = 'I' ORDER BY pch, xh::int")))


def _is_in_order(front: World) -> None:
    """Every batch is numbered from 1 without a gap, and the platform finds its digest and signature right."""
    with front.services.database.reading() as session:
        for batch in session.scalars(select(PlatformBatch)):
            query = select(PlatformRow.sequence).where(PlatformRow.serial == batch.serial)
            assert sorted(session.scalars(query)) == list(range(1, batch.rows + 1))
    front.end.work(front.services.clock.now())
    front.fetch()
    assert front.standin.seen.bad_signatures == 0


def _helper(services: Services, link: int) -> Helper:
    with services.database.reading() as session:
        row = session.get_one(PlatformLink, link)
        mapper = BulkMapper(profile_of(services, row), Provider(row.provider, row.provider_code))
    return Helper(services.settings, link, legal_day(services.clock.now()), mapper)


def test_what_overtakes_a_page_leaves_its_place_to_the_last(front: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the lines of a page and its plan one entry leaves and one is corrected."""
    entries = front.register.listings(7)
    front.publish()
    made = Reading.lines

    def overtaken(self: Reading, *given: Any) -> Any:
        found = made(self, *given)
        if not _left:
            _left.append(entries[0])
            front.register.remove(entries[0])
            front.register.correct(entries[2])
            front.publish()
        return found

    _left: list[str] = []
    monkeypatch.setattr(Reading, "lines", overtaken)
    assert front.send(urgent=False).rows == 5
    assert _there(front) == [entries[3], entries[1], *entries[4:]]
    front.send()
    assert sorted(_there(front)) == sorted(entries[1:])
    _is_in_order(front)
    assert front.ledger.state() == {entry: (2 if entry == entries[2] else 1, "listed") for entry in entries[1:]}


def test_a_process_of_its_own_reads_the_same_list(front: World, monkeypatch: pytest.MonkeyPatch) -> None:
    entries = front.register.listings(6) + front.register.listings(3, units=True)
    front.publish()
    monkeypatch.setattr(send, "is_worth_it", lambda _entries: True)
    monkeypatch.setattr(Reading, "read", lambda _self: pytest.fail("the list is read elsewhere"))
    sent = front.send()
    assert (sent.rows, sent.batches, sent.trouble) == (9, 3, "")
    assert _there(front) == entries[:6]
    _is_in_order(front)
    assert set(front.ledger.state()) == set(entries)


@pytest.mark.parametrize("at", [1, 2])
def test_a_helper_that_is_killed_loses_nothing(front: World, monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    entries = front.register.listings(10)
    front.publish()
    monkeypatch.setattr(send, "is_worth_it", lambda _entries: not helper._gone.is_set())
    asked, made = [0], Helper.read

    def killed(self: Helper, *given: Any) -> Any:
        asked[0] += 1
        if asked[0] == at:
            os.kill(self.pid, signal.SIGKILL)
            self._process.wait(10)
        return made(self, *given)

    monkeypatch.setattr(Helper, "read", killed)
    assert front.send().rows == 4 * (at - 1)
    assert front.send().rows == 10 - 4 * (at - 1), "without it, from where the last batch was planned"
    assert _there(front) == entries
    _is_in_order(front)


def test_a_helper_shows_no_secret_and_ends_with_whoever_started_it(front: World) -> None:
    """Its pipe is all that it has of us: the system closes it when we are killed. Also in mid-statement."""
    front.register.listings(5)
    front.publish()
    made = _helper(front.services, front.link.id)
    page = made.read()
    assert page is not None and len(page.entries) == 4
    for name in ("cmdline", "environ"):
        assert front.services.settings.database_url.encode() not in Path(f"/proc/{made.pid}/{name}").read_bytes()
    _let_go(made)
    waiting = _helper(front.services, front.link.id)

    def ask() -> None:
        with pytest.raises(HelperGone):
            waiting.read()

    with front.services.database.writing() as session:
        session.execute(text("SET LOCAL lock_timeout = '20s'"))
        session.execute(text("LOCK TABLE feed_entry IN ACCESS EXCLUSIVE MODE"))
        asking = threading.Thread(target=ask)
        asking.start()
        for _ in range(400):
            if session.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")):
                break
            asking.join(0.05)
        assert session.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")), "it is in mid-statement"
        _let_go(waiting)
        asking.join(10)
    for each in (made, waiting):
        each.close()


def _let_go(each: Helper) -> None:
    """Close its pipe, as the system does when we are killed; it must end."""
    each._input.close()
    try:
        each._process.wait(20)
    except subprocess.TimeoutExpired:
        each._process.kill()
        pytest.fail("it goes on without us")


def test_one_processor_does_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(helper, "_gone", threading.Event())
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {0, 1})
    assert helper.is_worth_it(helper.WORTH)
    assert not helper.is_worth_it(helper.WORTH - 1), "a start takes longer than so few rows"
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {0})
    assert not helper.is_worth_it(10**6)


def test_numbers_are_not_used_up_by_looking(front: World) -> None:
    """A platform may ask after a number that is missing: none is where nothing was to be sent."""
    front.register.listings(2)
    front.publish()
    assert front.send().batches == 1
    for _ in range(3):
        front.register.correct(front.register.listings(1)[0])
        front.publish()
        Sender(front.services, front.link.id, "test").run(urgent_only=True)
        front.send(urgent=False)
    with front.services.database.reading() as session:
        serials = sorted(session.scalars(select(PlatformBatch.serial)))
    assert serials == list(range(1, len(serials) + 1))
