"""What the court's pages show: the queue with remaining working days, and one application with its checklist."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from creditsvc.access.actors import names_of
from creditsvc.access.callers import Caller
from creditsvc.kernel.calendars import Calendar
from creditsvc.kernel.days import Deadline
from creditsvc.kernel.text import Bilingual
from creditsvc.papers.delivery_states import Channel, DeliveryState
from creditsvc.services import Services
from punishment_rules.catalogue_types import Trigger
from punishment_rules.load import catalogue
from repair import desk_work as work
from repair.after_decision import MODES
from repair.applications import about_refusal, statement_of
from repair.creditors import questions_of, sendings_of
from repair.entries import LISTING, standing_order
from repair.evidence import Paper, papers_of
from repair.facts import debts_with_two_numbers
from repair.history import events_of, load
from repair.policy.check import OF_OFFICE
from repair.policy.deadlines import STOPS, clock, working_days_left
from repair.policy.grounds import GROUNDS, Effect, Ground, ground_of, needs_file
from repair.policy.kinds import DECIDER_NAMES, KINDS, ApplicationKind, Decider
from repair.policy.materials import FILLED_IN, MATERIAL_NAMES, Material
from repair.policy.reasons import breach_reason, grant_reason, refusal_reason
from repair.policy.reconsideration import REMEDIES
from repair.policy.removal import NOT_FOR_TERMED
from repair.policy.silence import silence_of
from repair.policy.states import OPEN_AT_COURT, State, Step, state_name
from repair.policy.wanted import CORRECTABLE
from repair.portal_view import clock_of, ground_name, tone_of, wanted_rows
from repair.promises import promise_of
from repair.queue import Counts
from repair.tables import Application
from repair.words import LISTING_GROUNDS, PERFORMANCE_NAMES

EVENT_NAMES = {
    "draft": Bilingual("申请人开始填写", "draft begun"),
    Step.SUBMIT.value: Bilingual("收到申请", "received"),
    Step.TAKE.value: Bilingual("开始审查", "taken up"),
    Step.RETURN.value: Bilingual("退回补正", "returned to be completed"),
    Step.PAUSE.value: Bilingual("暂停期限", "clock stopped"),
    Step.RESUME.value: Bilingual("恢复期限", "clock runs on"),
    Step.HAND_OUT.value: Bilingual("当场提供", "handed out"),
    Step.PROPOSE_GRANT.value: Bilingual("拟准许", "grant proposed"),
    Step.PROPOSE_REFUSAL.value: Bilingual("拟驳回", "refusal proposed"),
    Step.APPROVE.value: Bilingual("复核签批", "signed by the second person"),
    Step.SEND_BACK.value: Bilingual("复核退回", "sent back by the second person"),
    Step.WITHDRAW.value: Bilingual("申请人撤回", "withdrawn by the applicant"),
    Step.OVERTAKE.value: Bilingual("记录已移出，终结", "closed: the entry has left the list"),
    Step.DISCARD.value: Bilingual("申请人丢弃草稿", "draft discarded"),
}


OFFICE_NAMES = {
    "draft": Bilingual("法院开始立案", "opened by the court"),
    Step.SUBMIT.value: Bilingual("立案并通知本人", "opened, and the person told"),
}
"""What the first steps of the court's own case are called."""


@dataclass(frozen=True, slots=True)
class QueueRow:
    """One application in the queue."""

    application: Application
    state: Bilingual
    tone: str
    ground: Bilingual
    working_days_left: int | None
    urgency: str
    """``late``, ``soon`` or empty."""


@dataclass(frozen=True, slots=True)
class CheckItem:
    """One thing to look at before deciding."""

    text: Bilingual
    met: bool | None
    """``None``: a person has to look."""


def queue_page(found: Sequence[Application], totals: Counts, today: date, calendar: Calendar) -> dict[str, Any]:
    """Rows of the queue, and how many are late or nearly so in the whole of it."""
    return {"rows": [_row(item, today, calendar) for item in found], "totals": totals, "today": today}


def _row(item: Application, today: date, calendar: Calendar) -> QueueRow:
    state = State(item.state)
    left = None
    if item.due_on and state in OPEN_AT_COURT:
        left = working_days_left(today, item.due_on, calendar)
    urgency = (
        "" if left is None or item.due_on is None else "late" if item.due_on < today else "soon" if left <= 3 else ""
    )
    name = state_name(state, ApplicationKind(item.kind), at_desk=True)
    return QueueRow(item, name, tone_of(item), ground_name(item), left, urgency)


def case_page(
    session: Session, services: Services, found: Application, *, caller: Caller, on: date, calendar: Calendar
) -> dict[str, Any]:
    """Everything that the page of one application shows."""
    view, answer = work.policy_view(session, services, found, on=on)
    papers = papers_of(session, services, found)
    state, kind = State(found.state), ApplicationKind(found.kind)
    rule, clock_rule = ground_of(found.kind, found.ground), clock_of(found)
    origin = about_refusal(session, found)
    return {
        "application": found,
        "view": view,
        "kind": KINDS[kind],
        "answer": answer,
        "grounds": [LISTING_GROUNDS[ground] for ground in view.grounds if ground in LISTING_GROUNDS],
        "performance": PERFORMANCE_NAMES.get(view.performance, PERFORMANCE_NAMES["none"]),
        "ground": ground_name(found),
        "statement": statement_of(services, found),
        "wanted": wanted_rows(found),
        "papers": papers,
        "origin": origin,
        "origin_papers": papers_of(session, services, origin) if origin else (),
        "checks": checklist(found, papers, answer.may_apply),
        "due": clock_rule.due(found.received_on, calendar) if found.received_on and clock_rule else None,
        "due_clause": clock_rule.clause if clock_rule else None,
        "due_is_target": bool(clock_rule and clock_rule.is_target),
        "remove_due": _after_grant_due(found, calendar),
        "remove_clause": clock(KINDS[kind].after_grant).clause if KINDS[kind].after_grant else None,
        "order": standing_order(session, view, on=on) if view.kind == LISTING else None,
        "twins": debts_with_two_numbers(session, view, on=on),
        "promise": promise_of(session, found),
        "asks_creditor": silence_of(found.kind, found.ground) is not None,
        "questions": questions_of(session, services, found),
        "sendings": sendings_of(session, found),
        "delivery_states": DeliveryState,
        "channels": Channel,
        "events": events_of(session, found),
        "event_names": {**EVENT_NAMES, **(OFFICE_NAMES if kind in OF_OFFICE else {})},
        "state": state,
        "state_name": state_name(state, kind, at_desk=True),
        "tone": tone_of(found),
        "of_office": kind in OF_OFFICE,
        "names": names_of(session, [event.actor for event in events_of(session, found)]),
        "digest": work.shown_digest(session, found) if found.proposal else "",
        "is_proposer": found.proposed_person == caller.person,
        "decides": KINDS[kind].decider is not Decider.HIGHER_COURT or caller.court_code == found.court_code,
        "decider": DECIDER_NAMES[KINDS[kind].decider],
        "remedy": REMEDIES[kind],
        "grant_reason": breach_reason(rule, broken=True) if kind in OF_OFFICE else grant_reason(rule),
        "refusal_reason": breach_reason(rule, broken=False) if kind in OF_OFFICE else refusal_reason(rule, answer),
        "refusal_clause": NOT_FOR_TERMED if answer.clause == NOT_FOR_TERMED else answer.clause,
        "row": _row(found, on, calendar),
        "form_parts": form_parts(session, found, rule),
        "correctable": CORRECTABLE,
        "measures": travel_measures(),
        "stops": STOPS.get(kind, {}),
        "modes": MODES,
        "removal_grounds": {code: one.name for code, one in GROUNDS[ApplicationKind.REMOVAL].items()},
    }


def form_parts(session: Session, found: Application, rule: Ground) -> frozenset[str]:
    """Which extra fields the grant's form shows: by what the grant does in the register."""
    effect = rule.effect
    if effect is Effect.AS_REFUSED and found.about:
        refused = load(session, found.about, to_change=False)
        rule = ground_of(refused.kind, refused.ground)
        effect = rule.effect
    parts = {
        Effect.CORRECT_LISTING: {"changes"},
        Effect.AS_FOUND: {"found", "changes"},
        Effect.GRANT_RELIEF: {"days"} if rule.register_ground == "temporary_lift" else {"days", "measures"},
    }.get(effect, set())
    return frozenset(parts | ({"successor"} if found.kind == ApplicationKind.FORMER_OFFICER else set()))


def travel_measures() -> Sequence[tuple[str, Bilingual]]:
    """The measures of a consumption order, of which an approval may let some through, by id."""
    return [
        (measure.id, Bilingual(measure.title.zh, measure.title.en))
        for measure in catalogue().measures.values()
        if any(version.trigger is Trigger.BOTH for version in measure.versions)
    ]


def _after_grant_due(found: Application, calendar: Calendar) -> Deadline | None:
    confirmed, code = (found.proposal or {}).get("confirmed_on"), KINDS[ApplicationKind(found.kind)].after_grant
    return clock(code).due(date.fromisoformat(confirmed), calendar) if confirmed and code else None


def checklist(found: Application, papers: Sequence[Paper], excluded_not: bool) -> Sequence[CheckItem]:
    """What to look at: what the machine can say is said, the rest is a person's."""
    rule = ground_of(found.kind, found.ground)
    items = [
        CheckItem(Bilingual("法律不排除这一理由", "the law does not exclude this ground"), excluded_not),
        CheckItem(
            Bilingual("已附证明材料", "papers are attached"),
            bool(papers) if needs_file(found.kind, found.ground) else None,
        ),
    ]
    items += [CheckItem(MATERIAL_NAMES[item], None) for item in rule.materials if item not in FILLED_IN]
    if Material.UNDERTAKING in rule.materials:
        items.append(CheckItem(MATERIAL_NAMES[Material.UNDERTAKING], bool((found.wanted or {}).get("undertaking"))))
    if found.ground in {"performed", "settled", "early"}:
        items.append(
            CheckItem(
                Bilingual("已与申请执行人或者案款账户核实", "checked with the creditor or the court's account"), None
            )
        )
    return items
