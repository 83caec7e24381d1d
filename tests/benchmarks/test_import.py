"""Rows a second from a court's file to entries in force, beside bulk-loading the same final rows."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Table, func, insert, select

from creditsvc.access.permissions import StaffRole
from creditsvc.register.tables import ConsumptionOrder, Listing, RegisterEvent, ResponsibleMark
from creditsvc.services import Services, keep_loaded
from creditsvc.storage.outbox import Outbox
from creditsvc.storage.subjects import Subject
from creditsvc.storage.vault import SubjectKey
from sync.apply import apply_released
from sync.demo.cli import main as demo
from sync.intake import receive_file, release
from tests.benchmarks.figures import peak_mib, report, staff, timed
from tests.support.apps import Templates, world

ROWS = int(os.environ.get("ROWS", "20000"))
TABLES = (Subject, Listing, ConsumptionOrder, ResponsibleMark, RegisterEvent, Outbox)
PIECE = 20_000
"""Rows of the baseline in memory at once."""
pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(7200)]


def test_import_beside_a_bulk_load(services: Services, templates: Templates, tmp_path: Path) -> None:
    keep_loaded()
    file = Path(os.environ.get("LIST", tmp_path / "list.csv"))
    if not file.exists():
        demo(["--rows", str(ROWS), "--out", str(file), "--as-of", "2026-11-24"])
    before, now = peak_mib(), services.clock.now()
    with timed() as reading, file.open("rb") as opened:
        batch, _ = receive_file(services, opened, filename="list.csv", caller=staff(StaffRole.CLERK, "a"), now=now)
    read_peak = peak_mib()
    with services.database.writing() as session:
        release(
            session,
            batch.id,
            shown_digest=batch.digest or "",
            reason="核实",
            caller=staff(StaffRole.JUDGE, "b"),
            now=now,
        )
    with timed() as applying:
        applied = apply_released(services, now)
    peak = peak_mib()
    with services.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Listing)) == applied
    bulk = _bulk(services, templates, tmp_path)
    kind = "sqlite" if services.database.is_sqlite else "postgres"
    report(f"import {kind}, file to entries", applied, reading.seconds + applying.seconds, bulk)
    report(f"import {kind}, read and stage", applied, reading.seconds, bulk)
    report(f"import {kind}, apply", applied, applying.seconds, bulk)
    sys.stdout.write(
        f"\nFIGURE import {kind}, {ROWS:,} rows of {file.stat().st_size / 2**20:.0f} MiB: peak {read_peak:.0f} MiB read, "
        f"{peak:.0f} MiB applied, {before:.0f} MiB before\n"
    )


def _bulk(services: Services, templates: Templates, tmp_path: Path) -> float:
    """Seconds that it takes to load the same final rows into the same empty tables, by the driver's fastest way.

    One transaction a database; rows are fetched beforehand, piece by piece, and fetching them is not counted.
    """
    folder = tmp_path / "bulk"
    folder.mkdir()
    kind = "sqlite" if services.database.is_sqlite else "postgres"
    seconds = 0.0
    with world(kind, templates, folder) as empty:
        for source, target, models in (
            (services.keys, empty.keys, (SubjectKey,)), (services.database, empty.database, TABLES),
        ):  # fmt: skip
            with source.read_engine.connect() as reading, target.write_engine.connect() as writing:
                with timed() as beginning:
                    writing.begin()
                    writing.exec_driver_sql("SELECT 1")
                seconds += beginning.seconds
                for model in models:
                    seconds += _copied(reading, writing, model.__table__)  # type: ignore[arg-type]
                with timed() as committing:
                    writing.commit()
                seconds += committing.seconds
    return seconds


def _copied(reading: Connection, writing: Connection, table: Table) -> float:
    seconds = 0.0
    found = reading.execution_options(yield_per=PIECE).execute(select(table))
    for piece in found.partitions(PIECE):
        rows = [dict(row._mapping) for row in piece]
        with timed() as loading:
            _load(writing, table, rows)
        seconds += loading.seconds
    return seconds


def _load(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    if connection.dialect.name == "sqlite":
        connection.execute(insert(table), rows)
        return
    from psycopg.types.json import Jsonb

    names = ", ".join(f'"{column.name}"' for column in table.columns)
    cursor = connection.connection.driver_connection.cursor()  # type: ignore[union-attr]
    with cursor.copy(f'COPY "{table.name}" ({names}) FROM STDIN') as copy:
        for row in rows:
            copy.write_row([Jsonb(value) if isinstance(value, dict | list) else value for value in row.values()])
