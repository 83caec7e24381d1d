"""What goes wrong between two sides: nothing lost, nothing doubled, a named alarm, and the next run heals."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from creditsvc.services import Services
from sync.platform.alarms import ChannelTrouble
from sync.platform.channels.files import FilesChannel
from sync.platform.exchange import fetch_link
from sync.platform.standin.manners import Manners
from sync.platform.tables import PlatformBatch, PlatformReceipt, PlatformStray
from tests.platform.faults import (
    BY_CHANNEL,
    BY_MANNERS,
    Faulty,
    FullDisk,
    Killed,
    Run,
    alarms,
    change_schema,
    standing_alarms,
)
from tests.platform.world import World, database_world, folder_world
from tests.support.apps import Templates, world

NAMED = (*BY_CHANNEL, *BY_MANNERS, "schema", "full_disk", "half_file", "seconds_ahead")


@pytest.fixture
def front(sqlite_services: Services, tmp_path: Path) -> Iterator[World]:
    """Over a front-end database."""
    made = database_world(sqlite_services, f"sqlite:///{tmp_path / 'front.db'}", tmp_path)
    yield made
    made.close()


@pytest.fixture
def files(sqlite_services: Services, tmp_path: Path) -> Iterator[World]:
    """Over a folder."""
    made = folder_world(sqlite_services, tmp_path)
    yield made
    made.close()


def _rows_there(front: World) -> Counter[str]:
    """How often each entry stands in their table."""
    assert front.engine is not None
    table = front.end.metadata.tables[front.profile.tables["person"]]  # type: ignore[union-attr]
    with front.engine.connect() as connection:
        return Counter(connection.scalars(select(table.c.jlbs)))


@pytest.mark.parametrize("fault", BY_CHANNEL)
def test_gone_or_killed_in_mid_batch(front: World, fault: str) -> None:
    entries = front.register.listings(5)
    front.publish()
    channel = Faulty(front.channel(), fault, 1)
    if fault.startswith("killed"):
        with pytest.raises(Killed):
            front.send(channel)
    else:
        assert front.send(channel).trouble == "database-gone"
        assert "database-gone" in standing_alarms(front)
    front.send()
    assert _rows_there(front) == Counter(entries), "neither lost nor doubled"
    assert standing_alarms(front) == set()


def test_an_entry_that_leaves_while_its_batch_is_stuck(front: World) -> None:
    """Whether the batch had arrived or not, it ends: and what never arrived is never sent."""
    first, second = front.register.listings(2)
    front.publish()
    front.send(Faulty(front.channel(), "gone_before", 1))
    front.register.remove(first)
    front.round()
    assert front.ledger.state() == {second: (1, "listed")}
    third = front.register.listings(1)[0]
    front.publish()
    front.send(Faulty(front.channel(), "gone_after", 1))
    front.register.remove(third)
    front.round()
    assert front.ledger.state()[third] == (2, "ended")


def test_a_correction_while_its_batch_is_stuck(front: World) -> None:
    entry = front.register.listings(1)[0]
    front.publish()
    front.send(Faulty(front.channel(), "gone_before", 1))
    front.register.correct(entry)
    front.round()
    front.round()
    assert front.ledger.state() == {entry: (2, "listed")}


def test_disk_full_at_the_folder(files: World) -> None:
    entries = files.register.listings(3)
    files.publish()
    assert files.send(FullDisk(files.channel())).trouble == "disk-full"  # type: ignore[arg-type]
    left = [path.name for path in Path(files.link.address).rglob("*") if path.is_file()]
    assert not [name for name in left if not name.endswith(".sig")], "half a file is taken away again"
    files.round()
    assert set(files.ledger.state()) == set(entries)
    assert standing_alarms(files) == set()


def test_half_a_file_is_not_half_read(files: World) -> None:
    files.register.listings(3)
    files.publish()
    files.send()
    files.standin.manners = Manners(half_file=1.0)
    files.end.work(files.services.clock.now())
    channel = files.channel()
    assert isinstance(channel, FilesChannel)
    with pytest.raises(Exception, match="not whole"):
        files.fetch()
    with files.services.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(PlatformReceipt)) == 0
    files.standin.manners = Manners()
    files.end.mend()  # type: ignore[union-attr]
    assert files.fetch().receipts == 3


def test_a_receipt_for_an_unknown_row_changes_nothing(front: World) -> None:
    front.register.listings(2)
    front.standin.manners = Manners(stray=1.0)
    front.round()
    with front.services.database.reading() as session:
        stray = session.scalars(select(PlatformStray)).one()
        assert stray.sequence == 7
        batch = session.scalars(select(PlatformBatch)).one()
        assert (batch.state, batch.answered) == ("settled", 2)
    assert "stray-receipt" in standing_alarms(front)


def test_the_same_receipt_twice_is_one(front: World) -> None:
    front.register.listings(3)
    front.publish()
    front.send()
    front.standin.manners = Manners(duplicate=1.0)
    front.end.work(front.services.clock.now())
    got = front.fetch()
    assert (got.receipts, got.again) == (3, 3)
    with front.services.database.reading() as session:
        assert session.scalars(select(PlatformBatch)).one().answered == 3


def test_a_receiver_that_confirms_and_keeps_nothing_is_found_out(front: World) -> None:
    entries = front.register.listings(3)
    front.standin.manners = Manners(keep_nothing=1.0)
    front.round()
    assert front.ledger.state() == {}
    with front.services.database.reading() as session:
        assert session.scalars(select(PlatformBatch)).one().state == "settled", "it confirmed every row"
    front.standin.manners = Manners()
    front.later(hours=2)
    made = front.compare(strict=False)
    assert made is not None and made.differences == 3
    assert "keeps-nothing" in standing_alarms(front)
    front.round()
    assert set(front.ledger.state()) == set(entries)
    front.compare()
    assert "keeps-nothing" not in standing_alarms(front)


def test_clocks_apart_are_named_and_deadlines_run_by_ours(front: World) -> None:
    front.register.listings(1)
    front.standin.manners = Manners(seconds_ahead=3600)
    front.round()
    assert "clock-apart" in standing_alarms(front)
    with front.services.database.reading() as session:
        assert session.scalars(select(PlatformReceipt)).one().at == front.services.clock.now()


def test_a_schema_that_changed_overnight(front: World) -> None:
    first = front.register.listings(2)
    front.round()
    change_schema(front)
    later = front.register.listings(2)
    front.register.remove(first[0])
    front.publish()
    assert front.send().trouble == "schema-changed"
    assert "schema-changed" in standing_alarms(front)
    change_schema(front, back=True)
    front.round()
    assert standing_alarms(front) == set()
    assert front.ledger.state()[first[0]] == (2, "ended")
    assert {key for key, (_, status) in front.ledger.state().items() if status == "listed"} == {first[1], *later}


def test_who_fetches_by_hand_is_told_what_is_wrong(front: World) -> None:
    """As a number of rows, none would look as if all were well."""
    assert front.engine is not None
    with front.engine.begin() as connection:
        connection.execute(text(f"DROP TABLE {front.profile.feedback.place}"))
    with pytest.raises(ChannelTrouble) as trouble:
        fetch_link(front.services, front.link)
    assert trouble.value.code == "schema-changed"
    assert "schema-changed" in standing_alarms(front)


def _worlds(templates: Templates, folder: Path, serial: int) -> Iterator[World]:
    home = folder / f"world-{serial}"
    home.mkdir()
    with world("sqlite", templates, home) as services:
        if serial % 2:
            made = folder_world(services, home)
        else:
            made = database_world(services, f"sqlite:///{home / 'front.db'}", home)
        yield made
        made.close()


def _nothing_doubled(made: World) -> None:
    """No row of a batch stands twice in their table."""
    if made.engine is None:
        return
    for name in dict.fromkeys(made.profile.tables.values()):
        table = made.end.metadata.tables[name]  # type: ignore[union-attr]
        query = select(table.c.pch, table.c.xh).group_by(table.c.pch, table.c.xh).having(func.count() > 1)
        with made.engine.connect() as connection:
            assert connection.execute(query).all() == []


def _random_runs(templates: Templates, folder: Path, *, worlds: range, runs: int) -> Counter[str]:
    hits: Counter[str] = Counter()
    raised: set[str] = set()
    for serial in worlds:
        for made in _worlds(templates, folder, serial):
            for each in range(runs):
                seed = serial * 1000 + each
                try:
                    Run(made, seed, hits).play()
                except AssertionError as lost:
                    raise AssertionError(f"seed {seed}: {lost}") from lost
            raised |= alarms(made)
            _nothing_doubled(made)
    sys.stdout.write(f"\nFAULTS {dict(hits)}; alarms {sorted(raised)}\n")
    return hits


def test_random_faults_heal(templates: Templates, tmp_path: Path) -> None:
    hits = _random_runs(templates, tmp_path, worlds=range(2), runs=4)
    assert sum(hits.values()) > 6


@pytest.mark.slow
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("hundred", range(10))
def test_a_thousand_random_fault_runs(templates: Templates, tmp_path: Path, hundred: int) -> None:
    """A hundred at a time, so that a failure costs no thousand; every fault is hit in each of them."""
    hits = _random_runs(templates, tmp_path, worlds=range(5 * hundred, 5 * hundred + 5), runs=20)
    assert [fault for fault in NAMED if not hits[fault]] == [], "in each hundred: ten times and more in a thousand"
