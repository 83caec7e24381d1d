"""What is known about one subject, as the law needs it: entries, marks, reliefs, papers.

No identity numbers and no names of people. Every date is a Beijing day; an end day is the last day that counts.
A grace period is not a fact here: it is neither published nor sent.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import Any

from punishment_rules.law import DebtorKind, Ground, Role, in_force


class Obligation(StrEnum):
    """What the judgment orders: to pay, or to do or not to do something."""

    PAYMENT = "payment"
    ACT = "act"
    UNKNOWN = "unknown"


class HeldBy(StrEnum):
    """Whose entry it is, seen from who acts: one's own, that of the company whose branch acts, or one's branch's."""

    SELF = "self"
    HEAD_OFFICE = "head_office"
    BRANCH = "branch"


class Trait(StrEnum):
    """What is known of the subject and matters to single rows."""

    MINOR = "minor"
    PUBLIC_BODY = "public_body"
    STATE_UNIT = "state_unit"
    OFFICIAL = "official"


class ReliefKind(StrEnum):
    """Three reliefs kept apart: temporary (法发〔2019〕35号第17条), one act (限消规定第八条), the court's 单次解禁."""

    TEMPORARY_LIFT = "temporary_lift"
    SINGLE_APPROVAL = "single_approval"
    SINGLE_LIFT = "single_lift"


class Note(StrEnum):
    """What is noted on an entry without changing it: disputed, its enforcement suspended, shielded for a time."""

    DISPUTED = "disputed"
    SUSPENDED = "suspended"
    SHIELDED = "shielded"


@dataclass(frozen=True, slots=True)
class EntryNote:
    """A note on an entry, from a day to a day."""

    note: Note
    from_day: date
    to_day: date | None = None

    def in_force(self, on: date) -> bool:
        """From its first to its last day."""
        return in_force(on, self.from_day, self.to_day)


@dataclass(frozen=True, slots=True)
class ListingFact:
    """One published listing: `until` is the last day of its term, if any; `ended_on` the day it was removed.

    `known_on` is the day on which the register learned of it; None where that is not told.
    """

    entry: str
    grounds: tuple[Ground, ...]
    court_name: str
    case_number: str
    listed_on: date
    until: date | None = None
    debtor_kind: DebtorKind = DebtorKind.PERSON
    obligation: Obligation = Obligation.UNKNOWN
    held_by: HeldBy = HeldBy.SELF
    ended_on: date | None = None
    notes: tuple[EntryNote, ...] = ()
    known_on: date | None = None

    def in_force(self, on: date) -> bool:
        """From the day of listing to the last day of its term; on the day it is removed it no longer counts."""
        return in_force(on, self.listed_on, self.until) and (self.ended_on is None or on < self.ended_on)


@dataclass(frozen=True, slots=True)
class OrderFact:
    """A consumption order that binds the subject: as debtor (`bound_role` None) or through a unit.

    `items` are ids of measures; empty means all consumption rows. `known_on` as for a listing.
    """

    entry: str
    court_name: str
    case_number: str
    issued_on: date
    ended_on: date | None = None
    items: tuple[str, ...] = ()
    bound_role: Role | None = None
    unit_name: str | None = None
    notes: tuple[EntryNote, ...] = ()
    known_on: date | None = None

    def in_force(self, on: date) -> bool:
        """From the day it is issued; on the day it is lifted it no longer counts."""
        return self.issued_on <= on and (self.ended_on is None or on < self.ended_on)


@dataclass(frozen=True, slots=True)
class MarkFact:
    """The subject answers for a listed unit in a role. Only the court's naming binds; the company register flags."""

    entry: str
    unit_name: str
    role: Role
    court_name: str
    case_number: str
    from_day: date
    to_day: date | None = None
    named_by_court: bool = True
    notes: tuple[EntryNote, ...] = ()
    known_on: date | None = None

    def in_force(self, on: date) -> bool:
        """From the day of the mark to its last day or that of the unit's listing (the caller gives the earlier)."""
        return in_force(on, self.from_day, self.to_day)


@dataclass(frozen=True, slots=True)
class RoleFact:
    """The other direction: a listed person (`entry` is that person's) holds a post at the unit that is asked about."""

    entry: str
    role: Role
    from_day: date
    to_day: date | None = None
    confirmed: bool = True

    def in_force(self, on: date) -> bool:
        """While the post is held and the person's listing stands (the caller gives the earlier end)."""
        return in_force(on, self.from_day, self.to_day)


@dataclass(frozen=True, slots=True)
class ReliefFact:
    """A relief from one entry, from a day to a day. `measures` empty means those that its kind covers.

    With court and case number it covers the listing of the same case as well.
    """

    kind: ReliefKind
    entry: str
    from_day: date
    to_day: date
    measures: tuple[str, ...] = ()
    court_name: str = ""
    case_number: str = ""


@dataclass(frozen=True, slots=True)
class CourtPaper:
    """A separate decision, notice or request of the court that a measure needs: number and days."""

    measure_id: str
    number: str
    court_name: str
    from_day: date
    to_day: date | None = None

    def in_force(self, on: date) -> bool:
        """While the paper stands."""
        return in_force(on, self.from_day, self.to_day)


@dataclass(frozen=True, slots=True)
class DisciplineFact:
    """The subject was made a 失信联合惩戒对象 by a notice of its own; being listed is not the same."""

    notice_number: str
    notified_on: date
    to_day: date | None = None

    def in_force(self, on: date) -> bool:
        """From the day of the notice."""
        return in_force(on, self.notified_on, self.to_day)


@dataclass(frozen=True, slots=True)
class Facts:
    """All that is known about one subject. `consortium` holds listings of the other members of a joint tender."""

    kind: DebtorKind = DebtorKind.PERSON
    listings: tuple[ListingFact, ...] = ()
    orders: tuple[OrderFact, ...] = ()
    marks: tuple[MarkFact, ...] = ()
    reliefs: tuple[ReliefFact, ...] = ()
    roles: tuple[RoleFact, ...] = ()
    papers: tuple[CourtPaper, ...] = ()
    discipline: tuple[DisciplineFact, ...] = ()
    consortium: tuple[ListingFact, ...] = ()
    traits: frozenset[Trait] = field(default_factory=frozenset)


def noted_entries(facts: Facts) -> tuple[ListingFact | OrderFact | MarkFact, ...]:
    """Everything on which a note may stand."""
    return (*facts.listings, *facts.consortium, *facts.orders, *facts.marks)


_SEVERAL = ("listings", "orders", "marks", "reliefs", "roles", "papers", "discipline", "consortium")


def in_order(facts: Facts) -> Facts:
    """The same facts in one fixed order, so that no word of an answer depends on the order in which they were read."""
    turned: dict[str, Any] = {}
    for name in _SEVERAL:
        some = getattr(facts, name)
        if len(some) > 1:
            turned[name] = tuple(sorted(some, key=repr))
    return replace(facts, **turned) if turned else facts


def as_known(facts: Facts, day: date) -> Facts:
    """What the register knew at the end of a Beijing day: entries that it learned of later fall away, an end that lies
    later was not known yet. A removal is recorded on the day on which it takes effect, so that day is when it was known.

    Reliefs, posts, papers and notices are told without the day on which they became known and stay as they are.
    """
    return replace(
        facts,
        listings=tuple(_ending(one, day) for one in facts.listings if _was_known(one, day)),
        consortium=tuple(_ending(one, day) for one in facts.consortium if _was_known(one, day)),
        orders=tuple(
            replace(one, ended_on=None) if one.ended_on is not None and one.ended_on > day else one
            for one in facts.orders
            if _was_known(one, day)
        ),
        marks=tuple(one for one in facts.marks if _was_known(one, day)),
    )


def _was_known(fact: ListingFact | OrderFact | MarkFact, day: date) -> bool:
    return fact.known_on is None or fact.known_on <= day


def _ending(fact: ListingFact, day: date) -> ListingFact:
    return replace(fact, ended_on=None) if fact.ended_on is not None and fact.ended_on > day else fact


NO_FACTS = Facts()
