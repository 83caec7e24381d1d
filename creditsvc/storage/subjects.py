"""Subjects: the only table that holds a debtor's blind-index token and sealed number."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import cast

from sqlalchemy import LargeBinary, String, Table, bindparam, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from creditsvc.kernel.identity import IdentityNumber, NumberType
from creditsvc.storage.base import At, Base, Cell, Code, Instant
from creditsvc.storage.bulk import by_values, insert_alike
from creditsvc.storage.cells import Place
from creditsvc.storage.vault import Vault

_CHUNK = 500


class Subject(Base):
    """Somebody whom entries are about. Matching is by the token of the identity number and by nothing else."""

    __tablename__ = "subject"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    number_type: Mapped[Code]
    token: Mapped[bytes | None] = mapped_column(LargeBinary(16), unique=True)
    number_cell: Mapped[Cell | None]
    created_at: Mapped[At]
    shredded_at: Mapped[datetime | None] = mapped_column(Instant)


_SUBJECT = cast(Table, Subject.__table__)
_BY_TOKEN = select(_SUBJECT.c.id).where(_SUBJECT.c.token == bindparam("token"))


def find_subject(session: Session, vault: Vault, number: IdentityNumber) -> str | None:
    """The subject with this number, or none."""
    found: str | None = session.connection().execute(_BY_TOKEN, {"token": vault.token(number.canonical)}).scalar()
    return found


def find_subjects(session: Session, vault: Vault, numbers: Iterable[IdentityNumber]) -> dict[IdentityNumber, str]:
    """Subjects by number, for those that are known."""
    by_token = {vault.token(number.canonical): number for number in numbers}
    tokens = list(by_token)
    found: dict[IdentityNumber, str] = {}
    for start in range(0, len(tokens), _CHUNK):
        query = select(Subject.token, Subject.id).where(Subject.token.in_(tokens[start : start + _CHUNK]))
        found.update({by_token[bytes(token)]: subject for token, subject in session.execute(query) if token})
    return found


def token_of(session: Session, subject_id: str) -> bytes | None:
    """The blind token of a subject; none for one that is unknown or shredded."""
    return session.scalar(select(Subject.token).where(Subject.id == subject_id))


def subjects_by_token(session: Session, tokens: Iterable[bytes]) -> dict[bytes, str]:
    """Subjects by blind token, for those that are known."""
    rows = by_values(session, "SELECT token, id FROM subject WHERE token", tokens)
    return {bytes(token): subject for token, subject in rows}


SEALED = ("id", "number_type", "token", "number_cell")
"""Columns of a subject's row as ``sealed_subjects`` makes it."""


def sealed_subjects(
    vault: Vault, tokens: Mapping[IdentityNumber, bytes], *, at: datetime
) -> list[tuple[str, str, bytes, bytes]]:
    """Rows of new subjects for these numbers, whose tokens are given: their keys are committed, the rows are not written."""
    made = {number: secrets.token_hex(16) for number in tokens}
    keys = vault.new_keys(made.values(), at=at) if made else {}
    return [
        (subject, number.type.value, tokens[number], vault.seal(keys[subject], _place(subject), number.canonical))
        for number, subject in made.items()
    ]


def keep_subjects(
    session: Session, vault: Vault, numbers: Sequence[IdentityNumber], *, at: datetime
) -> dict[IdentityNumber, str]:
    """Subjects for all these numbers, made where they are not known yet.

    The data keys are committed before the rows; if the caller rolls back, they stay behind unused and a sweep
    removes them.
    """
    found = find_subjects(session, vault, numbers)
    tokens = {number: vault.token(number.canonical) for number in dict.fromkeys(numbers) if number not in found}
    rows = sealed_subjects(vault, tokens, at=at)
    if rows:
        insert_alike(session, Subject, SEALED, rows, {"created_at": at})
    return found | {number: row[0] for number, row in zip(tokens, rows, strict=True)}


def numbers_of(session: Session, vault: Vault, subjects: Iterable[str]) -> dict[str, IdentityNumber]:
    """Clear numbers by subject, for the moment of use; shredded subjects are absent."""
    wanted = list(dict.fromkeys(subjects))
    cells: dict[str, bytes] = {}
    for start in range(0, len(wanted), _CHUNK):
        query = select(Subject.id, Subject.number_cell).where(Subject.id.in_(wanted[start : start + _CHUNK]))
        cells.update({subject: cell for subject, cell in session.execute(query) if cell is not None})
    opened = vault.open_many(cells, table="subject", column="number_cell")
    return {subject: _number(text) for subject, text in opened.items()}


def _number(canonical: str) -> IdentityNumber:
    kind, _, number = canonical.partition(":")
    return IdentityNumber(NumberType(kind), number)


def _place(subject: str) -> Place:
    return Place("subject", "number_cell", subject, subject)
