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
from creditsvc.services import Services
from creditsvc.storage.calendars import calendar as current_calendar
from repair import alarms
from repair.entries import gone_entries, left
from repair.evidence import sweep
from repair.exits import tell_left, untold
from repair.left import ENDED_BY_EXIT, OUTLIVE_EXIT, close
from repair.policy.deadlines import SOON, Level, level_on
from repair.provider.visit import forget_attempts
from repair.recount import recount
from repair.reliance import revoked_untold, tell_relying
from repair.sessions import forget_challenges
from repair.tables import Application

_CHUNK = 500


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
            told += _tell(session, services, application, today, now)
    return f"{told} escalated" if told else ""


def _tell(session: Session, services: Services, application: Application, today: date, now: datetime) -> bool:
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
        details={"due": str(application.due_on), "court": alarms.told_court(application, level)},
    )
    alarms.tell(session, services, application, level, today=today, now=now)
    return True


def close_overtaken(services: Services, now: datetime) -> str:
    """Close applications whose entry has left the list by another way, so that nobody waits for nothing."""
    closed = 0
    with services.database.writing() as session:
        waiting = session.scalars(
            select(Application)
            .where(Application.state.in_(ENDED_BY_EXIT), Application.kind.not_in(OUTLIVE_EXIT))
            .where(Application.entry.in_(left(legal_day(now))))
            .limit(_CHUNK)
            .with_for_update()
        ).all()
        gone = gone_entries(session, [application.entry for application in waiting], on=legal_day(now))
        for application in waiting:
            if application.entry in gone:
                close(session, application, now=now)
                closed += 1
    return f"{closed} closed" if closed else ""


def tell_relied(services: Services, now: datetime) -> str:
    """Those who relied on a revoked entry, should its own transaction not have told them."""
    told = 0
    with services.database.writing() as session:
        for entry in revoked_untold(session, limit=_CHUNK):
            told += tell_relying(session, entry, caller=job_caller("deadlines"), now=now)
    return f"{told} told" if told else ""


def tell_exits(services: Services, now: datetime) -> str:
    """Word of entries that left, should the transaction in which they left not have told it."""
    told = 0
    with services.database.writing() as session:
        for entry in untold(session, now=now, limit=_CHUNK):
            told += tell_left(session, services, entry, now=now)
    return f"{told} messages" if told else ""


def count_anew(services: Services, now: datetime) -> str:
    """Due days by newly loaded calendars, before anybody is told that they are near."""
    total = 0
    while True:
        with services.database.writing() as session:
            done = recount(session)
        total += done
        if not done:
            return f"{total} recounted" if total else ""


def deadlines(services: Services, now: datetime) -> str:
    """All of the above."""
    steps = (close_overtaken, count_anew, escalate, tell_relied, tell_exits)
    return " ".join(filter(None, (step(services, now) for step in steps)))


def forget_visits(services: Services, now: datetime) -> str:
    """Sign-ins that were begun and never finished."""
    with services.database.writing() as session:
        gone = forget_attempts(session, now=now) + forget_challenges(session, now=now)
    return f"{gone} forgotten" if gone else ""


def evidence_sweep(services: Services, now: datetime) -> str:
    """Files that no row names."""
    gone = sweep(services, now)
    return f"{gone} files" if gone else ""


JOBS = (
    Job(
        "repair-deadlines",
        deadlines,
        300,
        Bilingual(
            "到期前后逐级提醒，终结记录已移出的申请，通知依赖过错误记录的单位",
            "tell lateness upwards, close what its entry has left, tell those who relied on wrong entries",
        ),
    ),
    Job(
        "repair-visits",
        forget_visits,
        3600,
        Bilingual("清理没有完成的登录", "forget sign-ins that were never finished"),
    ),
    Job("repair-evidence", evidence_sweep, 86_400, Bilingual("清理无主的材料文件", "sweep orphaned evidence files")),
)
