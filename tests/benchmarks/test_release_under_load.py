"""While a long list is released: how long a removal and a check take beside an idle register, and when the feed has it.

One process does the jobs, as in production: it numbers facts all the time, and applies the list once that is released.
Another is the web. Figures are ratios of the same run; people pause between two acts, and the idle ones are as many.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from creditsvc.access.api_keys import create_api_key
from creditsvc.access.callers import job_caller
from creditsvc.access.permissions import Permission, StaffRole
from creditsvc.app import create_app
from creditsvc.register import decisions
from creditsvc.register.tables import Listing
from creditsvc.services import Services, keep_loaded
from creditsvc.settings import Settings
from creditsvc.wallclock import FixedClock
from sync.apply import apply_politely
from sync.demo.cli import main as demo
from sync.heads import prepare_feed
from sync.intake import receive_file, release
from sync.publish import sequence_all, sequence_politely
from sync.tables_feed import StreamEvent
from sync.tables_intake import APPLIED, Batch
from sync.wire.events import EventType
from tests.benchmarks.figures import staff
from tests.support.intake import Intake, listing
from tests.sync.test_intake_killed import again
from wsgi import features

ROWS = int(os.environ.get("ROWS", "20000"))
ACTS = int(os.environ.get("ACTS", "100"))
PAUSE = 0.02
"""Seconds that people take between two acts."""
PEOPLE = 30
CHECKS, EVERY = 4, 10
"""Checks to a removal; and every so-manyeth removal is looked for in the feed."""
pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(7200)]
CLERK, JUDGE = staff(StaffRole.CLERK, "a"), staff(StaffRole.JUDGE, "b")


def _jobs(settings: Settings, released: Any) -> None:
    """The process of the jobs: the sequencer's, and the one that applies lists."""
    services = again(settings)
    keep_loaded()

    def apply() -> None:
        released.wait()
        apply_politely(services, services.clock.now())

    threading.Thread(target=apply, daemon=True).start()
    while True:
        sequence_politely(services, services.clock.now())
        time.sleep(0.2)


@contextmanager
def jobs_beside(settings: Settings) -> Iterator[Any]:
    """A process of jobs; set what this gives once the list is released."""
    spawned = multiprocessing.get_context("spawn")
    released = spawned.Event()
    worker = spawned.Process(target=_jobs, args=(settings, released), daemon=True)
    worker.start()
    try:
        yield released
    finally:
        worker.kill()
        worker.join()


@dataclass
class Found:
    """Seconds that acts took."""

    removal: list[float] = field(default_factory=list)
    check: list[float] = field(default_factory=list)
    in_feed: list[float] = field(default_factory=list)


def _remove(services: Services, entry: str) -> float:
    now = services.clock.now()
    draft = decisions.Draft(kind="remove_listing", entry=entry, ground="performed",
     clause="法释〔2017〕7号第十条第一款第一项", event_on=now.date(),
                            known_on=now.date(), reason="已付清", document_number=f"文书{entry}")  # fmt: skip
    with services.database.writing() as session:
        proposed = decisions.propose(session, draft, caller=CLERK, now=now)
    start = time.perf_counter()
    with services.database.writing() as session:
        decisions.approve(session, proposed.id, shown_digest=proposed.digest, caller=JUDGE, now=now)
    return time.perf_counter() - start


def checker(services: Services) -> Callable[[int], float]:
    """How long one check takes, by the number of the person in ``tests.support.intake``."""
    with services.database.writing() as session:
        _, key = create_api_key(
            session, unit="演示", permissions=[Permission.CHECK_ASK], expires_at=services.clock.now() + timedelta(days=1),
            caller=job_caller("bench"), now=services.clock.now(),
        )  # fmt: skip
    client = create_app(services, features()).test_client()

    def ask(index: int) -> float:
        row = listing(1 + index % PEOPLE)
        if isinstance(services.clock, FixedClock):  # time goes on, so that a unit's quota fills up again
            services.clock.set(services.clock.now() + timedelta(seconds=0.1))
        asked = {
            "number": row["id_number"],
            "name": row["subject_name"],
            "sector": "transport",
            "act": "fly",
            "purpose": "售票核验",
            "matter": "订单一",
        }
        start = time.perf_counter()
        assert client.post("/v1/checks", json=asked, headers={"Authorization": f"Bearer {key}"}).status_code == 200
        return time.perf_counter() - start

    return ask


def _in_feed(services: Services, entry: str, since: float, limit: float = 60.0) -> float:
    while time.perf_counter() - since < limit:
        with services.database.reading() as session:
            query = select(StreamEvent.sequence).where(
                StreamEvent.entry == entry, StreamEvent.type == EventType.REMOVED.value
            )
            if session.scalar(query.limit(1)) is not None:
                break
        time.sleep(0.02)
    return time.perf_counter() - since


def _work(services: Services, ask: Callable[[int], float], entries: list[str], stop: Callable[[], bool]) -> Found:
    """What people do meanwhile: a few checks, a removal, a pause after each."""
    found = Found()
    for number, entry in enumerate(entries):
        if stop():
            break
        for index in range(CHECKS):
            found.check.append(ask(number * CHECKS + index))
            time.sleep(PAUSE)
        found.removal.append(_remove(services, entry))
        if number % EVERY == EVERY - 1:
            found.in_feed.append(_in_feed(services, entry, time.perf_counter()))
        time.sleep(PAUSE)
    return found


def _at(found: list[float], share: float) -> float:
    return sorted(found)[min(len(found) - 1, int(len(found) * share))]


def test_a_removal_is_not_held_up_by_a_list(services: Services, tmp_path: Path) -> None:
    keep_loaded()
    prepare_feed(services, services.clock.now())
    intake = Intake(services)
    intake.take([listing(number) for number in range(1, 2 * ACTS + 6)])
    sequence_all(services, services.clock.now())
    with services.database.reading() as session:
        entries = list(session.scalars(select(Listing.entry).order_by(Listing.id)))
    file = tmp_path / "list.csv"
    demo(["--rows", str(ROWS), "--out", str(file), "--as-of", "2026-11-24"])
    with file.open("rb") as opened:
        batch, _ = receive_file(services, opened, filename="list.csv", caller=CLERK, now=services.clock.now())
    ask = checker(services)
    with jobs_beside(services.settings) as released:
        _work(services, ask, entries[2 * ACTS :], lambda: False)  # once, so that nothing is done for the first time
        idle = _work(services, ask, entries[:ACTS], lambda: False)
        with services.database.writing() as session:
            release(
                session,
                batch.id,
                shown_digest=batch.digest or "",
                reason="核实",
                caller=JUDGE,
                now=services.clock.now(),
            )
        released.set()
        start = time.perf_counter()
        busy = _work(services, ask, entries[ACTS : 2 * ACTS], lambda: _is_applied(services, batch.id))
        took = time.perf_counter() - start
        with services.database.reading() as session:
            applied = session.scalar(select(Batch.applied).where(Batch.id == batch.id)) or 0
            numbered = session.scalar(select(func.count()).select_from(StreamEvent)) or 0
    kind = "sqlite" if services.database.is_sqlite else "postgres"
    for name in ("removal", "check"):
        before, during = getattr(idle, name), getattr(busy, name)
        p99, median = ([_at(found, share) * 1000 for found in (before, during)] for share in (0.99, 0.5))
        sys.stdout.write(
            f"\nFIGURE {name} during a release, {kind}: p99 idle {p99[0]:.1f} ms, busy {p99[1]:.1f} ms, ratio {p99[1] / p99[0]:.2f}; "
            f"median {median[0]:.1f} ms, {median[1]:.1f} ms, ratio {median[1] / median[0]:.2f}; {len(before)} and {len(during)} acts\n"
        )
    sys.stdout.write(
        f"\nFIGURE removal in the feed during a release, {kind}: within {max(busy.in_feed, default=0):.1f} s "
        f"(idle {max(idle.in_feed):.1f} s); meanwhile {applied / took:,.0f} rows/s applied, {numbered} events in all\n"
    )
    assert busy.in_feed, "the list was applied before anything could be measured: give ROWS a larger number"


def _is_applied(services: Services, batch_id: int) -> bool:
    with services.database.reading() as session:
        return session.scalar(select(Batch.state).where(Batch.id == batch_id)) == APPLIED
