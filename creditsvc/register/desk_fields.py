"""The fields of a decision's form: one for each value that a kind carries, chosen by the kind's own table.

Whatever kind is added to ``kinds`` has a form here at once; a field that nobody has described is a line of text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from creditsvc.kernel.text import Bilingual
from creditsvc.register import corrections
from creditsvc.register.court_rules import rule_for
from creditsvc.register.desk_forms import LABELS, plain
from creditsvc.register.entries import Matter
from creditsvc.register.kinds import ANSWERABLE, KINDS
from creditsvc.register.lifting import LiftReason
from creditsvc.register.reliefs import Purpose
from creditsvc.register.rules_loaded import court_rules
from creditsvc.register.starting import Cause
from creditsvc.register.tables import Listing, Relief, ResponsibleMark
from punishment_rules.law import Ground, Role
from punishment_rules.load import catalogue

DAY, TEXT, LONG, LINES, FLAG, CHOICE, CHECKS, NUMBER = (
    "day",
    "text",
    "long",
    "lines",
    "flag",
    "choice",
    "checks",
    "number",
)
HIDDEN = frozenset({"row_key", "doubts", "subject"})
"""Filled in by the house, or asked for in another way."""
ANSWER = "answer_"
"""Before the code of a doubt on which a person writes a word."""
FINDING_LABELS = {
    "lacks_capacity": Bilingual("无完全民事行为能力", "lacks full legal capacity"),
    "only_as_officer": Bilingual("并非被执行人，仅为单位的法定代表人等", "no debtor, only an officer of one"),
    "security_suffices": Bilingual("已提供充分有效担保", "security suffices"),
    "property_suffices": Bilingual("已查封、扣押、冻结的财产足以清偿", "controlled property suffices"),
    "ranks_later": Bilingual("履行顺序在后，依法不应对其强制执行", "ranks later: not yet enforceable"),
    "otherwise_unable": Bilingual("其他不属于有履行能力而拒不履行的情形", "otherwise not able-but-refusing"),
    "applicant_holds_off": Bilingual("申请执行人申请暂不纳入", "the applicant asks to hold off"),
    "campus_loan_student": Bilingual("全日制在校生，因校园贷纠纷", "a full-time student, over a campus loan"),
}


@dataclass(frozen=True, slots=True)
class Widget:
    """One field of a form. ``value`` is what stands in it before anybody has typed."""

    name: str
    shape: str
    label: Bilingual
    required: bool = False
    options: Mapping[str, Bilingual] = field(default_factory=dict)
    hint: Bilingual | None = None
    value: Any = ""


_SHAPES: dict[str, str] = {
    "until": DAY, "decided_on": DAY, "issued_on": DAY, "from_day": DAY, "to_day": DAY, "national_entered_on": DAY, "filed_on": DAY,
    "acts": LINES, "undertaking": FLAG, "abused": FLAG, "age": NUMBER, "relief": CHOICE, "mark": CHOICE, "cause": CHOICE,
    "severity": CHOICE, "bound_role": CHOICE, "role": CHOICE, "why": CHOICE, "sex": CHOICE, "performance": CHOICE,
    "grounds": CHECKS, "findings": CHECKS, "items": CHECKS, "measures": CHECKS,
    "obligation": LONG, "performed_part": LONG, "unperformed_part": LONG,
}  # fmt: skip
_TODAY = frozenset({"decided_on", "issued_on", "from_day", "national_entered_on"})
_HINTS = {
    "until": Bilingual("第二至六项情形须写明；仅有第一项情形的不填", "needed for grounds 2 to 6; empty for ground 1 alone"),
    "acts": Bilingual("每行一项；以“多项失信行为”延长的至少两项", "one a line; several acts are at least two"),
    "findings": Bilingual("勾选查明的情况；系统据此指出法律上的障碍", "tick what was found: the bars of the law follow from it"),
    "items": Bilingual("不勾选即为第三条的全部事项", "none ticked means all of art. 3"),
    "to_day": Bilingual("含当日", "this day included"),
    "undertaking": Bilingual("已提交证明材料和书面承诺", "evidence and a written undertaking were given"),
    "abused": Bilingual("提供虚假材料或者违反条件；此后不再批准", "false evidence or broken terms: none is granted again"),
    "national_entry": Bilingual("国家库录入后的编号；没有录入不得公布", "its number there: nothing is published without"),
}  # fmt: skip


def widgets(session: Session, about: Matter, kind: str, *, today: date) -> list[Widget]:
    """The form of this kind of decision for this entry."""
    if kind == "name_officer":
        names = ["number", "name", "role", "from_day"]
    else:
        names = [name for name in KINDS[kind].fields if name not in HIDDEN]
    made = [_widget(session, about, kind, name, today) for name in names]
    # a choice among nothing: the court has set no grades, there is no relief or mark to name
    return [each for each in made if each.options or each.name not in {"severity", "relief", "mark"}]


def _widget(session: Session, about: Matter, kind: str, name: str, today: date) -> Widget:
    corrects = KINDS[kind].fields in (corrections.FIELDS, corrections.ORDER_FIELDS)
    options = _options(session, about, kind, name)
    shape = _SHAPES.get(name, TEXT)
    if shape == CHOICE and not options:
        shape = TEXT
    if shape == TEXT and options:
        shape = CHOICE
    label = LABELS.get(name, Bilingual(name, name))
    made = Widget(
        name, shape, Bilingual("证件号码", "Identity number") if name == "number" else label,
        required=name in KINDS[kind].must or name == "number", options=options, hint=_HINTS.get(name),
    )  # fmt: skip
    if corrects:
        return replace(made, value=plain(getattr(about.row, name, None)) or "", hint=None)
    return replace(made, value=today.isoformat()) if name in _TODAY else made


def _options(session: Session, about: Matter, kind: str, name: str) -> Mapping[str, Bilingual]:
    row = about.row
    fixed: dict[str, Mapping[str, Bilingual]] = {
        "grounds": {each.value: Bilingual(f"{each.item}. {each.zh}", f"{each.item}. {each.en}") for each in Ground},
        "findings": FINDING_LABELS,
        "cause": {each.value: each.label for each in Cause},
        "why": {each.value: Bilingual(f"{each.label.zh}（{each.clause}）", f"{each.label.en} ({each.clause})") for each in LiftReason},
        "bound_role": _roles(),
        "role": _roles(),
        "items": _limits(),
        "measures": _limits(),
        "sex": {"male": Bilingual("男", "male"), "female": Bilingual("女", "female")},
        "performance": {
            "none": Bilingual("全部未履行", "nothing performed"),
            "partial": Bilingual("部分未履行", "performed in part"),
            "full": Bilingual("全部已履行", "performed in full"),
        },
    }  # fmt: skip
    if name in fixed:
        return fixed[name]
    if name == "purpose" and kind == "grant_temporary_lift":
        return {each.value: each.label for each in Purpose}
    if name == "severity":
        rule = rule_for(court_rules(session), about.court_code, date.max)
        return {each.name: each.label for each in rule.severities}
    if name == "relief":
        reliefs = session.scalars(select(Relief).where(Relief.entry == row.entry).order_by(Relief.id))
        return {
            str(each.id): _span(each.kind, each.from_day, each.to_day) for each in reliefs if each.granted_to is None
        }
    if name == "mark":
        # of an order those who are bound through the unit's listing in the same case
        units = select(Listing.entry).where(
            Listing.subject_id == row.subject_id, Listing.case_number == row.case_number
        )
        marks = session.scalars(select(ResponsibleMark).where(ResponsibleMark.unit_entry.in_(units)))
        return {str(each.id): Bilingual(each.name, each.name) for each in marks if each.to_day is None}
    return {}


_RELIEFS = {
    "temporary_lift": Bilingual("暂时解除", "temporary lift"),
    "single_approval": Bilingual("单次批准", "single approval"),
    "single_lift": Bilingual("单次解禁", "single lift"),
}


def _span(kind: str, begins: date, ends: date) -> Bilingual:
    label = _RELIEFS[kind]
    return Bilingual(f"{label.zh}（{begins} 至 {ends}）", f"{label.en} ({begins} to {ends})")


def _roles() -> Mapping[str, Bilingual]:
    return {each.value: Bilingual(Role(each).label.zh, Role(each).label.en) for each in ANSWERABLE}


def _limits() -> Mapping[str, Bilingual]:
    return {
        name: Bilingual(measure.title.zh, measure.title.en)
        for name, measure in catalogue().measures.items()
        if name.startswith(("consume-", "travel-"))
    }


def changes_of(kind: str, about: Matter, fields: Iterable[Widget], form: MultiDict[str, str]) -> dict[str, Any]:
    """What was typed, as the kind's readers take it; empty values are left out, so that what must be given is asked for."""
    given = {each.name: _value(each, form) for each in fields}
    if KINDS[kind].fields in (corrections.FIELDS, corrections.ORDER_FIELDS):
        return {name: value for name, value in given.items() if value != plain(getattr(about.row, name, None))}
    found = {name: value for name, value in given.items() if value not in (None, "", [])}
    words = {name.removeprefix(ANSWER): form[name].strip() for name in form if name.startswith(ANSWER)}
    if "doubts" in KINDS[kind].fields and any(words.values()):
        found["doubts"] = {code: text for code, text in words.items() if text}
    return found


def _value(widget: Widget, form: MultiDict[str, str]) -> Any:
    text = form.get(widget.name, "").replace("\r\n", "\n").strip()
    if widget.shape == FLAG:
        return text == "1"
    if widget.shape == CHECKS:
        return form.getlist(widget.name)
    if widget.shape == LINES:
        return [line.strip() for line in text.split("\n") if line.strip()]
    whole = widget.shape == NUMBER or widget.name in {"relief", "mark"}
    return int(text) if whole and text.isascii() and text.isdigit() and len(text) < 19 else text or None
