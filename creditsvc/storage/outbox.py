"""The outbox: facts that others must be told, written in the transaction that made them true.

Floor 2 knows no streams: a row says which entry changed, how, and to which revision. Whoever publishes numbers the
rows later. **This table is trusted**: whoever can write here can make us announce a removal. No personal data in it.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, Integer, String, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from creditsvc.storage.base import At, Base, Code, Document, Id, Instant


class FactType(StrEnum):
    """What became true of an entry."""

    PUBLISHED = "published"
    CORRECTED = "corrected"
    ANNOTATED = "annotated"
    REMOVED = "removed"


class Outbox(Base):
    """One fact. ``done_at`` is empty until it has been published or cancelled."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index(
            "ix_outbox_open",
            "is_exit",
            "id",
            sqlite_where=text("done_at IS NULL"),
            postgresql_where=text("done_at IS NULL"),
        ),
        Index("ix_outbox_entry", "entry"),
    )

    id: Mapped[Id]
    entry: Mapped[Code]
    kind: Mapped[Code]
    revision: Mapped[int] = mapped_column(Integer)
    fact: Mapped[Code]
    is_exit: Mapped[bool]
    exit: Mapped[Document | None]
    """For a removal: exit, ground, effect, effective, due, decision, basis (see the feed's fields)."""
    created_at: Mapped[At]
    done_at: Mapped[datetime | None] = mapped_column(Instant)
    outcome: Mapped[str | None] = mapped_column(String(16))
    """``published`` or ``cancelled`` (the addition that a removal overtook)."""


def put(
    session: Session,
    *,
    entry: str,
    kind: str,
    revision: int,
    fact: FactType,
    at: datetime,
    exit: dict[str, str] | None = None,
) -> None:
    """Add one fact to this transaction."""
    session.add(
        Outbox(
            entry=entry,
            kind=kind,
            revision=revision,
            fact=fact,
            is_exit=fact is FactType.REMOVED,
            exit=exit,
            created_at=at,
        )
    )
