"""A court's files for tests of the intake: sent by one person, released by another, applied."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from creditsvc.access.callers import Caller, CallerKind
from creditsvc.access.permissions import ROLE_PERMISSIONS, StaffRole
from creditsvc.register.tables import Listing
from creditsvc.services import Services
from sync.apply import apply_released
from sync.intake import receive_file, release
from sync.tables_intake import Batch, BatchFault
from tests.support.feed_simulator import person

COURT = {"court_name": "郑州市金水区人民法院"}
TERMED = {"disrupt_types": "违反财产报告制度", "end_date": "2028-10-28"}


def staff(role: StaffRole, number: int, *, court: str = "豫") -> Caller:
    """Somebody at a court; the number is the person's."""
    return Caller(
        CallerKind.STAFF,
        number,
        f"person-{number}",
        role=role.value,
        court_code=court,
        permissions=ROLE_PERMISSIONS[role],
    )


CLERK, JUDGE, PRESIDENT = staff(StaffRole.CLERK, 1), staff(StaffRole.JUDGE, 2), staff(StaffRole.PRESIDENT, 3)


def listing(number: int, **changes: Any) -> dict[str, Any]:
    """The so-manyeth row that lists somebody made up, on ground one, so without a term."""
    row = {
        "subject_name": f"测试{number}", "id_number": person(number).number, **COURT, "case_code": f"（2026）豫0105执{number}号",
        "disrupt_types": "有履行能力而拒不履行生效法律文书确定义务", "decision_number": f"（2026）豫0105执{number}号之一",
        "decided_on": "2026-10-28", "national_entry": f"QG2026{number:06}", "national_entered_on": "2026-10-30",
        "performance": "全部未履行", "order_number": f"（2026）豫0105执{number}号限消", "order_issued_on": "2026-10-28",
    }  # fmt: skip
    return {name: value for name, value in {**row, **changes}.items() if value is not None}


def about(number: int, **changes: Any) -> dict[str, Any]:
    """What every row about the same entry begins with."""
    row = listing(number)
    names = ("id_number", "court_name", "case_code")
    base = {name: row[name] for name in names} | {
        "event_on": "2026-11-20",
        "document_number": f"（2026）豫0105执{number}号之二",
    }
    return {name: value for name, value in {**base, **changes}.items() if value is not None}


def ended(number: int, ground: str = "履行完毕", **changes: Any) -> dict[str, Any]:
    """A row that ends the listing."""
    return about(number, **{"exit_ground": ground, "decision_number": listing(number)["decision_number"], **changes})


class Intake:
    """The way in, as three people use it."""

    def __init__(self, services: Services) -> None:
        self.services = services

    def send(
        self,
        rows: Sequence[dict[str, Any]] | bytes,
        *,
        by: Caller = CLERK,
        declared: int | None = None,
        name: str = "list.ndjson",
    ) -> Batch:
        """Take a file in."""
        content = (
            rows
            if isinstance(rows, bytes)
            else "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
        )
        batch, _ = receive_file(
            self.services,
            io.BytesIO(content),
            filename=name,
            caller=by,
            now=self.services.clock.now(),
            declared=declared,
        )
        return batch

    def release(self, batch: Batch, *, by: Caller = JUDGE, reason: str = "已与法院核实") -> None:
        """Release it as shown."""
        with self.services.database.writing() as session:
            release(
                session,
                batch.id,
                shown_digest=batch.digest or "",
                reason=reason,
                caller=by,
                now=self.services.clock.now(),
            )

    def apply(self, chunk: int = 2000) -> int:
        """Let everything that is released take effect."""
        return apply_released(self.services, self.services.clock.now(), chunk=chunk)

    def take(self, rows: Sequence[dict[str, Any]], *, by: Caller = JUDGE) -> Batch:
        """All three steps; the batch as it is afterwards."""
        batch = self.send(rows)
        self.release(batch, by=by)
        self.apply()
        return self.batch(batch.id)

    def batch(self, batch_id: int) -> Batch:
        """The batch as it is now."""
        with self.services.database.reading() as session:
            return session.scalars(select(Batch).where(Batch.id == batch_id)).one()

    def faults(self, batch: Batch) -> list[tuple[int, str]]:
        """Row and code of every fault."""
        with self.services.database.reading() as session:
            query = select(BatchFault.row_number, BatchFault.code).where(BatchFault.batch_id == batch.id)
            return [(row[0], row[1]) for row in session.execute(query.order_by(BatchFault.row_number, BatchFault.id))]

    def said(self, batch: Batch) -> list[str]:
        """What every fault says."""
        with self.services.database.reading() as session:
            return list(
                session.scalars(select(BatchFault.en).where(BatchFault.batch_id == batch.id).order_by(BatchFault.id))
            )

    def states(self) -> dict[str, str]:
        """States of listings by name."""
        with self.services.database.reading() as session:
            return {row[0]: row[1] for row in session.execute(select(Listing.name, Listing.state).order_by(Listing.id))}
