"""A performer, and what the court does for them, for the tests of the positive path."""

from __future__ import annotations

import itertools
from datetime import date, datetime

from creditsvc.access.callers import Caller, CallerKind
from creditsvc.access.permissions import DEBTOR_PERMISSIONS
from creditsvc.kernel.identity import IdentityNumber
from creditsvc.papers.issuing import paper_of
from creditsvc.services import Services
from repair.performing import incentive_list as places
from repair.performing import work
from repair.performing.records import load
from repair.performing.tables import PerformanceRecord
from repair.policy.performing import Source
from tests.repair.world import COURT, clerk, judge_of, person_number

DUE, PERFORMED = date(2026, 12, 10), date(2026, 11, 20)
NAME = "守约人"
_serial = itertools.count(700)


def advised(services: Services, number: IdentityNumber | None = None, *, now: datetime | None = None) -> str:
    """A record with its 告知书; its id."""
    serial = next(_serial)
    advice = work.Advice(
        number=number or person_number(serial), name=NAME, court_code=COURT, case_number=f"（2026）豫0105民初{serial}号",
        creditor="债权人甲", obligation="支付货款 86,000 元及利息", due_on=DUE,
    )  # fmt: skip
    with services.database.writing() as session:
        paper = work.advise(session, services, advice, caller=clerk(), now=now or services.clock.now())
        return paper_of(session, paper.number).application or ""


def performer_of(services: Services, record_id: str) -> Caller:
    """The signed-in performer."""
    subject = row_of(services, record_id).subject_id
    return Caller(
        CallerKind.DEBTOR, 9, f"debtor:{subject}", role="debtor", permissions=DEBTOR_PERMISSIONS, subject_id=subject
    )


def row_of(services: Services, record_id: str) -> PerformanceRecord:
    """The record as it is now."""
    with services.database.reading() as session:
        return load(session, record_id, to_change=False)


def finding(**changes: object) -> work.Finding:
    """What the clerk found: in time, in full, freely, confirmed by the creditor."""
    told = {
        "performed_on": PERFORMED, "in_full": True, "compelled": False, "source": Source.CREDITOR,
        "confirmed_on": date(2026, 11, 23), "document": "权利人收条",
    }  # fmt: skip
    return work.Finding(**{**told, **changes})  # type: ignore[arg-type]


def certified(services: Services, number: IdentityNumber | None = None) -> str:
    """A record with a certificate; its id."""
    record_id = advised(services, number)
    now = services.clock.now()
    with services.database.writing() as session:
        row = load(session, record_id, to_change=True)
        work.claim(session, row, performed_on=PERFORMED, caller=clerk(), now=now)
        work.propose(session, row, finding(), caller=clerk(), now=now)
        work.approve(session, services, row, digest=work.shown_digest(row), caller=judge_of(), now=now)
    return record_id


def on_list(services: Services, record_id: str, *, platform: bool = False, later: datetime) -> None:
    """Agreed, publicised, and put on the list at ``later``."""
    now = services.clock.now()
    with services.database.writing() as session:
        row = load(session, record_id, to_change=True)
        places.agree(session, row, listing=True, platform=platform, caller=performer_of(services, record_id), now=now)
        places.publicise(session, row, working_days_long=7, caller=clerk(), now=now)
    with services.database.writing() as session:
        row = load(session, record_id, to_change=True)
        places.put_on_list(session, row, months=12, caller=judge_of(), now=later)
