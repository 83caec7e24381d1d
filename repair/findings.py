"""What the court has found about a case, on record with who, when and by which paper; the newest of each kind counts.

The policy reads them (``facts.py``): a way off the list then says "open" or "not open" where it could only leave it to a
person. Nothing is removed by a finding alone: two people still decide.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditsvc.access.actors import names_of
from creditsvc.access.audit import record
from creditsvc.access.callers import Caller
from creditsvc.access.permissions import Permission
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import InvalidInput
from creditsvc.kernel.text import Bilingual
from repair.entries import LISTING, EntryView
from repair.policy.findings import FINDINGS, Finding
from repair.tables import CaseFact

MAX_NUMBER = 120


@dataclass(frozen=True, slots=True)
class FoundFact:
    """One thing that was found, as it is shown."""

    fact: str
    name: Bilingual
    value: Bilingual
    event_on: date
    document_number: str
    by: str
    at: datetime
    counts: bool
    """Whether it is the newest of its kind."""


def findings_for(view: EntryView) -> Mapping[str, Finding]:
    """What may be found about such an entry."""
    return {
        code: one for code, one in FINDINGS.items() if one.of_orders is None or one.of_orders is (view.kind != LISTING)
    }


def record_finding(
    session: Session,
    view: EntryView,
    *,
    fact: str,
    value: str,
    event_on: date | None,
    document_number: str,
    caller: Caller,
    now: datetime,
) -> CaseFact:
    """Put one finding on record; an earlier one of the kind stays and no longer counts. Raises ``InvalidInput``."""
    caller.require(Permission.APPLICATION_WORK)
    known = findings_for(view)
    if fact not in known:
        raise _wrong("fact", "请选择查明的事项", "choose what was found")
    if value not in known[fact].values:
        raise _wrong("value", "请选择查明的结果", "choose the result")
    if event_on is None or event_on > legal_day(now):
        raise _wrong(
            "event_on", "请填写事实发生的日期，不能晚于今天", "give the day on which it happened, not after today"
        )
    number = document_number.strip()
    if not number or len(number) > MAX_NUMBER:
        raise _wrong(
            "document_number", "请填写所依据的文书或者材料编号", "give the number of the paper that it rests on"
        )
    row = CaseFact(
        entry=view.entry, fact=fact, value=value, event_on=event_on, document_number=number, actor=caller.actor, at=now
    )
    session.add(row)
    session.flush()
    record(session, action="finding.recorded", caller=caller, object=view.entry, at=now,
           details={"fact": fact, "value": value, "document": number})  # fmt: skip
    return row


def findings_of(session: Session, view: EntryView) -> Sequence[FoundFact]:
    """Everything that was found about the entry's case, the newest first."""
    rows = session.scalars(select(CaseFact).where(CaseFact.entry == view.entry).order_by(CaseFact.id.desc())).all()
    names, seen, shown = names_of(session, [row.actor for row in rows]), set[str](), []
    for row in rows:
        known = FINDINGS.get(row.fact)
        if known is None or row.value not in known.values:
            continue
        shown.append(
            FoundFact(
                row.fact, known.name, known.values[row.value], row.event_on, row.document_number,
                names.get(row.actor, row.actor), row.at, row.fact not in seen,
            )
        )  # fmt: skip
        seen.add(row.fact)
    return shown


def _wrong(field: str, zh: str, en: str) -> InvalidInput:
    return InvalidInput(Bilingual(zh, en), code="field-missing", field=field)
