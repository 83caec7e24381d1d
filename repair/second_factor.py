"""A second factor after the letter code: one-time codes of an app (RFC 6238), each counted once.

The secret is sealed under the person's data key and shown once. Until a first code has been right it is not in use.
"""

from __future__ import annotations

import secrets
from base64 import b32encode
from datetime import datetime
from urllib.parse import quote

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor import InvalidToken
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from sqlalchemy.orm import Session

from creditsvc.access.audit import record
from creditsvc.access.callers import Caller
from creditsvc.services import Services
from creditsvc.storage.cells import Place, seal, unseal
from repair.tables_people import SecondFactor

PERIOD = 30
DIGITS = 6
_SECRET_BYTES = 20
_SKEW = (-1, 0, 1)
"""Periods before and after that are taken too: phones' clocks differ."""
ISSUER = "河南信用修复"


def begin(session: Session, services: Services, subject_id: str, *, now: datetime) -> str:
    """A fresh secret in the form that apps take, shown once; an earlier one that was never confirmed is replaced."""
    secret = secrets.token_bytes(_SECRET_BYTES)
    key = services.vault.keys_of([subject_id])[subject_id]
    cell = seal(key, services.keyring.kid, _place(subject_id), secret)
    standing = session.get(SecondFactor, subject_id)
    if standing is None:
        session.add(SecondFactor(subject_id=subject_id, secret_cell=cell, made_at=now, last_step=0))
    elif standing.confirmed_at is None:
        standing.secret_cell, standing.made_at = cell, now
    return b32encode(secret).decode()


def address_of(secret: str, name: str) -> str:
    """The address that an app reads from a QR code; the label is a name, never a number."""
    return f"otpauth://totp/{quote(ISSUER)}:{quote(name)}?secret={secret}&issuer={quote(ISSUER)}&digits={DIGITS}"


def confirm(session: Session, services: Services, subject_id: str, code: str, *, caller: Caller, now: datetime) -> bool:
    """Take it into use with a first right code; false for a wrong one."""
    standing = session.get(SecondFactor, subject_id)
    if standing is None or not _agrees(services, standing, code, now):
        return False
    standing.confirmed_at = standing.confirmed_at or now
    record(session, action="second_factor.on", caller=caller, object=f"subject:{subject_id[:8]}", at=now)
    return True


def is_in_use(session: Session, subject_id: str) -> bool:
    """Whether a sign-in by letter code must bring a one-time code."""
    standing = session.get(SecondFactor, subject_id)
    return standing is not None and standing.confirmed_at is not None


def agrees(session: Session, services: Services, subject_id: str, code: str, *, now: datetime) -> bool:
    """Whether this is a code of now that has not been used; a right one is used up."""
    standing = session.get(SecondFactor, subject_id, with_for_update=True)
    return standing is not None and _agrees(services, standing, code, now)


def take_away(session: Session, subject_id: str, *, caller: Caller, now: datetime) -> bool:
    """No second factor any more: by the person, or by the window for a lost phone. False if there was none."""
    standing = session.get(SecondFactor, subject_id)
    if standing is None:
        return False
    session.delete(standing)
    record(session, action="second_factor.off", caller=caller, object=f"subject:{subject_id[:8]}", at=now)
    return True


def _agrees(services: Services, standing: SecondFactor, code: str, now: datetime) -> bool:
    digits = "".join(code.split())
    key = services.vault.keys_of([standing.subject_id]).get(standing.subject_id)
    if key is None or len(digits) != DIGITS or not digits.isdigit():
        return False
    machine = TOTP(unseal(key, _place(standing.subject_id), standing.secret_cell), DIGITS, SHA1(), PERIOD)  # noqa: S303 - RFC 6238
    step = int(now.timestamp()) // PERIOD
    for skew in _SKEW:
        if step + skew <= standing.last_step:
            continue
        try:
            machine.verify(digits.encode(), (step + skew) * PERIOD)
        except InvalidToken:
            continue
        standing.last_step = step + skew
        return True
    return False


def _place(subject_id: str) -> Place:
    return Place("second_factor", "secret_cell", subject_id, subject_id)
