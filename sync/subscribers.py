"""Subscribers and their agreements: who may pull what, for which purpose, until when; their keys; how far they are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from creditsvc.access import audit
from creditsvc.access.api_keys import create_api_key
from creditsvc.access.callers import Caller
from creditsvc.access.permissions import Permission
from creditsvc.access.tables import ApiKey
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import Conflict, InvalidInput, NotAllowed, NotFound
from creditsvc.kernel.text import Bilingual
from sync.tables_feed import Agreement, FeedStream, Overdue, Progress, Subscriber
from sync.wire.errors import FormatInvalid
from sync.wire.notes import ED25519, VerifierKey, parse_verifier_key
from sync.wire.origins import STREAMS

_NAME = re.compile(r"[a-z][a-z0-9-]{1,40}", re.ASCII)
SLIP_MODES = ("token", "number")
OVERLAP = timedelta(days=7)
"""A receipt key that was replaced signs as well for this long."""


@dataclass(frozen=True, slots=True)
class NewSubscriber:
    """What a subscriber and its first agreement are made of. ``recipient``: X25519 public key for sealed numbers."""

    name: str
    title: str
    number: str
    streams: tuple[str, ...]
    purpose: str
    valid_until: date
    slip_mode: str = "token"
    recipient: bytes | None = None


def add_subscriber(session: Session, new: NewSubscriber, *, caller: Caller, now: datetime) -> Subscriber:
    """A subscriber with its agreement; raises ``InvalidInput``, ``Conflict``."""
    caller.require(Permission.SUBSCRIBER_MANAGE)
    check_terms(new, legal_day(now))
    for column, field in ((Subscriber.name, "name"), (Subscriber.title, "title")):
        if session.scalar(select(Subscriber.id).where(column == getattr(new, field), Subscriber.ended_at.is_(None))):
            raise Conflict(
                Bilingual("已有同名订阅单位", "a subscriber of that name exists"), code="subscriber-exists", field=field
            )
    if session.scalar(select(Subscriber.id).where(Subscriber.name == new.name)):
        raise Conflict(
            Bilingual(
                "该短名曾属于已终止的单位，请另取", "that name belonged to a unit that has ended; choose another"
            ),
            code="subscriber-exists",
            field="name",
        )
    subscriber = Subscriber(name=new.name, title=new.title, created_at=now)
    session.add(subscriber)
    session.flush()
    session.add(
        Agreement(
            subscriber_id=subscriber.id, number=new.number, streams=list(new.streams), purpose=new.purpose, slip_mode=new.slip_mode,
            recipient=new.recipient, valid_from=legal_day(now), valid_until=new.valid_until,
        )
    )  # fmt: skip
    audit.record(session, action="subscriber.added", caller=caller, object=f"subscriber:{new.name}", at=now,
                 details={"streams": list(new.streams), "slips": new.slip_mode})  # fmt: skip
    return subscriber


def check_terms(new: NewSubscriber, today: date) -> None:
    """Raises ``InvalidInput`` with the field that is wrong."""
    known = ", ".join(STREAMS)
    unsealed = new.slip_mode == "number" and len(new.recipient or b"") != 32
    unknown = not new.streams or bool(set(new.streams) - set(STREAMS))
    wrong = [
        (
            not _NAME.fullmatch(new.name),
            "name",
            "名称为小写字母开头的字母、数字、横线",
            "lower-case letters, digits, hyphens",
        ),
        (not new.title.strip(), "title", "请填写单位全称", "give the unit's full name"),
        (not new.number.strip(), "number", "请填写协议编号", "give the agreement's number"),
        (unknown, "streams", f"数据流：{known}", f"streams: {known}"),
        (not new.purpose.strip(), "purpose", "请写明使用目的", "say the purpose"),
        (new.valid_until <= today, "valid_until", "协议期限应在今天之后", "the agreement must end after today"),
        (new.slip_mode not in SLIP_MODES, "slip_mode", "身份信函方式应为 token 或 number", "slips are token or number"),
        (unsealed, "recipient", "密封方式需要接收公钥", "sealed slips need a recipient key"),
    ]
    for is_wrong, field, zh, en in wrong:
        if is_wrong:
            code = "purpose-missing" if field == "purpose" else f"subscriber-{field.replace('_', '-')}"
            raise InvalidInput(Bilingual(zh, en), code=code, field=field)


def subscriber_named(session: Session, name: str) -> Subscriber:
    """The subscriber; raises ``NotFound``."""
    found = session.scalar(select(Subscriber).where(Subscriber.name == name))
    if found is None:
        raise NotFound(Bilingual(f"没有订阅单位 {name}", f"no subscriber {name}"), code="subscriber-unknown")
    return found


def new_key(session: Session, subscriber: Subscriber, *, expires_at: datetime, caller: Caller, now: datetime) -> str:
    """An API key for pulling; its clear text, shown once."""
    caller.require(Permission.SUBSCRIBER_MANAGE)
    _, text = create_api_key(session, unit=subscriber.title, subscriber=subscriber.name, permissions=[Permission.STREAM_PULL],
                             expires_at=expires_at, caller=caller, now=now)  # fmt: skip
    return text


def keys_of(session: Session, subscriber: Subscriber) -> Sequence[ApiKey]:
    """Its API keys, newest first."""
    return session.scalars(select(ApiKey).where(ApiKey.subscriber == subscriber.name).order_by(ApiKey.id.desc())).all()


def register_verifier(
    session: Session, subscriber: Subscriber, text: str, *, caller: Caller, now: datetime, replace: bool
) -> None:
    """Register the key that signs this subscriber's receipts. Replacing one is the desk's to do, not the subscriber's."""
    try:
        key = parse_verifier_key(text.strip())
    except FormatInvalid:
        key = None
    if key is None or key.algorithm != ED25519 or key.name != subscriber.name:
        raise InvalidInput(
            Bilingual(f"公钥应写作 {subscriber.name}+摘要+密钥", f"a verifier key reads {subscriber.name}+hash+key"),
            code="verifier-shape",
            field="verifier",
        )
    if subscriber.verifier == key.text:
        return
    if subscriber.verifier is not None and not replace:
        raise Conflict(
            Bilingual(
                "已登记另一把公钥，更换须由管理单位办理", "another key is registered; the publisher's desk replaces it"
            ),
            code="verifier-registered",
        )
    if subscriber.verifier is not None:
        subscriber.verifier_before, subscriber.before_until = subscriber.verifier, now + OVERLAP
    subscriber.verifier = key.text
    audit.record(session, action="subscriber.key", caller=caller, object=f"subscriber:{subscriber.name}", at=now,
                 details={"key": key.key_id.hex()})  # fmt: skip


def receipt_keys(subscriber: Subscriber, now: datetime) -> list[VerifierKey]:
    """The keys that may sign its receipts now: two for seven days after one was replaced."""
    texts = [subscriber.verifier]
    if subscriber.before_until is not None and now < subscriber.before_until:
        texts.append(subscriber.verifier_before)
    return [parse_verifier_key(text) for text in texts if text]


def agreements_of(session: Session, subscriber: Subscriber) -> Sequence[Agreement]:
    """Its agreements, newest first."""
    query = select(Agreement).where(Agreement.subscriber_id == subscriber.id)
    return session.scalars(query.order_by(Agreement.id.desc())).all()


def end_subscriber(
    session: Session, subscriber: Subscriber, *, caller: Caller, now: datetime, at_once: bool = False
) -> None:
    """End the agreements. Its keys are good for one last receipt, over an empty set, and are revoked after that;
    ``at_once``: they are revoked now (a key was lost), and nothing will prove that the copy is gone."""
    caller.require(Permission.SUBSCRIBER_MANAGE)
    subscriber.ended_at = subscriber.ended_at or now
    session.execute(
        update(Agreement)
        .where(Agreement.subscriber_id == subscriber.id, Agreement.ended_at.is_(None))
        .values(ended_at=now)
    )
    if at_once:
        revoke_keys(session, subscriber, now)
    audit.record(session, action="subscriber.ended", caller=caller, object=f"subscriber:{subscriber.name}", at=now,
                 details={"at_once": at_once})  # fmt: skip


def revoke_keys(session: Session, subscriber: Subscriber, now: datetime) -> None:
    """Every API key of it ends."""
    session.execute(
        update(ApiKey).where(ApiKey.subscriber == subscriber.name, ApiKey.revoked_at.is_(None)).values(revoked_at=now)
    )


def find_agreement(session: Session, subscriber: Subscriber, stream: str, on: date) -> Agreement | None:
    """The agreement under which this stream may be pulled on a day, or none."""
    query = (
        select(Agreement)
        .where(Agreement.subscriber_id == subscriber.id, Agreement.ended_at.is_(None))
        .order_by(Agreement.id)
    )
    for agreement in session.scalars(query):
        if stream in agreement.streams and agreement.valid_from <= on <= agreement.valid_until:
            return agreement
    return None


def agreement_for(session: Session, subscriber: Subscriber, stream: str, on: date) -> Agreement:
    """As ``find_agreement``; raises ``NotAllowed`` (``scope-denied``) if there is none."""
    found = find_agreement(session, subscriber, stream, on)
    if found is None:
        raise NotAllowed(
            Bilingual(f"协议不含数据流 {stream} 或已到期", f"no agreement in force covers the stream {stream}"),
            code="scope-denied",
        )
    return found


@dataclass(frozen=True, slots=True)
class Lag:
    """One subscriber on one stream, as the desk shows it."""

    subscriber: Subscriber
    agreement: Agreement
    stream: str
    size: int
    progress: Progress | None
    overdue: Overdue | None = None

    @property
    def parting(self) -> bool:
        """The agreement has ended, and no receipt has proved yet that the copy is gone."""
        return self.agreement.ended_at is not None

    @property
    def behind(self) -> int:
        """Events that no receipt covers yet."""
        return self.size - (self.progress.applied if self.progress else 0)


def lags(session: Session) -> list[Lag]:
    """Every subscriber on every stream of its agreements; one that has ended stays until it has proved to hold nothing."""
    sizes = {row.stream: row.size for row in session.scalars(select(FeedStream))}
    progress = {(row.subscriber_id, row.stream): row for row in session.scalars(select(Progress))}
    query = select(Subscriber, Agreement).join(Agreement, Agreement.subscriber_id == Subscriber.id)
    pairs = session.execute(query.order_by(Subscriber.name, Agreement.ended_at.is_not(None), Agreement.id.desc())).all()
    overdue = {
        (row.subscriber_id, row.stream): row
        for row in session.scalars(select(Overdue).where(Overdue.lifted_at.is_(None)))
    }
    found: dict[tuple[int, str], Lag] = {}
    for subscriber, agreement in pairs:
        for stream in agreement.streams:
            place = (subscriber.id, stream)
            mine = progress.get(place)
            if place in found or (agreement.ended_at is not None and (mine is None or mine.farewell_at is not None)):
                continue
            found[place] = Lag(subscriber, agreement, stream, sizes.get(stream, 0), mine, overdue.get(place))
    return list(found.values())
