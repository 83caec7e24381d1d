"""Tables of access: accounts, sessions, keys, rates, the ledger of checks and the journal of acts."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Boolean, Float, ForeignKey, Index, Integer, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from creditsvc.storage.base import At, Base, BigId, Code, Document, Id, Instant, Json

_NAMED = "action = 'check' AND outcome <> 'clear'"


class Account(Base):
    """Somebody who works here or at an agency. One person may have two accounts; ``person`` tells."""

    __tablename__ = "account"

    id: Mapped[Id]
    username: Mapped[str] = mapped_column(String(64), unique=True)
    password: Mapped[str] = mapped_column(String(256))
    person: Mapped[Code]
    name: Mapped[str] = mapped_column(String(128))
    role: Mapped[Code]
    court_code: Mapped[str | None] = mapped_column(String(16))
    unit: Mapped[str | None] = mapped_column(String(128))
    sector: Mapped[str | None] = mapped_column(String(64))
    division: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[At]
    password_at: Mapped[At]
    must_change: Mapped[bool] = mapped_column(Boolean, default=False)
    disabled_at: Mapped[datetime | None] = mapped_column(Instant)


class WebSession(Base):
    """A session of a browser; the token is kept only as a hash, and revoking takes effect at the next request."""

    __tablename__ = "web_session"
    __table_args__ = (Index("ix_web_session_account", "account_id"),)

    id: Mapped[Id]
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    kind: Mapped[Code]
    account_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("account.id"))
    subject_id: Mapped[str | None] = mapped_column(String(32))
    name: Mapped[str] = mapped_column(String(512), default="")
    started_at: Mapped[At]
    seen_at: Mapped[At]
    ended_at: Mapped[datetime | None] = mapped_column(Instant)


class ApiKey(Base):
    """A key of a program: hashed, scoped, expiring, revocable."""

    __tablename__ = "api_key"

    id: Mapped[Id]
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    unit: Mapped[str] = mapped_column(String(128))
    subscriber: Mapped[str | None] = mapped_column(String(64), index=True)
    sector: Mapped[str | None] = mapped_column(String(64))
    permissions: Mapped[list[str]] = mapped_column(Json)
    created_at: Mapped[At]
    expires_at: Mapped[At]
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)
    used_at: Mapped[datetime | None] = mapped_column(Instant)


class RateBucket(Base):
    """A token bucket; it lives in the database, so that it is one for all processes and closed when the database is."""

    __tablename__ = "rate_bucket"

    key: Mapped[str] = mapped_column(String(160), primary_key=True)
    level: Mapped[float] = mapped_column(Float)
    at: Mapped[At]


class AccessEntry(Base):
    """Who asked about whom, what for, and what was answered. Only ever added to; the person can read their own."""

    __tablename__ = "access_ledger"
    __table_args__ = (
        Index("ix_access_ledger_subject", "subject_id"),
        Index("ix_access_ledger_token", "subject_token"),
        # few rows of the many: answers on which a unit may have acted
        Index("ix_access_ledger_named", "unit", "id", sqlite_where=text(_NAMED), postgresql_where=text(_NAMED)),
    )

    id: Mapped[Id]
    at: Mapped[At]
    actor: Mapped[Code]
    unit: Mapped[str] = mapped_column(String(128))
    action: Mapped[Code]
    subject_token: Mapped[bytes | None] = mapped_column(LargeBinary(16))
    subject_id: Mapped[str | None] = mapped_column(String(32))
    purpose: Mapped[str] = mapped_column(String(256))
    matter: Mapped[str | None] = mapped_column(String(128))
    sector: Mapped[str | None] = mapped_column(String(64))
    act: Mapped[str | None] = mapped_column(String(64))
    outcome: Mapped[str | None] = mapped_column(String(32))


class AuditEntry(Base):
    """One act, chained to the one before it: a change or a hole in the middle shows."""

    __tablename__ = "audit_journal"
    __table_args__ = (UniqueConstraint("sequence"),)

    id: Mapped[Id]
    sequence: Mapped[int] = mapped_column(Integer)
    at: Mapped[At]
    actor: Mapped[Code]
    action: Mapped[Code]
    object: Mapped[str] = mapped_column(String(128))
    details: Mapped[Document]
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))


class AuditHead(Base):
    """The journal's last number and digest, locked while a row is added."""

    __tablename__ = "audit_head"

    name: Mapped[str] = mapped_column(String(16), primary_key=True)
    sequence: Mapped[int] = mapped_column(Integer)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    healthy: Mapped[bool] = mapped_column(Boolean, default=True)
