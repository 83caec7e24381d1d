"""Codes on decision letters: made when a letter is printed, shown once, kept as keyed hashes only.

A code has about 79 random bits, so a keyed hash (HMAC-SHA-256) is enough, and finding it costs the same whether or
not it exists.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from creditsvc.access.audit import record
from creditsvc.access.callers import Caller
from creditsvc.kernel.days import legal_day
from creditsvc.register.life import State
from creditsvc.register.tables import Listing
from creditsvc.services import Services
from creditsvc.storage.keyring import Keyring
from repair.entries import entry_view
from repair.policy.alphabet import make_code
from repair.tables import LetterCode


def issue_codes(
    session: Session, services: Services, entries: Sequence[str], *, caller: Caller, now: datetime
) -> dict[str, str]:
    """A fresh code for each listing, in clear, once; an earlier code of the same listing is revoked.

    Raises ``NotFound`` for an entry that is not in the register.
    """
    issued: dict[str, str] = {}
    for entry in dict.fromkeys(entries):
        view = entry_view(session, entry, on=legal_day(now))
        issued[entry] = issue_code_for(
            session, services, subject_id=view.subject_id, about=entry, caller=caller, now=now
        )
    return issued


def issue_code_for(
    session: Session, services: Services, *, subject_id: str, about: str, caller: Caller, now: datetime
) -> str:
    """A fresh code for one person about one entry or performance record, in clear, once; an earlier one is revoked."""
    session.execute(
        update(LetterCode).where(LetterCode.entry == about, LetterCode.revoked_at.is_(None)).values(revoked_at=now)
    )
    code = make_code(secrets.choice)
    session.add(
        LetterCode(
            subject_id=subject_id,
            entry=about,
            code_hash=code_hash(services.keyring, code),
            issued_at=now,
            issued_by=caller.actor,
            used=0,
        )
    )
    session.flush()
    record(session, action="letter.code_issued", caller=caller, object=about, at=now)
    return code


def code_hash(keyring: Keyring, code: str) -> bytes:
    """The keyed hash under which a code is kept."""
    return hmac.digest(keyring.secret("letter/code/1"), b"letter-code\0" + code.encode(), "sha256")


def find_code(session: Session, keyring: Keyring, code: str) -> LetterCode | None:
    """The code's row while it stands; always one hash and one indexed lookup."""
    return session.scalar(
        select(LetterCode).where(LetterCode.code_hash == code_hash(keyring, code), LetterCode.revoked_at.is_(None))
    )


def standing_code(session: Session, entry: str) -> LetterCode | None:
    """When a letter was last printed for this listing, and how often its code was used."""
    return session.scalar(select(LetterCode).where(LetterCode.entry == entry, LetterCode.revoked_at.is_(None)))


def entries_without_code(session: Session, court_code: str, *, on: date, limit: int) -> Sequence[str]:
    """Listings of this court in force on a Beijing day for which no code stands, the oldest first."""
    standing = select(LetterCode.id).where(LetterCode.entry == Listing.entry, LetterCode.revoked_at.is_(None))
    query = select(Listing.entry).where(
        Listing.court_code == court_code,
        Listing.state == State.ACTIVE.value,
        or_(Listing.until.is_(None), Listing.until >= on),
        ~standing.exists(),
    )
    return session.scalars(query.order_by(Listing.id).limit(limit)).all()
