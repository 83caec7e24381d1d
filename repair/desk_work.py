"""The court's side: take up, return, propose to grant or refuse, and the second person's signature.

A grant rests on the register's own decision, proposed and approved in the same transactions as the application's
steps: so a removal can't be decided without its application, nor an application granted without the removal.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditsvc.access.callers import Caller
from creditsvc.access.permissions import Permission
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import Conflict, InvalidInput, NotAllowed
from creditsvc.kernel.text import Bilingual
from creditsvc.register import decisions
from creditsvc.register.entries import reaches
from creditsvc.register.tables import Decision
from repair.entries import EntryView, entry_view, facts_of, standing_order
from repair.history import load, missing, take_step
from repair.policy.answers import Answer, Way
from repair.policy.kinds import RemovalGround
from repair.policy.removal import CLAUSES, judge
from repair.policy.states import OPEN_AT_COURT, State, Step
from repair.tables import Application, Evidence

REMEDY = Bilingual(
    "对本决定不服的，可以自决定送达之日起十日内向上一级人民法院申请复议；复议期间不停止原决定的执行。"
    "（法释〔2017〕7号第十二条）",
    "Against this decision you may apply to the court one level up for reconsideration within 10 days of service; "
    "meanwhile the decision stands. (法释〔2017〕7号 art. 12)",
)
ORDER_CLAUSE = "法释〔2015〕17号第九条"
MAX_REASON = 1500


@dataclass(frozen=True, slots=True)
class Finding:
    """What a clerk found for a grant. Days are Beijing days."""

    document_number: str
    event_on: date
    """When the debt was performed, or the circumstance arose."""
    confirmed_on: date
    """When the court confirmed it: the three working days run from here."""
    reason: str
    lift_order: bool = False


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


def queue(
    session: Session, *, caller: Caller, state: State | None = None, late_on: date | None = None, limit: int = 100
) -> Sequence[Application]:
    """Applications with the caller's court and those below it, what is due first on top.

    ``late_on``: only those due before that day.
    """
    query = select(Application).where(Application.court_code.startswith(caller.court_code or "-"))
    if state is None:
        query = query.where(Application.state.in_([item.value for item in OPEN_AT_COURT]))
    else:
        query = query.where(Application.state == state.value)
    if late_on is not None:
        query = query.where(Application.due_on < late_on)
    return session.scalars(query.order_by(Application.due_on, Application.number).limit(limit)).all()


def take(session: Session, application: Application, *, caller: Caller, now: datetime) -> None:
    """Take it up for review."""
    take_step(session, in_court(application, caller), Step.TAKE, caller=caller, now=now)


def give_back(session: Session, application: Application, *, lacking: str, caller: Caller, now: datetime) -> None:
    """Return it to be completed, saying what is lacking."""
    said = _said("lacking", lacking, Bilingual("请写明需要补充什么", "say what is lacking"))
    take_step(session, in_court(application, caller), Step.RETURN, caller=caller, now=now, note=said)


def policy_view(session: Session, application: Application, *, on: date) -> tuple[EntryView, Answer]:
    """The entry and what the policy says about the ground that was chosen."""
    view = entry_view(session, application.entry, on=on)
    return view, judge(facts_of(view), RemovalGround(application.ground), on=on)


def propose_grant(
    session: Session, application: Application, finding: Finding, *, caller: Caller, now: datetime
) -> None:
    """Propose the removal, and as a second decision the lifting of the order where one stands and it was ticked.

    Raises ``InvalidInput`` naming the field, ``Conflict`` where the law excludes this ground for this entry.
    """
    in_court(application, caller)
    today = legal_day(now)
    found = _checked(finding, today)
    view, answer = policy_view(session, application, on=today)
    if answer.way is Way.NOT_OPEN:
        raise Conflict(
            Bilingual(f"{answer.reason.zh}（{answer.clause.zh}）", f"{answer.reason.en} ({answer.clause.en})"),
            code="way-not-open",
        )
    ground = RemovalGround(application.ground)
    take_step(session, application, Step.PROPOSE_GRANT, caller=caller, now=now)
    removal = _draft("remove_listing", view.entry, ground.value, CLAUSES[ground].zh, found)
    application.decision_id = decisions.propose(session, removal, caller=caller, now=now).id
    order = standing_order(session, view, on=today) if found.lift_order else None
    if order:
        lifting = _draft("lift_order", order, "order_lifted", ORDER_CLAUSE, found)
        application.order_decision_id = decisions.propose(session, lifting, caller=caller, now=now).id
    _remember(
        application,
        caller,
        outcome="grant",
        reason=found.reason,
        clause=CLAUSES[ground].zh,
        document_number=found.document_number,
        event_on=found.event_on.isoformat(),
        confirmed_on=found.confirmed_on.isoformat(),
        order=order or "",
    )


def propose_refusal(
    session: Session, application: Application, refusal: Refusal, *, caller: Caller, now: datetime
) -> None:
    """Propose to refuse: reason, clause and remedy are all required."""
    caller.require(Permission.DECISION_PROPOSE)
    in_court(application, caller)
    values = {
        "document_number": _said("document_number", refusal.document_number, _NUMBER_WANTED),
        "reason": _said("reason", refusal.reason, _REASON_WANTED),
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
    wanted = [item for item in (application.decision_id, application.order_decision_id) if item is not None]
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


def approve(
    session: Session, application: Application, *, digest: str, with_order: bool, caller: Caller, now: datetime
) -> None:
    """The second signature: state, removal, event and outbox fact become true together, or none does.

    Raises ``NotAllowed`` for the person who proposed, ``Conflict`` if what was shown has changed.
    """
    caller.require(Permission.DECISION_APPROVE)
    _require_second_person(in_court(application, caller), caller)
    if digest != shown_digest(session, application):
        raise Conflict(
            Bilingual("内容已变动，请重新核对后再签批", "the content has changed; look at it again before you sign"),
            code="application-changed",
        )
    take_step(session, application, Step.APPROVE, caller=caller, now=now)
    application.decided_at = now
    if application.state == State.GRANTED.value:
        _sign(session, application.decision_id, caller, now)
        if application.order_decision_id is not None and with_order:
            _sign(session, application.order_decision_id, caller, now)


def send_back(session: Session, application: Application, *, reason: str, caller: Caller, now: datetime) -> None:
    """The second person disagrees: back to review, and the register's proposals are rejected."""
    caller.require(Permission.DECISION_APPROVE)
    _require_second_person(in_court(application, caller), caller)
    said = _said("reason", reason, _REASON_WANTED)
    take_step(session, application, Step.SEND_BACK, caller=caller, now=now, note=said)
    for decision in (application.decision_id, application.order_decision_id):
        if decision is not None:
            decisions.reject(session, decision, reason=said, caller=caller, now=now)
    application.decision_id = application.order_decision_id = None
    application.proposal = application.proposed_by = application.proposed_person = None


def locked(session: Session, application_id: str, *, caller: Caller) -> Application:
    """An application of the caller's court, locked to be changed."""
    return in_court(load(session, application_id, to_change=True), caller)


def _sign(session: Session, decision: int | None, caller: Caller, now: datetime) -> None:
    # the decision's digest is part of what was shown, which has just been compared
    found = session.get(Decision, decision) if decision is not None else None
    if found is None:
        raise Conflict(
            Bilingual("登记册中没有对应的决定，请退回重新提出", "the register holds no decision for it; send it back"),
            code="decision-missing",
        )
    decisions.approve(session, found.id, shown_digest=found.digest, caller=caller, now=now)


def _draft(kind: str, entry: str, ground: str, clause: str, found: Finding) -> decisions.Draft:
    return decisions.Draft(
        kind=kind,
        entry=entry,
        ground=ground,
        clause=clause,
        event_on=found.event_on,
        known_on=found.confirmed_on,
        reason=found.reason,
        document_number=found.document_number,
    )


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
    if len(clean) > MAX_REASON:
        raise _wrong(field, f"最多 {MAX_REASON} 字", f"at most {MAX_REASON} characters")
    return clean


def _wrong(field: str, zh: str, en: str) -> InvalidInput:
    return InvalidInput(Bilingual(zh, en), code="field-wrong", field=field)


def _remember(application: Application, caller: Caller, **values: str) -> None:
    application.proposal = values
    application.proposed_by = caller.actor
    application.proposed_person = caller.person


def _require_second_person(application: Application, caller: Caller) -> None:
    if application.proposed_person == caller.person:
        raise NotAllowed(
            Bilingual("提出意见的人不能自己复核，请由另一人签批", "who proposed can't sign; another person has to"),
            code="second-person",
        )
