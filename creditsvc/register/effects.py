"""What each kind of decision does to an entry: one table, one function a kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import Conflict, InvalidInput
from creditsvc.kernel.load import packaged_calendar
from creditsvc.kernel.text import Bilingual
from creditsvc.register import corrections
from creditsvc.register.entries import LISTING, ORDER, Target
from creditsvc.register.life import OrderState, State, Step, moved, order_moved
from creditsvc.register.policy import (
    WRONGLY_LISTED,
    ExitGround,
    PolicyAnswer,
    Way,
    exit_answer,
    extension_answer,
    receiver_due,
)
from creditsvc.register.tables import ConsumptionOrder, Decision, Listing, RegisterEvent
from creditsvc.storage.outbox import FactType, put

STANDING_LISTING_CLAUSE = "法释〔2015〕17号第一条第二款"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of decision: what it is about, which step it takes, which fact it tells, what it is called."""

    about: str
    step: Step
    fact: FactType
    label: Bilingual
    grounds: frozenset[ExitGround] = frozenset()
    by_president: bool = False
    """Whether the second person must be the court's president."""


_REMOVALS = frozenset(ExitGround) - WRONGLY_LISTED - {ExitGround.ORDER_LIFTED}
KINDS: dict[str, Kind] = {
    "remove_listing": Kind(LISTING, Step.REMOVE, FactType.REMOVED, Bilingual("删除失信信息", "remove the listing"), _REMOVALS),
    "revoke_listing": Kind(LISTING, Step.REVOKE, FactType.REMOVED, Bilingual("撤销失信信息", "revoke the listing"), WRONGLY_LISTED),
    "correct_listing": Kind(LISTING, Step.CORRECT, FactType.CORRECTED, Bilingual("更正失信信息", "correct the listing")),
    "extend_listing": Kind(LISTING, Step.EXTEND, FactType.CORRECTED, Bilingual("延长期限", "extend the term"), by_president=True),
    "lift_order": Kind(ORDER, Step.REMOVE, FactType.REMOVED, Bilingual("解除限制消费令", "lift the consumption order"),
                       frozenset({ExitGround.ORDER_LIFTED})),
    "revoke_order": Kind(ORDER, Step.REVOKE, FactType.REMOVED, Bilingual("撤销限制消费令", "revoke the consumption order"),
                         WRONGLY_LISTED),
}  # fmt: skip


def cleaned(kind: str, changes: Mapping[str, Any]) -> dict[str, Any]:
    """The changes of a draft as they will be kept; raises ``InvalidInput`` for fields or values that can't be."""
    if kind == "correct_listing":
        return corrections.cleaned(changes)
    wanted = {"until"} if kind == "extend_listing" else set()
    if set(changes) != wanted:
        raise InvalidInput(
            Bilingual(
                "延长期限须写明新的截止日，其他决定不改动内容", "an extension names its new end; nothing else changes"
            ),
            code="changes-wrong",
            field="changes",
        )
    return {name: corrections.day(name, value) for name, value in changes.items()}


def check(
    session: Session, about: Target, kind: str, ground: str, changes: Mapping[str, Any], *, on: date, final: bool
) -> PolicyAnswer | None:
    """Raise ``Conflict`` or ``InvalidInput`` unless this decision is possible for this entry on that day.

    ``final`` is the approval: what a proposal may still count on must be true by then.
    """
    rule = KINDS[kind]
    if about.kind != rule.about:
        raise Conflict(
            Bilingual("这类决定不适用于该记录", "this decision is not for such an entry"), code="decision-kind"
        )
    _after(about, rule.step)
    if rule.grounds:
        _known_ground(rule, ground)
    if kind == "lift_order":
        _no_listing_stands(session, about, on=on, final=final)
    if rule.about == LISTING and rule.grounds:
        return _granted(exit_answer(about.grounds, ExitGround(ground), until=about.until, on=on))
    return _check_changes(about, kind, changes, on) if rule.about == LISTING else None


def _known_ground(rule: Kind, ground: str) -> None:
    if ground not in {known.value for known in rule.grounds}:
        raise InvalidInput(
            Bilingual("理由不适用于这类决定", "the ground does not belong to this decision"),
            code="ground-wrong",
            field="ground",
            known=sorted(known.value for known in rule.grounds),
        )


def _no_listing_stands(session: Session, about: Target, *, on: date, final: bool) -> None:
    """Whoever is listed in a case must be under its order, so the listing goes first or together with it."""
    listings = select(Listing.entry).where(
        Listing.subject_id == about.row.subject_id,
        Listing.case_number == about.row.case_number,
        Listing.state == State.ACTIVE.value,
        or_(Listing.until.is_(None), Listing.until >= on),
    )
    leaving = select(Decision.entry).where(
        Decision.entry == Listing.entry, Decision.open_key.in_(["remove_listing", "revoke_listing"])
    )
    if session.scalar((listings if final else listings.where(~leaving.exists())).limit(1)):
        raise Conflict(
            Bilingual(
                f"同案的失信记录仍在册，不能解除限制消费令；请先提出删除（{STANDING_LISTING_CLAUSE}）",
                f"a listing in the same case stands; propose its removal first ({STANDING_LISTING_CLAUSE})",
            ),
            code="listing-stands",
        )


def _granted(answer: PolicyAnswer) -> PolicyAnswer:
    if answer.way is Way.NOT_OPEN:
        raise Conflict(
            Bilingual(f"{answer.text.zh}（{answer.clause}）", f"{answer.text.en} ({answer.clause})"), code=answer.code
        )
    return answer


def _check_changes(about: Target, kind: str, changes: Mapping[str, Any], on: date) -> PolicyAnswer | None:
    row = about.row
    if not isinstance(row, Listing):
        return None
    if kind == "extend_listing":
        until = corrections.kept("until", changes["until"])
        return _granted(
            extension_answer(about.grounds, decided_on=row.decided_on, until=about.until, new_until=until, on=on)
        )
    if all(getattr(row, name) == corrections.kept(name, value) for name, value in changes.items()):
        raise InvalidInput(
            Bilingual("更正的内容与现有内容相同", "the correction changes nothing"),
            code="nothing-changes",
            field="changes",
        )
    return None


def apply(session: Session, about: Target, decision: Decision, *, actor: str, now: datetime) -> None:
    """Change the entry, add its event and its outbox fact."""
    rule = KINDS[decision.kind]
    row = about.row
    row.state = _after(about, rule.step)
    row.revision += 1
    told: dict[str, str] | None = None
    if rule.fact is FactType.REMOVED:
        told = _exit(decision, rule, legal_day(now))
        row.exit, row.ended_on = told, legal_day(now)
    elif isinstance(row, Listing):
        for name, value in decision.draft["changes"].items():
            setattr(row, name, corrections.kept(name, value))
    session.add(_event(about, decision, rule, actor, now))
    put(session, entry=about.entry, kind=about.kind, revision=row.revision, fact=rule.fact, at=now, exit=told)


def _after(about: Target, step: Step) -> str:
    if isinstance(about.row, ConsumptionOrder):
        return order_moved(OrderState(about.row.state), step).value
    return moved(State(about.row.state), step).value


def _exit(decision: Decision, rule: Kind, today: date) -> dict[str, str]:
    revoked = rule.step is Step.REVOKE
    return {
        "exit": "revoked" if revoked else "removed",
        "ground": decision.draft["ground"],
        "effect": "erase" if revoked else "stop_use",
        "effective": today.isoformat(),
        "due": receiver_due(today, packaged_calendar()).day.isoformat(),
        "decision": decision.draft["document_number"],
        "basis": decision.draft["clause"],
    }


def _event(about: Target, decision: Decision, rule: Kind, actor: str, now: datetime) -> RegisterEvent:
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
