"""Tables of the feed: streams, their events and log, state, subscribers, receipts.

An event's body goes when it is erased; its leaf stays, so every proof still holds. Personal data stand in bodies and in
salts alone.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Boolean, Date, ForeignKey, Index, Integer, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from creditsvc.storage.base import At, Base, BigId, Code, Id, Instant, Json

STREAM = String(16)
ENTRY = String(28)


class FeedStream(Base):
    """One stream as it stands: its last number, its log's frontier, its state, its signed head."""

    __tablename__ = "feed_stream"

    stream: Mapped[str] = mapped_column(STREAM, primary_key=True)
    epoch: Mapped[int] = mapped_column(Integer)
    size: Mapped[int] = mapped_column(BigId)
    frontier: Mapped[bytes] = mapped_column(LargeBinary)
    count: Mapped[int] = mapped_column(BigId)
    state: Mapped[bytes] = mapped_column(LargeBinary(32))
    forget_before: Mapped[int] = mapped_column(BigId, default=0)
    head: Mapped[str] = mapped_column(Text)
    signed_at: Mapped[At]
    advanced_at: Mapped[At]
    cosigned: Mapped[str] = mapped_column(Text, default="")
    """The last head that every witness has cosigned, with its cosignatures; what a certificate stands on."""
    halted: Mapped[str | None] = mapped_column(String(64))
    """Why nothing is signed until a person has looked; empty while all is well."""


class FeedEpoch(Base):
    """An epoch that is over: why, and the last head that was signed in it."""

    __tablename__ = "feed_epoch"

    stream: Mapped[str] = mapped_column(STREAM, primary_key=True)
    epoch: Mapped[int] = mapped_column(Integer, primary_key=True)
    size: Mapped[int] = mapped_column(BigId)
    head: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(String(256))
    ended_at: Mapped[At]


class FeedWitness(Base):
    """How far a witness has followed a stream: from there the next proof of consistency starts."""

    __tablename__ = "feed_witness"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    stream: Mapped[str] = mapped_column(STREAM, primary_key=True)
    epoch: Mapped[int] = mapped_column(Integer)
    size: Mapped[int] = mapped_column(BigId)
    cosigned_at: Mapped[datetime | None] = mapped_column(Instant)
    failed_at: Mapped[datetime | None] = mapped_column(Instant)
    problem: Mapped[str | None] = mapped_column(String(64))


class FeedHead(Base):
    """The state at each head, kept for a day: what a receipt is measured against."""

    __tablename__ = "feed_head"

    stream: Mapped[str] = mapped_column(STREAM, primary_key=True)
    sequence: Mapped[int] = mapped_column(BigId, primary_key=True)
    count: Mapped[int] = mapped_column(BigId)
    state: Mapped[bytes] = mapped_column(LargeBinary(32))
    at: Mapped[At]


class StreamEvent(Base):
    """One numbered event. ``body`` is the canonical line with its salt; empty once erased."""

    __tablename__ = "stream_event"
    __table_args__ = (
        Index("ix_stream_event_entry", "stream", "entry"),
        Index(
            "ix_stream_event_removal",
            "stream",
            "sequence",
            sqlite_where=text("removes"),
            postgresql_where=text("removes"),
        ),
    )

    stream: Mapped[str] = mapped_column(STREAM, primary_key=True)
    sequence: Mapped[int] = mapped_column(BigId, primary_key=True)
    entry: Mapped[str] = mapped_column(ENTRY)
    revision: Mapped[int] = mapped_column(Integer)
    type: Mapped[Code]
    removes: Mapped[bool] = mapped_column(Boolean)
    leaf: Mapped[bytes] = mapped_column(LargeBinary(32))
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    at: Mapped[At]


class LogNode(Base):
    """Hashes of whole tiles: nodes of levels 8, 16, 24 …; the leaves are the events' own."""

    __tablename__ = "log_node"

    stream: Mapped[str] = mapped_column(STREAM, primary_key=True)
    level: Mapped[int] = mapped_column(Integer, primary_key=True)
    index: Mapped[int] = mapped_column(BigId, primary_key=True)
    hash: Mapped[bytes] = mapped_column(LargeBinary(32))


class FeedEntry(Base):
    """An entry in force on a stream: its revision, the events that made it, its subject's salt."""

    __tablename__ = "feed_entry"
    __table_args__ = (
        Index("ix_feed_entry_bucket", "stream", "bucket"),
        Index("ix_feed_entry_sequence", "stream", "sequence"),
    )

    stream: Mapped[str] = mapped_column(STREAM, primary_key=True)
    entry: Mapped[str] = mapped_column(ENTRY, primary_key=True)
    revision: Mapped[int] = mapped_column(Integer)
    sequence: Mapped[int] = mapped_column(BigId)
    """Of the event that made this revision."""
    full_sequence: Mapped[int] = mapped_column(BigId)
    """Of the last event with all fields."""
    bucket: Mapped[int] = mapped_column(Integer)
    salt: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    has_slip: Mapped[bool] = mapped_column(Boolean)
    canary: Mapped[bool] = mapped_column(Boolean, default=False)


class FeedDigest(Base):
    """Digests of buckets (level 0, number 0 to 65,535) and groups (level 1, 0 to 255) that are not empty."""

    __tablename__ = "feed_digest"

    stream: Mapped[str] = mapped_column(STREAM, primary_key=True)
    level: Mapped[int] = mapped_column(Integer, primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))


class FeedSegment(Base):
    """Name, digest and size of a whole block of events; gone as soon as something in it is erased."""

    __tablename__ = "feed_segment"

    stream: Mapped[str] = mapped_column(STREAM, primary_key=True)
    first: Mapped[int] = mapped_column(BigId, primary_key=True)
    last: Mapped[int] = mapped_column(BigId)
    bytes: Mapped[int] = mapped_column(BigId)
    sha256: Mapped[str] = mapped_column(String(64))

    @property
    def name(self) -> str:
        """A new one after every rebuilding."""
        return f"{self.first}-{self.sha256[:16]}"


class FeedKeyList(Base):
    """Versions of the signed key list."""

    __tablename__ = "feed_key_list"

    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    note: Mapped[str] = mapped_column(Text)
    made_at: Mapped[At]


class Subscriber(Base):
    """Somebody who keeps a copy. ``name`` is in receipts; ``verifier`` is the key that signs them."""

    __tablename__ = "subscriber"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(String(64), unique=True)
    title: Mapped[str] = mapped_column(String(128))
    verifier: Mapped[str | None] = mapped_column(String(256))
    verifier_before: Mapped[str | None] = mapped_column(String(256))
    """The key that ``verifier`` replaced; it signs receipts too until ``before_until``."""
    before_until: Mapped[datetime | None] = mapped_column(Instant)
    created_at: Mapped[At]
    ended_at: Mapped[datetime | None] = mapped_column(Instant)


class Agreement(Base):
    """What a subscriber may pull, for which purpose, how it gets identity numbers, until when."""

    __tablename__ = "agreement"
    __table_args__ = (Index("ix_agreement_subscriber", "subscriber_id"),)

    id: Mapped[Id]
    subscriber_id: Mapped[int] = mapped_column(BigId, ForeignKey("subscriber.id"))
    number: Mapped[str] = mapped_column(String(64))
    streams: Mapped[list[str]] = mapped_column(Json)
    purpose: Mapped[str] = mapped_column(String(256))
    slip_mode: Mapped[Code]
    """``token`` or ``number`` (sealed for ``recipient``, an X25519 key)."""
    recipient: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    push_url: Mapped[str | None] = mapped_column(String(512))
    """Where the subscriber is woken; empty: it asks by itself."""
    push_hosts: Mapped[list[str]] = mapped_column(Json, default=list)
    """Names that ``push_url`` may have."""
    push_ranges: Mapped[list[str]] = mapped_column(Json, default=list)
    """Networks (CIDR) in which those names must resolve; government networks are private ones, so they are named."""
    pull_ranges: Mapped[list[str]] = mapped_column(Json, default=list)
    """Networks (CIDR) from which its keys are good; empty: from anywhere."""
    valid_from: Mapped[date] = mapped_column(Date)
    valid_until: Mapped[date] = mapped_column(Date)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)


class Progress(Base):
    """How far one subscriber is on one stream."""

    __tablename__ = "feed_progress"

    subscriber_id: Mapped[int] = mapped_column(BigId, ForeignKey("subscriber.id"), primary_key=True)
    stream: Mapped[str] = mapped_column(STREAM, primary_key=True)
    joined: Mapped[int] = mapped_column(BigId, default=0)
    """The stream's size when this subscriber first came: what had left before, it never had."""
    fetched: Mapped[int] = mapped_column(BigId, default=0)
    fetched_at: Mapped[datetime | None] = mapped_column(Instant)
    applied: Mapped[int] = mapped_column(BigId, default=0)
    applied_at: Mapped[datetime | None] = mapped_column(Instant)
    diverged_at: Mapped[datetime | None] = mapped_column(Instant)
    complete_at: Mapped[datetime | None] = mapped_column(Instant)
    """When the last receipt over all buckets was accepted."""
    farewell_at: Mapped[datetime | None] = mapped_column(Instant)
    """When, after its agreement had ended, it proved that it holds nothing any more."""


class Overdue(Base):
    """A time in which a subscriber got removals only, since one was not confirmed when it was due."""

    __tablename__ = "feed_overdue"
    __table_args__ = (Index("ix_feed_overdue_subscriber", "subscriber_id", "stream"),)

    id: Mapped[Id]
    subscriber_id: Mapped[int] = mapped_column(BigId, ForeignKey("subscriber.id"))
    stream: Mapped[str] = mapped_column(STREAM)
    removal: Mapped[int] = mapped_column(BigId)
    """Sequence of the removal that was not confirmed."""
    withheld_after: Mapped[int] = mapped_column(BigId)
    """What had been served up to here is served still."""
    from_at: Mapped[At]
    lifted_at: Mapped[datetime | None] = mapped_column(Instant)


class ReceiptNonce(Base):
    """A question that one receipt answers once."""

    __tablename__ = "receipt_nonce"

    nonce: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    subscriber_id: Mapped[int] = mapped_column(BigId, ForeignKey("subscriber.id"))
    stream: Mapped[str] = mapped_column(STREAM)
    sequence: Mapped[int] = mapped_column(BigId)
    since: Mapped[int] = mapped_column(BigId)
    everything: Mapped[bool] = mapped_column(Boolean)
    made_at: Mapped[At]
    spent_at: Mapped[datetime | None] = mapped_column(Instant)


class Receipt(Base):
    """A receipt as it came, and whether it agreed with ours."""

    __tablename__ = "receipt"
    __table_args__ = (Index("ix_receipt_subscriber", "subscriber_id", "stream", "sequence"), UniqueConstraint("nonce"))

    id: Mapped[Id]
    subscriber_id: Mapped[int] = mapped_column(BigId, ForeignKey("subscriber.id"))
    stream: Mapped[str] = mapped_column(STREAM)
    sequence: Mapped[int] = mapped_column(BigId)
    agrees: Mapped[bool] = mapped_column(Boolean)
    nonce: Mapped[bytes] = mapped_column(LargeBinary(32))
    verifier: Mapped[str | None] = mapped_column(String(256))
    """The key that signed it: the subscriber may have another one by now."""
    deleted: Mapped[int] = mapped_column(Integer, default=0)
    shielded: Mapped[int] = mapped_column(Integer, default=0)
    history: Mapped[int] = mapped_column(Integer, default=0)
    onward: Mapped[int] = mapped_column(Integer, default=0)
    """Recipients to whom it passed data on, and how many of them confirmed."""
    onward_confirmed: Mapped[int] = mapped_column(Integer, default=0)
    note: Mapped[str] = mapped_column(Text)
    received_at: Mapped[At]
