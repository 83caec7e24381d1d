"""Which decisions are possible about an entry now: the law is asked, and what it closes is shown with its reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditsvc.kernel.errors import Conflict, InvalidInput
from creditsvc.kernel.text import Bilingual
from creditsvc.register import effects
from creditsvc.register.entries import Matter
from creditsvc.register.kinds import KINDS, Kind
from creditsvc.register.tables import ConsumptionOrder, Decision, Relief, ResponsibleMark
from punishment_rules.law import DebtorKind

GROUPS: tuple[tuple[Bilingual, tuple[str, ...]], ...] = (
    (Bilingual("列入", "Listing"), ("decide_listing", "refuse_listing", "grant_grace", "publish_listing", "enter_nonpublic",
                                   "withhold_listing", "lapse_listing", "issue_order")),
    (Bilingual("退出", "Leaving"), ("remove_listing", "revoke_listing", "lift_order", "revoke_order")),
    (Bilingual("更正与延长", "Correcting and extending"), ("correct_listing", "correct_order", "extend_listing")),
    (Bilingual("放宽", "Reliefs"), ("grant_temporary_lift", "grant_single_approval", "grant_single_lift", "end_relief")),
    (Bilingual("责任人员", "Who answers for the unit"), ("name_officer", "release_officer")),
)  # fmt: skip
MARKING = Bilingual("标注", "Marks")


@dataclass(frozen=True, slots=True)
class Offer:
    """A kind of decision about an entry: open, waiting for its second person, or closed with the reason why."""

    kind: str
    rule: Kind
    closed: Bilingual | None = None
    waiting: int | None = None
    """The open decision of this kind."""


def offers(session: Session, about: Matter, *, on: date) -> Sequence[tuple[Bilingual, Sequence[Offer]]]:
    """By group, in the order in which a court meets them; groups with nothing are left out."""
    waiting = {
        row.open_key: row.id
        for row in session.scalars(
            select(Decision).where(Decision.entry == about.entry, Decision.open_key.is_not(None))
        )
    }
    grouped = {kind for _, kinds in GROUPS for kind in kinds}
    rest = tuple(kind for kind in KINDS if kind not in grouped)
    found = []
    for label, kinds in (*GROUPS, (MARKING, rest)):
        here = [
            _offer(session, about, kind, on, waiting.get(kind)) for kind in kinds if _sensible(session, about, kind)
        ]
        if shown := [offer for offer in here if offer is not None]:
            found.append((label, shown))
    return found


def _offer(session: Session, about: Matter, kind: str, on: date, waiting: int | None) -> Offer | None:
    rule = KINDS[kind]
    if about.kind not in rule.about or not _step_possible(session, about, kind, on):
        return None
    if waiting is not None:
        return Offer(kind, rule, waiting=waiting)
    if rule.grounds:
        reasons = [_refusal(session, about, kind, str(ground.value), on) for ground in rule.grounds]
        return Offer(kind, rule, closed=None if None in reasons else reasons[0])
    if rule.must or (rule.fields and kind not in {"lift_order"} and not kind.startswith("mark_")):
        return Offer(kind, rule)
    return Offer(kind, rule, closed=_refusal(session, about, kind, "", on))


def _refusal(session: Session, about: Matter, kind: str, ground: str, on: date) -> Bilingual | None:
    try:
        effects.check(session, about, kind, ground, {}, on=on, final=False)
    except (Conflict, InvalidInput) as wrong:
        return wrong.text
    return None


def _step_possible(session: Session, about: Matter, kind: str, on: date) -> bool:
    """Whether the entry's state has such a step at all."""
    try:
        effects.check(session, about, kind, "", {}, on=on, final=False)
    except Conflict as wrong:
        return wrong.code not in {"step-impossible", "decision-kind", "mark-absent", "mark-stands"}
    except (InvalidInput, KeyError):
        return True  # the step is there; a ground or a value is still missing
    return True


def _sensible(session: Session, about: Matter, kind: str) -> bool:
    """What would only be noise on this entry is left out."""
    row = about.row
    if kind == "extend_listing":
        return getattr(row, "until", None) is not None
    if kind == "name_officer":
        return row.debtor_kind == DebtorKind.ORGANISATION.value
    if kind == "release_officer":
        marks = select(ResponsibleMark.id).where(
            ResponsibleMark.unit_entry == row.entry, ResponsibleMark.to_day.is_(None)
        )
        return session.scalar(marks.limit(1)) is not None
    if kind == "end_relief":
        running = select(Relief.id).where(Relief.entry == row.entry, Relief.granted_to.is_(None))
        return session.scalar(running.limit(1)) is not None
    if kind == "issue_order":
        standing = select(ConsumptionOrder.id).where(
            ConsumptionOrder.subject_id == row.subject_id, ConsumptionOrder.case_number == row.case_number,
            ConsumptionOrder.state == "ordered",
        )  # fmt: skip
        return session.scalar(standing.limit(1)) is None
    return True
