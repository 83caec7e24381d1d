"""Snapshots: one is built at a time, who comes meanwhile gets the last one, and what a killed builder left is removed."""

from __future__ import annotations

import fcntl
import gzip
from datetime import timedelta
from pathlib import Path

import pytest

from creditsvc.kernel.errors import Unavailable
from creditsvc.services import Services
from creditsvc.wallclock import FixedClock
from sync import snapshots, sorted_lines
from sync.canaries import publish_canaries
from sync.snapshots import snapshot_file
from sync.wire.canonical import canonical_json, parse_json
from tests.support.feed_world import Register


def _later(services: Services, **by: float) -> None:
    assert isinstance(services.clock, FixedClock)
    services.clock.set(services.clock.now() + timedelta(**by))


def _newest(services: Services) -> tuple[Path, int]:
    return snapshot_file(services, "agency", services.clock.now())[:2]


def _moved(register: Register) -> None:
    """The head moves on, and the last snapshot is no longer young."""
    register.listings(1)
    register.publish()
    _later(register.services, minutes=1)


def test_every_line_is_canonical_whichever_way_it_was_made(register: Register, services: Services) -> None:
    entries = register.listings(5)
    register.publish()
    register.annotate(entries[0], "disputed")
    register.correct(entries[1])
    publish_canaries(services, services.clock.now())
    register.publish()
    lines = gzip.decompress(_newest(services)[0].read_bytes()).split(b"\n")[1:-2]
    assert len(lines) == 6 and sum(line.startswith(b'{"canary":true,"data":{') for line in lines) == 1
    for line in lines:
        value = parse_json(line, "line")
        assert canonical_json(value) == line and value["data"].keys() >= {"entry", "kind", "revision"}
    assert sorted(line[line.index(b'"entry"') :] for line in lines) == [
        line[line.index(b'"entry"') :] for line in lines
    ]
    assert sum(b'"marks":[' in line for line in lines) == 1


def test_sorted_here_or_fetched_in_order_is_the_same(
    register: Register, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = register.listings(40)
    register.order()
    register.publish()
    register.annotate(entries[0], "disputed")
    register.remove(entries[1])
    register.publish()
    path, _ = _newest(services)
    fetched = gzip.decompress(path.read_bytes())
    path.unlink()
    monkeypatch.setattr(snapshots, "LARGE", 0)
    monkeypatch.setattr(sorted_lines, "HELD", 4096)
    assert gzip.decompress(_newest(services)[0].read_bytes()) == fetched
    assert list(path.parent.glob("*.part")) == []


def test_who_comes_while_one_is_built_gets_the_last_one(
    register: Register, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "PATIENCE", 0.2)
    _moved(register)
    folder = services.settings.home / "feed" / "agency" / "1"
    folder.mkdir(parents=True)
    with (folder / "building").open("ab") as building:
        fcntl.flock(building, fcntl.LOCK_EX)
        with pytest.raises(Unavailable, match="being built"):
            _newest(services)
    first, sequence = _newest(services)
    _moved(register)
    with (folder / "building").open("ab") as building:
        fcntl.flock(building, fcntl.LOCK_EX)
        assert _newest(services) == (first, sequence)
    later, after = _newest(services)
    assert after == sequence + 1 and later.exists() and not first.exists()


def test_a_forgotten_one_is_not_handed_over(
    register: Register, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "PATIENCE", 0.2)
    _moved(register)
    first, sequence = _newest(services)
    _moved(register)
    with services.database.writing() as session:
        session.get_one(snapshots.FeedStream, "agency").forget_before = sequence + 1
    with (first.parent / "building").open("ab") as building:
        fcntl.flock(building, fcntl.LOCK_EX)
        with pytest.raises(Unavailable):
            _newest(services)
    assert _newest(services)[1] == sequence + 1


def test_the_larger_it_is_the_longer_it_will_do(register: Register, services: Services) -> None:
    _moved(register)
    first = _newest(services)
    register.listings(1)
    register.publish()
    _later(services, seconds=30)
    with services.database.writing() as session:
        session.get_one(snapshots.FeedStream, "agency").count = 1_000_000
    assert _newest(services) == first
    with services.database.writing() as session:
        session.get_one(snapshots.FeedStream, "agency").count = 2
    assert _newest(services)[1] == first[1] + 1


def test_what_a_killed_builder_left_is_removed(register: Register, services: Services) -> None:
    _moved(register)
    path, _ = _newest(services)
    left, sheet = path.with_name("7.0011aabb.part"), path.with_name("0011aabb.part")
    left.touch()
    sheet.touch()
    _moved(register)
    _newest(services)
    assert not left.exists() and sheet.exists()
