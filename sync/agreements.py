"""Agreements after the first one: renewed for another term, and how identity numbers come under them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from creditsvc.access import audit
from creditsvc.access.callers import Caller
from creditsvc.access.permissions import Permission
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import Conflict, InvalidInput
from creditsvc.kernel.text import Bilingual
from sync.subscribers import NewSubscriber, agreements_of, check_terms
from sync.tables_feed import Agreement, Subscriber
from sync.wire.encoding import b64, unb64
from sync.wire.errors import FormatInvalid

KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Terms:
    """What another agreement of a unit says; all else goes on as under the newest one."""

    number: str
    streams: tuple[str, ...]
    purpose: str
    valid_until: date


def renew(session: Session, subscriber: Subscriber, terms: Terms, *, caller: Caller, now: datetime) -> Agreement:
    """Another agreement from today on, beside those that still run. Slips, push and networks go on as they are.

    Raises ``InvalidInput``, ``Conflict`` (``subscriber-ended``), ``NotAllowed``.
    """
    caller.require(Permission.SUBSCRIBER_MANAGE)
    newest = _newest(session, subscriber)
    new = NewSubscriber(subscriber.name, subscriber.title, terms.number, terms.streams, terms.purpose, terms.valid_until,
                        newest.slip_mode, newest.recipient)  # fmt: skip
    check_terms(new, legal_day(now))
    made = Agreement(
        subscriber_id=subscriber.id, number=terms.number, streams=list(terms.streams), purpose=terms.purpose,
        slip_mode=newest.slip_mode, recipient=newest.recipient, push_url=newest.push_url, push_hosts=list(newest.push_hosts),
        push_ranges=list(newest.push_ranges), pull_ranges=list(newest.pull_ranges), valid_from=legal_day(now),
        valid_until=terms.valid_until,
    )  # fmt: skip
    session.add(made)
    session.flush()
    audit.record(session, action="subscriber.renewed", caller=caller, object=f"subscriber:{subscriber.name}", at=now,
                 details={"number": terms.number, "streams": list(terms.streams)})  # fmt: skip
    return made


def set_slips(session: Session, subscriber: Subscriber, recipient: str, *, caller: Caller, now: datetime) -> str:
    """How numbers come from now on: sealed for this X25519 key (base64), or as tokens where it is empty.

    Returns the mode. Raises ``InvalidInput`` (``subscriber-recipient``), ``Conflict``, ``NotAllowed``.
    """
    caller.require(Permission.SUBSCRIBER_MANAGE)
    key, mode = _recipient(recipient.strip()), "number" if recipient.strip() else "token"
    _newest(session, subscriber)
    for agreement in agreements_of(session, subscriber):
        if agreement.ended_at is None:
            agreement.slip_mode, agreement.recipient = mode, key
    audit.record(session, action="subscriber.slips", caller=caller, object=f"subscriber:{subscriber.name}", at=now,
                 details={"slips": mode})  # fmt: skip
    return mode


def recipient_of(agreement: Agreement) -> str:
    """The key that slips are sealed for, as it was written; empty where tokens are handed out."""
    return b64(bytes(agreement.recipient)) if agreement.slip_mode == "number" and agreement.recipient else ""


def _newest(session: Session, subscriber: Subscriber) -> Agreement:
    agreements = agreements_of(session, subscriber)
    if subscriber.ended_at is not None or not agreements:
        raise Conflict(
            Bilingual("该单位的协议已终止", "this unit's agreements have been ended"), code="subscriber-ended"
        )
    return agreements[0]


def _recipient(text: str) -> bytes | None:
    if not text:
        return None
    try:
        return unb64(text, "recipient", length=KEY_BYTES)
    except FormatInvalid:
        raise InvalidInput(
            Bilingual(
                "接收公钥为 32 字节的 base64，副本程序首次运行时打印",
                "a recipient key is 32 bytes as base64; the mirror prints it at its first run",
            ),
            code="subscriber-recipient",
            field="recipient",
        ) from None
