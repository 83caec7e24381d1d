"""Links: with which platform we exchange, under whose agreement; who works on one just now."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Self

from sqlalchemy import or_, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import InstrumentedAttribute, Session

from creditsvc.access import audit
from creditsvc.access.callers import Caller
from creditsvc.access.permissions import Permission
from creditsvc.kernel.errors import Conflict, InvalidInput, NotFound
from creditsvc.kernel.text import Bilingual
from creditsvc.services import Services
from sync.platform.channels.open import CHANNELS, SCHEMES, refuse_address
from sync.platform.records import STREAM, Identities
from sync.platform.shape.load import profile_named
from sync.platform.shape.profile import Profile
from sync.platform.tables import PlatformLink
from sync.subscribers import find_agreement, subscriber_named
from sync.tables_feed import Subscriber

LEASE = timedelta(seconds=10)
_NAME = re.compile(r"[a-z][a-z0-9-]{1,38}", re.ASCII)
_RESERVED = frozenset({"refusals", "messages", "comparisons"})
"""Addresses of the desk."""
_CODE = re.compile(r"[0-9A-Z]{18}", re.ASCII)


@dataclass(frozen=True, slots=True)
class NewLink:
    """What a link is made of. ``options``: ``scheme``, ``rid``, ``sid`` (HTTP), ``fingerprint`` (SFTP)."""

    name: str
    title: str
    profile: str
    channel: str
    address: str
    provider: str
    provider_code: str
    subscriber: str = ""
    secret_file: str = ""
    options: Mapping[str, str] = field(default_factory=dict)


def profile_folder(services: Services) -> Path:
    """Where this installation keeps profiles of its own."""
    return services.settings.home / "profiles"


def profile_of(services: Services, link: PlatformLink) -> Profile:
    """The link's profile; raises ``InvalidInput``."""
    return profile_named(link.profile, profile_folder(services))


def add_link(session: Session, services: Services, new: NewLink, *, caller: Caller, now: datetime) -> PlatformLink:
    """A new link; raises ``InvalidInput``, ``Conflict``, ``NotFound``."""
    caller.require(Permission.SUBSCRIBER_MANAGE)
    profile = profile_named(new.profile, profile_folder(services))
    _check(new)
    refuse_address(new.channel, new.address, profile)
    if new.subscriber:
        subscriber_named(session, new.subscriber)
    if session.scalar(select(PlatformLink.id).where(PlatformLink.name == new.name)):
        raise Conflict(Bilingual("已有同名对接", "a link of that name exists"), code="link-exists", field="name")
    link = PlatformLink(
        name=new.name, title=new.title, profile=new.profile, channel=new.channel, address=new.address,
        options=dict(new.options), secret_file=new.secret_file or None, subscriber=new.subscriber or None,
        provider=new.provider, provider_code=new.provider_code, created_at=now,
    )  # fmt: skip
    session.add(link)
    session.flush()
    audit.record(session, action="platform.link-added", caller=caller, object=f"platform:{new.name}", at=now,
                 details={"profile": new.profile, "channel": new.channel})  # fmt: skip
    return link


def _check(new: NewLink) -> None:
    scheme = new.options.get("scheme", "ours")
    wrong = [
        (not _NAME.fullmatch(new.name) or new.name in _RESERVED, "name",
         "名称为小写字母开头的字母、数字、横线", "lower-case letters, digits, hyphens"),
        (not new.title.strip(), "title", "请填写平台全称", "give the platform's full name"),
        (new.channel not in CHANNELS, "channel", f"通道：{'、'.join(CHANNELS)}", f"channels: {', '.join(CHANNELS)}"),
        (not new.provider.strip(), "provider", "请填写数据提供单位", "say who provides the data"),
        (not _CODE.fullmatch(new.provider_code), "provider_code", "统一社会信用代码为 18 位", "a unit code has 18 characters"),
        (scheme not in SCHEMES, "scheme", f"签名方式：{'、'.join(SCHEMES)}", f"schemes: {', '.join(SCHEMES)}"),
        (scheme == "national" and not (new.options.get("rid") and new.options.get("sid")), "scheme",
         "国家共享平台方式需要请求方和服务标识", "the national scheme needs the names of requester and service"),
        (new.channel == "sftp" and not new.options.get("fingerprint"), "fingerprint",
         "SFTP 需要主机密钥指纹", "SFTP needs the fingerprint of the host's key"),
    ]  # fmt: skip
    for is_wrong, name, zh, en in wrong:
        if is_wrong:
            raise InvalidInput(Bilingual(zh, en), code=f"link-{name.replace('_', '-')}", field=name)


def link_named(session: Session, name: str) -> PlatformLink:
    """The link; raises ``NotFound``."""
    found = session.scalar(select(PlatformLink).where(PlatformLink.name == name))
    if found is None:
        raise NotFound(Bilingual("没有这个平台对接", "no such link"), code="link-unknown")
    return found


def live_links(session: Session) -> list[PlatformLink]:
    """Links that have not ended, by name."""
    return list(
        session.scalars(select(PlatformLink).where(PlatformLink.ended_at.is_(None)).order_by(PlatformLink.name))
    )


def identities_of(session: Session, link: PlatformLink, today: date) -> Identities:
    """How the platform gets numbers today; an empty mode where no agreement covers the stream: then only ends go out."""
    if link.subscriber is None:
        return Identities("", "")
    subscriber = session.scalar(select(Subscriber).where(Subscriber.name == link.subscriber))
    agreement = find_agreement(session, subscriber, STREAM, today) if subscriber else None
    return Identities(agreement.slip_mode if agreement else "", link.subscriber)


def pause(session: Session, link: PlatformLink, *, paused: bool, caller: Caller, now: datetime) -> None:
    """Let additions and corrections wait, or go on. Removals never wait."""
    caller.require(Permission.SUBSCRIBER_MANAGE)
    link.paused_at = now if paused else None
    action = "platform.paused" if paused else "platform.resumed"
    audit.record(session, action=action, caller=caller, object=f"platform:{link.name}", at=now)


def end_link(session: Session, link: PlatformLink, *, caller: Caller, now: datetime) -> None:
    """End the exchange. What is with the platform stays with it: compare once more before."""
    caller.require(Permission.SUBSCRIBER_MANAGE)
    link.ended_at = now
    audit.record(session, action="platform.ended", caller=caller, object=f"platform:{link.name}", at=now)


def locked(session: Session, link_id: int) -> PlatformLink:
    """The link, for this transaction alone: whoever plans, or counts receipts, takes turns.

    Its key stays free: who writes a row that names the link waits for nobody.
    """
    query = select(PlatformLink).where(PlatformLink.id == link_id).with_for_update(key_share=True)
    return session.scalars(query).one()


def is_claimed(link: PlatformLink, lane: str, now: datetime) -> bool:
    """Whether somebody works on this lane, as far as anybody can tell."""
    holder, until = _COLUMNS[lane]
    claimed_until: datetime | None = getattr(link, until.key)
    return getattr(link, holder.key) is not None and claimed_until is not None and claimed_until >= now


class Claim:
    """The right to send on one lane of a link, one holder at a time; kept alive while it is worked on.

    A dead holder's right ends by itself within ``LEASE``: a removal waits no longer behind a crash.
    """

    def __init__(self, services: Services, link_id: int, lane: str, holder: str) -> None:
        self._services, self._link_id, self._holder = services, link_id, holder
        self._claim, self._until = _COLUMNS[lane]
        self._done = threading.Event()
        self.held = False

    def __enter__(self) -> Self:
        with self._services.database.writing() as session:
            self.held = self.keep(session, self._services.clock.now())
        if self.held:
            self._beats = threading.Thread(target=self._beat, name="platform-claim", daemon=True)
            self._beats.start()
        return self

    def __exit__(self, *_: object) -> None:
        if not self.held:
            return
        self._done.set()
        self._beats.join()
        with self._services.database.writing() as session:
            session.execute(
                update(PlatformLink)
                .where(PlatformLink.id == self._link_id, self._claim == self._holder)
                .values({self._claim: None, self._until: None})
                .execution_options(synchronize_session=False)
            )

    def keep(self, session: Session, now: datetime) -> bool:
        """Take the right, or keep it; whether it is ours."""
        free = or_(self._claim.is_(None), self._claim == self._holder, self._until < now)
        done = session.execute(
            update(PlatformLink)
            .where(PlatformLink.id == self._link_id, free)
            .values({self._claim: self._holder, self._until: now + LEASE})
            .execution_options(synchronize_session=False)
        )
        return bool(done.rowcount)  # type: ignore[attr-defined]

    def _beat(self) -> None:
        while not self._done.wait(LEASE.total_seconds() / 4):
            try:
                with self._services.database.writing() as session:
                    self.keep(session, self._services.clock.now())
            except SQLAlchemyError:
                continue  # the next beat tries again; the sender itself says what is wrong


URGENT, ADDING = "urgent", "additions"
_COLUMNS: Mapping[str, tuple[InstrumentedAttribute[str | None], InstrumentedAttribute[datetime | None]]] = {
    ADDING: (PlatformLink.claim, PlatformLink.claimed_until),
    URGENT: (PlatformLink.urgent_claim, PlatformLink.urgent_claimed_until),
}
