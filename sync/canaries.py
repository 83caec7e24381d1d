"""Canaries: a made-up entry a day on every stream, so that a copy which stands still, or resells, shows.

They are applied and counted like any entry, and shown to nobody. The unit does not exist; the register knows nothing of it.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditsvc.kernel.days import legal_day
from creditsvc.kernel.identity import uscc_check_digit
from creditsvc.register.feed_fields import FeedFields
from creditsvc.services import Services
from sync.heads import origin_of
from sync.publish import locked, seal
from sync.stream_writer import Writer
from sync.tables_feed import FeedEntry, FeedStream, StreamEvent
from sync.wire.ids import RANDOM_BYTES, entry_id

EVERY = timedelta(days=1)
_DIGITS = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def publish_canaries(services: Services, now: datetime) -> int:
    """Replace, on every stream, a canary that is a day old; how many streams."""
    done = 0
    with services.database.writing() as session:
        if not locked(services, session):
            return 0
        query = select(FeedStream).where(FeedStream.halted.is_(None)).order_by(FeedStream.stream)
        for row in session.scalars(query.with_for_update()):
            old = _standing(session, row.stream)
            if old is not None and now - old[1] < EVERY:
                continue
            writer = Writer(session, row, origin_of(services.settings.host, row), now)
            if old is not None:
                writer.load([old[0]])
                writer.remove(old[0], "listing", _exit(now))
            writer.put_canary(_made_up(now))
            seal(session, services, writer, row, now)
            done += 1
    return done


def _standing(session: Session, stream: str) -> tuple[str, datetime] | None:
    query = (
        select(FeedEntry.entry, StreamEvent.at)
        .join(StreamEvent, (StreamEvent.stream == FeedEntry.stream) & (StreamEvent.sequence == FeedEntry.full_sequence))
        .where(FeedEntry.stream == stream, FeedEntry.canary.is_(True))
        .order_by(FeedEntry.sequence)
        .limit(1)
    )
    found = session.execute(query).one_or_none()
    return (found.entry, found.at) if found is not None else None


def _exit(now: datetime) -> dict[str, str]:
    """A canary's removal is due the next day: a copy that stands still shows within two, even if nobody else leaves."""
    today, due = legal_day(now).isoformat(), legal_day(now + EVERY).isoformat()
    return {"exit": "removed", "ground": "terminated", "effect": "stop_use", "effective": today, "due": due}


def _made_up(now: datetime) -> FeedFields:
    first17 = "91" + "".join(secrets.choice(_DIGITS) for _ in range(15))
    code = first17 + uscc_check_digit(first17)
    entry = entry_id("listing", secrets.token_bytes(RANDOM_BYTES))
    data: dict[str, Any] = {
        "entry": entry,
        "kind": "listing",
        "debtor_kind": "organisation",
        "name": f"校验单位{secrets.token_hex(4)}",
        "unit_code": code,
        "case_number": f"（{legal_day(now).year}）校验{secrets.randbelow(10**6)}号",
        "performance": "none",
        "grounds": ["property_report"],
        "published_on": legal_day(now).isoformat(),
    }
    return FeedFields(
        entry=entry,
        kind="listing",
        revision=1,
        in_force=True,
        nonpublic=False,
        subject_number=f"uscc:{code}",
        data=data,
    )
