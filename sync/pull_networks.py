"""From which networks a subscriber's keys are good: a key that was lost is then of no use elsewhere."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from creditsvc.access import audit
from creditsvc.access.callers import Caller
from creditsvc.access.permissions import Permission
from creditsvc.kernel.errors import InvalidInput, NotAllowed, NotFound
from creditsvc.kernel.text import Bilingual
from sync.subscribers import agreements_of
from sync.tables_feed import Agreement, Subscriber

MOST_RANGES = 20
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def set_pull_ranges(
    session: Session, subscriber: Subscriber, ranges: Sequence[str], *, caller: Caller, now: datetime
) -> list[str]:
    """Write them into every agreement in force, for its keys are the same; none: from anywhere. As they were written.

    Raises ``NotAllowed``, ``InvalidInput`` (``pull-ranges``), ``NotFound`` (``agreement-unknown``).
    """
    caller.require(Permission.SUBSCRIBER_MANAGE)
    written = [str(network) for network in map(_network, ranges)]
    if len(written) > MOST_RANGES:
        raise InvalidInput(
            Bilingual("网段最多 20 个", "twenty networks at most"), code="pull-ranges", field="pull_ranges"
        )
    agreements = [agreement for agreement in agreements_of(session, subscriber) if agreement.ended_at is None]
    if not agreements:
        raise NotFound(Bilingual("该单位没有协议", "this unit has no agreement"), code="agreement-unknown")
    for agreement in agreements:
        agreement.pull_ranges = written
    audit.record(session, action="subscriber.networks", caller=caller, object=f"subscriber:{subscriber.name}", at=now,
                 details={"ranges": written})  # fmt: skip
    return written


def _network(text: str) -> Network:
    try:
        return ipaddress.ip_network(text.strip())
    except ValueError:
        raise InvalidInput(
            Bilingual(f"不是网段：{text}，例如 10.20.0.0/16", f"not a network: {text}; write for example 10.20.0.0/16"),
            code="pull-ranges",
            field="pull_ranges",
        ) from None


def refuse_elsewhere(agreement: Agreement, address: str | None) -> None:
    """Raise ``NotAllowed`` (``scope-denied``) for a call from outside the agreement's networks."""
    if not agreement.pull_ranges or _within(address or "", agreement.pull_ranges):
        return
    raise NotAllowed(
        Bilingual(
            "协议不允许从这个地址拉取，请联系发布方核对来源网段",
            "the agreement does not allow calls from this address; ask the publisher about its networks",
        ),
        code="scope-denied",
    )


def _within(address: str, ranges: Sequence[str]) -> bool:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None) or found
    return any(mapped in ipaddress.ip_network(text) for text in ranges)
