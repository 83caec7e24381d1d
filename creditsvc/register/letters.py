"""The court's letters about an entry: which there are, when each may be issued, and what its template reads.

The wording stands in ``papers/*.typ``, in both languages, for a lawyer to read and change. Only what the register holds goes in;
the identity number goes in masked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from creditsvc.kernel.text import Bilingual
from creditsvc.papers.issuing import PaperKind
from creditsvc.papers.typesetting import Template, said
from creditsvc.register.corrections import FIELDS
from creditsvc.register.desk_forms import LABELS
from creditsvc.register.policy import EXITS, ExitGround
from creditsvc.register.reliefs import Purpose
from creditsvc.register.tables import ConsumptionOrder, Decision, Listing
from creditsvc.register.tables_matters import CandidateRecord
from punishment_rules.law import DebtorKind, Ground, Role
from punishment_rules.load import catalogue

Row = Listing | ConsumptionOrder | CandidateRecord
LIMITS = (
    Bilingual("乘坐交通工具时，选择飞机、列车软卧、轮船二等以上舱位", "flying; soft sleepers; second class or better on ships"),
    Bilingual("在星级以上宾馆、酒店、夜总会、高尔夫球场等场所进行高消费", "high spending in starred hotels, nightclubs, golf courses"),
    Bilingual("购买不动产或者新建、扩建、高档装修房屋", "buying real estate; building, extending or luxuriously fitting out a house"),
    Bilingual("租赁高档写字楼、宾馆、公寓等场所办公", "leasing high-end premises for work"),
    Bilingual("购买非经营必需车辆", "buying a vehicle not needed for business"),
    Bilingual("旅游、度假", "tourism and vacations"),
    Bilingual("子女就读高收费私立学校", "a high-fee private school for a child"),
    Bilingual("支付高额保费购买保险理财产品", "insurance investment products with high premiums"),
    Bilingual("乘坐G字头动车组列车全部座位、其他动车组列车一等以上座位等其他非生活和工作必需的消费行为",
              "any seat in G trains, first class or better in other fast trains, and other consumption not needed for life or work"),
)  # fmt: skip
"""法释〔2015〕17号 art. 3 para. 1."""
RELIEFS = ("grant_temporary_lift", "grant_single_approval", "grant_single_lift")
KIND_LABELS = {
    "refuse_listing": Bilingual("不予纳入", "not to list"),
    "correct_listing": Bilingual("更正", "correction"),
    "extend_listing": Bilingual("延长期限", "a longer term"),
    "grant_grace": Bilingual("给予宽限期", "grace"),
    "grant_temporary_lift": Bilingual("暂时解除乘坐飞机、高铁的限制", "planes and fast trains allowed for a time"),
    "grant_single_approval": Bilingual("批准单次消费", "one act approved"),
    "grant_single_lift": Bilingual("单次解禁", "a single lift"),
}
"""What a letter calls the decision that it is about."""
PERFORMANCE = {
    "none": Bilingual("全部未履行", "nothing performed"),
    "partial": Bilingual("部分未履行", "performed in part"),
    "full": Bilingual("全部已履行", "performed in full"),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What whoever issues a letter types in besides: whom it is for, in which post the debtor is."""

    addressee: str = ""
    position: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """What a letter may draw on: the row, its masked number, decisions that were approved, newest first, earlier letters."""

    row: Row
    masked: str
    portal: str
    decisions: tuple[Decision, ...] = ()
    letters: Mapping[str, str] = field(default_factory=dict)
    """Number of the newest letter by kind, of those that were not superseded."""


@dataclass(frozen=True, slots=True)
class Letter:
    """One kind of letter. ``ready`` tells whether it may be issued now; ``to`` whom it is for."""

    kind: PaperKind
    to: Bilingual
    clause: str
    ready: Callable[[Source], bool]
    data: Callable[[Source, Asked], dict[str, Any]]
    asks: tuple[str, ...] = ()
    """Fields of ``Asked`` that have to be typed in."""


def said_day(value: date | None) -> dict[str, str] | None:
    """A day as a letter writes it."""
    if value is None:
        return None
    return {"zh": f"{value.year}年{value.month}月{value.day}日", "en": f"{value.day} {value:%B} {value.year}"}


def _texts(texts: Any) -> list[dict[str, str]]:
    return [said(Bilingual(each.zh, each.en)) for each in texts]


def _grounds(row: Row) -> list[dict[str, str]]:
    return _texts(Ground(each) for each in getattr(row, "grounds", ()))


def _common(source: Source, asked: Asked) -> dict[str, Any]:
    row = source.row
    basis = " · ".join(filter(None, (getattr(row, "basis_number", None), getattr(row, "basis_issuer", None))))
    grounds = _grounds(row)
    return {
        "name": row.name,
        "masked": source.masked,
        "portal": source.portal,
        "is_unit": row.debtor_kind == DebtorKind.ORGANISATION.value,
        "case_number": row.case_number,
        "filed_on": said_day(row.filed_on),
        "basis": basis,
        "obligation": getattr(row, "obligation", None) or "",
        "performance": said(PERFORMANCE[getattr(row, "performance", "none")]),
        "representative": getattr(row, "legal_representative", None) or "",
        "applicants": "、".join(getattr(row, "applicants", None) or ()),
        "grounds": grounds,
        "grounds_line": {
            "zh": "；".join(each["zh"] for each in grounds),
            "en": "; ".join(each["en"] for each in grounds),
        },
        "decision_number": getattr(row, "decision_number", None) or getattr(row, "order_number", None) or "",
        "decided_on": said_day(getattr(row, "decided_on", None) or getattr(row, "issued_on", None)),
        "until": said_day(getattr(row, "until", None)),
        "addressee": asked.addressee,
        "position": asked.position,
    }


def _warning(source: Source, asked: Asked) -> dict[str, Any]:
    return {
        **_common(source, asked),
        "all_grounds": _texts(Ground),
        "perform_by": said_day(getattr(source.row, "perform_by", None)),
    }


def _decision_letter(source: Source, asked: Asked) -> dict[str, Any]:
    row = source.row
    made = _latest(source, "decide_listing")
    reason = made.draft["reason"] if made else ""
    return {**_common(source, asked), "reason": reason, "limits": _texts(LIMITS), "bound_role": _role(row),
            "unit_name": getattr(row, "unit_name", None) or ""}  # fmt: skip


def _role(row: Row) -> dict[str, str] | str:
    role = getattr(row, "bound_role", None)
    return said(Bilingual(Role(role).label.zh, Role(role).label.en)) if role in set(Role) else ""


def _exit(source: Source, asked: Asked) -> dict[str, Any]:
    row = source.row
    told = getattr(row, "exit", None) or {}
    label = EXITS[ExitGround(told["ground"])][0]
    return {
        **_common(source, asked),
        "revoked": told["exit"] == "revoked",
        "exit_ground": said(label),
        "exit_basis": told["basis"],
        "exit_decision": told["decision"],
        "ended_on": said_day(getattr(row, "ended_on", None)),
        "receivers_due": said_day(date.fromisoformat(told["due"])),
        "earlier_number": source.letters.get("UN") or source.letters.get("SN") or "",
    }


def _of_decision(*kinds: str) -> Callable[[Source, Asked], dict[str, Any]]:
    def data(source: Source, asked: Asked) -> dict[str, Any]:
        made = _latest(source, *kinds)
        draft: Mapping[str, Any] = made.draft if made else {"changes": {}}
        changes = draft["changes"]
        until = changes.get("until")
        return {
            **_common(source, asked),
            "reason": draft.get("reason", ""),
            "clause": draft.get("clause", ""),
            "document_number": draft.get("document_number", ""),
            "decided_on": said_day(_settled_on(made)),
            "acts": list(changes.get("acts") or ()),
            "until": said_day(date.fromisoformat(until)) if until else None,
            "changes": [[said(LABELS[name]), str(value or "—")] for name, value in changes.items() if name in FIELDS],
            "applicant": getattr(source.row, "applicant", None) or "",
            "applied_on": said_day(getattr(source.row, "applied_on", None)),
            "ground": _ground_label(draft.get("ground", "")),
            "kind": said(KIND_LABELS[made.kind]) if made else "",
            "from_day": said_day(_day_in(changes, "from_day")),
            "to_day": said_day(_day_in(changes, "to_day")),
            "purpose": _purpose(changes.get("purpose", "")),
            "measures": [said(Bilingual(title.zh, title.en)) for title in _titles(changes.get("measures") or ())],
        }

    return data


def _day_in(changes: Mapping[str, Any], name: str) -> date | None:
    return date.fromisoformat(changes[name]) if changes.get(name) else None


def _purpose(value: str) -> Any:
    return said(Purpose(value).label) if value in set(Purpose) else value


def _titles(measures: Any) -> list[Any]:
    known = catalogue().measures
    return [known[name].title if name in known else Bilingual(name, name) for name in measures]


def _relief_stands(source: Source) -> bool:
    return (
        isinstance(source.row, ConsumptionOrder)
        and source.row.state == "ordered"
        and _latest(source, *RELIEFS) is not None
    )


def _settled_on(made: Decision | None) -> date | None:
    # a Beijing day: eight hours ahead of UTC, without summer time
    return (made.settled_at + timedelta(hours=8)).date() if made and made.settled_at else None


def _ground_label(ground: str) -> dict[str, str] | None:
    from creditsvc.register.kinds import KINDS

    labels = {str(each.value): each.label for kind in KINDS.values() for each in kind.grounds}
    return said(labels[ground]) if ground in labels else None


def _latest(source: Source, *kinds: str) -> Decision | None:
    return next((each for each in source.decisions if each.kind in kinds), None)


def _paper(code: str, name: str, zh: str, en: str) -> PaperKind:
    return PaperKind(code, Bilingual(zh, en), Template("creditsvc.register", name))


def _is(kind: type[Row], *states: str) -> Callable[[Source], bool]:
    return lambda source: isinstance(source.row, kind) and (not states or source.row.state in states)


def _had(kind: str) -> Callable[[Source], bool]:
    return lambda source: _latest(source, kind) is not None


def _told_earlier(source: Source) -> bool:
    return _ended(source) and bool({"UN", "SN"} & set(source.letters))


def _ended(source: Source) -> bool:
    return isinstance(source.row, Listing) and source.row.state in {"removed", "revoked"} and bool(source.row.exit)


def _of_a(debtor: DebtorKind) -> Callable[[Source], bool]:
    standing = _is(Listing, "active", "active_nonpublic")
    return lambda source: standing(source) and source.row.debtor_kind == debtor.value


_DEBTOR = Bilingual("被执行人", "the debtor")
_LIST, _ORDER = "法释〔2017〕7号", "法释〔2015〕17号"
LETTERS: Mapping[str, Letter] = {
    letter.kind.code: letter
    for letter in (
        Letter(_paper("RW", "risk_warning", "失信和限制消费风险提示书", "Warning before listing"), _DEBTOR, f"{_LIST}第五条第一款",
               _is(CandidateRecord, "candidate", "under_review"), _warning),
        Letter(_paper("LD", "listing_decision", "纳入失信被执行人名单决定书", "Decision to list"), _DEBTOR, f"{_LIST}第五条",
               _is(Listing, "decided", "in_grace", "active", "active_nonpublic"), _decision_letter),
        Letter(_paper("RF", "listing_refusal", "不予纳入失信被执行人名单决定书", "Decision not to list"),
               Bilingual("申请执行人", "the creditor"), f"{_LIST}第五条", _is(CandidateRecord, "refused"), _of_decision("refuse_listing")),
        Letter(_paper("CN", "correction_notice", "更正失信信息通知书", "Notice of correction"), _DEBTOR, f"{_LIST}第九条第二款",
               _had("correct_listing"), _of_decision("correct_listing")),
        Letter(_paper("EX", "extension_decision", "延长失信名单期限决定书", "Decision to extend"), _DEBTOR, f"{_LIST}第二条第一款",
               _had("extend_listing"), _of_decision("extend_listing")),
        Letter(_paper("RN", "removal_notice", "删除失信信息通知书", "Notice of removal"), _DEBTOR, f"{_LIST}第十条",
               _is(Listing, "removed"), _exit),
        Letter(_paper("RV", "revocation_notice", "撤销失信信息决定书", "Decision to revoke"), _DEBTOR, f"{_LIST}第九条第一款",
               _is(Listing, "revoked"), _exit),
        Letter(_paper("XN", "exit_notice", "退出失信名单通知", "Exit notice"), Bilingual("接收过该信息的单位", "who received it"),
               "河南省社会信用条例第三十七条", _ended, _exit, ("addressee",)),
        Letter(_paper("UN", "unit_notice", "失信信息通报（所在单位）", "Notice to the person's unit"),
               Bilingual("国家工作人员、人大代表、政协委员等所在单位", "the unit of a functionary or deputy"), f"{_LIST}第八条第三款",
               _of_a(DebtorKind.PERSON), _decision_letter, ("addressee", "position")),
        Letter(_paper("SN", "superior_notice", "失信信息通报（上级单位）", "Notice to the superior body"),
               Bilingual("国家机关、事业单位、国有企业的上级单位", "the superior of a state body"), f"{_LIST}第八条第四款",
               _of_a(DebtorKind.ORGANISATION), _decision_letter, ("addressee",)),
        Letter(_paper("AX", "article8_exit", "失信信息退出通报", "Exit notice to a body told before"),
               Bilingual("此前通报过的单位", "the body that was told before"), f"{_LIST}第八条", _told_earlier, _exit, ("addressee",)),
        Letter(_paper("GP", "grace_period", "宽限期通知书", "Notice of grace"), _DEBTOR, "法发〔2019〕35号第十五条",
               lambda source: _is(Listing, "in_grace")(source) and _had("grant_grace")(source), _of_decision("grant_grace")),
        Letter(_paper("RE", "relief_decision", "暂时解除（单项批准）限制消费决定书", "Decision on a relief"), _DEBTOR,
               f"{_ORDER}第八条；法发〔2019〕35号第十七条", _relief_stands, _of_decision(*RELIEFS)),
        Letter(_paper("CO", "consumption_order", "限制消费令", "Consumption order"), _DEBTOR, f"{_ORDER}第五条",
               _is(ConsumptionOrder, "ordered"), _decision_letter),
        Letter(_paper("OL", "order_lifted", "解除限制消费通知书", "Notice that the order has ended"), _DEBTOR, f"{_ORDER}第九条",
               lambda source: isinstance(source.row, ConsumptionOrder) and bool(source.row.exit), _exit),
    )
}  # fmt: skip
"""By the code that stands in their numbers."""


def ready(source: Source) -> list[Letter]:
    """Letters that may be issued about this row now."""
    return [letter for letter in LETTERS.values() if letter.ready(source)]
