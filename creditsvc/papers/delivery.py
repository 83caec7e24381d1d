"""A message to somebody: queued in the transaction that made it true, tried later, read, served.

No message holds an identity number: texts are checked before they are queued. A paper itself never goes by mail or short
message; these say that it is there and where it can be read.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditsvc.access.audit import record
from creditsvc.access.callers import Caller
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import Gone, InvalidInput, NotFound
from creditsvc.kernel.text import Bilingual
from creditsvc.papers.delivery_states import Channel, DeliveryState, DeliveryStep, Service, moved
from creditsvc.papers.tables import Delivery
from creditsvc.services import Services
from creditsvc.storage.cells import Place

_LOOKS_LIKE_A_NUMBER = re.compile(
    r"(?<![0-9A-Za-z])(?:[0-9]{17}[0-9Xx]|[0-9]{15}|[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10})(?![0-9A-Za-z])"
)
_MAIL = re.compile(r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+$")
_PHONE = re.compile(r"^\+?[0-9]{6,15}$")


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent to whom. ``address`` is a mail address or a phone number, and empty for page and print."""

    channel: Channel
    purpose: str
    court_code: str
    title: Bilingual
    body: Bilingual
    addressee: str = "debtor"
    address: str = field(default="", repr=False)
    paper_id: int | None = None
    subject_id: str | None = None
    entry: str | None = None
    application: str | None = None
    consented: bool = False
    secret: str = field(default="", repr=False)
    """Put in place of ``{secret}`` in the text at the moment of sending: a code, a link that opens something. Sealed."""


@dataclass(frozen=True, slots=True)
class Served:
    """What whoever keeps the clocks is told: see ``Ports.served``."""

    delivery_id: int
    purpose: str
    entry: str | None
    application: str | None
    paper_id: int | None
    served_on: date
    how: Service


def queue(session: Session, services: Services, message: Message, *, now: datetime) -> Delivery:
    """Queue a message in this transaction. On the page it stands at once; on paper it waits for a person.

    Raises ``InvalidInput`` for an address that can't be one, or a text that holds an identity number.
    """
    _check(message)
    at_once = message.channel is Channel.PAGE
    tried = message.channel in {Channel.MAIL, Channel.SMS}
    row = Delivery(
        paper_id=message.paper_id, subject_id=message.subject_id, entry=message.entry, application=message.application,
        court_code=message.court_code, purpose=message.purpose, channel=message.channel.value,
        state=(DeliveryState.HANDED_OVER if at_once else DeliveryState.QUEUED).value, addressee=message.addressee,
        address_cell=None, subject_zh=message.title.zh, subject_en=message.title.en, body_zh=message.body.zh,
        body_en=message.body.en, consented=message.consented, attempts=0, next_at=now if tried else None,
        queued_at=now, handed_over_at=now if at_once else None,
    )  # fmt: skip
    session.add(row)
    session.flush()
    if message.address:
        row.address_cell = services.vault.seal(_key(services, row), _place(row), message.address)
    if message.secret:
        row.secret_cell = services.vault.seal(_key(services, row), _place(row, "secret_cell"), message.secret)
    session.flush()
    return row


def address_of(services: Services, row: Delivery) -> str:
    """The address in clear, for the moment of sending; empty if there is none."""
    return services.vault.open(_key(services, row), _place(row), row.address_cell) if row.address_cell else ""


def secret_of(services: Services, row: Delivery) -> str:
    """What the text holds only when it leaves; empty if there is nothing."""
    return (
        services.vault.open(_key(services, row), _place(row, "secret_cell"), row.secret_cell) if row.secret_cell else ""
    )


def delivery_of(session: Session, delivery_id: int, *, to_change: bool = False) -> Delivery:
    """One delivery; raises ``NotFound``."""
    query = select(Delivery).where(Delivery.id == delivery_id)
    row = session.scalar(query.with_for_update() if to_change else query)
    if row is None:
        raise NotFound(Bilingual("没有这次送达", "no such delivery"), code="delivery-unknown")
    return row


def deliveries_of(
    session: Session, *, subject_id: str | None = None, entry: str | None = None, application: str | None = None,
    paper_id: int | None = None, channel: Channel | None = None,
) -> Sequence[Delivery]:  # fmt: skip
    """Deliveries that fit everything that is given, newest first. At least one of the four must be given."""
    wanted = {
        Delivery.subject_id: subject_id,
        Delivery.entry: entry,
        Delivery.application: application,
        Delivery.paper_id: paper_id,
    }
    about = [column == value for column, value in wanted.items() if value is not None]
    if not about:
        raise ValueError("say whose deliveries")
    if channel is not None:
        about.append(Delivery.channel == channel.value)
    return session.scalars(select(Delivery).where(*about).order_by(Delivery.id.desc()).limit(500)).all()


def note_read(session: Session, delivery_id: int, *, caller: Caller, now: datetime) -> Served | None:
    """The addressee opened it on the page. With consent that is service on this legal day; without, it is a fact.

    Opening it again changes nothing. What is returned goes to ``Ports.served``.
    """
    row = delivery_of(session, delivery_id, to_change=True)
    if DeliveryState(row.state) is not DeliveryState.HANDED_OVER:
        return None
    row.state, row.read_at = moved(DeliveryState(row.state), DeliveryStep.READ).value, now
    if not row.consented:
        return None
    return _serve(session, row, on=legal_day(now), how=Service.ELECTRONIC, caller=caller, now=now)


def note_served(session: Session, delivery_id: int, *, on: date, how: Service, caller: Caller, now: datetime) -> Served:
    """A person says that it was served, on which day and how. What is returned goes to ``Ports.served``.

    Raises ``InvalidInput`` for a day in the future or before it was made; ``Conflict`` if it was already served.
    """
    row = delivery_of(session, delivery_id, to_change=True)
    if not legal_day(row.queued_at) <= on <= legal_day(now):
        raise InvalidInput(
            Bilingual("送达日不能早于文书作出之日，也不能晚于今天", "the day of service is not before the paper's day, nor after today"),
            code="served-on", field="served_on",
        )  # fmt: skip
    return _serve(session, row, on=on, how=how, caller=caller, now=now)


def note_failed(session: Session, delivery_id: int, *, trouble: str, caller: Caller, now: datetime) -> Delivery:
    """It came back: a bounced mail, a letter that nobody took."""
    row = delivery_of(session, delivery_id, to_change=True)
    row.state, row.failed_at = moved(DeliveryState(row.state), DeliveryStep.FAIL).value, now
    row.trouble, row.next_at, row.secret_cell = trouble[:64], None, None
    record(
        session, action="delivery.failed", caller=caller, object=str(row.id), at=now, details={"trouble": row.trouble}
    )
    return row


def send_again(session: Session, delivery_id: int, *, caller: Caller, now: datetime) -> Delivery:
    """Try a failed one again from the start."""
    row = delivery_of(session, delivery_id, to_change=True)
    row.state = moved(DeliveryState(row.state), DeliveryStep.AGAIN).value
    row.attempts, row.trouble, row.failed_at = 0, None, None
    row.next_at = now if row.channel in {Channel.MAIL.value, Channel.SMS.value} else None
    record(session, action="delivery.again", caller=caller, object=str(row.id), at=now)
    return row


def _serve(session: Session, row: Delivery, *, on: date, how: Service, caller: Caller, now: datetime) -> Served:
    row.state = moved(DeliveryState(row.state), DeliveryStep.SERVE).value
    row.served_on, row.served_how, row.served_noted_by, row.next_at = on, how.value, caller.actor, None
    record(
        session, action="delivery.served", caller=caller, object=str(row.id), at=now,
        details={"on": on.isoformat(), "how": how.value, "purpose": row.purpose},
    )  # fmt: skip
    return Served(row.id, row.purpose, row.entry, row.application, row.paper_id, on, how)


def _check(message: Message) -> None:
    texts = (message.title.zh, message.title.en, message.body.zh, message.body.en, message.addressee)
    if any(_LOOKS_LIKE_A_NUMBER.search(text) for text in texts):
        raise InvalidInput(
            Bilingual("通知中不得写入证件号码", "no identity number may stand in a message"), code="number-in-message"
        )
    shape = {Channel.MAIL: _MAIL, Channel.SMS: _PHONE}.get(message.channel)
    if shape and not shape.match(message.address):
        raise InvalidInput(
            Bilingual("电子邮箱或者手机号码不正确", "the mail address or phone number is not right"),
            code="address-shape", field="address",
        )  # fmt: skip


def _key(services: Services, row: Delivery) -> bytes:
    if row.subject_id is None:
        return services.keyring.secret("papers/address/1")
    key = services.vault.keys_of([row.subject_id]).get(row.subject_id)
    if key is None:
        raise Gone(
            Bilingual("当事人的信息已依法销毁", "the person's data have been destroyed by law"),
            code="address-destroyed",
        )
    return key


def _place(row: Delivery, column: str = "address_cell") -> Place:
    return Place("delivery", column, str(row.id), row.subject_id or "")
