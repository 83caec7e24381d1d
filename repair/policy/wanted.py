"""What a kind asks for besides grounds and papers: days of a journey, the field to correct, an undertaking. Pure.

Values are kept as JSON: days as ``YYYY-MM-DD``. None of it is personal data: places and reasons stand in the statement.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from creditsvc.kernel.errors import InvalidInput
from creditsvc.kernel.text import Bilingual
from repair.policy.kinds import ApplicationKind
from repair.policy.orders import check_lift_days
from repair.policy.promises import KINDS_OF_PROMISER, PUBLICITY

CORRECTABLE: Mapping[str, Bilingual] = {
    "name": Bilingual("姓名或者名称", "name"),
    "case_number": Bilingual("执行案号", "case number"),
    "obligation": Bilingual("生效法律文书确定的义务", "obligation"),
    "performance": Bilingual("履行情况", "state of performance"),
    "performed_part": Bilingual("已履行部分", "what has been performed"),
    "unperformed_part": Bilingual("未履行部分", "what is still open"),
    "basis_number": Bilingual("执行依据文号", "number of the enforcement title"),
    "basis_issuer": Bilingual("执行依据制作单位", "who made the enforcement title"),
    "legal_representative": Bilingual("法定代表人", "legal representative"),
    "sex": Bilingual("性别", "sex"),
    "age": Bilingual("年龄", "age"),
    "filed_on": Bilingual("立案时间", "day of filing"),
}
"""Fields of a listing that a correction may change, by the register's names."""

FIELDS: Mapping[ApplicationKind, tuple[str, ...]] = {
    ApplicationKind.TEMPORARY_LIFT: ("from_day", "to_day", "undertaking"),
    ApplicationKind.SINGLE_APPROVAL: ("from_day", "to_day"),
    ApplicationKind.SINGLE_LIFT: ("from_day", "to_day"),
    ApplicationKind.PRIVATE_SPENDING: ("from_day", "to_day"),
    ApplicationKind.FORMER_OFFICER: ("undertaking",),
    ApplicationKind.CORRECTION: ("field",),
    ApplicationKind.CREDIT_REPAIR: ("promise", "promiser", "publicity"),
    ApplicationKind.RECONSIDERATION: ("obstacle_ended_on",),
    ApplicationKind.OBJECTION: ("to",),
}
_DAYS = frozenset({"from_day", "to_day", "obstacle_ended_on"})
_TICKS = frozenset({"undertaking", "promise"})
TO_PLATFORM = "platform"
OBJECTED_TO = {
    "court": Bilingual("请执行法院直接核查（三个工作日）", "let the court check it directly (3 working days)"),
    TO_PLATFORM: Bilingual(
        "向省信用平台提出，法院同时核查（平台三个工作日，需要法院核查的七个工作日）",
        "raise it at the provincial platform, the court checks as well (3 working days, 7 where the court must check)",
    ),
}
"""Where an objection is raised (河南省社会信用条例 art. 41); it is annotated at once in either case."""
_OPTIONAL = frozenset({"to"})
CHOICES: Mapping[str, Mapping[str, Bilingual]] = {
    "field": CORRECTABLE,
    "promiser": KINDS_OF_PROMISER,
    "publicity": PUBLICITY,
    "to": OBJECTED_TO,
}
YES = Bilingual("是", "yes")
WANTED_NAMES: Mapping[str, Bilingual] = {
    "from_day": Bilingual("开始日期", "first day"),
    "to_day": Bilingual("结束日期", "last day"),
    "undertaking": Bilingual("书面保证", "written undertaking"),
    "field": Bilingual("哪一项不准确", "what is inaccurate"),
    "promise": Bilingual("信用承诺", "credit promise"),
    "promiser": Bilingual("承诺人类别", "kind of promiser"),
    "publicity": Bilingual("公开范围", "how far it may be made public"),
    "obstacle_ended_on": Bilingual("障碍消除的日期", "day on which the obstacle ended"),
    "to": Bilingual("向谁提出", "raised with"),
    "received_on": Bilingual("平台收到日期", "received by the platform on"),
    "platform_due_on": Bilingual("平台最迟答复日期", "the platform answers by"),
}
UNDERTAKING = Bilingual(
    "我保证所述属实、证据真实，只按批准的事项和时间使用；有虚假或者违反的，立即恢复限制，从重处理，以后不再批准。",
    "I undertake that this is true and the proof genuine, and to use it only as approved; if it is false or I break it, the "
    "limits are back at once, the consequences are heavier, and nothing further is approved.",
)


def cleaned_wanted(kind: ApplicationKind, typed: Mapping[str, Any]) -> dict[str, Any]:
    """What was typed, as it is kept; fields that the kind does not have and values that mean nothing are left out."""
    kept: dict[str, Any] = {}
    for name in FIELDS.get(kind, ()):
        value = str(typed.get(name, "")).strip()
        if name in _TICKS:
            kept[name] = value in {"1", "True", "true"}
        elif name in _DAYS and (day := day_of(value)):
            kept[name] = day.isoformat()
        elif name in CHOICES and value in CHOICES[name]:
            kept[name] = value
    return kept


def day_of(text: Any) -> date | None:
    """A day written ``YYYY-MM-DD``; none for anything else."""
    try:
        return date.fromisoformat(str(text))
    except ValueError:
        return None


def wanted_faults(kind: ApplicationKind, ground: str, wanted: Mapping[str, Any], *, on: date) -> dict[str, Bilingual]:
    """What is lacking or can't be, by field."""
    names = FIELDS.get(kind, ())
    faults: dict[str, Bilingual] = {}
    for name in names:
        if name == "obstacle_ended_on" and ground != "obstacle":
            continue
        if name not in _OPTIONAL and not wanted.get(name):
            faults[name] = _LACKING[name]
    if "from_day" in names and "to_day" in names and not {"from_day", "to_day"} & set(faults):
        faults.update(_day_faults(kind, wanted, on))
    return faults


def _day_faults(kind: ApplicationKind, wanted: Mapping[str, Any], on: date) -> dict[str, Bilingual]:
    first, last = date.fromisoformat(wanted["from_day"]), date.fromisoformat(wanted["to_day"])
    if kind is ApplicationKind.TEMPORARY_LIFT:
        try:
            check_lift_days(first, last, on=on)
        except InvalidInput as refused:
            return {str(refused.details["field"]): refused.text}
        return {}
    if last < on:
        return {"to_day": Bilingual("结束日期不能早于今天", "it can't end before today")}
    if last < first:
        return {"to_day": Bilingual("结束日期不能早于开始日期", "it can't end before it begins")}
    return {}


_LACKING: Mapping[str, Bilingual] = {
    "from_day": Bilingual("请填写开始日期", "give the first day"),
    "to_day": Bilingual("请填写结束日期", "give the last day"),
    "undertaking": Bilingual("请阅读并勾选书面保证", "read and tick the undertaking"),
    "promise": Bilingual("请阅读并勾选信用承诺", "read and tick the credit promise"),
    "promiser": Bilingual("请选择承诺人类别", "choose what kind of promiser you are"),
    "publicity": Bilingual("请选择承诺书的公开范围", "choose how far the promise may be made public"),
    "field": Bilingual("请选择哪一项不准确", "choose what is inaccurate"),
    "obstacle_ended_on": Bilingual("请填写障碍消除的日期", "give the day on which the obstacle ended"),
}
