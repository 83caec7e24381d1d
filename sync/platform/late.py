"""Who is late, by name: platforms with their answers, the court with its own, users with letting go."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from creditsvc.kernel.text import Bilingual
from sync.ladder import removal_due
from sync.platform.messages import OPEN
from sync.platform.planning import SENT
from sync.platform.shape.clocks import CLOCKS
from sync.platform.tables import PlatformBatch, PlatformLink, PlatformMessage
from sync.tables_feed import Overdue, StreamEvent, Subscriber

_CLOCK_OF_LANE = {"removals": "repair", "corrections": "repair", "additions": "verify"}


@dataclass(frozen=True, slots=True)
class Late:
    """One duty that is overdue."""

    name: str
    clock: str
    """One of ``CLOCKS``."""
    due_on: date
    rows: int
    reference: str

    @property
    def what(self) -> Bilingual:
        """The duty."""
        return CLOCKS[self.clock].what

    @property
    def clause(self) -> Bilingual:
        """By which clause."""
        return CLOCKS[self.clock].clause


def late_batches(session: Session, today: date, *, link_id: int | None = None) -> list[Late]:
    """Batches that a platform has not answered in time, oldest first."""
    query = (
        select(PlatformBatch, PlatformLink.title)
        .join(PlatformLink, PlatformLink.id == PlatformBatch.link_id)
        .where(PlatformBatch.state == SENT, PlatformBatch.due_on < today)
        .order_by(PlatformBatch.due_on, PlatformBatch.serial)
    )
    if link_id is not None:
        query = query.where(PlatformBatch.link_id == link_id)
    return [
        Late(title, _CLOCK_OF_LANE[batch.lane], batch.due_on or today, batch.rows - batch.answered, batch.number)
        for batch, title in session.execute(query)
    ]


def late_messages(session: Session, today: date) -> list[Late]:
    """Messages that the court has not answered in time."""
    query = (
        select(PlatformMessage, PlatformLink.title)
        .join(PlatformLink, PlatformLink.id == PlatformMessage.link_id)
        .where(PlatformMessage.state == OPEN, PlatformMessage.due_on < today)
        .order_by(PlatformMessage.due_on, PlatformMessage.id)
    )
    return [
        Late(row.court or title, "objection_answer", row.due_on or today, 1, f"{title} {row.remote_id}")
        for row, title in session.execute(query)
    ]


def late_users(session: Session) -> list[Late]:
    """Subscribers that have not confirmed a removal by the end of its day."""
    query = (
        select(Overdue.stream, Overdue.removal, Subscriber.title, StreamEvent.body, StreamEvent.at)
        .join(Subscriber, Subscriber.id == Overdue.subscriber_id)
        .join(StreamEvent, and_(StreamEvent.stream == Overdue.stream, StreamEvent.sequence == Overdue.removal))
        .where(Overdue.lifted_at.is_(None))
        .order_by(Overdue.from_at)
    )
    return [
        Late(title, "agency", removal_due(body, at), 1, f"{stream} {removal}")
        for stream, removal, title, body, at in session.execute(query)
    ]


def all_late(session: Session, today: date) -> list[Late]:
    """Everybody who is late, the longest first."""
    found = [*late_batches(session, today), *late_messages(session, today), *late_users(session)]
    return sorted(found, key=lambda late: (late.due_on, late.name, late.reference))
