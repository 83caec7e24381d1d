"""Rows that come in bulk are the rows that the ORM would have written, on both databases."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from creditsvc.services import Services
from creditsvc.storage.bulk import insert_rows
from creditsvc.storage.outbox import Outbox
from sync.tables_intake import Batch, BatchFault


def _batch(services: Services, number: int) -> dict[str, object]:
    return {
        "filename": f"名单\t{number}.csv", "sha256": f"{number:064d}", "size": number,
        "format": None if number % 2 else "csv", "court_code": None,
        "state": "applied", "uploaded_by": "staff:1", "uploaded_person": "a\\b", "uploaded_at": services.clock.now(),
        "preview": {"行": [number, None]} if number % 3 else None, "digest": None,
        "released_by": None, "released_person": None,
        "released_at": services.clock.now() + timedelta(seconds=number) if number % 2 else None, "release_reason": "一\n二",
        "applied_at": None, "problem": None,
    }  # fmt: skip


def test_bulk_rows_read_back_as_written(services: Services) -> None:
    rows = [_batch(services, number) for number in range(12)]
    with services.database.writing() as session:
        insert_rows(session, Batch, rows)
    with services.database.reading() as session:
        found = session.scalars(select(Batch).order_by(Batch.size)).all()
        assert [{name: getattr(row, name) for name in rows[0]} for row in found] == rows
        assert {(row.rows, row.next_row, row.applied) for row in found} == {(0, 0, 0)}, (
            "constant defaults are filled in"
        )


def test_order_of_names_does_not_matter_and_nothing_is_nothing(services: Services) -> None:
    first = _batch(services, 1)
    second = dict(reversed(_batch(services, 2).items()))
    with services.database.writing() as session:
        insert_rows(session, Batch, [first, second])
        insert_rows(session, Outbox, [])
    with services.database.reading() as session:
        assert {row.sha256 for row in session.scalars(select(Batch))} == {first["sha256"], second["sha256"]}


def test_a_rolled_back_transaction_leaves_no_bulk_rows(services: Services) -> None:
    try:
        with services.database.writing() as session:
            insert_rows(session, Batch, [_batch(services, 1)])
            raise ZeroDivisionError
    except ZeroDivisionError:
        pass
    with services.database.reading() as session:
        assert session.scalar(select(Batch.id)) is None
        assert session.scalar(select(BatchFault.id)) is None
