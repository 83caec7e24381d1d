"""How bulk work finds its measure: short transactions, very short ones while people wait, and rests in between."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from creditsvc.storage.engine import Database
from sync import pace
from sync.pace import BUSY, BUSY_FOR, LEAST, QUIET, REST, SHORT, Pace, politely


@dataclass
class House:
    """A database as a pace sees it: whether it has one writer, and when somebody last had to wait."""

    is_sqlite: bool = True
    waited: int = 0
    turns: Any = field(init=False)

    def __post_init__(self) -> None:
        self.turns = self

    def last_wait(self) -> int:
        return self.waited


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    hands = [1000.0]
    monkeypatch.setattr(pace.time, "monotonic", lambda: hands[0])
    return hands


def work(made: Pace, clock: list[float], seconds_a_row: float, times: int = 30) -> float:
    """Shares of rows that take so long each; how long the last one was."""
    took = 0.0
    for _ in range(times):
        with made.share() as share:
            clock[0] += 5.0  # waiting for one's turn holds up nobody
            share.begins()
            took = share.size * seconds_a_row
            clock[0] += took
    return took


def test_shares_take_as_long_as_they_may(clock: list[float]) -> None:
    house = House()
    made = Pace(2000, cast(Database, house))
    assert work(made, clock, 0.001) == pytest.approx(QUIET, rel=0.1)
    house.waited = 1
    assert work(made, clock, 0.0005) == pytest.approx(BUSY, rel=0.2)
    assert work(made, clock, 0.1) == LEAST * 0.1, "something is always done"
    clock[0] += BUSY_FOR
    assert work(made, clock, 0.001) == pytest.approx(QUIET, rel=0.1), "nobody has waited for long"
    assert work(Pace(2000, cast(Database, House(is_sqlite=False))), clock, 0.01) == pytest.approx(SHORT, rel=0.1)


def test_a_share_that_was_not_filled_makes_none_larger(clock: list[float]) -> None:
    """A hundred passes of a fact or two, and then two thousand in one: that one held an exit up for ten seconds."""
    made = Pace(2000, cast(Database, House(is_sqlite=False)))
    size = made.size
    assert size < 100, "the first is small wherever it is"
    for _ in range(100):
        with made.share() as share:
            share.begins()
            clock[0] += 0.1
            share.held = 2
    assert made.size == size
    with made.share() as share:
        share.begins()
        clock[0] += 2 * SHORT
        share.held = 2
    assert made.size < size, "one that took too long makes the next smaller, however little it held"


def test_what_did_nothing_says_nothing(clock: list[float]) -> None:
    made = Pace(2000, cast(Database, House()))
    size = made.size
    for _ in range(10):
        with made.share():
            clock[0] += 0.0001
    assert made.size == size


def test_long_work_rests_where_people_wait(clock: list[float]) -> None:
    house = House()
    made = Pace(2000, cast(Database, house))
    work(made, clock, 0.001)
    assert not made.must_rest(), "nobody waits"
    house.waited = 1
    took = work(made, clock, 0.004)
    assert made.must_rest()
    clock[0] += REST * took
    assert not made.must_rest()


def test_politely_is_a_thread_that_stands_back_and_ends() -> None:
    def look() -> tuple[int, str]:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id()), threading.current_thread().name

    before = os.getpriority(os.PRIO_PROCESS, 0)
    nice, name = politely(look)
    assert nice >= min(19, before) and name == "bulk"
    assert os.getpriority(os.PRIO_PROCESS, 0) == before
    with pytest.raises(ZeroDivisionError):
        politely(lambda: 1 // 0)
