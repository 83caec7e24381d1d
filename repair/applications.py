"""The applicant's side: a draft that is kept, sending it in with a receipt number, taking it back.

Use cases take a session and the time; the edge commits. A foreign application and a missing one answer alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from creditsvc.access.callers import Caller
from creditsvc.kernel.calendars import Calendar
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import Conflict, InvalidInput, NotAllowed
from creditsvc.kernel.text import Bilingual
from creditsvc.services import Services
from creditsvc.storage.cells import Place, seal, unseal
from repair.entries import EntryView, facts_of, own_entry
from repair.evidence import papers_of
from repair.history import load, missing, new_id, take_step, write_history
from repair.policy.answers import Answer
from repair.policy.deadlines import clock
from repair.policy.kinds import ApplicationKind, RemovalGround, needs_file
from repair.policy.removal import judge
from repair.policy.states import EDITABLE, State, Step, move
from repair.tables import Application, ApplicationEvent

MAX_STATEMENT = 4000
MIN_STATEMENT = 5
# one statement on either database, so that the year's first two applications can't collide
_COUNT = text(
    "INSERT INTO application_counter (year, last) VALUES (:year, 1)"
    " ON CONFLICT (year) DO UPDATE SET last = application_counter.last + 1 RETURNING last"
)


def start_draft(session: Session, *, caller: Caller, entry: str, ground: RemovalGround, now: datetime) -> Application:
    """A draft for removing one's own entry on this ground; the standing draft of the entry is carried on.

    Raises ``NotFound`` for an entry that is not one's own, ``Conflict`` where the way is not open or an application
    is already with the court.
    """
    view = own_entry(session, _subject(caller), entry, on=legal_day(now))
    _require_open(view, ground, now)
    standing = session.scalar(
        select(Application).where(
            Application.entry == entry,
            Application.kind == ApplicationKind.REMOVAL.value,
            Application.is_open.is_(True),
        )
    )
    if standing is None:
        return _new_draft(session, view, ground, caller=caller, now=now)
    if State(standing.state) not in EDITABLE:
        raise Conflict(
            Bilingual(
                f"这条记录已有申请 {standing.number} 正在办理，不必重复申请",
                f"application {standing.number} about this entry is already with the court; no need for a second one",
            ),
            code="application-exists",
            application=standing.id,
        )
    standing.ground = ground.value
    return standing


def _new_draft(
    session: Session, view: EntryView, ground: RemovalGround, *, caller: Caller, now: datetime
) -> Application:
    draft = Application(
        id=new_id(),
        kind=ApplicationKind.REMOVAL.value,
        ground=ground.value,
        subject_id=view.subject_id,
        entry=view.entry,
        court_code=view.court_code,
        case_number=view.case_number,
        state=State.DRAFT.value,
        is_open=True,
        version=1,
        created_at=now,
        due_provisional=False,
    )
    session.add(draft)
    session.flush()
    write_history(session, draft, "draft", caller=caller, now=now)
    return draft


def _require_open(view: EntryView, ground: RemovalGround, now: datetime) -> Answer:
    answer = judge(facts_of(view), ground, on=legal_day(now))
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
    key = services.vault.keys_of([application.subject_id])[application.subject_id]
    application.statement_cell = seal(key, services.keyring.kid, _place(application), clean.encode())


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


def faults_of(session: Session, services: Services, application: Application) -> dict[str, Bilingual]:
    """What is still lacking before it can be sent, by field; empty when it can."""
    faults: dict[str, Bilingual] = {}
    if len(statement_of(services, application)) < MIN_STATEMENT:
        faults["statement"] = Bilingual(
            "请写一两句话说明情况，例如何时、如何付清", "say in a sentence or two what happened, such as when you paid"
        )
    if needs_file(RemovalGround(application.ground)) and not papers_of(session, services, application):
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
    view = own_entry(session, application.subject_id, application.entry, on=legal_day(now))
    _require_open(view, RemovalGround(application.ground), now)
    if faults := faults_of(session, services, application):
        raise InvalidInput(next(iter(faults.values())), code="application-incomplete", fields=sorted(faults))
    due = clock("decide").due(legal_day(now), calendar)
    application.number = application.number or _next_number(session, legal_day(now).year)
    application.submitted_at = now
    application.received_on = legal_day(now)
    application.due_on = due.day
    application.due_provisional = due.provisional
    application.overdue_since = None
    take_step(session, application, Step.SUBMIT, caller=caller, now=now)
    return application


def withdraw(session: Session, application: Application, *, caller: Caller, now: datetime) -> None:
    """Take it back; a draft is discarded. One may apply again at any time."""
    step = Step.DISCARD if application.state == State.DRAFT.value else Step.WITHDRAW
    take_step(session, application, step, caller=caller, now=now)


def last_note(session: Session, application: Application, step: Step) -> str:
    """What the court wrote at its latest step of this kind; empty if there was none."""
    query = (
        select(ApplicationEvent.note)
        .where(ApplicationEvent.application_id == application.id, ApplicationEvent.step == step.value)
        .order_by(ApplicationEvent.version.desc())
        .limit(1)
    )
    return session.scalar(query) or ""


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
