"""Agents with a mandate: named by the person, until a day, for looking alone or for applying too; ended at once.

The agent signs in with the person's number, the agent's own name and a code of the agent's own. The name is sealed.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from creditsvc.access.audit import record
from creditsvc.access.callers import Caller
from creditsvc.access.tables import WebSession
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import InvalidInput, NotFound
from creditsvc.kernel.text import Bilingual
from creditsvc.services import Services
from creditsvc.storage.cells import Place, seal, unseal
from repair.letters import code_hash
from repair.policy.alphabet import make_code
from repair.tables_people import Mandate, PortalSession

LONGEST = timedelta(days=366)
MOST = 5
"""Mandates of one person that stand at a time."""


@dataclass(frozen=True, slots=True)
class MandateView:
    """A mandate as the person sees it."""

    id: int
    name: str
    may_apply: bool
    until: date
    made_at: datetime
    standing: bool


def give(
    session: Session,
    services: Services,
    subject_id: str,
    *,
    name: str,
    may_apply: bool,
    until: date | None,
    caller: Caller,
    now: datetime,
) -> str:
    """A mandate; the agent's code, in clear, once. Raises ``InvalidInput`` naming the field."""
    clean, today = name.strip(), legal_day(now)
    if not 2 <= len(clean) <= 64:
        raise InvalidInput(Bilingual("请填写代理人姓名", "give the agent's name"), code="field-missing", field="agent")
    if until is None or not today <= until <= today + LONGEST:
        raise InvalidInput(
            Bilingual("请填写截止日期，最长一年", "give the last day, a year at most"),
            code="field-wrong",
            field="until",
        )
    if sum(one.standing for one in mandates_of(session, services, subject_id, on=today)) >= MOST:
        raise InvalidInput(
            Bilingual(f"最多同时委托 {MOST} 人，请先结束一项", f"at most {MOST} agents at a time; end one first"),
            code="mandates-many",
            field="agent",
        )
    code, key = make_code(secrets.choice), services.vault.keys_of([subject_id])[subject_id]
    row = Mandate(
        subject_id=subject_id,
        name_cell=b"",
        row_key=secrets.token_hex(16),
        code_hash=code_hash(services.keyring, code),
        may_apply=may_apply,
        until=until,
        made_at=now,
        made_by=caller.actor,
    )
    row.name_cell = seal(key, services.keyring.kid, _place(row), clean.encode())
    session.add(row)
    session.flush()
    record(session, action="mandate.given", caller=caller, object=f"mandate:{row.id}", at=now,
           details={"until": until.isoformat(), "may_apply": may_apply})  # fmt: skip
    return code


def end(session: Session, subject_id: str, mandate_id: int, *, caller: Caller, now: datetime) -> None:
    """End one of one's own at once, with every session that rests on it; raises ``NotFound`` for anybody else's."""
    row = session.get(Mandate, mandate_id)
    if row is None or row.subject_id != subject_id:
        raise NotFound(Bilingual("没有这项委托", "there is no such mandate"), code="mandate-unknown")
    row.revoked_at = row.revoked_at or now
    begun = select(PortalSession.session_id).where(PortalSession.mandate_id == row.id)
    session.execute(
        update(WebSession).where(WebSession.id.in_(begun), WebSession.ended_at.is_(None)).values(ended_at=now)
    )
    record(session, action="mandate.ended", caller=caller, object=f"mandate:{row.id}", at=now)


def mandates_of(session: Session, services: Services, subject_id: str, *, on: date) -> Sequence[MandateView]:
    """The mandates of one person, newest first."""
    key = services.vault.keys_of([subject_id]).get(subject_id)
    rows = session.scalars(select(Mandate).where(Mandate.subject_id == subject_id).order_by(Mandate.id.desc()))
    if key is None:
        return ()
    return [
        MandateView(
            row.id,
            unseal(key, _place(row), row.name_cell).decode(),
            row.may_apply,
            row.until,
            row.made_at,
            row.revoked_at is None and on <= row.until,
        )
        for row in rows
    ]


def find_mandate(session: Session, services: Services, code: str, *, on: date) -> tuple[Mandate, str] | None:
    """The standing mandate with this code, and the agent's name; always one hash and one look-up."""
    row = session.scalar(select(Mandate).where(Mandate.code_hash == code_hash(services.keyring, code)))
    if row is None or row.revoked_at is not None or on > row.until:
        return None
    key = services.vault.keys_of([row.subject_id]).get(row.subject_id)
    return (row, unseal(key, _place(row), row.name_cell).decode()) if key else None


def _place(row: Mandate) -> Place:
    return Place("mandate", "name_cell", row.row_key, row.subject_id)
