"""What follows when an entry leaves: word of it, whom it concerns, and applications that it has made needless."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditsvc.access.callers import job_caller
from creditsvc.ports import Left
from creditsvc.register import decisions
from creditsvc.register.tables import Decision
from creditsvc.services import Services
from repair.exits import tell_left
from repair.history import take_step
from repair.policy.states import MOVES, OUTLIVES, State, Step
from repair.reliance import tell_relying
from repair.tables import Application

ENDED_BY_EXIT = frozenset(state.value for state, step in MOVES if step is Step.OVERTAKE)
"""States in which an application ends when its entry leaves."""
OUTLIVE_EXIT = frozenset(kind.value for kind in OUTLIVES)
"""Kinds that are decided all the same."""


def on_left(session: Session, services: Services, left: Left, *, now: datetime) -> None:
    """Fills the port ``left/repair``. An application that is being decided at this moment is left to the job."""
    tell_left(session, services, left.entry, now=now)
    if left.revoked:
        tell_relying(session, left.entry, caller=left.by, now=now)
    open_ones = (
        select(Application)
        .where(Application.entry == left.entry, Application.state.in_(ENDED_BY_EXIT))
        .where(Application.kind.not_in(OUTLIVE_EXIT))
        .with_for_update(skip_locked=True)
    )
    for application in session.scalars(open_ones).all():
        close(session, application, now=now)


def close(session: Session, application: Application, *, now: datetime) -> None:
    """Its entry has left by another way, or by this application's own proposal signed on the register's desk."""
    decision = session.get(Decision, application.decision_id) if application.decision_id else None
    # signed on the register's own desk: it is this application that was granted
    granted = decision is not None and decision.state == decisions.APPROVED
    if granted and decision is not None:
        application.decided_at = decision.settled_at
    step = Step.APPROVE if granted and application.state == State.GRANT_PROPOSED.value else Step.OVERTAKE
    take_step(session, application, step, caller=job_caller("deadlines"), now=now)
