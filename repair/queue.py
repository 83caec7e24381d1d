"""The court's queue: what is due first on top, and how many are late or nearly so. Reads only, by indexes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import ColumnElement, case, func, select, text
from sqlalchemy.orm import Session

from creditsvc.access.callers import Caller
from creditsvc.kernel.load import courts
from repair.policy.states import State
from repair.tables import Application

PAGE = 50
SOON_DAYS = 3

# bare, as the index on the due day states it: SQLite does not see that "= 1" means the same
_WITH_COURT = text("application.with_court")


@dataclass(frozen=True, slots=True)
class Counts:
    """How many lie with the caller's courts."""

    open: int
    late: int
    soon: int
    """Due within three days from today, today included."""


def queue(
    session: Session,
    *,
    caller: Caller,
    state: State | None = None,
    kind: str = "",
    late_on: date | None = None,
    limit: int = PAGE,
    offset: int = 0,
) -> Sequence[Application]:
    """Applications with the caller's court and those below it, what is due first on top.

    ``late_on``: only those due before that day.
    """
    query = select(Application).where(reach(caller))
    query = query.where(_WITH_COURT) if state is None else query.where(Application.state == state.value)
    if kind:
        query = query.where(Application.kind == kind)
    if late_on is not None:
        query = query.where(Application.due_on < late_on)
    ordered = query.order_by(Application.due_on, Application.number)
    return session.scalars(ordered.limit(limit).offset(offset)).all()


def counts(session: Session, *, caller: Caller, today: date) -> Counts:
    """Totals for the head of the queue."""
    # one walk through the small index by court and due day, which holds all that is asked
    soon = case((Application.due_on.between(today, today + timedelta(days=SOON_DAYS)), 1), else_=0)
    late = case((Application.due_on < today, 1), else_=0)
    query = select(func.count(), func.sum(late), func.sum(soon)).where(_within(caller), _WITH_COURT)
    row = session.execute(query).one()
    return Counts(row[0], int(row[1] or 0), int(row[2] or 0))


def _within(caller: Caller) -> ColumnElement[bool]:
    mine = caller.court_code or "-"
    return Application.court_code.between(mine, mine + "\uffff")


def reach(caller: Caller) -> ColumnElement[bool]:
    """The condition that these are the caller's: one court's by equality, which an index serves best; a higher court's by its prefix."""
    mine = caller.court_code or "-"
    below = any(court.code.startswith(mine) and court.code != mine for court in courts().all())
    if not below:
        return Application.court_code == mine
    court = courts().by_code(mine)
    if court is None or not court.parent_code:
        # nearly all of them: by a prefix that no index serves, so that the index on the due day is walked
        return Application.court_code.startswith(mine)
    return _within(caller)
