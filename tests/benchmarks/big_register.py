"""A register of millions of made-up entries, loaded by the database's fastest way; kept in a folder and used again.

Two entries of three are listings, each about somebody else; every second of these people has a consumption order too.

    python -m tests.benchmarks.big_register FOLDER --entries 10000000 [--url postgresql+psycopg://…]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import count, islice
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Index, Table, func, select
from sqlalchemy.orm import DeclarativeBase

from creditsvc.kernel.identity import resident_check_digit
from creditsvc.register.tables import ConsumptionOrder, Listing
from creditsvc.services import Services, open_services
from creditsvc.settings import Settings
from creditsvc.storage.bulk import insert_rows
from creditsvc.storage.keyring import create_keyring
from creditsvc.storage.migrate import upgrade_all
from creditsvc.storage.subjects import Subject

AREA, STRANGERS = "410105", "330106"
NAME = "周某某"
CHUNK = 50_000
LOADED_AT = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
_DAY = date(2026, 3, 2)
MODELS: tuple[type[DeclarativeBase], ...] = (Subject, Listing, ConsumptionOrder)


def numbers(area: str) -> Iterator[str]:
    """Made-up resident numbers of one area, each once."""
    for serial in count():
        yield number_at(area, serial)


def number_at(area: str, serial: int) -> str:
    """The made-up number with this place among the area's."""
    day = date(1950, 1, 1) + timedelta(days=serial // 999)
    first = f"{area}{day:%Y%m%d}{serial % 999 + 1:03d}"
    return first + resident_check_digit(first)


def people_of(entries: int) -> int:
    """How many people a register of that many entries is about."""
    return entries * 2 // 3


def settings_of(folder: Path, url: str = "", **more: Any) -> Settings:
    """Settings of the register in a folder."""
    keys_url = url.replace("/register?", "/keys?") if url else ""
    return Settings(home=folder, database_url=url, keys_url=keys_url, demo=True, **more)


def fill(services: Services, entries: int) -> None:
    """Load the entries into empty tables; other indexes than the primary ones are made afterwards."""
    indexes = [index for model in MODELS for index in cast(Table, model.__table__).indexes]
    with services.database.write_engine.begin() as connection:
        for index in indexes:
            index.drop(connection)
    people = iter(range(people_of(entries)))
    while chunk := list(islice(people, CHUNK)):
        _load(services, chunk)
        sys.stdout.write(f"\r{chunk[-1] + 1:,} people")
        sys.stdout.flush()
    _index(services, indexes)


def _load(services: Services, chunk: Sequence[int]) -> None:
    token = services.vault.token
    subjects = [
        {"id": f"{serial:032x}", "number_type": "resident_id", "token": token(f"resident_id:{number_at(AREA, serial)}"),
         "created_at": LOADED_AT, "number_cell": None} for serial in chunk
    ]  # fmt: skip
    with services.database.writing() as session:
        if services.database.is_sqlite:
            session.connection().exec_driver_sql("PRAGMA cache_size=-1500000")
        insert_rows(session, Subject, subjects)
        insert_rows(session, Listing, [_listing(serial) for serial in chunk])
        insert_rows(session, ConsumptionOrder, [_order(serial) for serial in chunk if serial % 2 == 0])


def _index(services: Services, indexes: Sequence[Index]) -> None:
    with services.database.write_engine.begin() as connection:
        for index in indexes:
            index.create(connection)
        if not services.database.is_sqlite:
            connection.exec_driver_sql("ANALYZE")


def _alike(serial: int) -> dict[str, object]:
    return {
        "subject_id": f"{serial:032x}", "debtor_kind": "person", "name": NAME, "sex": "male", "age": 46,
        "court_code": f"豫01{serial % 20:02d}", "court_name": "郑州市金水区人民法院", "case_number": f"（2026）豫0105执{serial}号",
        "filed_on": date(2026, 1, 5), "state": "active", "revision": 1, "version": 1, "created_at": LOADED_AT,
    }  # fmt: skip


def _listing(serial: int) -> dict[str, object]:
    return _alike(serial) | {
        "entry": f"lst_{serial:024d}", "obligation": "支付货款 86,000 元", "performance": "none", "grounds": ["able_but_refuses"],
        "published_on": _DAY, "until": None, "decision_number": f"（2026）豫0105执{serial}号之一", "decided_on": date(2026, 3, 1),
        "national_entry": f"demo-{serial}", "national_entered_on": _DAY, "applicants": [], "nonpublic": False,
        "row_key": serial.to_bytes(16, "big"), "row_digest": serial.to_bytes(16, "big"),
    }  # fmt: skip


def _order(serial: int) -> dict[str, object]:
    return _alike(serial) | {
        "entry": f"ord_{serial:024d}", "order_number": f"（2026）豫0105执{serial}号限", "issued_on": _DAY, "items": [],
        "row_key": serial.to_bytes(16, "big"),
    }  # fmt: skip


def opened(folder: Path, entries: int, *, url: str = "", **more: Any) -> Services:
    """The register in this folder, loaded if it is not there yet."""
    settings = settings_of(folder, url, **more)
    folder.mkdir(parents=True, exist_ok=True)
    create_keyring(settings.keys)
    services = open_services(settings)
    upgrade_all(services.database, services.keys)
    with services.database.reading() as session:
        held = session.scalar(select(func.max(cast(Table, Listing.__table__).c.id))) or 0
    if not held:
        fill(services, entries)
    elif held != people_of(entries):
        raise SystemExit(f"{folder} holds {held:,} listings and not {people_of(entries):,}: name another folder")
    return services


if __name__ == "__main__":
    _parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.big_register", description=__doc__)
    _parser.add_argument("folder", type=Path)
    _parser.add_argument("--entries", type=int, default=10_000_000)
    _parser.add_argument("--url", default="")
    _told = _parser.parse_args()
    opened(_told.folder, _told.entries, url=_told.url).dispose()
