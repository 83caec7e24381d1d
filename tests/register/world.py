"""Entries and people of the court, for the tests of the register."""

from __future__ import annotations

import itertools
import secrets
from datetime import date
from typing import Any

from creditsvc.access.callers import Caller, CallerKind
from creditsvc.access.permissions import ROLE_PERMISSIONS, StaffRole
from creditsvc.kernel.identity import IdentityNumber, NumberType, resident_check_digit
from creditsvc.register.decisions import Draft
from creditsvc.register.entry_ids import new_entry
from creditsvc.register.tables import ConsumptionOrder, Listing
from creditsvc.services import Services
from creditsvc.storage.subjects import keep_subjects

DAY = date(2026, 11, 24)
COURT, CASE = "豫0105", "（2026）豫0105执{}号"
_serial = itertools.count(1)


def resident(serial: int, born: str = "19800101") -> IdentityNumber:
    """A made-up number with a valid check digit."""
    first = f"410105{born}{serial % 1000:03d}"
    return IdentityNumber(NumberType.RESIDENT_ID, first + resident_check_digit(first))


def unit(serial: int) -> IdentityNumber:
    """A made-up unit's number (its check is of no matter below the parser)."""
    return IdentityNumber(NumberType.USCC, f"9141{serial:014d}")


def add_listing(services: Services, number: IdentityNumber | None = None, **changes: Any) -> str:
    """A listing in force since spring, without a term unless said otherwise; its entry."""
    serial = next(_serial)
    who, now, entry = number or resident(serial), services.clock.now(), new_entry("lst")
    values: dict[str, Any] = {
        "entry": entry, "debtor_kind": "person" if who.is_personal else "organisation", "name": "王甲", "sex": "male", "age": 46,
        "court_code": COURT, "court_name": "郑州市金水区人民法院", "case_number": CASE.format(serial), "filed_on": date(2026, 1, 5),
        "obligation": "支付货款 86,000 元", "performance": "none", "grounds": ["able_but_refuses"],
        "published_on": date(2026, 3, 2), "until": None, "decision_number": CASE.format(serial) + "之一",
        "decided_on": date(2026, 3, 1), "national_entry": f"QG{serial}", "national_entered_on": date(2026, 3, 2),
        "applicants": [], "nonpublic": False, "state": "active", "revision": 1, "version": 1,
        "row_key": secrets.token_bytes(16), "row_digest": secrets.token_bytes(16), "created_at": now,
    }  # fmt: skip
    with services.database.writing() as session:
        subject = keep_subjects(session, services.vault, [who], at=now)[who]
        session.add(Listing(**{**values, "subject_id": subject, **changes}))
    return entry


def add_order(services: Services, number: IdentityNumber, **changes: Any) -> str:
    """A consumption order in force; its entry."""
    serial, now, entry = next(_serial), services.clock.now(), new_entry("ord")
    values: dict[str, Any] = {
        "entry": entry, "debtor_kind": "person" if number.is_personal else "organisation", "name": "王甲", "court_code": COURT,
        "court_name": "郑州市金水区人民法院", "case_number": CASE.format(serial), "order_number": CASE.format(serial) + "限消令",
        "issued_on": date(2026, 3, 1), "items": [], "state": "ordered", "revision": 1, "version": 1,
        "row_key": secrets.token_bytes(16), "created_at": now,
    }  # fmt: skip
    with services.database.writing() as session:
        subject = keep_subjects(session, services.vault, [number], at=now)[number]
        session.add(ConsumptionOrder(**{**values, "subject_id": subject, **changes}))
    return entry


def staff(role: StaffRole, person: str, *, account: int = 1, court: str = COURT) -> Caller:
    """Somebody of a court."""
    return Caller(
        CallerKind.STAFF, account, person, role=role.value, court_code=court, permissions=ROLE_PERMISSIONS[role]
    )


CLERK = staff(StaffRole.CLERK, "person-1")
JUDGE = staff(StaffRole.JUDGE, "person-2", account=2)
OTHER_JUDGE = staff(StaffRole.JUDGE, "person-3", account=3)
PRESIDENT = staff(StaffRole.PRESIDENT, "person-4", account=4)


def draft(entry: str, kind: str = "remove_listing", ground: str = "performed", **changes: Any) -> Draft:
    """A complete draft."""
    values: dict[str, Any] = {
        "clause": "法释〔2017〕7号第十条第一款第一项", "event_on": date(2026, 11, 20), "known_on": date(2026, 11, 23),
        "reason": "申请执行人确认已付清", "document_number": "（2026）豫0105执9号之二",
    }  # fmt: skip
    return Draft(kind=kind, entry=entry, ground=ground, **{**values, **changes})
