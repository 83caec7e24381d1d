"""How somebody enters the portal: by letter code, provider, mandate or window; at once, or after a second factor.

Whoever proved who they are elsewhere (a provider, a clerk who saw the papers) is not asked for a second factor here.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditsvc.access.accounts import start_debtor_session, token_hash
from creditsvc.access.audit import record
from creditsvc.access.callers import Caller, CallerKind
from creditsvc.access.tables import WebSession
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import NotAllowed, NotSignedIn
from creditsvc.kernel.text import Bilingual
from creditsvc.services import Services
from repair import second_factor
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
    if began_by == "code" and second_factor.is_in_use(session, subject_id):
        token = secrets.token_urlsafe(32)
        session.add(
            SignInChallenge(
                token_hash=_hash(token), subject_id=subject_id, name=name, began_by=began_by, made_at=now, tries=0
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


def meet(session: Session, services: Services, challenge: str, code: str, *, now: datetime) -> str | None:
    """The session's token where the code is right; none where it is wrong, which is counted. The caller commits.

    Raises ``NotSignedIn`` for a challenge that is over, used or unknown: one starts again.
    """
    row = session.scalar(
        select(SignInChallenge).where(SignInChallenge.token_hash == _hash(challenge)).with_for_update()
    )
    if row is None or row.used_at or row.tries >= CHALLENGE_TRIES or now - row.made_at > CHALLENGE_LIFE:
        raise NotSignedIn(
            Bilingual("验证已过期，请重新登录", "this took too long or too many tries; sign in again"),
            code="challenge-over",
        )
    row.tries += 1
    if not second_factor.agrees(session, services, row.subject_id, code, now=now):
        return None
    row.used_at = now
    return start_debtor_session(session, subject_id=row.subject_id, name=row.name, at=now)


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
