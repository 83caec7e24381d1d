"""Who a row is about and in which case: name, number, kind, court, case number, whatever its shape. Pure."""

from __future__ import annotations

import re
from datetime import date

from creditsvc.kernel.case_numbers import CaseNumber, OldCaseNumber, parse_case_number
from creditsvc.kernel.courts import Court, CourtIndex
from creditsvc.kernel.errors import InvalidInput
from creditsvc.kernel.identity import IdentityNumber, NumberType, parse_identity
from creditsvc.kernel.text import Bilingual
from punishment_rules.law import DebtorKind
from sync.inbound import values
from sync.inbound.cells import Row
from sync.inbound.records import Severity

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


def name_of(row: Row) -> str | None:
    """The debtor's name; masked and damaged ones are noted."""
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


def number_of(row: Row) -> IdentityNumber | None:
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


def kind_of(row: Row, number: IdentityNumber | None) -> DebtorKind | None:
    """Person or organisation, by the number; what the row says must agree."""
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


def court_and_case(row: Row, courts: CourtIndex) -> tuple[Court | None, str]:
    """The enforcing court and the case, each held against the other; faults are noted."""
    named = row.text("court_name")
    by_name = courts.resolve(named) if named else None
    code = row.text("court_code") or ""
    by_code = courts.by_code(code) if code.startswith("豫") else None
    case = case_of(row)
    if case is None:
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


def officer_number(row: Row, column: str, name: str) -> IdentityNumber | None:
    """An officer's number, only with the name: a mark is made by the court's naming and never guessed."""
    raw = row.raw(column)
    if raw is None or row.raw(name) is None:
        return None
    try:
        if isinstance(raw, int | float):
            raise _damaged()
        number = parse_identity(str(raw))
    except InvalidInput as wrong:
        row.note(column, wrong.code, wrong.text, _severity(wrong.code))
        return None
    if not number.is_personal:
        row.wants(column, "officer-not-person", "法定代表人栏填的是单位代码，须填自然人的证件号码",
                  "a unit's code stands where a person's number belongs")  # fmt: skip
    return number


def case_of(row: Row) -> CaseNumber | OldCaseNumber | None:
    """The case number; none, with a fault noted, if it can't be read."""
    try:
        return parse_case_number(row.text("case_code") or "")
    except InvalidInput as wrong:
        row.fault("case_code", wrong.code, wrong.text.zh, wrong.text.en)
        return None


def court_of(row: Row, courts: CourtIndex, case: CaseNumber | OldCaseNumber | None) -> Court | None:
    """The court that a row means, by its name, its code or its case number, without holding one against the other."""
    named = row.text("court_name")
    code = row.text("court_code") or ""
    by_case = courts.by_code(case.court_code) if case is not None and case.court_code else None
    return (courts.resolve(named) if named else None) or courts.by_code(code) or by_case


def past_day(row: Row, column: str, received_on: date) -> date | None:
    """A day that can't lie ahead."""
    day = row.day(column)
    if day is not None and day > received_on:
        row.fault(column, "date-future", "日期在将来，请核对", "the day lies in the future; check it")
    return day


def _severity(code: str) -> Severity:
    return "quarantine" if code in _WAITS else "refused"
