"""The access ledger: who asked about whom and why, written before the answer leaves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import cast

from sqlalchemy import Table, insert, or_, select
from sqlalchemy.orm import Session

from creditsvc.access.callers import Caller
from creditsvc.access.tables import AccessEntry
from creditsvc.storage.bulk import insert_alike

_INSERT = insert(cast(Table, AccessEntry.__table__))


def record_access(
    session: Session,
    *,
    caller: Caller,
    action: str,
    subject_token: bytes | None,
    subject_id: str | None,
    purpose: str,
    matter: str | None,
    sector: str | None = None,
    act: str | None = None,
    outcome: str | None = None,
    at: datetime,
) -> int:
    """One row; its number. The caller commits before anything is answered."""
    made = session.connection().execute(
        _INSERT,
        {
            "at": at,
            "actor": caller.actor,
            "unit": caller.unit or caller.court_code or caller.role or "-",
            "action": action,
            "subject_token": subject_token,
            "subject_id": subject_id,
            "purpose": purpose,
            "matter": matter or None,
            "sector": sector,
            "act": act,
            "outcome": outcome,
        },
    )
    return int(made.inserted_primary_key[0])  # type: ignore[index]


def record_accesses(
    session: Session,
    people: Iterable[tuple[bytes, str | None, str]],
    *,
    actor: str,
    unit: str,
    action: str,
    purpose: str,
    matter: str | None,
    sector: str,
    act: str,
    at: datetime,
) -> None:
    """A row for each person of a list: token, subject where the name agreed, outcome. The rest is the list's own."""
    same = {
        "at": at, "actor": actor, "unit": unit, "action": action, "purpose": purpose, "matter": matter or None,
        "sector": sector, "act": act,
    }  # fmt: skip
    insert_alike(session, AccessEntry, ("subject_token", "subject_id", "outcome"), people, same)


def accesses_of(
    session: Session, subject_id: str, *, token: bytes | None = None, limit: int = 200
) -> Sequence[AccessEntry]:
    """The newest accesses to one subject, newest first: what the person may see."""
    whose = [AccessEntry.subject_id == subject_id]
    if token is not None:
        whose.append(AccessEntry.subject_token == token)
    query = select(AccessEntry).where(or_(*whose)).order_by(AccessEntry.id.desc()).limit(limit)
    return session.scalars(query).all()
