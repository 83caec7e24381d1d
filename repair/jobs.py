"""What recurs in repair: overdue marks, applications whose entry has gone, orphaned files. All computed from tables."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from creditsvc.access.audit import record
from creditsvc.access.callers import job_caller
from creditsvc.feature import Job
from creditsvc.kernel.days import legal_day, working_days
from creditsvc.kernel.text import Bilingual
from creditsvc.register import decisions
from creditsvc.register.tables import Decision
from creditsvc.services import Services
from creditsvc.storage.calendars import calendar as current_calendar
from repair.entries import gone_entries, left
from repair.evidence import sweep
from repair.history import take_step
from repair.policy.deadlines import SOON, Level, level_on
from repair.policy.kinds import ApplicationKind
from repair.policy.states import MOVES, State, Step
from repair.reliance import revoked_untold, tell_relying
from repair.tables import Application

_CHUNK = 500
OUTLIVES = frozenset({ApplicationKind.OBJECTION.value, ApplicationKind.CERTIFICATE.value})
"""Kinds that an entry's end does not settle: a copy may still be shown, a paper still be wanted."""


def escalate(services: Services, now: datetime) -> str:
    """Tell lateness upwards, once a step: three working days before, the first day after, ten working days after."""
    today, told = legal_day(now), 0
    with services.database.writing() as session:
        horizon = working_days(today, SOON, current_calendar(session)).day
        near = session.scalars(
            select(Application)
            .where(Application.with_court, Application.due_on <= horizon, Application.paused_on.is_(None))
            .where(or_(Application.escalated.is_(None), Application.escalated != Level.HIGHER.value))
            .order_by(Application.due_on)
            .limit(_CHUNK)
            .with_for_update()
        ).all()
        for application in near:
            told += _tell(session, application, today, now)
    return f"{told} escalated" if told else ""


def _tell(session: Session, application: Application, today: date, now: datetime) -> bool:
    level = level_on(application.due_on, today, current_calendar(session))
    if level is None or level.value == application.escalated:
        return False
    application.escalated = level.value
    if level is not Level.SOON and application.overdue_since is None:
        application.overdue_since = today
    record(
        session,
        action=f"application.{level.value}",
        caller=job_caller("deadlines"),
        object=application.id,
        at=now,
        details={"due": str(application.due_on), "court": application.court_code},
    )
    return True


def close_overtaken(services: Services, now: datetime) -> str:
    """Close applications whose entry has left the list by another way, so that nobody waits for nothing."""
    able = {state.value for state, step in MOVES if step is Step.OVERTAKE}
    closed = 0
    with services.database.writing() as session:
        waiting = session.scalars(
            select(Application)
            .where(Application.state.in_(able), Application.kind.not_in(OUTLIVES))
            .where(Application.entry.in_(left(legal_day(now))))
            .limit(_CHUNK)
            .with_for_update()
        ).all()
        gone = gone_entries(session, [application.entry for application in waiting], on=legal_day(now))
        for application in waiting:
            if application.entry in gone:
                _close(session, application, now)
                closed += 1
    return f"{closed} closed" if closed else ""


def _close(session: Session, application: Application, now: datetime) -> None:
    decision = session.get(Decision, application.decision_id) if application.decision_id else None
    # signed on the register's own desk: it is this application that was granted
    granted = decision is not None and decision.state == decisions.APPROVED
    if granted and decision is not None:
        application.decided_at = decision.settled_at
    step = Step.APPROVE if granted and application.state == State.GRANT_PROPOSED.value else Step.OVERTAKE
    take_step(session, application, step, caller=job_caller("deadlines"), now=now)


def tell_relied(services: Services, now: datetime) -> str:
    """Those who relied on an entry that was revoked on another desk are told as well."""
    told = 0
    with services.database.writing() as session:
        for entry in revoked_untold(session, limit=_CHUNK):
            told += tell_relying(session, entry, caller=job_caller("deadlines"), now=now)
    return f"{told} told" if told else ""


def deadlines(services: Services, now: datetime) -> str:
    """All of the above."""
    return " ".join(filter(None, (close_overtaken(services, now), escalate(services, now), tell_relied(services, now))))


def evidence_sweep(services: Services, now: datetime) -> str:
    """Files that no row names."""
    gone = sweep(services, now)
    return f"{gone} files" if gone else ""


JOBS = (
    Job(
        "repair-deadlines",
        deadlines,
        3600,
        Bilingual(
            "到期前后逐级提醒，终结记录已移出的申请，通知依赖过错误记录的单位",
            "tell lateness upwards, close what its entry has left, tell those who relied on wrong entries",
        ),
    ),
    Job("repair-evidence", evidence_sweep, 86_400, Bilingual("清理无主的材料文件", "sweep orphaned evidence files")),
)
