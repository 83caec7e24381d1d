"""The incentive list: consent, publicity, objections, a place on the list, and its end.

Sources: 河南省社会信用条例 art. 28 (publicise first, check objections), art. 33(5) (nobody is on both lists).
A place ends by date alone in every answer; the job only writes that down and tells the platform.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from creditsvc.access.callers import Caller
from creditsvc.access.permissions import Permission
from creditsvc.kernel.days import add_months, legal_day, working_days
from creditsvc.kernel.errors import Conflict, InvalidInput, NotFound
from creditsvc.kernel.text import Bilingual
from creditsvc.papers.issuing import PaperState, paper_of
from creditsvc.papers.issuing import revoke as revoke_paper
from creditsvc.register.life import State
from creditsvc.register.policy import receiver_due
from creditsvc.register.tables import Listing
from creditsvc.services import Services
from creditsvc.storage.calendars import calendar as current_calendar
from creditsvc.storage.cells import Place
from creditsvc.storage.outbox import FactType, put
from repair.performing.records import in_court, take, write_history
from repair.performing.tables import PerformanceObjection, PerformanceRecord
from repair.performing.work import MAX_TEXT, second_person
from repair.policy.answers import Answer, Way
from repair.policy.performing import PUBLICITY, ListFacts, listable, proposable
from repair.policy.performing_states import Act, Stage

KIND = "incentive"
_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"


def listing_in_force(session: Session, subject_id: str, *, on: date) -> bool:
    """Whether any listing of this person is in force on that day."""
    query = select(Listing.id).where(
        Listing.subject_id == subject_id,
        Listing.state == State.ACTIVE.value,
        or_(Listing.until.is_(None), Listing.until >= on),
    )
    return session.scalar(query.limit(1)) is not None


def facts_of(session: Session, row: PerformanceRecord, *, on: date) -> ListFacts:
    """What decides over a place on the list."""
    valid = row.certificate is not None and paper_of(session, row.certificate).state == PaperState.VALID.value
    return ListFacts(
        certified=valid,
        agreed=row.agrees_listing_on is not None,
        listing_in_force=listing_in_force(session, row.subject_id, on=on),
        publicity_until=row.publicity_until,
        open_objections=len(open_objections(session, row)),
    )


def agree(
    session: Session, row: PerformanceRecord, *, listing: bool, platform: bool, caller: Caller, now: datetime
) -> None:
    """What the person agrees to from today. Taking back the first ends a proposal or a place at once."""
    today = legal_day(now)
    row.agrees_listing_on = (row.agrees_listing_on or today) if listing else None
    row.agrees_platform_on = (row.agrees_platform_on or today) if listing and platform else None
    if not listing and Stage(row.stage) in {Stage.PUBLICISED, Stage.OBJECTED, Stage.ON_LIST}:
        end(session, row, Act.WITHDRAW, why="本人撤回同意", caller=caller, now=now)
        return
    row.version += 1
    write_history(session, row, "agrees" if listing else "disagrees", caller=caller, now=now)
    if Stage(row.stage) is Stage.ON_LIST and (row.entry is not None) != (row.agrees_platform_on is not None):
        (_publish if row.agrees_platform_on is not None else _unpublish)(session, row, now)


def publicise(
    session: Session, row: PerformanceRecord, *, working_days_long: int, caller: Caller, now: datetime
) -> None:
    """Propose a place on the list and publicise it for so many working days."""
    caller.require(Permission.DECISION_PROPOSE)
    today = legal_day(now)
    _granted(proposable(facts_of(session, in_court(row, caller), on=today)))
    take(session, row, Act.PUBLICISE, caller=caller, now=now)
    row.publicity_from, row.proposed_person, row.signed_person = today, caller.person, None
    row.publicity_until = working_days(today, working_days_long, current_calendar(session)).day


def object_to(
    session: Session,
    services: Services,
    row: PerformanceRecord,
    *,
    statement: str,
    received_on: date,
    caller: Caller,
    now: datetime,
) -> PerformanceObjection:
    """Record an objection that came in writing during publicity."""
    caller.require(Permission.APPLICATION_WORK)
    if not statement.strip() or len(statement) > MAX_TEXT:
        raise InvalidInput(
            Bilingual(f"请写明异议内容（{MAX_TEXT} 字以内）", f"say what is objected to, at most {MAX_TEXT} characters"),
            code="field-missing", field="statement",
        )  # fmt: skip
    if not (row.publicity_from or legal_day(now)) <= received_on <= legal_day(now):
        raise InvalidInput(
            Bilingual("收到日期应在公示开始与今天之间", "it came between the start of publicity and today"),
            code="field-wrong", field="received_on",
        )  # fmt: skip
    take(session, in_court(row, caller), Act.OBJECT, caller=caller, now=now)
    made = PerformanceObjection(record_id=row.id, received_on=received_on, statement_cell=b"")
    session.add(made)
    session.flush()
    key = services.vault.keys_of([row.subject_id])[row.subject_id]
    made.statement_cell = services.vault.seal(key, objection_place(made, row), statement.strip())
    return made


def objection_place(objection: PerformanceObjection, row: PerformanceRecord) -> Place:
    """Where an objection's sealed text stands."""
    return Place("performance_objection", "statement_cell", str(objection.id), row.subject_id)


def settle_objection(
    session: Session,
    row: PerformanceRecord,
    objection_id: int,
    *,
    upheld: bool,
    outcome: str,
    caller: Caller,
    now: datetime,
) -> None:
    """What checking an objection came to, by another person than proposed the place. Upheld ends the proposal."""
    caller.require(Permission.DECISION_APPROVE)
    second_person(in_court(row, caller), caller)
    found = session.get(PerformanceObjection, objection_id, with_for_update=True)
    if found is None or found.record_id != row.id or found.upheld is not None:
        raise NotFound(Bilingual("没有这件待处理的异议", "no such open objection"), code="objection-unknown")
    if not outcome.strip():
        raise InvalidInput(
            Bilingual("请写明核查结果", "say what the check found"), code="field-missing", field="outcome"
        )
    found.upheld, found.outcome, found.settled_at = upheld, outcome.strip()[:2000], now
    session.flush()
    if upheld:
        take(session, row, Act.UPHOLD_OBJECTION, caller=caller, now=now)
        row.ended_on = legal_day(now)
    elif not open_objections(session, row):
        take(session, row, Act.DISMISS_OBJECTION, caller=caller, now=now)


def open_objections(session: Session, row: PerformanceRecord) -> Sequence[PerformanceObjection]:
    """Objections that nobody has settled yet, oldest first."""
    query = select(PerformanceObjection).where(
        PerformanceObjection.record_id == row.id, PerformanceObjection.upheld.is_(None)
    )
    return session.scalars(query.order_by(PerformanceObjection.id)).all()


def put_on_list(session: Session, row: PerformanceRecord, *, months: int, caller: Caller, now: datetime) -> None:
    """The second person puts it on the list. Raises ``Conflict`` while publicity runs or an objection is open."""
    caller.require(Permission.DECISION_APPROVE)
    second_person(in_court(row, caller), caller)
    today = legal_day(now)
    _granted(listable(facts_of(session, row, on=today), on=today))
    take(session, row, Act.PUT_ON_LIST, caller=caller, now=now)
    row.signed_person, row.listed_on, row.until = caller.person, today, add_months(today, months)
    if row.agrees_platform_on is not None:
        _publish(session, row, now)


def withdraw(
    session: Session, row: PerformanceRecord, *, reason: str, false_evidence: bool, caller: Caller, now: datetime
) -> None:
    """The court ends it; with false evidence the certificate is revoked too."""
    caller.require(Permission.DECISION_APPROVE)
    in_court(row, caller)
    if not reason.strip():
        raise InvalidInput(Bilingual("请写明理由", "give the reason"), code="field-missing", field="withdraw_reason")
    end(session, row, Act.WITHDRAW, why=reason.strip(), caller=caller, now=now)
    if false_evidence and row.certificate is not None:
        revoke_paper(session, row.certificate, reason=reason.strip(), caller=caller, now=now)


def end(session: Session, row: PerformanceRecord, act: Act, *, why: str, caller: Caller, now: datetime) -> None:
    """End a proposal or a place, and tell the platform in the same transaction if it was told of it."""
    take(session, row, act, caller=caller, now=now, note=why)
    row.ended_on = legal_day(now)
    _unpublish(session, row, now)


def publicised(session: Session, *, on: date, limit: int = 200) -> Sequence[PerformanceRecord]:
    """What is publicised on that day."""
    query = select(PerformanceRecord).where(
        PerformanceRecord.stage.in_([Stage.PUBLICISED.value, Stage.OBJECTED.value]),
        PerformanceRecord.publicity_until >= on,
    )
    return session.scalars(query.order_by(PerformanceRecord.publicity_until, PerformanceRecord.id).limit(limit)).all()


def _publish(session: Session, row: PerformanceRecord, now: datetime) -> None:
    """The platform gets it, as a new entry: a removal is final on a stream."""
    row.entry, row.revision = "inc_" + "".join(secrets.choice(_ALPHABET) for _ in range(24)), 1
    put(session, entry=row.entry, kind=KIND, revision=row.revision, fact=FactType.PUBLISHED, at=now)


def _unpublish(session: Session, row: PerformanceRecord, now: datetime) -> None:
    """The platform is told to let go of what it was given; nothing if it was given nothing."""
    if row.entry is None:
        return
    row.revision += 1
    put(
        session,
        entry=row.entry,
        kind=KIND,
        revision=row.revision,
        fact=FactType.REMOVED,
        at=now,
        exit=_exit(session, row, now),
    )
    row.entry = None


def _exit(session: Session, row: PerformanceRecord, now: datetime) -> dict[str, str]:
    today = legal_day(now)
    return {
        "exit": "removed", "ground": "incentive_ended", "effect": "stop_use", "effective": today.isoformat(),
        "due": receiver_due(today, current_calendar(session)).day.isoformat(), "decision": row.certificate or "", "basis": PUBLICITY.zh,
    }  # fmt: skip


def _granted(answer: Answer) -> None:
    if answer.way is not Way.OPEN:
        raise Conflict(
            Bilingual(f"{answer.reason.zh}（{answer.clause.zh}）", f"{answer.reason.en} ({answer.clause.en})"),
            code="incentive-not-open",
        )
