"""What the register puts into the queue when something was decided or a day has come, and what it closes."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import Session

from creditsvc.access import audit
from creditsvc.access.callers import Caller
from creditsvc.access.permissions import Permission
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import Conflict, InvalidInput, NotFound
from creditsvc.kernel.load import timers
from creditsvc.kernel.text import Bilingual
from creditsvc.kernel.timers import due as count
from creditsvc.register.circumstances import draw, drawn_by_the_house
from creditsvc.register.entries import reaches, target
from creditsvc.register.kinds import KINDS
from creditsvc.register.life import State
from creditsvc.register.tables import Decision, Listing
from creditsvc.register.tables_matters import Circumstance, GracePeriod
from creditsvc.register.task_kinds import BY_WORD, TaskKind
from creditsvc.storage.calendars import calendar, calendar_version
from creditsvc.tasks.queue import HOUSE, NewTask, close_tasks, open_task
from creditsvc.tasks.tables import Task

BY = "job:register"
WARNED_DAYS = 60


def draw_recorded(session: Session, now: datetime, *, limit: int = 200) -> int:
    """Draw the consequences of what was recorded without them, as by a file; how many."""
    rows = session.scalars(
        select(Circumstance)
        .where(Circumstance.prepared.is_(False))
        .order_by(Circumstance.id)
        .limit(limit)
        .with_for_update()
    ).all()
    for row in rows:
        draw(session, row, proposer=drawn_by_the_house(row, target(session, row.entry).court_code), now=now)
    return len(rows)


def ended_terms(session: Session, now: datetime, *, limit: int = 500) -> int:
    """Open a matter for each listing whose term has ended: it counts no longer, and the court has three working days."""
    states = (State.ACTIVE.value, State.ACTIVE_NONPUBLIC.value)
    rows = session.execute(
        select(Listing.entry, Listing.court_code, Listing.until)
        .where(Listing.state.in_(states), Listing.until < legal_day(now), ~_open(TaskKind.REMOVE_AFTER_TERM))
        .order_by(Listing.until, Listing.id)
        .limit(limit)
    ).all()
    opened, kind = 0, TaskKind.REMOVE_AFTER_TERM.value
    for entry, court, until in rows:
        if until is None:
            continue
        new = NewTask(f"{kind}/{entry}/{until}", kind, court, until, entry=entry, timer="T06")
        opened += open_task(session, new, by=BY, now=now).closed_at is None
    return opened


def ended_graces(session: Session, now: datetime, *, limit: int = 500) -> int:
    """Open a matter for each listing whose grace has ended: a person publishes it, or ends it unpublished."""
    last = (
        select(GracePeriod.entry, func.max(GracePeriod.to_day).label("to_day")).group_by(GracePeriod.entry).subquery()
    )
    rows = session.execute(
        select(Listing.entry, Listing.court_code, last.c.to_day)
        .join(last, last.c.entry == Listing.entry)
        .where(Listing.state == State.IN_GRACE.value, last.c.to_day < legal_day(now), ~_open(TaskKind.GRACE_ENDED))
        .order_by(last.c.to_day, Listing.id)
        .limit(limit)
    ).all()
    opened, kind = 0, TaskKind.GRACE_ENDED.value
    for entry, court, to_day in rows:
        new = NewTask(f"{kind}/{entry}/{to_day}", kind, court, to_day, entry=entry, due_on=to_day + timedelta(days=1))
        opened += open_task(session, new, by=BY, now=now).closed_at is None
    return opened


def _open(kind: TaskKind) -> ColumnElement[bool]:
    """Whether a listing has an open matter of this kind."""
    return exists().where(Task.entry == Listing.entry, Task.kind == kind.value, Task.closed_at.is_(None))


def watch_calendars(session: Session, now: datetime) -> int:
    """A matter for the house for each year that is needed within 60 days and has no notice; closed when it is loaded."""
    today, known = legal_day(now), calendar(session)
    missing = known.missing_years(today, WARNED_DAYS)
    opened = 0
    for year in missing:
        key = f"{TaskKind.LOAD_CALENDAR.value}/{year}"
        if session.scalar(select(Task.id).where(Task.key == key)) is None:
            new = NewTask(
                key, TaskKind.LOAD_CALENDAR.value, HOUSE, today, due_on=date(year - 1, 12, 31), details={"year": year}
            )
            open_task(session, new, by=BY, now=now)
            opened += 1
    for year in known.years:
        close_tasks(session, key=f"{TaskKind.LOAD_CALENDAR.value}/{year}", outcome="loaded", now=now)
    return opened


def recount_decisions(session: Session, *, limit: int = 500) -> int:
    """Count the due days of open decisions anew by newly loaded calendars; both days are kept."""
    version, days = calendar_version(session), calendar(session)
    stale = session.scalars(
        select(Decision)
        .where(Decision.open_key.is_not(None), Decision.due_on.is_not(None), Decision.calendar != version)
        .order_by(Decision.id)
        .limit(limit)
        .with_for_update()
    ).all()
    for row in stale:
        timer, row.calendar = KINDS[row.kind].timer, version
        if timer is None:
            continue
        counted = count(timers()[timer], date.fromisoformat(row.draft["known_on"]), days)
        if counted.day != row.due_on:
            row.due_before, row.due_on = row.due_on, counted.day
        row.due_provisional = counted.provisional
    return len(stale)


def settle_by_word(session: Session, task_id: int, *, outcome: str, caller: Caller, now: datetime) -> Task:
    """Close a matter that needs no decision, with what was found or done: a review that ended with the listing staying,
    a unit that was told. Raises ``NotFound``, ``Conflict`` (settled, or only a decision can end it), ``InvalidInput``.
    """
    caller.require(Permission.DECISION_APPROVE)
    task = session.scalar(select(Task).where(Task.id == task_id).with_for_update())
    if task is None or not reaches(caller, task.court_code):
        raise NotFound(Bilingual("没有这一事项", "no such matter"), code="task-unknown")
    if task.closed_at is not None or task.kind not in BY_WORD:
        raise Conflict(
            Bilingual("该事项已办结，或者只能以决定办结", "it is settled, or only a decision can settle it"),
            code="task-settled",
        )
    if not outcome.strip():
        raise InvalidInput(
            Bilingual("请写明结果和理由", "say the outcome and why"), code="reason-missing", field="outcome"
        )
    close_tasks(session, key=task.key, outcome="by_word", now=now)
    audit.record(
        session, action="task.settled", caller=caller, object=f"task:{task.id}", at=now,
        details={"kind": task.kind, "entry": task.entry or "", "outcome": outcome.strip()[:500]},
    )  # fmt: skip
    return task
