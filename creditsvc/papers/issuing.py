"""A paper issued: numbered, set, signed, sealed and recorded in one transaction; later superseded or revoked.

The caller commits. What a paper says is the feature's; that it can be verified is the house's.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any
from urllib.parse import quote

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditsvc.access.audit import record
from creditsvc.access.callers import Caller
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import Conflict, Gone, NotFound
from creditsvc.kernel.load import courts
from creditsvc.kernel.text import Bilingual
from creditsvc.papers.numbers import next_serial, printed_number
from creditsvc.papers.qr import qr
from creditsvc.papers.signer import current_signer
from creditsvc.papers.signing import sign_pdf
from creditsvc.papers.tables import Paper, PaperCopy
from creditsvc.papers.typesetting import Standard, Template, render, said
from creditsvc.services import Services
from creditsvc.storage.cells import Place, seal, unseal


class PaperState(StrEnum):
    """Whether a paper still says what holds."""

    VALID = "valid"
    SUPERSEDED = "superseded"
    ENDED = "ended"
    REVOKED = "revoked"

    @property
    def label(self) -> Bilingual:
        """What the public page calls it."""
        return {
            "valid": Bilingual("有效", "valid"),
            "superseded": Bilingual("已由新的文书替代", "superseded by a newer paper"),
            "ended": Bilingual("真实，但所载事项已经终结", "genuine, but what it says has ended"),
            "revoked": Bilingual("已撤销", "revoked"),
        }[self.value]


@dataclass(frozen=True, slots=True)
class PaperKind:
    """A kind of paper: two to eight capitals that stand in its numbers, its title, its template."""

    code: str
    title: Bilingual
    template: Template
    standard: Standard = "a-2b"
    """``a-3b`` for a template that attaches a file."""


@dataclass(frozen=True, slots=True)
class PaperOrder:
    """What is to be issued. ``data`` is what the template reads; ``paper`` in it is filled in here."""

    kind: PaperKind
    court_code: str
    addressee: str
    """Name of the person or unit that it is about: only its first character is kept in clear."""
    data: Mapping[str, Any] = field(repr=False)
    entry: str | None = None
    application: str | None = None
    decision_id: int | None = None
    subject_id: str | None = None
    """Whose key seals the copy; none for a paper about nobody in the register."""
    language: str = "zh"
    supersedes: bool = False
    """Whether an earlier valid paper of this kind about the same entry or application is thereby superseded."""


@dataclass(frozen=True, slots=True)
class IssuedPaper:
    """What was issued. ``pdf`` is the signed file."""

    id: int
    number: str
    digest: str
    pdf: bytes = field(repr=False)


def issue(session: Session, services: Services, order: PaperOrder, *, caller: Caller, now: datetime) -> IssuedPaper:
    """Issue a paper. Raises ``GlyphMissing``, and ``Unavailable`` without the extra ``pdf``."""
    year = legal_day(now).year
    serial = next_serial(session, court_code=order.court_code, kind=order.kind.code, year=year)
    number = printed_number(
        services.keyring, court_code=order.court_code, kind=order.kind.code, year=year, serial=serial
    )
    court = court_name(order.court_code)
    data = {**order.data, "paper": house_data(services, order.kind.title, number, court=court, now=now)}
    pdf = render(
        order.kind.template, data, order.language, at=now, font_folder=services.settings.paper_fonts,
        standard=order.kind.standard,
    )  # fmt: skip
    signed = sign_pdf(pdf, current_signer(session, services, now=now), at=now, reason=order.kind.title.zh, place=court)
    row = Paper(
        number=number, court_code=order.court_code, kind=order.kind.code, year=year, serial=serial,
        title_zh=order.kind.title.zh, title_en=order.kind.title.en, hint=hint_of(order.addressee), entry=order.entry,
        application=order.application, decision_id=order.decision_id, subject_id=order.subject_id,
        state=PaperState.VALID.value, digest=sha256(signed).hexdigest(), size=len(signed), issued_at=now,
        issued_by=caller.actor,
    )  # fmt: skip
    if order.supersedes:
        _supersede(session, order, by=number, now=now)
    session.add(row)
    session.flush()
    session.add(PaperCopy(paper_id=row.id, cell=_sealed(services, row, signed)))
    record(
        session, action="paper.issued", caller=caller, object=number, at=now,
        details={"kind": row.kind, "entry": row.entry, "application": row.application, "digest": row.digest},
    )  # fmt: skip
    return IssuedPaper(row.id, number, row.digest, signed)


def house_data(services: Services, title: Bilingual, number: str, *, court: str, now: datetime) -> dict[str, Any]:
    """What the house layout puts on every paper: head, day, number, code, foot."""
    today = legal_day(now)
    address = verification_address(services, number)
    return {
        "title": said(title),
        "number": number,
        "court": court,
        "day": {"zh": f"{today.year}年{today.month}月{today.day}日", "en": f"{today.day} {today:%B} {today.year}"},
        "address": address,
        "qr": qr(quote(address, safe=":/")),
        "foot": {
            "zh": "扫描二维码或者在下列网址输入文书编号，可核验本文书是否有效；电子签名可用常用 PDF 阅读软件查验。",
            "en": "Scan the code, or enter the number at this address, to see whether this paper is valid.",
        },
    }


def verification_address(services: Services, number: str) -> str:
    """The public page of a number."""
    return f"{services.settings.public_url}/verify/{number}"


def court_name(code: str) -> str:
    """The court's name as it stands on papers; the code itself for one that is not in the table."""
    found = courts().by_code(code)
    return found.name if found else code


def hint_of(name: str) -> str:
    """The first character, then a star a character: 王小明 → 王＊＊."""
    tidy = name.strip()
    return (tidy[:1] + "＊" * min(len(tidy) - 1, 12))[:64]


def paper_of(session: Session, number: str) -> Paper:
    """The paper with this number; raises ``NotFound``."""
    row = session.scalar(select(Paper).where(Paper.number == number))
    if row is None:
        raise NotFound(Bilingual("没有这份文书", "no such paper"), code="paper-unknown")
    return row


def papers_about(session: Session, *, entry: str | None = None, application: str | None = None) -> Sequence[Paper]:
    """Papers of an entry or of an application, newest first."""
    column, value = (Paper.entry, entry) if entry is not None else (Paper.application, application)
    return session.scalars(select(Paper).where(column == value).order_by(Paper.id.desc()).limit(200)).all()


def copy_of(session: Session, services: Services, paper: Paper) -> bytes:
    """The signed file. Raises ``Gone`` when the person's data have been destroyed."""
    cell = session.scalar(select(PaperCopy.cell).where(PaperCopy.paper_id == paper.id))
    key = _key(services, paper)
    if cell is None or key is None:
        raise Gone(
            Bilingual("该文书的内容已依法销毁", "the paper's contents have been destroyed by law"),
            code="paper-destroyed",
        )
    return unseal(key, _place(paper), cell)


def revoke(session: Session, number: str, *, reason: str, caller: Caller, now: datetime) -> Paper:
    """Say that a paper no longer holds. Raises ``Conflict`` if it was already superseded or revoked."""
    row = session.scalars(select(Paper).where(Paper.number == number).with_for_update()).one_or_none()
    row = row or paper_of(session, number)
    if row.state != PaperState.VALID.value:
        raise Conflict(Bilingual("该文书已不是有效状态", "the paper is no longer valid"), code="paper-state")
    row.state, row.changed_at, row.change_reason = PaperState.REVOKED.value, now, reason[:512]
    record(session, action="paper.revoked", caller=caller, object=number, at=now)
    return row


def end_papers(
    session: Session, *, entry: str, kinds: Collection[str], revoked: bool, reason: str, now: datetime
) -> int:
    """Valid papers of these kinds about an entry no longer hold, since the entry has ended or was revoked; how many."""
    query = select(Paper).where(Paper.entry == entry, Paper.kind.in_(kinds), Paper.state == PaperState.VALID.value)
    rows = session.scalars(query.with_for_update()).all()
    for row in rows:
        row.state = (PaperState.REVOKED if revoked else PaperState.ENDED).value
        row.changed_at, row.change_reason = now, reason[:512]
    return len(rows)


def _supersede(session: Session, order: PaperOrder, *, by: str, now: datetime) -> None:
    query = select(Paper).where(Paper.kind == order.kind.code, Paper.state == PaperState.VALID.value)
    about = [
        column == value
        for column, value in ((Paper.entry, order.entry), (Paper.application, order.application))
        if value
    ]
    if not about:
        return
    for row in session.scalars(query.where(*about).with_for_update()):
        row.state, row.changed_at, row.replaced_by = PaperState.SUPERSEDED.value, now, by


def _key(services: Services, paper: Paper) -> bytes | None:
    if paper.subject_id is None:
        return services.keyring.secret("papers/copy/1")
    return services.vault.keys_of([paper.subject_id]).get(paper.subject_id)


def _place(paper: Paper) -> Place:
    return Place("paper_copy", "cell", str(paper.id), paper.subject_id or "")


def _sealed(services: Services, paper: Paper, pdf: bytes) -> bytes:
    key = _key(services, paper)
    if key is None:
        raise Gone(
            Bilingual("当事人的信息已依法销毁", "the person's data have been destroyed by law"), code="paper-destroyed"
        )
    return seal(key, services.keyring.kid, _place(paper), pdf)
