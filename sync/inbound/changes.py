"""Rows about entries that stand: exits, corrections, extensions, reliefs, officers' marks. Pure.

Each becomes what a person would have written at the desk: a kind of decision with its ground, its days, its document and
its reason. Whether the law lets it through is asked of the same policy, once the entry is found.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

from creditsvc.kernel.courts import CourtIndex
from creditsvc.kernel.errors import InvalidInput
from creditsvc.register import corrections
from creditsvc.register.policy import WRONGLY_LISTED, ExitGround
from sync.inbound import values
from sync.inbound.cells import Row
from sync.inbound.records import InboundChange
from sync.inbound.shapes import CORRECTED, Shape
from sync.inbound.who import case_of, court_of, number_of, officer_number, past_day

LISTING, ORDER = "listing", "consumption_order"
EXTENSION_CAUSES = (("violence", "暴力"), ("violence", "威胁"), ("several_acts", "多项"))
_ACTS = re.compile(r"[;；\n]")
RELIEFS = (("temporary_lift", "暂时解除"), ("single_approval", "单项批准"), ("single_lift", "单次解禁"))

_GROUNDS = (
    ("终结本次", None), ("身份|重名|冒名|认错人", ExitGround.IDENTITY_ERROR), ("错误纳入|不应纳入|不符合纳入|错列", ExitGround.ERROR),
    ("解除限制|解除限消|限制消费.*解除", ExitGround.ORDER_LIFTED), ("期限届满|期满|到期", ExitGround.TERM_ENDED),
    ("提前删除|积极履行|主动纠正", ExitGround.EARLY), ("和解", ExitGround.SETTLED),
    ("申请执行人.*(申请|同意)|申请删除", ExitGround.APPLICANT_REQUEST), ("无可供执行|没有可供执行|终本", ExitGround.NO_PROPERTY),
    ("审判监督|再审|破产|中止执行", ExitGround.SUSPENDED_ENFORCEMENT), ("不予执行", ExitGround.NOT_ENFORCED),
    ("终结执行", ExitGround.TERMINATED), ("履行完毕|全部履行|已履行|执行完毕|结清", ExitGround.PERFORMED),
)  # fmt: skip
"""Words of a reason for leaving, the most telling first. 终结本次执行程序 alone removes nobody (I16), so it means none."""


def read_ground(text: str) -> ExitGround | None:
    """Why an entry leaves, by our code, our label or the words that courts use; none if it is none of art. 10."""
    if text in set(ExitGround):
        return ExitGround(text)
    labelled = next((ground for ground in ExitGround if ground.label.zh == text), None)
    return labelled or next((ground for words, ground in _GROUNDS if re.search(words, text)), None)


def read_change(row: Row, shape: Shape, courts: CourtIndex, received_on: date) -> InboundChange | None:
    """The change that a row gives; none if it has faults."""
    number, case = number_of(row), case_of(row)
    court = court_of(row, courts, case)
    if court is None and case is not None and not case.court_code:
        row.fault("court_name", "court-unknown", "旧案号须写明执行法院", "an old case number needs its court")
    said = _READERS[shape](row)
    days = _days(row, received_on)
    document = row.text("document_number")
    if document is None and not row.is_faulty("document_number"):
        row.wants(
            "document_number", "document-missing", "没有本次文书的文号", "no number of the document that decides it"
        )
    name = row.text("subject_name")
    if row.faults or number is None or case is None or days is None or document is None or said is None:
        return None
    return InboundChange(
        row=row.number, shape=shape.value, number=number, court_code=court.code if court else "", case_number=case.text,
        document_number=document, event_on=days[0], known_on=days[1], subject_name=name, **said,
    )  # fmt: skip


def _days(row: Row, received_on: date) -> tuple[date, date] | None:
    """When it happened and when the court knew; a day of leaving that the row tells otherwise counts too."""
    found = [past_day(row, column, received_on) for column in ("event_on", "withdraw_time", "shield_time")]
    event_on = next((day for day in found if day is not None), None)
    known_on = past_day(row, "known_on", received_on) or event_on
    if event_on is None or known_on is None:
        if not any(row.is_faulty(column) for column in ("event_on", "withdraw_time", "shield_time", "known_on")):
            row.wants("event_on", "event-day-missing", "没有写明发生日期", "the day on which it happened is missing")
        return None
    if known_on < event_on:
        row.wants(
            "known_on", "date-order", "法院知悉日早于发生日，须核实", "known before it happened: which day is right?"
        )
    return event_on, known_on


def _exit(row: Row) -> dict[str, Any] | None:
    text = row.text("exit_ground") or row.text("withdraw_reason") or row.text("shield_reason")
    ground = read_ground(text) if text else None
    if ground is None:
        column = next(
            (name for name in ("exit_ground", "withdraw_reason", "shield_reason") if row.raw(name) is not None),
            "exit_ground",
        )
        row.wants(column, "exit-ground-unclear", "移出理由缺失，或者不是第九条、第十条、第二条的任何一项；终结本次执行程序不是移出理由",
                  "the reason for leaving is missing or none of arts 2, 9 and 10; ending a round of enforcement is none")  # fmt: skip
        return None
    revoked = ground in WRONGLY_LISTED
    if revoked != (row.raw("withdraw_time") is not None) and (
        row.raw("withdraw_time") is not None or row.raw("shield_time") is not None
    ):
        row.wants("exit_ground", "exit-kind-unclear", "撤销与删除不能混用：时间栏与理由不符，须核实",
                  "a revocation is no removal: the day's column and the reason disagree")  # fmt: skip
    decision, order = row.text("decision_number"), row.text("order_number")
    of_order = ground is ExitGround.ORDER_LIFTED or (order is not None and decision is None)
    kind = (
        ("revoke_order" if revoked else "lift_order")
        if of_order
        else ("revoke_listing" if revoked else "remove_listing")
    )
    if of_order and not revoked and ground is not ExitGround.ORDER_LIFTED:
        ground = ExitGround.ORDER_LIFTED
    reason = row.passage("reason") or text or ground.label.zh
    return {"kind": kind, "about": ORDER if of_order else LISTING, "made_by": order if of_order else decision,
            "ground": ground.value, "reason": reason}  # fmt: skip


def _correction(row: Row) -> dict[str, Any] | None:
    given = {column.removeprefix(CORRECTED): column for column in row.plan.places if column.startswith(CORRECTED)}
    changes: dict[str, Any] = {}
    for name, column in given.items():
        if name in corrections.FIELDS and row.raw(column) is not None:
            changes[name] = _corrected(row, name, column)
    if not changes:
        row.fault("new_name", "correction-empty", "没有填写任何更正后的内容", "no corrected value is given")
        return None
    if row.faults:
        return None
    try:
        cleaned = corrections.cleaned(changes)
    except InvalidInput as wrong:
        row.note(given.get(str(wrong.details.get("name", "")), "new_name"), "value-wrong", wrong.text, "refused")
        return None
    return _about_listing(row, "correct_listing") | {"changes": cleaned}


def _corrected(row: Row, name: str, column: str) -> Any:
    if name in corrections.DAYS:
        day = row.day(column)
        return None if day is None else day.isoformat()
    text = row.text(column) if name in {"name", "case_number", "sex", "age", "performance"} else row.passage(column)
    if name == "sex":
        return values.read_sex(text) or text
    if name == "age":
        return values.read_age(text) if text else None
    if name == "performance":
        try:
            return values.read_performance(text)
        except values.Unreadable as wrong:
            row.note(column, wrong.code, wrong.text, "refused")
    return text


def _extension(row: Row) -> dict[str, Any] | None:
    until = row.day("new_end_date")
    if until is None:
        if not row.is_faulty("new_end_date"):
            row.wants(
                "new_end_date", "term-missing", "没有写明延长后的截止日（第二条）", "the new end is missing (art. 2)"
            )
        return None
    if row.text("reason") is None:
        row.wants("reason", "reason-missing", "延长期限须写明理由（第二条）", "an extension needs its reasons (art. 2)")
    said = row.text("extension_cause") or ""
    cause = next((code for code, word in EXTENSION_CAUSES if said == code or word in said), None)
    if cause is None:
        row.wants(
            "extension_cause", "cause-missing", "延长事由应为“暴力、威胁”或者“多项失信行为”（第二条第一款）",
            "the cause must be violence or threats, or several acts (art. 2 para. 1)",
        )  # fmt: skip
        return None
    acts = [each.strip() for each in _ACTS.split(row.passage("extension_acts") or "") if each.strip()]
    changes = {"until": until.isoformat(), "cause": cause, "acts": acts}
    return _about_listing(row, "extend_listing") | {"changes": changes}


def _relief(row: Row) -> dict[str, Any] | None:
    said = row.text("relief_kind") or ""
    kind = next((code for code, word in RELIEFS if said == code or word in said), None)
    if kind is None:
        row.fault("relief_kind", "relief-unknown", "救济种类应为暂时解除、单项批准或者单次解禁",
                  "the relief must be a temporary lift, a single approval or a single lift")  # fmt: skip
    first, last = row.day("relief_from"), row.day("relief_to")
    for column, day in (("relief_from", first), ("relief_to", last)):
        if day is None and not row.is_faulty(column):
            row.wants(column, "relief-day-missing", "没有写明救济的起止日", "the days of the relief are missing")
    if kind is None or first is None or last is None:
        return None
    changes: dict[str, Any] = {"from_day": first.isoformat(), "to_day": last.isoformat()}
    purpose = row.passage("relief_purpose")
    if purpose is None:
        row.wants("relief_purpose", "relief-purpose-missing", "没有写明救济的事由", "what the relief is for is missing")
        return None
    if kind == "temporary_lift":
        changes |= {"purpose": _purpose(row, purpose), "undertaking": row.text("relief_undertaking") in values.YES}
    else:
        changes |= {"purpose": purpose[:256], "measures": list(values.read_names(row.text("relief_items")))}
    return {"kind": f"grant_{kind}", "about": ORDER, "made_by": row.text("order_number"), "changes": changes,
            "reason": row.passage("reason") or purpose}  # fmt: skip


_PURPOSES = (("就医|疾病|病重", "illness"), ("丧|奔丧", "funeral"), ("公务", "public_duty"), ("外事", "foreign_affairs"),
             ("考试", "examination"), ("紧急|急需|亟需", "urgent"))  # fmt: skip


def _purpose(row: Row, text: str) -> str:
    """Which of the cases of 35号 no. 17(3) it is."""
    codes = {code for _, code in _PURPOSES}
    found = text if text in codes else next((code for words, code in _PURPOSES if re.search(words, text)), None)
    if found is None:
        row.fault("relief_purpose", "relief-purpose-unknown", "暂时解除的事由应为就医、丧葬、公务、外事、考试或者其他紧急情况",
                  "a temporary lift is for illness, a funeral, public duty, foreign affairs, an examination or an urgent need")  # fmt: skip
    return found or ""


def _officer(row: Row) -> dict[str, Any] | None:
    role = values.read_role(row.text("officer_role") or "")
    name, number = row.text("officer_name"), officer_number(row, "officer_id", "officer_name")
    if role is None:
        row.fault("officer_role", "role-unknown", "身份须为法定代表人、主要负责人、影响债务履行的直接责任人员或者实际控制人",
                  "the post must be one of the four that art. 3 names")  # fmt: skip
    if name is None and not row.is_faulty("officer_name"):
        row.fault("officer_name", "name-missing", "缺少责任人员姓名", "the officer's name is missing")
    if number is None and not row.is_faulty("officer_id"):
        row.wants("officer_id", "number-empty", "没有责任人员的证件号码", "the officer's number is missing")
    first, last = row.day("officer_from"), row.day("officer_to")
    if role is None or name is None or number is None:
        return None
    changes = {"role": role.value, "name": name, "from_day": first.isoformat() if first else None,
               "to_day": last.isoformat() if last else None}  # fmt: skip
    return _about_listing(row, "release_officer" if last else "name_officer") | {"changes": changes, "officer": number}


def _about_listing(row: Row, kind: str) -> dict[str, Any]:
    return {"kind": kind, "about": LISTING, "made_by": row.text("decision_number"),
            "reason": row.passage("reason") or DEFAULT_REASONS.get(kind, "")}  # fmt: skip


DEFAULT_REASONS = {
    "correct_listing": "信息不准确，依法更正",
    "name_officer": "法院载明的责任人员",
    "release_officer": "责任身份已经终止",
}
"""Where a row gives no reason of its own. An extension has to."""
_READERS: dict[Shape, Callable[[Row], dict[str, Any] | None]] = {
    Shape.EXIT: _exit, Shape.CORRECTION: _correction, Shape.EXTENSION: _extension, Shape.RELIEF: _relief, Shape.OFFICER: _officer,
}  # fmt: skip
