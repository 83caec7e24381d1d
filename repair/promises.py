"""Credit promises: kept with the application that they support, their keeping watched; a breach opens a new case only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditsvc.access.audit import record
from creditsvc.access.callers import Caller
from creditsvc.access.permissions import Permission
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import InvalidInput, NotFound
from creditsvc.kernel.load import courts
from creditsvc.kernel.text import Bilingual
from creditsvc.register.entries import reaches
from repair.entries import EntryView
from repair.history import load
from repair.policy.promises import promise_number
from repair.queue import reach
from repair.tables import Application, CreditPromise

BREACHED = "breached"
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


def find_promise(session: Session, number: str, *, caller: Caller, to_change: bool = False) -> CreditPromise:
    """A promise that lies with the caller's court; raises ``NotFound``, alike for any other."""
    query = select(CreditPromise).where(CreditPromise.number == number)
    found = session.scalar(query.with_for_update() if to_change else query)
    if found is None or not reaches(caller, load(session, found.application_id, to_change=False).court_code):
        raise NotFound(Bilingual("没有这份承诺", "there is no such promise"), code="promise-unknown")
    return found


def promises_at(
    session: Session, *, caller: Caller, state: str, after: int, limit: int
) -> Sequence[tuple[CreditPromise, Application]]:
    """Promises that lie with the caller's courts, newest first, a page at a time; ``after``: number of the last one shown."""
    query = select(CreditPromise, Application).join(Application, Application.id == CreditPromise.application_id)
    query = query.where(reach(caller))
    if state:
        query = query.where(CreditPromise.state == state)
    if after:
        query = query.where(CreditPromise.id < after)
    return [(promise, one) for promise, one in session.execute(query.order_by(CreditPromise.id.desc()).limit(limit))]


def note_keeping(session: Session, number: str, *, state: str, caller: Caller, now: datetime) -> CreditPromise:
    """How far a promise has been kept. That it was broken is found in a case of its own, never noted here.

    Raises ``NotFound``, or ``InvalidInput`` naming the field.
    """
    caller.require(Permission.APPLICATION_WORK)
    promise = find_promise(session, number, caller=caller, to_change=True)
    if state not in STATES or state == BREACHED:
        raise InvalidInput(
            Bilingual(
                "请选择履行状况；违诺须另案审查", "choose how far it has been kept; a breach needs a case of its own"
            ),
            code="field-wrong",
            field="state",
        )
    promise.state, promise.changed_at = state, now
    record(session, action="promise.noted", caller=caller, object=promise.number, at=now, details={"state": state})
    return promise
