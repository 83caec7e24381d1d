"""The second signature with all that follows from it in other rooms, in one transaction: the way in for desks, API and files."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from creditsvc.access.callers import Caller
from creditsvc.ports import Left
from creditsvc.register import decisions
from creditsvc.register.kinds import KINDS
from creditsvc.register.life import Step
from creditsvc.register.tables import Decision
from creditsvc.services import Services

_LEAVES = frozenset({Step.REMOVE, Step.REVOKE})


def approve(
    session: Session, services: Services, decision_id: int, *, shown_digest: str, caller: Caller, now: datetime
) -> Decision:
    """As ``decisions.approve``; an exit is told by every channel at once, and waits for no job. Raises the same."""
    decision = decisions.approve(session, decision_id, shown_digest=shown_digest, caller=caller, now=now)
    step = KINDS[decision.kind].step
    if step in _LEAVES:
        services.ports.left(session, services, Left(decision.entry, step is Step.REVOKE, caller), now=now)
    return decision
