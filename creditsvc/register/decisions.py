"""Decisions by two people: proposed by one, approved by another, applied in one transaction or not at all.

The approval is bound to the digest of exactly what was shown, and to the version of the entry: an edit in between voids
it. State, event, journal and outbox fact become true together (a removal can't be decided without being published).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditsvc.access import audit
from creditsvc.access.callers import Caller
from creditsvc.access.permissions import Permission, StaffRole
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import Conflict, InvalidInput, NotAllowed, NotFound
from creditsvc.kernel.load import timers
from creditsvc.kernel.text import Bilingual
from creditsvc.kernel.timers import due as count
from creditsvc.register import effects
from creditsvc.register.after import follow_up
from creditsvc.register.entries import Matter, in_reach, matter
from creditsvc.register.tables import Decision
from creditsvc.storage.calendars import calendar, calendar_version

OPEN, APPROVED, REJECTED = "proposed", "approved", "rejected"


@dataclass(frozen=True, slots=True)
class Draft:
    """What is proposed. Days are Beijing days: when it happened, and when the court came to know."""

    kind: str
    """One of ``effects.KINDS``."""
    entry: str
    ground: str
    clause: str
    event_on: date
    known_on: date
    reason: str
    document_number: str
    changes: dict[str, Any] = field(default_factory=dict)
    """For a correction or an extension: new values by field."""


def propose(session: Session, draft: Draft, *, caller: Caller, now: datetime) -> Decision:
    """Propose; raises ``InvalidInput``, ``Conflict``, ``NotFound``, ``NotAllowed``."""
    caller.require(Permission.DECISION_PROPOSE)
    about = in_reach(matter(session, draft.entry), caller)
    _complete(draft, legal_day(now))
    draft = replace(draft, changes=effects.cleaned(draft.kind, draft.changes))
    effects.check(session, about, draft.kind, draft.ground, draft.changes, on=legal_day(now), final=False)
    if session.scalar(select(Decision.id).where(Decision.entry == draft.entry, Decision.open_key == draft.kind)):
        raise Conflict(
            Bilingual("该记录已有一件同类决定待复核", "a decision of this kind is already waiting for this entry"),
            code="decision-open",
        )
    timer = effects.KINDS[draft.kind].timer
    due = count(timers()[timer], draft.known_on, calendar(session)) if timer else None
    decision = Decision(
        kind=draft.kind,
        entry=draft.entry,
        entry_version=about.version,
        court_code=about.court_code,
        state=OPEN,
        open_key=draft.kind,
        draft=_plain(draft),
        digest=_digest(draft, about.version),
        due_on=due.day if due else None,
        due_provisional=due.provisional if due else False,
        calendar=calendar_version(session),
        proposer=caller.actor,
        proposer_person=caller.person,
        proposed_at=now,
    )
    session.add(decision)
    session.flush()
    _journal(session, "decision.proposed", decision, caller, now)
    return decision


def digest_of(session: Session, decision_id: int) -> str:
    """The digest of what the second person is shown."""
    return _open(session, decision_id).digest


def approve(session: Session, decision_id: int, *, shown_digest: str, caller: Caller, now: datetime) -> Decision:
    """The second person's approval, applied at once.

    Raises ``NotAllowed`` for the proposer, ``Conflict`` if it is settled or what was shown has changed.
    """
    caller.require(Permission.DECISION_APPROVE)
    decision = _open(session, decision_id)
    about = in_reach(matter(session, decision.entry, to_change=True), caller)
    _second_person(decision, caller)
    if shown_digest != decision.digest or decision.entry_version != about.version:
        raise Conflict(
            Bilingual(
                "内容已变动，请重新核对后再签批", "it has changed since it was shown; look again before you sign"
            ),
            code="decision-changed",
        )
    draft = draft_of(decision)
    today = legal_day(now)
    _high_enough(session, about, draft, caller, today)
    effects.check(session, about, draft.kind, draft.ground, draft.changes, on=today, final=True)
    nonpublic = getattr(about.row, "nonpublic", False)
    effects.apply(session, about, decision, actor=caller.actor, now=now)
    _settle(decision, APPROVED, caller, now, reason=None)
    follow_up(session, about, decision, nonpublic_before=nonpublic, now=now)
    session.flush()
    _journal(session, "decision.approved", decision, caller, now)
    return decision


def reject(session: Session, decision_id: int, *, reason: str, caller: Caller, now: datetime) -> Decision:
    """The second person disagrees; nothing changes but the decision."""
    caller.require(Permission.DECISION_APPROVE)
    decision = _open(session, decision_id)
    in_reach(matter(session, decision.entry), caller)
    _second_person(decision, caller)
    if not reason.strip():
        raise InvalidInput(Bilingual("请写明退回理由", "give the reason"), code="reason-missing", field="reason")
    _settle(decision, REJECTED, caller, now, reason=reason)
    session.flush()
    _journal(session, "decision.rejected", decision, caller, now)
    return decision


def draft_of(decision: Decision) -> Draft:
    """The draft as it was proposed."""
    values = dict(decision.draft)
    values["event_on"], values["known_on"] = (date.fromisoformat(values[key]) for key in ("event_on", "known_on"))
    return Draft(**values)


def decision_of(session: Session, decision_id: int) -> Decision:
    """The decision, settled or not; raises ``NotFound``. The caller looks whether it may be seen."""
    decision = session.get(Decision, decision_id)
    if decision is None:
        raise NotFound(Bilingual("没有这件决定", "no such decision"), code="decision-unknown")
    return decision


def _open(session: Session, decision_id: int) -> Decision:
    decision = session.scalar(select(Decision).where(Decision.id == decision_id).with_for_update())
    if decision is None:
        raise NotFound(Bilingual("没有这件决定", "no such decision"), code="decision-unknown")
    if decision.state != OPEN:
        raise Conflict(
            Bilingual("这件决定已经办结", "this decision is settled"), code="decision-settled", state=decision.state
        )
    return decision


def _second_person(decision: Decision, caller: Caller) -> None:
    if caller.person == decision.proposer_person:
        raise NotAllowed(
            Bilingual(
                "提出人不能复核自己提出的决定，须由另一人签批", "whoever proposed can't approve; another person must"
            ),
            code="same-person",
        )


def _high_enough(session: Session, about: Matter, draft: Draft, caller: Caller, today: date) -> None:
    rule = effects.KINDS[draft.kind]
    by_president = effects.needs_president(session, about, draft.kind, draft.ground, draft.changes, on=today)
    if by_president and caller.role != StaffRole.PRESIDENT.value:
        raise NotAllowed(
            Bilingual(
                f"“{rule.label.zh}”须由院长签发（{rule.clause}）", f"the court's president signs: {rule.label.en}"
            ),
            code="president-needed",
        )


def _settle(decision: Decision, state: str, caller: Caller, now: datetime, *, reason: str | None) -> None:
    decision.state, decision.open_key = state, None
    decision.approver, decision.approver_person, decision.settled_at = caller.actor, caller.person, now
    decision.settled_reason = reason


def _complete(draft: Draft, today: date) -> None:
    if draft.kind not in effects.KINDS:
        raise InvalidInput(Bilingual("没有这类决定", "no such kind of decision"), code="decision-kind", field="kind")
    for name, zh in (("reason", "理由"), ("document_number", "文书号"), ("clause", "依据的条款")):
        if not getattr(draft, name).strip():
            raise InvalidInput(
                Bilingual(f"请填写{zh}", f"give the {name.replace('_', ' ')}"), code=f"{name}-missing", field=name
            )
    if not draft.event_on <= draft.known_on <= today:
        raise InvalidInput(
            Bilingual(
                "发生日不得晚于法院知悉日，知悉日不得晚于今天",
                "the event can't be after the court knew, nor that after today",
            ),
            code="days-order",
            field="known_on",
        )


def _plain(draft: Draft) -> dict[str, Any]:
    return {**asdict(draft), "event_on": draft.event_on.isoformat(), "known_on": draft.known_on.isoformat()}


def _digest(draft: Draft, version: int) -> str:
    shown = json.dumps([version, _plain(draft)], sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(shown.encode()).hexdigest()


def overtake(
    session: Session, entry: str, kind: str, *, people: Sequence[Caller], reason: str, now: datetime
) -> Decision | None:
    """Settle an open proposal that the same decision, made by two people elsewhere, makes needless; none if there is none.

    It is settled in the name of the one of them who did not propose it.
    """
    decision = session.scalar(
        select(Decision).where(Decision.entry == entry, Decision.open_key == kind).with_for_update()
    )
    if decision is None:
        return None
    caller = next(one for one in people if one.person != decision.proposer_person)
    _settle(decision, REJECTED, caller, now, reason=reason)
    session.flush()
    _journal(session, "decision.overtaken", decision, caller, now)
    return decision


def _journal(session: Session, action: str, decision: Decision, caller: Caller, now: datetime) -> None:
    details = {"entry": decision.entry, "kind": decision.kind, "digest": decision.digest}
    audit.record(session, action=action, caller=caller, object=f"decision:{decision.id}", at=now, details=details)
