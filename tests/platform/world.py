"""A register, a link and a stand-in on the other side, over any channel."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine

from creditsvc.access.callers import Caller, CallerKind
from creditsvc.access.permissions import Permission
from creditsvc.services import Services
from creditsvc.wallclock import FixedClock
from sync.platform.channels.base import Channel
from sync.platform.channels.open import forget_engines, link_signer, open_channel
from sync.platform.links import NewLink, add_link, profile_of
from sync.platform.messages import follow_cases, send_answers, take_in
from sync.platform.receive import Received, receive
from sync.platform.reconcile import Compared, reconcile
from sync.platform.send import Sender, Sent
from sync.platform.shape.profile import Profile
from sync.platform.standin.database_end import DatabaseEnd
from sync.platform.standin.folder_end import FolderEnd
from sync.platform.standin.ledger import Ledger
from sync.platform.standin.manners import Manners
from sync.platform.standin.platform import StandIn
from sync.platform.tables import PlatformLink
from tests.support.feed_world import Register

MANAGER = Caller(CallerKind.STAFF, 9, "operator", name="运维", permissions=frozenset({Permission.SUBSCRIBER_MANAGE}))
CODE = "11410000005184603L"


@dataclass
class World:
    """Both sides."""

    services: Services
    register: Register
    link: PlatformLink
    profile: Profile
    standin: StandIn
    end: DatabaseEnd | FolderEnd
    engine: Engine | None = None

    def close(self) -> None:
        """Let go of everything."""
        self.ledger.close()
        forget_engines()
        if self.engine is not None:
            self.engine.dispose()

    @property
    def ledger(self) -> Ledger:
        """What the platform holds."""
        return self.standin.ledger

    def channel(self) -> Channel:
        """A fresh channel."""
        return open_channel(self.services, self.link, self.profile)

    def publish(self) -> None:
        """Number what waits."""
        self.register.publish()

    def later(self, **by: float) -> None:
        """Move the clock."""
        clock = self.services.clock
        assert isinstance(clock, FixedClock)
        clock.set(clock.now() + timedelta(**by))

    def send(self, channel: Channel | None = None, **more: Any) -> Sent:
        """One run of the sender."""
        self.later(minutes=11)
        return Sender(self.services, self.link.id, "test", channel=channel).run(**more)

    def fetch(self) -> Received:
        """Receipts, messages, answers."""
        channel = self.channel()
        got = receive(self.services, self.link, self.profile, channel)
        take_in(self.services, self.link, self.profile, channel)
        follow_cases(self.services, self.link)
        send_answers(self.services, self.link, self.profile, channel)
        return got

    def compare(self, *, strict: bool = True) -> Compared | None:
        """A comparison."""
        return reconcile(self.services, self.link, self.profile, self.channel(), caller=MANAGER, strict=strict)

    def round(self) -> None:
        """Publish, send, let the platform work, fetch."""
        self.publish()
        self.send()
        self.end.work(self.services.clock.now())
        self.fetch()


def make_link(
    services: Services, register: Register, *, profile: str, channel: str, address: str, **more: Any
) -> PlatformLink:
    """A subscriber that gets numbers, and its link."""
    register.subscriber("platform-a", ("platform",), slip_mode="number", recipient=bytes(range(32)))
    new = NewLink(name="henan", title="省公共信用信息平台", profile=profile, channel=channel, address=address,
                  provider="河南省高级人民法院", provider_code=CODE, subscriber="platform-a", **more)  # fmt: skip
    with services.database.writing() as session:
        return add_link(session, services, new, caller=MANAGER, now=services.clock.now())


def standin_of(services: Services, link: PlatformLink, folder: Path, manners: Manners | None = None) -> StandIn:
    """A stand-in that knows the link's key."""
    profile = profile_of(services, link)
    ledger = Ledger(folder / "standin.db", profile)
    return StandIn(profile, ledger, manners or Manners(), link_signer(services, link.name).verifier)


def database_world(services: Services, url: str, folder: Path, profile: str = "by_subject_tables") -> World:
    """Over a front-end database; it is made first."""
    register = Register(services)
    link = make_link(services, register, profile=profile, channel="database", address=url)
    standin = standin_of(services, link, folder)
    engine: Engine = create_engine(url)
    end = DatabaseEnd(standin, engine)
    end.create()
    return World(services, register, link, standin.profile, standin, end, engine)


def folder_world(services: Services, folder: Path, profile: str = "xml_envelope") -> World:
    """Over a folder."""
    register, root = Register(services), folder / "exchange"
    root.mkdir()
    link = make_link(services, register, profile=profile, channel="folder", address=str(root))
    standin = standin_of(services, link, folder)
    end = FolderEnd(standin, root)
    end.create()
    return World(services, register, link, standin.profile, standin, end)


def plus(day: date, days: int) -> date:
    """A day so many days later."""
    return day + timedelta(days=days)


def with_ports(services: Services, ports: Any) -> Services:
    """The same services with other ports."""
    return replace(services, ports=ports)
