"""Entries and people of the court, for the tests of the register."""

from __future__ import annotations

import itertools
import secrets
from datetime import date
from typing import Any

from creditsvc.access.callers import Caller, CallerKind
from creditsvc.access.permissions import ROLE_PERMISSIONS, StaffRole
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.identity import IdentityNumber, NumberType, resident_check_digit
from creditsvc.register.candidates import NewCandidate, begin_review, completed, open_candidate
from creditsvc.register.decisions import Draft, approve, propose
from creditsvc.register.entry_ids import new_entry
from creditsvc.register.one_subject import held_about
from creditsvc.register.readings import facts_about
from creditsvc.register.tables import ConsumptionOrder, Listing
from creditsvc.services import Services
from creditsvc.storage.subjects import keep_subjects
from punishment_rules.facts import Facts

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


def candidate(
    services: Services, number: IdentityNumber, *, applicant: str = "", serial: int = 0, **changes: Any
) -> str:
    """A candidate under review, on the wish of an applicant or of the court's own motion; its entry."""
    values: dict[str, Any] = {
        "number": number, "name": "王甲" if number.is_personal else "某某有限公司", "court_code": COURT,
        "case_number": CASE.format(serial or next(_serial) + 10_000), "filed_on": date(2026, 1, 5),
        "notice_served_on": date(2026, 2, 1), "perform_by": date(2026, 2, 11), "obligation": "支付货款 86,000 元",
        "basis_number": "（2025）豫0105民初77号", "basis_issuer": "郑州市金水区人民法院", "applicants": ["李乙"],
        "legal_representative": "" if number.is_personal else "赵丙",
    }  # fmt: skip
    now = services.clock.now()
    with services.database.writing() as session:
        row = open_candidate(session, services, NewCandidate(**{**values, **changes}), caller=CLERK, now=now)
        applied = legal_day(now) if applicant else None
        begin_review(session, row.entry, applicant=applicant, applied_on=applied, reason="", caller=CLERK, now=now)
        return row.entry


def known_facts(services: Services, number: IdentityNumber, name: str, *, on: date) -> Facts:
    """What a check would be told about whoever has this number and name, by the check's own way in."""
    with services.database.direct() as driver:
        held = held_about(driver, services.vault.token(number.canonical), is_sqlite=services.database.is_sqlite)
    return facts_about(held, number, name, on=on).facts


def decided(services: Services, what: Draft, who: Caller | None = None, *, by: Caller | None = None) -> int:
    """Proposed by the clerk, approved by the president unless somebody else is named, committed; the decision's number."""
    now = services.clock.now()
    with services.database.writing() as session:
        made = propose(session, completed(session, services, what, now=now), caller=by or CLERK, now=now)
        number, digest = made.id, made.digest
    with services.database.writing() as session:
        approve(session, number, shown_digest=digest, caller=who or PRESIDENT, now=now)
    return number


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
