"""What an agency did on an answer: applied, not applied and why, lifted. So the loop of joint discipline closes and can be counted.

A report changes nothing about anybody: it is the unit's own word about what it did. A restriction that was applied although the
answer named none is taken down all the same, marked, and shown to the supervisor.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditsvc.access.callers import Caller
from creditsvc.access.permissions import Permission
from creditsvc.access.tables import AccessEntry
from creditsvc.checks import screening as lists
from creditsvc.checks.answer import reference_of
from creditsvc.checks.tables_feedback import Feedback
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import Conflict, InvalidInput, NotFound
from creditsvc.kernel.text import Bilingual
from punishment_rules.law import Outcome
from punishment_rules.load import catalogue

MAX_REASON = 500
_REFERENCE = re.compile(r"chk-([0-9]{10,18})", re.ASCII)
_LONG_FIGURES = re.compile(r"\d{6,}[\dXx]*")


class Done(StrEnum):
    """What the agency did."""

    APPLIED = "applied"
    NOT_APPLIED = "not_applied"
    LIFTED = "lifted"

    @property
    def label(self) -> Bilingual:
        """What it is called."""
        return _LABELS[self]


_LABELS = {
    Done.APPLIED: Bilingual("已适用限制", "applied"),
    Done.NOT_APPLIED: Bilingual("未适用", "not applied"),
    Done.LIFTED: Bilingual("已解除限制", "lifted"),
}


@dataclass(frozen=True, slots=True)
class Report:
    """One report, as it is handed in. ``answer`` is a check's number (``chk-…``) or a screening's (``12``) with its row."""

    answer: str
    done: Done
    reason: str = ""
    measure: str = ""
    done_on: date | None = None
    row: int | None = None


def report(session: Session, new: Report, *, caller: Caller, now: datetime) -> Feedback:
    """Take a report down. The caller commits. The same report twice is one.

    Raises ``NotFound`` for an answer that is not the unit's own, ``InvalidInput``, and ``Conflict`` for a lift of
    what was never reported as applied.
    """
    caller.require(Permission.CHECK_ASK)
    today = legal_day(now)
    done_on = new.done_on or today
    _demand(new, done_on, today)
    made = _about(session, new, caller)
    made.done, made.measure, made.done_on = new.done.value, new.measure, done_on
    # an identity number has no place in a reason
    made.reason = _LONG_FIGURES.sub("…", new.reason.strip())
    made.unit, made.actor, made.at = caller.unit or "", caller.actor, now
    made.at_odds = new.done is Done.APPLIED and made.outcome == Outcome.CLEAR.value
    if new.done is Done.LIFTED and not _reported(session, made, Done.APPLIED):
        raise Conflict(
            Bilingual(
                "此前没有报告过适用限制，无须报告解除", "nothing was reported as applied, so there is nothing to lift"
            ),
            code="nothing-applied",
        )
    again = [one for one in _reported(session, made, new.done) if (one.measure, one.done_on) == (new.measure, done_on)]
    if again:
        return again[0]
    session.add(made)
    session.flush()
    return made


def _demand(new: Report, done_on: date, today: date) -> None:
    if len(new.reason) > MAX_REASON or (new.done is Done.NOT_APPLIED and not new.reason.strip()):
        raise InvalidInput(
            Bilingual(
                f"未适用的，请写明理由（{MAX_REASON} 字以内，不写证件号码）",
                f"say why it was not applied, at most {MAX_REASON} characters, without an identity number",
            ),
            code="reason-missing",
            field="reason",
        )
    if done_on > today:
        raise InvalidInput(
            Bilingual("处理日期不能晚于今天", "the day can't lie in the future"), code="day-ahead", field="done_on"
        )
    if new.measure and new.measure not in catalogue().measures:
        raise InvalidInput(
            Bilingual("没有这项措施，见 /v1/measures", "no such measure, see /v1/measures"),
            code="measure-unknown",
            field="measure",
        )


def _about(session: Session, new: Report, caller: Caller) -> Feedback:
    """The row to be filled, about the answer that is meant."""
    if (found := _REFERENCE.fullmatch(new.answer.strip())) is not None:
        entry = session.get(AccessEntry, int(found[1]))
        if entry is None or entry.action != "check" or not caller.unit or entry.unit != caller.unit:
            raise _unknown()
        return Feedback(ledger_id=entry.id, sector=entry.sector or "", act=entry.act or "", outcome=entry.outcome)
    if not new.answer.strip().isascii() or not new.answer.strip().isdigit() or len(new.answer) > 18:
        raise _unknown()
    screening = lists.find(session, int(new.answer), caller=caller)
    if new.row is None or not 1 <= new.row <= screening.rows + 1:
        raise InvalidInput(Bilingual("请写明原表行号", "give the row of the list"), code="row-missing", field="row")
    return Feedback(screening_id=screening.id, row_number=new.row, sector=screening.sector, act=screening.act)


def _unknown() -> NotFound:
    return NotFound(Bilingual("本单位没有这次核查", "your unit has made no such check"), code="answer-unknown")


def _reported(session: Session, about: Feedback, done: Done) -> Sequence[Feedback]:
    with session.no_autoflush:
        return session.scalars(
            select(Feedback).where(
                Feedback.ledger_id == about.ledger_id
                if about.ledger_id is not None
                else (Feedback.screening_id == about.screening_id) & (Feedback.row_number == about.row_number),
                Feedback.done == done.value,
            )
        ).all()


def reports_of(session: Session, *, caller: Caller, before: int | None = None, limit: int = 50) -> Sequence[Feedback]:
    """What the caller's unit reported, newest first."""
    query = select(Feedback).where(Feedback.unit == (caller.unit or ""))
    if before is not None:
        query = query.where(Feedback.id < before)
    return session.scalars(query.order_by(Feedback.id.desc()).limit(limit)).all()


@dataclass(frozen=True, slots=True)
class Waiting:
    """An answer that named something, and what has been reported about it."""

    entry: AccessEntry
    reports: tuple[Feedback, ...]

    @property
    def reference(self) -> str:
        """The check's number."""
        return reference_of(self.entry.id)


def answers_to_report(session: Session, *, caller: Caller, limit: int = 50) -> list[Waiting]:
    """The unit's newest checks whose answer was not "clear", with what was reported; those without a report first."""
    query = select(AccessEntry).where(
        AccessEntry.unit == (caller.unit or ""),
        AccessEntry.action == "check",
        AccessEntry.outcome != Outcome.CLEAR.value,
    )
    entries = session.scalars(query.order_by(AccessEntry.id.desc()).limit(limit)).all()
    known: dict[int, list[Feedback]] = {entry.id: [] for entry in entries}
    for one in session.scalars(select(Feedback).where(Feedback.ledger_id.in_(known)).order_by(Feedback.id)):
        known[one.ledger_id or 0].append(one)
    waiting = [Waiting(entry, tuple(known[entry.id])) for entry in entries]
    return sorted(waiting, key=lambda one: bool(one.reports))
