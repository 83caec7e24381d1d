"""After a list by file: one matter a court, to see who of it has a unit or a superior body that is to be told (art. 8)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from creditsvc.kernel.days import legal_day
from creditsvc.register.task_kinds import TaskKind
from creditsvc.tasks.queue import NewTask, open_task
from sync.tables_intake import Batch


def open_matters(session: Session, batch: Batch, *, now: datetime) -> int:
    """One matter for each court whose list has grown, in the transaction that completes the batch; how many.

    A matter for every row would bury the queue: a file does not tell who serves the state. The law names no time.
    """
    grown = [court for court in (batch.preview or {}).get("courts", ()) if court["rows"]]
    for court in grown:
        said = {
            "zh": f"{court['name']}：批次 {batch.id} 新纳入 {court['rows']} 条：核对有无须通报所在单位或者上级单位的（第八条）",
            "en": f"{court['name']}: batch {batch.id} added {court['rows']}: see whose unit or superior body is to be told (art. 8)",
        }
        new = NewTask(
            f"{TaskKind.ARTICLE8_BATCH.value}/{batch.id}/{court['code']}", TaskKind.ARTICLE8_BATCH.value, court["code"], legal_day(now),
            details={"page": f"/desk/batches/{batch.id}", "said": said},
        )  # fmt: skip
        open_task(session, new, by=f"batch:{batch.id}", now=now)
    return len(grown)
