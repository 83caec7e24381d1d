"""Additions of a released batch become entries: in chunks, each with its events, its facts and the batch's cursor.

What can be made beforehand is made before the transaction begins, so that a chunk holds the database for its inserts
alone. A row whose entry exists by now, or whose exit came first, is passed over: the same row is the same entry.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import select
from sqlalchemy.orm import Session

from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import Conflict
from creditsvc.kernel.identity import IdentityNumber
from creditsvc.kernel.text import Bilingual
from creditsvc.register.entry_ids import new_entry
from creditsvc.register.life import OrderState, State
from creditsvc.register.tables import ConsumptionOrder, Listing, RegisterEvent, ResponsibleMark
from creditsvc.services import Services
from creditsvc.storage.bulk import insert_rows
from creditsvc.storage.outbox import FactType, Outbox
from creditsvc.storage.subjects import keep_subjects
from punishment_rules.law import Role
from sync.batch_files import Digests, open_row
from sync.inbound.records import InboundOrder, InboundRecord
from sync.inbound.shapes import Shape
from sync.judging import ahead_keys
from sync.matching import any_exit_ahead, exits_ahead, known_listings, one_at_a_time
from sync.tables_intake import RELEASED, Batch, BatchRow

CLAUSE = "法释〔2017〕7号第五条、第七条"
ORDER_CLAUSE = "法释〔2015〕17号第三条、第五条"


class Additions:
    """Applies additions of one batch, a chunk at a time."""

    def __init__(self, services: Services, batch_id: int, cipher: AESGCM | None, now: datetime) -> None:
        self._services, self._vault, self._digests = services, services.vault, Digests(services)
        self._batch_id, self._cipher, self._now, self._today = batch_id, cipher, now, legal_day(now)

    def add(self, session: Session, record: InboundRecord | InboundOrder, digests: tuple[bytes, bytes]) -> None:
        """One addition in the caller's transaction."""
        one_at_a_time(self._services, session)
        if not self._apply(session, [record], [digests]):
            raise Conflict(
                Bilingual("该记录已经在册或者已经移出", "the entry is there already, or has left"), code="row-overtaken"
            )

    def chunk(self, size: int) -> int:
        """Apply the next rows in one transaction; how many became entries."""
        with self._services.database.reading() as session:
            after = session.scalar(select(Batch.next_row).where(Batch.id == self._batch_id)) or 0
            staged = session.execute(
                select(BatchRow.row_number, BatchRow.shape, BatchRow.row_key, BatchRow.row_digest, BatchRow.sealed)
                .where(BatchRow.batch_id == self._batch_id, BatchRow.state == "staged")
                .where(BatchRow.rank == Shape.LISTING.rank, BatchRow.row_number > after)
                .order_by(BatchRow.row_number)
                .limit(size)
            ).all()
        assert self._cipher is not None  # noqa: S101 - whoever applies a batch has its key
        records = [
            open_row(self._cipher, self._batch_id, row.row_number, bytes(row.sealed), row.shape) for row in staged
        ]
        digests = [(bytes(row.row_key), bytes(row.row_digest)) for row in staged]
        with self._services.database.writing() as session:
            one_at_a_time(self._services, session)
            batch = session.scalars(select(Batch).where(Batch.id == self._batch_id).with_for_update()).one()
            if batch.state != RELEASED or batch.next_row != after or not staged:
                return 0
            made = self._apply(session, records, digests)
            batch.next_row = staged[-1].row_number
            batch.applied += made
            batch.passed_over += len(staged) - made
        return made

    def _apply(self, session: Session, records: Sequence[Any], digests: Sequence[tuple[bytes, bytes]]) -> int:
        present = known_listings(session, [key for key, _ in digests])
        overtaken = self._overtaken(session, records)
        fresh = [
            (record, digest) for record, digest in zip(records, digests, strict=True)
            if digest[0] not in present and record.row not in overtaken
        ]  # fmt: skip
        listings = [(record, digest) for record, digest in fresh if isinstance(record, InboundRecord)]
        orders = [(record, digest) for record, digest in fresh if isinstance(record, InboundOrder)]
        return self._write(session, listings, orders)

    def _overtaken(self, session: Session, records: Sequence[Any]) -> set[int]:
        """Rows whose exit has come before them."""
        if not any_exit_ahead(session):
            return set()
        keys = {record.row: set(ahead_keys(self._digests, record)) for record in records}
        found = exits_ahead(session, (key for pair in keys.values() for key in pair))
        return {row for row, pair in keys.items() if pair & found} if found else set()

    def _write(
        self, session: Session, listed: Sequence[tuple[InboundRecord, tuple[bytes, bytes]]],
        ordered: Sequence[tuple[InboundOrder, tuple[bytes, bytes]]],
    ) -> int:  # fmt: skip
        numbers = [record.number for record, _ in listed] + [record.number for record, _ in ordered]
        numbers += [record.legal_representative_number for record, _ in listed if record.legal_representative_number]
        if not numbers:
            return 0
        subjects = keep_subjects(session, self._vault, numbers, at=self._now)
        listings: list[dict[str, Any]] = []
        orders: list[dict[str, Any]] = []
        marks: list[dict[str, Any]] = []
        for record, (key, digest) in listed:
            listing = self._listing(record, subjects[record.number], key, digest)
            listings.append(listing)
            if record.order_number is not None:
                orders.append(self._order_of(record, listing))
            if record.legal_representative_number is not None:
                marks.append(self._mark(record, listing, subjects))
        alone = [self._order(record, subjects[record.number], key) for record, (key, _) in ordered]
        fresh = _fresh_orders(session, [*orders, *alone])
        self._insert(session, listings, fresh, marks)
        kept = {order["entry"] for order in fresh}
        return len(listings) + sum(order["entry"] in kept for order in alone)

    def _insert(
        self,
        session: Session,
        listings: list[dict[str, Any]],
        orders: list[dict[str, Any]],
        marks: list[dict[str, Any]],
    ) -> None:
        insert_rows(session, Listing, listings)
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

    def _order_of(self, record: InboundRecord, listing: dict[str, Any]) -> dict[str, Any]:
        same = ("subject_id", "debtor_kind", "name", "sex", "age", "court_code", "court_name", "case_number", "filed_on",
                "row_key", "batch_id", "created_at")  # fmt: skip
        return {name: listing[name] for name in same} | {
            "entry": new_entry("ord"), "order_number": record.order_number,
            "issued_on": record.order_issued_on or record.decided_on, "items": [], "bound_role": None, "unit_name": None,
            "state": OrderState.ORDERED.value,
            "revision": 1, "version": 1,
        }  # fmt: skip

    def _order(self, record: InboundOrder, subject: str, key: bytes) -> dict[str, Any]:
        """An order that came by itself."""
        return {
            "subject_id": subject, "debtor_kind": record.debtor_kind.value, "name": record.subject_name,
            "sex": record.number.sex() or record.sex, "age": _age(record, record.issued_on), "court_code": record.court_code,
            "court_name": record.court_name, "case_number": record.case_number, "filed_on": record.filed_on, "row_key": key,
            "batch_id": self._batch_id, "created_at": self._now, "entry": new_entry("ord"),
            "order_number": record.order_number, "issued_on": record.issued_on, "items": [], "bound_role": record.bound_role,
            "unit_name": record.unit_name, "state": OrderState.ORDERED.value, "revision": 1, "version": 1,
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


def _age(record: InboundRecord | InboundOrder, on: date) -> int | None:
    age = record.number.age_on(on)
    return record.age if age is None else age
