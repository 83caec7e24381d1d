"""What recurs in repair: overdue marks, applications whose entry has gone, orphaned files. All computed from tables."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditsvc.access.audit import record
from creditsvc.access.callers import job_caller
from creditsvc.feature import Job
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.text import Bilingual
from creditsvc.register import decisions
from creditsvc.register.tables import Decision
from creditsvc.services import Services
from repair.entries import gone_entries
from repair.evidence import sweep
from repair.history import take_step
from repair.policy.states import MOVES, OPEN_AT_COURT, State, Step
from repair.tables import Application

_CHUNK = 500


def mark_overdue(services: Services, now: datetime) -> str:
    """Mark what the court has not decided by its due day, once, from the first day after."""
    today, marked = legal_day(now), 0
    with services.database.writing() as session:
        late = session.scalars(
            select(Application)
            .where(
                Application.state.in_([state.value for state in OPEN_AT_COURT]),
                Application.due_on < today,
                Application.overdue_since.is_(None),
            )
            .limit(_CHUNK)
            .with_for_update()
        ).all()
        for application in late:
            application.overdue_since = today
            record(
                session,
                action="application.overdue",
                caller=job_caller("deadlines"),
                object=application.id,
                at=now,
                details={"due": str(application.due_on)},
            )
            marked += 1
    return f"{marked} overdue" if marked else ""


def close_overtaken(services: Services, now: datetime) -> str:
    """Close applications whose entry has left the list by another way, so that nobody waits for nothing."""
    able = {state.value for state, step in MOVES if step is Step.OVERTAKE}
    closed = 0
    with services.database.writing() as session:
        waiting = session.scalars(
            select(Application).where(Application.state.in_(able)).limit(_CHUNK).with_for_update()
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


def deadlines(services: Services, now: datetime) -> str:
    """Both of the above."""
    return " ".join(filter(None, (close_overtaken(services, now), mark_overdue(services, now))))


def evidence_sweep(services: Services, now: datetime) -> str:
    """Files that no row names."""
    gone = sweep(services, now)
    return f"{gone} files" if gone else ""


JOBS = (
    Job(
        "repair-deadlines",
        deadlines,
        3600,
        Bilingual("标记逾期的申请，终结记录已移出的申请", "mark late applications, close those whose entry has gone"),
    ),
    Job("repair-evidence", evidence_sweep, 86_400, Bilingual("清理无主的材料文件", "sweep orphaned evidence files")),
)
