"""Tables of delivery: who was woken when, what each reached when, what was probed, what went wrong.

No personal data stand here: entries, sequences, addresses of subscribers and times.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Boolean, ForeignKey, Index, Integer, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from creditsvc.storage.base import At, Base, BigId, Code, Id, Instant
from sync.tables_feed import ENTRY, STREAM


class Push(Base):
    """What one subscriber still has to be told of one stream: at most one message is under way, for the newest head."""

    __tablename__ = "feed_push"
    __table_args__ = (Index("ix_feed_push_due", "next_at"),)

    subscriber_id: Mapped[int] = mapped_column(BigId, ForeignKey("subscriber.id"), primary_key=True)
    stream: Mapped[str] = mapped_column(STREAM, primary_key=True)
    message: Mapped[str] = mapped_column(String(64))
    """The same for every attempt."""
    sequence: Mapped[int] = mapped_column(BigId)
    urgent: Mapped[bool] = mapped_column(Boolean)
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    first_at: Mapped[At]
    next_at: Mapped[datetime | None] = mapped_column(Instant)
    """When it is tried next; empty once it has been heard, or given up with no removal open."""
    claimed_until: Mapped[datetime | None] = mapped_column(Instant)
    heard: Mapped[int] = mapped_column(BigId, default=0)
    """The last sequence that was answered with success."""


class PushAttempt(Base):
    """One attempt, as both sides may see it."""

    __tablename__ = "feed_push_attempt"
    __table_args__ = (
        Index("ix_feed_push_attempt_subscriber", "subscriber_id", "id"),
        Index("ix_feed_push_attempt_at", "at"),
    )

    id: Mapped[Id]
    subscriber_id: Mapped[int] = mapped_column(BigId, ForeignKey("subscriber.id"))
    stream: Mapped[str] = mapped_column(STREAM)
    sequence: Mapped[int] = mapped_column(BigId)
    message: Mapped[str] = mapped_column(String(64))
    at: Mapped[At]
    outcome: Mapped[Code]
    """``200`` and the like, or why there was no answer."""
    heard: Mapped[bool] = mapped_column(Boolean)


class LadderStep(Base):
    """When a subscriber reached a rung with everything up to a sequence. Written only where a removal is among it."""

    __tablename__ = "feed_step"
    __table_args__ = (Index("ix_feed_step_subscriber", "subscriber_id", "stream", "step", "sequence"),)

    id: Mapped[Id]
    subscriber_id: Mapped[int] = mapped_column(BigId, ForeignKey("subscriber.id"))
    stream: Mapped[str] = mapped_column(STREAM)
    step: Mapped[Code]
    """``notified``, ``fetched``, ``applied``, ``diverged`` or ``overdue``."""
    sequence: Mapped[int] = mapped_column(BigId)
    at: Mapped[At]


class Probe(Base):
    """A mystery check: after a removal somebody looks through the subscriber's own product whether the entry is gone."""

    __tablename__ = "feed_probe"
    __table_args__ = (Index("ix_feed_probe_subscriber", "subscriber_id", "id"), Index("ix_feed_probe_entry", "entry"))

    id: Mapped[Id]
    subscriber_id: Mapped[int] = mapped_column(BigId, ForeignKey("subscriber.id"))
    stream: Mapped[str] = mapped_column(STREAM)
    entry: Mapped[str] = mapped_column(ENTRY)
    sequence: Mapped[int] = mapped_column(BigId)
    planned_at: Mapped[At]
    looked_at: Mapped[datetime | None] = mapped_column(Instant)
    onward: Mapped[bool] = mapped_column(Boolean, default=False)
    """Whether to look at somebody to whom the subscriber has passed data on, not at its own product."""
    finding: Mapped[str | None] = mapped_column(String(16))
    """``gone`` or ``still``."""
    note: Mapped[str] = mapped_column(String(512), default="")
    actor: Mapped[str | None] = mapped_column(String(64))


class PushKey(Base):
    """A key that signs pushes, from an instant on; the first needs no row. Seven days the one before it signs as well."""

    __tablename__ = "feed_push_key"

    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    from_at: Mapped[At]


class KeptProof(Base):
    """A proof of a removal that was handed out, byte for byte. No personal data in it."""

    __tablename__ = "feed_removal_proof"
    __table_args__ = (Index("ix_feed_removal_proof_entry", "entry", "id"),)

    id: Mapped[Id]
    entry: Mapped[str] = mapped_column(ENTRY)
    digest: Mapped[str] = mapped_column(String(64))
    bundle: Mapped[bytes] = mapped_column(LargeBinary)
    made_at: Mapped[At]


class FeedAlarm(Base):
    """Something that the supervisor is told, until somebody who saw to it closes it."""

    __tablename__ = "feed_alarm"
    __table_args__ = (Index("ix_feed_alarm_open", "closed_at", "id"),)

    id: Mapped[Id]
    kind: Mapped[Code]
    """``overdue``, ``diverged``, ``still-shown`` or ``halted``."""
    subscriber_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("subscriber.id"))
    stream: Mapped[str] = mapped_column(STREAM)
    sequence: Mapped[int] = mapped_column(BigId)
    at: Mapped[At]
    closed_at: Mapped[datetime | None] = mapped_column(Instant)
    closed_by: Mapped[str | None] = mapped_column(String(64))
