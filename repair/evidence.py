"""Uploaded papers: checked by content, sealed in files of their own, opened only for those who may see them.

The bytes never touch the disk in clear. Each file has a key of its own, sealed under the person's data key: when that
person is shredded, every paper is. A file is written before its row is committed; what no row names is swept.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from creditsvc.kernel.errors import NotFound, TooLarge
from creditsvc.kernel.text import Bilingual
from creditsvc.services import Services
from creditsvc.storage.cells import CellDamaged, Place, seal, unseal
from repair.policy.files import MAX_FILES, MediaType, clean_name, recognise
from repair.policy.strip import strip_jpeg, strip_png
from repair.tables import Application, Evidence

_KEY_BYTES = 32
_ORPHAN_AGE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Paper:
    """One paper as its readers see it in a list."""

    id: str
    name: str
    media_type: str
    size: int
    sha256: str
    uploaded_at: datetime
    turned: int = 0
    """Degrees clockwise by which a photograph is turned to stand upright."""


def add_paper(
    session: Session, services: Services, application: Application, *, name: str, content: bytes, now: datetime
) -> Evidence:
    """Check, seal and keep one file; the same bytes twice are kept once. Photographs lose their metadata first; a PDF and
    an OFD are kept whole, since a signature in them is part of the proof.

    Raises ``InvalidInput``, ``TooLarge`` or ``UnsupportedFile`` with a text for the person.
    """
    media_type = recognise(content, name=name)
    original, turned = hashlib.sha256(content).hexdigest(), 0
    if media_type is MediaType.JPEG:
        content, turned = strip_jpeg(content)
    elif media_type is MediaType.PNG:
        content = strip_png(content)
    digest = hashlib.sha256(content).hexdigest()
    standing = session.scalar(_standing(application.id).where(Evidence.sha256 == digest))
    if standing:
        return standing
    count = session.scalar(select(func.count()).select_from(_standing(application.id).subquery())) or 0
    if count >= MAX_FILES:
        raise TooLarge(
            Bilingual(f"最多上传 {MAX_FILES} 个文件", f"at most {MAX_FILES} files can be added"), code="evidence-count"
        )
    row = _sealed_row(
        services, application, name=clean_name(name, media_type), media_type=media_type, content=content, now=now
    )
    row.original_sha256, row.turned = original, turned
    session.add(row)
    return row


def _sealed_row(
    services: Services, application: Application, *, name: str, media_type: MediaType, content: bytes, now: datetime
) -> Evidence:
    paper, subject = secrets.token_hex(16), application.subject_id
    subject_key = services.vault.keys_of([subject])[subject]
    key, kid = secrets.token_bytes(_KEY_BYTES), services.keyring.kid
    _write(_path(services, paper), seal(key, kid, _place(paper, subject, "file"), content))
    return Evidence(
        id=paper,
        application_id=application.id,
        subject_id=subject,
        name_cell=seal(subject_key, kid, _place(paper, subject, "name_cell"), name.encode()),
        key_cell=seal(subject_key, kid, _place(paper, subject, "key_cell"), key),
        media_type=media_type.value,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        uploaded_at=now,
    )


def papers_of(session: Session, services: Services, application: Application) -> Sequence[Paper]:
    """The papers of an application, in order of upload; none if the person has been shredded."""
    rows = session.scalars(_standing(application.id).order_by(Evidence.uploaded_at, Evidence.id)).all()
    key = services.vault.keys_of([application.subject_id]).get(application.subject_id)
    if key is None:
        return ()
    return [
        Paper(
            row.id,
            unseal(key, _place(row.id, row.subject_id, "name_cell"), row.name_cell).decode(),
            row.media_type,
            row.size,
            row.sha256,
            row.uploaded_at,
            row.turned,
        )
        for row in rows
    ]


def open_paper(session: Session, services: Services, application: Application, paper: str) -> tuple[Paper, bytes]:
    """One paper with its bytes; raises ``NotFound`` also when it belongs to another application."""
    found = {item.id: item for item in papers_of(session, services, application)}.get(paper)
    row = session.get(Evidence, paper)
    if found is None or row is None:
        raise NotFound(Bilingual("没有这份材料", "there is no such paper"), code="evidence-unknown")
    subject_key = services.vault.keys_of([row.subject_id])[row.subject_id]
    key = unseal(subject_key, _place(paper, row.subject_id, "key_cell"), row.key_cell)
    content = unseal(key, _place(paper, row.subject_id, "file"), _path(services, paper).read_bytes())
    if hashlib.sha256(content).hexdigest() != row.sha256:
        raise CellDamaged
    return found, content


def drop_paper(session: Session, application: Application, paper: str, *, now: datetime) -> None:
    """Take a paper out of a draft; its file is swept later."""
    row = session.scalar(_standing(application.id).where(Evidence.id == paper))
    if row is None:
        raise NotFound(Bilingual("没有这份材料", "there is no such paper"), code="evidence-unknown")
    row.removed_at = now


def sweep(services: Services, now: datetime) -> int:
    """Delete files that no row names and files of papers that were taken out; younger than a day are left alone."""
    folder = services.settings.evidence
    if not folder.exists():
        return 0
    with services.database.reading() as session:
        kept = set(session.scalars(select(Evidence.id).where(Evidence.removed_at.is_(None))))
    gone = 0
    for path in folder.glob("??/*"):
        old = path.stat().st_mtime < (now - _ORPHAN_AGE).timestamp()
        if path.name not in kept and old:
            path.unlink(missing_ok=True)
            gone += 1
    return gone


def _standing(application: str) -> Select[Evidence]:
    return select(Evidence).where(Evidence.application_id == application, Evidence.removed_at.is_(None))


def _place(paper: str, subject: str, column: str) -> Place:
    return Place("evidence", column, paper, subject)


def _path(services: Services, paper: str) -> Path:
    return services.settings.evidence / paper[:2] / paper


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
