"""Opening, closing, showing and recounting what is due. A matter is opened once by its key; the caller commits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.orm import Session

from creditsvc.access import audit
from creditsvc.access.callers import Caller, job_caller
from creditsvc.kernel.calendars import Calendar
from creditsvc.kernel.days import Deadline, legal_day
from creditsvc.kernel.load import timers
from creditsvc.kernel.timers import due
from creditsvc.storage.calendars import calendar, calendar_version
from creditsvc.tasks.tables import Task

NOT_DUE, DUE, OVERDUE = 0, 1, 2
HOUSE = ""
"""The court code of what the whole house has to do."""
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class NewTask:
    """A matter: what, about which entry, for which court, counted from which Beijing day by which timer.

    ``due_on`` is for what has a day but no timer of the law. ``details`` hold no personal data.
    """

    key: str
    kind: str
    court_code: str
    start_on: date
    entry: str | None = None
    timer: str | None = None
    length: int | None = None
    due_on: date | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


def open_task(session: Session, new: NewTask, *, by: str, now: datetime) -> Task:
    """Open a matter, or return the one that has this key, open or closed."""
    found = session.scalar(select(Task).where(Task.key == new.key))
    if found is not None:
        return found
    counted = due(timers()[new.timer], new.start_on, calendar(session), length=new.length) if new.timer else None
    details = {**new.details, **({"length": new.length} if new.length is not None else {})}
    task = Task(
        key=new.key, kind=new.kind, entry=new.entry, court_code=new.court_code, timer=new.timer, start_on=new.start_on,
        due_on=counted.day if counted else new.due_on, earliest_on=counted.earliest if counted else new.due_on,
        latest_on=counted.latest if counted else new.due_on, provisional=counted.provisional if counted else False,
        calendar=calendar_version(session) if counted else None, details=details, opened_by=by, opened_at=now, level=NOT_DUE,
    )  # fmt: skip
    session.add(task)
    session.flush()
    return task


def close_tasks(session: Session, *, outcome: str, now: datetime, entry: str | None = None, key: str | None = None,
                kinds: Sequence[str] = ()) -> int:  # fmt: skip
    """Close open matters of an entry (of these kinds, if some are named) or of one key; how many."""
    if entry is None and key is None:
        raise ValueError("say which matters")
    query = update(Task).where(Task.closed_at.is_(None))
    if entry is not None:
        query = query.where(Task.entry == entry)
    if key is not None:
        query = query.where(Task.key == key)
    if kinds:
        query = query.where(Task.kind.in_(kinds))
    session.flush()
    done = session.execute(query.values(closed_at=now, outcome=outcome).execution_options(synchronize_session="fetch"))
    return int(done.rowcount)  # type: ignore[attr-defined]


def reach_of(caller: Caller) -> ColumnElement[bool]:
    """What the caller's court and those below it have to do, and what is the house's."""
    return or_(Task.court_code == HOUSE, Task.court_code.startswith(caller.court_code or "-"))


def open_tasks(session: Session, caller: Caller, *, after: int = 0, limit: int = 200) -> Sequence[Task]:
    """What the caller's court and those below it have to do, and what is the house's; most urgent first."""
    query = select(Task).where(Task.closed_at.is_(None), reach_of(caller), Task.id > after)
    return session.scalars(query.order_by(Task.due_on.is_(None), Task.due_on, Task.id).limit(limit)).all()


def working_of(task: Task, on: Calendar) -> Deadline | None:
    """How a matter's deadline is counted, day by day; none where the law sets no time."""
    if task.timer is None:
        return None
    return due(timers()[task.timer], task.start_on, on, length=task.details.get("length"))


def recount(session: Session, *, limit: int = _CHUNK) -> int:
    """Count open deadlines anew that were counted by other calendars than today's; how many. Both days are kept."""
    version, days = calendar_version(session), calendar(session)
    stale = session.scalars(
        select(Task)
        .where(Task.closed_at.is_(None), Task.timer.is_not(None), Task.calendar != version)
        .order_by(Task.id)
        .limit(limit)
        .with_for_update()
    ).all()
    for task in stale:
        counted = working_of(task, days)
        if counted is None:
            continue
        if counted.day != task.due_on:
            task.due_before, task.due_on = task.due_on, counted.day
        task.earliest_on, task.latest_on, task.provisional = counted.earliest, counted.latest, counted.provisional
        task.calendar = version
    return len(stale)


def escalate(session: Session, now: datetime, *, limit: int = _CHUNK) -> int:
    """Raise what is due today and what is overdue, once each, with a line in the journal; how many."""
    today = legal_day(now)
    urgent = session.scalars(
        select(Task)
        .where(
            Task.closed_at.is_(None),
            or_(
                (Task.level < OVERDUE) & (Task.due_on < today),
                (Task.level < DUE) & (Task.due_on == today),
            ),
        )
        .order_by(Task.due_on, Task.id)
        .limit(limit)
        .with_for_update()
    ).all()
    for task in urgent:
        task.level = OVERDUE if task.due_on is not None and task.due_on < today else DUE
        task.escalated_at = now
        details = {"kind": task.kind, "entry": task.entry or "", "due": str(task.due_on), "level": task.level}
        audit.record(
            session, action="task.escalated", caller=job_caller("tasks"), object=f"task:{task.id}", at=now, details=details
        )  # fmt: skip
    return len(urgent)
