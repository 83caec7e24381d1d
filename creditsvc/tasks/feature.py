"""What the queue hands to the roof: its job, for the matters of every feature."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import Session

from creditsvc.feature import Feature, Job
from creditsvc.kernel.text import Bilingual
from creditsvc.services import Services
from creditsvc.tasks.queue import escalate, recount


def due_matters(services: Services, now: datetime) -> str:
    """Recount by a newly loaded calendar and escalate, in short transactions, until nothing is left."""
    counted = _all(services, recount)
    raised = _all(services, lambda session: escalate(session, now))
    return f"{counted} recounted, {raised} escalated" if counted or raised else ""


def _all(services: Services, act: Callable[[Session], int]) -> int:
    total = 0
    while True:
        with services.database.writing() as session:
            done = act(session)
        if not done:
            return total
        total += done


FEATURE = Feature(
    name="tasks",
    jobs=(
        Job(
            "tasks-due",
            due_matters,
            900,
            Bilingual("重算期限，提醒到期和逾期的事项", "recount deadlines, escalate what is due and overdue"),
        ),
    ),
)
