"""Everything that is due, by its day: found by kind, each deadline with its working; what a word settles is settled here."""

from __future__ import annotations

from datetime import date

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from creditsvc.access.permissions import Permission, open_to
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import Conflict, InvalidInput
from creditsvc.kernel.text import Bilingual
from creditsvc.register import desk_queries
from creditsvc.register.desk_blueprint import blueprint
from creditsvc.register.desk_words import task_label
from creditsvc.register.due import settle_by_word
from creditsvc.register.task_kinds import BY_WORD
from creditsvc.storage.calendars import calendar
from creditsvc.tasks.queue import reach_of, working_of
from creditsvc.tasks.tables import Task
from creditsvc.web.context import caller, services
from creditsvc.web.errors import status_for
from creditsvc.web.pages import render

PAGE = 50
TASK = "<int(min=0,max=9223372036854775807):task_id>"
WHEN = {
    "overdue": Bilingual("逾期", "overdue"),
    "today": Bilingual("今天到期", "due today"),
    "untimed": Bilingual("法律未定期限", "no time set by law"),
}


@blueprint.get("/due")
@open_to(Permission.LISTING_READ)
def due_page() -> ResponseReturnValue:
    """Open matters by their last day, page by page, of one kind or of all."""
    return _page({})


def _page(errors: dict[str, Bilingual]) -> str:
    kind, when = request.values.get("kind", "")[:64], request.values.get("when", "")
    page = max(0, min(request.values.get("page", 0, type=int), 10_000))
    today = legal_day(services().clock.now())
    query = select(Task).where(Task.closed_at.is_(None), reach_of(caller()))
    if when in WHEN:
        query = query.where(*_when(when, today))
    with services().database.reading() as session:
        kinds = _kinds(session)
        chosen = query.where(Task.kind == kind) if kind in kinds else query
        ordered = chosen.order_by(Task.due_on.is_(None), Task.due_on, Task.id)
        rows = session.scalars(ordered.offset(page * PAGE).limit(PAGE + 1)).all()
        days = calendar(session)
        return render(
            "register/due.html", tasks=[(task, working_of(task, days)) for task in rows[:PAGE]], kind=kind,
            options={name: _counted(name, count) for name, count in kinds.items()}, when=when, whens=WHEN,
            page=page, more=len(rows) > PAGE,
            errors=errors, today=today, task_label=task_label,
            names=desk_queries.names_of(session, [task.entry for task in rows if task.entry]), by_word=BY_WORD,
            may_settle=caller().may(Permission.DECISION_APPROVE), form=request.form,
        )  # fmt: skip


def _counted(kind: str, count: int) -> Bilingual:
    label = task_label(kind)
    return Bilingual(f"{label.zh}（{count}）", f"{label.en} ({count})")


def _when(when: str, today: date) -> list[ColumnElement[bool]]:
    found: dict[str, ColumnElement[bool]] = {
        "overdue": Task.due_on < today,
        "today": Task.due_on == today,
        "untimed": Task.due_on.is_(None),
    }
    return [found[when]] if when in found else []


def _kinds(session: Session) -> dict[str, int]:
    """How many of each kind are open."""
    query = select(Task.kind, func.count()).where(Task.closed_at.is_(None), reach_of(caller()))
    return {row[0]: row[1] for row in session.execute(query.group_by(Task.kind).order_by(Task.kind))}


@blueprint.post(f"/due/{TASK}")
@open_to(Permission.DECISION_APPROVE)
def settle_matter(task_id: int) -> ResponseReturnValue:
    """Settle a matter that needs no decision, by saying what was found or done."""
    try:
        with services().database.writing() as session:
            outcome = request.form.get("outcome", "")
            settle_by_word(session, task_id, outcome=outcome, caller=caller(), now=services().clock.now())
    except (Conflict, InvalidInput) as wrong:
        return _page({f"outcome-{task_id}": wrong.text}), status_for(type(wrong))
    kind, when = (request.form.get(name) or None for name in ("kind", "when"))
    return redirect(url_for("desk.due_page", kind=kind, when=when), 303)
