"""Accounts and sessions: signing in, being recognised, signing out."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import sha256

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from creditsvc.access import audit
from creditsvc.access.callers import Caller, CallerKind
from creditsvc.access.passwords import decoy, hash_password, password_agrees, refuse_weak
from creditsvc.access.permissions import DEBTOR_PERMISSIONS, ROLE_PERMISSIONS, StaffRole
from creditsvc.access.rates import take
from creditsvc.access.tables import Account, RateBucket, WebSession
from creditsvc.kernel.errors import Conflict, InvalidInput, NotFound, NotSignedIn, TooMany
from creditsvc.kernel.text import Bilingual

_USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,62}", re.ASCII)
TRIES, TRIES_PER_SECOND = 8, 1 / 60
ADDRESS_TRIES, ADDRESS_TRIES_PER_SECOND = 100, 1 / 6
"""Many people of one court share an address; they must not lock each other out."""
LONGEST_SESSION = timedelta(hours=12)
SEEN_EVERY = timedelta(minutes=1)
MOST_SESSIONS = 5
"""One more sign-in ends the oldest session of the account."""
WRONG = Bilingual("用户名或密码不正确", "the user name or the password is wrong")


@dataclass(frozen=True, slots=True)
class NewAccount:
    """What an account is made of. ``person`` names the human being; empty: the user name."""

    username: str
    name: str
    role: StaffRole
    person: str = ""
    court_code: str | None = None
    unit: str | None = None
    sector: str | None = None
    division: str | None = None
    """Division of a court, such as 执行实施庭."""
    must_change: bool = False
    """Whether the first thing to do is to choose a password of one's own."""


def create_account(
    session: Session, new: NewAccount, password: str, *, cost: str, caller: Caller, now: datetime
) -> Account:
    """A new account; raises ``InvalidInput`` (name, password) or ``Conflict`` (the name is taken)."""
    if not _USERNAME.fullmatch(new.username):
        raise InvalidInput(
            Bilingual(
                "用户名应为 2 至 63 位小写字母、数字、点或横线", "2 to 63 lower-case letters, digits, dots or hyphens"
            ),
            code="username-shape",
            field="username",
        )
    refuse_weak(password, new.username)
    if session.scalar(select(Account.id).where(Account.username == new.username)):
        raise Conflict(Bilingual("用户名已被使用", "the user name is taken"), code="username-taken", field="username")
    account = Account(
        username=new.username, password=hash_password(password, cost), person=new.person or new.username, name=new.name,
        role=new.role.value, court_code=new.court_code, unit=new.unit, sector=new.sector, created_at=now, password_at=now,
        must_change=new.must_change, division=new.division,
    )  # fmt: skip
    session.add(account)
    session.flush()
    audit.record(session, action="account.created", caller=caller, object=f"account:{account.id}", at=now,
                 details={"role": new.role.value})  # fmt: skip
    return account


def set_password(
    session: Session, account: Account, password: str, *, cost: str, caller: Caller, now: datetime
) -> None:
    """Change a password; every session of the account ends."""
    refuse_weak(password, account.username)
    account.password, account.password_at = hash_password(password, cost), now
    account.must_change = False
    end_sessions(session, account.id, now)
    audit.record(session, action="account.password", caller=caller, object=f"account:{account.id}", at=now)


def disable(session: Session, account: Account, *, caller: Caller, now: datetime) -> None:
    """Close an account; its sessions end with it."""
    account.disabled_at = now
    end_sessions(session, account.id, now)
    audit.record(session, action="account.disabled", caller=caller, object=f"account:{account.id}", at=now)


@lru_cache(maxsize=4)
def _decoy(cost: str) -> str:
    return decoy(cost)


def count_try(session: Session, username: str, *, address: str, now: datetime) -> None:
    """Count one try of this name and of this address; raises ``TooMany``. The caller commits in every case."""
    buckets = (
        (_name_bucket(username), TRIES, TRIES_PER_SECOND),
        (f"signin:from:{address}", ADDRESS_TRIES, ADDRESS_TRIES_PER_SECOND),
    )
    # both are asked, so that an empty one doesn't spare the other
    left = [take(session, key, capacity=full, refill_per_second=refill, now=now) for key, full, refill in buckets]
    if not all(left):
        raise TooMany(
            Bilingual("尝试次数过多，请几分钟后再试", "too many tries; wait a few minutes"),
            code="sign-in-too-often",
            retry_after=60,
        )


def account_of(session: Session, username: str, password: str, *, cost: str) -> Account:
    """The account whose name and password these are. Unknown name, wrong password and closed account are one answer
    and take one hash: ``NotSignedIn``, code ``sign-in-wrong``.
    """
    account = session.scalar(select(Account).where(Account.username == _folded(username)))
    right = password_agrees(password, account.password if account else _decoy(cost))
    if account is None or not right or account.disabled_at is not None:
        raise NotSignedIn(WRONG, code="sign-in-wrong")
    return account


def start_session(session: Session, account: Account, *, now: datetime) -> str:
    """A new session's token; the name's tries are forgiven, since the right password came."""
    session.execute(delete(RateBucket).where(RateBucket.key == _name_bucket(account.username)))
    for oldest in sessions_of(session, account.id)[MOST_SESSIONS - 1 :]:
        oldest.ended_at = now
    token = _open(session, WebSession(kind="staff", account_id=account.id, name=account.name), now)
    caller = _staff(account, None)
    audit.record(session, action="session.started", caller=caller, object=f"account:{account.id}", at=now)
    return token


def _name_bucket(username: str) -> str:
    return f"signin:name:{_folded(username)}"


def _folded(username: str) -> str:
    return username.strip().lower()[:64]


def start_debtor_session(session: Session, *, subject_id: str, name: str, at: datetime) -> str:
    """A session in which a debtor sees their own entries and nothing else; its token."""
    return _open(session, WebSession(kind="debtor", subject_id=subject_id, name=name), at)


def _open(session: Session, row: WebSession, now: datetime) -> str:
    token = secrets.token_urlsafe(32)
    row.token_hash, row.started_at, row.seen_at = token_hash(token), now, now
    session.add(row)
    session.flush()
    return token


def token_hash(token: str) -> bytes:
    """What is stored of a token."""
    return sha256(token.encode()).digest()


def caller_of_session(session: Session, token: str, *, idle: timedelta, now: datetime) -> tuple[Caller, bool] | None:
    """Who this token is, and whether the use is worth noting; none if it is unknown, ended, idle too long, or its
    account closed.
    """
    row = session.scalar(select(WebSession).where(WebSession.token_hash == token_hash(token)))
    if row is None or row.ended_at is not None or now - row.seen_at > idle or now - row.started_at > LONGEST_SESSION:
        return None
    if row.kind == "debtor":
        debtor = Caller(CallerKind.DEBTOR, account_id=row.id, person=f"debtor:{row.subject_id}", name=row.name, role="debtor",
                      permissions=DEBTOR_PERMISSIONS, subject_id=row.subject_id, session_id=row.id)  # fmt: skip
        return debtor, now - row.seen_at > SEEN_EVERY
    account = session.get(Account, row.account_id)
    if account is None or account.disabled_at is not None:
        return None
    return _staff(account, row.id), now - row.seen_at > SEEN_EVERY


def touch(session: Session, session_id: int, now: datetime) -> None:
    """Note that a session was used."""
    session.execute(update(WebSession).where(WebSession.id == session_id).values(seen_at=now))


def end_session(session: Session, session_id: int, now: datetime) -> None:
    """Sign out."""
    session.execute(
        update(WebSession).where(WebSession.id == session_id, WebSession.ended_at.is_(None)).values(ended_at=now)
    )


def end_sessions(session: Session, account_id: int, now: datetime) -> None:
    """End every session of an account."""
    session.execute(
        update(WebSession)
        .where(WebSession.account_id == account_id, WebSession.ended_at.is_(None))
        .values(ended_at=now)
    )


def sessions_of(session: Session, account_id: int) -> Sequence[WebSession]:
    """The open sessions of an account, newest first."""
    query = select(WebSession).where(WebSession.account_id == account_id, WebSession.ended_at.is_(None))
    return session.scalars(query.order_by(WebSession.id.desc())).all()


def account_named(session: Session, username: str) -> Account:
    """The account; raises ``NotFound``."""
    account = session.scalar(select(Account).where(Account.username == username))
    if account is None:
        raise NotFound(Bilingual(f"没有账户 {username}", f"no account {username}"), code="account-unknown")
    return account


def staff_caller(session: Session, username: str) -> Caller:
    """The caller that an open account stands for; for commands, where the machine's owner vouches for the person."""
    account = account_named(session, username)
    if account.disabled_at is not None:
        raise NotSignedIn(Bilingual(f"账户 {username} 已停用", f"account {username} is closed"), code="account-closed")
    return _staff(account, None)


def _staff(account: Account, session_id: int | None) -> Caller:
    return Caller(CallerKind.STAFF, account_id=account.id, person=account.person, name=account.name, role=account.role,
                  court_code=account.court_code, unit=account.unit, sector=account.sector,
                  permissions=ROLE_PERMISSIONS[StaffRole(account.role)], session_id=session_id,
                  must_change_password=account.must_change, division=account.division)  # fmt: skip
