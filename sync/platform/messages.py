"""What a platform hands over: objections, repair results, changes of identity or registration. None changes an entry.

Each opens a case at the court (port ``open_case``), which marks the entry as disputed at once and decides by its own
rules; the outcome goes back to the platform. A record that is not ours, or a case that can't be opened, waits for a person.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from creditsvc.access import audit
from creditsvc.access.callers import Caller
from creditsvc.access.permissions import Permission
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import Conflict, CreditServiceError, InvalidInput, NotFound
from creditsvc.kernel.text import Bilingual
from creditsvc.ports import CaseAsked
from creditsvc.register.entries import reaches
from creditsvc.register.tables import Listing
from creditsvc.services import Services
from creditsvc.storage.calendars import calendar as current_calendar
from creditsvc.storage.cells import Place, seal, unseal
from sync.platform.alarms import raise_alarm
from sync.platform.channels.base import MESSAGES, Channel
from sync.platform.shape.answers import MessageIn, Unreadable, masked, read_message
from sync.platform.shape.clocks import deadline
from sync.platform.shape.profile import Profile
from sync.platform.shape.values import written_instant
from sync.platform.tables import PlatformLink, PlatformMessage

OPEN, ANSWERED, TOLD, CLOSED = "open", "answered", "sent", "closed"
GROUND: Mapping[str, str] = {
    "objection": "inaccurate", "credit_repair": "should_be_gone", "identity": "inaccurate", "registration": "inaccurate",
}  # fmt: skip
"""On which ground the court's case is opened."""
REFUSED = frozenset({"refused", "withdrawn"})
OUTCOMES = ("upheld", "refused")


def take_in(services: Services, link: PlatformLink, profile: Profile, channel: Channel) -> int:
    """Take in every message that waits; how many are new."""
    new = 0
    for bundle in channel.inbox(MESSAGES):
        now = services.clock.now()
        for row in bundle.rows:
            # each in a transaction of its own: one that can't be opened must not hold up the others
            with services.database.writing() as session:
                try:
                    new += _take(session, services, link, read_message(profile, row), now)
                except Unreadable as wrong:
                    raise_alarm(session, link.id, "answer-unreadable", now, detail=f"messages: {wrong}")
        bundle.taken()
    return new


def _take(session: Session, services: Services, link: PlatformLink, came: MessageIn, now: datetime) -> int:
    there = select(PlatformMessage.id).where(PlatformMessage.link_id == link.id, PlatformMessage.remote_id == came.id)
    if session.scalar(there) is not None:
        return 0
    listing = session.scalar(select(Listing).where(Listing.entry == came.key))
    today, calendar = legal_day(now), current_calendar(session)
    row = PlatformMessage(
        link_id=link.id, remote_id=came.id, kind=came.kind, entry=listing.entry if listing else None,
        court=listing.court_code if listing else "", result=masked(came.result)[:64], received_at=now, state=OPEN,
        due_on=deadline("objection_answer", today, calendar).day,
        platform_due_on=deadline("objection_via", today, calendar).day if came.kind == "objection" else None,
        words=_sealed(services, link.id, came),
    )  # fmt: skip
    session.add(row)
    session.flush()
    if row.entry is not None:
        row.case = _opened(session, services, link, row, came, now=now)
    return 1


def _opened(
    session: Session, services: Services, link: PlatformLink, row: PlatformMessage, came: MessageIn, *, now: datetime
) -> str | None:
    """The court's case for it; none if it can't be opened, which a person then sees."""
    asked = CaseAsked(
        entry=row.entry or "", kind="objection", ground=GROUND[row.kind], reference=reference_of(link.name, came.id),
        words=_said(came), received_on=legal_day(now), at=now,
    )  # fmt: skip
    try:
        with session.begin_nested():
            standing = services.ports.open_case(session, services, asked, calendar=current_calendar(session))
    except CreditServiceError as refused:
        row.answer = refused.code
        return None
    return standing.case if standing else None


def reference_of(link: str, remote_id: str) -> str:
    """The platform's number with its name: the same again is the same case."""
    return f"{link}:{remote_id}"


_KINDS = {
    "objection": "异议", "credit_repair": "信用修复结果", "identity": "身份信息变更", "registration": "登记信息变更",
}  # fmt: skip


def _said(came: MessageIn) -> str:
    parts = [f"平台转来：{_KINDS[came.kind]}", came.text]
    if came.result:
        parts.append(f"平台结果：{came.result}")
    if came.old or came.new:
        parts.append(f"原值：{came.old}；新值：{came.new}")
    return "\n".join(part for part in parts if part)


def _place(link_id: int, remote_id: str) -> Place:
    return Place("platform_message", "words", f"{link_id}:{remote_id}")


def _sealed(services: Services, link_id: int, came: MessageIn) -> bytes:
    words = msgspec.json.encode({"text": came.text, "old": came.old, "new": came.new})
    key = services.keyring.secret("platform/messages/1")
    return seal(key, services.keyring.kid, _place(link_id, came.id), words)


def words_of(services: Services, row: PlatformMessage) -> dict[str, str]:
    """What the platform wrote: ``text``, ``old``, ``new``; for the screen of whoever works on it."""
    if row.words is None:
        return {"text": "", "old": "", "new": ""}
    key = services.keyring.secret("platform/messages/1")
    found: dict[str, str] = msgspec.json.decode(unseal(key, _place(row.link_id, row.remote_id), bytes(row.words)))
    return found


def message_in_reach(session: Session, message_id: int, *, caller: Caller) -> PlatformMessage:
    """A message about an entry of the caller's court, or of none; raises ``NotFound``."""
    row = session.get(PlatformMessage, message_id)
    if row is None or not (not row.court or caller.may(Permission.SUBSCRIBER_MANAGE) or reaches(caller, row.court)):
        raise NotFound(Bilingual("没有这条来件", "no such message"), code="message-unknown")
    return row


def answer_message(
    session: Session, row: PlatformMessage, outcome: str, text: str, *, caller: Caller, now: datetime
) -> None:
    """Answer by hand what no case answers. Raises ``InvalidInput``, ``Conflict``."""
    if outcome not in OUTCOMES:
        raise InvalidInput(Bilingual("请选择结论", "choose an outcome"), code="outcome-missing", field="outcome")
    if not text.strip():
        raise InvalidInput(Bilingual("请写明核查情况", "say what was found"), code="answer-missing", field="answer")
    if row.state != OPEN:
        raise Conflict(Bilingual("这条来件已答复", "it has been answered"), code="message-answered")
    row.outcome, row.answer, row.state = outcome, masked(text.strip()), ANSWERED
    row.actor, row.answered_at = caller.actor, now
    audit.record(session, action="platform.answered", caller=caller, object=f"message:{row.id}", at=now,
                 details={"outcome": outcome})  # fmt: skip


def follow_cases(services: Services, link: PlatformLink) -> int:
    """Take over what the court decided in the cases that were opened; how many are answered by that."""
    done = 0
    with services.database.writing() as session:
        query = select(PlatformMessage).where(
            PlatformMessage.link_id == link.id, PlatformMessage.state == OPEN, PlatformMessage.case.is_not(None)
        )
        for row in session.scalars(query):
            standing = services.ports.case_standing(session, reference_of(link.name, row.remote_id))
            if standing is None or not standing.closed:
                continue
            row.outcome = "refused" if standing.outcome in REFUSED else "upheld"
            row.answer = (
                masked("；".join(part for part in (standing.reason, standing.clause) if part)) or standing.outcome
            )
            row.state, row.answered_at, row.actor = ANSWERED, services.clock.now(), "job:platform"
            done += 1
    return done


def send_answers(services: Services, link: PlatformLink, profile: Profile, channel: Channel) -> int:
    """Hand over every answer that waits; the same one again adds nothing there. How many."""
    with services.database.reading() as session:
        query = select(PlatformMessage).where(PlatformMessage.link_id == link.id, PlatformMessage.state == ANSWERED)
        waiting = session.scalars(query.order_by(PlatformMessage.id)).all()
    for row in waiting:
        if profile.answers is not None:
            channel.answer(
                {"message": row.remote_id, "outcome": row.outcome, "text": row.answer, "provider": link.provider,
                 "provider_code": link.provider_code, "at": _written(row.answered_at)}
            )  # fmt: skip
        with services.database.writing() as session:
            kept = session.get_one(PlatformMessage, row.id)
            kept.state, kept.sent_at = TOLD, services.clock.now()
    return len(waiting)


def _written(at: datetime | None) -> str:
    return written_instant(at, "iso") if at else ""
