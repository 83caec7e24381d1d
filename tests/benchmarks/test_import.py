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
from creditsvc.services import Services
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
pytestmark = pytest.mark.benchmark


def test_import_beside_a_bulk_load(services: Services, templates: Templates, tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    demo(["--rows", str(ROWS), "--out", str(file), "--as-of", "2026-11-24"])
    now = services.clock.now()
    with timed() as reading, file.open("rb") as opened:
        batch, _ = receive_file(services, opened, filename="list.csv", caller=staff(StaffRole.CLERK, "a"), now=now)
    with services.database.writing() as session:
        release(session, batch.id, shown_digest=batch.digest or "", caller=staff(StaffRole.JUDGE, "b"), now=now)
    with timed() as applying:
        applied = apply_released(services, now)
    with services.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Listing)) == applied
    bulk = _bulk(services, templates, tmp_path)
    kind = "sqlite" if services.database.is_sqlite else "postgres"
    report(f"import {kind}, file to entries", applied, reading.seconds + applying.seconds, bulk)
    report(f"import {kind}, read and stage", applied, reading.seconds, bulk)
    report(f"import {kind}, apply", applied, applying.seconds, bulk)
    sys.stdout.write(f"\nFIGURE import {kind}: peak {peak_mib():.0f} MiB\n")


def _bulk(services: Services, templates: Templates, tmp_path: Path) -> float:
    """Seconds that it takes to load the same final rows into the same empty tables, by the driver's fastest way."""
    rows: list[tuple[Table, list[dict[str, Any]]]] = []
    with services.database.reading() as session:
        for model in TABLES:
            table: Table = model.__table__  # type: ignore[assignment]
            rows.append((table, [dict(row._mapping) for row in session.execute(select(table))]))
    with services.keys.reading() as session:
        keys = [dict(row._mapping) for row in session.execute(select(SubjectKey.__table__))]
    folder = tmp_path / "bulk"
    folder.mkdir()
    kind = "sqlite" if services.database.is_sqlite else "postgres"
    with world(kind, templates, folder) as empty, timed() as loading:
        with empty.keys.write_engine.begin() as connection:
            _load(connection, SubjectKey.__table__, keys)  # type: ignore[arg-type]
        with empty.database.write_engine.begin() as connection:
            for table, found in rows:
                _load(connection, table, found)
    return loading.seconds


def _load(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        connection.execute(insert(table), rows)
        return
    from psycopg.types.json import Jsonb

    names = ", ".join(f'"{column.name}"' for column in table.columns)
    cursor = connection.connection.driver_connection.cursor()  # type: ignore[union-attr]
    with cursor.copy(f'COPY "{table.name}" ({names}) FROM STDIN') as copy:
        for row in rows:
            copy.write_row([Jsonb(value) if isinstance(value, dict | list) else value for value in row.values()])
