"""``kill -9`` at any step of a batch: what is left reconciles, nothing twice, nothing half, and no exit is lost.

A process is killed by its own hand right at a step, so every step is met and not only those that a timer happens to hit.
"""

from __future__ import annotations

import io
import multiprocessing
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, func, select

from creditsvc.register.tables import Decision, Listing, RegisterEvent
from creditsvc.services import Services
from creditsvc.settings import Settings
from creditsvc.storage.engine import Database
from creditsvc.storage.keyring import open_keyring
from creditsvc.storage.outbox import Outbox
from creditsvc.storage.vault import Vault
from creditsvc.wallclock import FixedClock
from sync.intake import receive_file
from sync.sweep import sweep_batches
from sync.tables_intake import Batch
from tests.support.apps import NOON
from tests.support.intake import CLERK, Intake, ended, listing

ROWS = 24
GONE = (3, 4)


def again(settings: Settings) -> Services:
    """Services of an installation that was there before, as a new process opens them."""
    keyring, keys = open_keyring(settings.keys), Database(settings.keys_database)
    return Services(settings, FixedClock(NOON), Database(settings.database), keys, keyring, Vault(keyring, keys))


def files() -> list[list[dict[str, Any]]]:
    """A list, then a list with exits of both, rows that wait and rows that are refused."""
    first = [listing(number) for number in range(1, ROWS + 1)]
    second = [
        listing(90),
        listing(91, national_entry=None),
        listing(92, case_code="乱写"),
        *(ended(number) for number in GONE),
        ended(90),
    ]
    return [first, second]


def everything(services: Services) -> None:
    """All steps, each done only if it has not been: what an operator does after a crash."""
    intake = Intake(services)
    for rows in files():
        batch = intake.send(rows)
        if batch.state == "awaiting_release":
            intake.release(batch)
        intake.apply(chunk=10)
    sweep_batches(services, NOON)


def _dying(settings: Settings, at: int) -> None:
    """Do everything and die at the so-manyeth commit: before it for even numbers, after it for odd ones."""
    services, count = again(settings), [0]

    def die(moment: str) -> Callable[..., None]:
        def met(*_: Any) -> None:
            if moment == "before":
                count[0] += 1
            if count[0] == at // 2 + 1 and (at % 2 == 0) == (moment == "before"):
                os.kill(os.getpid(), signal.SIGKILL)

        return met

    for engine in (services.database.write_engine, services.keys.write_engine):
        event.listen(engine, "commit", die("before"))
        event.listen(engine, "begin", die("after"))
    everything(services)


def killed_at(services: Services, at: int) -> bool:
    """Whether the process died at that step; false if it had come to its end."""
    worker = multiprocessing.get_context("fork").Process(target=_dying, args=(services.settings, at))
    worker.start()
    worker.join(120)
    return worker.exitcode == -signal.SIGKILL


def reconciled(services: Services) -> None:
    """Counts after all is done: rows = entries + waiting + refused; a decision, an event and a fact to each."""
    states = Intake(services).states()
    assert states == {f"测试{number}": "removed" if number in GONE else "active" for number in range(1, ROWS + 1)}, (
        states
    )
    with services.database.reading() as session:
        count = lambda query: session.scalar(select(func.count()).select_from(query.subquery()))  # noqa: E731
        assert count(select(Decision)) == len(GONE)
        assert count(select(RegisterEvent).where(RegisterEvent.kind == "listing")) == ROWS + len(GONE)
        assert count(select(Outbox).where(Outbox.is_exit)) == len(GONE)
        assert count(select(Outbox).where(Outbox.kind == "listing")) == ROWS + len(GONE)
        batches = session.scalars(select(Batch).order_by(Batch.id)).all()
        assert [(batch.state, batch.applied, batch.passed_over) for batch in batches] == [
            ("applied", ROWS, 0),
            ("applied", 3, 1),
        ]
        for batch in batches:
            shown = batch.preview or {}
            assert batch.applied + batch.passed_over == shown["staged"]
            assert shown["staged"] + shown["quarantined"] + shown["refused"] + shown["unchanged"] == batch.rows
        assert session.scalar(select(func.count(func.distinct(Listing.row_key)))) == ROWS


def walk(services: Services, steps: range) -> int:
    """Kill at each step in turn, in one installation that goes on from where it was left; how many kills there were."""
    kills = 0
    for at in steps:
        kills += killed_at(services, at)
    everything(services)
    everything(services)
    reconciled(services)
    return kills


@pytest.mark.parametrize("steps", [range(0, 90, 7)])
def test_killed_here_and_there(services: Services, steps: range) -> None:
    services.dispose()
    assert walk(services, steps) > 0


@pytest.mark.slow
@pytest.mark.kill
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("first", range(12))
def test_killed_at_every_step(services: Services, first: int) -> None:
    """Each starting point walks other steps, before and after every commit."""
    services.dispose()
    assert walk(services, range(first, 90, 3)) > 0


def test_an_upload_that_broke_off_leaves_nothing(services: Services) -> None:
    class Breaks(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise ConnectionResetError

    folder = Path(services.settings.home) / "batches"
    with pytest.raises(ConnectionResetError):
        receive_file(services, Breaks(), filename="list.csv", caller=CLERK, now=NOON)
    with services.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Batch)) == 0
    assert not list(folder.glob("*"))
