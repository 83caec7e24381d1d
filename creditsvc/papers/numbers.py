"""Numbers of papers: without a gap per court, kind and year, and with an ending that can't be guessed.

``豫0105-LD-2026-00017-K7QF9X2M``: the court's code, the kind, the year, the serial number, a code of 40 bits. The code is an
HMAC of the rest, so whoever counts upwards finds nothing.
"""

from __future__ import annotations

import hmac
import re
from contextlib import suppress

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from creditsvc.papers.tables import PaperCounter
from creditsvc.storage.keyring import Keyring

_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""32 signs that are not mistaken for each other."""
_CODE = 8
_SHAPE = re.compile(rf"^[\u3400-\u9fffA-Z0-9]{{1,16}}-[A-Z]{{2,8}}-[0-9]{{4}}-[0-9]{{5,9}}-[{_ALPHABET}]{{{_CODE}}}$")


def next_serial(session: Session, *, court_code: str, kind: str, year: int) -> int:
    """The next number, given in this transaction: if it rolls back the number was not given."""
    counter = _locked(session, court_code, kind, year)
    if counter is None:
        with suppress(IntegrityError), session.begin_nested():
            session.add(PaperCounter(court_code=court_code, kind=kind, year=year, last=0))
        counter = _locked(session, court_code, kind, year)
    if counter is None:
        raise LookupError("the counter's row can't be made")
    counter.last += 1
    session.flush()
    return counter.last


def _locked(session: Session, court_code: str, kind: str, year: int) -> PaperCounter | None:
    query = select(PaperCounter).where(
        PaperCounter.court_code == court_code, PaperCounter.kind == kind, PaperCounter.year == year
    )
    return session.scalar(query.with_for_update().execution_options(populate_existing=True))


def printed_number(keyring: Keyring, *, court_code: str, kind: str, year: int, serial: int) -> str:
    """The whole number with its code."""
    plain = f"{court_code}-{kind}-{year}-{serial:05d}"
    digest = hmac.digest(keyring.secret("papers/number/1"), b"paper-number\0" + plain.encode(), "sha256")
    bits = int.from_bytes(digest[:5], "big")
    code = "".join(_ALPHABET[bits >> 5 * place & 31] for place in reversed(range(_CODE)))
    return f"{plain}-{code}"


def read_number(text: str) -> str | None:
    """A number as somebody typed it, put into its own form; none if it can't be one."""
    tidy = re.sub(r"[\s\u2010-\u2015\uff0d]+", "-", text.strip().upper()).replace("--", "-")[:64]
    return tidy if _SHAPE.match(tidy) else None
