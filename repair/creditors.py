"""The creditor's one-question link: single use, with an end, bound to a person; silence does what its clause says.

The link's token and the last six characters of the creditor's number are kept as keyed hashes only. A wrong link, a used
one, one that is over and one that is somebody else's answer alike.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditsvc.access.audit import record
from creditsvc.access.callers import ANONYMOUS, Caller
from creditsvc.access.permissions import Permission
from creditsvc.access.rates import take
from creditsvc.kernel.calendars import Calendar
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import Conflict, InvalidInput, NotFound, TooMany
from creditsvc.kernel.text import Bilingual
from creditsvc.papers.delivery import Message, queue
from creditsvc.papers.delivery_states import Channel
from creditsvc.papers.tables import Delivery
from creditsvc.services import Services
from creditsvc.storage.cells import Place, seal, unseal
from creditsvc.storage.keyring import Keyring
from repair.history import load
from repair.policy.deadlines import clock
from repair.policy.silence import ANSWERS, Silence, silence_of
from repair.policy.states import WITH_COURT, State
from repair.tables import Application, CreditorQuestion

TRIES = 5
HOLDER_LENGTH = 6
MAX_WORDS = 1000
ADDRESS_TRIES, ADDRESS_REFILL = 60, 60 / 3600


@dataclass(frozen=True, slots=True)
class Question:
    """A question as the court sees it."""

    id: int
    name: str
    asked_at: datetime
    due_on: date
    answer: Bilingual | None
    words: str
    answered_at: datetime | None
    is_over: bool
    silence: Silence


@dataclass(frozen=True, slots=True)
class AskedOf:
    """What the creditor is shown before saying who they are: nothing about anybody."""

    question: CreditorQuestion
    application: Application


def ask(
    session: Session,
    services: Services,
    application: Application,
    *,
    name: str,
    holder: str,
    calendar: Calendar,
    caller: Caller,
    now: datetime,
    address: str = "",
) -> str:
    """Ask the creditor; the link's token, in clear, once. An earlier open question of the application is revoked.

    ``holder``: the last six characters of the creditor's own number. ``address``: a mail address or a phone number at which
    the creditor agreed to be reached; the link goes there and stands in no row in clear. Empty: the court passes it on.
    Raises ``InvalidInput`` naming the field, ``Conflict`` where this ground asks no creditor or it is not with the court.
    """
    caller.require(Permission.APPLICATION_WORK)
    if silence_of(application.kind, application.ground) is None:
        raise Conflict(Bilingual("这类申请不询问申请执行人", "the creditor is not asked about this"), code="not-asked")
    if State(application.state) not in WITH_COURT:
        raise Conflict(Bilingual("申请已经办结", "the application is closed"), code="application-closed")
    clean_name, clean_holder = _who(name, holder)
    for standing in _open(session, application):
        standing.revoked_at = now
    token = secrets.token_urlsafe(24)
    row = CreditorQuestion(
        application_id=application.id,
        token_hash=_token_hash(services.keyring, token),
        holder_hash=_holder_hash(services.keyring, application.id, clean_holder),
        name_cell=b"",
        asked_at=now,
        asked_by=caller.actor,
        due_on=clock("creditor_answer").due(legal_day(now), calendar).day,
        tries=0,
    )
    key = services.vault.keys_of([application.subject_id])[application.subject_id]
    # the random hash names the row before it has a number
    row.name_cell = seal(key, services.keyring.kid, _place(row, application, "name_cell"), clean_name.encode())
    session.add(row)
    session.flush()
    if address.strip():
        _send_link(
            session,
            services,
            application,
            address=address.strip(),
            link=link_of(services, token),
            due_on=row.due_on,
            now=now,
        )
    record(session, action="creditor.asked", caller=caller, object=application.id, at=now,
           details={"sent": bool(address.strip())})  # fmt: skip
    return token


def _who(name: str, holder: str) -> tuple[str, str]:
    clean_name, clean_holder = name.strip(), _folded(holder)
    if not clean_name or len(clean_name) > 128:
        raise InvalidInput(
            Bilingual("请填写申请执行人姓名或者名称", "give the creditor's name"),
            code="field-missing",
            field="creditor_name",
        )
    if len(clean_holder) != HOLDER_LENGTH:
        raise InvalidInput(
            Bilingual("请填写证件号码的后六位", "give the last six characters of the creditor's number"),
            code="field-wrong",
            field="creditor_number",
        )
    return clean_name, clean_holder


def link_of(services: Services, token: str) -> str:
    """The address behind which the question stands."""
    return f"{services.settings.public_url}/creditor/{token}"


def _send_link(
    session: Session,
    services: Services,
    application: Application,
    *,
    address: str,
    link: str,
    due_on: date,
    now: datetime,
) -> None:
    """By mail or short message. It names nobody and no case: whoever else reads it learns nothing."""
    body = Bilingual(
        f"法院请您核实一个问题，约需一分钟，请在 {due_on} 以前打开：{{secret}} 打开时需要填写您证件号码的后六位。如有疑问请拨打 12368。",
        f"A court asks you one question; it takes a minute. Open it by {due_on}: {{secret}} You will be asked for the last six "
        "characters of your number. If in doubt call 12368.",
    )
    message = Message(
        Channel.MAIL if "@" in address else Channel.SMS, "creditor_question", application.court_code,
        Bilingual("法院向您核实一个问题", "A court asks you a question"), body,
        addressee="creditor", address=address if "@" in address else "".join(address.split()),
        application=application.id, secret=link,
    )  # fmt: skip
    try:
        queue(session, services, message, now=now)
    except InvalidInput as wrong:
        raise InvalidInput(wrong.text, code=wrong.code, field="creditor_address") from None


def sendings_of(session: Session, application: Application) -> Sequence[Delivery]:
    """How far each link that was sent has got, newest first."""
    query = select(Delivery).where(Delivery.application == application.id, Delivery.purpose == "creditor_question")
    return session.scalars(query.order_by(Delivery.id.desc())).all()


def count_visit(session: Session, *, address: str, now: datetime) -> bool:
    """Count one opening of a link from this address; false if there were too many. The caller commits in every case."""
    return take(
        session, f"creditor:address:{address}", capacity=ADDRESS_TRIES, refill_per_second=ADDRESS_REFILL, now=now
    )


def asked_of(session: Session, services: Services, token: str, *, now: datetime) -> AskedOf:
    """The open question of a link; raises ``NotFound``, always the same, for any other."""
    row = session.scalar(
        select(CreditorQuestion)
        .where(CreditorQuestion.token_hash == _token_hash(services.keyring, token))
        .with_for_update()
    )
    if row is None or row.answered_at or row.revoked_at or row.tries >= TRIES or legal_day(now) > row.due_on:
        raise _no_link()
    application = load(session, row.application_id, to_change=True)
    if State(application.state) not in WITH_COURT:
        raise _no_link()
    return AskedOf(row, application)


def prove(session: Session, services: Services, token: str, holder: str, *, now: datetime) -> AskedOf | None:
    """Whether whoever holds the link is the creditor: the question, or none for a wrong number, which is counted.

    The caller commits in every case. Raises ``NotFound`` for a link that is not open, ``TooMany`` after the last try.
    """
    found = asked_of(session, services, token, now=now)
    wanted = _holder_hash(services.keyring, found.application.id, _folded(holder))
    if hmac.compare_digest(wanted, found.question.holder_hash):
        return found
    found.question.tries += 1
    return None


def too_many() -> TooMany:
    """The refusal after too many openings."""
    return TooMany(
        Bilingual("打开次数过多，请一小时后再试", "too many tries; wait an hour"),
        code="creditor-too-often",
        retry_after=3600,
    )


def answer(session: Session, services: Services, found: AskedOf, *, said: str, words: str, now: datetime) -> None:
    """The creditor's one answer, once; the application does not move by it: the court weighs it.

    Raises ``InvalidInput`` naming the field.
    """
    if said not in ANSWERS:
        raise InvalidInput(Bilingual("请选择一项", "choose one"), code="field-missing", field="answer")
    if len(words) > MAX_WORDS:
        raise InvalidInput(
            Bilingual(f"最多 {MAX_WORDS} 字", f"at most {MAX_WORDS} characters"), code="field-wrong", field="words"
        )
    row, application = found.question, found.application
    row.answer, row.answered_at = said, now
    if words.strip():
        key = services.vault.keys_of([application.subject_id])[application.subject_id]
        place = _place(row, application, "words_cell")
        row.words_cell = seal(key, services.keyring.kid, place, words.strip().encode())
    record(
        session, action="creditor.answered", caller=ANONYMOUS, object=application.id, at=now, details={"answer": said}
    )


def questions_of(
    session: Session, services: Services, application: Application, *, on: date | None = None
) -> Sequence[Question]:
    """What the creditor was asked and said, for the court; none if the person has been shredded."""
    silence = silence_of(application.kind, application.ground)
    key = services.vault.keys_of([application.subject_id]).get(application.subject_id)
    if silence is None or key is None:
        return ()
    today = on or legal_day(services.clock.now())
    rows = session.scalars(
        select(CreditorQuestion)
        .where(CreditorQuestion.application_id == application.id)
        .order_by(CreditorQuestion.id.desc())
    )
    return [
        Question(
            row.id,
            unseal(key, _place(row, application, "name_cell"), row.name_cell).decode(),
            row.asked_at,
            row.due_on,
            ANSWERS[row.answer] if row.answer else None,
            unseal(key, _place(row, application, "words_cell"), row.words_cell).decode() if row.words_cell else "",
            row.answered_at,
            row.answer is None and (row.revoked_at is not None or today > row.due_on or row.tries >= TRIES),
            silence,
        )
        for row in rows
    ]


def _open(session: Session, application: Application) -> Sequence[CreditorQuestion]:
    return session.scalars(
        select(CreditorQuestion).where(
            CreditorQuestion.application_id == application.id,
            CreditorQuestion.answered_at.is_(None),
            CreditorQuestion.revoked_at.is_(None),
        )
    ).all()


def _no_link() -> NotFound:
    return NotFound(
        Bilingual(
            "链接无效：可能已经使用、已过期或者不完整。请联系发出链接的法院。",
            "This link does not open: it may have been used, be over, or be incomplete. Ask the court that sent it.",
        ),
        code="creditor-link",
    )


def _folded(holder: str) -> str:
    return "".join(holder.split()).upper()[-HOLDER_LENGTH:]


def _token_hash(keyring: Keyring, token: str) -> bytes:
    return hmac.digest(keyring.secret("letter/code/1"), b"creditor-link\0" + token.encode()[:128], "sha256")


def _holder_hash(keyring: Keyring, application: str, holder: str) -> bytes:
    return hmac.digest(keyring.secret("letter/code/1"), f"creditor\0{application}\0{holder}".encode(), "sha256")


def _place(row: CreditorQuestion, application: Application, column: str) -> Place:
    return Place("creditor_question", column, row.token_hash.hex(), application.subject_id)
