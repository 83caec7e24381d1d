"""What an agency is told of a performer: on the incentive list or not, and which incentives its sector has for that.

Written to the access ledger before it is answered. Unknown number, other name, no consent, publicity still running, a
listing in force: all answer alike, so that nobody learns of a dispute from the answer. Nothing of the case is in it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from creditsvc.access.callers import Caller
from creditsvc.access.ledger import record_access
from creditsvc.access.permissions import Permission
from creditsvc.checks.questions import MAX_NAME, demand_purpose
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import InvalidInput
from creditsvc.kernel.identity import IdentityNumber
from creditsvc.kernel.names import same_name
from creditsvc.kernel.text import Bilingual
from creditsvc.services import Services
from creditsvc.storage.subjects import find_subject
from punishment_rules.incentive_types import Merit
from punishment_rules.incentives import IncentiveAnswer, for_performer
from punishment_rules.law import DebtorKind
from punishment_rules.load import catalogue, incentives
from repair.performing.incentive_list import listing_in_force
from repair.performing.records import opened
from repair.performing.tables import PerformanceRecord
from repair.policy.performing_states import Stage

ACTION = "incentive_check"


@dataclass(frozen=True, slots=True)
class IncentiveQuestion:
    """Who, which sector, for what. The number never leaves memory."""

    number: IdentityNumber = field(repr=False)
    name: str = field(repr=False)
    sector: str
    purpose: str
    matter: str


@dataclass(frozen=True, slots=True)
class Standing:
    """The answer. ``until`` is the last Beijing day on which the place on the list holds."""

    asked: int
    """Number of the row in the access ledger."""
    on_list: bool
    on: date
    until: date | None
    certificate: str | None
    incentives: tuple[IncentiveAnswer, ...]
    edition: str
    """Of the incentive catalogue."""


def ask(
    session: Session, services: Services, question: IncentiveQuestion, *, caller: Caller, now: datetime
) -> Standing:
    """The answer of this day; the caller commits before it leaves. Raises ``InvalidInput`` naming the field."""
    caller.require(Permission.CHECK_ASK)
    _checked(question)
    today = legal_day(now)
    subject = find_subject(session, services.vault, question.number)
    row = _standing(session, services, subject or "-", question.name, on=today)
    asked = record_access(
        session, caller=caller, action=ACTION, subject_token=services.vault.token(question.number.canonical),
        subject_id=subject if row else None, purpose=question.purpose, matter=question.matter, sector=question.sector,
        outcome="on_list" if row else "none", at=now,
    )  # fmt: skip
    book = incentives()
    if row is None:
        return Standing(asked, False, today, None, None, (), book.edition)
    merits = [Merit(row.merit or Merit.VOLUNTARY_PERFORMANCE.value), Merit.GOOD_CREDIT_LIST]
    found = for_performer(merits, kind=DebtorKind(row.debtor_kind), on=today, book=book, sector=question.sector)
    return Standing(asked, True, today, row.until, row.certificate, found, book.edition)


def _standing(session: Session, services: Services, subject: str, name: str, *, on: date) -> PerformanceRecord | None:
    """The record on the list that holds today, longest first; the work is the same whether or not there is one."""
    query = select(PerformanceRecord).where(
        PerformanceRecord.subject_id == subject,
        PerformanceRecord.stage == Stage.ON_LIST.value,
        PerformanceRecord.agrees_listing_on.is_not(None),
        or_(PerformanceRecord.until.is_(None), PerformanceRecord.until >= on),
    )
    rows = session.scalars(query.order_by(PerformanceRecord.until.desc())).all()
    listed = listing_in_force(session, subject, on=on)
    fitting = [each.row for each in opened(services, rows) if same_name(each.name or "\0", name)]
    return fitting[0] if fitting and not listed else None


def _checked(question: IncentiveQuestion) -> None:
    if not question.name.strip() or len(question.name) > MAX_NAME:
        raise InvalidInput(
            Bilingual("请填写姓名或单位全称（200 字以内）", "give the full name, at most 200 characters"),
            code="name-missing", field="name",
        )  # fmt: skip
    if question.sector not in catalogue().sectors:
        raise InvalidInput(
            Bilingual("没有这个行业，见 /v1/sectors", "no such sector, see /v1/sectors"),
            code="sector-unknown",
            field="sector",
        )
    demand_purpose(question.purpose)
