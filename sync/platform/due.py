"""Whether anything waits to be sent to a platform: asked between any two batches, so it must cost little."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from creditsvc.services import Services
from sync.platform import records
from sync.platform.links import ADDING, URGENT
from sync.platform.planning import PLANNED
from sync.platform.shape.batches import Lane
from sync.platform.tables import PlatformBatch, PlatformLink, PlatformWish


class Waiting:
    """What waits for one link; additions go out every so often, ends at once."""

    def __init__(self, services: Services, link_id: int, *, additions_every: timedelta) -> None:
        self._services, self._link_id, self._every = services, link_id, additions_every

    def urgent(self) -> bool:
        """Whether something was said that may be urgent, or waits from before."""
        with self._services.database.reading() as session:
            link, stream = session.get_one(PlatformLink, self._link_id), records.stream_row(session)
            if stream is None:
                return False
            if link.epoch != stream.epoch or min(link.removals_cursor, link.corrections_cursor) < stream.size:
                return True
            wished = select(PlatformWish.entry).where(PlatformWish.link_id == self._link_id).limit(1)
            return session.scalar(wished) is not None or self._has_planned(session, URGENT)

    def additions(self, now: datetime) -> bool:
        """Whether additions are due at ``now``, or wait from before."""
        with self._services.database.reading() as session:
            link, stream = session.get_one(PlatformLink, self._link_id), records.stream_row(session)
            if stream is None or (link.epoch == stream.epoch and link.additions_cursor >= stream.size):
                return self._has_planned(session, ADDING)
            return link.additions_at is None or now - link.additions_at >= self._every or link.additions_at > now

    def _has_planned(self, session: Session, lane: str) -> bool:
        return session.scalar(planned_of(self._link_id, lane).limit(1)) is not None


def planned_of(link_id: int, lane: str) -> Select[int]:
    """Batches of a lane that were planned and not marked as sent."""
    lanes = [each.value for each in Lane if each.is_urgent == (lane == URGENT)]
    return select(PlatformBatch.serial).where(
        PlatformBatch.link_id == link_id, PlatformBatch.state == PLANNED, PlatformBatch.lane.in_(lanes)
    )
