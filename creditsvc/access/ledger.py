"""The access ledger: who asked about whom and why, written before the answer leaves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from creditsvc.access.callers import Caller
from creditsvc.access.tables import AccessEntry
from creditsvc.storage.bulk import insert_alike
from creditsvc.storage.direct import Writing, driver_of, instant


class LedgerRow(NamedTuple):
    """One row: who asked, about whom, why, and what was answered."""

    at: datetime
    actor: str
    unit: str
    action: str
    subject_token: bytes | None
    subject_id: str | None
    purpose: str
    matter: str | None
    sector: str | None = None
    act: str | None = None
    outcome: str | None = None


_COLUMNS = LedgerRow._fields


def unit_of(caller: Caller) -> str:
    """Under which unit's name a caller's questions stand."""
    return caller.unit or caller.court_code or caller.role or "-"


@lru_cache(maxsize=256)
def _insert(rows: int, *, is_sqlite: bool) -> str:
    row = f"({', '.join(['?' if is_sqlite else '%s'] * len(_COLUMNS))})"
    return f"INSERT INTO access_ledger ({', '.join(_COLUMNS)}) VALUES {', '.join([row] * rows)} RETURNING id, actor, subject_token"


def record_rows(session: Writing, rows: Sequence[LedgerRow]) -> list[int]:
    """Their numbers, in their order; no two may be one actor's about one token. By the driver, in one statement: checks
    wait for it. The caller commits before anything is answered.
    """
    driver, is_sqlite = driver_of(session)
    values = [value for row in rows for value in (instant(row.at, is_sqlite=is_sqlite), *row[1:])]
    made = driver.execute(_insert(len(rows), is_sqlite=is_sqlite), values).fetchall()
    numbers = {(actor, token): int(number) for number, actor, token in made}
    return [numbers[row.actor, row.subject_token] for row in rows]


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
    row = LedgerRow(
        at,
        caller.actor,
        unit_of(caller),
        action,
        subject_token,
        subject_id,
        purpose,
        matter or None,
        sector,
        act,
        outcome,
    )
    return record_rows(session, [row])[0]


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
