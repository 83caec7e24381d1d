"""Tables of screenings and watch lists. Whose numbers were sent stands in sealed files and cells alone."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Date, ForeignKey, Index, Integer, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from creditsvc.storage.base import At, Base, BigId, Cell, Code, Id, Instant, Json, Line


class Screening(Base):
    """One file of people, asked about at once. ``cursor`` is how many of its rows are answered for good."""

    __tablename__ = "screening"
    __table_args__ = (Index("ix_screening_unit", "unit", "id"), Index("ix_screening_state", "state", "id"))

    id: Mapped[Id]
    place: Mapped[str] = mapped_column(String(32), unique=True)
    """Name of its folder of sealed files."""
    unit: Mapped[str] = mapped_column(String(128))
    actor: Mapped[Code]
    sector: Mapped[Code]
    act: Mapped[Code]
    purpose: Mapped[str] = mapped_column(String(256))
    matter: Mapped[str | None] = mapped_column(String(128))
    on_day: Mapped[date] = mapped_column(Date)
    filename: Mapped[str] = mapped_column(String(256))
    sha256: Mapped[str] = mapped_column(String(64))
    size: Mapped[int] = mapped_column(Integer)
    format: Mapped[Code]
    rows: Mapped[int] = mapped_column(Integer)
    state: Mapped[Code]
    cursor: Mapped[int] = mapped_column(Integer, default=0)
    parts: Mapped[int] = mapped_column(Integer, default=0)
    restricted: Mapped[int] = mapped_column(Integer, default=0)
    needs_officer: Mapped[int] = mapped_column(Integer, default=0)
    clear: Mapped[int] = mapped_column(Integer, default=0)
    faulty: Mapped[int] = mapped_column(Integer, default=0)
    hinted: Mapped[int] = mapped_column(Integer, default=0)
    first_event: Mapped[int | None] = mapped_column(BigId)
    """The register's newest event when the first rows were answered."""
    problem: Mapped[dict[str, str] | None] = mapped_column(Json)
    failures: Mapped[int] = mapped_column(Integer, default=0)
    claimed_until: Mapped[datetime | None] = mapped_column(Instant)
    created_at: Mapped[At]
    finished_at: Mapped[datetime | None] = mapped_column(Instant)
    destroyed_at: Mapped[datetime | None] = mapped_column(Instant)


class ScreeningFault(Base):
    """A row that could not be asked about: where and why, without what it says."""

    __tablename__ = "screening_fault"
    __table_args__ = (UniqueConstraint("screening_id", "row_number"),)

    id: Mapped[Id]
    screening_id: Mapped[int] = mapped_column(BigId, ForeignKey("screening.id"))
    row_number: Mapped[int] = mapped_column(Integer)
    code: Mapped[Code]
    zh: Mapped[Line]
    en: Mapped[Line]


class WatchList(Base):
    """A unit's own set of counterparties, and the question that it keeps asking about them."""

    __tablename__ = "watch_list"
    __table_args__ = (Index("ix_watch_list_unit", "unit", "id"),)

    id: Mapped[Id]
    unit: Mapped[str] = mapped_column(String(128))
    actor: Mapped[Code]
    name: Mapped[str] = mapped_column(String(128))
    sector: Mapped[Code]
    act: Mapped[Code]
    purpose: Mapped[str] = mapped_column(String(256))
    matter: Mapped[str | None] = mapped_column(String(128))
    created_at: Mapped[At]
    closed_at: Mapped[datetime | None] = mapped_column(Instant)


class WatchMember(Base):
    """Somebody on a watch list: found by the blind token, shown from the sealed cell."""

    __tablename__ = "watch_member"
    __table_args__ = (UniqueConstraint("list_id", "token"),)

    id: Mapped[Id]
    list_id: Mapped[int] = mapped_column(BigId, ForeignKey("watch_list.id"))
    token: Mapped[bytes] = mapped_column(LargeBinary(16))
    person: Mapped[Cell]
    """Number, name and the unit's own reference, under the list's key."""
    added_at: Mapped[At]


class WatchState(Base):
    """An entry in force about a member as the unit was last told, at which revision and with which outcome."""

    __tablename__ = "watch_state"
    __table_args__ = (UniqueConstraint("member_id", "entry"),)

    id: Mapped[Id]
    list_id: Mapped[int] = mapped_column(BigId, ForeignKey("watch_list.id"), index=True)
    member_id: Mapped[int] = mapped_column(BigId, ForeignKey("watch_member.id"))
    entry: Mapped[str] = mapped_column(String(28))
    revision: Mapped[int] = mapped_column(Integer)
    outcome: Mapped[Code]


class WatchEvent(Base):
    """What the unit is told: an entry came into force, changed, or is in force no longer. Only ever added to."""

    __tablename__ = "watch_event"
    __table_args__ = (Index("ix_watch_event_list", "list_id", "id"),)

    id: Mapped[Id]
    list_id: Mapped[int] = mapped_column(BigId, ForeignKey("watch_list.id"))
    member_id: Mapped[int] = mapped_column(BigId)
    kind: Mapped[Code]
    entry: Mapped[str] = mapped_column(String(28))
    revision: Mapped[int] = mapped_column(Integer)
    outcome: Mapped[Code]
    at: Mapped[At]
    as_of_event: Mapped[int] = mapped_column(BigId)


class WatchDecision(Base):
    """What somebody of the unit made of an entry, at this revision of it; another revision opens the question again."""

    __tablename__ = "watch_decision"
    __table_args__ = (UniqueConstraint("member_id", "entry", "revision"),)

    id: Mapped[Id]
    list_id: Mapped[int] = mapped_column(BigId, ForeignKey("watch_list.id"), index=True)
    member_id: Mapped[int] = mapped_column(BigId)
    entry: Mapped[str] = mapped_column(String(28))
    revision: Mapped[int] = mapped_column(Integer)
    choice: Mapped[Code]
    note: Mapped[str] = mapped_column(String(512), default="")
    actor: Mapped[Code]
    at: Mapped[At]
