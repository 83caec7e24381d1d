"""Released rows become entries: in chunks of at most 2,000, each with its events, its facts and the batch's cursor.

A chunk is one transaction, so after a crash the next run goes on at the cursor: a batch is "released, completing" or
applied, never half a row. Rows whose entry exists by now are passed over: the same row is the same entry.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from creditsvc.kernel.days import legal_day
from creditsvc.kernel.identity import IdentityNumber
from creditsvc.register.entry_ids import new_entry
from creditsvc.register.life import OrderState, State
from creditsvc.register.tables import ConsumptionOrder, Listing, RegisterEvent, ResponsibleMark
from creditsvc.services import Services
from creditsvc.storage.bulk import insert_rows
from creditsvc.storage.outbox import FactType, Outbox
from creditsvc.storage.subjects import keep_subjects
from punishment_rules.law import Role
from sync.inbound.records import InboundRecord
from sync.staging import batch_key_name, clear_batch, open_row
from sync.tables_intake import APPLIED, RELEASED, Batch, BatchRow

CHUNK = 2000
CLAUSE = "法释〔2017〕7号第五条、第七条"
ORDER_CLAUSE = "法释〔2015〕17号第三条、第五条"


def apply_released(services: Services, now: datetime, *, chunk: int = CHUNK, progress: Any = None) -> int:
    """Apply every released batch to its end; how many rows became entries."""
    with services.database.reading() as session:
        waiting = session.scalars(
            select(Batch.id).where(Batch.state == RELEASED).order_by(Batch.released_at, Batch.id)
        ).all()
    return sum(_apply_batch(services, batch_id, now, chunk, progress) for batch_id in waiting)


def _apply_batch(services: Services, batch_id: int, now: datetime, chunk: int, progress: Any) -> int:
    name = batch_key_name(batch_id)
    key = services.vault.keys_of([name]).get(name)
    if key is None:
        return 0
    applier, total, more = _Applier(services, batch_id, AESGCM(key), now), 0, True
    while more:
        with services.database.writing() as session:
            done, more = applier.chunk(session, chunk)
        total += done
        if progress is not None:
            progress(total)
    clear_batch(services, batch_id, now)
    return total


class _Applier:
    """Applies one batch, a chunk at a time."""

    def __init__(self, services: Services, batch_id: int, cipher: AESGCM, now: datetime) -> None:
        self._vault = services.vault
        self._batch_id, self._cipher, self._now, self._today = batch_id, cipher, now, legal_day(now)

    def chunk(self, session: Session, size: int) -> tuple[int, bool]:
        """Apply the next rows in this transaction; how many, and whether more may follow."""
        batch = session.scalars(select(Batch).where(Batch.id == self._batch_id).with_for_update()).one()
        if batch.state != RELEASED:
            return 0, False
        staged = session.execute(
            select(BatchRow.row_number, BatchRow.row_key, BatchRow.row_digest, BatchRow.sealed)
            .where(
                BatchRow.batch_id == self._batch_id, BatchRow.state == "staged", BatchRow.row_number > batch.next_row
            )
            .order_by(BatchRow.row_number)
            .limit(size)
        ).all()
        if not staged:
            batch.state, batch.applied_at = APPLIED, self._now
            return 0, False
        present = _present(session, [bytes(row.row_key) for row in staged])
        fresh = [row for row in staged if bytes(row.row_key) not in present]
        self._pass_over(session, [row for row in staged if bytes(row.row_key) in present], present)
        records = [open_row(self._cipher, self._batch_id, row.row_number, bytes(row.sealed)) for row in fresh]
        self._write(session, records, [(bytes(row.row_key), bytes(row.row_digest)) for row in fresh])
        batch.next_row = staged[-1].row_number
        batch.applied += len(records)
        session.execute(
            update(BatchRow)
            .where(
                BatchRow.batch_id == self._batch_id, BatchRow.row_number.between(staged[0].row_number, batch.next_row)
            )
            .where(BatchRow.state == "staged")
            .values(state="applied", sealed=None)
            .execution_options(synchronize_session=False)
        )
        return len(records), True

    def _pass_over(self, session: Session, rows: Sequence[Any], present: dict[bytes, bytes]) -> None:
        """Rows that became entries through another batch meanwhile: the same row is the same entry."""
        for row in rows:
            same = present[bytes(row.row_key)] == bytes(row.row_digest)
            session.execute(
                update(BatchRow)
                .where(BatchRow.batch_id == self._batch_id, BatchRow.row_number == row.row_number)
                .values(state="unchanged" if same else "changed", sealed=None)
                .execution_options(synchronize_session=False)
            )

    def _write(
        self, session: Session, records: Sequence[InboundRecord], digests: Sequence[tuple[bytes, bytes]]
    ) -> None:
        if not records:
            return
        numbers = [record.number for record in records]
        numbers += [record.legal_representative_number for record in records if record.legal_representative_number]
        subjects = keep_subjects(session, self._vault, numbers, at=self._now)
        listings: list[dict[str, Any]] = []
        orders: list[dict[str, Any]] = []
        marks: list[dict[str, Any]] = []
        for record, (key, digest) in zip(records, digests, strict=True):
            listing = self._listing(record, subjects[record.number], key, digest)
            listings.append(listing)
            if record.order_number is not None:
                orders.append(self._order(record, listing))
            if record.legal_representative_number is not None:
                marks.append(self._mark(record, listing, subjects))
        self._insert(session, listings, orders, marks)

    def _insert(
        self,
        session: Session,
        listings: list[dict[str, Any]],
        orders: list[dict[str, Any]],
        marks: list[dict[str, Any]],
    ) -> None:
        insert_rows(session, Listing, listings)
        orders = _fresh_orders(session, orders)
        insert_rows(session, ConsumptionOrder, orders)
        insert_rows(session, ResponsibleMark, marks)
        events = [self._event(row, "listing", row["decided_on"], CLAUSE, row["decision_number"]) for row in listings]
        events += [
            self._event(row, "consumption_order", row["issued_on"], ORDER_CLAUSE, row["order_number"]) for row in orders
        ]
        insert_rows(session, RegisterEvent, events)
        insert_rows(session, Outbox, [self._fact(event) for event in events])

    def _listing(self, record: InboundRecord, subject: str, key: bytes, digest: bytes) -> dict[str, Any]:
        published = record.published_on or self._today
        person = record.debtor_kind.value == "person"
        return {
            "entry": new_entry("lst"), "subject_id": subject, "debtor_kind": record.debtor_kind.value, "name": record.subject_name,
            "sex": _sex(record) if person else None, "age": _age(record, published) if person else None,
            "legal_representative": record.legal_representative, "court_code": record.court_code,
            "court_name": record.court_name, "case_number": record.case_number, "filed_on": record.filed_on,
            "basis_number": record.basis_number, "basis_issuer": record.basis_issuer, "obligation": record.obligation,
            "performance": record.performance, "performed_part": record.performed_part,
            "unperformed_part": record.unperformed_part, "grounds": [ground.value for ground in record.grounds],
            "published_on": published, "until": record.until, "decision_number": record.decision_number,
            "decided_on": record.decided_on, "decision_signed_by": record.decision_signed_by, "served_on": record.served_on,
            "service_mode": record.service_mode, "national_entry": record.national_entry,
            "national_entered_on": record.national_entered_on, "applicants": list(record.applicants), "nonpublic": False,
            "state": State.ACTIVE.value, "revision": 1, "version": 1, "row_key": key, "row_digest": digest,
            "batch_id": self._batch_id, "row_number": record.row, "created_at": self._now,
        }  # fmt: skip

    def _order(self, record: InboundRecord, listing: dict[str, Any]) -> dict[str, Any]:
        same = ("subject_id", "debtor_kind", "name", "sex", "age", "court_code", "court_name", "case_number", "filed_on",
                "row_key", "batch_id", "created_at")  # fmt: skip
        return {name: listing[name] for name in same} | {
            "entry": new_entry("ord"), "order_number": record.order_number,
            "issued_on": record.order_issued_on or record.decided_on, "items": [], "state": OrderState.ORDERED.value,
            "revision": 1, "version": 1,
        }  # fmt: skip

    def _mark(
        self, record: InboundRecord, listing: dict[str, Any], subjects: dict[IdentityNumber, str]
    ) -> dict[str, Any]:
        number = record.legal_representative_number
        return {
            "unit_entry": listing["entry"], "subject_id": subjects[number] if number else "",
            "role": Role.LEGAL_REPRESENTATIVE.value, "name": record.legal_representative or "",
            "from_day": listing["published_on"], "to_day": None,
        }  # fmt: skip

    def _event(
        self, row: dict[str, Any], kind: str, decided: date, clause: str, document: str | None
    ) -> dict[str, Any]:
        return {
            "entry": row["entry"], "kind": kind, "revision": 1, "type": "publish", "event_on": decided, "known_on": None,
            "decided_on": decided, "recorded_at": self._now, "actor": f"batch:{self._batch_id}", "clause": clause,
            "document_number": document, "reason": None, "decision_id": None,
        }  # fmt: skip

    def _fact(self, event: dict[str, Any]) -> dict[str, Any]:
        return {"entry": event["entry"], "kind": event["kind"], "revision": 1, "fact": FactType.PUBLISHED.value,
                "is_exit": False, "created_at": self._now}  # fmt: skip


def _present(session: Session, keys: Sequence[bytes]) -> dict[bytes, bytes]:
    """Content digests of entries that stand already, by row key."""
    found: dict[bytes, bytes] = {}
    for start in range(0, len(keys), 500):
        query = select(Listing.row_key, Listing.row_digest).where(Listing.row_key.in_(keys[start : start + 500]))
        found.update({bytes(key): bytes(digest) for key, digest in session.execute(query)})
    return found


def _fresh_orders(session: Session, orders: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without those that stand: two listings of one case, with and without a term, name the same order."""
    subjects = list({order["subject_id"] for order in orders})
    seen: set[tuple[str, str]] = set()
    for start in range(0, len(subjects), 500):
        query = select(ConsumptionOrder.subject_id, ConsumptionOrder.order_number).where(
            ConsumptionOrder.subject_id.in_(subjects[start : start + 500])
        )
        seen.update((subject, number) for subject, number in session.execute(query))
    fresh = []
    for order in orders:
        name = (order["subject_id"], order["order_number"])
        if name not in seen:
            seen.add(name)
            fresh.append(order)
    return fresh


def _sex(record: InboundRecord) -> str | None:
    return record.number.sex() or record.sex


def _age(record: InboundRecord, on: date) -> int | None:
    age = record.number.age_on(on)
    return record.age if age is None else age
