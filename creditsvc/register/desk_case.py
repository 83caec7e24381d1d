"""The case page: all that is known of a listing, an order or a candidate, all that happened, and what can be decided now."""

from __future__ import annotations

from datetime import date, datetime

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from creditsvc.access.permissions import Permission, open_to
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import Conflict, InvalidInput
from creditsvc.kernel.text import Bilingual
from creditsvc.papers import delivery, issuing
from creditsvc.papers.issuing import PaperState
from creditsvc.register import decisions, desk_queries
from creditsvc.register.candidates import completed, homonyms
from creditsvc.register.circumstance_kinds import CircumstanceKind
from creditsvc.register.desk_blueprint import blueprint
from creditsvc.register.desk_fields import ANSWER, Widget, changes_of, widgets
from creditsvc.register.desk_offers import offers
from creditsvc.register.desk_words import EVENTS, states, task_label
from creditsvc.register.effects_shared import Asked
from creditsvc.register.effects_start import listing_doubts
from creditsvc.register.entries import CandidateTarget, Matter, Target, in_reach, matter
from creditsvc.register.kinds import KINDS, clause_of, cleaned
from creditsvc.register.life_view import life_of
from creditsvc.register.marks import MARKS, Mark
from creditsvc.register.service import ServiceMode
from creditsvc.register.tables import Decision, RegisterEvent
from creditsvc.storage.calendars import calendar
from creditsvc.storage.subjects import numbers_of
from creditsvc.tasks.queue import working_of
from creditsvc.tasks.tables import Task
from creditsvc.web.context import caller, ports, services
from creditsvc.web.errors import status_for
from creditsvc.web.pages import render
from punishment_rules.law import Ground


@blueprint.get("/listings/<entry>")
@open_to(Permission.LISTING_READ)
def listing(entry: str) -> ResponseReturnValue:
    """One entry: facts, deadlines, history, documents, holders, and what can be decided."""
    return case_page(entry, {})


def case_page(entry: str, errors: dict[str, Bilingual], *, section: str = "") -> str:
    """The page; ``errors`` belong to the form of this section."""
    today = legal_day(services().clock.now())
    with services().database.reading() as session:
        about = in_reach(matter(session, entry), caller())
        row = about.row
        number = numbers_of(session, services().vault, [row.subject_id]).get(row.subject_id)
        days = calendar(session)
        tasks = session.scalars(
            select(Task).where(Task.entry == entry).order_by(Task.closed_at.is_not(None), Task.due_on)
        ).all()
        return render(
            "register/case.html", row=row, kind=about.kind, masked=number.masked if number else "",
            grounds=[Bilingual(Ground(each).zh, Ground(each).en) for each in getattr(row, "grounds", None) or ()],
            history=desk_queries.history(session, about.row, caller()) if isinstance(about, Target) else None,
            life=life_of(session, about, on=today) if isinstance(about, Target) else None, events=_events(session, entry),
            settled=_decisions(session, entry), tasks=[(task, working_of(task, days)) for task in tasks], task_label=task_label,
            holders=ports().holders(session, entry) if isinstance(about, Target) else (),
            papers=issuing.papers_about(session, entry=entry), paper_states=PaperState,
            unserved=[each for each in delivery.deliveries_of(session, entry=entry) if each.served_on is None],
            offers=offers(session, about, on=today), kinds=KINDS, states=states(), words=EVENTS, today=today, errors=errors,
            section=section, form=request.form, circumstances=CircumstanceKind, service_modes=ServiceMode,
            notes={mark.value: MARKS[mark].label for mark in Mark if MARKS[mark].at_once and about.kind in MARKS[mark].about},
            homonyms=homonyms(session, services(), number, row.name, caller=caller()) if number else (),
        )  # fmt: skip


def _events(session: Session, entry: str) -> list[RegisterEvent]:
    return list(
        session.scalars(select(RegisterEvent).where(RegisterEvent.entry == entry).order_by(RegisterEvent.id.desc()))
    )


def _decisions(session: Session, entry: str) -> list[Decision]:
    return list(session.scalars(select(Decision).where(Decision.entry == entry).order_by(Decision.id.desc())))


@blueprint.get("/listings/<entry>/decisions/<kind>")
@open_to(Permission.DECISION_PROPOSE)
def propose_form(entry: str, kind: str) -> ResponseReturnValue:
    """The form of one kind of decision."""
    return _form_page(entry, kind, {})


def _form_page(entry: str, kind: str, errors: dict[str, Bilingual]) -> str:
    today = legal_day(services().clock.now())
    with services().database.reading() as session:
        about = in_reach(matter(session, entry), caller())
        rule = KINDS.get(kind)
        if rule is None or about.kind not in rule.about:
            raise decisions_unknown()
        fields = widgets(session, about, kind, today=today)
        return render(
            "register/propose.html", row=about.row, kind=kind, rule=rule, fields=fields, today=today, errors=errors,
            form=request.form, typed=bool(request.form), grounds=_grounds(kind), clause=clause_of(kind, ""),
            doubts=_doubts(session, about, kind, fields), answer=ANSWER, states=states(),
        )  # fmt: skip


def decisions_unknown() -> Conflict:
    """A kind that does not exist, or not for such an entry."""
    return Conflict(Bilingual("这类决定不适用于该记录", "this decision is not for such an entry"), code="decision-kind")


def _grounds(kind: str) -> list[tuple[str, Bilingual, str]]:
    ordered = sorted(KINDS[kind].grounds, key=lambda ground: (ground.clause, str(ground.value)))
    return [(str(ground.value), ground.label, ground.clause) for ground in ordered]


def _doubts(session: Session, about: Matter, kind: str, fields: list[Widget]) -> list[tuple[str, Bilingual, str]]:
    """What asks for a person's word before this candidate is listed, as far as the form can be read."""
    if not isinstance(about, CandidateTarget) or kind != "decide_listing" or not request.form:
        return []
    changes = changes_of(kind, about, fields, request.form)
    if not changes.get("grounds") or "decided_on" not in changes:
        return []
    try:
        asked = Asked(kind, "", cleaned(kind, {**changes, "row_key": "00"}), legal_day(services().clock.now()), False)
        found = listing_doubts(session, about.row, asked)
    except InvalidInput:
        return []
    return [(each.code, each.text, each.clause) for each in found]


@blueprint.post("/listings/<entry>/decisions")
@open_to(Permission.DECISION_PROPOSE)
def propose(entry: str) -> ResponseReturnValue:
    """Propose a decision about an entry; a second person approves it."""
    kind, _, ground = request.form.get("what", "").partition("/")
    try:
        with services().database.writing() as session:
            about = in_reach(matter(session, entry), caller())
            now = services().clock.now()
            draft = completed(session, services(), _draft(session, about, kind, ground, now), now=now)
            number = decisions.propose(session, draft, caller=caller(), now=now).id
    except (InvalidInput, Conflict) as wrong:
        if kind not in KINDS:
            return case_page(entry, {"what": wrong.text}), status_for(type(wrong))
        return _form_page(entry, kind, {_field(wrong): wrong.text}), status_for(type(wrong))
    return redirect(url_for("desk.decision", decision_id=number), 303)


def _field(wrong: InvalidInput | Conflict) -> str:
    named = str(wrong.details.get("name") or wrong.details.get("field", ""))
    return {"kind": "what", "ground": "what", "changes": "", "clause": ""}.get(named, named)


def _draft(session: Session, about: Matter, kind: str, ground: str, now: datetime) -> decisions.Draft:
    form = request.form
    if kind not in KINDS:
        raise InvalidInput(
            Bilingual("请选择决定和理由", "choose a decision and its ground"), code="what-missing", field="what"
        )
    ground = ground or form.get("ground", "")
    if KINDS[kind].grounds and not ground:
        raise InvalidInput(Bilingual("请选择理由", "choose a ground"), code="ground-missing", field="what")
    fields = widgets(session, about, kind, today=legal_day(now))
    return decisions.Draft(
        kind=kind,
        entry=about.entry,
        ground=ground,
        clause=clause_of(kind, ground),
        event_on=day_of(form.get("event_on", ""), "event_on"),
        known_on=day_of(form.get("known_on", ""), "known_on"),
        reason=form.get("reason", "").strip()[:2000],
        document_number=form.get("document_number", "").strip()[:128],
        changes=changes_of(kind, about, fields, form),
    )


def day_of(text: str, field: str) -> date:
    """A day that was typed; raises ``InvalidInput`` naming the form's field."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInput(
            Bilingual("请填写日期，如 2026-03-01", "give a day, such as 2026-03-01"), code="day-shape", field=field
        ) from None
