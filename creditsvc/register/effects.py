"""What each kind of decision does to an entry: whether it is possible, and what it then changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import Conflict, InvalidInput
from creditsvc.kernel.text import Bilingual
from creditsvc.register import corrections, effects_marks, effects_officers, effects_relief, effects_start
from creditsvc.register.answers import PolicyAnswer
from creditsvc.register.effects_shared import Asked, Changer, Checker, Made, granted
from creditsvc.register.entries import Matter, Target
from creditsvc.register.kinds import KINDS, Kind, cleaned
from creditsvc.register.life import OrderState, State, Step, moved, order_moved
from creditsvc.register.policy import ExitGround, exit_answer, extension_answer, receiver_due
from creditsvc.register.tables import ConsumptionOrder, Decision, Listing, RegisterEvent
from creditsvc.register.tables_matters import CandidateRecord
from creditsvc.storage.calendars import calendar
from creditsvc.storage.outbox import FactType, put

__all__ = ["KINDS", "Kind", "apply", "check", "cleaned"]

WITHHELD = "withheld"
"""What receivers are told of an entry that is not public any more: nothing but that it leaves, without a trace."""
STANDING_LISTING_CLAUSE = "法释〔2015〕17号第一条第二款"


def check(
    session: Session, about: Matter, kind: str, ground: str, changes: Mapping[str, Any], *, on: date, final: bool
) -> PolicyAnswer | None:
    """Raise ``Conflict`` or ``InvalidInput`` unless this decision is possible for this entry on that day.

    ``final`` is the approval: what a proposal may still count on must be true by then.
    """
    rule = KINDS[kind]
    if about.kind not in rule.about:
        raise Conflict(
            Bilingual("这类决定不适用于该记录", "this decision is not for such an entry"), code="decision-kind"
        )
    _after(about, rule.step)
    if rule.grounds:
        _known_ground(rule, ground)
    checker = CHECKS.get(kind)
    return checker(session, about, Asked(kind, ground, changes, on, final)) if checker else None


def _known_ground(rule: Kind, ground: str) -> None:
    if ground not in {known.value for known in rule.grounds}:
        raise InvalidInput(
            Bilingual("理由不适用于这类决定", "the ground does not belong to this decision"),
            code="ground-wrong",
            field="ground",
            known=sorted(known.value for known in rule.grounds),
        )


def _exit_open(session: Session, about: Target, asked: Asked) -> PolicyAnswer:
    return granted(exit_answer(about.grounds, ExitGround(asked.ground), until=about.until, on=asked.on))


def _no_listing_stands(session: Session, about: Target, asked: Asked) -> None:
    """Whoever is listed in a case must be under its order, so the listing goes first or together with it."""
    listings = select(Listing.entry).where(
        Listing.subject_id == about.row.subject_id,
        Listing.case_number == about.row.case_number,
        Listing.state == State.ACTIVE.value,
        or_(Listing.until.is_(None), Listing.until >= asked.on),
    )
    leaving = select(Decision.entry).where(
        Decision.entry == Listing.entry, Decision.open_key.in_(["remove_listing", "revoke_listing"])
    )
    if session.scalar((listings if asked.final else listings.where(~leaving.exists())).limit(1)):
        raise Conflict(
            Bilingual(
                f"同案的失信记录仍在册，不能解除限制消费令；请先提出删除（{STANDING_LISTING_CLAUSE}）",
                f"a listing in the same case stands; propose its removal first ({STANDING_LISTING_CLAUSE})",
            ),
            code="listing-stands",
        )


def _extension_open(session: Session, about: Target, asked: Asked) -> PolicyAnswer | None:
    row = about.row
    if not isinstance(row, Listing):
        return None
    until = asked.day("until")
    answer = extension_answer(about.grounds, decided_on=row.decided_on, until=about.until, new_until=until, on=asked.on)
    granted(answer)
    effects_start.extension_cause(session, about, asked)
    return answer


def _corrects_something(session: Session, about: Target, asked: Asked) -> None:
    changes = asked.changes.items()
    if all(getattr(about.row, name) == corrections.kept(name, value) for name, value in changes):
        raise InvalidInput(
            Bilingual("更正的内容与现有内容相同", "the correction changes nothing"),
            code="nothing-changes",
            field="changes",
        )


def _extend(session: Session, about: Target, made: Made) -> None:
    if isinstance(about.row, Listing):
        about.row.until = made.day("until")


def _write_fields(session: Session, about: Target, made: Made) -> None:
    for name, value in made.changes.items():
        setattr(about.row, name, corrections.kept(name, value))


CHECKS: Mapping[str, Checker] = {
    "remove_listing": _exit_open,
    "revoke_listing": _exit_open,
    "correct_listing": _corrects_something,
    "correct_order": _corrects_something,
    "extend_listing": _extension_open,
    "lift_order": _no_listing_stands,
    **effects_relief.CHECKS,
    **effects_marks.CHECKS,
    **effects_officers.CHECKS,
    **effects_start.CHECKS,
}
"""What must hold besides the step and the ground."""

CHANGES: Mapping[str, Changer] = {
    "correct_listing": _write_fields,
    "correct_order": _write_fields,
    "extend_listing": _extend,
    **effects_relief.CHANGES,
    **effects_marks.CHANGES,
    **effects_officers.CHANGES,
    **effects_start.CHANGES,
}
"""What a kind does besides moving the state."""

LEVELS: Mapping[str, Callable[[Session, Any, Asked], bool]] = {"grant_grace": effects_start.second_grace}
"""Where the president must sign although the kind alone does not ask for it."""


def needs_president(
    session: Session, about: Matter, kind: str, ground: str, changes: Mapping[str, Any], *, on: date
) -> bool:
    """Whether the second person must be the court's president."""
    level = LEVELS.get(kind)
    return KINDS[kind].by_president or (
        level is not None and level(session, about, Asked(kind, ground, changes, on, True))
    )


def apply(session: Session, about: Matter, decision: Decision, *, actor: str, now: datetime) -> None:
    """Change the entry, add its event and, for what is or becomes public, its outbox fact."""
    rule = KINDS[decision.kind]
    row = about.row
    was_public = _is_public(row)
    row.state = _after(about, rule.step)
    row.revision += 1
    told: dict[str, str] | None = None
    if rule.fact is FactType.REMOVED and not isinstance(row, CandidateRecord):
        told = _exit(session, decision, rule, legal_day(now))
        if rule.step is not Step.WITHHOLD:  # what is withheld stands, and has not ended
            row.exit, row.ended_on = told, legal_day(now)
    if change := CHANGES.get(decision.kind):
        change(session, about, Made(decision, decision.draft["changes"], actor, now))
    session.add(_event(about, decision, rule, actor, now))
    if rule.fact is not None and (was_public or _is_public(row)):
        put(session, entry=about.entry, kind=about.kind, revision=row.revision, fact=rule.fact, at=now, exit=told)


def _is_public(row: Listing | ConsumptionOrder | CandidateRecord) -> bool:
    if isinstance(row, Listing):
        return row.state == State.ACTIVE.value and not row.nonpublic
    return isinstance(row, ConsumptionOrder) and row.state == OrderState.ORDERED.value


def _after(about: Matter, step: Step) -> str:
    if isinstance(about.row, ConsumptionOrder):
        return order_moved(OrderState(about.row.state), step).value
    return moved(State(about.row.state), step).value


def _exit(session: Session, decision: Decision, rule: Kind, today: date) -> dict[str, str]:
    revoked, withheld = rule.step is Step.REVOKE, rule.step is Step.WITHHOLD
    return {
        "exit": "revoked" if revoked else "removed",
        "ground": WITHHELD if withheld else decision.draft["ground"],
        "effect": "erase" if revoked or withheld else "stop_use",
        "effective": today.isoformat(),
        "due": receiver_due(today, calendar(session)).day.isoformat(),
        "decision": decision.draft["document_number"],
        "basis": decision.draft["clause"],
    }


def _event(about: Matter, decision: Decision, rule: Kind, actor: str, now: datetime) -> RegisterEvent:
    draft = decision.draft
    return RegisterEvent(
        entry=about.entry,
        kind=about.kind,
        revision=about.row.revision,
        type=rule.step.value,
        event_on=date.fromisoformat(draft["event_on"]),
        known_on=date.fromisoformat(draft["known_on"]),
        decided_on=legal_day(now),
        recorded_at=now,
        actor=actor,
        clause=draft["clause"],
        document_number=draft["document_number"],
        reason=draft["reason"],
        decision_id=decision.id,
    )
