"""Credit promises: kept with the application that they support, their keeping watched; a breach opens a new case only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditsvc.access.audit import record
from creditsvc.access.callers import Caller
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import InvalidInput, NotFound
from creditsvc.kernel.load import courts
from creditsvc.kernel.text import Bilingual
from repair.entries import EntryView
from repair.policy.promises import promise_number
from repair.tables import Application, CreditPromise

STATES = {
    "none": Bilingual("尚未履行", "not kept yet"),
    "partial": Bilingual("部分履行", "kept in part"),
    "full": Bilingual("全部履行", "kept"),
    "breached": Bilingual("违诺，已另案审查", "broken, examined as a new case"),
}


def keep_promise(session: Session, application: Application, view: EntryView, *, now: datetime) -> CreditPromise:
    """The promise of this application; sent again after a return, it is the same promise."""
    standing = session.scalar(select(CreditPromise).where(CreditPromise.application_id == application.id))
    if standing is not None:
        return standing
    court, today = courts().by_code(view.court_code), legal_day(now)
    division = court.division_code if court else "410000"
    # the receipt's own serial: counted up once, so two promises of a day can't collide
    serial = int((application.number or "0").rpartition("〕")[2].removesuffix("号"))
    wanted = application.wanted or {}
    promise = CreditPromise(
        number=promise_number(division, today, serial),
        application_id=application.id,
        subject_id=application.subject_id,
        promiser=str(wanted.get("promiser", "person")),
        publicity=str(wanted.get("publicity", "closed")),
        receiver=view.court_name,
        made_on=today,
        state="none",
    )
    session.add(promise)
    session.flush()
    return promise


def promises_of(session: Session, subject_id: str) -> Sequence[CreditPromise]:
    """The promises of one person, newest first."""
    query = select(CreditPromise).where(CreditPromise.subject_id == subject_id).order_by(CreditPromise.id.desc())
    return session.scalars(query).all()


def promise_of(session: Session, application: Application) -> CreditPromise | None:
    """The promise that an application rests on."""
    return session.scalar(select(CreditPromise).where(CreditPromise.application_id == application.id))


def note_keeping(
    session: Session, promise_id: int, *, state: str, breach_case: str, caller: Caller, now: datetime
) -> CreditPromise:
    """How far a promise has been kept. A breach names the new case in which it is examined; no entry changes by it.

    Raises ``NotFound``, or ``InvalidInput`` naming the field.
    """
    promise = session.get(CreditPromise, promise_id)
    if promise is None:
        raise NotFound(Bilingual("没有这份承诺", "there is no such promise"), code="promise-unknown")
    if state not in STATES:
        raise InvalidInput(
            Bilingual("请选择履行状况", "choose how far it has been kept"), code="field-wrong", field="state"
        )
    if state == "breached" and not breach_case.strip():
        raise InvalidInput(
            Bilingual("违诺须另案审查，请填写新案号", "a breach is examined as a new case: give its number"),
            code="field-missing",
            field="breach_case",
        )
    promise.state, promise.changed_at = state, now
    promise.breach_case = breach_case.strip()[:128] or None if state == "breached" else None
    record(session, action="promise.noted", caller=caller, object=promise.number, at=now, details={"state": state})
    return promise
