"""What a chunk of rows would do to the register: each is new, there already, changed, ended, or not lawful.

A change is held against the same law as a decision at the desk (``register.effects``). What is found here is what the
releasing person is shown; the same is asked again when the row is applied.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditsvc.kernel.errors import CreditServiceError
from creditsvc.kernel.text import Bilingual
from creditsvc.register import effects
from creditsvc.register.entries import target
from creditsvc.register.tables import Decision, ResponsibleMark
from creditsvc.services import Services
from creditsvc.storage.subjects import find_subject, keep_subjects
from sync.batch_files import Digests, encoded
from sync.inbound.parse import Outcome
from sync.inbound.records import Fault, InboundChange, InboundOrder, InboundRecord, Severity
from sync.inbound.shapes import Shape
from sync.matching import (
    Standing,
    Standings,
    any_exit_ahead,
    exits_ahead,
    known_listings,
    meant_by,
    order_meant,
    standings_of,
)

SOON = frozenset({"listing-stands"})
"""What may still become true while the batch is applied: the listing of the same case leaves first."""
SAME = frozenset({"nothing-changes", "mark-stands", "officer-stands", "officer-released"})
"""What says that a change has been made already."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of one row. ``state`` is that of its ``BatchRow``; empty if it has none."""

    state: str = ""
    key: bytes = b""
    digest: bytes = b""
    said: bytes = b""
    """The record, encoded."""
    faults: tuple[Fault, ...] = ()
    court_code: str | None = None
    """Of the entry that a change is about; none if there is no such entry yet."""
    rank: int | None = None
    entry: str | None = None
    """The entry that a change is about."""


def judge(
    session: Session, services: Services, digests: Digests, outcomes: Sequence[Outcome], *, reach: str | None, on: date
) -> list[Judged]:
    """Judge rows in order; ``reach`` is the code of the court that sent them."""
    records = [one for one in outcomes if not isinstance(one, tuple) and _may(one, reach)]
    said = {record.row: encoded(record) for record in records}
    made = {record.row: digests.of(record, said[record.row]) for record in records}
    listings = [record for record in records if isinstance(record, InboundRecord)]
    others = [record for record in records if not isinstance(record, InboundRecord)]
    known = known_listings(session, [made[record.row][0] for record in listings])
    keys: dict[int, tuple[bytes, bytes]] = {}
    if any_exit_ahead(session):
        keys = {record.row: ahead_keys(digests, record) for record in records if not isinstance(record, InboundChange)}
    ahead = exits_ahead(session, (key for pair in keys.values() for key in pair))
    standings = standings_of(session, services.vault, others) if others else Standings()
    judged = []
    for one in outcomes:
        if isinstance(one, tuple):
            judged.append(Judged(faults=one))
        elif one.row not in made:
            judged.append(Judged(faults=(not_yours(one.row),)))
        elif isinstance(one, InboundChange):
            found = _change(session, services, standings, one, reach=reach, on=on)
            judged.append(replace(found, key=made[one.row][0], digest=made[one.row][1], said=said[one.row]))
        elif ahead and any(key in ahead for key in keys[one.row]):
            judged.append(Judged(faults=(_fault(one.row, "case_code", "exit-came-first", _CAME_FIRST),)))
        elif isinstance(one, InboundOrder):
            judged.append(_order(services, standings, one, (*made[one.row], said[one.row])))
        else:
            judged.append(_listing(one, (*made[one.row], said[one.row]), known.get(made[one.row][0])))
    return judged


def _may(record: InboundRecord | InboundOrder | InboundChange, reach: str | None) -> bool:
    """Only the listing court, or one above it, decides about an entry (I15): others' rows are refused."""
    return reach is None or not record.court_code or record.court_code.startswith(reach)


def not_yours(row: int) -> Fault:
    """Another court's case."""
    text = Bilingual(
        "不是本院或者下级法院的案件，应由执行法院自行报送", "another court's case: that court must send it itself"
    )
    return _fault(row, "court_name", "court-not-yours", text)


def _fault(row: int, column: str, code: str, text: Bilingual, severity: Severity = "refused") -> Fault:
    return Fault(row, column, column, code, text, severity)


_CAME_FIRST = Bilingual("本记录的移出已先行到达，不再列入", "the exit of this entry came first: it is not listed")
_ENDED = Bilingual(
    "本记录已经移出，不再列入；有新的失信情形的，须另行作出决定（法释〔2017〕7号第十条第三款）",
    "this entry has left the list and is not brought back; a new circumstance needs a new decision (art. 10 para. 3)",
)
_CHANGED = Bilingual(
    "与在册记录内容不同，不直接覆盖；请用更正的格式报送", "it differs from the entry that stands: send a correction"
)
_UNKNOWN = Bilingual("名单中没有本行所说的在册记录", "the register has no such entry")
_AMBIGUOUS = Bilingual(
    "同一案件有多条在册记录，请写明原决定书文号或者限制消费令文号",
    "several entries of the case stand: give the number of the decision or order that made it",
)
_OPEN = Bilingual(
    "该记录在业务页面上已有一件同类决定待复核，请先签批或者驳回",
    "a decision of this kind already waits for this entry at the desk: approve or reject it first",
)
_NOT_OPEN = Bilingual("本系统尚不通过文件办理这类业务，请在业务页面办理", "not dealt with by file; do it at the desk")


def ahead_keys(digests: Digests, record: InboundRecord | InboundOrder) -> tuple[bytes, bytes]:
    """Under which keys an exit of this addition would be remembered."""
    if isinstance(record, InboundRecord):
        return digests.entry_key(record, record.decision_number), digests.entry_key(record, "")
    return digests.order_key(record, record.order_number), digests.order_key(record, "")


def _listing(record: InboundRecord, made: tuple[bytes, bytes, bytes], before: tuple[bytes, bool] | None) -> Judged:
    if before is None:
        return Judged("staged", *made, court_code=record.court_code)
    if not before[1]:
        return Judged(faults=(_fault(record.row, "case_code", "entry-ended", _ENDED),))
    if before[0] == made[1]:
        return Judged("unchanged", *made)
    return Judged("changed", *made, faults=(_fault(record.row, "case_code", "entry-changed", _CHANGED, "quarantine"),))


def _order(services: Services, standings: Standings, order: InboundOrder, made: tuple[bytes, bytes, bytes]) -> Judged:
    found = order_meant(standings, services.vault, order)
    if found is None:
        return Judged("staged", *made, court_code=order.court_code)
    if found.in_force:
        return Judged("unchanged", *made)
    return Judged(faults=(_fault(order.row, "order_number", "entry-ended", _ENDED),))


def _change(
    session: Session, services: Services, standings: Standings, change: InboundChange, *, reach: str | None, on: date
) -> Judged:
    found = meant_by(standings, services.vault, change)
    mine = [one for one in found if reach is None or one.court_code.startswith(reach)]
    is_exit = change.shape == Shape.EXIT.value
    if found and not mine:
        return Judged(faults=(not_yours(change.row),))
    if not mine:
        if is_exit and change.court_code:
            return Judged("staged", rank=0)
        return Judged(faults=(_fault(change.row, "case_code", "entry-unknown", _UNKNOWN),))
    if not mine[0].in_force:
        if is_exit:
            return Judged("unchanged")
        return Judged(faults=(_fault(change.row, "case_code", "entry-ended", _ENDED),))
    if len(mine) > 1:
        return Judged(faults=(_fault(change.row, "decision_number", "entry-ambiguous", _AMBIGUOUS, "quarantine"),))
    return _lawful(session, services, change, mine[0], on=on)


def _lawful(session: Session, services: Services, change: InboundChange, about: Standing, *, on: date) -> Judged:
    """By the same check that a proposal at the desk goes through."""
    if change.kind not in effects.KINDS:
        return Judged(faults=(_fault(change.row, "row_type", "kind-not-open", _NOT_OPEN),))
    try:
        given = officer_changes(session, services, change, about.entry, make_at=None)
        if given is None:  # an officer whom the register does not know yet: asked again when the row is applied
            return Judged("staged", court_code=about.court_code, rank=rank_of(change), entry=about.entry)
        changes = effects.cleaned(change.kind, given)
        effects.check(session, target(session, about.entry), change.kind, change.ground, changes, on=on, final=False)
    except CreditServiceError as problem:
        if problem.code in SAME:
            return Judged("unchanged", court_code=about.court_code)
        if problem.code not in SOON:
            return Judged(
                faults=(_fault(change.row, _COLUMN.get(change.shape, "case_code"), "not-lawful", problem.text),)
            )
    waits = change.shape != Shape.EXIT.value and session.scalar(  # an exit waits for nobody: it overtakes the desk's
        select(Decision.id).where(Decision.entry == about.entry, Decision.open_key == change.kind)
    )
    if waits:
        return Judged(faults=(_fault(change.row, "document_number", "decision-open", _OPEN),))
    return Judged("staged", court_code=about.court_code, rank=rank_of(change), entry=about.entry)


def officer_changes(
    session: Session, services: Services, change: InboundChange, entry: str, *, make_at: datetime | None
) -> dict[str, Any] | None:
    """What a decision about an officer carries: the subject behind the number, or the mark that ends; else the row's own.

    Subjects are made where ``make_at`` is given; without it none for an officer whom the register does not know.
    """
    if change.officer is None:
        return change.changes
    if make_at is not None:
        subject: str | None = keep_subjects(session, services.vault, [change.officer], at=make_at)[change.officer]
    else:
        subject = find_subject(session, services.vault, change.officer)
    said = change.changes
    if change.kind == "release_officer":
        query = select(ResponsibleMark.id).where(
            ResponsibleMark.unit_entry == entry, ResponsibleMark.subject_id == (subject or ""),
            ResponsibleMark.role == said["role"],
        )  # fmt: skip
        return {
            "mark": session.scalar(query.order_by(ResponsibleMark.id.desc()).limit(1)) or 0,
            "to_day": said["to_day"],
        }
    if subject is None:
        return None
    first = said["from_day"] or change.event_on.isoformat()
    return {"subject": subject, "role": said["role"], "name": said["name"], "from_day": first}


_COLUMN = {
    "exit": "exit_ground",
    "extension": "new_end_date",
    "relief": "relief_kind",
    "officer": "officer_role",
    "correction": "new_name",
}


def rank_of(change: InboundChange) -> int:
    """Exits of listings, then of orders (no order is lifted while its listing stands), then changes; additions are last."""
    if change.shape != Shape.EXIT.value:
        return 2
    return 1 if change.about == "consumption_order" else 0
