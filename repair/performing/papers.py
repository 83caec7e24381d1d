"""The papers of the positive path: 告知书 with the judgment, 预告书 before a listing, 证明书 after performance."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from creditsvc.access.callers import Caller
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.text import Bilingual
from creditsvc.papers.issuing import IssuedPaper, PaperKind, PaperOrder, issue
from creditsvc.papers.typesetting import Template, said
from creditsvc.services import Services
from punishment_rules.catalogue_types import Standing
from punishment_rules.incentive_types import Benefit, Merit, Scope
from punishment_rules.incentives import Grant, IncentiveAnswer, for_performer
from punishment_rules.law import DebtorKind
from punishment_rules.load import incentives
from repair.performing.records import Opened
from repair.policy.performing import OPINION_21, WARNING, Source

ADVICE = PaperKind(
    "ADVICE",
    Bilingual("自动履行告知书", "Notice on performing of one's own accord"),
    Template("repair", "performance_advice"),
)
FOREWARNING = PaperKind(
    "FOREWARN",
    Bilingual("列入失信名单预告书", "Forewarning of a listing"),
    Template("repair", "performance_forewarning"),
)
CERTIFICATE = PaperKind(
    "PERFORM",
    Bilingual("自动履行证明书", "Certificate of voluntary performance"),
    Template("repair", "performance_certificate"),
)
SHOWN_INCENTIVES = 3
SHOWN_ON_CERTIFICATE = 2
"""A certificate is one page."""


def issue_advice(session: Session, services: Services, found: Opened, *, caller: Caller, now: datetime) -> IssuedPaper:
    """The notice that goes with the judgment: until when, what performing in time brings, what not performing risks."""
    data = _parties(found) | {
        "due": _day(found.row.due_on),
        "incentives": [_incentive(each) for each in _promised(found, legal_day(now))],
        "warning": said(_WARNING_TEXT),
        "clause": said(WARNING),
    }
    return _issue(session, services, ADVICE, found, data, caller=caller, now=now)


def issue_forewarning(
    session: Session, services: Services, found: Opened, *, left: int, caller: Caller, now: datetime
) -> IssuedPaper:
    """The notice before a listing, with the days that are left."""
    data = _parties(found) | {
        "due": _day(found.row.due_on),
        "left": left,
        "incentives": [_incentive(each) for each in _promised(found, legal_day(now))],
        "clause": said(WARNING),
    }
    return _issue(session, services, FOREWARNING, found, data, caller=caller, now=now)


def issue_certificate(
    session: Session, services: Services, found: Opened, *, caller: Caller, now: datetime
) -> IssuedPaper:
    """The certificate. It names the court, the day and who confirmed; the other side and the amount it doesn't name."""
    finding = found.row.finding or {}
    performed = found.row.performed_on or legal_day(now)
    in_time = performed <= found.row.due_on
    data = {
        "name": found.name,
        "performed": _day(performed),
        "in_time": in_time,
        "source": said(Source(finding["source"]).label),
        "merit": found.row.merit,
        "incentives": [_incentive(each) for each in _promised(found, legal_day(now), held=True)[:SHOWN_ON_CERTIFICATE]],
        "clause": said(OPINION_21),
    }
    return _issue(session, services, CERTIFICATE, found, data, caller=caller, now=now)


def _issue(
    session: Session,
    services: Services,
    kind: PaperKind,
    found: Opened,
    data: dict[str, Any],
    *,
    caller: Caller,
    now: datetime,
) -> IssuedPaper:
    row = found.row
    order = PaperOrder(
        kind, row.court_code, found.name, data, application=row.id, subject_id=row.subject_id, supersedes=True
    )
    return issue(session, services, order, caller=caller, now=now)


def _parties(found: Opened) -> dict[str, Any]:
    return {
        "name": found.name,
        "case_number": found.row.case_number,
        "creditor": found.creditor,
        "obligation": found.obligation,
    }


def _promised(found: Opened, on: date, *, held: bool = False) -> list[IncentiveAnswer]:
    """What holds in this province for such a merit or, later, a place on the list. Neither examples from elsewhere nor one
    court's practice is a promise, and who holds the certificate needs none."""
    merits = [Merit(found.row.merit) if found.row.merit else Merit.VOLUNTARY_PERFORMANCE, Merit.GOOD_CREDIT_LIST]
    answers = for_performer(merits, kind=DebtorKind(found.row.debtor_kind), on=on, book=incentives())
    return [
        one
        for one in answers
        if one.incentive.scope is not Scope.ELSEWHERE
        and one.incentive.standing is not Standing.PRACTICE_ONLY
        and not (held and one.incentive.benefit is Benefit.CERTIFICATE)
    ][:SHOWN_INCENTIVES]


def _incentive(answer: IncentiveAnswer) -> dict[str, Any]:
    row = answer.incentive
    return {
        "text": {"zh": row.person.zh, "en": row.person.en},
        "clause": {"zh": answer.citation.text.zh, "en": answer.citation.text.en},
        "due": answer.grant is Grant.DUE,
    }


def _day(day: date) -> dict[str, str]:
    return {"zh": f"{day.year}年{day.month}月{day.day}日", "en": f"{day.day} {day:%B} {day.year}"}


_WARNING_TEXT = Bilingual(
    "期限届满未履行的，权利人可以申请强制执行；有履行能力而拒不履行等情形的，人民法院应当将被执行人纳入失信被执行人名单，依法予以信用惩戒。",
    "If nothing is performed in time, the creditor may ask for enforcement; who can perform and refuses will be put on the "
    "list of dishonest judgment debtors, with the restrictions that follow from it.",
)
