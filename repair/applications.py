"""The applicant's side: a draft that is kept, sending it in with a receipt number, taking it back.

Use cases take a session and the time; the edge commits. A foreign application and a missing one answer alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from creditsvc.access.callers import Caller
from creditsvc.kernel.calendars import Calendar
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import Conflict, InvalidInput, NotAllowed
from creditsvc.kernel.text import Bilingual
from creditsvc.services import Services
from creditsvc.storage.cells import Place, seal, unseal
from repair.annotations import annotate
from repair.entries import EntryView, own_entry, view_for
from repair.evidence import papers_of
from repair.facts import court_above, facts_about, refusal_facts
from repair.history import load, missing, new_id, take_step, write_history
from repair.platform_objections import raise_at_platform
from repair.policy.answers import Answer
from repair.policy.check import OF_OFFICE, judge_way
from repair.policy.deadlines import clock
from repair.policy.grounds import ground_of, needs_file
from repair.policy.kinds import KINDS, About, ApplicationKind, Decider
from repair.policy.materials import Material
from repair.policy.states import EDITABLE, State, Step, move
from repair.policy.wanted import TO_PLATFORM, cleaned_wanted, wanted_faults
from repair.promises import keep_promise
from repair.tables import Application, ApplicationEvent

MAX_STATEMENT = 4000
MIN_STATEMENT = 5
# one statement on either database, so that the year's first two applications can't collide
_COUNT = text(
    "INSERT INTO application_counter (year, last) VALUES (:year, 1)"
    " ON CONFLICT (year) DO UPDATE SET last = application_counter.last + 1 RETURNING last"
)


def start_draft(
    session: Session,
    services: Services,
    *,
    caller: Caller,
    entry: str,
    ground: str,
    now: datetime,
    kind: ApplicationKind = ApplicationKind.REMOVAL,
    about: str = "",
) -> Application:
    """A draft of this kind about one's own entry on this ground; a draft that stands already is carried on.

    ``about`` names the refusal that is to be reconsidered; the entry is then the refusal's.
    Raises ``NotFound`` for an entry or a refusal that is not one's own, ``Conflict`` where the way is not open or an
    application of the kind is already with the court.
    """
    if kind in OF_OFFICE:
        raise InvalidInput(
            Bilingual("这类案件由法院依职权开启", "such a case is opened by the court alone"),
            code="kind-of-office",
            field="kind",
        )
    refused = own_application(session, about, caller=caller) if kind is ApplicationKind.RECONSIDERATION else None
    today = legal_day(now)
    view = own_entry(session, _subject(caller), refused.entry if refused else entry, on=today)
    _require_open(session, services, view, kind, ground, on=today, refused=refused)
    standing = session.scalar(
        select(Application).where(
            Application.entry == view.entry, Application.kind == kind.value, Application.is_open.is_(True)
        )
    )
    if standing is None:
        return open_draft(session, view, kind, ground, caller=caller, now=now, refused=refused)
    if State(standing.state) not in EDITABLE:
        raise Conflict(
            Bilingual(
                f"这条记录已有同类申请 {standing.number} 正在办理，不必重复申请",
                f"application {standing.number} of this kind is already with the court; no need for a second one",
            ),
            code="application-exists",
            application=standing.id,
        )
    standing.ground = ground
    return standing


def open_draft(
    session: Session,
    view: EntryView,
    kind: ApplicationKind,
    ground: str,
    *,
    caller: Caller,
    now: datetime,
    refused: Application | None = None,
    opened_by: str = "person",
    about: str | None = None,
) -> Application:
    """A new draft, whoever opens it; the court that decides is set by the kind."""
    ground_of(kind.value, ground)
    court = view.court_code
    if KINDS[kind].decider is Decider.HIGHER_COURT and refused is not None:
        court = court_above(refused.court_code)
    draft = Application(
        id=new_id(),
        kind=kind.value,
        ground=ground,
        subject_id=view.subject_id,
        entry=view.entry,
        court_code=court,
        case_number=view.case_number,
        state=State.DRAFT.value,
        is_open=True,
        with_court=False,
        about=refused.id if refused else about,
        opened_by=opened_by,
        version=1,
        created_at=now,
        due_provisional=False,
        e_service=False,
    )
    session.add(draft)
    session.flush()
    write_history(session, draft, "draft", caller=caller, now=now)
    return draft


def _require_open(
    session: Session,
    services: Services,
    view: EntryView,
    kind: ApplicationKind,
    ground: str,
    *,
    on: date,
    refused: Application | None = None,
) -> Answer:
    facts = facts_about(session, services, view, on=on)
    if refused is not None:
        facts = replace(facts, refusal=refusal_facts(session, refused))
    answer = judge_way(facts, kind, ground, on=on)
    if not answer.may_apply:
        raise Conflict(
            Bilingual(f"{answer.reason.zh}（{answer.clause.zh}）", f"{answer.reason.en} ({answer.clause.en})"),
            code="way-not-open",
        )
    return answer


def own_application(session: Session, application_id: str, *, caller: Caller, to_change: bool = False) -> Application:
    """One's own application; raises ``NotFound`` for anybody else's."""
    found = load(session, application_id, to_change=to_change)
    if found.subject_id != _subject(caller):
        raise missing()
    return found


def own_applications(session: Session, *, caller: Caller) -> Sequence[Application]:
    """One's own applications, newest first, without drafts that were discarded."""
    query = (
        select(Application)
        .where(Application.subject_id == _subject(caller), Application.state != State.DISCARDED.value)
        .order_by(Application.created_at.desc(), Application.id)
    )
    return session.scalars(query).all()


def save_statement(session: Session, services: Services, application: Application, words: str) -> None:
    """Keep what the person wrote, sealed; raises ``Conflict`` once it is with the court, ``InvalidInput`` if too long.

    Line ends are made LF.
    """
    require_editable(application)
    clean = words.replace("\r\n", "\n").replace("\0", "").strip()
    if len(clean) > MAX_STATEMENT:
        raise InvalidInput(
            Bilingual(
                f"情况说明有 {len(clean)} 字，最多 {MAX_STATEMENT} 字",
                f"the statement has {len(clean)} characters; at most {MAX_STATEMENT} are kept",
            ),
            code="statement-too-long",
        )
    seal_words(services, application, clean)


def seal_words(services: Services, application: Application, words: str) -> None:
    """Keep the words of an application under the person's key, whoever brought them."""
    key = services.vault.keys_of([application.subject_id])[application.subject_id]
    application.statement_cell = seal(key, services.keyring.kid, _place(application), words.encode())


def save_wanted(application: Application, typed: Mapping[str, Any], *, e_service: bool) -> None:
    """Keep what this kind asks for besides: days, fields, ticks; what is still wrong is said on sending."""
    require_editable(application)
    application.wanted = cleaned_wanted(ApplicationKind(application.kind), typed)
    application.e_service = e_service


def statement_of(services: Services, application: Application) -> str:
    """What the person wrote; empty if nothing, or if the person has been shredded."""
    key = services.vault.keys_of([application.subject_id]).get(application.subject_id)
    if application.statement_cell is None or key is None:
        return ""
    return unseal(key, _place(application), application.statement_cell).decode()


def require_editable(application: Application) -> None:
    """Raises ``Conflict`` unless statement and papers may still be changed."""
    if State(application.state) not in EDITABLE:
        move(State(application.state), Step.SUBMIT)


def faults_of(session: Session, services: Services, application: Application, *, on: date) -> dict[str, Bilingual]:
    """What is still lacking before it can be sent, by field; empty when it can."""
    faults = wanted_faults(ApplicationKind(application.kind), application.ground, application.wanted or {}, on=on)
    if len(statement_of(services, application)) < MIN_STATEMENT:
        faults["statement"] = Bilingual(
            "请写一两句话说明情况，例如何时、如何付清", "say in a sentence or two what happened, such as when you paid"
        )
    if needs_file(application.kind, application.ground) and not papers_of(session, services, application):
        faults["papers"] = Bilingual("请至少上传一份证明材料", "add at least one paper as proof")
    return faults


def submit(
    session: Session,
    services: Services,
    application: Application,
    *,
    caller: Caller,
    calendar: Calendar,
    now: datetime,
) -> Application:
    """Send it to the court: number, day of receipt and due day are set. What was returned keeps its number.

    Raises ``InvalidInput`` with the fields that lack something, ``Conflict`` where the way has closed meanwhile.
    """
    kind, today = ApplicationKind(application.kind), legal_day(now)
    view = own_entry(session, application.subject_id, application.entry, on=today)
    refused = (
        load(session, application.about, to_change=False)
        if kind is ApplicationKind.RECONSIDERATION and application.about
        else None
    )
    _require_open(session, services, view, kind, application.ground, on=today, refused=refused)
    if faults := faults_of(session, services, application, on=today):
        raise InvalidInput(next(iter(faults.values())), code="application-incomplete", fields=sorted(faults))
    receive(session, application, calendar=calendar, now=now)
    take_step(session, application, Step.SUBMIT, caller=caller, now=now)
    if kind is ApplicationKind.OBJECTION and (application.wanted or {}).get("to") == TO_PLATFORM:
        raise_at_platform(session, services, application, calendar=calendar, now=now)
    if Material.PROMISE in ground_of(application.kind, application.ground).materials:
        keep_promise(session, application, view, now=now)
    annotate(session, application, now=now)
    return application


def receive(session: Session, application: Application, *, calendar: Calendar, now: datetime) -> None:
    """Number, day of receipt and due day, as the kind's clock says."""
    due = clock(KINDS[ApplicationKind(application.kind)].clock).due(legal_day(now), calendar)
    application.number = application.number or _next_number(session, legal_day(now).year)
    application.submitted_at = now
    application.received_on = legal_day(now)
    application.due_on = due.day
    application.due_provisional = due.provisional
    application.overdue_since = application.escalated = None


def withdraw(session: Session, application: Application, *, caller: Caller, now: datetime) -> None:
    """Take it back; a draft is discarded. One may apply again at any time."""
    step = Step.DISCARD if application.state == State.DRAFT.value else Step.WITHDRAW
    take_step(session, application, step, caller=caller, now=now)
    annotate(session, application, now=now)


def last_note(session: Session, application: Application, step: Step) -> str:
    """What the court wrote at its latest step of this kind; empty if there was none."""
    query = (
        select(ApplicationEvent.note)
        .where(ApplicationEvent.application_id == application.id, ApplicationEvent.step == step.value)
        .order_by(ApplicationEvent.version.desc())
        .limit(1)
    )
    return session.scalar(query) or ""


def about_refusal(session: Session, application: Application) -> Application | None:
    """The application that this one follows."""
    return load(session, application.about, to_change=False) if application.about else None


def followed_by(session: Session, application: Application) -> Sequence[Application]:
    """The applications that followed from this one: its reconsideration, what a credit repair led to."""
    query = select(Application).where(Application.about == application.id, Application.state != State.DISCARDED.value)
    return session.scalars(query.order_by(Application.created_at)).all()


def shown_entry(session: Session, application: Application, *, on: date) -> EntryView | None:
    """The entry that an application is about; none for what is about no entry."""
    if KINDS[ApplicationKind(application.kind)].about is About.NOTHING:
        return None
    return view_for(session, application.entry, application.subject_id, on=on)


def _next_number(session: Session, year: int) -> str:
    last = session.scalar(_COUNT, {"year": year})
    return f"豫信修〔{year}〕{last:06d}号"


def _place(application: Application) -> Place:
    return Place("application", "statement_cell", application.id, application.subject_id)


def _subject(caller: Caller) -> str:
    if caller.subject_id is None:
        raise NotAllowed(
            Bilingual("请先以被执行人身份登录", "sign in as the person concerned first"), code="debtor-only"
        )
    return caller.subject_id
