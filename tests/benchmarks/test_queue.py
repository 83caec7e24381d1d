"""The desk's queue over many open applications, beside one primary-key read of the same rows in the same run.

``QUEUE_APPLICATIONS`` sets the size (100,000 unless told otherwise). A basic court, a city's and the province's desk.
"""

from __future__ import annotations

import os
import sys
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from creditsvc.kernel.load import courts
from creditsvc.services import Services
from creditsvc.storage.bulk import insert_rows
from repair.queue import PAGE, counts, queue
from repair.tables import Application
from tests.benchmarks.figures import timed
from tests.repair.world import DAY, clerk

SIZE = int(os.environ.get("QUEUE_APPLICATIONS", "100000"))
ROUNDS = 7
pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(1800)]


def fill(services: Services) -> None:
    """Open applications spread over the province's basic courts and over forty due days, three of them past."""
    codes = [court.code for court in courts().all() if court.level == "basic" and court.status == "current"]
    now = services.clock.now()
    for start in range(0, SIZE, 10_000):
        chunk = range(start, min(start + 10_000, SIZE))
        rows = [
            {
                "id": f"app_{serial:024x}",
                "number": f"豫信修〔2026〕{serial:06d}号",
                "kind": "removal",
                "ground": "performed",
                "subject_id": f"{serial:032x}",
                "entry": f"lst_{serial:024x}",
                "court_code": codes[serial % len(codes)],
                "case_number": f"（2026）{codes[serial % len(codes)]}执{serial}号",
                "state": "submitted",
                "is_open": True,
                "with_court": True,
                "opened_by": "person",
                "e_service": False,
                "version": 2,
                "created_at": now,
                "submitted_at": now,
                "received_on": DAY,
                "due_on": DAY + timedelta(days=serial % 40 - 3),
                "due_provisional": False,
            }
            for serial in chunk
        ]
        with services.database.writing() as session:
            insert_rows(session, Application, rows)


def settle(services: Services) -> None:
    """What autovacuum does by itself within minutes of such a load, done at once."""
    if not services.database.is_sqlite:
        with services.database.write_engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE application"))


def test_the_queue(services: Services) -> None:
    fill(services)
    settle(services)
    wanted = [f"app_{serial:024x}" for serial in range(PAGE)]
    for name, court in (("basic", "豫0105"), ("city", "豫01"), ("province", "豫")):
        caller, best, base = clerk(court=court), 9.0, 9.0
        for _ in range(ROUNDS):
            with services.database.reading() as session:
                with timed() as plain:
                    session.scalars(select(Application).where(Application.id.in_(wanted))).all()
                session.expire_all()
                session.expunge_all()
                with timed() as asked:
                    found = queue(session, caller=caller, limit=PAGE + 1)
                    totals = counts(session, caller=caller, today=DAY)
            best, base = min(best, asked.seconds), min(base, plain.seconds)
        assert found and totals.open and found[0].due_on == DAY - timedelta(days=3)
        sys.stdout.write(
            f"\nFIGURE desk queue, {name}, {totals.open} open of {SIZE}: {best * 1000:.1f} ms with its counts, "
            f"{PAGE} rows by key {base * 1000:.1f} ms, ratio {best / base:.1f}\n"
        )
