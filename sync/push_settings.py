"""Where an agreement lets a subscriber be woken: address, allowed names, allowed networks; checked when they are written."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from creditsvc.access import audit
from creditsvc.access.callers import Caller
from creditsvc.access.permissions import Permission
from creditsvc.kernel.errors import InvalidInput
from creditsvc.kernel.text import Bilingual
from creditsvc.settings import Settings
from sync.deliver import allowed_by, stop_pushes
from sync.safe_post import AddressRefused, parse_target
from sync.tables_feed import Agreement, Subscriber

MOST_HOSTS, MOST_RANGES = 10, 20
_HOST = re.compile(r"[a-z0-9][a-z0-9.-]{0,252}", re.ASCII)


@dataclass(frozen=True, slots=True)
class PushPlace:
    """What the desk or the command line wrote; an empty address means that the subscriber asks by itself."""

    url: str
    hosts: tuple[str, ...]
    ranges: tuple[str, ...]


def split_words(text: str) -> tuple[str, ...]:
    """Words that are parted by blanks, commas or lines."""
    return tuple(word for word in re.split(r"[\s,，、]+", text) if word)


def set_push(
    session: Session,
    settings: Settings,
    subscriber: Subscriber,
    agreement: Agreement,
    place: PushPlace,
    *,
    caller: Caller,
    now: datetime,
) -> None:
    """Write it into the agreement. Raises AddressRefused, ``InvalidInput`` (``push-hosts``), ``NotAllowed``."""
    caller.require(Permission.SUBSCRIBER_MANAGE)
    _check_words(place.hosts, place.ranges)
    before = (agreement.push_url, agreement.push_hosts, agreement.push_ranges)
    agreement.push_url, agreement.push_hosts, agreement.push_ranges = (
        place.url or None,
        list(place.hosts),
        list(place.ranges),
    )
    try:
        allowed = allowed_by(agreement, settings)
        if place.url:
            parse_target(place.url, allowed)
            if not place.ranges:
                raise AddressRefused("range")
    except AddressRefused:
        agreement.push_url, agreement.push_hosts, agreement.push_ranges = before
        raise
    stop_pushes(session, subscriber.id)
    audit.record(session, action="subscriber.push", caller=caller, object=f"subscriber:{subscriber.name}", at=now,
                 details={"hosts": list(place.hosts), "ranges": list(place.ranges), "set": bool(place.url)})  # fmt: skip


def _check_words(hosts: Sequence[str], ranges: Sequence[str]) -> None:
    if len(hosts) > MOST_HOSTS or not all(_HOST.fullmatch(host) for host in hosts):
        raise InvalidInput(
            Bilingual("主机名：小写，最多 10 个", "names of hosts: lower case, ten at most"),
            code="push-hosts",
            field="push_hosts",
        )
    if len(ranges) > MOST_RANGES:
        raise InvalidInput(
            Bilingual("网段最多 20 个", "twenty networks at most"), code="push-hosts", field="push_ranges"
        )
