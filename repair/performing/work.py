"""The court's side: notices, the finding about a performance, the second signature. The edge commits.

A certificate and its paper are one transaction: nothing is certified without a number, and no number without a certificate.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from creditsvc.access.callers import Caller
from creditsvc.access.permissions import Permission
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import Conflict, InvalidInput, NotAllowed
from creditsvc.kernel.identity import IdentityNumber
from creditsvc.kernel.load import courts
from creditsvc.kernel.text import Bilingual
from creditsvc.papers.issuing import IssuedPaper
from creditsvc.register.entries import reaches
from creditsvc.register.tables import Listing
from creditsvc.services import Services
from creditsvc.storage.subjects import keep_subjects
from repair.performing.papers import issue_advice, issue_certificate, issue_forewarning
from repair.performing.records import in_court, missing, new_id, opened, sealed, take, write_history
from repair.performing.tables import PerformanceRecord
from repair.policy.answers import Answer, Way
from repair.policy.performing import PerformanceFacts, Source, certifiable, merit_of
from repair.policy.performing_states import TO_SIGN, Act, Stage

MAX_TEXT, MAX_NAME = 1500, 200
LONGEST_PERIOD = 3660
REMEDY = Bilingual(
    "对不予出具有异议的，可以补充材料后再次报告履行，或者向本院书面提出。",
    "You may report the performance again with further papers, or object in writing to this court.",
)


@dataclass(frozen=True, slots=True)
class Advice:
    """What a first notice says. The number is in clear in memory only."""

    number: IdentityNumber = field(repr=False)
    name: str = field(repr=False)
    court_code: str
    case_number: str
    creditor: str = field(repr=False)
    obligation: str = field(repr=False)
    due_on: date


@dataclass(frozen=True, slots=True)
class Finding:
    """What a clerk found about a performance. Days are Beijing days."""

    performed_on: date
    in_full: bool
    compelled: bool | None
    source: Source
    confirmed_on: date
    document: str
    """Number or name of the paper that confirms it."""
    reason: str = ""
    """Wanted where the policy leaves it to a person."""


def advise(session: Session, services: Services, advice: Advice, *, caller: Caller, now: datetime) -> IssuedPaper:
    """Open a record and issue the 告知书. Raises ``InvalidInput`` naming the field, ``Conflict`` for a second one."""
    caller.require(Permission.LETTER_ISSUE)
    _checked(advice, caller, legal_day(now))
    subject = keep_subjects(session, services.vault, [advice.number], at=now)[advice.number]
    standing = select(PerformanceRecord.id).where(
        PerformanceRecord.subject_id == subject,
        PerformanceRecord.court_code == advice.court_code,
        PerformanceRecord.case_number == advice.case_number,
    )
    if session.scalar(standing):
        raise Conflict(
            Bilingual("该案对该当事人已有履行记录", "there is a record of this person in this case"),
            code="performance-exists",
        )
    record_id = new_id()
    texts = {"name": advice.name, "creditor": advice.creditor, "obligation": advice.obligation}
    row = PerformanceRecord(
        id=record_id, subject_id=subject, debtor_kind="person" if advice.number.is_personal else "organisation",
        court_code=advice.court_code, case_number=advice.case_number, due_on=advice.due_on, stage=Stage.ADVISED.value,
        version=1, revision=0, created_at=now, **sealed(services, record_id, subject, texts),
    )  # fmt: skip
    session.add(row)
    session.flush()
    write_history(session, row, "advise", caller=caller, now=now)
    return issue_advice(session, services, opened(services, [row])[0], caller=caller, now=now)


def forewarn(
    session: Session, services: Services, row: PerformanceRecord, *, due_on: date, caller: Caller, now: datetime
) -> IssuedPaper:
    """Issue the 预告书 with a last day to perform before a listing is considered."""
    caller.require(Permission.LETTER_ISSUE)
    today = legal_day(now)
    if not today < due_on:
        raise _wrong("due_on", "最后期限须在今天之后", "the last day must lie after today")
    take(session, in_court(row, caller), Act.FOREWARN, caller=caller, now=now, note=str(due_on))
    row.due_on = due_on
    left = (due_on - today).days
    return issue_forewarning(session, services, opened(services, [row])[0], left=left, caller=caller, now=now)


def claim(session: Session, row: PerformanceRecord, *, performed_on: date, caller: Caller, now: datetime) -> None:
    """The person, or a clerk for them, reports that the obligation has been performed."""
    if performed_on > legal_day(now):
        raise _wrong("performed_on", "履行日期不能在今天之后", "the performance can't lie in the future")
    take(session, row, Act.CLAIM, caller=caller, now=now)
    row.performed_on = performed_on
    row.finding = row.proposed_person = row.signed_person = None


def view(session: Session, row: PerformanceRecord, finding: Finding, *, on: date) -> Answer:
    """What the policy says about a finding."""
    return certifiable(_facts(session, row, finding), on=on)


def propose(session: Session, row: PerformanceRecord, finding: Finding, *, caller: Caller, now: datetime) -> None:
    """Propose to certify. Raises ``Conflict`` where the law excludes it, ``InvalidInput`` for what is lacking."""
    caller.require(Permission.DECISION_PROPOSE)
    in_court(row, caller)
    document = _said("document", finding.document, "请写明确认材料的名称或者编号", "name the paper that confirms it")
    if not finding.performed_on <= finding.confirmed_on <= legal_day(now):
        raise _wrong(
            "confirmed_on", "确认日期应在履行日期与今天之间", "the confirmation lies between the performance and today"
        )
    answer = view(session, row, finding, on=legal_day(now))
    if answer.way is Way.NOT_OPEN:
        raise Conflict(
            Bilingual(f"{answer.reason.zh}（{answer.clause.zh}）", f"{answer.reason.en} ({answer.clause.en})"),
            code="certificate-not-open",
        )
    if answer.way is Way.PERSON_DECIDES:
        _said("reason", finding.reason, "须由法院认定的，请写明理由", "where the court decides, give the reason")
    take(session, row, Act.PROPOSE_CERTIFICATE, caller=caller, now=now)
    row.performed_on = finding.performed_on
    row.merit = merit_of(_facts(session, row, finding)).value
    _remember(row, caller, {
        "outcome": "grant", "source": finding.source.value, "performed_on": str(finding.performed_on), "document": document,
        "confirmed_on": str(finding.confirmed_on), "compelled": finding.compelled, "reason": finding.reason.strip(),
        "clause": answer.clause.zh,
    })  # fmt: skip


def propose_refusal(session: Session, row: PerformanceRecord, *, reason: str, caller: Caller, now: datetime) -> None:
    """Propose not to certify; the remedy is always told."""
    caller.require(Permission.DECISION_PROPOSE)
    said = _said("refusal_reason", reason, "请写明理由", "give the reason")
    take(session, in_court(row, caller), Act.PROPOSE_REFUSAL, caller=caller, now=now)
    _remember(row, caller, {"outcome": "refuse", "reason": said, "remedy_zh": REMEDY.zh, "remedy_en": REMEDY.en})


def shown_digest(row: PerformanceRecord) -> str:
    """SHA-256 of exactly what the second person is shown."""
    shown = [row.id, row.version, row.merit, row.finding]
    return hashlib.sha256(json.dumps(shown, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def approve(
    session: Session, services: Services, row: PerformanceRecord, *, digest: str, caller: Caller, now: datetime
) -> IssuedPaper | None:
    """The second signature: the certificate, or none for a refusal. Raises ``NotAllowed`` for whoever proposed."""
    caller.require(Permission.DECISION_APPROVE)
    in_court(row, caller)
    second_person(row, caller)
    if Stage(row.stage) in TO_SIGN and digest != shown_digest(row):
        raise Conflict(
            Bilingual("内容已变动，请重新核对后再签批", "the content has changed; look at it again before you sign"),
            code="performance-changed",
        )
    after = take(session, row, Act.APPROVE, caller=caller, now=now)
    row.signed_person = caller.person
    if after is not Stage.CERTIFIED:
        return None
    paper = issue_certificate(session, services, opened(services, [row])[0], caller=caller, now=now)
    row.certificate = paper.number
    return paper


def send_back(session: Session, row: PerformanceRecord, *, reason: str, caller: Caller, now: datetime) -> None:
    """The second person disagrees."""
    caller.require(Permission.DECISION_APPROVE)
    second_person(in_court(row, caller), caller)
    said = _said("back_reason", reason, "请写明退回理由", "give the reason")
    take(session, row, Act.SEND_BACK, caller=caller, now=now, note=said)
    row.finding = row.proposed_person = row.merit = None


def second_person(row: PerformanceRecord, caller: Caller) -> None:
    """Raise ``NotAllowed`` for the person who proposed."""
    if row.proposed_person == caller.person:
        raise NotAllowed(
            Bilingual("提出意见的人不能自己复核，请由另一人签批", "who proposed can't sign; another person has to"),
            code="second-person",
        )


def queue(
    session: Session, *, caller: Caller, stages: Sequence[Stage], limit: int = 100
) -> Sequence[PerformanceRecord]:
    """Records with the caller's court and those below it, what is due first on top."""
    query = select(PerformanceRecord).where(
        PerformanceRecord.court_code.startswith(caller.court_code or "-"),
        PerformanceRecord.stage.in_([stage.value for stage in stages]),
    )
    return session.scalars(query.order_by(PerformanceRecord.due_on, PerformanceRecord.id).limit(limit)).all()


def counts(session: Session, *, caller: Caller) -> dict[str, int]:
    """How many records of the caller's court are at each stage."""
    query = select(PerformanceRecord.stage, func.count()).where(
        PerformanceRecord.court_code.startswith(caller.court_code or "-")
    )
    return {str(stage): int(count) for stage, count in session.execute(query.group_by(PerformanceRecord.stage))}


def _facts(session: Session, row: PerformanceRecord, finding: Finding) -> PerformanceFacts:
    listed = select(Listing.id).where(
        Listing.subject_id == row.subject_id,
        Listing.case_number == row.case_number,
        Listing.court_code == row.court_code,
        Listing.published_on <= finding.performed_on,
    )
    return PerformanceFacts(
        due_on=row.due_on, performed_on=finding.performed_on, in_full=finding.in_full, compelled=finding.compelled,
        source=finding.source, was_listed=session.scalar(listed.limit(1)) is not None,
    )  # fmt: skip


def _remember(row: PerformanceRecord, caller: Caller, finding: dict[str, object]) -> None:
    row.finding, row.proposed_person, row.signed_person = finding, caller.person, None


def _checked(advice: Advice, caller: Caller, today: date) -> None:
    _said("name", advice.name, "请填写姓名或者单位全称", "give the full name", MAX_NAME)
    _said("creditor", advice.creditor, "请填写权利人", "name the creditor", MAX_NAME)
    _said("obligation", advice.obligation, "请写明应履行的义务", "say what is owed")
    _said("case_number", advice.case_number, "请填写案号", "give the case number", MAX_NAME)
    if courts().by_code(advice.court_code) is None or not reaches(caller, advice.court_code):
        raise (
            missing()
            if caller.court_code is None
            else _wrong("court_code", "请选择本院或者下级法院", "choose your court or one below it")
        )
    if not 0 <= (advice.due_on - today).days <= LONGEST_PERIOD:
        raise _wrong("due_on", "履行期限应在今天之后，十年之内", "the period ends after today and within ten years")


def _said(name: str, text: str, zh: str, en: str, limit: int = MAX_TEXT) -> str:
    clean = text.strip()
    if not clean:
        raise InvalidInput(Bilingual(zh, en), code="field-missing", field=name)
    if len(clean) > limit:
        raise _wrong(name, f"最多 {limit} 字", f"at most {limit} characters")
    return clean


def _wrong(name: str, zh: str, en: str) -> InvalidInput:
    return InvalidInput(Bilingual(zh, en), code="field-wrong", field=name)
