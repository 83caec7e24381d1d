"""Certificates of one's own entries that have left, in the portal: made on request, kept to be fetched again, with their proof."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from creditsvc.access.permissions import Permission, open_to
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import Conflict, NotFound, Unavailable
from creditsvc.kernel.text import Bilingual
from creditsvc.papers.issuing import PaperState, copy_of, paper_of, papers_about
from creditsvc.web.context import caller, ports, services
from creditsvc.web.pages import render
from repair.certificates import holders_in_words, issue_removal, issue_repair, proof_bundle
from repair.entries import EntryView, own_entry

blueprint = Blueprint("certificates", __name__, url_prefix="/portal/entries", template_folder="templates")


@blueprint.get("/<entry>/certificates")
@open_to(Permission.APPLICATION_OWN)
def page(entry: str) -> ResponseReturnValue:
    """What can be certified about one entry, what has been, and who has let go."""
    return _page(entry, {})


@blueprint.post("/<entry>/certificates")
@open_to(Permission.APPLICATION_OWN)
def make(entry: str) -> ResponseReturnValue:
    """Issue one."""
    kind, now = request.form.get("kind", ""), services().clock.now()
    try:
        with services().database.writing() as session:
            view = _own(session, entry)
            if kind == "repair":
                paper = issue_repair(session, services(), view, application=None, caller=caller(), now=now)
            elif kind == "removal":
                paper = issue_removal(session, services(), view, caller=caller(), now=now)
            else:
                raise NotFound(Bilingual("没有这种证明", "no such certificate"), code="certificate-kind")
    except (Conflict, Unavailable) as refused:
        return _page(entry, {"kind": refused.text}), 409 if isinstance(refused, Conflict) else 503
    return redirect(url_for("certificates.page", entry=entry, issued=paper.number), 303)


@blueprint.get("/<entry>/certificates/<number>")
@open_to(Permission.APPLICATION_OWN)
def pdf(entry: str, number: str) -> Response:
    """One certificate as a PDF."""
    with services().database.reading() as session:
        view = _own(session, entry)
        found = paper_of(session, number)
        if found.entry != view.entry or found.kind not in {"REMOVAL", "REPAIR"}:
            raise NotFound(Bilingual("没有这份文书", "no such paper"), code="paper-unknown")
        return _download(copy_of(session, services(), found), "application/pdf", f"{found.kind}-{found.serial:05d}.pdf")


@blueprint.get("/<entry>/proof")
@open_to(Permission.APPLICATION_OWN)
def proof(entry: str) -> Response:
    """The proof as one file, as of now. It holds no personal data."""
    with services().database.reading() as session:
        made = proof_bundle(session, services(), _own(session, entry), now=services().clock.now())
    return _download(made.bundle, "application/json", made.filename)


def _own(session: Session, entry: str) -> EntryView:
    return own_entry(session, caller().subject_id or "", entry, on=legal_day(services().clock.now()))


def _page(entry: str, errors: dict[str, Bilingual]) -> str:
    with services().database.reading() as session:
        view = _own(session, entry)
        papers: list[Any] = [
            (paper, PaperState(paper.state).label)
            for paper in papers_about(session, entry=view.entry)
            if paper.kind in {"REMOVAL", "REPAIR"}
        ]
        holders = holders_in_words(ports().holders(session, view.entry))
        return render(
            "repair/certificates.html", view=view, papers=papers, holders=holders, errors=errors,
            issued=request.args.get("issued", ""),
        )  # fmt: skip


def _download(content: bytes, mimetype: str, name: str) -> Response:
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }
    return Response(content, mimetype=mimetype, headers=headers)
