"""What additions become in the tables, made before any transaction begins: entries, marks, events, facts, subjects.

A number that has no subject yet is given one, and its key is committed in the key database; whether somebody else has made
the subject meanwhile is asked when the rows are written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from creditsvc.kernel.days import legal_day
from creditsvc.register.entry_ids import new_entry
from creditsvc.register.life import OrderState, State
from creditsvc.register.tables import ConsumptionOrder, Listing, RegisterEvent, ResponsibleMark
from creditsvc.services import Services
from creditsvc.storage.bulk import Bulk
from creditsvc.storage.outbox import FactType, Outbox
from creditsvc.storage.subjects import SEALED, Subject, sealed_subjects, subjects_by_token
from punishment_rules.law import Role
from sync.inbound.records import InboundOrder, InboundRecord

CLAUSE = "法释〔2017〕7号第五条、第七条"
ORDER_CLAUSE = "法释〔2015〕17号第三条、第五条"
Written = tuple[Any, ...]
"""A row as the driver takes it."""
Addition = InboundRecord | InboundOrder
_LISTING = (
    "entry", "subject_id", "debtor_kind", "name", "sex", "age", "legal_representative", "court_code", "court_name", "case_number",
    "filed_on", "basis_number", "basis_issuer", "obligation", "performance", "performed_part", "unperformed_part", "grounds",
    "published_on", "until", "decision_number", "decided_on", "decision_signed_by", "served_on", "service_mode",
    "national_entry", "national_entered_on", "applicants", "row_key", "row_digest", "row_number",
)  # fmt: skip
_ORDER = (
    "entry", "subject_id", "debtor_kind", "name", "sex", "age", "court_code", "court_name", "case_number", "filed_on",
    "order_number", "issued_on", "bound_role", "unit_name", "row_key",
)  # fmt: skip
_MARK = ("unit_entry", "subject_id", "name", "from_day")
_EVENT = ("entry", "kind", "event_on", "decided_on", "clause", "document_number")
_FACT = ("entry", "kind")


@dataclass(slots=True)
class Rows:
    """Rows of the tables that are written together."""

    listings: list[Written] = field(default_factory=list)
    orders: list[Written] = field(default_factory=list)
    marks: list[Written] = field(default_factory=list)
    events: list[Written] = field(default_factory=list)
    facts: list[Written] = field(default_factory=list)

    def take(self, other: Rows) -> None:
        """Add another's."""
        self.listings += other.listings
        self.orders += other.orders
        self.marks += other.marks
        self.events += other.events
        self.facts += other.facts


@dataclass(slots=True)
class Made:
    """One row of a list and everything that it will be, its order apart: that may stand already."""

    record: Addition
    key: bytes
    tokens: tuple[bytes, ...]
    """Of everybody whom it names."""
    rows: Rows = field(default_factory=Rows)
    order: Rows | None = None
    order_name: tuple[str, str] = ("", "")
    """Subject and number of the order."""


@dataclass(slots=True)
class Block:
    """Rows that were made together, and the subjects that may have to be made with them: id and row, by token."""

    rows: list[Made]
    subjects: dict[bytes, tuple[str, Written]]


class Making:
    """Makes the rows of one batch."""

    def __init__(self, services: Services, batch_id: int, now: datetime) -> None:
        self._services, self._vault, self._now, self._today = services, services.vault, now, legal_day(now)
        dialect = services.database.write_engine.dialect
        same: dict[str, Any] = {"revision": 1, "version": 1, "batch_id": batch_id, "created_at": now}
        self._listings = Bulk(dialect, Listing, _LISTING, {**same, "nonpublic": False, "state": State.ACTIVE.value})
        self._orders = Bulk(dialect, ConsumptionOrder, _ORDER, {**same, "items": [], "state": OrderState.ORDERED.value})
        self._marks = Bulk(dialect, ResponsibleMark, _MARK, {"role": Role.LEGAL_REPRESENTATIVE.value})
        told = {"revision": 1, "type": "publish", "recorded_at": now, "actor": f"batch:{batch_id}"}
        self._events = Bulk(dialect, RegisterEvent, _EVENT, told)
        fact = {"revision": 1, "fact": FactType.PUBLISHED.value, "is_exit": False, "created_at": now}
        self._facts = Bulk(dialect, Outbox, _FACT, fact)
        self._subjects = Bulk(dialect, Subject, SEALED, {"created_at": now})

    def block(self, additions: Sequence[tuple[Addition, tuple[bytes, bytes]]]) -> Block:
        """Everything that these rows will be; each comes with its key and the digest of its content."""
        numbers = [record.number for record, _ in additions]
        numbers += [
            record.legal_representative_number for record, _ in additions
            if isinstance(record, InboundRecord) and record.legal_representative_number is not None
        ]  # fmt: skip
        tokens = {number: self._vault.token(number.canonical) for number in dict.fromkeys(numbers)}
        with self._services.database.reading() as session:
            known = subjects_by_token(session, list(tokens.values()))
        fresh = {number: token for number, token in tokens.items() if token not in known}
        sealed = sealed_subjects(self._vault, fresh, at=self._now)
        ids = known | {row[2]: row[0] for row in sealed}
        rows = []
        for record, (key, digest) in additions:
            make = self._of_listing if isinstance(record, InboundRecord) else self._of_order
            rows.append(make(record, ids, tokens, key, digest))  # type: ignore[arg-type]
        return Block(rows, {row[2]: (row[0], self._subjects.written(row)) for row in sealed})

    def insert(self, session: Any, rows: Rows, subjects: Sequence[Written]) -> None:
        """Write rows that were made."""
        for bulk, some in (
            (self._subjects, subjects), (self._listings, rows.listings), (self._orders, rows.orders), (self._marks, rows.marks),
            (self._events, rows.events), (self._facts, rows.facts),
        ):  # fmt: skip
            if some:
                bulk.insert(session, some)

    def _of_listing(
        self, record: InboundRecord, ids: dict[bytes, str], tokens: dict[Any, bytes], key: bytes, digest: bytes
    ) -> Made:
        token, published = tokens[record.number], record.published_on or self._today
        subject, entry, person = ids[token], new_entry("lst"), record.debtor_kind.value == "person"
        sex, age = (_sex(record), _age(record, published)) if person else (None, None)
        made = Made(record, key, (token,))
        made.rows.listings.append(self._listings.written((
            entry, subject, record.debtor_kind.value, record.subject_name, sex, age, record.legal_representative,
            record.court_code, record.court_name, record.case_number, record.filed_on, record.basis_number,
            record.basis_issuer, record.obligation, record.performance, record.performed_part, record.unperformed_part,
            [ground.value for ground in record.grounds], published, record.until, record.decision_number, record.decided_on,
            record.decision_signed_by, record.served_on, record.service_mode, record.national_entry,
            record.national_entered_on, list(record.applicants), key, digest, record.row,
        )))  # fmt: skip
        self._tell(made.rows, (entry, "listing", record.decided_on, record.decided_on, CLAUSE, record.decision_number))
        if record.order_number is not None:
            issued = record.order_issued_on or record.decided_on
            self._add_order(made, (
                subject, record.debtor_kind.value, record.subject_name, sex, age, record.court_code, record.court_name,
                record.case_number, record.filed_on, record.order_number, issued, None, None, key,
            ))  # fmt: skip
        if record.legal_representative_number is not None:
            officer = tokens[record.legal_representative_number]
            made.tokens = (token, officer)
            mark = (entry, ids[officer], record.legal_representative or "", published)
            made.rows.marks.append(self._marks.written(mark))
        return made

    def _of_order(
        self, record: InboundOrder, ids: dict[bytes, str], tokens: dict[Any, bytes], key: bytes, _digest: bytes
    ) -> Made:
        """An order that came by itself."""
        token = tokens[record.number]
        made = Made(record, key, (token,))
        self._add_order(made, (
            ids[token], record.debtor_kind.value, record.subject_name, record.number.sex() or record.sex,
            _age(record, record.issued_on), record.court_code, record.court_name, record.case_number, record.filed_on,
            record.order_number, record.issued_on, record.bound_role, record.unit_name, key,
        ))  # fmt: skip
        return made

    def _add_order(self, made: Made, values: tuple[Any, ...]) -> None:
        entry = new_entry("ord")
        made.order, made.order_name = Rows(orders=[self._orders.written((entry, *values))]), (values[0], values[9])
        self._tell(made.order, (entry, "consumption_order", values[10], values[10], ORDER_CLAUSE, values[9]))

    def _tell(self, rows: Rows, event: tuple[Any, ...]) -> None:
        """One event and its fact."""
        rows.events.append(self._events.written(event))
        rows.facts.append(self._facts.written(event[:2]))


def known_as(rows: Rows, other: dict[str, str]) -> Rows:
    """The rows about subjects who turned out to be known under other ids."""
    if not other:
        return rows

    def renamed(some: list[Written]) -> list[Written]:
        return [tuple(other.get(value, value) if type(value) is str else value for value in row) for row in some]

    return Rows(renamed(rows.listings), renamed(rows.orders), renamed(rows.marks), rows.events, rows.facts)


def _sex(record: InboundRecord) -> str | None:
    return record.number.sex() or record.sex


def _age(record: Addition, on: date) -> int | None:
    age = record.number.age_on(on)
    return record.age if age is None else age
