"""Letters for many at once: whatever was decided lately and nobody has a letter about, shown first, then issued and printed.

Each letter is a transaction of its own, as at the entry's own page; one that can't be issued keeps none of the others back.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Response, request
from flask.typing import ResponseReturnValue
from sqlalchemy import and_, case, or_, select
from sqlalchemy.orm import Session

from creditsvc.access.callers import Caller
from creditsvc.access.permissions import Permission, open_to
from creditsvc.kernel.errors import CreditServiceError
from creditsvc.kernel.text import Bilingual
from creditsvc.papers import issuing
from creditsvc.papers.issuing import PaperState
from creditsvc.papers.tables import Paper
from creditsvc.register.decisions import APPROVED
from creditsvc.register.desk_blueprint import blueprint
from creditsvc.register.desk_papers import issue_letter, paper_in_reach, source_of
from creditsvc.register.desk_queries import names_of
from creditsvc.register.entries import in_reach, matter
from creditsvc.register.kinds import KINDS
from creditsvc.register.letters import LETTERS
from creditsvc.register.tables import Decision
from creditsvc.web.context import caller, services
from creditsvc.web.pages import render

MOST = 50
"""Issued at once: each is typeset and signed, a tenth of a second."""
DAYS = {str(days): Bilingual(f"近 {days} 日", f"last {days} days") for days in (7, 30, 90)}
LETTER_OF: Mapping[str, str] = {
    "decide_listing": "LD", "refuse_listing": "RF", "issue_order": "CO", "grant_grace": "GP", "correct_listing": "CN",
    "extend_listing": "EX", "remove_listing": "RN", "revoke_listing": "RV", "lift_order": "OL", "revoke_order": "OL",
    "grant_temporary_lift": "RE", "grant_single_approval": "RE", "grant_single_lift": "RE",
}  # fmt: skip
"""The letter that tells a decision to whom it concerns. Those to others need an addressee: they are issued one by one."""


@dataclass(frozen=True, slots=True)
class Owed:
    """A decision without its letter, or what came of issuing it."""

    decision: int
    entry: str
    name: str
    kind: Bilingual
    letter: Bilingual
    settled_at: datetime | None
    said: Bilingual | None = None
    """Why it can't be issued; none where it can or was."""
    paper: int | None = None


@blueprint.get("/letters")
@open_to(Permission.LETTER_ISSUE)
def letters_owed() -> ResponseReturnValue:
    """Decisions of late that no letter tells of, newest first; each held against what the letter needs."""
    days = request.args.get("days", "")
    days = days if days in DAYS else next(iter(DAYS))
    code = request.args.get("letter", "")
    with services().database.reading() as session:
        since = services().clock.now() - timedelta(days=int(days))
        found = owed(session, caller(), since=since, letter=code if code in _OPTIONS else "")
        names = names_of(session, [each.entry for each in found])
        lines = [_line(session, each, names) for each in found[:MOST]]
    return render(
        "register/bulk_letters.html", lines=lines, done=False, more=len(found) > MOST, most=MOST, days=days, choices=DAYS,
        letter=code, options=_OPTIONS,
    )  # fmt: skip


_OPTIONS = {code: LETTERS[code].kind.title for code in sorted(set(LETTER_OF.values()))}


def owed(session: Session, who: Caller, *, since: datetime, letter: str = "") -> Sequence[Decision]:
    """Approved decisions since an instant in the caller's reach whose letter was not issued after them; one more than ``MOST``."""
    code = case(LETTER_OF, value=Decision.kind)
    told = select(Paper.id).where(
        Paper.entry == Decision.entry, Paper.kind == code,
        # one that was issued at the entry's own page names no decision: it tells all that were made before
        or_(Paper.decision_id == Decision.id, and_(Paper.decision_id.is_(None), Paper.issued_at >= Decision.settled_at)),
        or_(Paper.state == PaperState.VALID.value, Paper.state == PaperState.ENDED.value),
    )  # fmt: skip
    kinds = [kind for kind, its in LETTER_OF.items() if not letter or its == letter]
    query = select(Decision).where(
        and_(Decision.state == APPROVED, Decision.kind.in_(kinds), Decision.settled_at >= since),
        Decision.court_code.startswith(who.court_code or "-"), ~told.exists(),
    )  # fmt: skip
    return session.scalars(query.order_by(Decision.settled_at.desc(), Decision.id.desc()).limit(MOST + 1)).all()


def _line(session: Session, row: Decision, names: Mapping[str, str]) -> Owed:
    code = LETTER_OF[row.kind]
    letter, source = LETTERS[code], source_of(session, matter(session, row.entry).row)
    newest = next((each.id for each in source.decisions if LETTER_OF.get(each.kind) == code), row.id)
    why = None
    if newest != row.id:
        why = Bilingual(
            "此后又有同类决定，文书只写最新一次；请到记录页核对是否另行告知",
            "decided again since, and the letter tells the latest alone: see at the entry whether this one was told",
        )
    elif not letter.ready(source):
        why = Bilingual("此后情况已变，现在不能出具", "things have changed since: it can't be issued now")
    return Owed(
        row.id,
        row.entry,
        names.get(row.entry, row.entry),
        KINDS[row.kind].label,
        letter.kind.title,
        row.settled_at,
        why,
    )


@blueprint.post("/letters")
@open_to(Permission.LETTER_ISSUE)
def issue_letters() -> ResponseReturnValue:
    """Issue the letter of each decision that was ticked; then all of them can be fetched in one file."""
    chosen = [
        int(each) for each in dict.fromkeys(request.form.getlist("decision")) if each.isdigit() and len(each) < 19
    ]
    now = services().clock.now()
    with services().database.reading() as session:
        # whoever names what is out of reach gets nothing of the rest either: no page of ours does that
        for number in chosen[:MOST]:
            row = session.get(Decision, number)
            in_reach(matter(session, row.entry if row is not None else "-"), caller())
    lines = [_issued(number, now) for number in chosen[:MOST]]
    return render("register/bulk_letters.html", lines=lines, done=True)


def _issued(number: int, now: datetime) -> Owed:
    with services().database.reading() as session:
        row = session.get_one(Decision, number)
        line = _line(session, row, names_of(session, [row.entry]))
    if line.said is not None:
        return line
    try:
        with services().database.writing() as session:
            row = session.get_one(Decision, number, with_for_update=True)
            if not _is_owed(session, row):
                told = Bilingual("已经出具过", "it has been issued already")
                return Owed(number, line.entry, line.name, line.kind, line.letter, line.settled_at, told)
            about = in_reach(matter(session, row.entry), caller()).row
            made = issue_letter(session, about, LETTER_OF[row.kind], now, decision_id=number)
    except CreditServiceError as wrong:
        return Owed(number, line.entry, line.name, line.kind, line.letter, line.settled_at, wrong.text)
    return Owed(number, line.entry, line.name, line.kind, line.letter, line.settled_at, None, made.id)


def _is_owed(session: Session, row: Decision) -> bool:
    """Whether it is still without its letter: two people may have had the same page open."""
    if row.state != APPROVED or row.kind not in LETTER_OF or row.settled_at is None:
        return False
    found = owed(session, caller(), since=row.settled_at, letter=LETTER_OF[row.kind])
    return any(each.id == row.id for each in found)


@blueprint.get("/letters/print.zip")
@open_to(Permission.LISTING_READ)
def print_letters() -> Response:
    """The signed files of some papers in one, to print."""
    numbers = list(dict.fromkeys(request.args.getlist("paper", type=int)))[:MOST]
    file = io.BytesIO()
    with services().database.reading() as session, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for number in numbers:
            paper = paper_in_reach(session, number)
            name = f"{paper.kind}-{paper.year}-{paper.serial:05d}.pdf"
            archive.writestr(name, issuing.copy_of(session, services(), paper))
    response = Response(file.getvalue(), mimetype="application/zip")
    response.headers["Content-Disposition"] = 'attachment; filename="letters.zip"'
    return response
