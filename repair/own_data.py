"""A copy of what is held about somebody: entries, holders, who looked, applications, what changed and why.

河南省社会信用条例 art. 40 (collection, use, source, reason of change, who used and queried), 个人信息保护法 art. 45. Free
each time; it is handed out on the spot, and that it was is recorded as an application that is closed at once.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditsvc.access.callers import Caller
from creditsvc.access.ledger import accesses_of
from creditsvc.kernel.days import legal_day
from creditsvc.ports import Ports
from creditsvc.register.tables import RegisterEvent
from creditsvc.services import Services
from creditsvc.storage.subjects import numbers_of, token_of
from repair.applications import own_applications, statement_of
from repair.entries import EntryView, own_entries
from repair.evidence import papers_of
from repair.history import events_of, new_id, take_step, write_history
from repair.policy.kinds import KINDS, ApplicationKind
from repair.policy.states import State, Step
from repair.promises import promises_of
from repair.reliance import notices_about
from repair.tables import Application

MOST_ACCESSES = 20_000


def copy_of_data(session: Session, services: Services, ports: Ports, *, caller: Caller, now: datetime) -> bytes:
    """Everything, as JSON in UTF-8 with keys in Chinese order of reading; the number in full, since it is one's own."""
    subject = caller.subject_id or ""
    views = own_entries(session, subject, on=legal_day(now))
    number = numbers_of(session, services.vault, [subject]).get(subject)
    said = {
        "made_at": now.isoformat(),
        "basis": KINDS[ApplicationKind.OWN_DATA].clause.zh,
        "name": caller.name,
        "number": number.number if number else None,
        "entries": [_entry(session, ports, view) for view in views],
        "who_looked": [_access(row) for row in accesses_of(session, subject, token=token_of(session, subject), limit=MOST_ACCESSES)],
        "applications": [_application(session, services, item) for item in own_applications(session, caller=caller)],
        "promises": [{"number": one.number, "made_on": one.made_on, "state": one.state} for one in promises_of(session, subject)],
        "told_to_look_again": [
            {"unit": one.unit, "asked_at": one.asked_at, "told_at": one.told_at, "done_at": one.done_at, "outcome": one.outcome}
            for one in notices_about(session, subject)
        ],
    }  # fmt: skip
    _note_handed_out(session, views, caller=caller, now=now)
    return json.dumps(said, ensure_ascii=False, indent=2, default=_plain).encode()


def _entry(session: Session, ports: Ports, view: EntryView) -> dict[str, Any]:
    events = session.scalars(select(RegisterEvent).where(RegisterEvent.entry == view.entry).order_by(RegisterEvent.id))
    shown = {name: value for name, value in asdict(view).items() if name != "subject_id"}
    return {
        **shown,
        "source": "sent by the court" if not view.decision_number else view.decision_number,
        "changes": [
            {"what": one.type, "decided_on": one.decided_on, "clause": one.clause, "document": one.document_number, "reason": one.reason}
            for one in events
        ],
        "holders": [asdict(holder) for holder in ports.holders(session, view.entry)],
    }  # fmt: skip


def _access(row: Any) -> dict[str, Any]:
    return {
        name: getattr(row, name) for name in ("at", "unit", "action", "purpose", "matter", "sector", "act", "outcome")
    }


def _application(session: Session, services: Services, item: Application) -> dict[str, Any]:
    names = ("number", "kind", "ground", "state", "case_number", "court_code", "received_on", "due_on", "served_on")
    return {
        **{name: getattr(item, name) for name in names},
        "statement": statement_of(services, item),
        "papers": [{"name": paper.name, "sha256": paper.sha256} for paper in papers_of(session, services, item)],
        "decision": item.proposal if item.decided_at else None,
        "history": [{"step": one.step, "at": one.at} for one in events_of(session, item)],
    }


def _note_handed_out(session: Session, views: Sequence[EntryView], *, caller: Caller, now: datetime) -> None:
    mine = views[0] if views else None
    note = Application(
        id=new_id(),
        kind=ApplicationKind.OWN_DATA.value,
        ground="copy",
        subject_id=caller.subject_id or "",
        entry=mine.entry if mine else "",
        court_code=mine.court_code if mine else "-",
        case_number=mine.case_number if mine else "",
        state=State.DRAFT.value,
        is_open=False,
        with_court=False,
        version=1,
        created_at=now,
        due_provisional=False,
    )
    session.add(note)
    session.flush()
    write_history(session, note, "draft", caller=caller, now=now)
    take_step(session, note, Step.HAND_OUT, caller=caller, now=now)


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, (date, datetime)) else str(value)
