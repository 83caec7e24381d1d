"""A row that gives a consumption order beside any listing (法释〔2015〕17号). Pure."""

from __future__ import annotations

from datetime import date

from creditsvc.kernel.courts import CourtIndex
from punishment_rules.law import DebtorKind, Role
from sync.inbound import values
from sync.inbound.cells import Row
from sync.inbound.records import InboundOrder
from sync.inbound.who import court_and_case, kind_of, name_of, number_of, past_day


def read_order(row: Row, courts: CourtIndex, received_on: date) -> InboundOrder | None:
    """The order that a row gives; none if it has faults. An order without its number or day is never made up."""
    name, number = name_of(row), number_of(row)
    kind = kind_of(row, number)
    court, case_number = court_and_case(row, courts)
    order_number, issued_on = row.text("order_number"), past_day(row, "order_issued_on", received_on)
    if order_number is None and not row.is_faulty("order_number"):
        row.wants("order_number", "order-number-missing", "没有限制消费令文号（限消规定第五条）",
                  "no number of the consumption order (2015 rules, art. 5)")  # fmt: skip
    if issued_on is None and not row.is_faulty("order_issued_on"):
        row.wants("order_issued_on", "order-day-missing", "没有限制消费令的日期", "no day of the consumption order")
    role, unit = _bound(row, kind)
    filed_on = past_day(row, "reg_date", received_on)
    if row.faults or None in (name, number, kind, court, order_number, issued_on):
        return None
    assert name and number and kind and court and order_number and issued_on  # noqa: S101 - for the type checker
    return InboundOrder(
        row=row.number, subject_name=name, debtor_kind=kind, number=number, court_code=court.code, court_name=court.name,
        case_number=case_number, order_number=order_number, issued_on=issued_on, sex=values.read_sex(row.text("sex")),
        age=values.read_age(row.text("age")), filed_on=filed_on, bound_role=role, unit_name=unit,
    )  # fmt: skip


def _bound(row: Row, kind: DebtorKind | None) -> tuple[str | None, str | None]:
    """The post at a unit for whose sake somebody is bound (art. 3 para. 2), and that unit."""
    said, unit = row.text("bound_role"), row.text("unit_name")
    if said is None:
        return None, None
    role = values.read_role(said)
    if role is None or role not in REACHED:
        row.fault("bound_role", "role-unknown", "身份须为法定代表人、主要负责人、影响债务履行的直接责任人员或者实际控制人",
                  "the post must be one of the four that art. 3 names")  # fmt: skip
        return None, None
    if unit is None or kind is DebtorKind.ORGANISATION:
        row.fault("unit_name", "unit-missing", "写了身份的，须写明所属单位，且被限制的应为自然人",
                  "a post needs its unit, and only a person holds one")  # fmt: skip
    return role.value, unit


REACHED = frozenset(
    {Role.LEGAL_REPRESENTATIVE, Role.PRINCIPAL_OFFICER, Role.DIRECTLY_RESPONSIBLE, Role.ACTUAL_CONTROLLER}
)
"""Posts that an order against a unit reaches (法释〔2015〕17号 art. 3 para. 2)."""
