"""What a decision leaves to do, and which matters of the queue it settles."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditsvc.kernel.days import legal_day
from creditsvc.papers.issuing import PaperState
from creditsvc.papers.tables import Paper
from creditsvc.register.entries import Matter
from creditsvc.register.kinds import KINDS, Kind
from creditsvc.register.life import Step
from creditsvc.register.served import end_letters
from creditsvc.register.tables import Decision, Listing
from creditsvc.register.task_kinds import LETTERS_OF, TaskKind
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
    rule, by = KINDS[decision.kind], decision.approver or decision.proposer
    told = rule.step in ENDS and _told_under_article_8(session, about.entry)
    if rule.step in ENDS:
        close_tasks(session, entry=about.entry, outcome=decision.kind, now=now)
    elif kinds := SETTLES.get(rule.step):
        close_tasks(session, entry=about.entry, outcome=decision.kind, now=now, kinds=[kind.value for kind in kinds])
    if rule.step in ENDS:
        end_letters(session, about.entry, decision, revoked=rule.step is Step.REVOKE, now=now)
    today = legal_day(now)
    for kind, entry, timed in _follows(about, rule, nonpublic_before=nonpublic_before, told=told):
        new = NewTask(
            f"{kind.value}/{entry}/{decision.id}", kind.value, about.court_code, today, entry=entry,
            due_on=today if timed else None,
            details={"decision": decision.id, "document": decision.draft["document_number"]},
        )  # fmt: skip
        open_task(session, new, by=by, now=now)


def _follows(about: Matter, rule: Kind, *, nonpublic_before: bool, told: bool) -> Iterator[tuple[TaskKind, str, bool]]:
    """What is to be done now: the matter, about which entry, and whether today."""
    row, step = about.row, rule.step
    if step is Step.DECIDE and not isinstance(row, Listing):
        yield TaskKind.ENTER, getattr(row, "listing", None) or about.entry, True
    if step is Step.REVOKE and rule.fact is FactType.REMOVED:
        yield TaskKind.WRONG_LISTING, about.entry, True
    if step in {Step.ENTER_NONPUBLIC, Step.WITHHOLD}:
        yield TaskKind.NOTIFY_UNIT, about.entry, True
    if step is Step.PUBLISH:
        yield TaskKind.ARTICLE8, about.entry, False  # art. 8 names no time
    if told:
        yield TaskKind.ARTICLE8_EXIT, about.entry, True
    if nonpublic_before and step in {Step.REMOVE, Step.REVOKE}:
        yield TaskKind.NOTIFY_UNIT_EXIT, about.entry, True


def _told_under_article_8(session: Session, entry: str) -> bool:
    """Whether a body was told of this listing by a letter that still holds."""
    told = LETTERS_OF[TaskKind.ARTICLE8]
    query = select(Paper.id).where(Paper.entry == entry, Paper.kind.in_(told), Paper.state == PaperState.VALID.value)
    return session.scalar(query.limit(1)) is not None
