"""The State Council's calendars as they stand: the packaged ones, and over them what was loaded since.

A notice is loaded as a new version of its year and never edited, so what a deadline was counted by can be told later.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from functools import lru_cache

from sqlalchemy import Index, Integer, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from creditsvc.kernel.calendars import Calendar, parse_notice
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import SettingError
from creditsvc.kernel.load import packaged_calendar
from creditsvc.kernel.notices import YearNotice
from creditsvc.kernel.text import Bilingual
from creditsvc.storage.base import At, Base, Code, Id
from creditsvc.storage.engine import Database

PACKAGED = "packaged"
"""The version of the calendars where nothing was loaded over them."""


class CalendarNotice(Base):
    """One loaded version of one year's notice; of a year the newest governs."""

    __tablename__ = "calendar_notice"
    __table_args__ = (Index("ix_calendar_notice_year", "year", "id"),)

    id: Mapped[Id]
    year: Mapped[int] = mapped_column(Integer)
    document_number: Mapped[str] = mapped_column(String(128))
    content: Mapped[str] = mapped_column(Text)
    """Its data, as JSON with sorted keys."""
    digest: Mapped[str] = mapped_column(String(64))
    loaded_by: Mapped[Code]
    loaded_at: Mapped[At]


def calendar(session: Session) -> Calendar:
    """The calendar by which everything is counted now."""
    return _over(_loaded(session))


def calendar_version(session: Session) -> str:
    """A short name of that calendar: it changes whenever a notice is loaded."""
    loaded = _loaded(session)
    return hashlib.sha256("\n".join(loaded).encode()).hexdigest()[:16] if loaded else PACKAGED


def refuse_without_calendar(database: Database, now: datetime) -> None:
    """Raise ``SettingError`` if today's own year has no notice: nothing would be counted for certain any more.

    A later year that is missing stops nothing: what is counted in it is provisional, and is warned of 60 days ahead.
    """
    year = legal_day(now).year
    with database.reading() as session:
        if year not in calendar(session).years:
            raise SettingError(
                Bilingual(
                    f"没有 {year} 年的放假通知，请先运行 creditsvc calendar import",
                    f"there is no holiday notice for {year}; load it first: creditsvc calendar import",
                ),
                code="calendar-missing",
            )


def keep_notice(session: Session, notice: YearNotice, *, by: str, at: datetime) -> bool:
    """Load a version of a year's notice; false if it says what is loaded already."""
    content = notice_json(notice)
    before = calendar(session).notice(notice.year)
    if before is not None and notice_json(before) == content:
        return False
    digest = hashlib.sha256(content.encode()).hexdigest()
    session.add(
        CalendarNotice(
            year=notice.year, document_number=notice.document_number, content=content, digest=digest, loaded_by=by, loaded_at=at
        )
    )  # fmt: skip
    session.flush()
    return True


def notice_json(notice: YearNotice) -> str:
    """A notice as the JSON that ``parse_notice`` reads, keys sorted."""
    said = {
        "year": notice.year,
        "document_number": notice.document_number,
        "issued_on": notice.issued_on.isoformat(),
        "source": notice.source,
        "off_days": {day.isoformat(): name for day, name in sorted(notice.off_days.items())},
        "work_days": sorted(day.isoformat() for day in notice.work_days),
    }
    return json.dumps(said, ensure_ascii=False, sort_keys=True)


def _loaded(session: Session) -> tuple[str, ...]:
    rows = session.execute(select(CalendarNotice.year, CalendarNotice.content).order_by(CalendarNotice.id))
    newest = {row.year: row.content for row in rows}
    return tuple(newest[year] for year in sorted(newest))


@lru_cache(maxsize=16)
def _over(loaded: tuple[str, ...]) -> Calendar:
    made = packaged_calendar()
    for content in loaded:
        made = made.with_notice(parse_notice(json.loads(content)))
    return made
