"""What a killed process may leave of a file that came in, and what has outlived its purpose: keys, files, sealed rows.

Nothing here is needed for a batch to be right; it is needed so that numbers on their way in don't outlive their purpose.
The file as it came, and rows that nobody has settled, are kept for ``batch_keep_days`` after the batch was applied.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import delete, func, select, update

from creditsvc.services import Services
from sync.batch_files import batch_folder, forget_original, forget_rows
from sync.tables_intake import APPLIED, FINISHED, PROPOSED, WAITING, Batch, BatchRow, WaitingRow

LONGEST_UPLOAD = timedelta(days=1)
AT_ONCE = 5000
"""Rows deleted by one transaction."""


def sweep_batches(services: Services, now: datetime) -> int:
    """Clear what finished batches and broken-off uploads have left; how many were cleared."""
    folder = batch_folder(services)
    if not folder.is_dir():
        return 0
    return _staged(services, now) + _originals(services, folder, now) + _broken_off(services, folder, now)


def _staged(services: Services, now: datetime) -> int:
    """Rows of finished batches: their counts are in the batch, their outcome in the register, their faults are kept."""
    with services.database.reading() as session:
        query = select(Batch.id).where(Batch.state.in_(FINISHED), Batch.id.in_(select(BatchRow.batch_id).distinct()))
        done = session.scalars(query).all()
    for batch_id in done:
        forget_rows(services, batch_id, now)
        while True:
            with services.database.writing() as session:
                some = select(BatchRow.row_number).where(BatchRow.batch_id == batch_id).limit(AT_ONCE)
                gone = session.execute(
                    delete(BatchRow).where(
                        BatchRow.batch_id == batch_id, BatchRow.row_number.in_(some.scalar_subquery())
                    )
                )
            if not gone.rowcount:  # type: ignore[attr-defined]
                break
    return len(done)


def _originals(services: Services, folder: Path, now: datetime) -> int:
    """Files that were never read or were taken back, at once; applied ones when their time is over and no row waits."""
    left = [int(path.stem) for path in folder.glob("*.sealed") if path.stem.isdecimal()]
    waits = select(func.count()).where(WaitingRow.batch_id == Batch.id, WaitingRow.state.in_([WAITING, PROPOSED]))
    with services.database.reading() as session:
        query = select(Batch.id, Batch.state, Batch.applied_at, waits.scalar_subquery()).where(Batch.id.in_(left))
        found = session.execute(query).all()
    keep = timedelta(days=services.settings.batch_keep_days)
    over = [
        batch_id
        for batch_id, state, applied_at, waiting in found
        if state in FINISHED
        and (state != APPLIED or (not waiting and applied_at is not None and applied_at + keep < now))
    ]
    for batch_id in over:
        with services.database.writing() as session:
            session.execute(update(Batch).where(Batch.id == batch_id).values(original_gone_at=now))
            session.execute(
                update(WaitingRow).where(WaitingRow.batch_id == batch_id).values(sealed=None, supplement=None)
                .execution_options(synchronize_session=False)
            )  # fmt: skip
        forget_original(services, batch_id, now)
    return len(over)


def _broken_off(services: Services, folder: Path, now: datetime) -> int:
    """Uploads that never became a batch; younger ones may still be coming in."""
    oldest = (now - LONGEST_UPLOAD).timestamp()
    old = [path for path in folder.glob("*.part") if path.stat().st_mtime < oldest]
    for path in old:
        services.vault.destroy(f"upload:{path.stem}", at=now)
        path.unlink(missing_ok=True)
    return len(old)
