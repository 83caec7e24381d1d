"""Lists of made-up people, and an agency that screens them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import msgspec
from sqlalchemy import select

from creditsvc.access.callers import Caller, CallerKind
from creditsvc.access.permissions import ROLE_PERMISSIONS, StaffRole
from creditsvc.checks import screening as lists
from creditsvc.checks.screening_work import run_screenings
from creditsvc.checks.tables_screening import Screening
from creditsvc.kernel.sheets.read import read_file
from creditsvc.register.tables import Listing
from creditsvc.services import Services
from creditsvc.storage.subjects import numbers_of
from tests.repair.world import list_person

DAY = date(2026, 11, 24)
AGENCY = Caller(
    CallerKind.STAFF,
    7,
    "agent",
    role="agency",
    unit="演示航空",
    sector="transport",
    permissions=ROLE_PERMISSIONS[StaffRole.AGENCY],
)
OTHERS = replace(AGENCY, account_id=8, person="other", unit="别的单位")
FLY = lists.Ask("transport", "fly", "售票核验", "T-1", DAY)
HEAD = ("客户编号", "姓名", "证件号码", "备注")


def listed(services: Services, **more: Any) -> tuple[str, str, str]:
    """Somebody on the list: number, name, entry."""
    entry = list_person(services, **more)
    with services.database.reading() as session:
        row = session.scalars(select(Listing).where(Listing.entry == entry)).one()
        return numbers_of(session, services.vault, [row.subject_id])[row.subject_id].number, row.name, entry


def csv_of(rows: Iterable[Sequence[str]], head: Sequence[str] = HEAD, *, delimiter: str = ",") -> bytes:
    """A list as a spreadsheet program saves it."""
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows([head, *rows])
    return out.getvalue().encode()


def send(services: Services, content: bytes, ask: lists.Ask = FLY, caller: Caller = AGENCY) -> Screening:
    """A list received and not yet worked on."""
    now = services.clock.now()
    return lists.receive(services, io.BytesIO(content), ask, filename="客户.csv", caller=caller, now=now)


def take(services: Services, screening_id: int, caller: Caller = AGENCY) -> bytes:
    """The results."""
    return b"".join(lists.results(services, screening_id, caller=caller, now=services.clock.now())[2])


def screened(services: Services, content: bytes, ask: lists.Ask = FLY) -> list[dict[str, Any]]:
    """Sent, worked off by the job, taken: the rows by header."""
    screening = send(services, content, ask)
    run_screenings(services, services.clock.now())
    return rows_of(take(services, screening.id))


def rows_of(results: bytes) -> list[dict[str, Any]]:
    """Results of any format as rows by header."""
    if results.startswith(b"{"):
        return [msgspec.json.decode(line) for line in results.splitlines()]
    if results.startswith(b"["):
        return list(msgspec.json.decode(results))
    table = read_file(io.BytesIO(results))
    return [dict(zip(table.headers, cells, strict=False)) for _, cells in table.rows if isinstance(cells, list | tuple)]


def state_of(services: Services, screening_id: int) -> Screening:
    """How it stands."""
    with services.database.reading() as session:
        return session.scalars(select(Screening).where(Screening.id == screening_id)).one()
