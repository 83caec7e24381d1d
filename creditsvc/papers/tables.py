"""Tables of papers: who signs, which numbers are given, what was issued, how it reached somebody.

The bytes of a paper are sealed under its subject's key, so that shredding the person shreds the paper; a row of
``paper`` names nobody.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Date, ForeignKey, Index, Integer, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from creditsvc.storage.base import At, Base, BigId, Cell, Code, Id, Instant, Line


class PaperSigner(Base):
    """A certificate that papers are signed with. ``current`` is set on one row and empty on the others."""

    __tablename__ = "paper_signer"

    id: Mapped[Id]
    current: Mapped[bool | None] = mapped_column(unique=True)
    self_issued: Mapped[bool]
    """Made here, for trial; or issued by an authority for the same key."""
    certificate: Mapped[bytes] = mapped_column(LargeBinary)
    """DER."""
    chain: Mapped[bytes] = mapped_column(LargeBinary)
    """PEM of the certificates between it and the authority's root; empty if there are none."""
    key_cell: Mapped[Cell]
    """PKCS #8, sealed under a key derived from the root secret."""
    not_after: Mapped[At]
    made_at: Mapped[At]


class PaperCounter(Base):
    """The last number given in a year to a kind of paper of a court. Its row is locked while one is given."""

    __tablename__ = "paper_counter"

    court_code: Mapped[str] = mapped_column(String(16), primary_key=True)
    kind: Mapped[str] = mapped_column(String(8), primary_key=True)
    year: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    last: Mapped[int] = mapped_column(Integer)


class Paper(Base):
    """One paper that was issued. ``number`` ends with a code that can't be guessed, so papers can't be counted through."""

    __tablename__ = "paper"
    __table_args__ = (
        UniqueConstraint("court_code", "kind", "year", "serial"),
        Index("ix_paper_entry", "entry"),
        Index("ix_paper_application", "application"),
        Index("ix_paper_subject", "subject_id"),
    )

    id: Mapped[Id]
    number: Mapped[str] = mapped_column(String(64), unique=True)
    court_code: Mapped[str] = mapped_column(String(16))
    kind: Mapped[str] = mapped_column(String(8))
    year: Mapped[int] = mapped_column(Integer)
    serial: Mapped[int] = mapped_column(Integer)
    title_zh: Mapped[str] = mapped_column(String(128))
    title_en: Mapped[str] = mapped_column(String(128))
    hint: Mapped[str] = mapped_column(String(64))
    """The addressee's name but for its first character hidden: who holds the paper can compare it."""
    entry: Mapped[Code | None]
    application: Mapped[Code | None]
    decision_id: Mapped[int | None] = mapped_column(BigId)
    subject_id: Mapped[str | None] = mapped_column(String(32))
    state: Mapped[str] = mapped_column(String(16))
    digest: Mapped[str] = mapped_column(String(64))
    """SHA-256 of the signed file."""
    size: Mapped[int] = mapped_column(Integer)
    issued_at: Mapped[At]
    issued_by: Mapped[Code]
    changed_at: Mapped[datetime | None] = mapped_column(Instant)
    change_reason: Mapped[Line | None]
    replaced_by: Mapped[str | None] = mapped_column(String(64))


class PaperCopy(Base):
    """The signed file of a paper, sealed; apart from ``paper``, whose rows stay small."""

    __tablename__ = "paper_copy"

    paper_id: Mapped[int] = mapped_column(BigId, ForeignKey("paper.id"), primary_key=True, autoincrement=False)
    cell: Mapped[Cell]


class Delivery(Base):
    """One way by which one message goes to one addressee."""

    __tablename__ = "delivery"
    __table_args__ = (
        Index("ix_delivery_due", "state", "next_at"),
        Index("ix_delivery_subject", "subject_id"),
        Index("ix_delivery_paper", "paper_id"),
        Index("ix_delivery_entry", "entry"),
        Index("ix_delivery_application", "application"),
    )

    id: Mapped[Id]
    paper_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("paper.id"))
    subject_id: Mapped[str | None] = mapped_column(String(32))
    entry: Mapped[Code | None]
    application: Mapped[Code | None]
    court_code: Mapped[str] = mapped_column(String(16))
    purpose: Mapped[Code]
    """What the message is for; who is called back when it has been served decides by this."""
    channel: Mapped[str] = mapped_column(String(8))
    state: Mapped[str] = mapped_column(String(16))
    addressee: Mapped[str] = mapped_column(String(128))
    """A role, such as the debtor or a superior body: never a number."""
    address_cell: Mapped[Cell | None]
    subject_zh: Mapped[str] = mapped_column(String(256))
    subject_en: Mapped[str] = mapped_column(String(256))
    body_zh: Mapped[str] = mapped_column(String(2000))
    body_en: Mapped[str] = mapped_column(String(2000))
    secret_cell: Mapped[Cell | None]
    """What stands in the text only when it leaves, such as a code or a link that opens something; gone once handed over."""
    consented: Mapped[bool]
    """The addressee agreed to be served electronically (民事诉讼法第九十条)."""
    attempts: Mapped[int] = mapped_column(Integer)
    next_at: Mapped[datetime | None] = mapped_column(Instant)
    """When it is tried next; while it is being tried, when it may be taken up by another."""
    trouble: Mapped[str | None] = mapped_column(String(64))
    """The last failure's code."""
    queued_at: Mapped[At]
    handed_over_at: Mapped[datetime | None] = mapped_column(Instant)
    failed_at: Mapped[datetime | None] = mapped_column(Instant)
    read_at: Mapped[datetime | None] = mapped_column(Instant)
    served_on: Mapped[date | None] = mapped_column(Date)
    served_how: Mapped[str | None] = mapped_column(String(16))
    served_noted_by: Mapped[Code | None]
