"""What a decision leaves to do, and which matters of the queue it settles."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from creditsvc.kernel.days import legal_day
from creditsvc.register.entries import Matter
from creditsvc.register.kinds import KINDS
from creditsvc.register.life import Step
from creditsvc.register.served import end_letters
from creditsvc.register.tables import Decision, Listing
from creditsvc.register.task_kinds import TaskKind
from creditsvc.storage.outbox import FactType
from creditsvc.tasks.queue import NewTask, close_tasks, open_task

ENDS = frozenset({Step.REMOVE, Step.REVOKE, Step.LAPSE, Step.REFUSE})
SETTLES: dict[Step, tuple[TaskKind, ...]] = {
    Step.DECIDE: (TaskKind.DECIDE,),
    Step.GRANT_GRACE: (TaskKind.ENTER, TaskKind.GRACE_ENDED),
    Step.PUBLISH: (TaskKind.ENTER, TaskKind.GRACE_ENDED),
    Step.ENTER_NONPUBLIC: (TaskKind.ENTER, TaskKind.GRACE_ENDED),
    Step.EXTEND: (TaskKind.REMOVE_AFTER_TERM,),
}
"""Which matters of the entry a step settles; what ends the entry settles all."""


def follow_up(session: Session, about: Matter, decision: Decision, *, nonpublic_before: bool, now: datetime) -> None:
    """Close what is settled and open what follows from an approved decision."""
    rule, row, by = KINDS[decision.kind], about.row, decision.approver or decision.proposer
    if rule.step in ENDS:
        close_tasks(session, entry=about.entry, outcome=decision.kind, now=now)
    elif kinds := SETTLES.get(rule.step):
        close_tasks(session, entry=about.entry, outcome=decision.kind, now=now, kinds=[kind.value for kind in kinds])
    if rule.step in ENDS:
        end_letters(session, about.entry, decision, revoked=rule.step is Step.REVOKE, now=now)
    today = legal_day(now)

    def begin(kind: TaskKind, entry: str) -> None:
        new = NewTask(
            f"{kind.value}/{entry}/{decision.id}", kind.value, about.court_code, today, entry=entry, due_on=today,
            details={"decision": decision.id, "document": decision.draft["document_number"]},
        )  # fmt: skip
        open_task(session, new, by=by, now=now)

    if rule.step is Step.DECIDE and not isinstance(row, Listing):
        begin(TaskKind.ENTER, getattr(row, "listing", None) or about.entry)
    if rule.step is Step.REVOKE and rule.fact is FactType.REMOVED:
        begin(TaskKind.WRONG_LISTING, about.entry)
    if rule.step in {Step.ENTER_NONPUBLIC, Step.WITHHOLD}:
        begin(TaskKind.NOTIFY_UNIT, about.entry)
    if nonpublic_before and rule.step in {Step.REMOVE, Step.REVOKE}:
        begin(TaskKind.NOTIFY_UNIT_EXIT, about.entry)
