"""Due days of open applications counted anew when a calendar is loaded; the day that stood before is kept beside.

Counted from the day of receipt, with every pause since: what was left on the day of a pause ran on from its end.
"""

from __future__ import annotations

from datetime import date

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from creditsvc.kernel.calendars import Calendar
from creditsvc.kernel.days import Deadline, legal_day
from creditsvc.storage.calendars import calendar as current_calendar
from creditsvc.storage.calendars import calendar_version
from repair.policy.deadlines import CLOCKS, clock, resumed
from repair.policy.kinds import KINDS, ApplicationKind
from repair.policy.states import Step
from repair.tables import Application, ApplicationEvent


def recount(session: Session, *, limit: int = 500) -> int:
    """Count the next applications anew that were counted by other calendars than today's; how many were looked at."""
    version, days = calendar_version(session), current_calendar(session)
    stale = session.scalars(
        select(Application)
        .where(Application.is_open, Application.due_on.is_not(None), Application.received_on.is_not(None))
        .where(or_(Application.calendar.is_(None), Application.calendar != version))
        .order_by(Application.id)
        .limit(limit)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    for application in stale:
        counted = due_of(session, application, days)
        moved = {"due_before": application.due_on} if counted.day != application.due_on else {}
        values = {"calendar": version, "due_on": counted.day, "due_provisional": counted.provisional} | moved
        # past its version: whoever has a proposal before him signs what was shown, whenever it is due
        session.execute(
            update(Application)
            .where(Application.id == application.id)
            .values(**values)
            .execution_options(synchronize_session=False)
        )
    return len(stale)


def due_of(session: Session, application: Application, days: Calendar) -> Deadline:
    """When the court has to have decided, by these calendars."""
    kind = KINDS[ApplicationKind(application.kind)].clock
    assert application.received_on is not None  # noqa: S101 - of what was received
    due, paused = clock(kind).due(application.received_on, days), None
    for step, on in _pauses(session, application):
        if step == Step.PAUSE.value:
            paused = on
        elif paused is not None:
            due = resumed(due.day, paused_on=paused, resumed_on=on, unit=CLOCKS[kind].unit, calendar=days)
            paused = None
    return due


def _pauses(session: Session, application: Application) -> list[tuple[str, date]]:
    """Pauses and their ends since it was last received, in order."""
    steps = [Step.PAUSE.value, Step.RESUME.value]
    query = (
        select(ApplicationEvent.step, ApplicationEvent.at)
        .where(ApplicationEvent.application_id == application.id, ApplicationEvent.step.in_(steps))
        .where(ApplicationEvent.at >= application.submitted_at)
        .order_by(ApplicationEvent.version)
    )
    return [(step, legal_day(at)) for step, at in session.execute(query)]
