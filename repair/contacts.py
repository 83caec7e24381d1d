"""A person's own phone and mail: proven by a code, sealed; for notices, and a phone for the second factor too.

Nothing is sent to an address that its owner has not proven, but for the code that proves it.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditsvc.access.audit import record
from creditsvc.access.callers import Caller
from creditsvc.kernel.errors import Conflict, InvalidInput, NotFound
from creditsvc.kernel.text import Bilingual
from creditsvc.papers.delivery import Message, queue
from creditsvc.papers.delivery_states import Channel
from creditsvc.services import Services
from creditsvc.storage.cells import Place
from repair import one_time
from repair.tables_people import Contact

CHANNELS = {Channel.SMS: Bilingual("手机号码", "phone number"), Channel.MAIL: Bilingual("电子邮箱", "mail address")}


@dataclass(frozen=True, slots=True)
class ContactView:
    """One of a person's ways to be reached."""

    channel: Channel
    hint: str
    """The address but for most of it."""
    confirmed: bool
    is_factor: bool
    waits_for_code: bool


@dataclass(frozen=True, slots=True)
class Reach:
    """A proven address, for the moment of sending."""

    channel: Channel
    address: str = field(repr=False)


def usable(services: Services) -> Sequence[Channel]:
    """The channels that this installation can send by."""
    settings = services.settings
    able = {Channel.SMS: settings.sms_url, Channel.MAIL: settings.smtp_host}
    return [channel for channel in CHANNELS if able[channel]]


def contacts_of(session: Session, services: Services, subject_id: str, *, now: datetime) -> Sequence[ContactView]:
    """What a person has given; nothing once they have been shredded."""
    key = services.vault.keys_of([subject_id]).get(subject_id)
    rows = session.scalars(select(Contact).where(Contact.subject_id == subject_id).order_by(Contact.id)) if key else ()
    return [
        ContactView(
            Channel(row.channel),
            hint(services.vault.open(key, _place(row), row.address_cell)),
            row.confirmed_at is not None,
            row.is_factor,
            row.code_hash is not None and row.code_at is not None and now - row.code_at <= one_time.LIFE,
        )
        for row in rows
    ]


def hint(address: str) -> str:
    """Enough of an address for its owner to know it by.

    >>> hint("13800001234"), hint("zhang@example.cn")
    ('*******1234', 'z****@example.cn')
    """
    before, at, domain = address.partition("@")
    return f"{before[:1]}****@{domain}" if at else "*" * max(0, len(address) - 4) + address[-4:]


def offer(
    session: Session,
    services: Services,
    subject_id: str,
    channel: Channel,
    address: str,
    *,
    caller: Caller,
    now: datetime,
) -> int:
    """Keep an address that is still to be proven, and queue the code for it; the delivery's number.

    Raises ``InvalidInput`` naming the field, ``Conflict`` while the old one is the second factor, ``TooMany``.
    """
    if channel not in usable(services):
        raise InvalidInput(
            Bilingual("目前不能用这种方式接收", "this way can't be used now"), code="channel", field=channel.value
        )
    clean = "".join(address.split())
    row = _row(session, subject_id, channel, to_change=True)
    if row is not None and row.is_factor:
        raise Conflict(
            Bilingual("这个号码用于登录验证，请先停用再更换", "it is used for signing in; stop that first"),
            code="contact-factor",
            field=f"address-{channel.value}",
        )
    one_time.count_sending(session, services, person=subject_id, address=clean, now=now)
    key = services.vault.keys_of([subject_id])[subject_id]
    if row is None:
        row = Contact(subject_id=subject_id, channel=channel.value, row_key=secrets.token_hex(16), made_at=now,
                      is_factor=False, code_tries=0)  # fmt: skip
        session.add(row)
    row.address_cell, row.confirmed_at, row.made_at = services.vault.seal(key, _place(row), clean), None, now
    session.flush()
    record(session, action="contact.offered", caller=caller, object=f"contact:{row.id}", at=now)
    return _send(session, services, row, clean, now=now)


def send_again(session: Session, services: Services, subject_id: str, channel: Channel, *, now: datetime) -> int:
    """A fresh code to the address that is kept; the delivery's number. Raises ``NotFound``, ``TooMany``."""
    row = _known(session, subject_id, channel)
    address = address_of(services, row)
    one_time.count_sending(session, services, person=subject_id, address=address, now=now)
    return _send(session, services, row, address, now=now)


def confirm(
    session: Session, services: Services, subject_id: str, channel: Channel, code: str, *, as_factor: bool, caller: Caller,
    now: datetime,
) -> bool:  # fmt: skip
    """Whether the code is right: the address is proven then, and a phone is a second factor if that was asked for."""
    row = _known(session, subject_id, channel)
    if not one_time.agrees(services, row, _purpose(row), code, now=now):
        return False
    row.confirmed_at = row.confirmed_at or now
    row.is_factor = channel is Channel.SMS and as_factor
    record(session, action="contact.confirmed", caller=caller, object=f"contact:{row.id}", at=now,
           details={"factor": row.is_factor})  # fmt: skip
    return True


def forget(
    session: Session, services: Services, subject_id: str, channel: Channel, code: str, *, caller: Caller, now: datetime
) -> bool:
    """Take the address out; a phone that is a second factor only with a code of now. False for a wrong code."""
    row = _known(session, subject_id, channel)
    if row.is_factor and not one_time.agrees(services, row, _purpose(row), code, now=now):
        return False
    session.delete(row)
    record(session, action="contact.forgotten", caller=caller, object=f"contact:{row.id}", at=now)
    return True


def factor_of(session: Session, subject_id: str) -> Contact | None:
    """The phone that a sign-in by letter code must be confirmed by; none if there is none."""
    row = _row(session, subject_id, Channel.SMS)
    return row if row is not None and row.confirmed_at is not None and row.is_factor else None


def end_factor(session: Session, subject_id: str) -> bool:
    """No code by short message any more: at the window, for a lost phone. False if there was none."""
    row = factor_of(session, subject_id)
    if row is not None:
        session.delete(row)
    return row is not None


def address_of(services: Services, row: Contact) -> str:
    """The address in clear, for the moment of sending."""
    key = services.vault.keys_of([row.subject_id]).get(row.subject_id)
    return services.vault.open(key, _place(row), row.address_cell)


def reaches_of(session: Session, services: Services, subject_id: str) -> Sequence[Reach]:
    """Every proven address of somebody, by the channels that can be used."""
    rows = session.scalars(
        select(Contact).where(Contact.subject_id == subject_id, Contact.confirmed_at.is_not(None)).order_by(Contact.id)
    )
    open_ways = set(usable(services))
    return [Reach(Channel(row.channel), address_of(services, row)) for row in rows if Channel(row.channel) in open_ways]


def code_message(channel: Channel, address: str, subject_id: str, code: str) -> Message:
    """The message that carries a code; what it is for is said, whom it is about is not."""
    return Message(
        channel,
        "one_time_code",
        "-",
        Bilingual("验证码", "Your code"),
        Bilingual(
            "验证码 {secret}，十分钟内有效，用于信用修复服务。请勿告诉他人；不是本人操作的，请忽略。",
            "Code {secret}, good for ten minutes, for the credit repair service. Tell nobody; if it was not you, ignore it.",
        ),
        address=address,
        subject_id=subject_id,
        secret=code,
    )


def _send(session: Session, services: Services, row: Contact, address: str, *, now: datetime) -> int:
    code = one_time.new_code(services, row, _purpose(row), now=now)
    message = code_message(Channel(row.channel), address, row.subject_id, code)
    return queue(session, services, message, now=now).id


def _purpose(row: Contact) -> str:
    return f"contact\0{row.row_key}"


def _row(session: Session, subject_id: str, channel: Channel, *, to_change: bool = False) -> Contact | None:
    query = select(Contact).where(Contact.subject_id == subject_id, Contact.channel == channel.value)
    return session.scalar(query.with_for_update() if to_change else query)


def _known(session: Session, subject_id: str, channel: Channel) -> Contact:
    row = _row(session, subject_id, channel, to_change=True)
    if row is None:
        raise NotFound(Bilingual("没有登记这种联系方式", "no such address has been given"), code="contact-unknown")
    return row


def _place(row: Contact) -> Place:
    return Place("contact", "address_cell", row.row_key, row.subject_id)
