"""Many at once, never blindly: what is chosen is shown one by one with the law's answer, and only what was shown is done.

Each is a transaction of its own: one that is refused keeps none of the others back, and the page says which and why.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from creditsvc.access.permissions import Permission, open_to
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import Conflict, CreditServiceError, InvalidInput
from creditsvc.kernel.text import Bilingual
from creditsvc.register import approving, decisions, effects
from creditsvc.register.desk_blueprint import blueprint
from creditsvc.register.desk_decisions import changes_shown, ground_label
from creditsvc.register.entries import Target, in_reach, matter, target
from creditsvc.register.kinds import KINDS
from creditsvc.register.policy import ExitGround
from creditsvc.web.context import caller, services
from creditsvc.web.pages import render

MOST = 100
"""Chosen at once: more than a person can look at is no preview."""


@dataclass(frozen=True, slots=True)
class Line:
    """One of many: what it is called, where it is, and the law's answer or what came of it."""

    key: str
    name: str
    case_number: str
    entry: str
    said: Bilingual
    fine: bool
    decision: int | None = None
    digest: str = ""
    details: tuple[tuple[Bilingual, object], ...] = ()


@blueprint.post("/bulk/removals")
@open_to(Permission.DECISION_PROPOSE)
def preview_removals() -> ResponseReturnValue:
    """Entries whose term has ended, each held against the law before anything is proposed."""
    today = legal_day(services().clock.now())
    with services().database.reading() as session:
        lines = [_removal(session, entry) for entry in _chosen("entry")]
    return render("register/bulk_removals.html", lines=lines, done=False, today=today, errors={})


def _removal(session: Session, entry: str) -> Line:
    about = in_reach(target(session, entry), caller())
    try:
        effects.check(
            session,
            about,
            "remove_listing",
            ExitGround.TERM_ENDED.value,
            {},
            on=legal_day(services().clock.now()),
            final=False,
        )
    except (Conflict, InvalidInput) as wrong:
        return Line(entry, about.row.name, about.row.case_number, entry, wrong.text, fine=False)
    clause = ExitGround.TERM_ENDED.clause
    text = Bilingual(
        f"期限至 {about.until} 已届满，可以提出删除（{clause}）",
        f"the term ended on {about.until}: may be proposed ({clause})",
    )
    return Line(entry, about.row.name, about.row.case_number, entry, text, fine=True)


@blueprint.post("/bulk/removals/propose")
@open_to(Permission.DECISION_PROPOSE)
def propose_removals() -> ResponseReturnValue:
    """Propose the removal of every entry that was shown."""
    now, lines = services().clock.now(), []
    document = request.form.get("document_number", "").strip()[:128]
    if not document:
        with services().database.reading() as session:
            shown = [_removal(session, entry) for entry in _chosen("entry")]
        wrong = {"document_number": Bilingual("请填写文书号", "give the document's number")}
        return render("register/bulk_removals.html", lines=shown, done=False, today=legal_day(now), errors=wrong), 422
    for entry in _chosen("entry"):
        lines.append(_proposed(entry, document, now))
    return render("register/bulk_removals.html", lines=lines, done=True, today=legal_day(now), errors={})


def _proposed(entry: str, document: str, now: datetime) -> Line:
    with services().database.reading() as session:
        about = in_reach(target(session, entry), caller())
    name, case = about.row.name, about.row.case_number
    try:
        with services().database.writing() as session:
            made = decisions.propose(session, _term_draft(about, document, now), caller=caller(), now=now)
            number = made.id
    except CreditServiceError as wrong:
        return Line(entry, name, case, entry, wrong.text, fine=False)
    return Line(
        entry,
        name,
        case,
        entry,
        Bilingual("已提出，待另一人签批", "proposed; another person signs"),
        fine=True,
        decision=number,
    )


def _term_draft(about: Target, document: str, now: datetime) -> decisions.Draft:
    until = about.until or legal_day(now)
    return decisions.Draft(
        kind="remove_listing",
        entry=about.entry,
        ground=ExitGround.TERM_ENDED.value,
        clause=ExitGround.TERM_ENDED.clause,
        event_on=until,
        known_on=until,
        reason=f"纳入期限至 {until} 届满",
        document_number=document,
    )


@blueprint.post("/bulk/approvals")
@open_to(Permission.DECISION_APPROVE)
def preview_approvals() -> ResponseReturnValue:
    """Decisions side by side, in full: what is signed is what stands here."""
    with services().database.reading() as session:
        lines = [_waiting(session, int(number)) for number in _chosen("decision") if number.isdigit()]
    return render("register/bulk_approvals.html", lines=lines, done=False)


def _waiting(session: Session, number: int) -> Line:
    row = decisions.decision_of(session, number)
    about = in_reach(matter(session, row.entry), caller())
    draft = decisions.draft_of(row)
    own = row.proposer_person == caller().person
    said = (
        Bilingual("这是您提出的决定，须由另一人签批", "you proposed this: another person signs")
        if own
        else KINDS[row.kind].label
    )
    details: list[tuple[Bilingual, object]] = [
        (Bilingual("决定", "Decision"), KINDS[row.kind].label), (Bilingual("理由", "Ground"), ground_label(row.kind, draft.ground)),
        (Bilingual("依据", "Clause"), draft.clause), (Bilingual("文书号", "Document"), draft.document_number),
        (Bilingual("情形发生日", "It happened on"), draft.event_on.isoformat()),
        (Bilingual("法院确认日", "The court knew on"), draft.known_on.isoformat()),
        (Bilingual("说明", "Reasons"), draft.reason),
    ]  # fmt: skip
    details += [
        (label, after if after is not None else "—") for label, _, after in changes_shown(session, about, draft)
    ]
    return Line(
        str(number), about.row.name, about.row.case_number, about.entry, said, fine=row.state == decisions.OPEN and not own,
        decision=number, digest=row.digest, details=tuple(details),
    )  # fmt: skip


@blueprint.post("/bulk/approvals/sign")
@open_to(Permission.DECISION_APPROVE)
def sign_approvals() -> ResponseReturnValue:
    """Sign each decision that was shown and ticked, bound to the digest of what was shown."""
    now = services().clock.now()
    lines = [_signed(int(number), now) for number in _chosen("decision") if number.isdigit()]
    return render("register/bulk_approvals.html", lines=lines, done=True)


def _signed(number: int, now: datetime) -> Line:
    with services().database.reading() as session:
        row = decisions.decision_of(session, number)
        about = in_reach(matter(session, row.entry), caller())
        name, case, entry = about.row.name, about.row.case_number, about.entry
    try:
        with services().database.writing() as session:
            shown = request.form.get(f"digest-{number}", "")
            approving.approve(session, services(), number, shown_digest=shown, caller=caller(), now=now)
    except CreditServiceError as wrong:
        return Line(str(number), name, case, entry, wrong.text, fine=False, decision=number)
    return Line(
        str(number),
        name,
        case,
        entry,
        Bilingual("已签批，立即生效", "signed; in force at once"),
        fine=True,
        decision=number,
    )


def _chosen(field: str) -> list[str]:
    return list(dict.fromkeys(request.form.getlist(field)))[:MOST]
