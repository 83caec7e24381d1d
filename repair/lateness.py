"""Lateness by who was at fault: whose hands each day of an application lay in, from its history. Reads only.

Days are Beijing days. A day belongs to whoever held the application at its end; what the law excludes belongs to nobody.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditsvc.access.callers import Caller
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.text import Bilingual
from repair.policy.states import OPEN_AT_COURT, State
from repair.queue import reach
from repair.tables import Application, ApplicationEvent

HOLDERS = {
    "court": Bilingual("法院", "the court"),
    "person": Bilingual("申请人（退回补正期间）", "the applicant (while returned)"),
    "excluded": Bilingual("依法不计入（期限暂停）", "excluded by law (clock stopped)"),
}


@dataclass(frozen=True, slots=True)
class Figures:
    """What was received in a span of days, and how it went."""

    received: int
    decided: int
    late: int
    """Decided after the due day, or open after it."""
    days: dict[str, int]
    """Days by holder, over all of them."""
    late_days: dict[str, int]
    """Days past the due day, by who held it then."""
    courts: tuple[tuple[str, int, int], ...]
    """Court code, received, late; the latest courts first."""


def figures(session: Session, *, caller: Caller, first: date, last: date, today: date) -> Figures:
    """Of the caller's courts, for what was received from ``first`` to ``last``, both counted."""
    found = session.scalars(
        select(Application).where(
            reach(caller),
            Application.received_on >= first,
            Application.received_on <= last,
            Application.due_on.is_not(None),
        )
    ).all()
    events: dict[str, list[ApplicationEvent]] = {one.id: [] for one in found}
    rows = session.scalars(
        select(ApplicationEvent)
        .join(Application, Application.id == ApplicationEvent.application_id)
        .where(reach(caller), Application.received_on >= first, Application.received_on <= last)
        .order_by(ApplicationEvent.application_id, ApplicationEvent.version)
    )
    for row in rows:
        if row.application_id in events:
            events[row.application_id].append(row)
    days, late_days, by_court, late_by_court = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    for one in found:
        held = held_days(events[one.id], today)
        over = [holder for day, holder in held if one.due_on and day > one.due_on]
        days.update(holder for _, holder in held)
        late_days.update(over)
        by_court[one.court_code] += 1
        late_by_court[one.court_code] += "court" in over
    ranked = sorted(by_court, key=lambda code: (-late_by_court[code], code))
    return Figures(
        len(found),
        sum(1 for one in found if one.decided_at is not None),
        sum(late_by_court.values()),
        dict(days),
        dict(late_days),
        tuple((code, by_court[code], late_by_court[code]) for code in ranked),
    )


def held_days(events: Sequence[ApplicationEvent], today: date) -> list[tuple[date, str]]:
    """Each day from the first receipt on with whoever held the application at its end; nobody's once it is closed."""
    moves = [(legal_day(event.at), _holder(State(event.state))) for event in events]
    found: list[tuple[date, str]] = []
    for number, (began, holder) in enumerate(moves):
        ended = moves[number + 1][0] if number + 1 < len(moves) else today
        if holder:
            found += [(date.fromordinal(day), holder) for day in range(began.toordinal(), ended.toordinal())]
    return found


def _holder(state: State) -> str:
    if state in OPEN_AT_COURT:
        return "court"
    return {State.RETURNED: "person", State.PAUSED: "excluded"}.get(state, "")
