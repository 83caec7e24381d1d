"""A row that lists somebody: held against the law's bars, complete or with every fault named. Pure."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import Any

from creditsvc.kernel.courts import CourtIndex
from creditsvc.kernel.identity import IdentityNumber
from creditsvc.register.answers import PolicyAnswer
from creditsvc.register.policy import listing_answer, term_answer
from punishment_rules.law import DebtorKind, Ground
from sync.inbound import values
from sync.inbound.cells import Row
from sync.inbound.records import InboundRecord
from sync.inbound.who import court_and_case, kind_of, name_of, number_of, officer_number, past_day


def read_listing(row: Row, courts: CourtIndex, received_on: date) -> InboundRecord | None:
    """The listing that a row gives; none if it has faults."""
    name = name_of(row)
    number = number_of(row)
    kind = kind_of(row, number)
    court, case_number = court_and_case(row, courts)
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
        row.judged("end_date", _term(grounds, decided_on, until))


@lru_cache(maxsize=65536)
def _term(grounds: tuple[Ground, ...], decided_on: date, until: date | None) -> PolicyAnswer:
    """Terms recur in a list: the law is asked once for each."""
    return term_answer(grounds, decided_on=decided_on, until=until)


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


def _rest(row: Row, received_on: date) -> dict[str, Any]:
    return {
        "performance": _performance(row),
        "sex": values.read_sex(row.text("sex")),
        "age": values.read_age(row.text("age")),
        "legal_representative": row.passage("legal_rep"),
        "legal_representative_number": officer_number(row, "legal_rep_id", "legal_rep"),
        "filed_on": past_day(row, "reg_date", received_on),
        "basis_number": row.passage("gist_id"),
        "basis_issuer": row.passage("gist_unit"),
        "obligation": row.passage("duty"),
        "performed_part": row.passage("performed_part"),
        "unperformed_part": row.passage("unperformed_part"),
        "published_on": past_day(row, "publish_date", received_on),
        "decision_signed_by": row.passage("decision_signed_by"),
        "served_on": past_day(row, "served_on", received_on),
        "service_mode": row.passage("service_mode"),
        "applicants": values.read_names(row.passage("applicants")),
        "order_number": row.text("order_number"),
        "order_issued_on": past_day(row, "order_issued_on", received_on),
    }
