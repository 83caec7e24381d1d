"""What if the catalogue were another one: which entries in force would have another verdict, per sector and act.

Reads the register in chunks, each in a transaction of its own, so that it may take its time; keeps nothing of the
changed catalogue.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from creditsvc.register.readings import facts_of_subjects
from creditsvc.storage.engine import Database
from creditsvc.storage.subjects import Subject
from punishment_rules.catalogue_types import Catalogue, Measure
from punishment_rules.compare import Difference, between_catalogues
from punishment_rules.examples import Example, answer_to
from punishment_rules.facts import NO_FACTS, Facts, HeldBy
from punishment_rules.history import turning_days
from punishment_rules.judge import Question, judged_on_the_day
from punishment_rules.law import Outcome
from punishment_rules.overlay import NONE, Overlay

CHUNK = 500


@dataclass(frozen=True, slots=True)
class Law:
    """A catalogue with the decisions on its rows."""

    catalogue: Catalogue
    overlay: Overlay = NONE


@dataclass(frozen=True, slots=True)
class Changed:
    """One verdict that would be another: on which entry, for which act; ``own``: the entry is the subject's own."""

    entry: str
    own: bool
    sector: str
    act: str
    measure: str
    before: Outcome
    after: Outcome


Key = tuple[str, str, str, Outcome, Outcome]
"""Sector, act, measure, outcome before and after."""


@dataclass(slots=True)
class Tally:
    """What has been counted so far. ``entries`` counts an entry once, ``subjects`` everybody whom the change reaches."""

    total: int = 0
    looked: int = 0
    with_facts: int = 0
    subjects: Counter[Key] = field(default_factory=Counter)
    subjects_changed: int = 0
    entries: dict[Key, set[int]] = field(default_factory=dict)

    @property
    def rows(self) -> list[tuple[Key, int, int]]:
        """Each kind of change with its entries and people, the most frequent first."""
        counted = [(key, len(self.entries[key]), number) for key, number in self.subjects.items()]
        return sorted(counted, key=lambda row: (-row[1], row[0][:3]))

    @property
    def entries_changed(self) -> int:
        """Entries on which at least one verdict would change, each counted once."""
        return len(set().union(*self.entries.values()))

    def add(self, changes: Sequence[Changed]) -> None:
        """Count the changes of one subject."""
        self.subjects_changed += bool(changes)
        for key in {_key(one) for one in changes}:
            self.subjects[key] += 1
        for one in changes:
            # a hash of 64 bits: ten million entries take a few hundred MiB, and two that meet are one miscount
            self.entries.setdefault(_key(one), set()).add(hash(one.entry))


def _key(one: Changed) -> Key:
    return one.sector, one.act, one.measure, one.before, one.after


def first_day_that_differs(old: Law, new: Law, today: date) -> date | None:
    """Today, if the two differ today; else the first later day on which they do; None if they never will."""
    days = {today}
    for law in (old, new):
        for measure in law.catalogue.measures.values():
            days |= {day for day in turning_days(measure, law.overlay) if day > today}
    return next((day for day in sorted(days) if differences(old, new, day)), None)


def differences(old: Law, new: Law, on: date) -> tuple[Difference, ...]:
    """The rows that would stand otherwise on the day."""
    return between_catalogues(old.catalogue, new.catalogue, on, old.overlay, new.overlay)


def examples_that_change(old: Law, new: Law, examples: Sequence[Example]) -> list[Example]:
    """Worked examples that the changed catalogue would answer otherwise than today's: to be rewritten with it."""
    return [one for one in examples if _answers(one, old) != _answers(one, new)]


def _answers(example: Example, law: Law) -> list[Outcome | None]:
    acts = {(sector, act.id) for sector in law.catalogue.sectors for act in law.catalogue.acts(sector)}
    return [
        answer_to(example, asked, law.catalogue, law.overlay).outcome if (asked.sector, asked.act) in acts else None
        for asked in example.asked
    ]


def compare(database: Database, old: Law, new: Law, *, on: date, tally: Tally) -> Iterator[Sequence[Changed]]:
    """Every subject's verdicts under both laws, chunk by chunk; ``tally`` is brought up to date before each chunk is given."""
    rows = _pairs([one.measure_id for one in differences(old, new, on)], old, new)
    with database.reading() as session:
        tally.total = session.scalar(select(func.count()).select_from(Subject)) or 0
    last = ""
    while rows:
        with database.reading() as session:
            subjects = _next(session, last)
            facts = facts_of_subjects(session, subjects, on=on)
        if not subjects:
            break
        last = subjects[-1]
        chunk: list[Changed] = []
        for subject in subjects:
            known = facts[subject]
            tally.with_facts += known != NO_FACTS
            changes = _changes(known, rows, old, new, on) if known != NO_FACTS else []
            tally.add(changes)
            chunk += changes
        tally.looked += len(subjects)
        yield chunk
    tally.looked = tally.total


def _next(session: Session, last: str) -> Sequence[str]:
    return session.scalars(select(Subject.id).where(Subject.id > last).order_by(Subject.id).limit(CHUNK)).all()


@dataclass(frozen=True, slots=True)
class _Pair:
    """A row before and after, for one act that either of them binds."""

    measure: str
    sector: str
    act: str
    before: Measure | None
    after: Measure | None


def _pairs(measures: Sequence[str], old: Law, new: Law) -> list[_Pair]:
    found: list[_Pair] = []
    for name in measures:
        before, after = old.catalogue.measures.get(name), new.catalogue.measures.get(name)
        there = [one for one in (after, before) if one is not None]
        acts = dict.fromkeys(act for one in there for act in one.acts)
        found += [_Pair(name, there[0].sector, act, before, after) for act in acts]
    return found


def _changes(facts: Facts, rows: Sequence[_Pair], old: Law, new: Law, on: date) -> list[Changed]:
    own = {one.entry for one in facts.listings if one.held_by is HeldBy.SELF}
    own |= {one.entry for one in facts.orders if one.bound_role is None}
    found: list[Changed] = []
    for row in rows:
        before, first = _verdict(row.before, row.act, facts, old, on)
        after, second = _verdict(row.after, row.act, facts, new, on)
        if before is not after:
            for entry in dict.fromkeys((*first, *second)):
                found.append(Changed(entry, entry in own, row.sector, row.act, row.measure, before, after))
    return found


def _verdict(measure: Measure | None, act: str, facts: Facts, law: Law, on: date) -> tuple[Outcome, tuple[str, ...]]:
    if measure is None or act not in measure.acts:
        return Outcome.CLEAR, ()
    verdict = judged_on_the_day(measure, Question(facts, act, on, law.catalogue, law.overlay))
    return verdict.outcome, verdict.sources if verdict.outcome is not Outcome.CLEAR else ()
