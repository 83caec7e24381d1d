"""What each kind of decision does to an entry: one table, one function a kind."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import Conflict, InvalidInput
from creditsvc.kernel.load import packaged_calendar
from creditsvc.kernel.text import Bilingual
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

CORRECTABLE = frozenset(
    {"name", "sex", "age", "legal_representative", "case_number", "filed_on", "basis_number", "basis_issuer", "obligation",
     "performance", "performed_part", "unperformed_part"}
)  # fmt: skip
"""Fields that a correction may change. A wrong person is no correction but a revocation."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of decision: what it is about, which step it takes, which fact it tells, what it is called."""

    about: str
    step: Step
    fact: FactType
    label: Bilingual
    grounds: frozenset[ExitGround] = frozenset()


_REMOVALS = frozenset(ExitGround) - WRONGLY_LISTED - {ExitGround.ORDER_LIFTED}
KINDS: dict[str, Kind] = {
    "remove_listing": Kind(LISTING, Step.REMOVE, FactType.REMOVED, Bilingual("删除失信信息", "remove the listing"), _REMOVALS),
    "revoke_listing": Kind(LISTING, Step.REVOKE, FactType.REMOVED, Bilingual("撤销失信信息", "revoke the listing"), WRONGLY_LISTED),
    "correct_listing": Kind(LISTING, Step.CORRECT, FactType.CORRECTED, Bilingual("更正失信信息", "correct the listing")),
    "extend_listing": Kind(LISTING, Step.EXTEND, FactType.CORRECTED, Bilingual("延长期限", "extend the term")),
    "lift_order": Kind(ORDER, Step.REMOVE, FactType.REMOVED, Bilingual("解除限制消费令", "lift the consumption order"),
                       frozenset({ExitGround.ORDER_LIFTED})),
    "revoke_order": Kind(ORDER, Step.REVOKE, FactType.REMOVED, Bilingual("撤销限制消费令", "revoke the consumption order"),
                         WRONGLY_LISTED),
}  # fmt: skip


def check(about: Target, kind: str, ground: str, changes: dict[str, Any], *, on: date) -> PolicyAnswer | None:
    """Raise ``Conflict`` or ``InvalidInput`` unless this decision is possible for this entry on that day."""
    rule = KINDS[kind]
    if about.kind != rule.about:
        raise Conflict(
            Bilingual("这类决定不适用于该记录", "this decision is not for such an entry"), code="decision-kind"
        )
    _after(about, rule.step)
    if rule.grounds:
        return _check_ground(about, rule, ground, on)
    return _check_changes(about, kind, changes, on)


def _check_ground(about: Target, rule: Kind, ground: str, on: date) -> PolicyAnswer | None:
    if ground not in {known.value for known in rule.grounds}:
        raise InvalidInput(
            Bilingual("理由不适用于这类决定", "the ground does not belong to this decision"),
            code="ground-wrong",
            field="ground",
            known=sorted(known.value for known in rule.grounds),
        )
    if about.kind == ORDER:
        return None
    return _granted(exit_answer(about.grounds, ExitGround(ground), until=about.until, on=on))


def _granted(answer: PolicyAnswer) -> PolicyAnswer:
    if answer.way is Way.NOT_OPEN:
        raise Conflict(
            Bilingual(f"{answer.text.zh}（{answer.clause}）", f"{answer.text.en} ({answer.clause})"), code=answer.code
        )
    return answer


def _check_changes(about: Target, kind: str, changes: dict[str, Any], on: date) -> PolicyAnswer | None:
    allowed = CORRECTABLE if kind == "correct_listing" else {"until"}
    if not changes or set(changes) - allowed:
        raise InvalidInput(
            Bilingual(
                f"可以改动的项：{'、'.join(sorted(allowed))}", f"fields that may change: {', '.join(sorted(allowed))}"
            ),
            code="changes-wrong",
            field="changes",
        )
    if kind == "correct_listing" or not isinstance(about.row, Listing):
        return None
    return _granted(
        extension_answer(about.grounds, decided_on=about.row.decided_on, until=about.until,
                         new_until=_day(changes["until"]), on=on)
    )  # fmt: skip


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
            setattr(row, name, _day(value) if name in {"until", "filed_on"} else value)
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
        event_on=_day(draft["event_on"]),
        known_on=_day(draft["known_on"]),
        decided_on=legal_day(now),
        recorded_at=now,
        actor=actor,
        clause=draft["clause"],
        document_number=draft["document_number"],
        reason=draft["reason"],
        decision_id=decision.id,
    )


def _day(text: object) -> date:
    try:
        return date.fromisoformat(str(text))
    except ValueError:
        raise InvalidInput(
            Bilingual("日期应写作 YYYY-MM-DD", "write the day as YYYY-MM-DD"), code="day-shape", field="changes"
        ) from None
