"""What a killed process may leave of a file that came in, cleared later: keys, sealed files, sealed rows.

Nothing here is needed for a batch to be right; it is needed so that numbers on their way in don't outlive their purpose.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import select, update

from creditsvc.services import Services
from sync.staging import batch_folder, clear_batch
from sync.tables_intake import FINISHED, Batch, BatchRow

LONGEST_UPLOAD = timedelta(days=1)


def sweep_batches(services: Services, now: datetime) -> int:
    """Clear what finished batches and broken-off uploads have left; how many were cleared."""
    folder = batch_folder(services)
    if not folder.is_dir():
        return 0
    return _finished(services, folder, now) + _broken_off(services, folder, now)


def _finished(services: Services, folder: Path, now: datetime) -> int:
    left = [int(path.stem) for path in folder.glob("*.sealed") if path.stem.isdecimal()]
    with services.database.reading() as session:
        query = select(Batch.id, Batch.state).where(Batch.id.in_(left))
        states = {row[0]: row[1] for row in session.execute(query)}
    done = [batch_id for batch_id in left if states.get(batch_id) in FINISHED]
    for batch_id in done:
        with services.database.writing() as session:
            session.execute(
                update(BatchRow)
                .where(BatchRow.batch_id == batch_id, BatchRow.sealed.is_not(None))
                .values(sealed=None)
                .execution_options(synchronize_session=False)
            )
        clear_batch(services, batch_id, now)
    return len(done)


def _broken_off(services: Services, folder: Path, now: datetime) -> int:
    """Uploads that never became a batch; younger ones may still be coming in."""
    oldest = (now - LONGEST_UPLOAD).timestamp()
    old = [path for path in folder.glob("*.part") if path.stat().st_mtime < oldest]
    for path in old:
        services.vault.destroy(f"upload:{path.stem}", at=now)
        path.unlink(missing_ok=True)
    return len(old)
