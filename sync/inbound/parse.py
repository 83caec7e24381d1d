"""Rows become records or faults: read, normalised, held against the law's bars. Pure.

All faults of a row are named, not only the first. What can't be read is refused; what can be read and lacks what the law
wants waits in quarantine: a masked number, a term without its written end, no decision, no national entry.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from creditsvc.kernel.case_numbers import parse_case_number
from creditsvc.kernel.courts import Court, CourtIndex
from creditsvc.kernel.errors import InvalidInput
from creditsvc.kernel.identity import IdentityNumber, NumberType, parse_identity
from creditsvc.kernel.text import Bilingual
from creditsvc.register.policy import PolicyAnswer, Way, listing_answer, term_answer
from punishment_rules.law import DebtorKind, Ground
from sync.inbound import values
from sync.inbound.columns import Plan, plan
from sync.inbound.load import columns_by_name
from sync.inbound.read import Table
from sync.inbound.records import Fault, InboundRecord, Severity

LONGEST = {"duty": 20_000, "performed_part": 20_000, "unperformed_part": 20_000}
MOST_TEXT = 512
_NUMBER_TYPES = {
    "护照": NumberType.PASSPORT,
    "港澳居民来往内地通行证": NumberType.HK_MACAO_PERMIT,
    "台湾居民来往大陆通行证": NumberType.TAIWAN_PERMIT,
    "外国人永久居留身份证": NumberType.FOREIGNER_PERMIT,
}
_WAITS = frozenset({"number-empty", "number-masked"})


def parse_rows(table: Table, *, courts: CourtIndex, received_on: date) -> Iterator[InboundRecord | tuple[Fault, ...]]:
    """Every row of a table in order. Raises ``InvalidInput`` for columns that are unknown or missing."""
    made = plan(table.headers, columns_by_name())
    return _rows(table, made, courts, received_on)


def _rows(
    table: Table, made: Plan, courts: CourtIndex, received_on: date
) -> Iterator[InboundRecord | tuple[Fault, ...]]:
    seen: dict[bytes, int] = {}
    for number, cells in table.rows:
        row = _Row(number, cells, made)
        record = _record(row, courts, received_on)
        if record is not None and not row.faults:
            key = hashlib.blake2b("\0".join(row_key_parts(record)).encode(), digest_size=12).digest()
            first = seen.setdefault(key, number)
            if first == number:
                yield record
                continue
            row.fault("case_code", "row-duplicate", f"与第 {first} 行重复", f"the same as row {first}")
        yield tuple(row.faults)


def row_key_parts(record: InboundRecord) -> tuple[str, ...]:
    """What makes a row that row: court, case, debtor, decision. Holds a clear number: only ever hashed under a key."""
    return record.court_code, parse_case_number(record.case_number).key, record.number.canonical, record.decision_number


def digest_input(record: InboundRecord) -> bytes:
    """What a row says, for a keyed digest that shows whether it changed."""
    said = [
        str(getattr(record, name))
        for name in InboundRecord.__slots__
        if name not in {"row", "number", "legal_representative_number"}
    ]
    officer = record.legal_representative_number
    return "\0".join([record.number.canonical, officer.canonical if officer else "", *said]).encode()


@dataclass(slots=True)
class _Row:
    """One row while it is read."""

    number: int
    cells: Sequence[Any]
    plan: Plan
    faults: list[Fault] = field(default_factory=list)

    def raw(self, column: str) -> Any:
        """The first cell of a column that is not empty."""
        for index in self.plan.places.get(column, ()):
            if index < len(self.cells) and values.cell_text(self.cells[index]) is not None:
                return self.cells[index]
        return None

    def text(self, column: str) -> str | None:
        """A cell's text; none if it is empty. A longer one than is kept is a fault."""
        text = values.cell_text(self.raw(column))
        if text is not None and len(text) > LONGEST.get(column, MOST_TEXT):
            self.fault(column, "text-too-long", "内容过长", "the text is too long")
            return None
        return text

    def day(self, column: str) -> date | None:
        """A cell's day; a fault if it can't be read."""
        try:
            return values.read_day(self.raw(column))
        except values.Unreadable as wrong:
            self.faults.append(self._made(column, wrong.code, wrong.text, "refused"))
            return None

    def fault(self, column: str, code: str, zh: str, en: str, severity: Severity = "refused") -> None:
        """Note what is wrong."""
        self.faults.append(self._made(column, code, Bilingual(zh, en), severity))

    def wants(self, column: str, code: str, zh: str, en: str) -> None:
        """Note what the law wants and the row lacks."""
        self.fault(column, code, zh, en, "quarantine")

    def judged(self, column: str, answer: PolicyAnswer) -> None:
        """Note what the law says, if it is not a plain yes."""
        if answer.way is not Way.OPEN:
            text = Bilingual(f"{answer.text.zh}（{answer.clause}）", f"{answer.text.en} ({answer.clause})")
            self.faults.append(
                self._made(column, answer.code, text, "refused" if answer.way is Way.NOT_OPEN else "quarantine")
            )

    def _made(self, column: str, code: str, text: Bilingual, severity: Severity) -> Fault:
        return Fault(self.number, column, self.plan.header(column), code, text, severity)


def _record(row: _Row, courts: CourtIndex, received_on: date) -> InboundRecord | None:
    name = row.text("subject_name")
    if name is None:
        row.fault("subject_name", "name-missing", "缺少被执行人姓名或者名称", "the debtor's name is missing")
    number = _number(row)
    kind = _kind(row, number)
    court, case_number = _court_and_case(row, courts)
    grounds = _grounds(row)
    decision = _decision(row, received_on)
    until = row.day("end_date")
    if kind is not None and grounds and decision is not None:
        _bars(row, kind, number, grounds=grounds, decided_on=decision[1], until=until)
    national = _national(row, received_on)
    rest = _rest(row)
    if (
        row.faults
        or name is None
        or number is None
        or kind is None
        or court is None
        or decision is None
        or national is None
    ):
        return None
    return InboundRecord(
        row=row.number, subject_name=name, debtor_kind=kind, number=number, court_code=court.code, court_name=court.name,
        case_number=case_number, grounds=grounds, decision_number=decision[0], decided_on=decision[1],
        national_entry=national[0], national_entered_on=national[1], until=until, **rest,
    )  # fmt: skip


def _number(row: _Row) -> IdentityNumber | None:
    raw = row.raw("id_number")
    if isinstance(raw, float) or (isinstance(raw, int) and not isinstance(raw, bool)):
        row.fault(
            "id_number", "number-excel-damaged", "证件号码被电子表格改成了数值，末几位已丢失；请把该列设为文本后重新导出",
            "a spreadsheet has turned the number into a figure and lost its last digits; export the column as text",
        )  # fmt: skip
        return None
    try:
        return parse_identity(str(raw or ""), expected=_NUMBER_TYPES.get(row.text("id_type") or ""))
    except InvalidInput as wrong:
        row.fault(
            "id_number", wrong.code, wrong.text.zh, wrong.text.en, "quarantine" if wrong.code in _WAITS else "refused"
        )
        return None


def _kind(row: _Row, number: IdentityNumber | None) -> DebtorKind | None:
    said = values.read_kind(row.text("subject_type"))
    if number is None:
        return said
    shown = DebtorKind.PERSON if number.is_personal else DebtorKind.ORGANISATION
    if said is not None and said is not shown:
        row.fault(
            "subject_type", "kind-mismatch", "被执行人类型与证件号码不符", "the kind of debtor does not fit the number"
        )
        return None
    return shown


def _court_and_case(row: _Row, courts: CourtIndex) -> tuple[Court | None, str]:
    named = row.text("court_name")
    by_name = courts.resolve(named) if named else None
    code = row.text("court_code") or ""
    by_code = courts.by_code(code) if code.startswith("豫") else None
    try:
        case = parse_case_number(row.text("case_code") or "")
    except InvalidInput as wrong:
        row.fault("case_code", wrong.code, wrong.text.zh, wrong.text.en)
        return by_name or by_code, ""
    by_case = courts.by_code(case.court_code) if case.court_code else None
    court = by_name or by_code or (by_case if not named else None)
    if court is None:
        row.fault(
            "court_name",
            "court-unknown",
            "没有这个法院，或者名称不能唯一确定",
            "no such court, or the name means more than one",
        )
    elif any(not _same_court(court, other) for other in (by_code, by_case) if other) or (
        case.court_code and by_case is None
    ):
        row.wants(
            "case_code",
            "court-mismatch",
            "案号中的法院代字与执行法院不符",
            "the case number's court is not the enforcing court",
        )
    return court, case.text


def _same_court(one: Court, other: Court) -> bool:
    heirs = {one.code, one.successor_code or one.code}
    return bool(heirs & {other.code, other.successor_code or other.code})


def _grounds(row: _Row) -> tuple[Ground, ...]:
    text = row.text("disrupt_types")
    if text is None:
        row.wants("disrupt_types", "ground-missing", "没有写明失信情形（第一条）", "no ground of art. 1 is named")
        return ()
    try:
        return values.read_grounds(text)
    except values.Unreadable as wrong:
        row.fault("disrupt_types", wrong.code, wrong.text.zh, wrong.text.en)
        return ()


def _decision(row: _Row, received_on: date) -> tuple[str, date] | None:
    number, day = row.text("decision_number"), row.day("decided_on")
    if number is None:
        row.wants(
            "decision_number",
            "decision-missing",
            "没有决定书文号（第五条）",
            "no number of a written decision (art. 5)",
        )
    if day is None:
        if not any(fault.column == "decided_on" for fault in row.faults):
            row.wants("decided_on", "decision-day-missing", "没有决定日期（第五条）", "no day of the decision (art. 5)")
        return None
    if day > received_on:
        row.fault("decided_on", "date-future", "决定日期在将来", "the decision lies in the future")
    return None if number is None else (number, day)


def _bars(
    row: _Row,
    kind: DebtorKind,
    number: IdentityNumber | None,
    *,
    grounds: tuple[Ground, ...],
    decided_on: date,
    until: date | None,
) -> None:
    if number is not None:
        born = number.birth_date() if number.is_personal else None
        row.judged(
            "id_number",
            listing_answer(grounds, birth_date=born, is_person=kind is DebtorKind.PERSON, decided_on=decided_on),
        )
    if not any(fault.column == "end_date" for fault in row.faults):
        row.judged("end_date", term_answer(grounds, decided_on=decided_on, until=until))


def _national(row: _Row, received_on: date) -> tuple[str, date] | None:
    entry, day = row.text("national_entry"), row.day("national_entered_on")
    if entry is None or (day is None and not any(fault.column == "national_entered_on" for fault in row.faults)):
        row.wants("national_entry", "national-entry-missing", "没有录入全国库的编号或日期，不能生效（第七条）",
                  "no number or day of the entry in the national database: it can't be in force (art. 7)")  # fmt: skip
    elif day is not None and day > received_on:
        row.fault("national_entered_on", "date-future", "录入日期在将来", "the entry lies in the future")
    return (entry, day) if entry is not None and day is not None else None


def _rest(row: _Row) -> dict[str, Any]:
    performance = "none"
    try:
        performance = values.read_performance(row.text("performance"))
    except values.Unreadable as wrong:
        row.fault("performance", wrong.code, wrong.text.zh, wrong.text.en)
    return {
        "performance": performance,
        "sex": values.read_sex(row.text("sex")),
        "age": values.read_age(row.text("age")),
        "legal_representative": row.text("legal_rep"),
        "legal_representative_number": _officer(row),
        "filed_on": row.day("reg_date"),
        "basis_number": row.text("gist_id"),
        "basis_issuer": row.text("gist_unit"),
        "obligation": row.text("duty"),
        "performed_part": row.text("performed_part"),
        "unperformed_part": row.text("unperformed_part"),
        "published_on": row.day("publish_date"),
        "decision_signed_by": row.text("decision_signed_by"),
        "served_on": row.day("served_on"),
        "service_mode": row.text("service_mode"),
        "applicants": values.read_names(row.text("applicants")),
        "order_number": row.text("order_number"),
        "order_issued_on": row.day("order_issued_on"),
    }


def _officer(row: _Row) -> IdentityNumber | None:
    """The officer's number, only with the name: a mark is made by the court's naming and never guessed."""
    raw = row.text("legal_rep_id")
    if raw is None or row.text("legal_rep") is None:
        return None
    try:
        return parse_identity(raw)
    except InvalidInput as wrong:
        row.fault("legal_rep_id", wrong.code, wrong.text.zh, wrong.text.en)
        return None
