"""Candidates: a debtor in a case is put before the court, taken under review, and what a decision needs is worked out.

A candidate is a matter of the court's own desk: on no stream, in no check. Matching is by identity number alone.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditsvc.access import audit
from creditsvc.access.callers import Caller
from creditsvc.access.permissions import Permission
from creditsvc.kernel.case_numbers import parse_case_number
from creditsvc.kernel.days import add_months, legal_day
from creditsvc.kernel.errors import Conflict, InvalidInput
from creditsvc.kernel.identity import IdentityNumber, parse_identity
from creditsvc.kernel.load import courts
from creditsvc.kernel.names import normalise_name
from creditsvc.kernel.text import Bilingual
from creditsvc.register.decisions import Draft
from creditsvc.register.effects_start import earlier_listing
from creditsvc.register.entries import CANDIDATE_PREFIX, CandidateTarget, in_reach, matter, reaches, unknown_entry
from creditsvc.register.entry_ids import new_entry
from creditsvc.register.kinds import CANDIDATE
from creditsvc.register.life import OrderState, State, Step, moved
from creditsvc.register.policy import ADULT, LIST_RULES
from creditsvc.register.tables import ConsumptionOrder, Listing, RegisterEvent
from creditsvc.register.tables_matters import CandidateRecord
from creditsvc.register.task_kinds import TaskKind
from creditsvc.services import Services
from creditsvc.storage.subjects import find_subject, keep_subjects, numbers_of
from creditsvc.tasks.queue import NewTask, open_task
from punishment_rules.law import DebtorKind

KEY_BYTES = 16
Entry = TypeVar("Entry", Listing, ConsumptionOrder)
PUBLIC_STATES = (State.ACTIVE.value, OrderState.ORDERED.value)
OPEN_STATES = (State.CANDIDATE.value, State.UNDER_REVIEW.value)


@dataclass(frozen=True, slots=True)
class NewCandidate:
    """A debtor in a case, as the court's own papers say. Days are Beijing days."""

    number: IdentityNumber
    name: str
    court_code: str
    case_number: str
    filed_on: date | None
    notice_served_on: date
    """When the enforcement notice with its risk warning was served (art. 5)."""
    perform_by: date
    """The last day that it gave."""
    obligation: str = ""
    basis_number: str = ""
    basis_issuer: str = ""
    performance: str = "none"
    performed_part: str = ""
    unperformed_part: str = ""
    legal_representative: str = ""
    applicants: Sequence[str] = ()
    relisting_of: str | None = None
    """An earlier listing of this debtor in this case that has ended (art. 10 para. 3)."""


def open_candidate(
    session: Session, services: Services, new: NewCandidate, *, caller: Caller, now: datetime
) -> CandidateRecord:
    """Put a debtor before the court; raises ``NotAllowed``, ``InvalidInput``, ``Conflict`` (one is open in this case)."""
    caller.require(Permission.DECISION_PROPOSE)
    court = courts().by_code(new.court_code)
    if court is None or not reaches(caller, new.court_code):
        raise InvalidInput(
            Bilingual("没有这个法院，或者不在您的管辖内", "no such court in your reach"),
            code="court",
            field="court_code",
        )
    case, today = parse_case_number(new.case_number).text, legal_day(now)
    _in_order(new, today)
    subject = keep_subjects(session, services.vault, [new.number], at=now)[new.number]
    _only_one(session, subject, case)
    if new.relisting_of:
        _same_debtor(earlier_listing(session, new.relisting_of), subject, case, caller)
    birth = new.number.birth_date()
    row = CandidateRecord(
        entry=new_entry(CANDIDATE_PREFIX), subject_id=subject,
        debtor_kind=(DebtorKind.PERSON if new.number.is_personal else DebtorKind.ORGANISATION).value, name=new.name.strip(),
        sex=new.number.sex() if new.number.is_personal else None, legal_representative=new.legal_representative or None,
        court_code=court.code, court_name=court.name, case_number=case, filed_on=new.filed_on,
        basis_number=new.basis_number or None, basis_issuer=new.basis_issuer or None, obligation=new.obligation or None,
        performance=new.performance, performed_part=new.performed_part or None, unperformed_part=new.unperformed_part or None,
        applicants=list(new.applicants), notice_served_on=new.notice_served_on, perform_by=new.perform_by,
        birth_known=birth is not None or not new.number.is_personal, minor_until=_minor_until(birth, new.perform_by),
        relisting_of=new.relisting_of, state=State.CANDIDATE.value, revision=1, created_by=caller.actor, created_at=now,
    )  # fmt: skip
    session.add(row)
    session.flush()
    _written(session, row, Step.ANNOTATE, reason="已送达执行通知和风险提示，期满未履行", caller=caller, now=now)
    audit.record(session, action="candidate.opened", caller=caller, object=row.entry, at=now, details={"case": case})
    return row


def _in_order(new: NewCandidate, today: date) -> None:
    if not new.name.strip():
        raise InvalidInput(Bilingual("请填写姓名或者名称", "give the name"), code="name-missing", field="name")
    if new.performance not in {"none", "partial"}:
        raise InvalidInput(
            Bilingual("已全部履行的不能立为候选", "who has performed is no candidate"),
            code="performed",
            field="performance",
        )
    if not new.notice_served_on <= new.perform_by < today:
        raise InvalidInput(
            Bilingual("须先送达执行通知（含风险提示），且通知的期限已过",
                      "the notice with its warning must have been served, and its time be over"),
            code="notice-days", field="perform_by",
        )  # fmt: skip


def _only_one(session: Session, subject: str, case: str) -> None:
    same = select(CandidateRecord.id).where(
        CandidateRecord.subject_id == subject,
        CandidateRecord.case_number == case,
        CandidateRecord.state.in_(OPEN_STATES),
    )
    if session.scalar(same.limit(1)):
        raise Conflict(
            Bilingual("该案该人已在审查中", "this debtor is under review in this case"), code="candidate-open"
        )


def _same_debtor(old: Listing, subject: str, case: str, caller: Caller) -> None:
    if not reaches(caller, old.court_code):
        raise unknown_entry()
    if (old.subject_id, old.case_number) != (subject, case):
        raise Conflict(
            Bilingual("原记录不是该人该案的", "the earlier listing is of another debtor or case"), code="relisting"
        )


def _minor_until(birth: date | None, perform_by: date) -> date | None:
    """The eighteenth birthday, only if a decision could still fall on or before it: no other date of birth is kept."""
    if birth is None:
        return None
    eighteenth = add_months(birth, ADULT * 12)
    return eighteenth if eighteenth >= perform_by else None


def begin_review(
    session: Session, entry: str, *, applicant: str, applied_on: date | None, reason: str, caller: Caller, now: datetime
) -> CandidateRecord:
    """Take a candidate under review, on an application (15 days run from its receipt) or of the court's own motion.

    ``applicant`` empty means own motion. Raises ``NotFound``, ``Conflict``, ``InvalidInput``.
    """
    caller.require(Permission.DECISION_PROPOSE)
    about = in_reach(matter(session, entry, to_change=True), caller)
    if not isinstance(about, CandidateTarget):
        raise unknown_entry()
    row = about.row
    row.state = moved(State(row.state), Step.REVIEW).value
    if applicant.strip():
        if applied_on is None or applied_on > legal_day(now):
            raise InvalidInput(
                Bilingual("请填写收到申请的日期", "give the day on which it was received"),
                code="applied-on",
                field="applied_on",
            )
        row.applicant, row.applied_on = applicant.strip(), applied_on
        kind = TaskKind.DECIDE.value
        new = NewTask(f"{kind}/{entry}", kind, row.court_code, applied_on, entry=entry, timer="T01")
        open_task(session, new, by=caller.actor, now=now)
    row.revision += 1
    said = reason.strip() or ("依申请审查" if row.applicant else "依职权审查")
    _written(session, row, Step.REVIEW, reason=said, caller=caller, now=now)
    session.flush()
    return row


def _written(session: Session, row: CandidateRecord, step: Step, *, reason: str, caller: Caller, now: datetime) -> None:
    today = legal_day(now)
    session.add(
        RegisterEvent(
            entry=row.entry, kind=CANDIDATE, revision=row.revision, type=step.value,
            event_on=row.applied_on or row.notice_served_on, known_on=today, decided_on=None, recorded_at=now,
            actor=caller.actor, clause=f"{LIST_RULES}第五条", document_number=None, reason=reason,
        )
    )  # fmt: skip


def completed(session: Session, services: Services, draft: Draft, *, now: datetime) -> Draft:
    """The draft with what only the vault can say: a listing's row key, an officer's subject in place of a number.

    Neither is the number: the first is a keyed digest (the same that a file's row has, so that the same listing is never
    taken in twice), the second a name without meaning.
    """
    if draft.kind == "decide_listing" and draft.entry.startswith(f"{CANDIDATE_PREFIX}_"):
        about = matter(session, draft.entry)
        number = numbers_of(session, services.vault, [about.row.subject_id]).get(about.row.subject_id)
        if number is None:
            raise unknown_entry()
        key = row_key(services, about.court_code, about.row.case_number, number, draft.document_number)
        return replace(draft, changes={**draft.changes, "row_key": key.hex()})
    if draft.kind == "name_officer" and "number" in draft.changes:
        number = parse_identity(str(draft.changes["number"]))
        subject = keep_subjects(session, services.vault, [number], at=now)[number]
        rest = {name: value for name, value in draft.changes.items() if name != "number"}
        return replace(draft, changes={**rest, "subject": subject})
    return draft


def row_key(
    services: Services, court_code: str, case_number: str, number: IdentityNumber, decision_number: str
) -> bytes:
    """The keyed digest that names a listing: court, case, debtor, decision; 16 bytes, as a file's row has it."""
    parts = (court_code, parse_case_number(case_number).key, number.canonical, decision_number)
    return hmac.digest(services.keyring.secret("row/key/1"), "\0".join(parts).encode(), "sha256")[:KEY_BYTES]


@dataclass(frozen=True, slots=True)
class Homonym:
    """Somebody of the same name who is another person, or not known to be the same: shown as such, never merged."""

    entry: str
    court_name: str
    case_number: str
    state: str


def homonyms(
    session: Session, services: Services, number: IdentityNumber, name: str, *, caller: Caller, limit: int = 20
) -> Sequence[Homonym]:
    """Entries under this name with another number: a warning for the desk, no match (I21).

    Of other courts only what is public.
    """
    own = find_subject(session, services.vault, number)
    found: list[Homonym] = []
    for rows in (_named(session, Listing, name, own, limit), _named(session, ConsumptionOrder, name, own, limit)):
        found += [
            Homonym(row.entry, row.court_name, row.case_number, row.state)
            for row in rows
            if row.state in PUBLIC_STATES or reaches(caller, row.court_code)
        ]
    return found[:limit]


def _named(session: Session, table: type[Entry], name: str, own: str | None, limit: int) -> Sequence[Entry]:
    query = select(table).where(table.name.in_({name, normalise_name(name)}), table.subject_id != (own or "-"))
    return session.scalars(query.order_by(table.id).limit(limit)).all()
