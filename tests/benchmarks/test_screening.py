"""A list screened, CSV to CSV with one in twenty listed, beside the bare parse, keyed hash, join and write of the same files.

``SCREENING_PEOPLE`` and ``SCREENING_ENTRIES`` set the sizes (20,000 and 50,000 unless told otherwise).
"""

from __future__ import annotations

import csv
import io
import os
import secrets
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import count, islice
from pathlib import Path

import pytest

from creditsvc.checks import screening as lists
from creditsvc.checks.screening_work import run_screenings
from creditsvc.kernel.identity import resident_check_digit
from creditsvc.register.tables import Listing
from creditsvc.services import Services
from creditsvc.storage.bulk import insert_rows
from creditsvc.storage.subjects import Subject
from tests.benchmarks.figures import peak_mib, report, timed
from tests.checks.screening_world import AGENCY, FLY

PEOPLE = int(os.environ.get("SCREENING_PEOPLE", "20000"))
ENTRIES = int(os.environ.get("SCREENING_ENTRIES", "50000"))
EVERY = 20
NAME = "周某某"
pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(7200)]


def numbers(area: str) -> Iterator[str]:
    """Made-up resident numbers of one area, each once."""
    for serial in count():
        day = date(1950, 1, 1) + timedelta(days=serial // 999)
        first = f"{area}{day:%Y%m%d}{serial % 999 + 1:03d}"
        yield first + resident_check_digit(first)


def _fill(services: Services) -> None:
    now, day = services.clock.now(), date(2026, 3, 2)
    entries = islice(enumerate(numbers("410105")), ENTRIES)
    while chunk := list(islice(entries, 20_000)):
        subjects, listings = [], []
        for serial, number in chunk:
            subject = secrets.token_hex(16)
            token = services.vault.token(f"resident_id:{number}")
            subjects.append(
                {"id": subject, "number_type": "resident_id", "token": token, "created_at": now, "number_cell": None}
            )
            listings.append(_listing(serial, subject, now, day))
        with services.database.writing() as session:
            insert_rows(session, Subject, subjects)
            insert_rows(session, Listing, listings)


def _listing(serial: int, subject: str, now: object, day: date) -> dict[str, object]:
    return {
        "entry": f"lst_{serial:024d}", "subject_id": subject, "debtor_kind": "person", "name": NAME, "sex": "male", "age": 46,
        "court_code": "豫0105", "court_name": "郑州市金水区人民法院", "case_number": f"（2026）豫0105执{serial}号",
        "filed_on": date(2026, 1, 5), "obligation": "支付货款 86,000 元", "performance": "none", "grounds": ["able_but_refuses"],
        "published_on": day, "until": None, "decision_number": f"（2026）豫0105执{serial}号之一", "decided_on": date(2026, 3, 1),
        "national_entry": f"demo-{serial}", "national_entered_on": day, "applicants": [], "nonpublic": False, "state": "active",
        "revision": 1, "version": 1, "row_key": secrets.token_bytes(16), "row_digest": secrets.token_bytes(16), "created_at": now,
    }  # fmt: skip


def _list_of_people(path: Path) -> None:
    """Listed ones spread over the register, strangers from elsewhere."""
    step = max(1, ENTRIES // max(1, PEOPLE // EVERY))
    known, strangers = islice(numbers("410105"), 0, None, step), numbers("330106")
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("客户编号", "姓名", "证件号码", "开户日", "备注"))
        for serial in range(PEOPLE):
            number = next(known) if serial % EVERY == 0 else next(strangers)
            writer.writerow((f"C{serial:08d}", NAME, number, "2025-05-06", "存量客户"))


def test_screening_beside_the_bare_join(sqlite_services: Services, tmp_path: Path) -> None:
    services, path = sqlite_services, tmp_path / "people.csv"
    _fill(services)
    _list_of_people(path)
    before = peak_mib()
    bare = _bare(services, path, tmp_path / "bare.csv")
    out = tmp_path / "results.csv"
    with timed() as receiving, path.open("rb") as file:
        screening = lists.receive(services, file, FLY, filename="people.csv", caller=AGENCY, now=services.clock.now())
    with timed() as working:
        run_screenings(services, services.clock.now())
    with timed() as taking, out.open("wb") as target:
        for piece in lists.results(services, screening.id, caller=AGENCY, now=services.clock.now())[2]:
            target.write(piece)
        target.flush()
        os.fsync(target.fileno())
    seconds = receiving.seconds + working.seconds + taking.seconds
    assert _verdicts(out) == {"受限制": len(range(0, PEOPLE, EVERY)), "不受限制": PEOPLE - len(range(0, PEOPLE, EVERY))}
    sys.stdout.write(
        f"\nreceive {receiving.seconds:.2f} s, work {working.seconds:.2f} s, take {taking.seconds:.2f} s; bare {bare:.2f} s; "
        f"{seconds / bare:.2f} times; peak {peak_mib():.0f} MiB ({before:.0f} before)\n"
    )
    report(f"screening of {PEOPLE:,} against {ENTRIES:,}", PEOPLE, seconds, bare)


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
