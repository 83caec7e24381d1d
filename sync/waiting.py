"""Rows that lack what the law wants wait here: completed by one person from a paper, agreed to by another, or sent back.

Nothing is invented: what is filled in names the paper that it was taken from. A completed row goes through the same
reading and the same law as if the file had had it, and takes effect in the transaction of the second person's agreement.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from creditsvc.access import audit
from creditsvc.access.callers import Caller
from creditsvc.access.permissions import Permission
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import Conflict, InvalidInput, NotAllowed, NotFound
from creditsvc.kernel.load import courts
from creditsvc.kernel.text import Bilingual
from creditsvc.register.entries import reaches
from creditsvc.services import Services
from sync.applying import Additions
from sync.applying_changes import decide
from sync.batch_files import Digests, open_cells, original_key, seal_cells
from sync.inbound.cells import Row
from sync.inbound.columns import Plan
from sync.inbound.load import columns
from sync.inbound.parse import read_row
from sync.inbound.records import Fault, Inbound, InboundChange
from sync.inbound.shapes import Shape
from sync.judging import Judged, judge
from sync.tables_intake import LISTED, PROPOSED, RETURNED, UNREADABLE, WAITING, WITHDRAWN, Batch, BatchFault, WaitingRow

SHAPE = "_shape"
"""Under which name the sealed cells keep the shape of their file; no column is called so."""
NUMBERS = frozenset({"id_number", "legal_rep_id", "officer_id"})
"""Columns that are shown masked, and filled in anew rather than edited."""
LONGEST = 20_000


@dataclass(frozen=True, slots=True)
class Shown:
    """A row as the person who works on it sees it."""

    row: WaitingRow
    cells: dict[str, str]
    supplement: dict[str, str]
    faults: tuple[Fault, ...]
    """What is still wrong with it, the supplement counted."""


def waiting_rows(caller: Caller) -> Select[WaitingRow]:
    """Rows of files that count, within the caller's reach."""
    gone = select(Batch.id).where(Batch.state.in_([WITHDRAWN, UNREADABLE]))
    reach = caller.court_code if caller.court_code is not None else "-"
    sent = select(Batch.id).where(Batch.court_code.startswith(reach))
    return select(WaitingRow).where(WaitingRow.batch_id.in_(sent), WaitingRow.batch_id.not_in(gone))


def waiting_row(session: Session, number: int, *, caller: Caller, to_change: bool = False) -> WaitingRow:
    """One of them; raises ``NotFound`` also for one out of reach."""
    query = select(WaitingRow).where(WaitingRow.id == number)
    row = session.scalar(query.with_for_update() if to_change else query)
    batch = session.get(Batch, row.batch_id) if row is not None else None
    if (
        row is None
        or batch is None
        or batch.state in {WITHDRAWN, UNREADABLE}
        or not reaches(caller, batch.court_code or "")
    ):
        raise NotFound(Bilingual("没有这一行", "no such row"), code="row-unknown")
    return row


def shown(services: Services, session: Session, row: WaitingRow, *, on: date) -> Shown:
    """What the row says, what was filled in, and what is wrong now. Raises ``Gone`` when its time is over."""
    cells, supplement = _opened(services, row)
    outcome, judged = _read(services, session, row, cells | supplement, on=on)
    if row.state not in {WAITING, PROPOSED}:
        return Shown(row, cells, supplement, ())
    faults = outcome if isinstance(outcome, tuple) else judged.faults
    return Shown(row, cells, supplement, faults)


def complete(
    services: Services,
    session: Session,
    number: int,
    given: Mapping[str, str],
    *,
    document: str,
    caller: Caller,
    now: datetime,
) -> WaitingRow:
    """Fill in what is missing, by a paper. Raises ``InvalidInput`` while the row still lacks something, by column."""
    caller.require(Permission.BATCH_IMPORT)
    row = waiting_row(session, number, caller=caller, to_change=True)
    _still_open(row)
    if not document.strip():
        raise InvalidInput(
            Bilingual("请写明补正所依据的文书或者证件", "name the paper that it is taken from"),
            code="document-missing",
            field="document",
        )
    supplement = _cleaned(given)
    if not supplement:
        raise InvalidInput(
            Bilingual("没有填写任何补正内容", "nothing was filled in"), code="supplement-empty", field=""
        )
    cells, _ = _opened(services, row)
    outcome, judged = _read(services, session, row, cells | supplement, on=legal_day(now))
    faults = outcome if isinstance(outcome, tuple) else judged.faults
    if faults:
        texts = {fault.column: {"zh": fault.text.zh, "en": fault.text.en, "code": fault.code} for fault in faults}
        raise InvalidInput(
            Bilingual("补正后仍有问题，请按栏目改正", "something is still wrong; see the columns"),
            code="row-faulty",
            field="",
            faults=texts,
        )
    key = original_key(services, row.batch_id)
    row.supplement = seal_cells(key, f"{row.batch_id}:{row.row_number}:supplement", supplement)
    row.document, row.state = document.strip()[:256], PROPOSED
    row.proposed_by, row.proposed_person, row.proposed_role, row.proposed_at = (
        caller.actor,
        caller.person,
        caller.role,
        now,
    )
    row.digest = _digest(services, row, cells | supplement)
    session.flush()
    _journal(session, "row.completed", row, caller, now, columns=sorted(supplement))
    return row


def agree(
    services: Services, session: Session, number: int, *, shown_digest: str, caller: Caller, now: datetime
) -> WaitingRow:
    """The second person's agreement: the row takes effect. Raises ``NotAllowed``, ``Conflict``."""
    caller.require(Permission.BATCH_RELEASE)
    row = waiting_row(session, number, caller=caller, to_change=True)
    if row.state != PROPOSED:
        raise Conflict(
            Bilingual("这一行不在待复核状态", "this row does not wait for a second person"),
            code="row-state",
            state=row.state,
        )
    if caller.person == row.proposed_person:
        raise NotAllowed(
            Bilingual(
                "补正人不能复核自己的补正，须由另一人", "whoever completed it can't agree to it; another person must"
            ),
            code="same-person",
        )
    cells, supplement = _opened(services, row)
    if shown_digest != row.digest or row.digest != _digest(services, row, cells | supplement):
        raise Conflict(Bilingual("内容已变动，请重新核对", "it has changed; look again"), code="row-changed")
    outcome, judged = _read(services, session, row, cells | supplement, on=legal_day(now))
    if isinstance(outcome, tuple) or judged.faults or judged.state != "staged":
        first = (outcome if isinstance(outcome, tuple) else judged.faults)[:1]
        text = first[0].text if first else Bilingual("该记录已经在册", "the entry is there already")
        raise Conflict(
            Bilingual(f"现在不能生效：{text.zh}", f"it can't take effect now: {text.en}"), code="row-not-lawful"
        )
    _take_effect(services, session, row, outcome, judged, caller=caller, now=now)
    row.state, row.sealed, row.supplement = LISTED, None, None
    row.settled_by, row.settled_person, row.settled_at = caller.actor, caller.person, now
    session.flush()
    _journal(session, "row.listed", row, caller, now, columns=sorted(supplement))
    return row


def send_back(session: Session, number: int, *, reason: str, caller: Caller, now: datetime) -> WaitingRow:
    """Give it back to its sender with a reason; its cells are forgotten, the fault stays."""
    caller.require(Permission.BATCH_IMPORT)
    row = waiting_row(session, number, caller=caller, to_change=True)
    _still_open(row)
    if not reason.strip():
        raise InvalidInput(Bilingual("请写明退回的理由", "say why it goes back"), code="reason-missing", field="reason")
    row.state, row.reason, row.sealed, row.supplement = RETURNED, reason.strip()[:2000], None, None
    row.settled_by, row.settled_at = caller.actor, now
    session.flush()
    _journal(session, "row.returned", row, caller, now, columns=[])
    return row


def faults_of(session: Session, row: WaitingRow) -> list[BatchFault]:
    """What was wrong with it when it came."""
    query = select(BatchFault).where(BatchFault.batch_id == row.batch_id, BatchFault.row_number == row.row_number)
    return list(session.scalars(query.order_by(BatchFault.id)))


def _still_open(row: WaitingRow) -> None:
    if row.state not in {WAITING, PROPOSED}:
        raise Conflict(Bilingual("这一行已经办结", "this row is settled"), code="row-state", state=row.state)


def _opened(services: Services, row: WaitingRow) -> tuple[dict[str, str], dict[str, str]]:
    if row.sealed is None:
        return {}, {}
    key, label = original_key(services, row.batch_id), f"{row.batch_id}:{row.row_number}"
    supplement = open_cells(key, f"{label}:supplement", row.supplement) if row.supplement else {}
    return open_cells(key, label, row.sealed), supplement


def _cleaned(given: Mapping[str, str]) -> dict[str, str]:
    known = {column.name for column in columns() if column.is_read}
    return {name: text.strip()[:LONGEST] for name, text in given.items() if name in known and text.strip()}


def _read(
    services: Services, session: Session, row: WaitingRow, cells: Mapping[str, str], *, on: date
) -> tuple[Inbound | tuple[Fault, ...], Judged]:
    """What the row becomes with these cells, and what that would do to the register."""
    outcome = read_row(as_row(row.row_number, cells), courts=courts(), received_on=on)
    if isinstance(outcome, tuple):
        return outcome, Judged()
    batch = session.get_one(Batch, row.batch_id)
    return outcome, judge(session, services, Digests(services), [outcome], reach=batch.court_code, on=on)[0]


def as_row(number: int, cells: Mapping[str, str]) -> Row:
    """Cells by our columns as a row; a cell of several numbers is as many cells."""
    values: list[str] = []
    places: dict[str, tuple[int, ...]] = {}
    for column, text in cells.items():
        if column != SHAPE:
            parts = text.split("\n") if column in NUMBERS else [text]
            places[column] = tuple(range(len(values), len(values) + len(parts)))
            values += parts
    shape = cells.get(SHAPE) or ""
    return Row(number, values, Plan(places, {}, Shape(shape) if shape else None))


def _take_effect(
    services: Services,
    session: Session,
    row: WaitingRow,
    record: Inbound,
    judged: Judged,
    *,
    caller: Caller,
    now: datetime,
) -> None:
    if isinstance(record, InboundChange):
        proposer = Caller(
            caller.kind, account_id=_account(row.proposed_by), person=row.proposed_person or "", role=row.proposed_role or "",
            court_code=caller.court_code, permissions=caller.permissions | {Permission.DECISION_PROPOSE},
        )  # fmt: skip
        decide(services, session, record, judged.entry or "", proposer=proposer, approver=caller, now=now)
        return
    Additions(services, row.batch_id, None, now).add(session, record, (judged.key, judged.digest))


def _account(actor: str | None) -> int | None:
    number = (actor or "").rpartition(":")[2]
    return int(number) if number.isdecimal() else None


def _digest(services: Services, row: WaitingRow, cells: Mapping[str, str]) -> str:
    """Of what is shown, the paper and every cell; keyed, since numbers in clear are in it."""
    said = json.dumps([row.id, row.document, sorted(cells.items())], ensure_ascii=False, separators=(",", ":"))
    return hmac.digest(services.keyring.secret("row/waiting/1"), said.encode(), "sha256").hex()


def _journal(session: Session, action: str, row: WaitingRow, caller: Caller, now: datetime, **details: Any) -> None:
    audit.record(
        session, action=action, caller=caller, object=f"batch:{row.batch_id}:{row.row_number}", at=now,
        details={"document": row.document, "codes": row.codes, **details},
    )  # fmt: skip
