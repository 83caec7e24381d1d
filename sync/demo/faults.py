"""Every kind of fault that a row can have, and how a good row is spoilt to have just that one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from creditsvc.kernel.days import add_months
from sync.demo import people

Cells = dict[str, str]


def _always(_cells: Cells) -> bool:
    return True


def _person(cells: Cells) -> bool:
    return cells["subject_type"] in {"自然人", "个人"}


def _termed(cells: Cells) -> bool:
    return "有履行能力" not in cells["disrupt_types"]


def _untermed(cells: Cells) -> bool:
    return not _termed(cells)


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault's code, which rows it fits, and how it is made."""

    code: str
    spoil: Callable[[Cells, Random, date], None]
    fits: Callable[[Cells], bool] = _always


def _set(**values: str) -> Callable[[Cells, Random, date], None]:
    def spoil(cells: Cells, _random: Random, _as_of: date) -> None:
        cells.update(values)

    return spoil


def _number(change: Callable[[str], str]) -> Callable[[Cells, Random, date], None]:
    def spoil(cells: Cells, _random: Random, _as_of: date) -> None:
        cells["id_number"] = change(cells["id_number"].strip().lstrip("'").upper())

    return spoil


def _wrong_check(number: str) -> str:
    """The one before the last digit raised: the check digit no longer agrees, and it does not look like a spreadsheet's."""
    last = "1" if number[17] in "0X" else number[17]
    raised = number[:16] + str((int(number[16]) + 1) % 10) + last
    return raised if raised != number else number[:16] + str((int(number[16]) + 2) % 10) + last


def _minor(cells: Cells, random: Random, as_of: date) -> None:
    cells["id_number"] = people.resident_number(
        random, born_from=as_of - timedelta(days=3000), born_to=as_of - timedelta(days=2000)
    )


def _wrong_term(cells: Cells, _random: Random, as_of: date) -> None:
    cells["decided_on"] = (as_of - timedelta(days=10)).isoformat()
    cells["national_entered_on"] = (as_of - timedelta(days=8)).isoformat()
    cells["end_date"] = add_months(as_of - timedelta(days=10), 30).isoformat()


def _future(cells: Cells, _random: Random, as_of: date) -> None:
    decided = as_of + timedelta(days=30)
    cells["decided_on"] = decided.isoformat()
    cells["end_date"] = "" if _untermed(cells) else add_months(decided, 24).isoformat()


def _kind(cells: Cells, _random: Random, _as_of: date) -> None:
    cells["subject_type"] = "法人或其他组织" if _person(cells) else "自然人"


FAULTS = (
    Fault("number-masked", _number(lambda number: number[:10] + "****" + number[14:])),
    Fault("number-empty", _number(lambda number: "")),
    Fault("number-check-digit", _number(_wrong_check), _person),
    Fault("number-excel-damaged", _number(lambda number: f"{number[0]}.{number[1:6]}E+17"), _person),
    Fault("number-length", _number(lambda number: number[:17])),
    Fault("name-missing", _set(subject_name="")),
    Fault("kind-mismatch", _kind),
    Fault("case-number-shape", _set(case_code="执行案件若干")),
    Fault("court-unknown", _set(court_name="孝南法院")),
    Fault("court-mismatch", _set(case_code="（2024）豫9999执1号")),
    Fault("ground-unknown", _set(disrupt_types="不听话")),
    Fault("ground-missing", _set(disrupt_types="暂无")),
    Fault("performance-unknown", _set(performance="其他")),
    Fault("date-unreadable", _set(reg_date="2023年13月45日")),
    Fault("date-implausible", _set(reg_date="10170730")),
    Fault("date-future", _future),
    Fault("minor", _minor, _person),
    Fault("decision-missing", _set(decision_number="")),
    Fault("decision-day-missing", _set(decided_on="")),
    Fault("national-entry-missing", _set(national_entry="")),
    Fault("term-missing", _set(end_date=""), _termed),
    Fault("term-wrong", _wrong_term, _termed),
    Fault("term-unexpected", _set(end_date="2027-06-30"), _untermed),
    Fault("row-duplicate", _set()),
)
