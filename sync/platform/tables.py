"""Tables of the exchange with platforms: links, batches and their rows, receipts, messages, comparisons, alarms.

No identity number and no digest that one could be guessed from stands here: rows name entry and revision alone. What a
platform writes in its own words is sealed. Secrets of channels are files; a link knows their path.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Boolean, Date, ForeignKey, Index, Integer, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from creditsvc.storage.base import At, Base, BigId, Code, Id, Instant, Json

ENTRY = String(28)
SHORT = String(8)


class PlatformLink(Base):
    """One platform that we exchange with: by which profile, over which channel, under whose agreement, how far."""

    __tablename__ = "platform_link"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(String(40), unique=True)
    title: Mapped[str] = mapped_column(String(128))
    profile: Mapped[Code]
    channel: Mapped[Code]
    """``database``, ``folder``, ``sftp`` or ``http``."""
    address: Mapped[str] = mapped_column(String(512))
    """Without any secret."""
    options: Mapped[dict[str, str]] = mapped_column(Json)
    """What the channel needs besides: scheme and names of a signed request, fingerprint of a host."""
    secret_file: Mapped[str | None] = mapped_column(String(512))
    subscriber: Mapped[str | None] = mapped_column(String(64))
    """Whose agreement says what it may have."""
    provider: Mapped[str] = mapped_column(String(128))
    provider_code: Mapped[str] = mapped_column(String(18))
    epoch: Mapped[int] = mapped_column(Integer, default=0)
    removals_cursor: Mapped[int] = mapped_column(BigId, default=0)
    corrections_cursor: Mapped[int] = mapped_column(BigId, default=0)
    additions_cursor: Mapped[int] = mapped_column(BigId, default=0)
    serial: Mapped[int] = mapped_column(Integer, default=0)
    """Of its newest batch."""
    additions_at: Mapped[datetime | None] = mapped_column(Instant)
    """When additions were last sent to the end."""
    received_at: Mapped[datetime | None] = mapped_column(Instant)
    claim: Mapped[str | None] = mapped_column(String(32))
    claimed_until: Mapped[datetime | None] = mapped_column(Instant)
    """Of additions; ends and corrections have a holder of their own, who waits for none of them."""
    urgent_claim: Mapped[str | None] = mapped_column(String(32))
    urgent_claimed_until: Mapped[datetime | None] = mapped_column(Instant)
    paused_at: Mapped[datetime | None] = mapped_column(Instant)
    """Additions and corrections wait; removals never do."""
    created_at: Mapped[At]
    ended_at: Mapped[datetime | None] = mapped_column(Instant)


class PlatformBatch(Base):
    """One batch. ``planned`` before it is handed over, ``sent`` after, ``void`` if it was planned anew."""

    __tablename__ = "platform_batch"
    __table_args__ = (
        UniqueConstraint("link_id", "number"),
        Index("ix_platform_batch_state", "link_id", "state", "serial"),
    )

    link_id: Mapped[int] = mapped_column(BigId, ForeignKey("platform_link.id"), primary_key=True)
    serial: Mapped[int] = mapped_column(Integer, primary_key=True)
    number: Mapped[str] = mapped_column(String(64))
    lane: Mapped[Code]
    after: Mapped[int] = mapped_column(BigId, default=0)
    """The stream's sequence behind which it begins: until it is settled, nothing later counts as confirmed."""
    rows: Mapped[int] = mapped_column(Integer)
    answered: Mapped[int] = mapped_column(Integer, default=0)
    """Rows that have a receipt."""
    refused: Mapped[int] = mapped_column(Integer, default=0)
    state: Mapped[Code]
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    uncertain: Mapped[bool] = mapped_column(Boolean, default=False)
    """A void one that may have arrived all the same."""
    created_at: Mapped[At]
    sent_at: Mapped[datetime | None] = mapped_column(Instant)
    due_on: Mapped[date | None] = mapped_column(Date)
    """The last day on which the platform may answer."""


class PlatformRow(Base):
    """One row of a batch: which revision of which entry, and what it does. The newest of an entry is what they have."""

    __tablename__ = "platform_row"
    __table_args__ = (Index("ix_platform_row_entry", "link_id", "entry"),)

    link_id: Mapped[int] = mapped_column(BigId, primary_key=True)
    serial: Mapped[int] = mapped_column(Integer, primary_key=True)
    sequence: Mapped[int] = mapped_column(Integer, primary_key=True)
    entry: Mapped[str] = mapped_column(ENTRY)
    version: Mapped[int] = mapped_column(Integer)
    operation: Mapped[str] = mapped_column(String(1))
    shape: Mapped[str] = mapped_column(String(16))
    court: Mapped[str] = mapped_column(String(32))


class PlatformWish(Base):
    """A row to be sent again, or for the first time, before anything else: what a comparison or a desk asked for."""

    __tablename__ = "platform_wish"

    link_id: Mapped[int] = mapped_column(BigId, ForeignKey("platform_link.id"), primary_key=True)
    entry: Mapped[str] = mapped_column(ENTRY, primary_key=True)
    operation: Mapped[str] = mapped_column(String(1))
    version: Mapped[int] = mapped_column(Integer)
    """Of a row that ends what we don't have: above theirs. Else the entry's own is taken."""
    asked_at: Mapped[At]


class PlatformReceipt(Base):
    """What the platform last said of a row."""

    __tablename__ = "platform_receipt"

    link_id: Mapped[int] = mapped_column(BigId, primary_key=True)
    serial: Mapped[int] = mapped_column(Integer, primary_key=True)
    sequence: Mapped[int] = mapped_column(Integer, primary_key=True)
    result: Mapped[Code]
    code: Mapped[str] = mapped_column(String(32))
    field: Mapped[str] = mapped_column(String(64))
    message: Mapped[str] = mapped_column(String(400))
    record: Mapped[str] = mapped_column(String(64))
    effect: Mapped[str] = mapped_column(String(32))
    at: Mapped[At]


class PlatformRefusal(Base):
    """A row that the platform refused, or that the profile can't carry: a person works it off."""

    __tablename__ = "platform_refusal"
    __table_args__ = (
        UniqueConstraint("link_id", "entry", "version", "code"),
        Index("ix_platform_refusal_state", "state", "id"),
    )

    id: Mapped[Id]
    link_id: Mapped[int] = mapped_column(BigId, ForeignKey("platform_link.id"))
    serial: Mapped[int | None] = mapped_column(Integer)
    sequence: Mapped[int | None] = mapped_column(Integer)
    entry: Mapped[str] = mapped_column(ENTRY)
    version: Mapped[int] = mapped_column(Integer)
    operation: Mapped[str] = mapped_column(String(1))
    court: Mapped[str] = mapped_column(String(32))
    code: Mapped[str] = mapped_column(String(32))
    means: Mapped[Code]
    field: Mapped[str] = mapped_column(String(64))
    message: Mapped[str] = mapped_column(String(400))
    state: Mapped[Code]
    """``open``, ``resent``, ``returned`` (to the court), ``closed``."""
    note: Mapped[str] = mapped_column(String(512), default="")
    actor: Mapped[str | None] = mapped_column(String(64))
    at: Mapped[At]
    settled_at: Mapped[datetime | None] = mapped_column(Instant)


class PlatformStray(Base):
    """A receipt for a row that we never sent: kept and shown, it changes nothing."""

    __tablename__ = "platform_stray"
    __table_args__ = (UniqueConstraint("link_id", "remote_id"),)

    id: Mapped[Id]
    link_id: Mapped[int] = mapped_column(BigId, ForeignKey("platform_link.id"))
    remote_id: Mapped[str] = mapped_column(String(64))
    batch: Mapped[str] = mapped_column(String(64))
    sequence: Mapped[int] = mapped_column(BigId)
    result: Mapped[Code]
    at: Mapped[At]


class PlatformMessage(Base):
    """Something that the platform handed over: an objection, a repair result, a change of identity or registration."""

    __tablename__ = "platform_message"
    __table_args__ = (
        UniqueConstraint("link_id", "remote_id"),
        Index("ix_platform_message_state", "state", "id"),
        Index("ix_platform_message_entry", "entry"),
    )

    id: Mapped[Id]
    link_id: Mapped[int] = mapped_column(BigId, ForeignKey("platform_link.id"))
    remote_id: Mapped[str] = mapped_column(String(64))
    kind: Mapped[Code]
    entry: Mapped[str | None] = mapped_column(ENTRY)
    """None where the platform named no record of ours."""
    court: Mapped[str] = mapped_column(String(32))
    words: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Its text, old and new value, sealed."""
    result: Mapped[str] = mapped_column(String(64))
    received_at: Mapped[At]
    due_on: Mapped[date | None] = mapped_column(Date)
    platform_due_on: Mapped[date | None] = mapped_column(Date)
    state: Mapped[Code]
    """``open``, ``answered`` (to be sent), ``sent``, ``closed`` (nothing to send)."""
    mark_id: Mapped[int | None] = mapped_column(BigId)
    """The mark that shows the entry as disputed."""
    case: Mapped[str | None] = mapped_column(String(64))
    """The case that was opened for it."""
    outcome: Mapped[str] = mapped_column(SHORT, default="")
    answer: Mapped[str] = mapped_column(Text, default="")
    actor: Mapped[str | None] = mapped_column(String(64))
    answered_at: Mapped[datetime | None] = mapped_column(Instant)
    sent_at: Mapped[datetime | None] = mapped_column(Instant)


class PlatformComparison(Base):
    """One reconciliation: what both sides hold by court and status, and how it ended."""

    __tablename__ = "platform_comparison"
    __table_args__ = (Index("ix_platform_comparison_link", "link_id", "id"),)

    id: Mapped[Id]
    link_id: Mapped[int] = mapped_column(BigId, ForeignKey("platform_link.id"))
    at: Mapped[At]
    on_day: Mapped[date] = mapped_column(Date)
    sequence: Mapped[int] = mapped_column(BigId)
    """Of the stream, as far as ours reaches."""
    ours: Mapped[dict[str, Any]] = mapped_column(Json)
    theirs: Mapped[dict[str, Any]] = mapped_column(Json)
    found: Mapped[dict[str, int]] = mapped_column(Json)
    """Differences by kind."""
    waiting: Mapped[int] = mapped_column(Integer)
    repaired: Mapped[int] = mapped_column(Integer, default=0)
    report: Mapped[str] = mapped_column(Text)
    """The signed note: the other side adds its signature to the same text."""
    state: Mapped[Code]
    """``agrees``, ``differs``, ``repairing``."""
    actor: Mapped[Code]


class PlatformDifference(Base):
    """One record on which the two sides disagreed, and the row that repairs it."""

    __tablename__ = "platform_difference"
    __table_args__ = (Index("ix_platform_difference_comparison", "comparison_id", "id"),)

    id: Mapped[Id]
    comparison_id: Mapped[int] = mapped_column(BigId, ForeignKey("platform_comparison.id"))
    entry: Mapped[str] = mapped_column(String(64))
    kind: Mapped[Code]
    ours: Mapped[int] = mapped_column(Integer)
    theirs: Mapped[int] = mapped_column(Integer)
    court: Mapped[str] = mapped_column(String(32))
    serial: Mapped[int | None] = mapped_column(Integer)
    """The batch that carries the repair."""


class PlatformAlarm(Base):
    """A named alarm of a link: since when, how often, whether it is over."""

    __tablename__ = "platform_alarm"
    __table_args__ = (
        Index(
            "ix_platform_alarm_open",
            "link_id",
            "code",
            unique=True,
            sqlite_where=text("cleared_at IS NULL"),
            postgresql_where=text("cleared_at IS NULL"),
        ),
    )

    id: Mapped[Id]
    link_id: Mapped[int] = mapped_column(BigId, ForeignKey("platform_link.id"))
    code: Mapped[Code]
    detail: Mapped[str] = mapped_column(String(400))
    times: Mapped[int] = mapped_column(Integer)
    first_at: Mapped[At]
    last_at: Mapped[At]
    cleared_at: Mapped[datetime | None] = mapped_column(Instant)
