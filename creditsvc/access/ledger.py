"""The access ledger: who asked about whom and why, written before the answer leaves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from creditsvc.access.callers import Caller
from creditsvc.access.tables import AccessEntry
from creditsvc.storage.bulk import insert_alike
from creditsvc.storage.direct import Writing, driver_of, instant

_COLUMNS = (
    "at", "actor", "unit", "action", "subject_token", "subject_id", "purpose", "matter", "sector", "act", "outcome",
)  # fmt: skip
_INSERT = {
    is_sqlite: f"INSERT INTO access_ledger ({', '.join(_COLUMNS)}) VALUES ({', '.join([place] * len(_COLUMNS))}) RETURNING id"
    for is_sqlite, place in ((True, "?"), (False, "%s"))
}
"""By the driver: a check writes one row and waits for it."""


def record_access(
    session: Writing,
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
    driver, is_sqlite = driver_of(session)
    values = (
        instant(at, is_sqlite=is_sqlite), caller.actor, caller.unit or caller.court_code or caller.role or "-", action, subject_token,
        subject_id, purpose, matter or None, sector, act, outcome,
    )  # fmt: skip
    (number,) = driver.execute(_INSERT[is_sqlite], values).fetchone()
    return int(number)


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
