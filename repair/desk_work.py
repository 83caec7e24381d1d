"""The court's side: take up, return, stop the clock, propose to grant or refuse, and the second person's signature.

A grant rests on the register's own decisions, proposed and approved in the same transactions as the application's
steps: so a removal can't be decided without its application, nor an application granted without the removal.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditsvc.access.callers import Caller
from creditsvc.access.permissions import Permission
from creditsvc.kernel.calendars import Calendar
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import Conflict, InvalidInput, NotAllowed
from creditsvc.kernel.text import Bilingual
from creditsvc.register import decisions
from creditsvc.register.entries import reaches
from creditsvc.register.tables import Decision
from creditsvc.services import Services
from creditsvc.storage.calendars import calendar as current_calendar
from repair import after_decision
from repair.annotations import annotate
from repair.breaches import require_heard
from repair.entries import EntryView, view_for
from repair.facts import facts_about, refusal_facts
from repair.history import load, missing, take_step
from repair.notices import tell_returned
from repair.outcomes import Drafts, Finding, drafts_of, is_discretionary
from repair.policy.answers import Answer, Way
from repair.policy.check import OF_OFFICE, judge_way
from repair.policy.deadlines import CLOCKS, STOPS, resumed
from repair.policy.grounds import ground_of
from repair.policy.kinds import KINDS, ApplicationKind, Decider
from repair.policy.reasons import is_blank
from repair.policy.reconsideration import REMEDIES
from repair.policy.states import State, Step
from repair.tables import Application, Evidence

REMEDY = REMEDIES[ApplicationKind.REMOVAL]
MAX_REASON = 1500


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why not, by which clause, and what the person can do."""

    document_number: str
    reason: str
    clause: str
    remedy: str


def in_court(application: Application, caller: Caller) -> Application:
    """The application if it lies with the caller's court or one below it; any other is as good as missing."""
    if not reaches(caller, application.court_code):
        raise missing()
    return application


def locked(session: Session, application_id: str, *, caller: Caller) -> Application:
    """An application of the caller's court, locked to be changed."""
    return in_court(load(session, application_id, to_change=True), caller)


def take(session: Session, application: Application, *, caller: Caller, now: datetime) -> None:
    """Take it up for review."""
    take_step(session, _decides(application, caller), Step.TAKE, caller=caller, now=now)


def give_back(
    session: Session, services: Services, application: Application, *, lacking: str, caller: Caller, now: datetime
) -> None:
    """Return it to be completed, saying what is lacking; the person is told."""
    said = _said("lacking", lacking, Bilingual("请写明需要补充什么", "say what is lacking"))
    take_step(session, _decides(application, caller), Step.RETURN, caller=caller, now=now, note=said)
    tell_returned(session, services, application, now=now)


def pause(session: Session, application: Application, *, reason: str, caller: Caller, now: datetime) -> None:
    """Stop the clock for what the law excludes from the count; raises ``Conflict`` where it excludes nothing."""
    stops = STOPS.get(ApplicationKind(application.kind), {})
    if reason not in stops:
        raise InvalidInput(
            Bilingual(
                "只有法律规定不计入期限的事由才能暂停", "only what the law excludes from the count stops the clock"
            ),
            code="field-wrong",
            field="pause_reason",
        )
    name, clause = stops[reason]
    note = f"{name.zh}（{clause.zh}）"
    take_step(session, _decides(application, caller), Step.PAUSE, caller=caller, now=now, note=note)
    application.paused_on, application.pause_reason = legal_day(now), reason


def resume(session: Session, application: Application, *, calendar: Calendar, caller: Caller, now: datetime) -> None:
    """Let the clock run on: what was left is left."""
    take_step(session, _decides(application, caller), Step.RESUME, caller=caller, now=now)
    if application.due_on is not None and application.paused_on is not None:
        unit = CLOCKS[KINDS[ApplicationKind(application.kind)].clock].unit
        due = resumed(
            application.due_on, paused_on=application.paused_on, resumed_on=legal_day(now), unit=unit, calendar=calendar
        )
        application.due_on, application.due_provisional = due.day, due.provisional
    application.paused_on = application.pause_reason = None


def policy_view(
    session: Session, services: Services, application: Application, *, on: date
) -> tuple[EntryView, Answer]:
    """The entry and what the policy says about the ground that was chosen."""
    view, kind = view_for(session, application.entry, application.subject_id, on=on), ApplicationKind(application.kind)
    facts = facts_about(session, services, view, on=on)
    if kind is ApplicationKind.RECONSIDERATION and application.about:
        refused = refusal_facts(session, load(session, application.about, to_change=False))
        facts = replace(facts, refusal=refused)
        # whether it came in time is judged by the day on which it came
        on = application.received_on or on
    return view, judge_way(facts, kind, application.ground, on=on)


def propose_grant(
    session: Session,
    services: Services,
    application: Application,
    finding: Finding,
    *,
    caller: Caller,
    now: datetime,
    successor: str = "",
) -> None:
    """Propose what the kind's grant does in the register; the lifting of an order beside a removal is signed apart.

    ``successor``: for a former officer, the order against whoever holds the office now, or why there is none.
    Raises ``InvalidInput`` naming the field, ``Conflict`` where the law excludes this ground for this entry.
    """
    _decides(application, caller)
    today = legal_day(now)
    found = _checked(finding, today)
    after = {"successor": _successor(application, successor)}
    view, answer = policy_view(session, services, application, on=today)
    if answer.way is Way.NOT_OPEN and application.kind != ApplicationKind.OBJECTION:
        raise Conflict(
            Bilingual(f"{answer.reason.zh}（{answer.clause.zh}）", f"{answer.reason.en} ({answer.clause.en})"),
            code="way-not-open",
        )
    require_heard(application, calendar=current_calendar(session), on=today)
    drafts = drafts_of(session, application, view, found, on=today)
    if not drafts.main:
        caller.require(Permission.DECISION_PROPOSE)
    take_step(session, application, Step.PROPOSE_GRANT, caller=caller, now=now)
    _propose(session, application, drafts, caller=caller, now=now)
    rule = ground_of(application.kind, application.ground)
    _remember(
        application,
        caller,
        outcome="grant",
        reason=found.reason,
        clause=drafts.main[0].clause if drafts.main else rule.clause.zh,
        document_number=found.document_number,
        event_on=found.event_on.isoformat(),
        confirmed_on=found.confirmed_on.isoformat(),
        order=drafts.order.entry if drafts.order else "",
        also="、".join(draft.entry for draft in drafts.main[1:]),
        from_day=found.from_day.isoformat() if found.from_day else "",
        to_day=found.to_day.isoformat() if found.to_day else "",
        found=found.found,
        remedy=REMEDIES[ApplicationKind(application.kind)].zh if application.kind in OF_OFFICE else "",
        **after,
    )


def _propose(session: Session, application: Application, drafts: Drafts, *, caller: Caller, now: datetime) -> None:
    made = [decisions.propose(session, draft, caller=caller, now=now).id for draft in drafts.main]
    application.decision_id = made[0] if made else None
    application.more_decisions = made[1:] or None
    if drafts.order:
        application.order_decision_id = decisions.propose(session, drafts.order, caller=caller, now=now).id


def _successor(application: Application, said: str) -> str:
    if application.kind != ApplicationKind.FORMER_OFFICER:
        return ""
    wanted = Bilingual(
        "请填写对继任者的限制消费令文号，没有的写明原因（法发〔2019〕35号第17条第2项）",
        "give the number of the order against the successor, or why there is none (法发〔2019〕35号 no. 17(2))",
    )
    return _said("successor", said, wanted)


def propose_refusal(
    session: Session, application: Application, refusal: Refusal, *, caller: Caller, now: datetime
) -> None:
    """Propose to refuse: reason, clause and remedy are all required."""
    caller.require(Permission.DECISION_PROPOSE)
    _decides(application, caller)
    values = {
        "document_number": _said("refusal_number", refusal.document_number, _NUMBER_WANTED),
        "reason": _said("refusal_reason", refusal.reason, _REASON_WANTED),
        "clause": _said("clause", refusal.clause, Bilingual("请写明依据的条款", "name the clause")),
        "remedy": _said("remedy", refusal.remedy, Bilingual("请写明救济途径", "say what the person can do")),
    }
    take_step(session, application, Step.PROPOSE_REFUSAL, caller=caller, now=now)
    _remember(application, caller, outcome="refuse", **values)


def shown_digest(session: Session, application: Application) -> str:
    """SHA-256 of exactly what the second person is shown: proposal, version and papers."""
    papers = session.scalars(
        select(Evidence.sha256)
        .where(Evidence.application_id == application.id, Evidence.removed_at.is_(None))
        .order_by(Evidence.id)
    ).all()
    wanted = [item for item in (*_main(application), application.order_decision_id) if item is not None]
    decided = session.scalars(select(Decision.digest).where(Decision.id.in_(wanted)).order_by(Decision.id)).all()
    shown = {
        "application": application.id,
        "version": application.version,
        "statement": hashlib.sha256(application.statement_cell or b"").hexdigest(),
        "papers": list(papers),
        "decisions": list(decided),
        "proposal": application.proposal,
    }
    return hashlib.sha256(json.dumps(shown, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _main(application: Application) -> list[int]:
    first = [application.decision_id] if application.decision_id is not None else []
    return [*first, *(application.more_decisions or [])]


def approve(
    session: Session,
    services: Services,
    application: Application,
    *,
    digest: str,
    with_order: bool,
    caller: Caller,
    now: datetime,
) -> None:
    """The second signature: state, removal, event, outbox fact and notices become true together, or none does.

    Raises ``NotAllowed`` for the person who proposed, ``Conflict`` if what was shown has changed.
    """
    caller.require(Permission.DECISION_APPROVE)
    _require_second_person(_decides(application, caller), caller)
    _require_second_division(services, application, caller)
    if digest != shown_digest(session, application):
        raise Conflict(
            Bilingual("内容已变动，请重新核对后再签批", "the content has changed; look at it again before you sign"),
            code="application-changed",
        )
    take_step(session, application, Step.APPROVE, caller=caller, now=now)
    application.decided_at = now
    if application.state == State.GRANTED.value:
        if application.order_decision_id is not None and with_order:
            # a listing that goes with its order goes first: an order can't be lifted while the listing stands
            _sign_all(session, [*_main(application), application.order_decision_id], caller, now)
        else:
            _sign_all(session, _main(application), caller, now)
    after_decision.carry_on(session, services, application, caller=caller, now=now)
    annotate(session, application, now=now)


def send_back(session: Session, application: Application, *, reason: str, caller: Caller, now: datetime) -> None:
    """The second person disagrees: back to review, and the register's proposals are rejected."""
    caller.require(Permission.DECISION_APPROVE)
    _require_second_person(_decides(application, caller), caller)
    said = _said("reason", reason, _REASON_WANTED)
    take_step(session, application, Step.SEND_BACK, caller=caller, now=now, note=said)
    for decision in (*_main(application), application.order_decision_id):
        if decision is not None:
            decisions.reject(session, decision, reason=said, caller=caller, now=now)
    application.decision_id = application.order_decision_id = application.more_decisions = None
    application.proposal = application.proposed_by = application.proposed_person = None


def _sign_all(session: Session, wanted: list[int], caller: Caller, now: datetime) -> None:
    for number in wanted:
        # the decision's digest is part of what was shown, which has just been compared
        found = session.get(Decision, number)
        if found is None:
            raise Conflict(
                Bilingual(
                    "登记册中没有对应的决定，请退回重新提出", "the register holds no decision for it; send it back"
                ),
                code="decision-missing",
            )
        decisions.approve(session, found.id, shown_digest=found.digest, caller=caller, now=now)


_NUMBER_WANTED = Bilingual("请填写决定书文号", "give the number of the decision")
_REASON_WANTED = Bilingual("请写明理由", "give the reason")


def _checked(finding: Finding, today: date) -> Finding:
    _said("document_number", finding.document_number, _NUMBER_WANTED)
    _said("reason", finding.reason, _REASON_WANTED)
    if finding.event_on > finding.confirmed_on:
        raise _wrong(
            "event_on", "履行日期不能晚于法院确认日期", "performance can't be later than the court's confirmation"
        )
    if finding.confirmed_on > today:
        raise _wrong("confirmed_on", "法院确认日期不能在今天之后", "the court's confirmation can't be in the future")
    return finding


def _said(field: str, text: str, wanted: Bilingual) -> str:
    clean = text.strip()
    if not clean:
        raise InvalidInput(wanted, code="field-missing", field=field)
    if is_blank(clean):
        raise _wrong(field, "请把模板里的空白补全", "fill in the template's blank")
    if len(clean) > MAX_REASON:
        raise _wrong(field, f"最多 {MAX_REASON} 字", f"at most {MAX_REASON} characters")
    return clean


def _wrong(field: str, zh: str, en: str) -> InvalidInput:
    return InvalidInput(Bilingual(zh, en), code="field-wrong", field=field)


def _remember(application: Application, caller: Caller, **values: str) -> None:
    division = caller.division or ""
    application.proposal = {**{name: value for name, value in values.items() if value}, "division": division}
    application.proposed_by = caller.actor
    application.proposed_person = caller.person


def _decides(application: Application, caller: Caller) -> Application:
    """The application if this caller's court decides it: on reconsideration only the court above itself does."""
    in_court(application, caller)
    higher = KINDS[ApplicationKind(application.kind)].decider is Decider.HIGHER_COURT
    if higher and caller.court_code != application.court_code:
        raise NotAllowed(
            Bilingual(
                "复议由上一级人民法院的人员办理（法释〔2017〕7号第十二条）",
                "staff of the court one level up work on a reconsideration (法释〔2017〕7号 art. 12)",
            ),
            code="other-court",
        )
    return application


def _require_second_person(application: Application, caller: Caller) -> None:
    if application.proposed_person == caller.person:
        raise NotAllowed(
            Bilingual("提出意见的人不能自己复核，请由另一人签批", "who proposed can't sign; another person has to"),
            code="second-person",
        )


def _require_second_division(services: Services, application: Application, caller: Caller) -> None:
    if not services.settings.second_division or not is_discretionary(application):
        return
    proposed = (application.proposal or {}).get("division", "")
    if application.state == State.GRANT_PROPOSED.value and (not caller.division or caller.division == proposed):
        raise NotAllowed(
            Bilingual(
                "法院可以决定是否准许的删除，须由另一部门的人员复核签批",
                "a removal that the court may grant or not is signed by somebody of another division",
            ),
            code="second-division",
        )
