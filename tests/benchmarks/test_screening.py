"""A list screened, CSV to CSV with one in twenty listed, beside the bare parse, keyed hash, join and write of the same files.

The register is read once from the disk before anything is measured; then the bare work, ours, and the bare work again.
``SCREENING_PEOPLE`` and ``SCREENING_ENTRIES`` set the sizes (20,000 and 50,000 unless told otherwise), ``SCREENING_FOLDER`` where the
register is kept.
"""

from __future__ import annotations

import csv
import io
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest

from creditsvc.checks import screening as lists
from creditsvc.checks.screening_work import run_screenings
from creditsvc.kernel.days import legal_day
from creditsvc.services import Services
from tests.benchmarks.big_register import AREA, NAME, STRANGERS, numbers, opened, people_of
from tests.benchmarks.figures import forget_peak, peak_mib, report, timed
from tests.checks.screening_world import AGENCY, FLY

PEOPLE = int(os.environ.get("SCREENING_PEOPLE", "20000"))
ENTRIES = int(os.environ.get("SCREENING_ENTRIES", "50000"))
EVERY = 20
pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(7200)]


def _list_of_people(path: Path) -> None:
    """Listed ones spread over the register, strangers from elsewhere."""
    step = max(1, people_of(ENTRIES) // max(1, PEOPLE // EVERY))
    known, strangers = islice(numbers(AREA), 0, None, step), numbers(STRANGERS)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("客户编号", "姓名", "证件号码", "开户日", "备注"))
        for serial in range(PEOPLE):
            number = next(known) if serial % EVERY == 0 else next(strangers)
            writer.writerow((f"C{serial:08d}", NAME, number, "2025-05-06", "存量客户"))


@pytest.fixture
def register(tmp_path: Path) -> Iterator[Services]:
    """A register of that many entries, kept in ``SCREENING_FOLDER`` if that is set; its clock is the machine's."""
    services = opened(Path(os.environ.get("SCREENING_FOLDER", str(tmp_path / "register"))), ENTRIES)
    yield services
    services.dispose()


def test_screening_beside_the_bare_join(register: Services, tmp_path: Path) -> None:
    services, path = register, tmp_path / "people.csv"
    _list_of_people(path)
    before = peak_mib()
    _warm(services)
    first = _bare(services, path, tmp_path / "bare.csv")
    sys.stdout.write(f"\nbare {first:.2f} s")
    sys.stdout.flush()
    forget_peak()
    out = tmp_path / "results.csv"
    with timed() as receiving, path.open("rb") as file:
        screening = lists.receive(
            services,
            file,
            replace(FLY, on=legal_day(services.clock.now())),
            filename="people.csv",
            caller=AGENCY,
            now=services.clock.now(),
        )
    with timed() as working:
        while lists_open(services, screening.id):
            run_screenings(services, services.clock.now())
    with timed() as taking, out.open("wb") as target:
        for piece in lists.results(services, screening.id, caller=AGENCY, now=services.clock.now())[2]:
            target.write(piece)
        target.flush()
        os.fsync(target.fileno())
    seconds = receiving.seconds + working.seconds + taking.seconds
    assert _verdicts(out) == {"受限制": len(range(0, PEOPLE, EVERY)), "不受限制": PEOPLE - len(range(0, PEOPLE, EVERY))}
    sys.stdout.write(
        f"\nreceive {receiving.seconds:.2f} s, work {working.seconds:.2f} s, take {taking.seconds:.2f} s; "
        f"{seconds / first:.2f} times the first bare; peak {peak_mib():.0f} MiB ({before:.0f} before)"
    )
    sys.stdout.flush()
    again = _bare(services, path, tmp_path / "again.csv")
    sys.stdout.write(f"\nbare again {again:.2f} s: {seconds / again:.2f} times\n")
    report(f"screening of {PEOPLE:,} against {ENTRIES:,}", PEOPLE, seconds, min(first, again))


def _warm(services: Services) -> None:
    """Read the register's file through: neither side pays for the disk that the other has read."""
    with Path(str(services.database.url.database)).open("rb") as file:
        while file.read(1 << 24):
            pass


def lists_open(services: Services, screening_id: int) -> bool:
    """Whether it still waits for a worker's next turn."""
    with services.database.reading() as session:
        return lists.find(session, screening_id, caller=AGENCY).state in {lists.QUEUED, lists.RUNNING}


def _verdicts(path: Path) -> dict[str, int]:
    found: dict[str, int] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found[row["核查结果"]] = found.get(row["核查结果"], 0) + 1
    return found


def _bare(services: Services, path: Path, out: Path) -> float:
    """Parse, hash, join in the same table, write: no law, no ledger, no seal."""
    with timed() as bare:
        raw = services.database.write_engine.raw_connection()
        driver = raw.driver_connection
        assert driver is not None
        driver.execute("CREATE TEMP TABLE asked (place INTEGER PRIMARY KEY, token BLOB)")
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))
        token = services.vault.token
        driver.executemany(
            "INSERT INTO asked VALUES (?, ?)",
            ((place, token(f"resident_id:{row[2]}")) for place, row in enumerate(rows) if place),
        )
        query = "SELECT place, l.entry, l.name FROM asked a JOIN subject s ON s.token = a.token JOIN listing l ON l.subject_id = s.id"
        found = {place: (entry, name) for place, entry, name in driver.execute(query)}
        buffer = io.StringIO()
        csv.writer(buffer).writerows([*row, *found.get(place, ("", ""))] for place, row in enumerate(rows))
        with out.open("wb") as target:
            target.write(buffer.getvalue().encode())
            target.flush()
            os.fsync(target.fileno())
        driver.execute("DROP TABLE asked")
        raw.close()
    assert sum(1 for _ in found) == len(range(0, PEOPLE, EVERY))
    return bare.seconds
