"""The desk's calendar: a month with its working days, and what is due, ends or has been decided to end on each."""

from __future__ import annotations

from calendar import Calendar as Weeks
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta

from flask import request
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from creditsvc.access.permissions import Permission, open_to
from creditsvc.kernel.calendars import DayKind
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.text import Bilingual
from creditsvc.register import desk_queries
from creditsvc.register.decisions import OPEN
from creditsvc.register.desk_blueprint import blueprint
from creditsvc.register.desk_words import task_label
from creditsvc.register.kinds import KINDS
from creditsvc.register.tables import Decision, Listing
from creditsvc.storage.calendars import calendar
from creditsvc.tasks.tables import Task
from creditsvc.web.context import caller, services
from creditsvc.web.pages import render

TERM_ENDS = Bilingual("期限届满", "a term ends")
MOST = 500


@dataclass(slots=True)
class Day:
    """One day of the month: whether people work, and what it brings; each item is a label and an entry."""

    day: date
    kind: str
    holiday: Bilingual | None
    known: bool
    items: list[tuple[Bilingual, str | None, str]] = field(default_factory=list)


@blueprint.get("/calendar")
@open_to(Permission.LISTING_READ)
def calendar_page() -> ResponseReturnValue:
    """A month, this one unless another is asked for."""
    today = legal_day(services().clock.now())
    first = _month(request.args.get("month", ""), today)
    following = (first + timedelta(days=32)).replace(day=1)
    with services().database.reading() as session:
        items = _items(session, first, following - timedelta(days=1))
        days = calendar(session)
        weeks = [
            [
                Day(day, days.kind(day).value if isinstance(days.kind(day), DayKind) else "workday", days.holiday_text(day),
                    days.knows(day), items.get(day, [])) if day.month == first.month else None
                for day in week
            ]
            for week in Weeks().monthdatescalendar(first.year, first.month)
        ]  # fmt: skip
    return render(
        "register/calendar.html", weeks=weeks, first=first, today=today, before=(first - timedelta(days=1)).replace(day=1),
        following=following, full=sum(map(len, items.values())) >= MOST,
    )  # fmt: skip


def _month(text: str, today: date) -> date:
    try:
        found = date.fromisoformat(f"{text}-01")
    except ValueError:
        found = today
    return found.replace(day=1) if 2013 <= found.year <= 2100 else today.replace(day=1)


def _items(session: Session, first: date, last: date) -> dict[date, list[tuple[Bilingual, str | None, str]]]:
    court = caller().court_code or "-"
    found: dict[date | None, list[tuple[Bilingual, str | None]]] = defaultdict(list)
    tasks = select(Task.due_on, Task.kind, Task.entry).where(
        Task.closed_at.is_(None), Task.due_on.between(first, last), Task.court_code.startswith(court)
    )
    for day, kind, entry in session.execute(tasks.limit(MOST)):
        found[day].append((task_label(kind), entry))
    open_ones = select(Decision.due_on, Decision.kind, Decision.entry).where(
        Decision.state == OPEN, Decision.due_on.between(first, last), Decision.court_code.startswith(court)
    )
    for day, kind, entry in session.execute(open_ones.limit(MOST)):
        found[day].append((KINDS[kind].label, entry))
    ends = select(Listing.until, Listing.entry).where(
        Listing.state.in_(["active", "active_nonpublic"]),
        Listing.until.between(first, last),
        Listing.court_code.startswith(court),
    )
    for day, entry in session.execute(ends.order_by(Listing.until).limit(MOST)):
        found[day].append((TERM_ENDS, entry))
    names = desk_queries.names_of(session, [entry for rows in found.values() for _, entry in rows if entry])
    return {
        day: [(label, entry, names.get(entry or "", "")) for label, entry in rows] for day, rows in found.items() if day
    }
