"""Letters about an entry at the desk: issued from what the register holds, read again, delivered, served, withdrawn."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from creditsvc.access.permissions import Permission, open_to
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import Conflict, CreditServiceError, InvalidInput, NotFound
from creditsvc.kernel.text import Bilingual
from creditsvc.papers import delivery, issuing
from creditsvc.papers.delivery_states import Channel, DeliveryState, Service
from creditsvc.papers.issuing import PaperOrder, PaperState
from creditsvc.papers.tables import Delivery, Paper
from creditsvc.register import letters
from creditsvc.register.decisions import APPROVED
from creditsvc.register.entries import in_reach, matter, reaches, unknown_entry
from creditsvc.register.letters import LETTERS, Asked, Row, Source
from creditsvc.register.tables import Decision
from creditsvc.register.task_kinds import LETTERS_OF
from creditsvc.storage.subjects import numbers_of
from creditsvc.tasks.queue import close_tasks
from creditsvc.web.context import caller, ports, services
from creditsvc.web.errors import status_for
from creditsvc.web.pages import render

blueprint = Blueprint("desk_papers", __name__, url_prefix="/desk", template_folder="templates")
NUMBER = "<int(min=0,max=9223372036854775807):number>"


@blueprint.get("/listings/<entry>/papers")
@open_to(Permission.LISTING_READ)
def papers(entry: str) -> ResponseReturnValue:
    """Every paper about an entry with its deliveries, and what can be issued now."""
    return _page(entry, {})


def _page(entry: str, errors: dict[str, Bilingual], *, asked: str = "") -> str:
    with services().database.reading() as session:
        row = in_reach(matter(session, entry), caller()).row
        issued = issuing.papers_about(session, entry=entry)
        sent = delivery.deliveries_of(session, entry=entry)
        return render(
            "register/papers.html", row=row, papers=issued, ready=letters.ready(source_of(session, row)), errors=errors,
            asked=asked or request.form.get("letter", ""), form=request.form, states=PaperState, delivery_states=DeliveryState,
            deliveries={paper.id: [each for each in sent if each.paper_id == paper.id] for paper in issued},
            channels={each.value: each.label for each in Channel}, ways={each.value: each for each in Service},
            today=legal_day(services().clock.now()),
            open_form=request.form.get("delivery") or request.form.get("paper"),
        )  # fmt: skip


def source_of(session: Session, row: Row) -> Source:
    """What the letters about a row may draw on."""
    number = numbers_of(session, services().vault, [row.subject_id]).get(row.subject_id)
    about = [row.entry, *filter(None, [getattr(row, "candidate", None)])]
    made = session.scalars(
        select(Decision).where(Decision.entry.in_(about), Decision.state == APPROVED).order_by(Decision.id.desc())
    )
    stood = [PaperState.VALID.value, PaperState.ENDED.value, PaperState.REVOKED.value]
    valid = select(Paper).where(Paper.entry == row.entry, Paper.state.in_(stood)).order_by(Paper.id)
    return Source(
        row,
        number.masked if number else "",
        f"{services().settings.public_url}/portal/",
        tuple(made),
        {paper.kind: paper.number for paper in session.scalars(valid)},
    )


@blueprint.post("/listings/<entry>/papers")
@open_to(Permission.LETTER_ISSUE)
def issue(entry: str) -> ResponseReturnValue:
    """Issue one letter: numbered and signed at once; an earlier one of the kind to the same addressee is superseded."""
    code, now = request.form.get("letter", ""), services().clock.now()
    try:
        with services().database.writing() as session:
            row = in_reach(matter(session, entry), caller()).row
            made = issue_letter(session, row, code, now)
    except NotFound:
        raise
    except CreditServiceError as wrong:
        return _page(entry, {str(wrong.details.get("field", "")): wrong.text}), status_for(type(wrong))
    return redirect(url_for("desk_papers.papers", entry=entry, _anchor=f"paper-{made.id}"), 303)


def issue_letter(
    session: Session, row: Row, code: str, now: datetime, *, decision_id: int | None = None
) -> issuing.IssuedPaper:
    """The letter of this code about a row, and the matters that it settles. Raises ``Conflict`` and ``InvalidInput``.

    ``decision_id``: the one decision that it tells, where it is issued for one.
    """
    source = source_of(session, row)
    letter = LETTERS.get(code)
    if letter is None or not letter.ready(source):
        raise Conflict(
            Bilingual("现在不能出具这种文书", "this letter can't be issued now"),
            code="letter-not-ready",
            field="letter",
        )
    asked = Asked(**{name: _asked_for(name) for name in letter.asks})
    order = PaperOrder(
        letter.kind, row.court_code, row.name, letter.data(source, asked), entry=row.entry, subject_id=row.subject_id,
        decision_id=decision_id, supersedes=not letter.asks,
    )  # fmt: skip
    paper = issuing.issue(session, services(), order, caller=caller(), now=now)
    if settled := [kind.value for kind, codes in LETTERS_OF.items() if letter.kind.code in codes]:
        close_tasks(session, entry=row.entry, outcome=f"letter_{letter.kind.code}", now=now, kinds=settled)
    return paper


def _asked_for(name: str) -> str:
    text = request.form.get(name, "").strip()[:128]
    if not text:
        raise InvalidInput(Bilingual("请填写这一项", "fill this in"), code="letter-field", field=name)
    return text


@blueprint.get(f"/papers/{NUMBER}.pdf")
@open_to(Permission.LISTING_READ)
def download(number: int) -> Response:
    """The signed file, to print or to send."""
    with services().database.reading() as session:
        paper = paper_in_reach(session, number)
        pdf = issuing.copy_of(session, services(), paper)
    response = Response(pdf, mimetype="application/pdf")
    # the number is not plain ASCII, and a name of a file is nobody's secret: kind and serial are enough
    response.headers["Content-Disposition"] = f'inline; filename="{paper.kind}-{paper.year}-{paper.serial:05d}.pdf"'
    return response


def paper_in_reach(session: Session, number: int) -> Paper:
    """A paper of the caller's court or one below it. Raises ``NotFound``."""
    paper = session.get(Paper, number)
    if paper is None or not reaches(caller(), paper.court_code):
        raise unknown_entry()
    return paper


@blueprint.post(f"/papers/{NUMBER}/revoke")
@open_to(Permission.DECISION_APPROVE)
def revoke(number: int) -> ResponseReturnValue:
    """Withdraw a paper that was issued by mistake: the public page says so from now on."""
    with services().database.reading() as session:
        paper = paper_in_reach(session, number)
    reason = request.form.get("reason", "").strip()[:512]
    try:
        if not reason:
            raise InvalidInput(
                Bilingual("请填写撤销理由", "give the reason"), code="reason-missing", field=f"reason-{number}"
            )
        with services().database.writing() as session:
            issuing.revoke(session, paper.number, reason=reason, caller=caller(), now=services().clock.now())
    except (Conflict, InvalidInput) as wrong:
        return _page(paper.entry or "", {str(wrong.details.get("field", "")): wrong.text}), status_for(type(wrong))
    return _back(paper.entry, paper.id)


@blueprint.post(f"/papers/{NUMBER}/deliveries")
@open_to(Permission.LETTER_ISSUE)
def deliver(number: int) -> ResponseReturnValue:
    """Send word of a paper by one channel, or note that it goes on paper."""
    with services().database.reading() as session:
        paper = paper_in_reach(session, number)
    try:
        with services().database.writing() as session:
            delivery.queue(session, services(), _message(paper), now=services().clock.now())
    except InvalidInput as wrong:
        field = f"address-{number}" if wrong.details.get("field") == "address" else ""
        return _page(paper.entry or "", {field: wrong.text}), status_for(type(wrong))
    return _back(paper.entry, paper.id)


def _message(paper: Paper) -> delivery.Message:
    known = {each.value for each in Channel}
    channel = request.form.get("channel", "")
    if channel not in known:
        raise InvalidInput(Bilingual("请选择送达方式", "choose a way"), code="channel", field="address")
    court, address = issuing.court_name(paper.court_code), f"{services().settings.public_url}/portal/"
    return delivery.Message(
        Channel(channel),
        purpose=paper.kind,
        court_code=paper.court_code,
        title=Bilingual(f"{court}：{paper.title_zh}", f"{court}: {paper.title_en}"),
        body=Bilingual(
            f"{court}向您出具了《{paper.title_zh}》，编号 {paper.number}。请登录 {address} 查看，或者到法院领取。文书真伪可在 "
            f"{issuing.verification_address(services(), paper.number)} 核验。",
            f"{court} has issued “{paper.title_en}”, number {paper.number}. Sign in at {address} to read it, or fetch it at the court.",
        ),
        address=request.form.get("address", "").strip()[:256] if channel in {"mail", "sms"} else "",
        paper_id=paper.id,
        subject_id=paper.subject_id,
        entry=paper.entry,
        consented=request.form.get("consented") == "1",
    )  # fmt: skip


@blueprint.post(f"/deliveries/{NUMBER}")
@open_to(Permission.LETTER_ISSUE)
def settle_delivery(number: int) -> ResponseReturnValue:
    """Served on a day and in a way, come back, or to be tried again."""
    with services().database.reading() as session:
        row = delivery.delivery_of(session, number)
        if not reaches(caller(), row.court_code):
            raise unknown_entry()
    try:
        with services().database.writing() as session:
            _settle(session, number, services().clock.now())
    except (Conflict, InvalidInput) as wrong:
        return _page(row.entry or "", {f"served_on-{number}": wrong.text}), status_for(type(wrong))
    return _back(row.entry, row.paper_id)


def _settle(session: Session, number: int, now: datetime) -> Delivery | None:
    go = request.form.get("go", "")
    if go == "served":
        how = request.form.get("how", "")
        if how not in {each.value for each in Service}:
            raise InvalidInput(Bilingual("请选择送达方式", "choose how it was served"), code="service-way")
        on = _day(request.form.get("served_on", ""))
        served = delivery.note_served(session, number, on=on, how=Service(how), caller=caller(), now=now)
        ports().served(session, served, now=now)
        return None
    if go == "failed":
        return delivery.note_failed(session, number, trouble="returned", caller=caller(), now=now)
    return delivery.send_again(session, number, caller=caller(), now=now)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInput(
            Bilingual("请填写送达日期，如 2026-03-01", "give the day of service, such as 2026-03-01"), code="day-shape"
        ) from None


def _back(entry: str | None, paper: Any) -> ResponseReturnValue:
    return redirect(url_for("desk_papers.papers", entry=entry, _anchor=f"paper-{paper}"), 303)
