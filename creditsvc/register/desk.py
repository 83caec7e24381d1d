"""The court's desk: the queue of what is due, and entries found. Identity numbers are only ever posted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue

from creditsvc.access.permissions import Permission, open_to
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import InvalidInput
from creditsvc.kernel.identity import parse_identity
from creditsvc.kernel.load import timers
from creditsvc.kernel.timers import due
from creditsvc.register import decisions, desk_queries
from creditsvc.register.desk_blueprint import blueprint
from creditsvc.register.desk_words import states, task_label
from creditsvc.register.kinds import KINDS
from creditsvc.storage.calendars import calendar
from creditsvc.storage.subjects import find_subject
from creditsvc.tasks.queue import open_tasks, working_of
from creditsvc.web.context import caller, services
from creditsvc.web.pages import render

OVERDUE, TODAY, SOON, LATER = "overdue", "today", "soon", "later"
SOON_DAYS = 3


@blueprint.get("/")
@open_to(Permission.LISTING_READ)
def home() -> ResponseReturnValue:
    """What waits, most urgent first; each deadline with its working."""
    today = legal_day(services().clock.now())
    with services().database.reading() as session:
        days = calendar(session)
        waiting = desk_queries.open_decisions(session, caller())
        tasks = open_tasks(session, caller())
        drafts = {row.id: decisions.draft_of(row) for row in waiting}
        names = desk_queries.names_of(
            session, [*(row.entry for row in waiting), *(task.entry for task in tasks if task.entry)]
        )
        return render(
            "register/home.html",
            decisions=waiting,
            dues={
                row.id: due(timers()[timer], drafts[row.id].known_on, days)
                for row in waiting
                if (timer := KINDS[row.kind].timer)
            },
            tasks=[(task, working_of(task, days)) for task in tasks],
            counts=_counts([task.due_on for task in tasks] + [row.due_on for row in waiting], today),
            names=names,
            task_label=task_label,
            terms=desk_queries.ended_terms(session, caller(), on=today, calendar=days),
            orderless=desk_queries.without_order(session, caller(), limit=20),
            kinds=KINDS,
            today=today,
            missing_years=days.missing_years(today),
            person=caller().person,
            may_issue=caller().may(Permission.LETTER_ISSUE),
        )


def _counts(dues: Sequence[date | None], today: date) -> dict[str, int]:
    found = dict.fromkeys((OVERDUE, TODAY, SOON, LATER), 0)
    for day in dues:
        if day is None:
            found[LATER] += 1
            continue
        left = (day - today).days
        found[OVERDUE if left < 0 else TODAY if left == 0 else SOON if left <= SOON_DAYS else LATER] += 1
    return found


@blueprint.get("/listings")
@open_to(Permission.LISTING_READ)
def listings() -> ResponseReturnValue:
    """Entries by name, case number or entry; everything, page by page, without."""
    return _found(text=request.args.get("q", "")[:128], after=request.args.get("after", 0, type=int))


@blueprint.post("/listings")
@open_to(Permission.LISTING_READ)
def listings_by_number() -> ResponseReturnValue:
    """Entries by exact identity number, which never stands in an address."""
    shown: dict[str, Any] = {"next": None, "text": "", "states": states(), "people": {}, "candidates": ()}
    try:
        number = parse_identity(request.form.get("number", ""))
    except InvalidInput as wrong:
        return render("register/listings.html", rows=[], errors={"number": wrong.text}, **shown), 422
    with services().database.reading() as session:
        rows, _ = desk_queries.search(session, services().vault, caller(), number=number)
        if subject := find_subject(session, services().vault, number):
            shown["candidates"] = desk_queries.open_candidates(session, caller(), subject_id=subject)
        return render("register/listings.html", rows=rows, by_number=True, **shown)


def _found(*, text: str, after: int) -> ResponseReturnValue:
    with services().database.reading() as session:
        rows, following = desk_queries.search(
            session, services().vault, caller(), text=text, after=max(0, min(after, 2**62))
        )
        # rows of one name but of several people are told apart by a letter: a name is nobody's number
        people = desk_queries.people_of(rows) if text else {}
        return render(
            "register/listings.html",
            rows=rows,
            next=following,
            text=text,
            states=states(),
            people=people,
            candidates=desk_queries.open_candidates(session, caller(), text=text) if not after else (),
        )
