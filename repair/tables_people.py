"""Tables of the people at the portal: how a session began, agents with a mandate, second factors, passes of the window."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Boolean, Date, Index, Integer, LargeBinary, String, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from creditsvc.storage.base import At, Base, BigId, Code, Id, Instant


class PortalSession(Base):
    """How a session of the portal began, where it was not by the person's own letter code."""

    __tablename__ = "portal_session"

    session_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    began_by: Mapped[Code]
    """``code``, ``provider``, ``agent`` or ``window``."""
    mandate_id: Mapped[int | None] = mapped_column(BigId)
    helper: Mapped[str | None] = mapped_column(String(64))
    """The clerk who let the person in at the window."""


class Mandate(Base):
    """Somebody who may act for the person until a day. The agent's name is sealed under the person's key."""

    __tablename__ = "mandate"
    __table_args__ = (Index("ix_mandate_subject", "subject_id"),)

    id: Mapped[Id]
    subject_id: Mapped[str] = mapped_column(String(32))
    name_cell: Mapped[bytes] = mapped_column(LargeBinary)
    row_key: Mapped[str] = mapped_column(String(32), unique=True)
    code_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    may_apply: Mapped[bool]
    until: Mapped[date] = mapped_column(Date)
    made_at: Mapped[At]
    made_by: Mapped[Code]
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)


class SecondFactor(Base):
    """A person's one-time-code secret, sealed; in use once a first code has been right."""

    __tablename__ = "second_factor"

    subject_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    secret_cell: Mapped[bytes] = mapped_column(LargeBinary)
    made_at: Mapped[At]
    confirmed_at: Mapped[datetime | None] = mapped_column(Instant)
    last_step: Mapped[int] = mapped_column(BigId, default=0)
    """The newest period whose code was used: a code counts once."""


class SignInChallenge(Base):
    """The first half of a sign-in, waiting for the second; a few minutes, a few tries, once."""

    __tablename__ = "sign_in_challenge"

    id: Mapped[Id]
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    subject_id: Mapped[str] = mapped_column(String(32))
    name: Mapped[str] = mapped_column(String(512))
    began_by: Mapped[Code]
    made_at: Mapped[At]
    tries: Mapped[int] = mapped_column(Integer, default=0)
    code_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    """Keyed hash of the code that was sent by short message."""
    code_at: Mapped[datetime | None] = mapped_column(Instant)
    code_tries: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    used_at: Mapped[datetime | None] = mapped_column(Instant)


class Contact(Base):
    """A person's own phone or mail, sealed; proven once a code that was sent there has come back."""

    __tablename__ = "contact"
    __table_args__ = (UniqueConstraint("subject_id", "channel"),)

    id: Mapped[Id]
    subject_id: Mapped[str] = mapped_column(String(32))
    channel: Mapped[Code]
    """``sms`` or ``mail``."""
    row_key: Mapped[str] = mapped_column(String(32), unique=True)
    address_cell: Mapped[bytes] = mapped_column(LargeBinary)
    made_at: Mapped[At]
    confirmed_at: Mapped[datetime | None] = mapped_column(Instant)
    is_factor: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    """A sign-in by letter code needs a code that is sent here."""
    code_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    code_at: Mapped[datetime | None] = mapped_column(Instant)
    code_tries: Mapped[int] = mapped_column(Integer, default=0, server_default="0")


class WindowPass(Base):
    """A pass that a clerk gives to a person whose papers were seen at the window: once, for a quarter of an hour."""

    __tablename__ = "window_pass"

    id: Mapped[Id]
    code_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    subject_id: Mapped[str] = mapped_column(String(32))
    name: Mapped[str] = mapped_column(String(512))
    given_at: Mapped[At]
    given_by: Mapped[Code]
    used_at: Mapped[datetime | None] = mapped_column(Instant)


class ProviderAttempt(Base):
    """A visit to the identity provider on its way: bound to the browser, minutes long, used once."""

    __tablename__ = "provider_attempt"

    id: Mapped[Id]
    state_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    visit_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    nonce: Mapped[str] = mapped_column(String(64))
    verifier: Mapped[str] = mapped_column(String(128))
    made_at: Mapped[At]
    used_at: Mapped[datetime | None] = mapped_column(Instant)
