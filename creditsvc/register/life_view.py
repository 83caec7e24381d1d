"""An entry's whole life in one value: overlays, reliefs, grace, what was recorded, and the five times of each event."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditsvc.register.entries import Target
from creditsvc.register.marks import Mark
from creditsvc.register.tables import Decision, EntryMark, RegisterEvent, Relief, ResponsibleMark
from creditsvc.register.tables_matters import Circumstance, GracePeriod
from creditsvc.tasks.tables import Task

CORRECTING = "correcting"
TEMP_LIFTED = "temp_lifted"


@dataclass(frozen=True, slots=True)
class Life:
    """All that stands beside an entry. ``overlays`` are those in force on the day that was asked for."""

    overlays: tuple[str, ...]
    events: Sequence[RegisterEvent]
    decisions: Sequence[Decision]
    marks: Sequence[EntryMark]
    reliefs: Sequence[Relief]
    graces: Sequence[GracePeriod]
    circumstances: Sequence[Circumstance]
    officers: Sequence[ResponsibleMark]
    tasks: Sequence[Task]


def life_of(session: Session, about: Target, *, on: date) -> Life:
    """Everything about an entry, oldest first."""
    entry = about.entry
    marks = session.scalars(select(EntryMark).where(EntryMark.entry == entry).order_by(EntryMark.id)).all()
    reliefs = session.scalars(select(Relief).where(Relief.entry == entry).order_by(Relief.id)).all()
    decisions = session.scalars(select(Decision).where(Decision.entry == entry).order_by(Decision.id)).all()
    return Life(
        overlays=_overlays(marks, reliefs, decisions, on),
        events=session.scalars(select(RegisterEvent).where(RegisterEvent.entry == entry).order_by(RegisterEvent.id)).all(),
        decisions=decisions,
        marks=marks,
        reliefs=reliefs,
        graces=session.scalars(select(GracePeriod).where(GracePeriod.entry == entry).order_by(GracePeriod.id)).all(),
        circumstances=session.scalars(select(Circumstance).where(Circumstance.entry == entry).order_by(Circumstance.id)).all(),
        officers=session.scalars(
            select(ResponsibleMark).where(ResponsibleMark.unit_entry == entry).order_by(ResponsibleMark.id)
        ).all(),
        tasks=session.scalars(select(Task).where(Task.entry == entry).order_by(Task.id)).all(),
    )  # fmt: skip


def _overlays(
    marks: Sequence[EntryMark], reliefs: Sequence[Relief], decisions: Sequence[Decision], on: date
) -> tuple[str, ...]:
    """Marks and temporary lifts in force that day; correcting, while a correction waits for its second person."""
    names = {
        Mark(mark.mark).value for mark in marks if mark.from_day <= on and (mark.to_day is None or on <= mark.to_day)
    }
    if any(one.kind == "temporary_lift" and one.from_day <= on <= one.to_day for one in reliefs):
        names.add(TEMP_LIFTED)
    if any((one.open_key or "").startswith("correct_") for one in decisions):
        names.add(CORRECTING)
    return tuple(sorted(names))
