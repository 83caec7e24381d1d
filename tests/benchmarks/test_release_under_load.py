"""While a long list is released: how long a removal and a check take beside an idle register, and when the feed has it.

The list is applied by a process of its own and numbered by another, as in production. Figures are ratios of the same run.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from creditsvc.access.api_keys import create_api_key
from creditsvc.access.callers import job_caller
from creditsvc.access.permissions import Permission, StaffRole
from creditsvc.app import create_app
from creditsvc.register import decisions
from creditsvc.register.tables import Listing
from creditsvc.services import Services
from creditsvc.settings import Settings
from sync.apply import apply_released
from sync.demo.cli import main as demo
from sync.heads import prepare_feed
from sync.intake import receive_file, release
from sync.publish import sequence_all
from sync.tables_feed import StreamEvent
from sync.wire.events import EventType
from tests.benchmarks.figures import staff
from tests.support.intake import Intake, listing
from tests.sync.test_intake_killed import again
from wsgi import features

ROWS = int(os.environ.get("ROWS", "20000"))
ACTS = int(os.environ.get("ACTS", "60"))
pytestmark = pytest.mark.benchmark
CLERK, JUDGE = staff(StaffRole.CLERK, "a"), staff(StaffRole.JUDGE, "b")


def _applying(settings: Settings) -> None:
    services = again(settings)
    apply_released(services, services.clock.now())


def _numbering(settings: Settings) -> None:
    services = again(settings)
    while True:
        sequence_all(services, services.clock.now())
        time.sleep(0.2)


@contextmanager
def beside(work: Callable[[Settings], None], settings: Settings) -> Iterator[multiprocessing.process.BaseProcess]:
    """Run a piece of work in a process of its own meanwhile."""
    worker = multiprocessing.get_context("spawn").Process(target=work, args=(settings,), daemon=True)
    worker.start()
    yield worker
    worker.kill()
    worker.join()


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
        row = listing(1 + index % ACTS)
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


def _p99(found: list[float]) -> float:
    return sorted(found)[min(len(found) - 1, int(len(found) * 0.99))]


def _in_feed(services: Services, entry: str, limit: float = 30.0) -> float:
    start = time.perf_counter()
    while time.perf_counter() - start < limit:
        with services.database.reading() as session:
            query = select(StreamEvent.sequence).where(
                StreamEvent.entry == entry, StreamEvent.type == EventType.REMOVED.value
            )
            if session.scalar(query.limit(1)) is not None:
                break
        time.sleep(0.02)
    return time.perf_counter() - start


def test_a_removal_is_not_held_up_by_a_list(services: Services, tmp_path: Path) -> None:
    prepare_feed(services, services.clock.now())
    intake = Intake(services)
    intake.take([listing(number) for number in range(1, 2 * ACTS + 1)])
    sequence_all(services, services.clock.now())
    with services.database.reading() as session:
        entries = list(session.scalars(select(Listing.entry).order_by(Listing.id)))
    file = tmp_path / "list.csv"
    demo(["--rows", str(ROWS), "--out", str(file), "--as-of", "2026-11-24"])
    with file.open("rb") as opened:
        batch, _ = receive_file(services, opened, filename="list.csv", caller=CLERK, now=services.clock.now())
    ask = checker(services)
    asked_idle = [ask(index) for index in range(2 * ACTS)]
    idle = [_remove(services, entry) for entry in entries[:ACTS]]
    sequence_all(services, services.clock.now())
    with services.database.writing() as session:
        release(
            session, batch.id, shown_digest=batch.digest or "", reason="核实", caller=JUDGE, now=services.clock.now()
        )
    busy: list[float] = []
    seen: list[float] = []
    asked_busy: list[float] = []
    with beside(_numbering, services.settings), beside(_applying, services.settings) as applier:
        time.sleep(3)
        for entry in entries[ACTS:]:
            if not applier.is_alive():
                break
            busy.append(_remove(services, entry))
            asked_busy += [ask(len(busy)), ask(len(busy) + 1)]
            if len(busy) % 10 == 0:
                seen.append(_in_feed(services, entry))
    kind = "sqlite" if services.database.is_sqlite else "postgres"
    for name, before, during in (("removal", idle, busy), ("check", asked_idle, asked_busy)):
        median = sorted(during)[len(during) // 2] / sorted(before)[len(before) // 2]
        sys.stdout.write(
            f"\nFIGURE {name} during a release, {kind}: p99 idle {_p99(before) * 1000:.0f} ms, busy {_p99(during) * 1000:.0f} ms, "
            f"ratio {_p99(during) / _p99(before):.2f}; median ratio {median:.2f}; {len(during)} acts\n"
        )
    sys.stdout.write(f"\nFIGURE removal in the feed during a release, {kind}: within {max(seen, default=0):.1f} s\n")
    assert busy and seen, "the list was applied before anything could be measured: give ROWS a larger number"
