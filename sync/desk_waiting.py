"""The desk of rows that wait: see why, complete what is missing by its paper, have a second person agree, or send back."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Select, cast, func, or_, select
from sqlalchemy import String as Text
from sqlalchemy.orm import Session

from creditsvc.access.permissions import Permission, open_to
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import Conflict, Gone, InvalidInput, NotAllowed
from creditsvc.kernel.load import courts
from creditsvc.kernel.sheets.write import safe
from creditsvc.kernel.text import Bilingual
from creditsvc.web.context import caller, services
from creditsvc.web.errors import status_for
from creditsvc.web.pages import render
from sync.inbound.load import codes, columns
from sync.tables_intake import LISTED, PROPOSED, RETURNED, WAITING, BatchFault, WaitingRow
from sync.waiting import NUMBERS, Shown, agree, complete, faults_of, send_back, shown, waiting_row, waiting_rows

blueprint = Blueprint("waiting", __name__, url_prefix="/desk/waiting", template_folder="templates")

PAGE = 50
ROW = "<int(min=0,max=9223372036854775807):number>"
STATES = {
    WAITING: (Bilingual("待补正", "waiting"), "warning"),
    PROPOSED: (Bilingual("已补正，待复核", "completed, for a second person"), "info"),
    LISTED: (Bilingual("已生效", "in force"), "good"),
    RETURNED: (Bilingual("已退回", "sent back"), "neutral"),
}
OPEN = "open"
"""The filter of rows that are not settled."""


def _asked() -> dict[str, str]:
    names = ("state", "code", "court", "batch")
    found = {name: request.args.get(name, "").strip()[:64] for name in names}
    return found | {"state": found["state"] or OPEN}


def _filtered(asked: dict[str, str]) -> Select[WaitingRow]:
    query = waiting_rows(caller())
    if asked["state"] == OPEN:
        query = query.where(WaitingRow.state.in_([WAITING, PROPOSED]))
    elif asked["state"] in STATES:
        query = query.where(WaitingRow.state == asked["state"])
    if asked["code"] in codes():
        query = query.where(cast(WaitingRow.codes, Text).contains(f'"{asked["code"]}"'))
    if asked["court"]:
        court = courts().by_code(asked["court"]) or courts().resolve(asked["court"])
        query = query.where(WaitingRow.court_code.startswith(court.code if court else asked["court"]))
    if asked["batch"].isascii() and asked["batch"].isdigit():
        query = query.where(WaitingRow.batch_id == min(int(asked["batch"]), 2**62))
    return query


@blueprint.get("/")
@open_to(Permission.LISTING_READ)
def index() -> ResponseReturnValue:
    """Rows that wait, oldest first, with filters."""
    asked, after = _asked(), max(0, min(request.args.get("after", 0, type=int), 2**62))
    with services().database.reading() as session:
        query = _filtered(asked)
        rows = session.scalars(query.where(WaitingRow.id > after).order_by(WaitingRow.id).limit(PAGE + 1)).all()
        total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
        return render(
            "sync/waiting.html", rows=rows[:PAGE], states=STATES, asked=asked, total=total, codes=_codes(), named=_named(rows),
            next=rows[PAGE - 1].id if len(rows) > PAGE else None,
        )  # fmt: skip


def _codes() -> dict[str, Bilingual]:
    return {name: code.text for name, code in codes().items() if code.fate == "quarantine"}


def _named(rows: Sequence[WaitingRow]) -> dict[str, str]:
    found = {row.court_code: courts().by_code(row.court_code) for row in rows}
    return {code: court.name if court else code for code, court in found.items()}


@blueprint.get("/export.csv")
@open_to(Permission.LISTING_READ)
def export() -> ResponseReturnValue:
    """What is filtered, as a file: where each row stands and what is wrong with it; nobody's number."""
    made = services()
    query = _filtered(_asked())

    def lines() -> Iterator[bytes]:
        yield b"\xef\xbb\xbf" + _line(
            ("批次", "行号", "法院", "状态", "代码", "说明", "In English", "依据", "退回理由")
        )
        after = 0
        while True:
            with made.database.reading() as session:
                rows = session.scalars(query.where(WaitingRow.id > after).order_by(WaitingRow.id).limit(500)).all()
                faults = _faults(session, rows)
            for row in rows:
                mine = faults.get((row.batch_id, row.row_number), [])
                said = ("；".join(fault.zh for fault in mine), "; ".join(fault.en for fault in mine))
                yield _line((row.batch_id, row.row_number, row.court_code, STATES[row.state][0].zh, " ".join(row.codes), *said,
                             row.document or "", row.reason or ""))  # fmt: skip
            if len(rows) < 500:
                return
            after = rows[-1].id

    return Response(
        lines(), content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="waiting-rows.csv"', "Cache-Control": "no-store"},
    )  # fmt: skip


def _faults(session: Session, rows: Sequence[WaitingRow]) -> dict[tuple[int, int], list[BatchFault]]:
    found: dict[tuple[int, int], list[BatchFault]] = {}
    places: dict[int, list[int]] = {}
    for row in rows:
        places.setdefault(row.batch_id, []).append(row.row_number)
    wanted = [(BatchFault.batch_id == batch) & BatchFault.row_number.in_(numbers) for batch, numbers in places.items()]
    if wanted:
        for fault in session.scalars(select(BatchFault).where(or_(*wanted)).order_by(BatchFault.id)):
            found.setdefault((fault.batch_id, fault.row_number), []).append(fault)
    return found


def _line(cells: Sequence[Any]) -> bytes:
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow([safe(str(cell)) for cell in cells])
    return line.getvalue().encode()


@blueprint.get(f"/{ROW}")
@open_to(Permission.LISTING_READ)
def one(number: int) -> ResponseReturnValue:
    """One row: what it says, why it waits, and what can be done."""
    return _page(number, {})


def _page(number: int, errors: dict[str, Bilingual]) -> str:
    with services().database.reading() as session:
        row = waiting_row(session, number, caller=caller())
        gone = None
        try:
            seen = shown(services(), session, row, on=legal_day(services().clock.now()))
        except Gone as over:
            seen, gone = Shown(row, {}, {}, ()), over.text
        labels = {column.name: column.zh for column in columns()}
        return render(
            "sync/waiting_row.html", row=row, states=STATES, faults=faults_of(session, row), left=seen.faults, errors=errors,
            gone=gone, cells=_lines(seen), missing=_missing(seen), labels=labels, advice=codes(), named=_named([row]),
            own=row.proposed_person == caller().person, may_complete=caller().may(Permission.BATCH_IMPORT),
            may_agree=caller().may(Permission.BATCH_RELEASE), form=request.form,
        )  # fmt: skip


def _lines(seen: Shown) -> list[tuple[str, str, str]]:
    """Column, what came, what was filled in; numbers masked."""
    names = [column.name for column in columns() if column.name in seen.cells.keys() | seen.supplement.keys()]
    return [
        (name, _masked(name, seen.cells.get(name, "")), _masked(name, seen.supplement.get(name, ""))) for name in names
    ]


def _masked(name: str, text: str) -> str:
    """A number shows its ends alone, so that it can be told from another and not be taken away."""
    if name not in NUMBERS or len(text) < 8:
        return text
    return "\n".join(f"{part[:6]}{'*' * max(0, len(part) - 10)}{part[-4:]}" for part in text.split("\n"))


def _missing(seen: Shown) -> list[tuple[str, str]]:
    """Columns that a person has to fill in, each with what it holds now (a number is typed anew)."""
    columns_at_fault = dict.fromkeys(fault.column for fault in seen.faults if fault.column)
    return [
        (name, "" if name in NUMBERS else seen.supplement.get(name, seen.cells.get(name, "")))
        for name in columns_at_fault
    ]


@blueprint.post(f"/{ROW}/complete")
@open_to(Permission.BATCH_IMPORT)
def complete_one(number: int) -> ResponseReturnValue:
    """Fill in what is missing."""
    given = {name.removeprefix("fill_"): text for name, text in request.form.items() if name.startswith("fill_")}
    try:
        with services().database.writing() as session:
            complete(services(), session, number, given, document=request.form.get("document", ""), caller=caller(),
                     now=services().clock.now())  # fmt: skip
    except InvalidInput as wrong:
        faults: dict[str, dict[str, str]] = wrong.details.get("faults", {})
        errors = {f"fill_{name}": Bilingual(text["zh"], text["en"]) for name, text in faults.items()}
        return _page(number, errors or {str(wrong.details.get("field", "")): wrong.text}), 422
    except (Conflict, Gone, NotAllowed) as wrong:
        return _page(number, {"": wrong.text}), status_for(type(wrong))
    return redirect(url_for("waiting.one", number=number), 303)


@blueprint.post(f"/{ROW}/agree")
@open_to(Permission.BATCH_RELEASE)
def agree_one(number: int) -> ResponseReturnValue:
    """The second person's agreement."""
    try:
        with services().database.writing() as session:
            agree(services(), session, number, shown_digest=request.form.get("digest", ""), caller=caller(),
                  now=services().clock.now())  # fmt: skip
    except (Conflict, Gone, InvalidInput, NotAllowed) as wrong:
        return _page(number, {"": wrong.text}), status_for(type(wrong))
    return redirect(url_for("waiting.one", number=number), 303)


@blueprint.post(f"/{ROW}/return")
@open_to(Permission.BATCH_IMPORT)
def return_one(number: int) -> ResponseReturnValue:
    """Back to its sender."""
    try:
        with services().database.writing() as session:
            send_back(
                session, number, reason=request.form.get("reason", ""), caller=caller(), now=services().clock.now()
            )
    except (Conflict, InvalidInput) as wrong:
        return _page(number, {str(wrong.details.get("field", "")): wrong.text}), status_for(type(wrong))
    return redirect(url_for("waiting.one", number=number), 303)
