"""What ``/freshz`` watches of the feed and of the court's lists."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from creditsvc.ports import Freshness
from creditsvc.settings import Settings
from sync.tables_feed import FeedStream
from sync.tables_intake import Batch

HEAD = timedelta(minutes=15)
"""A head is signed every five minutes; subscribers refuse one that is older than this."""


def feed_freshness(session: Session, settings: Settings) -> Freshness:
    """The oldest of the streams' signed heads."""
    del settings
    return Freshness("feed", session.scalar(select(func.min(FeedStream.signed_at))), HEAD)


def batch_freshness(session: Session, settings: Settings) -> Freshness:
    """The newest batch that came into force."""
    newest = session.scalar(select(func.max(Batch.applied_at)))
    return Freshness("batch", newest, timedelta(days=settings.fresh_batch_days))
