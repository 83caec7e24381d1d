"""What a page shows of one subscriber; the same for the desk and for the subscriber itself."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditsvc.services import Services
from sync.agreements import recipient_of
from sync.alarms import KINDS as ALARM_KINDS
from sync.push_keys import push_keys
from sync.subscribers import agreements_of, keys_of, lags
from sync.tables_delivery import FeedAlarm, Push, PushAttempt
from sync.tables_feed import Receipt, Subscriber
from sync.timelines import RUNGS, ladder_of
from sync.wire.fields import FIELDS, KINDS

ROWS = 50


def subscriber_view(session: Session, services: Services, subscriber: Subscriber) -> dict[str, Any]:
    """Agreements, lag, ladder of removals, attempts, receipts with what differed, alarms, keys."""
    mine = [lag for lag in lags(session) if lag.subscriber.id == subscriber.id]
    own, agreements = subscriber.id, agreements_of(session, subscriber)
    return {
        "subscriber": subscriber,
        "lags": mine,
        "agreements": agreements,
        "recipient": recipient_of(agreements[0]) if agreements else "",
        "ladder": [rung for lag in mine for rung in ladder_of(session, lag, most=ROWS)],
        "rungs": RUNGS,
        "pushes": session.scalars(select(Push).where(Push.subscriber_id == own).order_by(Push.stream)).all(),
        "attempts": session.scalars(
            select(PushAttempt).where(PushAttempt.subscriber_id == own).order_by(PushAttempt.id.desc()).limit(ROWS)
        ).all(),
        "receipts": session.scalars(
            select(Receipt).where(Receipt.subscriber_id == own).order_by(Receipt.id.desc()).limit(ROWS)
        ).all(),
        "alarms": session.scalars(
            select(FeedAlarm).where(FeedAlarm.subscriber_id == own).order_by(FeedAlarm.id.desc()).limit(ROWS)
        ).all(),
        "alarm_kinds": ALARM_KINDS,
        "keys": keys_of(session, subscriber),
        "fields": {stream: sorted(names) for stream, names in FIELDS.items()},
        "kinds": {stream: sorted(names) for stream, names in KINDS.items()},
        "push_keys": push_keys(session, services.keyring, services.clock.now()),
        "host": services.settings.host,
        "now": services.clock.now(),
    }
