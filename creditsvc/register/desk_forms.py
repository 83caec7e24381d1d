"""What is written in the desk's form, read into a draft; and how a listing's fields are called."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from creditsvc.kernel.errors import InvalidInput
from creditsvc.kernel.text import Bilingual
from creditsvc.register.corrections import FIELDS
from creditsvc.register.decisions import Draft
from creditsvc.register.effects import KINDS
from creditsvc.register.entries import Target
from creditsvc.register.policy import LIST_RULES, ExitGround

CLAUSES = {"correct_listing": f"{LIST_RULES}第九条第二款", "extend_listing": f"{LIST_RULES}第二条第一款"}
"""Of decisions that name no ground."""
NEW = "new_"
"""Before the name of a field that a correction may change."""
LABELS: dict[str, Bilingual] = {
    "name": Bilingual("姓名或者名称", "Name"),
    "sex": Bilingual("性别（male 男，female 女）", "Sex (male or female)"),
    "age": Bilingual("年龄", "Age"),
    "legal_representative": Bilingual("法定代表人", "Legal representative"),
    "case_number": Bilingual("执行案号", "Case number"),
    "filed_on": Bilingual("立案日期", "Filed on"),
    "basis_number": Bilingual("执行依据文号", "Number of the judgment"),
    "basis_issuer": Bilingual("作出执行依据的单位", "Issuer of the judgment"),
    "obligation": Bilingual("义务", "Obligation"),
    "performance": Bilingual("履行情况（none 全部未履行，partial 部分，full 全部）", "Performance (none, partial or full)"),
    "performed_part": Bilingual("已履行部分", "Performed part"),
    "unperformed_part": Bilingual("未履行部分", "Unperformed part"),
    "until": Bilingual("截止日", "Until"),
    "cause": Bilingual("延长的法定事由", "Cause of a longer term"),
    "acts": Bilingual("失信行为", "Acts"),
    "grounds": Bilingual("失信情形", "Grounds"),
    "decided_on": Bilingual("决定日", "Decided on"),
    "severity": Bilingual("档次", "Grade"),
    "findings": Bilingual("查明的情况", "What was found"),
    "doubts": Bilingual("承办人逐项意见", "Word on each doubt"),
    "issued_on": Bilingual("签发日", "Issued on"),
    "items": Bilingual("限制事项", "Items"),
    "bound_role": Bilingual("受约束的身份", "Bound as"),
    "unit_name": Bilingual("单位名称", "Unit"),
    "from_day": Bilingual("起始日", "From"),
    "to_day": Bilingual("最后一日", "To"),
    "purpose": Bilingual("用途", "Purpose"),
    "measures": Bilingual("准许的事项", "Measures"),
    "undertaking": Bilingual("证据和书面承诺", "Evidence and undertaking"),
    "relief": Bilingual("放宽编号", "Relief"),
    "abused": Bilingual("滥用", "Abused"),
    "why": Bilingual("解除原因", "Why it is lifted"),
    "national_entry": Bilingual("国家库编号", "National entry"),
    "national_entered_on": Bilingual("国家库录入日", "Entered on"),
    "unit_notified": Bilingual("通知的单位", "Unit notified"),
    "role": Bilingual("身份", "Role"),
    "mark": Bilingual("标注编号", "Mark"),
}  # fmt: skip


def draft_of_form(about: Target, form: Mapping[str, str]) -> Draft:
    """The draft that a form holds; raises ``InvalidInput`` naming the form's own field."""
    kind, _, ground = form.get("what", "").partition("/")
    if kind not in KINDS:
        raise InvalidInput(
            Bilingual("请选择决定和理由", "choose a decision and its ground"), code="what-missing", field="what"
        )
    named = ExitGround(ground).clause if ground in set(ExitGround) else CLAUSES.get(kind, "")
    return Draft(
        kind=kind,
        entry=about.entry,
        ground=ground,
        clause=named,
        event_on=_day(form, "event_on"),
        known_on=_day(form, "known_on"),
        reason=form.get("reason", "").strip()[:2000],
        document_number=form.get("document_number", "").strip()[:128],
        changes=_changes(about, kind, form),
    )


def _day(form: Mapping[str, str], field: str) -> date:
    try:
        return date.fromisoformat(form.get(field, ""))
    except ValueError:
        raise InvalidInput(
            Bilingual("请填写日期，如 2026-03-01", "give a day, such as 2026-03-01"), code="day-shape", field=field
        ) from None


def _changes(about: Target, kind: str, form: Mapping[str, str]) -> dict[str, Any]:
    if kind == "extend_listing":
        acts = [line.strip()[:256] for line in form.get("acts", "").splitlines() if line.strip()]
        return {"until": _day(form, "until").isoformat(), "cause": form.get("cause") or None, "acts": acts[:50]}
    if kind != "correct_listing":
        return {}
    given = {name: _value(name, form[NEW + name]) for name in FIELDS if NEW + name in form}
    return {name: value for name, value in given.items() if value != plain(getattr(about.row, name))}


def _value(name: str, text: str) -> str | int | None:
    text = text.replace("\r\n", "\n").strip()
    return int(text) if name == "age" and text.isascii() and text.isdigit() else text or None


def plain(value: Any) -> Any:
    """A column's value as a form and a draft write it."""
    if isinstance(value, str):
        return value.replace("\r\n", "\n").strip() or None
    return value.isoformat() if isinstance(value, date) else value


def told(value: Any) -> str | None:
    """A value of a draft as a page shows it."""
    if isinstance(value, dict):
        return "；".join(f"{name}：{text}" for name, text in value.items()) or None
    if isinstance(value, list):
        return "、".join(map(str, value)) or None
    if isinstance(value, bool):
        return "是 / yes" if value else "否 / no"
    return None if value is None else str(value)
