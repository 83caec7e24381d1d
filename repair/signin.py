"""Sign-in with identity number, name and the code on the decision letter.

Whichever part is wrong, or all of them, the answer, its words and the work behind it are the same, and no earlier
answer can be told from a later one: the number is looked up, the code is looked up, the name is compared, always.
Tries are counted before they are judged, in a transaction of their own, so that a refusal can't undo the count.
"""

from __future__ import annotations

import hmac
from datetime import datetime

from sqlalchemy.orm import Session

from creditsvc.access.rates import take
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import CreditServiceError, NotSignedIn, TooMany
from creditsvc.kernel.identity import IdentityNumber, NumberType, parse_identity
from creditsvc.kernel.names import same_name
from creditsvc.kernel.text import Bilingual
from creditsvc.services import Services
from creditsvc.storage.subjects import find_subject
from repair.entries import debtor_name
from repair.letters import find_code
from repair.mandates import find_mandate
from repair.performing.records import performer_name
from repair.policy.alphabet import read_code
from repair.sessions import Entered, enter

TRIES_PER_NUMBER = 10
TRIES_PER_ADDRESS = 60
TRIES_IN_ALL = 6000
REFILL_SECONDS = 3600
"""An empty bucket is full again after this long."""
# a number that nobody has: looked up in place of one that can't be read, so that the work is the same
_NOBODY = IdentityNumber(NumberType.PASSPORT, "E00000000")


def count_try(session: Session, services: Services, *, number: str, address: str, now: datetime) -> bool:
    """Count one try against the number, the address and all together; false if any has had too many.

    The caller commits also after a no. The number is named by its index token, so nothing here holds it.
    """
    token = services.vault.token("portal-try:" + folded(number)).hex()
    buckets = (
        ("portal:all", TRIES_IN_ALL),
        (f"portal:address:{address}", TRIES_PER_ADDRESS),
        (f"portal:number:{token}", TRIES_PER_NUMBER),
    )
    # every bucket is asked, so that one that is empty doesn't spare the others
    answers = [
        take(session, key, capacity=tries, refill_per_second=tries / REFILL_SECONDS, now=now) for key, tries in buckets
    ]
    return all(answers)


def too_often() -> TooMany:
    """The refusal after too many tries."""
    return TooMany(
        Bilingual(
            "尝试次数过多，请一小时后再试，或者到执行法院窗口办理",
            "too many tries; wait an hour, or go to the court's window",
        ),
        code="sign-in-too-often",
        retry_after=REFILL_SECONDS,
    )


def wrong() -> NotSignedIn:
    """The one refusal."""
    return NotSignedIn(
        Bilingual(
            "证件号码、姓名或者查询码不正确。请对照决定书逐项核对；查询码遗失的，可到执行法院窗口补发。",
            "The number, the name or the code is not right. Compare each with the decision letter; a lost code is "
            "issued again at the court's window.",
        ),
        code="sign-in-wrong",
    )


def sign_in(session: Session, services: Services, *, number: str, name: str, code: str, now: datetime) -> Entered:
    """The debtor's or an agent's way in; raises ``NotSignedIn``, always the same, if anything is wrong.

    An agent brings the person's number, the agent's own name and the agent's own code.
    """
    identity, typed = _readable(number), read_code(code)
    subject = find_subject(session, services.vault, identity)
    letter = find_code(session, services.keyring, typed)
    given = find_mandate(session, services, typed, on=legal_day(now))
    holder = letter.subject_id if letter else given[0].subject_id if given else "0" * 32
    performer = performer_name(session, services, holder)
    registered = debtor_name(session, holder) or performer
    known_as = given[1] if given else registered
    same_person = hmac.compare_digest((subject or "").encode(), holder.encode())
    if not (same_person & same_name(known_as or "\0", name)) or registered is None or known_as is None:
        raise wrong()
    if letter is None:
        mandate = given[0] if given else None
        return enter(
            session,
            subject_id=holder,
            name=f"{known_as}（代 {registered}）",
            began_by="agent",
            mandate=mandate,
            now=now,
        )
    letter.used += 1
    letter.last_used_at = now
    return enter(session, subject_id=holder, name=registered, began_by="code", now=now)


def _readable(number: str) -> IdentityNumber:
    try:
        return parse_identity(number)
    except CreditServiceError:
        return _NOBODY


def folded(number: str) -> str:
    """One form of a number for counting tries: spellings of one number count together, unreadable ones by their text."""
    identity = _readable(number)
    return number.strip().upper() if identity is _NOBODY else identity.canonical
