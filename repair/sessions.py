"""How somebody enters the portal: by letter code, provider, mandate or window; at once, or after a second factor.

Whoever proved who they are elsewhere (a provider, a clerk who saw the papers) is not asked for a second factor here.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from creditsvc.access.accounts import start_debtor_session, token_hash
from creditsvc.access.audit import record
from creditsvc.access.callers import Caller, CallerKind
from creditsvc.access.tables import WebSession
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import NotAllowed, NotSignedIn
from creditsvc.kernel.text import Bilingual
from creditsvc.papers.delivery import queue
from creditsvc.papers.delivery_states import Channel
from creditsvc.services import Services
from repair import contacts, one_time, second_factor
from repair.tables_people import Mandate, PortalSession, SignInChallenge

CHALLENGE_LIFE = timedelta(minutes=10)
CHALLENGE_TRIES = 5


@dataclass(frozen=True, slots=True)
class Entered:
    """A session's token, or the token of a challenge that waits for the second factor."""

    token: str = ""
    challenge: str = ""


def enter(
    session: Session,
    *,
    subject_id: str,
    name: str,
    began_by: str,
    now: datetime,
    mandate: Mandate | None = None,
    helper: str = "",
) -> Entered:
    """Start a session, or the challenge that comes before it where the person has a second factor."""
    if began_by == "code" and (second_factor.is_in_use(session, subject_id) or contacts.factor_of(session, subject_id)):
        token = secrets.token_urlsafe(32)
        session.add(
            SignInChallenge(
                token_hash=_hash(token),
                subject_id=subject_id,
                name=name,
                began_by=began_by,
                made_at=now,
                tries=0,
                code_tries=0,
            )
        )
        return Entered(challenge=token)
    token = start_debtor_session(session, subject_id=subject_id, name=name, at=now)
    row = session.scalar(select(WebSession).where(WebSession.token_hash == token_hash(token)))
    if row is not None and began_by != "code":
        session.add(
            PortalSession(
                session_id=row.id, began_by=began_by, mandate_id=mandate.id if mandate else None, helper=helper or None
            )
        )
        who = Caller(CallerKind.DEBTOR, account_id=row.id)
        record(session, action="portal.entered", caller=who, object=f"session:{row.id}", at=now,
               details={"by": began_by, "helper": helper})  # fmt: skip
    return Entered(token=token)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a sign-in that waits may be finished with."""

    by_app: bool
    phone: str
    """The end of the phone number that a code can be sent to; empty: none."""


def asked_for(session: Session, services: Services, challenge: str, *, now: datetime) -> Asked:
    """What the page of this challenge offers; raises ``NotSignedIn`` for one that is over, used or unknown."""
    subject = _waiting(session, challenge, now, to_change=False).subject_id
    phone = contacts.factor_of(session, subject)
    return Asked(
        second_factor.is_in_use(session, subject),
        contacts.hint(contacts.address_of(services, phone))[-2:] if phone else "",
    )


def send_code(session: Session, services: Services, challenge: str, *, now: datetime) -> int | None:
    """Queue a code for the person's own phone; the delivery's number, none where no phone is the second factor.

    The caller commits in every case. Raises ``NotSignedIn`` as for every use of a challenge, ``TooMany``.
    """
    row = _waiting(session, challenge, now)
    phone = contacts.factor_of(session, row.subject_id)
    if phone is None:
        return None
    address = contacts.address_of(services, phone)
    one_time.count_sending(session, services, person=row.subject_id, address=address, now=now)
    code = one_time.new_code(services, row, _purpose(row), now=now)
    return queue(session, services, contacts.code_message(Channel.SMS, address, row.subject_id, code), now=now).id


def meet(session: Session, services: Services, challenge: str, code: str, *, now: datetime) -> str | None:
    """The session's token where the code is right; none where it is wrong, which is counted. The caller commits.

    Raises ``NotSignedIn`` for a challenge that is over, used or unknown: one starts again.
    """
    row = _waiting(session, challenge, now)
    row.tries += 1
    # both are asked in every case, so that the answer takes as long
    by_app = second_factor.agrees(session, services, row.subject_id, code, now=now)
    by_phone = one_time.agrees(services, row, _purpose(row), code, now=now)
    if not by_app and not by_phone:
        return None
    row.used_at = now
    return start_debtor_session(session, subject_id=row.subject_id, name=row.name, at=now)


def _waiting(session: Session, challenge: str, now: datetime, *, to_change: bool = True) -> SignInChallenge:
    query = select(SignInChallenge).where(SignInChallenge.token_hash == _hash(challenge))
    row = session.scalar(query.with_for_update() if to_change else query)
    if row is None or row.used_at or row.tries >= CHALLENGE_TRIES or now - row.made_at > CHALLENGE_LIFE:
        raise NotSignedIn(
            Bilingual("验证已过期，请重新登录", "this took too long or too many tries; sign in again"),
            code="challenge-over",
        )
    return row


def forget_challenges(session: Session, *, now: datetime) -> int:
    """Drop challenges that are over, with the names in them."""
    gone = session.execute(delete(SignInChallenge).where(SignInChallenge.made_at < now - CHALLENGE_LIFE))
    return int(gone.rowcount)  # type: ignore[attr-defined]


def _purpose(row: SignInChallenge) -> str:
    return f"sign-in\0{row.token_hash.hex()}"


def session_of(session: Session, caller: Caller) -> PortalSession | None:
    """How the caller's session began, where it was not by their own code."""
    return session.get(PortalSession, caller.session_id) if caller.session_id is not None else None


def opened_by(session: Session, caller: Caller) -> str:
    """Who begins an application in this session: ``person``, ``agent`` or ``window``."""
    how = session_of(session, caller)
    return how.began_by if how and how.began_by in {"agent", "window"} else "person"


def require_mandate(session: Session, caller: Caller, *, changes: bool, now: datetime) -> None:
    """An agent acts while the mandate stands, and applies only if it says so.

    Raises ``NotSignedIn`` when it is over, ``NotAllowed`` for what it does not cover. Nothing for anybody else.
    """
    how = session_of(session, caller)
    if how is None or how.mandate_id is None:
        return
    mandate = session.get(Mandate, how.mandate_id)
    if mandate is None or mandate.revoked_at is not None or legal_day(now) > mandate.until:
        raise NotSignedIn(
            Bilingual("委托已经结束，请重新登录", "the mandate is over; sign in again"), code="mandate-over"
        )
    if changes and not mandate.may_apply:
        raise NotAllowed(
            Bilingual("委托只允许查看，不能提出或者撤回申请", "the mandate is for looking only, not for applying"),
            code="mandate-narrow",
        )


def _hash(token: str) -> bytes:
    return sha256(token.encode()[:128]).digest()
