"""A promise that may have been broken: a new case at the court, in which the person is heard and two people decide.

It changes no entry: what was removed stays removed, and whoever is to be listed again needs a new decision of its own.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditsvc.access.audit import record
from creditsvc.access.callers import Caller
from creditsvc.access.permissions import Permission
from creditsvc.kernel.calendars import Calendar
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import Conflict, InvalidInput
from creditsvc.kernel.text import Bilingual
from creditsvc.services import Services
from repair.applications import MAX_STATEMENT, open_draft, receive, seal_words
from repair.entries import view_for
from repair.history import load, take_step
from repair.notices import tell_charged
from repair.policy.grounds import ground_of
from repair.policy.kinds import ApplicationKind
from repair.policy.promises import may_find_breach
from repair.policy.states import State, Step
from repair.promises import BREACHED, find_promise
from repair.tables import Application, CreditPromise

MAX_CHARGE = 1500


def open_breach(
    session: Session,
    services: Services,
    number: str,
    *,
    ground: str,
    charge: str,
    calendar: Calendar,
    caller: Caller,
    now: datetime,
) -> Application:
    """The new case in which a breach is examined; the person is told and can answer. No entry changes by it.

    Raises ``NotFound``, ``InvalidInput`` naming the field, ``Conflict`` while such a case is open.
    """
    caller.require(Permission.DECISION_PROPOSE)
    promise = find_promise(session, number, caller=caller, to_change=True)
    origin, said = load(session, promise.application_id, to_change=False), charge.strip()
    ground_of(ApplicationKind.PROMISE_BREACH.value, ground)
    if not said or len(said) > MAX_CHARGE:
        raise InvalidInput(
            Bilingual(f"请写明违诺的事实和依据，最多 {MAX_CHARGE} 字", "say what was broken, and by which paper"),
            code="field-missing",
            field="charge",
        )
    standing = breach_of(session, promise)
    if standing is not None and standing.is_open:
        raise Conflict(
            Bilingual(f"已有违诺审查案件 {standing.number}", f"case {standing.number} is open already"),
            code="breach-open",
        )
    view = view_for(session, origin.entry, origin.subject_id, on=legal_day(now))
    case = open_draft(
        session,
        view,
        ApplicationKind.PROMISE_BREACH,
        ground,
        caller=caller,
        now=now,
        opened_by="court",
        about=origin.id,
    )
    case.e_service = origin.e_service
    receive(session, case, calendar=calendar, now=now)
    take_step(session, case, Step.SUBMIT, caller=caller, now=now, note=said)
    promise.breach_case = case.number
    tell_charged(session, services, case, now=now)
    return case


def breach_of(session: Session, promise: CreditPromise) -> Application | None:
    """The newest case in which a breach of this promise is or was examined."""
    query = select(Application).where(
        Application.about == promise.application_id, Application.kind == ApplicationKind.PROMISE_BREACH.value
    )
    return session.scalar(query.order_by(Application.created_at.desc()).limit(1))


def answer_charge(
    session: Session, services: Services, case: Application, words: str, *, caller: Caller, now: datetime
) -> None:
    """The person's answer, once, before anything is proposed; sealed. Raises ``Conflict``, ``InvalidInput``."""
    if not may_answer(case):
        raise Conflict(Bilingual("现在不能再提交陈述", "it can't be answered any more"), code="charge-answered")
    clean = words.replace("\r\n", "\n").replace("\0", "").strip()
    if not clean or len(clean) > MAX_STATEMENT:
        raise InvalidInput(
            Bilingual(f"请写下陈述，最多 {MAX_STATEMENT} 字", "write your answer"),
            code="field-missing",
            field="statement",
        )
    seal_words(services, case, clean)
    record(session, action="promise.answered", caller=caller, object=case.id, at=now)


def may_answer(case: Application) -> bool:
    """Whether the person may still answer."""
    open_states = {State.SUBMITTED.value, State.UNDER_REVIEW.value}
    return (
        case.kind == ApplicationKind.PROMISE_BREACH.value and case.state in open_states and case.statement_cell is None
    )


def require_heard(case: Application, *, calendar: Calendar, on: date) -> None:
    """Raises ``Conflict`` while the person has neither answered nor had the time to."""
    if case.kind != ApplicationKind.PROMISE_BREACH.value or case.received_on is None:
        return
    waits = may_find_breach(told_on=case.received_on, heard=case.statement_cell is not None, on=on, calendar=calendar)
    if waits is not None:
        raise Conflict(
            Bilingual(
                f"本人尚未陈述，{waits.latest} 以后才能认定违诺",
                f"the person has not answered: a breach may be found after {waits.latest}",
            ),
            code="not-heard",
        )


def settle_breach(session: Session, case: Application, *, now: datetime) -> None:
    """What the decision of such a case does to the promise: it is broken, or as it was."""
    if case.kind != ApplicationKind.PROMISE_BREACH.value:
        return
    promise = session.scalar(select(CreditPromise).where(CreditPromise.application_id == case.about))
    if promise is not None and case.state == State.GRANTED.value:
        promise.state, promise.changed_at = BREACHED, now
