"""What recurs in the register. All of it is computed from tables, so a missed tick costs nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import Session

from creditsvc.feature import Job
from creditsvc.kernel.text import Bilingual
from creditsvc.register import due
from creditsvc.services import Services

STEPS: tuple[tuple[str, Callable[[Session, datetime], int]], ...] = (
    ("drawn", due.draw_recorded),
    ("terms", due.ended_terms),
    ("graces", due.ended_graces),
    ("calendars", due.watch_calendars),
    ("recounted", lambda session, now: due.recount_decisions(session)),
)


def register_due(services: Services, now: datetime) -> str:
    """Open what has become due, in short transactions until nothing is left."""
    done = {name: _all(services, step, now) for name, step in STEPS}
    return ", ".join(f"{count} {name}" for name, count in done.items() if count)


def _all(services: Services, step: Callable[[Session, datetime], int], now: datetime) -> int:
    total = 0
    while True:
        with services.database.writing() as session:
            done = step(session, now)
        if not done:
            return total
        total += done


JOBS = (
    Job(
        "register-due",
        register_due,
        600,
        Bilingual(
            "提请已出现情形、期限和宽限期届满的事项，提醒缺少的放假安排",
            "open what has become due; warn of a missing calendar",
        ),
    ),
)
