"""Who answers for a listed unit: marked and released with their days by the court, never listed for it (I03)."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from creditsvc.kernel.errors import Conflict, InvalidInput
from creditsvc.kernel.text import Bilingual
from creditsvc.register.effects_shared import Asked, Changer, Checker, Made
from creditsvc.register.entries import Target
from creditsvc.register.tables import ResponsibleMark
from creditsvc.storage.subjects import Subject
from punishment_rules.law import DebtorKind


def _nameable(session: Session, about: Target, asked: Asked) -> None:
    row, subject, role = about.row, asked.changes["subject"], asked.changes["role"]
    if row.debtor_kind != DebtorKind.ORGANISATION.value:
        raise Conflict(
            Bilingual("只有单位的记录可以标注责任人员", "only a unit has officers"), code="officer-of-person"
        )
    if subject == row.subject_id or session.get(Subject, subject) is None:
        raise InvalidInput(
            Bilingual("请填写责任人员的证件号码", "give the officer's number"), code="officer-number", field="changes"
        )
    standing = select(ResponsibleMark.id).where(
        ResponsibleMark.unit_entry == about.entry, ResponsibleMark.subject_id == subject, ResponsibleMark.role == role,
        or_(ResponsibleMark.to_day.is_(None), ResponsibleMark.to_day >= asked.day("from_day")),
    )  # fmt: skip
    if session.scalar(standing.limit(1)):
        raise Conflict(Bilingual("该人员已有这一标注", "this mark stands already"), code="officer-stands")


def _mark(session: Session, about: Target, asked: Asked) -> ResponsibleMark:
    row = session.get(ResponsibleMark, asked.changes["mark"])
    if row is None or row.unit_entry != about.entry:
        raise Conflict(Bilingual("没有这一标注", "there is no such mark"), code="officer-unknown")
    return row


def _releasable(session: Session, about: Target, asked: Asked) -> None:
    row = _mark(session, about, asked)
    if row.to_day is not None or asked.day("to_day") < row.from_day:
        raise Conflict(
            Bilingual("标注已解除，或者解除日早于标注日", "released already, or before it began"),
            code="officer-released",
        )


def _name(session: Session, about: Target, made: Made) -> None:
    changes = made.changes
    session.add(
        ResponsibleMark(
            unit_entry=about.entry, subject_id=changes["subject"], role=changes["role"], name=changes["name"],
            from_day=made.day("from_day"), to_day=None, decision_number=made.decision.draft["document_number"],
        )
    )  # fmt: skip


def _release(session: Session, about: Target, made: Made) -> None:
    row = session.get(ResponsibleMark, made.changes["mark"])
    if row is not None:
        row.to_day = made.day("to_day")


CHECKS: Mapping[str, Checker] = {"name_officer": _nameable, "release_officer": _releasable}
CHANGES: Mapping[str, Changer] = {"name_officer": _name, "release_officer": _release}
