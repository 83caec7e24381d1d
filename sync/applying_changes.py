"""Exits and changes of a released batch: each is a decision, proposed by who sent it and approved by who released it.

They go through the same use cases as at the desk, so the same law, the same journal, the same fact for the streams. What
can't be done any more is passed over with its reason and stops nothing else. An exit whose entry is not here is
remembered, so that the entry is not listed when it comes late (I09).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import select
from sqlalchemy.orm import Session

from creditsvc.access.callers import Caller, CallerKind
from creditsvc.access.permissions import ROLE_PERMISSIONS, StaffRole
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import CreditServiceError
from creditsvc.register import approving, decisions
from creditsvc.register.kinds import clause_of
from creditsvc.services import Services
from sync.batch_files import Digests, open_row
from sync.inbound.records import InboundChange
from sync.inbound.shapes import Shape
from sync.judging import judge, officer_changes
from sync.matching import one_at_a_time
from sync.tables_intake import RELEASED, Batch, BatchFault, BatchRow, ExitAhead


def caller_of(batch: Batch, *, released: bool) -> Caller:
    """Who sent the batch, or who released it, as they stood when they did."""
    actor, person, role = (
        (batch.released_by, batch.released_person, batch.released_role)
        if released
        else (batch.uploaded_by, batch.uploaded_person, batch.uploaded_role)
    )
    account = (actor or "").rpartition(":")[2]
    return Caller(
        CallerKind.STAFF, account_id=int(account) if account.isdecimal() else None, person=person or "", role=role or "",
        court_code=batch.court_code, permissions=ROLE_PERMISSIONS[StaffRole(role)] if role else frozenset(),
    )  # fmt: skip


def decide(
    services: Services,
    session: Session,
    change: InboundChange,
    entry: str,
    *,
    proposer: Caller,
    approver: Caller,
    now: datetime,
) -> None:
    """The decision of two people that a row stands for. Raises what proposing and approving raise."""
    if change.shape == Shape.EXIT.value:
        # whoever proposed the same at the desk need not be waited for
        reason = f"同一决定已由报送的名单作出：{change.document_number}"
        decisions.overtake(session, entry, change.kind, people=(proposer, approver), reason=reason, now=now)
    changes = officer_changes(session, services, change, entry, make_at=now)
    draft = decisions.Draft(
        kind=change.kind, entry=entry, ground=change.ground, clause=clause_of(change.kind, change.ground),
        event_on=change.event_on, known_on=change.known_on, reason=change.reason, document_number=change.document_number,
        changes=changes or {},
    )  # fmt: skip
    proposed = decisions.propose(session, draft, caller=proposer, now=now)
    approving.approve(session, services, proposed.id, shown_digest=proposed.digest, caller=approver, now=now)


class Changes:
    """Applies exits and changes of one batch, a few at a time."""

    def __init__(self, services: Services, batch_id: int, cipher: AESGCM, now: datetime) -> None:
        self._services, self._batch_id, self._cipher, self._now = services, batch_id, cipher, now
        self._digests = Digests(services)

    def chunk(self, rank: int, size: int) -> int:
        """Apply the next rows of this rank in one transaction; how many took effect."""
        with self._services.database.writing() as session:
            one_at_a_time(self._services, session)
            batch = session.scalars(select(Batch).where(Batch.id == self._batch_id).with_for_update()).one()
            if batch.state != RELEASED:
                return 0
            query = select(BatchRow).where(
                BatchRow.batch_id == self._batch_id, BatchRow.state == "staged", BatchRow.rank == rank
            )
            rows = session.scalars(query.order_by(BatchRow.row_number).limit(size)).all()
            done = sum(self._row(session, batch, row) for row in rows)
            batch.applied += done
            batch.passed_over += len(rows) - done
        return done

    def _row(self, session: Session, batch: Batch, row: BatchRow) -> bool:
        """One row; whether it took effect."""
        change = open_row(self._cipher, self._batch_id, row.row_number, bytes(row.sealed or b""), row.shape)
        assert isinstance(change, InboundChange)  # noqa: S101 - by its shape
        found = judge(
            session, self._services, self._digests, [change], reach=batch.court_code, on=legal_day(self._now)
        )[0]
        row.sealed = None
        if found.faults:
            fault = found.faults[0]
            return self._failed(session, row, fault.column, fault.text.zh, fault.text.en)
        if found.state == "unchanged":
            row.state = "unchanged"
            return False
        if found.entry is None:
            self._remember(session, change)
        else:
            try:
                with session.begin_nested():
                    decide(
                        self._services,
                        session,
                        change,
                        found.entry,
                        proposer=caller_of(batch, released=False),
                        approver=caller_of(batch, released=True),
                        now=self._now,
                    )
            except CreditServiceError as problem:
                return self._failed(session, row, "case_code", problem.text.zh, problem.text.en)
        row.state = "applied"
        return True

    def _remember(self, session: Session, change: InboundChange) -> None:
        key_of: Any = self._digests.entry_key if change.about == "listing" else self._digests.order_key
        key = key_of(change, change.made_by or "")
        if session.get(ExitAhead, key) is None:
            session.add(
                ExitAhead(
                    row_key=key, batch_id=self._batch_id, row_number=change.row, document_number=change.document_number,
                    created_at=self._now,
                )
            )  # fmt: skip
            session.flush()

    def _failed(self, session: Session, row: BatchRow, column: str, zh: str, en: str) -> bool:
        row.state = "failed"
        session.add(
            BatchFault(
                batch_id=self._batch_id, row_number=row.row_number, column=column, header=column, code="not-applied", zh=zh, en=en,
                severity="refused",
            )
        )  # fmt: skip
        return False
