"""What the portal shows, worked out from the policy: cards of entries, ways open, the state of an application."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from creditsvc.kernel.calendars import Calendar
from creditsvc.kernel.days import Deadline
from creditsvc.kernel.text import Bilingual
from creditsvc.ports import Holder, Ports
from repair.entries import EntryView, facts_of, standing_order
from repair.history import events_of
from repair.policy.answers import Answer, Way, listing_rules
from repair.policy.deadlines import clock
from repair.policy.kinds import GROUND_MATERIALS, GROUND_NAMES, MATERIAL_NAMES, RemovalGround
from repair.policy.removal import ways
from repair.policy.states import EDITABLE, MOVES, OPEN_AT_COURT, STATE_NAMES, State, Step
from repair.tables import Application

LISTING_GROUNDS: dict[str, tuple[Bilingual, Bilingual]] = {
    "able_but_refuses": (
        Bilingual("有履行能力而拒不履行生效法律文书确定义务", "you can pay, and refuse to do what the judgment says"),
        listing_rules("第一条第一项", "art. 1(1)"),
    ),
    "obstructs": (
        Bilingual(
            "以伪造证据、暴力、威胁等方法妨碍、抗拒执行",
            "you obstruct enforcement by forged evidence, violence or threats",
        ),
        listing_rules("第一条第二项", "art. 1(2)"),
    ),
    "evades": (
        Bilingual(
            "以虚假诉讼、虚假仲裁或者以隐匿、转移财产等方法规避执行",
            "you evade enforcement by sham proceedings or by hiding or moving property",
        ),
        listing_rules("第一条第三项", "art. 1(3)"),
    ),
    "property_report": (
        Bilingual("违反财产报告制度", "you did not report your property as you had to"),
        listing_rules("第一条第四项", "art. 1(4)"),
    ),
    "order_breach": (
        Bilingual("违反限制消费令", "you broke the order that limits your spending"),
        listing_rules("第一条第五项", "art. 1(5)"),
    ),
    "settlement_refused": (
        Bilingual("无正当理由拒不履行执行和解协议", "you refuse without good reason to perform the settlement"),
        listing_rules("第一条第六项", "art. 1(6)"),
    ),
}

USUAL = ("performed", "settled", "early")
"""Ways that people ask for by themselves; the others rest on papers of the court or the creditor and stand below."""

PERFORMANCE_NAMES = {
    "none": Bilingual("全部未履行", "nothing has been performed"),
    "partial": Bilingual("部分未履行", "part is still open"),
    "full": Bilingual("已全部履行", "everything has been performed"),
}

STAGE_NAMES = {
    "published": Bilingual("已发布，尚未领取", "published, not fetched yet"),
    "notified": Bilingual("已通知", "told"),
    "fetched": Bilingual("已领取", "fetched"),
    "applied": Bilingual("已执行并回执", "applied, receipt signed"),
    "diverged": Bilingual("副本不一致，正在核对", "its copy differs and is being put right"),
    "overdue": Bilingual("逾期未执行，已督促", "overdue; it has been told to act"),
}


@dataclass(frozen=True, slots=True)
class EntryCard:
    """One entry as the person sees it."""

    view: EntryView
    grounds: tuple[tuple[Bilingual, Bilingual], ...]
    performance: Bilingual
    ways: tuple[tuple[RemovalGround, Bilingual, Answer], ...]
    application: Application | None
    holders: int
    let_go: int


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
    State.RETURNED: "warning",
    State.GRANTED: "good",
    State.REFUSED: "bad",
    State.WITHDRAWN: "neutral",
    State.OVERTAKEN: "neutral",
    State.DISCARDED: "neutral",
}

_HAPPENED = {
    "draft": Bilingual("开始填写", "Draft begun"),
    Step.SUBMIT.value: Bilingual("提交申请，法院收到", "Sent; received by the court"),
    Step.TAKE.value: Bilingual("法院开始审查", "The court took it up"),
    Step.RETURN.value: Bilingual("退回补正", "Returned to be completed"),
    Step.WITHDRAW.value: Bilingual("撤回申请", "Withdrawn"),
    Step.OVERTAKE.value: Bilingual("记录已移出名单，申请终结", "The entry left the list; the application is closed"),
}
_GRANTED = Bilingual("准许：记录已从名单移出", "Granted: the entry has left the list")
_REFUSED = Bilingual("驳回申请", "Refused")

_NEXT = {
    State.DRAFT: Bilingual("请补全并提交", "Complete it and send it"),
    State.RETURNED: Bilingual("请按法院的说明补正后重新提交", "Add what the court asks for and send it again"),
    State.SUBMITTED: Bilingual("法院审查并作出决定", "The court examines it and decides"),
    State.UNDER_REVIEW: Bilingual("法院审查并作出决定", "The court examines it and decides"),
    State.GRANT_PROPOSED: Bilingual("法院审查并作出决定", "The court examines it and decides"),
    State.REFUSAL_PROPOSED: Bilingual("法院审查并作出决定", "The court examines it and decides"),
    State.GRANTED: Bilingual(
        "您无需再做什么。各单位收到移出通知后停止使用，进度见下表",
        "Nothing more for you to do: everyone who holds a copy stops using it; see the table below",
    ),
    State.REFUSED: Bilingual(
        "不服的，可自决定送达之日起十日内向上一级人民法院申请复议",
        "You may apply to the court one level up within 10 days of service of the decision",
    ),
    State.WITHDRAWN: Bilingual("可以随时重新申请", "You may apply again at any time"),
    State.OVERTAKEN: Bilingual("您无需再做什么", "Nothing more for you to do"),
    State.DISCARDED: Bilingual("可以随时重新申请", "You may apply again at any time"),
}


def entry_card(
    view: EntryView, applications: Sequence[Application], *, on: date, session: Session, ports: Ports
) -> EntryCard:
    """The card of one entry on this Beijing day."""
    holders = ports.holders(session, view.entry)
    answers = ways(facts_of(view), on=on) if view.kind == "listing" else ()
    return EntryCard(
        view,
        tuple(LISTING_GROUNDS[ground] for ground in view.grounds if ground in LISTING_GROUNDS),
        PERFORMANCE_NAMES.get(view.performance, PERFORMANCE_NAMES["none"]),
        tuple((RemovalGround(item.ground), GROUND_NAMES[RemovalGround(item.ground)], item) for item in answers),
        next((item for item in applications if item.entry == view.entry and item.is_open), None),
        len(holders),
        sum(1 for holder in holders if holder.removed and holder.stage == "applied"),
    )


def choice_of(
    view: EntryView, applications: Sequence[Application], *, on: date
) -> tuple[EntryView, Application | None, Sequence[tuple[RemovalGround, Bilingual, Answer, Sequence[Bilingual]]]]:
    """One entry on the first screen: with the application that is already there, and every way with its papers."""
    standing = next((item for item in applications if item.entry == view.entry and item.is_open), None)
    rows = [
        (
            RemovalGround(answer.ground),
            GROUND_NAMES[RemovalGround(answer.ground)],
            answer,
            [MATERIAL_NAMES[item] for item in GROUND_MATERIALS[RemovalGround(answer.ground)]],
        )
        for answer in sorted(ways(facts_of(view), on=on), key=lambda item: _ORDER[item.way])
    ]
    return view, standing, rows


_ORDER = {Way.OPEN: 0, Way.PERSON_DECIDES: 1, Way.NOT_OPEN: 2}


def application_rows(applications: Sequence[Application], on: date) -> Sequence[ApplicationRow]:
    """One's own applications with the days that are left to the court."""
    return [
        ApplicationRow(
            item,
            STATE_NAMES[State(item.state)],
            TONES[State(item.state)],
            GROUND_NAMES[RemovalGround(item.ground)],
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


def status_of(session: Session, application: Application, on: date, calendar: Calendar) -> ApplicationStatus:
    """State, history, next step and day of one application, for its applicant."""
    state = State(application.state)
    items = (_item(event.step, event.state, event.at, event.note) for event in events_of(session, application))
    shown = [item for item in items if item]
    running = state in OPEN_AT_COURT and application.received_on is not None
    due = clock("decide").due(application.received_on, calendar) if running and application.received_on else None
    if due:
        shown.append(TimelineItem(clock("decide").name, None, "", done=False))
    return ApplicationStatus(
        STATE_NAMES[state],
        TONES[state],
        tuple(shown),
        _NEXT[state],
        due,
        clock("decide").clause if due else None,
        (state, Step.WITHDRAW) in MOVES or state is State.DRAFT,
        state in EDITABLE,
    )


def _item(step: str, state: str, at: datetime, note: str) -> TimelineItem | None:
    if step == Step.APPROVE.value:
        return TimelineItem(_GRANTED if state == State.GRANTED.value else _REFUSED, at, note, done=True)
    title = _HAPPENED.get(step)
    return TimelineItem(title, at, note, done=True) if title else None


def order_state(session: Session, application: Application, view: EntryView, *, on: date) -> str:
    """``standing``, ``lifted`` (with this application) or ``none``: the consumption order of the same case."""
    if standing_order(session, view, on=on):
        return "standing"
    return "lifted" if application.order_decision_id is not None else "none"
