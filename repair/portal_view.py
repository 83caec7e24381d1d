"""What the portal shows, worked out from the policy: cards of entries, ways open, the state of an application."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from creditsvc.kernel.calendars import Calendar
from creditsvc.kernel.days import Deadline
from creditsvc.kernel.text import Bilingual
from creditsvc.ports import Holder, Ports
from creditsvc.services import Services
from repair.entries import EntryView, standing_order
from repair.facts import facts_about
from repair.history import events_of
from repair.policy.answers import Answer, Way
from repair.policy.check import WayOff, every_way, opens_next, questions_in
from repair.policy.deadlines import Clock, clock
from repair.policy.grounds import GROUNDS, ground_of
from repair.policy.kinds import KINDS, ApplicationKind
from repair.policy.materials import MATERIAL_NAMES
from repair.policy.questions import QUESTIONS, Question
from repair.policy.reconsideration import REMEDIES
from repair.policy.states import EDITABLE, MOVES, OPEN_AT_COURT, State, Step, state_name, steps_of
from repair.policy.wanted import CHOICES, WANTED_NAMES, YES
from repair.tables import Application
from repair.words import LISTING_GROUNDS, PERFORMANCE_NAMES, STAGE_NAMES

_ENDS = frozenset({ApplicationKind.REMOVAL, ApplicationKind.ORDER_LIFTING})
"""Kinds that end an entry in the usual course."""
USUAL = frozenset({"removal/performed", "removal/settled", "removal/early", "order_lifting/performed"})
"""Ways that people ask for by themselves; the others rest on papers of the court or the creditor and stand below."""


@dataclass(frozen=True, slots=True)
class WayRow:
    """One kind and ground with its answer and its papers, in words."""

    kind: ApplicationKind
    ground: str
    name: Bilingual
    answer: Answer
    papers: tuple[Bilingual, ...]
    usual: bool

    @property
    def code(self) -> str:
        """As the forms send it."""
        return f"{self.kind.value}/{self.ground}"


@dataclass(frozen=True, slots=True)
class SelfCheck:
    """What is open for one entry, what will be and when, which case blocks, what is asked."""

    rows: tuple[WayRow, ...]
    opens_next: WayRow | None
    blocked_by: tuple[str, ...]
    questions: tuple[tuple[str, Question], ...]

    def of(self, kind: str) -> tuple[WayRow, ...]:
        """The rows of one kind."""
        return tuple(row for row in self.rows if row.kind == kind)

    @property
    def kinds(self) -> tuple[ApplicationKind, ...]:
        """The kinds, each once."""
        return tuple(dict.fromkeys(row.kind for row in self.rows))


@dataclass(frozen=True, slots=True)
class EntryCard:
    """One entry as the person sees it."""

    view: EntryView
    grounds: tuple[tuple[Bilingual, Bilingual], ...]
    performance: Bilingual
    ways: tuple[WayRow, ...]
    applications: tuple[Application, ...]
    """One's own about this entry that are open."""
    holders: int
    let_go: int

    @property
    def best(self) -> WayRow | None:
        """What to do next: an open way, else the way that people usually take and that is theirs to take."""
        rows = [row for row in self.ways if row.answer.may_apply and row.kind in _ENDS]
        opened = [row for row in rows if row.answer.way is Way.OPEN]
        return next(iter([*opened, *(row for row in rows if row.usual)]), None)


@dataclass(frozen=True, slots=True)
class ApplicationRow:
    """One application in a list."""

    application: Application
    state: Bilingual
    tone: str
    ground: Bilingual
    days_left: int | None


@dataclass(frozen=True, slots=True)
class TimelineItem:
    """One thing that happened, or that comes next."""

    title: Bilingual
    at: datetime | None
    note: str
    done: bool


@dataclass(frozen=True, slots=True)
class ApplicationStatus:
    """Where an application stands."""

    state: Bilingual
    tone: str
    timeline: tuple[TimelineItem, ...]
    next_step: Bilingual
    due: Deadline | None
    clause: Bilingual | None
    may_withdraw: bool
    may_edit: bool


TONES = {
    State.DRAFT: "neutral",
    State.SUBMITTED: "info",
    State.UNDER_REVIEW: "info",
    State.GRANT_PROPOSED: "info",
    State.REFUSAL_PROPOSED: "info",
    State.PAUSED: "warning",
    State.RETURNED: "warning",
    State.GRANTED: "good",
    State.REFUSED: "bad",
    State.WITHDRAWN: "neutral",
    State.OVERTAKEN: "neutral",
    State.DISCARDED: "neutral",
}


def tone_of(application: Application) -> str:
    """How a state is coloured; what is good news elsewhere is none where a promise was found broken."""
    state = State(application.state)
    if application.kind == ApplicationKind.PROMISE_BREACH.value and state in _TURNED:
        return _TURNED[state]
    return TONES[state]


_TURNED = {State.GRANTED: "bad", State.REFUSED: "good"}
_HAPPENED = {
    "draft": Bilingual("开始填写", "Draft begun"),
    Step.SUBMIT.value: Bilingual("提交申请，法院收到", "Sent; received by the court"),
    Step.TAKE.value: Bilingual("法院开始审查", "The court took it up"),
    Step.RETURN.value: Bilingual("退回补正", "Returned to be completed"),
    Step.PAUSE.value: Bilingual("期限暂停计算", "The clock is stopped"),
    Step.RESUME.value: Bilingual("期限继续计算", "The clock runs on"),
    Step.HAND_OUT.value: Bilingual("已提供", "Handed out"),
    Step.WITHDRAW.value: Bilingual("撤回申请", "Withdrawn"),
    Step.OVERTAKE.value: Bilingual("记录已移出名单，申请终结", "The entry left the list; the application is closed"),
}
_GRANTED_NAMES = {
    ApplicationKind.REMOVAL: Bilingual("准许：记录已从名单移出", "Granted: the entry has left the list"),
    ApplicationKind.REVOCATION: Bilingual("准许：记录已撤销", "Granted: the entry has been revoked"),
    ApplicationKind.CORRECTION: Bilingual("准许：内容已更正", "Granted: the entry has been corrected"),
    ApplicationKind.RECONSIDERATION: Bilingual("复议成立：原驳回决定已改变", "Granted: the refusal has been changed"),
    ApplicationKind.ORDER_LIFTING: Bilingual(
        "准许：限制消费令已解除", "Granted: the consumption order has been lifted"
    ),
    ApplicationKind.TEMPORARY_LIFT: Bilingual(
        "批准：期间内可以乘坐飞机、高铁，到期自动恢复",
        "Approved: you may fly and take high-speed trains until the last day",
    ),
    ApplicationKind.PROMISE_BREACH: Bilingual("认定没有遵守承诺", "The promise was found to be broken"),
}
_GRANTED = Bilingual("准许", "Granted")
_REFUSED = Bilingual("驳回申请", "Refused")

_NOT_BROKEN = Bilingual("不构成违诺", "The promise was not broken")
_CHARGED = Bilingual("法院立案审查是否违诺", "The court examines whether a promise was broken")
_ANSWER = Bilingual("可以提交陈述；法院听取后作出决定", "You may answer; the court decides after that")

_NEXT = {
    State.DRAFT: Bilingual("请补全并提交", "Complete it and send it"),
    State.RETURNED: Bilingual("请按法院的说明补正后重新提交", "Add what the court asks for and send it again"),
    State.SUBMITTED: Bilingual("法院审查并作出决定", "The court examines it and decides"),
    State.UNDER_REVIEW: Bilingual("法院审查并作出决定", "The court examines it and decides"),
    State.GRANT_PROPOSED: Bilingual("法院审查并作出决定", "The court examines it and decides"),
    State.REFUSAL_PROPOSED: Bilingual("法院审查并作出决定", "The court examines it and decides"),
    State.PAUSED: Bilingual("期限暂停，等待外部结果", "The clock is stopped for something outside"),
    State.GRANTED: Bilingual("您无需再做什么", "Nothing more for you to do"),
    State.REFUSED: Bilingual("您无需再做什么", "Nothing more for you to do"),
    State.WITHDRAWN: Bilingual("可以随时重新申请", "You may apply again at any time"),
    State.OVERTAKEN: Bilingual("您无需再做什么", "Nothing more for you to do"),
    State.DISCARDED: Bilingual("可以随时重新申请", "You may apply again at any time"),
}


def entry_card(
    view: EntryView,
    applications: Sequence[Application],
    *,
    on: date,
    session: Session,
    services: Services,
    ports: Ports,
) -> EntryCard:
    """The card of one entry on this Beijing day."""
    holders = ports.holders(session, view.entry)
    return EntryCard(
        view,
        tuple(LISTING_GROUNDS[ground] for ground in view.grounds if ground in LISTING_GROUNDS),
        PERFORMANCE_NAMES.get(view.performance, PERFORMANCE_NAMES["none"]),
        self_check(session, services, view, on=on).rows if view.in_force else (),
        tuple(item for item in applications if item.entry == view.entry and item.is_open),
        len(holders),
        sum(1 for holder in holders if holder.removed and holder.stage == "applied"),
    )


def self_check(
    session: Session, services: Services, view: EntryView, *, on: date, claims: Mapping[str, str] | None = None
) -> SelfCheck:
    """Every way for one entry by the same rules as the desk's; ``claims`` are the person's own answers to questions."""
    found = every_way(facts_about(session, services, view, on=on), on=on, claims=claims)
    soonest = opens_next(found)
    asked = (*questions_in(found), *(claims or ()))
    return SelfCheck(
        tuple(_row(way) for way in found),
        _row(soonest) if soonest else None,
        tuple(dict.fromkeys(way.answer.blocked_by for way in found if way.answer.blocked_by)),
        tuple((code, QUESTIONS[code]) for code in dict.fromkeys(asked) if code in QUESTIONS),
    )


def _row(way: WayOff) -> WayRow:
    rule = GROUNDS[way.kind][way.ground]
    papers = tuple(MATERIAL_NAMES[material] for material in rule.materials)
    usual = f"{way.kind.value}/{way.ground}" in USUAL or way.answer.way is Way.OPEN
    return WayRow(way.kind, way.ground, rule.name, way.answer, papers, usual)


def ground_name(application: Application) -> Bilingual:
    """What an application asks for, and why, in a few words."""
    kind, ground = KINDS[ApplicationKind(application.kind)].name, ground_of(application.kind, application.ground).name
    return Bilingual(f"{kind.zh}：{ground.zh}", f"{kind.en}: {ground.en}")


def wanted_rows(found: Application) -> Sequence[tuple[Bilingual, str | Bilingual]]:
    """What the kind asks for besides, in words."""
    rows: list[tuple[Bilingual, str | Bilingual]] = []
    for name, value in (found.wanted or {}).items():
        choice = CHOICES.get(name, {}).get(str(value))
        rows.append((WANTED_NAMES[name], choice or (YES if value is True else str(value))))
    return rows


def application_rows(applications: Sequence[Application], on: date) -> Sequence[ApplicationRow]:
    """One's own applications with the days that are left to the court."""
    return [
        ApplicationRow(
            item,
            state_name(State(item.state), ApplicationKind(item.kind)),
            tone_of(item),
            ground_name(item),
            (item.due_on - on).days if item.due_on and State(item.state) in OPEN_AT_COURT else None,
        )
        for item in applications
    ]


def holders_of(session: Session, ports: Ports, entry: str) -> Sequence[tuple[Holder, Bilingual]]:
    """Who holds a copy, and how far each is, in words."""
    return [(holder, _stage(holder)) for holder in ports.holders(session, entry)]


def _stage(holder: Holder) -> Bilingual:
    if holder.stage == "applied" and holder.removed:
        return Bilingual("已移出并回执", "has let go, receipt signed")
    return STAGE_NAMES.get(holder.stage, STAGE_NAMES["published"])


LEAVES = frozenset({ApplicationKind.REMOVAL, ApplicationKind.REVOCATION, ApplicationKind.RECONSIDERATION})
_COPIES_GO = Bilingual(
    "您无需再做什么。各单位收到移出通知后停止使用，进度见下表",
    "Nothing more for you to do: everyone who holds a copy stops using it; see the table below",
)


def clock_of(application: Application) -> Clock | None:
    """The clock that runs for this kind of application; none for what is answered on the spot."""
    code = KINDS[ApplicationKind(application.kind)].clock
    return clock(code) if code else None


def status_of(session: Session, application: Application, on: date, calendar: Calendar) -> ApplicationStatus:
    """State, history, next step and day of one application, for its applicant."""
    state, kind = State(application.state), ApplicationKind(application.kind)
    items = (_item(kind, event.step, event.state, event.at, event.note) for event in events_of(session, application))
    shown = [item for item in items if item]
    running, rule = state in OPEN_AT_COURT and application.received_on is not None, clock_of(application)
    due = rule.due(application.received_on, calendar) if running and rule and application.received_on else None
    if due and rule:
        shown.append(TimelineItem(rule.name, None, "", done=False))
    return ApplicationStatus(
        state_name(state, kind),
        tone_of(application),
        tuple(shown),
        _next_step(state, kind),
        due,
        rule.clause if due and rule else None,
        ((state, Step.WITHDRAW) in MOVES and Step.WITHDRAW in steps_of(kind)) or state is State.DRAFT,
        state in EDITABLE,
    )


def _next_step(state: State, kind: ApplicationKind) -> Bilingual:
    if kind is ApplicationKind.PROMISE_BREACH and state in OPEN_AT_COURT:
        return _ANSWER
    if state is State.REFUSED and kind is not ApplicationKind.PROMISE_BREACH:
        return REMEDIES[kind]
    if state is State.GRANTED and kind in LEAVES:
        return _COPIES_GO
    return _NEXT[state]


def _item(kind: ApplicationKind, step: str, state: str, at: datetime, note: str) -> TimelineItem | None:
    if step == Step.APPROVE.value:
        refused = _NOT_BROKEN if kind is ApplicationKind.PROMISE_BREACH else _REFUSED
        title = _GRANTED_NAMES.get(kind, _GRANTED) if state == State.GRANTED.value else refused
        return TimelineItem(title, at, note, done=True)
    happened = _CHARGED if (kind, step) == (ApplicationKind.PROMISE_BREACH, Step.SUBMIT.value) else _HAPPENED.get(step)
    return TimelineItem(happened, at, note, done=True) if happened else None


def order_state(session: Session, application: Application, view: EntryView, *, on: date) -> str:
    """``standing``, ``lifted`` (with this application) or ``none``: the consumption order of the same case."""
    if standing_order(session, view, on=on):
        return "standing"
    return "lifted" if application.order_decision_id is not None else "none"
