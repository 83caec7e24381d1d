"""What a row of a court's file becomes: a record, or faults with row, column and code. Pure.

Rows are counted as the sender sees them: the header is row 1, so the first row of data is row 2.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from creditsvc.kernel.identity import IdentityNumber
from creditsvc.kernel.text import Bilingual
from punishment_rules.law import DebtorKind, Ground

Severity = Literal["refused", "quarantine"]


@dataclass(frozen=True, slots=True)
class Code:
    """A code of ``data/codes.toml``: what becomes of the file or row, what it means, and what its sender does."""

    name: str
    fate: Literal["file", "refused", "quarantine"]
    text: Bilingual
    advice: Bilingual


@dataclass(frozen=True, slots=True)
class InboundRecord:
    """One listing as the court's file gives it, complete enough to come into force once released."""

    row: int
    subject_name: str
    debtor_kind: DebtorKind
    number: IdentityNumber
    court_code: str
    court_name: str
    case_number: str
    grounds: tuple[Ground, ...]
    decision_number: str
    decided_on: date
    national_entry: str
    national_entered_on: date
    performance: str = "none"
    sex: str | None = None
    age: int | None = None
    legal_representative: str | None = None
    legal_representative_number: IdentityNumber | None = None
    filed_on: date | None = None
    basis_number: str | None = None
    basis_issuer: str | None = None
    obligation: str | None = None
    performed_part: str | None = None
    unperformed_part: str | None = None
    published_on: date | None = None
    until: date | None = None
    decision_signed_by: str | None = None
    served_on: date | None = None
    service_mode: str | None = None
    applicants: tuple[str, ...] = ()
    order_number: str | None = None
    order_issued_on: date | None = None

    def __repr__(self) -> str:
        return f"InboundRecord(row {self.row})"


@dataclass(frozen=True, slots=True)
class InboundOrder:
    """One consumption order. ``bound_role`` and ``unit_name`` where somebody is bound for a unit's sake."""

    row: int
    subject_name: str
    debtor_kind: DebtorKind
    number: IdentityNumber
    court_code: str
    court_name: str
    case_number: str
    order_number: str
    issued_on: date
    sex: str | None = None
    age: int | None = None
    filed_on: date | None = None
    bound_role: str | None = None
    unit_name: str | None = None

    def __repr__(self) -> str:
        return f"InboundOrder(row {self.row})"


@dataclass(frozen=True, slots=True)
class InboundChange:
    """What a court has decided about an entry that stands: an exit, a correction, an extension, a relief, a mark.

    It names its entry by debtor, case and, where there may be more than one, by the number of the decision or order that
    made it. ``kind`` and ``changes`` are those of a decision at the desk, so that both go through the same law.
    """

    row: int
    shape: str
    kind: str
    about: str
    """``listing`` or ``consumption_order``."""
    number: IdentityNumber
    court_code: str
    case_number: str
    document_number: str
    event_on: date
    known_on: date
    reason: str
    subject_name: str | None = None
    made_by: str | None = None
    """Number of the decision or order that made the entry."""
    ground: str = ""
    changes: dict[str, Any] = field(default_factory=dict)
    officer: IdentityNumber | None = None

    def __repr__(self) -> str:
        return f"InboundChange(row {self.row}, {self.kind})"


Inbound = InboundRecord | InboundOrder | InboundChange


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a row. ``refused``: it can't be a record; ``quarantine``: it lacks what the law wants."""

    row: int
    column: str
    header: str
    code: str
    text: Bilingual
    severity: Severity
