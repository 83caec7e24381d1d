"""The one place that moves an application: the table of states, the version, and a row in its history."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditsvc.access.audit import record
from creditsvc.access.callers import Caller
from creditsvc.kernel.errors import Conflict, NotFound
from creditsvc.kernel.text import Bilingual
from repair.alarms import settle
from repair.policy.kinds import ApplicationKind
from repair.policy.states import FINAL, OPEN_AT_COURT, WITH_COURT, State, Step, move
from repair.tables import Application, ApplicationEvent

ID_PREFIX = "app_"


def new_id() -> str:
    """A random name for addresses; it says nothing about the person."""
    return ID_PREFIX + secrets.token_hex(12)


def missing() -> NotFound:
    """The one answer for an application that is not there and for one that is somebody else's."""
    return NotFound(Bilingual("没有这份申请", "there is no such application"), code="application-unknown")


def load(session: Session, application_id: str, *, to_change: bool) -> Application:
    """An application; locked if it is to be changed, so that two people come one after the other."""
    found = session.get(Application, application_id, with_for_update=to_change or None)
    if found is None:
        raise missing()
    return found


def check_version(application: Application, shown: int) -> None:
    """Refuse to act on a state that is no longer the one that was shown."""
    if application.version != shown:
        raise Conflict(
            Bilingual(
                "这份申请刚刚被他人处理过；请核对最新内容后再操作",
                "somebody has just worked on this application; look at it again before you act",
            ),
            code="application-changed",
        )


def take_step(
    session: Session, application: Application, step: Step, *, caller: Caller, now: datetime, note: str = ""
) -> State:
    """Move by the table; raises ``Conflict`` where there is no such move. Writes history and journal."""
    after = move(State(application.state), step, ApplicationKind(application.kind))
    application.state = after.value
    application.with_court = after in WITH_COURT
    application.version += 1
    if after in FINAL:
        application.is_open = False
        application.closed_at = now
    write_history(session, application, step.value, caller=caller, now=now, note=note)
    if application.escalated and after not in OPEN_AT_COURT:
        settle(session, application, now=now)
    return after


def write_history(
    session: Session, application: Application, step: str, *, caller: Caller, now: datetime, note: str = ""
) -> None:
    """One row in the application's history and one in the journal of acts; the journal gets no free text."""
    session.add(
        ApplicationEvent(
            application_id=application.id,
            version=application.version,
            step=step,
            state=application.state,
            actor=caller.actor,
            note=note,
            at=now,
        )
    )
    record(
        session,
        action=f"application.{step}",
        caller=caller,
        object=application.id,
        at=now,
        details={"state": application.state, "version": application.version, "entry": application.entry},
    )


def events_of(session: Session, application: Application) -> Sequence[ApplicationEvent]:
    """What happened, oldest first."""
    query = select(ApplicationEvent).where(ApplicationEvent.application_id == application.id)
    return session.scalars(query.order_by(ApplicationEvent.version)).all()
