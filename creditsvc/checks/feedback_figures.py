"""How far the loop is closed, counted by unit: answers that named something, and what became of them. For the supervisor."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from creditsvc.access.tables import AccessEntry
from creditsvc.checks.feedback import Done
from creditsvc.checks.tables_feedback import Feedback
from creditsvc.kernel.days import end_of_legal_day, start_of_legal_day
from punishment_rules.law import Outcome


@dataclass(frozen=True, slots=True)
class UnitFigures:
    """One unit's answers of a span of days. ``answers`` are checks whose answer was not "clear"."""

    unit: str
    answers: int
    reported: int
    applied: int
    not_applied: int
    lifted: int
    at_odds: int

    @property
    def unreported(self) -> int:
        """Answers about which nothing was reported."""
        return self.answers - self.reported


def feedback_figures(session: Session, first: date, last: date) -> list[UnitFigures]:
    """By unit, over the answers given and the reports made from the first to the last of these days (Beijing)."""
    start, end = start_of_legal_day(first), end_of_legal_day(last)
    named = (
        AccessEntry.action == "check",
        AccessEntry.outcome != Outcome.CLEAR.value,
        AccessEntry.at >= start,
        AccessEntry.at < end,
    )
    reported_on = select(Feedback.id).where(Feedback.ledger_id == AccessEntry.id).exists()
    answers = {
        unit: (count, with_report)
        for unit, count, with_report in session.execute(
            select(AccessEntry.unit, func.count(), func.sum(case((reported_on, 1), else_=0)))
            .where(*named)
            .group_by(AccessEntry.unit)
        )
    }
    done: Counter[tuple[str, str]] = Counter()
    odds: Counter[str] = Counter()
    grouped = select(Feedback.unit, Feedback.done, Feedback.at_odds, func.count()).where(
        Feedback.at >= start, Feedback.at < end
    )
    for unit, what, at_odds, count in session.execute(grouped.group_by(Feedback.unit, Feedback.done, Feedback.at_odds)):
        done[unit, what] += count
        odds[unit] += count if at_odds else 0
    units = sorted(set(answers) | {unit for unit, _ in done})
    return [
        UnitFigures(
            unit,
            *answers.get(unit, (0, 0)),
            done[unit, Done.APPLIED],
            done[unit, Done.NOT_APPLIED],
            done[unit, Done.LIFTED],
            odds[unit],
        )
        for unit in units
    ]
