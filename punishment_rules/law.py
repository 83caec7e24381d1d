"""Words of the law: grounds, kinds, roles, levels, citations, verdicts.

Everything here is a value. Nothing reads a file, a clock or a database. Days are Beijing days given by the caller.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import NamedTuple, Protocol, TypeVar


@dataclass(frozen=True, slots=True)
class Text:
    """One sentence in Chinese and in English; Chinese first."""

    zh: str
    en: str

    def __post_init__(self) -> None:
        if not self.zh or not self.en:
            raise ValueError("a text needs both Chinese and English")

    def __add__(self, other: Text) -> Text:
        return Text(self.zh + other.zh, f"{self.en} {other.en}")


class Ground(StrEnum):
    """The six grounds of listing: 法释〔2017〕7号第一条 (1)-(6)."""

    ABLE_BUT_REFUSES = "able_but_refuses"
    OBSTRUCTS = "obstructs"
    EVADES = "evades"
    PROPERTY_REPORT = "property_report"
    ORDER_BREACH = "order_breach"
    SETTLEMENT_REFUSED = "settlement_refused"

    @property
    def item(self) -> int:
        """Number of the item in art. 1, one to six."""
        return list(Ground).index(self) + 1

    @property
    def termed(self) -> bool:
        """True where art. 2 sets a term (two years, plus one to three): grounds two to six."""
        return self is not Ground.ABLE_BUT_REFUSES

    @property
    def zh(self) -> str:
        """Label in Chinese, short."""
        return _GROUND_LABELS[self].zh

    @property
    def en(self) -> str:
        """Label in English, short."""
        return _GROUND_LABELS[self].en


_GROUND_LABELS = {
    Ground.ABLE_BUT_REFUSES: Text("有履行能力而拒不履行", "able to perform but refuses"),
    Ground.OBSTRUCTS: Text("妨碍、抗拒执行", "obstructs or resists enforcement"),
    Ground.EVADES: Text("规避执行", "evades enforcement"),
    Ground.PROPERTY_REPORT: Text("违反财产报告制度", "breaks the duty to report property"),
    Ground.ORDER_BREACH: Text("违反限制消费令", "breaks a consumption order"),
    Ground.SETTLEMENT_REFUSED: Text(
        "无正当理由拒不履行执行和解协议", "refuses an enforcement settlement without good reason"
    ),
}


class DebtorKind(StrEnum):
    """Who owes: a natural person, or a legal person or other organisation."""

    PERSON = "person"
    ORGANISATION = "organisation"

    @property
    def label(self) -> Text:
        """Label in both languages."""
        return _KIND_LABELS[self]


_KIND_LABELS = {
    DebtorKind.PERSON: Text("自然人", "natural person"),
    DebtorKind.ORGANISATION: Text("法人或者非法人组织", "legal person or other organisation"),
}


class Role(StrEnum):
    """Posts at a unit. A bound unit reaches the first four (限消规定第三条); a listed holder of others brings it in."""

    LEGAL_REPRESENTATIVE = "legal_representative"
    PRINCIPAL_OFFICER = "principal_officer"
    DIRECTLY_RESPONSIBLE = "directly_responsible"
    ACTUAL_CONTROLLER = "actual_controller"
    DIRECTOR = "director"
    SUPERVISOR = "supervisor"
    SENIOR_MANAGER = "senior_manager"
    CONTROLLING_SHAREHOLDER = "controlling_shareholder"

    @property
    def label(self) -> Text:
        """Label in both languages."""
        return _ROLE_LABELS[self]


_ROLE_LABELS = {
    Role.LEGAL_REPRESENTATIVE: Text("法定代表人", "legal representative"),
    Role.PRINCIPAL_OFFICER: Text("主要负责人", "principal officer"),
    Role.DIRECTLY_RESPONSIBLE: Text("影响债务履行的直接责任人员", "person directly responsible"),
    Role.ACTUAL_CONTROLLER: Text("实际控制人", "actual controller"),
    Role.DIRECTOR: Text("董事", "director"),
    Role.SUPERVISOR: Text("监事", "supervisor"),
    Role.SENIOR_MANAGER: Text("高级管理人员", "senior manager"),
    Role.CONTROLLING_SHAREHOLDER: Text("控股股东", "controlling shareholder"),
}


class Level(StrEnum):
    """Level of a document, strongest first."""

    LAW = "law"
    ADMIN_REGULATION = "admin_regulation"
    JUDICIAL_INTERPRETATION = "judicial_interpretation"
    PARTY_STATE_POLICY = "party_state_policy"
    LOCAL_REGULATION = "local_regulation"
    DEPARTMENTAL_RULE = "departmental_rule"
    JOINT_MEMORANDUM = "joint_memorandum"
    NORMATIVE_DOCUMENT = "normative_document"
    LOCAL_NORMATIVE_DOCUMENT = "local_normative_document"
    SELF_REGULATORY_RULE = "self_regulatory_rule"
    PRACTICE = "practice"

    @property
    def rank(self) -> int:
        """Zero is strongest."""
        return _RANK[self]

    @property
    def sufficient(self) -> bool:
        """True where a measure of this level may bind by itself (国办发〔2020〕49号; docs: choice 5)."""
        return self.rank <= Level.PARTY_STATE_POLICY.rank

    @property
    def label(self) -> Text:
        """Label in both languages."""
        return _LEVEL_LABELS[self]


_RANK = {level: rank for rank, level in enumerate(Level)}
_LEVEL_LABELS = {
    Level.LAW: Text("法律", "law"),
    Level.ADMIN_REGULATION: Text("行政法规", "administrative regulation"),
    Level.JUDICIAL_INTERPRETATION: Text("司法解释", "judicial interpretation"),
    Level.PARTY_STATE_POLICY: Text("党中央、国务院政策文件", "Party-State policy document"),
    Level.LOCAL_REGULATION: Text("地方性法规", "local regulation"),
    Level.DEPARTMENTAL_RULE: Text("部门规章", "departmental rule"),
    Level.JOINT_MEMORANDUM: Text("联合惩戒备忘录、联合通知", "joint memorandum or notice"),
    Level.NORMATIVE_DOCUMENT: Text("规范性文件", "normative document"),
    Level.LOCAL_NORMATIVE_DOCUMENT: Text("地方规范性文件", "local normative document"),
    Level.SELF_REGULATORY_RULE: Text("自律规则", "self-regulatory rule"),
    Level.PRACTICE: Text("实践做法", "practice only"),
}


class Names(StrEnum):
    """What a clause speaks of: this list, the order, the wider discipline target, a debt, a court's paper."""

    LIST = "list"
    ORDER = "order"
    DISCIPLINE_TARGET = "discipline_target"
    DEBT = "debt"
    PAPER = "paper"
    GENERAL = "general"


class Outcome(StrEnum):
    """The three answers; a person decides wherever there is doubt."""

    RESTRICTED = "restricted"
    CLEAR = "clear"
    NEEDS_OFFICER = "needs_officer"

    @property
    def weight(self) -> int:
        """The heavier outcome wins in an answer of several verdicts: restricted over needs_officer over clear."""
        return {Outcome.CLEAR: 0, Outcome.NEEDS_OFFICER: 1, Outcome.RESTRICTED: 2}[self]

    @property
    def label(self) -> Text:
        """Label in both languages."""
        return _OUTCOME_LABELS[self]


_OUTCOME_LABELS = {
    Outcome.RESTRICTED: Text("受限制", "restricted"),
    Outcome.CLEAR: Text("不受限制", "clear"),
    Outcome.NEEDS_OFFICER: Text("由工作人员判断", "a person decides"),
}


def in_force(on: date, start: date | None, end: date | None) -> bool:
    """True if `on` lies from `start` to `end`, both days included; None is open on that side."""
    return (start is None or start <= on) and (end is None or on <= end)


class Dated(Protocol):
    """A value that holds from one day to another, both included."""

    @property
    def start(self) -> date | None: ...
    @property
    def end(self) -> date | None: ...


D = TypeVar("D", bound=Dated)


def value_on(series: Sequence[D], on: date) -> D | None:
    """The value of a dated series that holds on a day, or None; series don't overlap (the loader refuses that)."""
    for value in series:
        if (value.start is None or value.start <= on) and (value.end is None or on <= value.end):
            return value
    return None


@dataclass(frozen=True, slots=True)
class Citation:
    """One clause of one document, with the days on which it was in force."""

    document: str
    article: str
    level: Level
    document_id: str = ""
    document_en: str = ""
    article_en: str = ""
    number: str = ""
    start: date | None = None
    end: date | None = None
    names: frozenset[Names] = field(default_factory=frozenset)

    @property
    def text(self) -> Text:
        """How a person reads it: title, number, article."""
        number = f"（{self.number}）" if self.number else ""
        number_en = f" ({self.number})" if self.number else ""
        article_en = f", {self.article_en}" if self.article_en else ""
        title_en = self.document_en or self.document
        return Text(f"《{self.document}》{number}{self.article}", f"{title_en}{number_en}{article_en}")

    def in_force(self, on: date) -> bool:
        """True if the clause was in force on that Beijing day."""
        return in_force(on, self.start, self.end)


class Reason(NamedTuple):
    """Why: a stable code, a sentence, and the clause it stands on."""

    code: str
    text: Text
    citation: Citation


class TraceLine(NamedTuple):
    """One step of the working that a lawyer can follow; `held` is what the step found, None for a remark.

    `citation` is the clause on which the step stands, where it stands on one.
    """

    step: str
    text: Text
    held: bool | None = None
    citation: Citation | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one measure means for one act on one day. `reasons` is never empty."""

    outcome: Outcome
    measure_id: str | None
    reasons: tuple[Reason, ...]
    sources: tuple[str, ...]
    changes_on: date | None
    ends: Text
    next_step: Text
    trace: tuple[TraceLine, ...]

    def __post_init__(self) -> None:
        if not self.reasons:
            raise ValueError("a verdict without a reason")
