"""How the values that decisions carry are called, and how a column's value is written in a form."""

from __future__ import annotations

from datetime import date
from typing import Any

from creditsvc.kernel.text import Bilingual

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


def plain(value: Any) -> Any:
    """A column's value as a form and a draft write it."""
    if isinstance(value, str):
        return value.replace("\r\n", "\n").strip() or None
    return value.isoformat() if isinstance(value, date) else value
