"""Rows become records or faults: read, normalised, held against the law's bars. Pure.

All faults of a row are named, not only the first. What can't be read is refused; what can be read and lacks what the law
wants waits in quarantine: a masked number, a term without its written end, no decision, no national entry.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from typing import Any

from creditsvc.kernel.case_numbers import parse_case_number
from creditsvc.kernel.courts import Court, CourtIndex
from creditsvc.kernel.errors import InvalidInput
from creditsvc.kernel.identity import IdentityNumber, NumberType, parse_identity
from creditsvc.kernel.sheets.table import BrokenRow, Table
from creditsvc.kernel.text import Bilingual
from creditsvc.register.policy import listing_answer, term_answer
from punishment_rules.law import DebtorKind, Ground
from sync.inbound import values
from sync.inbound.cells import Row
from sync.inbound.columns import plan
from sync.inbound.load import columns_by_name
from sync.inbound.records import Fault, InboundRecord, Severity

_NUMBER_TYPES = {
    "护照": NumberType.PASSPORT,
    "港澳居民来往内地通行证": NumberType.HK_MACAO_PERMIT,
    "台湾居民来往大陆通行证": NumberType.TAIWAN_PERMIT,
    "外国人永久居留身份证": NumberType.FOREIGNER_PERMIT,
}
_WAITS = frozenset({"number-empty", "number-masked", "number-check-digit", "number-birth-date"})
"""A number that is there and may be put right by whoever has the papers; others are no number at all."""
_NAME_LOST = re.compile("[?？\ufffd□■]")
_NAME_MASKED = re.compile("[*＊×※]")


def parse_rows(table: Table, *, courts: CourtIndex, received_on: date) -> Iterator[InboundRecord | tuple[Fault, ...]]:
    """Every row of a table in order. Raises ``InvalidInput`` for columns that are unknown or missing."""
    plan(table.headers, columns_by_name())
    return _rows(table, courts, received_on)


def _rows(table: Table, courts: CourtIndex, received_on: date) -> Iterator[InboundRecord | tuple[Fault, ...]]:
    known = columns_by_name()
    made, width = plan(table.headers, known), len(table.headers)
    seen: dict[bytes, int] = {}
    for number, cells in table.rows:
        if isinstance(cells, BrokenRow):
            yield (Fault(number, "", "", cells.code, cells.text, "refused"),)
            continue
        if len(table.headers) != width:
            made, width = plan(table.headers, known, row=number), len(table.headers)
        row = Row(number, cells, made)
        record = _record(row, courts, received_on)
        if record is not None and not row.faults:
            key = hashlib.blake2b("\0".join(row_key_parts(record)).encode(), digest_size=12).digest()
            first = seen.setdefault(key, number)
            if first == number:
                yield record
                continue
            row.fault("case_code", "row-duplicate", f"与第 {first} 行重复（同一案件、被执行人和决定书）",
                      f"the same case, debtor and decision as row {first}")  # fmt: skip
        yield tuple(row.faults)


@lru_cache(maxsize=4096)
def _case_key(case_number: str) -> str:
    return parse_case_number(case_number).key


def row_key_parts(record: InboundRecord) -> tuple[str, ...]:
    """What makes a row that row: court, case, debtor, decision. Holds a clear number: only ever hashed under a key."""
    return record.court_code, _case_key(record.case_number), record.number.canonical, record.decision_number


def digest_input(record: InboundRecord) -> bytes:
    """What a row says, for a keyed digest that shows whether it changed."""
    said = [
        str(getattr(record, name))
        for name in InboundRecord.__slots__
        if name not in {"row", "number", "legal_representative_number"}
    ]
    officer = record.legal_representative_number
    return "\0".join([record.number.canonical, officer.canonical if officer else "", *said]).encode()


def _record(row: Row, courts: CourtIndex, received_on: date) -> InboundRecord | None:
    name = _name(row)
    number = _number(row)
    kind = _kind(row, number)
    court, case_number = _court_and_case(row, courts)
    grounds = _grounds(row)
    decision = _decision(row, received_on)
    until = row.day("end_date")
    if kind is not None and grounds and decision is not None:
        _bars(row, kind, number, grounds=grounds, decided_on=decision[1], until=until)
    if until is not None and until < received_on:
        row.wants(
            "end_date", "term-over", "期限在来件前已届满，不再列入；须核实", "the term was over before the file came"
        )
    national = _national(row, received_on, decision[1] if decision else None)
    rest = _rest(row, received_on)
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


def _name(row: Row) -> str | None:
    name = row.text("subject_name")
    if name is None:
        if not row.is_faulty("subject_name"):
            row.fault("subject_name", "name-missing", "缺少被执行人姓名或者名称", "the debtor's name is missing")
    elif values.has_long_number(name):
        row.fault("subject_name", "name-has-number", "姓名栏中有证件号码，栏目可能错位",
                  "a number stands where the name belongs; have the columns moved?")  # fmt: skip
        return None
    elif _NAME_MASKED.search(name):
        row.wants("subject_name", "name-masked", "姓名被遮盖，须补全", "the name is masked: it must be given in full")
    elif _NAME_LOST.search(name):
        row.wants("subject_name", "name-lost", "姓名中有字在转码时丢失，须按裁判文书补正",
                  "characters of the name were lost on the way: restore them by the document")  # fmt: skip
    return name


def _number(row: Row) -> IdentityNumber | None:
    """The number; of several cells (persons' and units' columns beside each other) the one that is a number."""
    raws = row.raws("id_number") or [""]
    expected = _NUMBER_TYPES.get(row.text("id_type") or "")
    found: list[IdentityNumber] = []
    wrong: InvalidInput | None = None
    for raw in raws:
        try:
            if isinstance(raw, int | float):
                raise _damaged()
            found.append(parse_identity(str(raw), expected=expected))
        except InvalidInput as problem:
            wrong = wrong or problem
    if len(set(found)) > 1:
        row.wants("id_number", "number-two", "同一行有两个不同的证件号码，须核实是哪一个",
                  "the row has two different numbers: which one is the debtor's?")  # fmt: skip
        return None
    if not found and wrong is not None:
        row.note("id_number", wrong.code, wrong.text, _severity(wrong.code))
    return found[0] if found else None


def _damaged() -> InvalidInput:
    return InvalidInput(
        Bilingual(
            "证件号码被电子表格改成了数值，末几位已丢失；请把该列设为文本后重新导出",
            "a spreadsheet has turned the number into a figure and lost its last digits; export the column as text",
        ),
        code="number-excel-damaged",
    )


def _kind(row: Row, number: IdentityNumber | None) -> DebtorKind | None:
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


def _court_and_case(row: Row, courts: CourtIndex) -> tuple[Court | None, str]:
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
    if not case.is_enforcement:
        row.wants(
            "case_code", "case-kind", "不是执行案件的案号，须核实", "not an enforcement case: which one is it of?"
        )
    return court, case.text


def _same_court(one: Court, other: Court) -> bool:
    heirs = {one.code, one.successor_code or one.code}
    return bool(heirs & {other.code, other.successor_code or other.code})


def _grounds(row: Row) -> tuple[Ground, ...]:
    text = row.text("disrupt_types")
    if text is None:
        row.wants("disrupt_types", "ground-missing", "没有写明失信情形（第一条）", "no ground of art. 1 is named")
        return ()
    try:
        return values.read_grounds(text)
    except values.Unreadable as wrong:
        row.fault("disrupt_types", wrong.code, wrong.text.zh, wrong.text.en)
        return ()


def _decision(row: Row, received_on: date) -> tuple[str, date] | None:
    number, day = row.text("decision_number"), row.day("decided_on")
    if number is None and not row.is_faulty("decision_number"):
        row.wants(
            "decision_number",
            "decision-missing",
            "没有决定书文号（第五条）",
            "no number of a written decision (art. 5)",
        )
    if day is None:
        if not row.is_faulty("decided_on"):
            row.wants("decided_on", "decision-day-missing", "没有决定日期（第五条）", "no day of the decision (art. 5)")
        return None
    if day > received_on:
        row.fault("decided_on", "date-future", "决定日期在将来", "the decision lies in the future")
    return None if number is None else (number, day)


def _bars(
    row: Row,
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
    if not row.is_faulty("end_date"):
        row.judged("end_date", term_answer(grounds, decided_on=decided_on, until=until))


def _national(row: Row, received_on: date, decided_on: date | None) -> tuple[str, date] | None:
    entry, day = row.text("national_entry"), row.day("national_entered_on")
    if (day is None and row.is_faulty("national_entered_on")) or (entry is None and row.is_faulty("national_entry")):
        return None
    if entry is None or day is None:
        row.wants("national_entry", "national-entry-missing", "没有录入全国库的编号或日期，不能生效（第七条）",
                  "no number or day of the entry in the national database: it can't be in force (art. 7)")  # fmt: skip
        return None
    if day > received_on:
        row.fault("national_entered_on", "date-future", "录入日期在将来", "the entry lies in the future")
    elif decided_on is not None and day < decided_on <= received_on:
        row.wants("national_entered_on", "date-order", "录入全国库的日期早于决定日期，须核实",
                  "entered in the national database before it was decided: which day is right?")  # fmt: skip
    return entry, day


def _performance(row: Row) -> str:
    try:
        found = values.read_performance(row.text("performance"))
    except values.Unreadable as wrong:
        row.note("performance", wrong.code, wrong.text, "refused")
        return "none"
    if found == "full":
        row.wants("performance", "performed-already", "已全部履行的不应纳入（第十条），须核实",
                  "performed in full: not to be listed (art. 10); check the case")  # fmt: skip
    return found


def _past(row: Row, column: str, received_on: date) -> date | None:
    """A day that can't lie ahead."""
    day = row.day(column)
    if day is not None and day > received_on:
        row.fault(column, "date-future", "日期在将来，请核对", "the day lies in the future; check it")
    return day


def _rest(row: Row, received_on: date) -> dict[str, Any]:
    return {
        "performance": _performance(row),
        "sex": values.read_sex(row.text("sex")),
        "age": values.read_age(row.text("age")),
        "legal_representative": row.passage("legal_rep"),
        "legal_representative_number": _officer(row),
        "filed_on": _past(row, "reg_date", received_on),
        "basis_number": row.passage("gist_id"),
        "basis_issuer": row.passage("gist_unit"),
        "obligation": row.passage("duty"),
        "performed_part": row.passage("performed_part"),
        "unperformed_part": row.passage("unperformed_part"),
        "published_on": _past(row, "publish_date", received_on),
        "decision_signed_by": row.passage("decision_signed_by"),
        "served_on": _past(row, "served_on", received_on),
        "service_mode": row.passage("service_mode"),
        "applicants": values.read_names(row.passage("applicants")),
        "order_number": row.text("order_number"),
        "order_issued_on": _past(row, "order_issued_on", received_on),
    }


def _officer(row: Row) -> IdentityNumber | None:
    """The officer's number, only with the name: a mark is made by the court's naming and never guessed."""
    raw = row.raw("legal_rep_id")
    if raw is None or row.raw("legal_rep") is None:
        return None
    try:
        if isinstance(raw, int | float):
            raise _damaged()
        number = parse_identity(str(raw))
    except InvalidInput as wrong:
        row.note("legal_rep_id", wrong.code, wrong.text, _severity(wrong.code))
        return None
    if not number.is_personal:
        row.wants("legal_rep_id", "officer-not-person", "法定代表人栏填的是单位代码，须填自然人的证件号码",
                  "a unit's code stands where a person's number belongs")  # fmt: skip
    return number


def _severity(code: str) -> Severity:
    return "quarantine" if code in _WAITS else "refused"
