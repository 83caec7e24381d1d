"""Writes that read first lose nothing, on either database; reads can't write."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from sqlalchemy import Integer, String, create_engine, event, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from creditsvc.services import Services
from creditsvc.storage.engine import Database

THREADS, TIMES = 4, 50


class TallyBase(DeclarativeBase):
    """Tables of this test alone."""


class Tally(TallyBase):
    """A number that everybody raises by one."""

    __tablename__ = "tally"
    name: Mapped[str] = mapped_column(String(8), primary_key=True)
    value: Mapped[int] = mapped_column(Integer)


def _race(raise_by_one: object) -> None:
    assert callable(raise_by_one)
    threads = [threading.Thread(target=lambda: [raise_by_one() for _ in range(TIMES)]) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_a_new_folder_of_a_database_is_for_its_owner_alone(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        database = Database(f"sqlite:///{tmp_path / 'var' / 'register.db'}")
    finally:
        os.umask(before)
    database.dispose()
    assert (tmp_path / "var").stat().st_mode & 0o077 == 0


def test_read_then_write_loses_no_update(services: Services) -> None:
    database = services.database
    TallyBase.metadata.create_all(database.write_engine)
    with database.writing() as session:
        session.add(Tally(name="a", value=0))

    def raise_by_one() -> None:
        with database.writing() as session:
            row = session.scalars(select(Tally).where(Tally.name == "a").with_for_update()).one()
            row.value += 1

    _race(raise_by_one)
    with database.reading() as session:
        assert session.scalar(select(Tally.value)) == THREADS * TIMES


def test_the_drivers_own_transactions_would_lose_updates(sqlite_services: Services) -> None:
    """The reason for BEGIN IMMEDIATE: the same race on the driver's defaults loses updates or fails."""
    url = sqlite_services.database.url
    TallyBase.metadata.create_all(sqlite_services.database.write_engine)
    naive = create_engine(url, connect_args={"timeout": 30})
    begun = threading.Barrier(THREADS)
    failures: list[str] = []

    @event.listens_for(naive, "connect")
    def set_up(connection: object, _record: object) -> None:
        connection.execute("PRAGMA journal_mode=WAL")  # type: ignore[attr-defined]

    with Session(naive) as session, session.begin():
        session.add(Tally(name="a", value=0))

    def raise_by_one() -> None:
        try:
            with Session(naive) as session, session.begin():
                value = session.scalar(select(Tally.value)) or 0
                begun.wait(10)
                session.execute(Tally.__table__.update().values(value=value + 1))  # type: ignore[attr-defined]
        except DBAPIError as error:
            failures.append(type(error).__name__)

    threads = [threading.Thread(target=raise_by_one) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with Session(naive) as session:
        value = session.scalar(select(Tally.value)) or 0
    naive.dispose()
    assert value + len(failures) < THREADS or failures


def test_a_reading_session_cannot_write(services: Services) -> None:
    TallyBase.metadata.create_all(services.database.write_engine)
    with pytest.raises(DBAPIError), services.database.reading() as session:
        session.add(Tally(name="a", value=1))


def test_an_error_rolls_everything_back(services: Services) -> None:
    TallyBase.metadata.create_all(services.database.write_engine)

    def fail_half_way() -> None:
        with services.database.writing() as session:
            session.add(Tally(name="a", value=1))
            session.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_half_way()
    with services.database.reading() as session:
        assert session.scalar(select(Tally.value)) is None
