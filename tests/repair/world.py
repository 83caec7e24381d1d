"""People who are listed, and the people of the court, for the tests of repair."""

from __future__ import annotations

import itertools
import secrets
from datetime import date

from sqlalchemy import select

from creditsvc.access.callers import Caller, CallerKind
from creditsvc.access.permissions import DEBTOR_PERMISSIONS, ROLE_PERMISSIONS, StaffRole
from creditsvc.kernel.identity import IdentityNumber, NumberType, resident_check_digit
from creditsvc.register.tables import ConsumptionOrder, Listing
from creditsvc.services import Services
from creditsvc.storage.subjects import keep_subjects

DAY = date(2026, 11, 24)
COURT = "豫0105"
_serial = itertools.count(1)


def person_number(serial: int) -> IdentityNumber:
    """A made-up resident number with a valid check digit."""
    first = f"41010519800101{serial % 1000:03d}"
    return IdentityNumber(NumberType.RESIDENT_ID, first + resident_check_digit(first))


def list_person(
    services: Services,
    *,
    grounds: tuple[str, ...] = ("able_but_refuses",),
    until: date | None = None,
    with_order: bool = False,
    bound_role: str | None = None,
) -> str:
    """A made-up person on the list; the entry."""
    serial = next(_serial)
    number, now = person_number(serial), services.clock.now()
    entry = "lst_" + secrets.token_hex(12)
    with services.database.writing() as session:
        subject = keep_subjects(session, services.vault, [number], at=now)[number]
        common = {
            "subject_id": subject,
            "debtor_kind": "person",
            "name": "张" + "甲乙丙丁戊己庚辛壬癸"[serial % 10] + "某",
            "sex": "male",
            "age": 46,
            "court_code": COURT,
            "court_name": "郑州市金水区人民法院",
            "case_number": f"（2026）豫0105执{serial}号",
            "filed_on": date(2026, 1, 5),
            "revision": 1,
            "created_at": now,
        }
        session.add(
            Listing(
                **common,
                entry=entry,
                obligation="支付货款 86,000 元及利息",
                performance="none",
                grounds=list(grounds),
                published_on=date(2026, 3, 2),
                until=until,
                decision_number=f"（2026）豫0105执{serial}号之一",
                decided_on=date(2026, 3, 1),
                national_entry=f"demo-{serial}",
                national_entered_on=date(2026, 3, 2),
                applicants=[],
                nonpublic=False,
                state="active",
                version=1,
                row_key=secrets.token_bytes(16),
                row_digest=secrets.token_bytes(16),
            )
        )
        if with_order:
            session.add(
                ConsumptionOrder(
                    **common,
                    entry="ord_" + secrets.token_hex(12),
                    order_number=f"（2026）豫0105执{serial}号限消令",
                    issued_on=date(2026, 3, 1),
                    items=[],
                    bound_role=bound_role,
                    state="ordered",
                    version=1,
                    row_key=secrets.token_bytes(16),
                )
            )
    return entry


def debtor_of(services: Services, entry: str) -> Caller:
    """The signed-in person whom this entry is about."""
    with services.database.reading() as session:
        subject = session.scalar(select(Listing.subject_id).where(Listing.entry == entry))
    return Caller(
        CallerKind.DEBTOR, 9, f"debtor:{subject}", role="debtor", permissions=DEBTOR_PERMISSIONS, subject_id=subject
    )


def clerk(*, court: str = COURT) -> Caller:
    """A clerk of a court."""
    return _staff(1, "person-1", StaffRole.CLERK, court)


def judge_of(*, person: str = "person-2", court: str = COURT) -> Caller:
    """A judge of a court."""
    return _staff(2, person, StaffRole.JUDGE, court)


def president(*, person: str = "person-3", court: str = COURT) -> Caller:
    """The president of a court."""
    return _staff(3, person, StaffRole.PRESIDENT, court)


def _staff(account: int, person: str, role: StaffRole, court: str) -> Caller:
    return Caller(
        CallerKind.STAFF, account, person, role=role.value, court_code=court, permissions=ROLE_PERMISSIONS[role]
    )
