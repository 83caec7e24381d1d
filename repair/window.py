"""The court's window: a clerk who has seen somebody's papers gives a pass for the portal, a fresh code, a way back in."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditsvc.access.audit import record
from creditsvc.access.callers import Caller
from creditsvc.access.permissions import Permission
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import InvalidInput, NotSignedIn
from creditsvc.kernel.identity import parse_identity
from creditsvc.kernel.names import same_name
from creditsvc.kernel.text import Bilingual
from creditsvc.register.entries import reaches
from creditsvc.services import Services
from creditsvc.storage.subjects import find_subject
from repair.entries import EntryView, own_entries
from repair.letters import code_hash
from repair.policy.alphabet import make_code, read_code
from repair.sessions import Entered, enter
from repair.tables_people import WindowPass

PASS_LIFE = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody at the window whose papers agree with the register."""

    subject_id: str
    name: str
    entries: tuple[EntryView, ...]
    """Those of the clerk's court and the courts below it."""


def find_visitor(
    session: Session, services: Services, *, number: str, name: str, caller: Caller, now: datetime
) -> Visitor:
    """Who this is, if the clerk's court has an entry about them; raises ``InvalidInput``, alike for every reason.

    The look-up is written to the journal.
    """
    caller.require(Permission.LETTER_ISSUE)
    subject = find_subject(session, services.vault, parse_identity(number))
    entries = own_entries(session, subject, on=legal_day(now)) if subject else ()
    mine = tuple(view for view in entries if reaches(caller, view.court_code))
    record(session, action="window.looked", caller=caller, object="subject", at=now, details={"found": bool(mine)})
    if subject is None or not mine or not any(same_name(view.name, name) for view in mine):
        raise InvalidInput(
            Bilingual("本院没有与该号码和姓名相符的记录", "this court has no entry for that number and name"),
            code="visitor-unknown",
            field="number",
        )
    return Visitor(subject, mine[0].name, mine)


def give_pass(session: Session, services: Services, visitor: Visitor, *, caller: Caller, now: datetime) -> str:
    """A pass for the terminal at the window, in clear, once."""
    code = make_code(secrets.choice)
    session.add(
        WindowPass(
            code_hash=code_hash(services.keyring, code),
            subject_id=visitor.subject_id,
            name=visitor.name,
            given_at=now,
            given_by=caller.actor,
        )
    )
    session.flush()
    record(session, action="window.pass_given", caller=caller, object="pass", at=now)
    return code


def enter_by_pass(session: Session, services: Services, code: str, *, now: datetime) -> Entered:
    """A session of whoever the pass was given to; raises ``NotSignedIn``, alike for a wrong, used or old one."""
    row = session.scalar(
        select(WindowPass).where(WindowPass.code_hash == code_hash(services.keyring, read_code(code))).with_for_update()
    )
    if row is None or row.used_at is not None or now - row.given_at > PASS_LIFE:
        raise NotSignedIn(
            Bilingual(
                "窗口通行码不正确或者已经失效，请窗口人员重新生成",
                "the pass is wrong or over; ask the window for another",
            ),
            code="pass-wrong",
        )
    row.used_at = now
    return enter(session, subject_id=row.subject_id, name=row.name, began_by="window", helper=row.given_by, now=now)
