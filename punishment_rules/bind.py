"""Which facts bring a measure to bear on the subject on a day: the joins from entry to row, nothing of outcomes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from punishment_rules.catalogue_types import Association, Measure, Trigger, Version
from punishment_rules.facts import (
    DisciplineFact,
    Facts,
    HeldBy,
    ListingFact,
    MarkFact,
    Note,
    Obligation,
    OrderFact,
    RoleFact,
)
from punishment_rules.law import DebtorKind, Names

Source = ListingFact | OrderFact | MarkFact | RoleFact | DisciplineFact


class Hit(NamedTuple):
    """One fact that brings the row to bear. `doubt` names why a person has to look; None means the join is certain."""

    source: Source
    doubt: str | None = None

    @property
    def entry(self) -> str:
        """The entry that the fact comes from; for a discipline target the number of its notice."""
        if isinstance(self.source, DisciplineFact):
            return self.source.notice_number
        return self.source.entry

    @property
    def case(self) -> tuple[str, str] | None:
        """Court and case number, where the fact has them."""
        if isinstance(self.source, RoleFact | DisciplineFact):
            return None
        return self.source.court_name, self.source.case_number


def hits(measure: Measure, version: Version, facts: Facts, *, act: str, on: date) -> tuple[Hit, ...]:
    """All facts in force on the day that the version reaches, in the order of the facts."""
    # most people have facts of one kind or two: what isn't there is not looked through
    found: list[Hit] = []
    if facts.listings:
        found.extend(_listings(version, facts, on))
    if facts.orders:
        found.extend(_orders(measure, version, facts, act, on))
    if facts.marks:
        found.extend(_marks(version, facts, on))
    if facts.roles:
        found.extend(_roles(version, facts, on))
    if facts.discipline and names_target(version) and facts.kind in version.kinds:
        found.extend(Hit(notice) for notice in facts.discipline if notice.in_force(on))
    if facts.consortium and Association.CONSORTIUM in version.associations:
        found.extend(Hit(member, _noted(member, on)) for member in facts.consortium if member.in_force(on))
    return tuple(found)


@lru_cache(maxsize=1024)
def names_target(version: Version) -> bool:
    """True if a clause speaks of 失信联合惩戒对象: then the notice counts, and being listed alone does not."""
    return any(Names.DISCIPLINE_TARGET in clause.names for clause in version.clauses)


def own_debt_possible(found: tuple[Hit, ...]) -> bool:
    """False only if every entry behind the hits is known to be about an act, so that no large debt can be due on it."""
    return any(not isinstance(hit.source, ListingFact) or hit.source.obligation is not Obligation.ACT for hit in found)


def _listings(version: Version, facts: Facts, on: date) -> Iterator[Hit]:
    for listing in facts.listings:
        if listing.in_force(on) and listing.debtor_kind in version.kinds:
            yield Hit(listing, _listing_doubt(version, facts, listing, on) or _noted(listing, on))


def _listing_doubt(version: Version, facts: Facts, listing: ListingFact, on: date) -> str | None:
    if listing.held_by is HeldBy.BRANCH:
        return "branch"
    if version.trigger is Trigger.BOTH and _order_lifted(facts, listing, on):
        return "order_lifted"
    return None


def noted(source: Source, note: Note, on: date) -> bool:
    """Whether this note stands on the entry on the day."""
    if isinstance(source, (RoleFact, DisciplineFact)) or not source.notes:
        return False
    return any(one.note is note and one.in_force(on) for one in source.notes)


def _noted(source: ListingFact | OrderFact | MarkFact, on: date) -> str | None:
    """The doubt that a note brings. A dispute brings none: enforcement goes on meanwhile (法释〔2017〕7号第十二条).

    Where enforcement is suspended, a listing without a term is to be deleted (第十条第一款第五项) and waits for it; one with
    a term stays to its end, an order until it is lifted.
    """
    if not source.notes:
        return None
    if noted(source, Note.SHIELDED, on):
        return "shielded"
    last = source.until if isinstance(source, ListingFact) else source.to_day if isinstance(source, MarkFact) else None
    if not isinstance(source, OrderFact) and last is None and noted(source, Note.SUSPENDED, on):
        return "suspended"
    return None


def _order_lifted(facts: Facts, listing: ListingFact, on: date) -> bool:
    """True if the court lifted the order of the same case and none stands there: the two decisions disagree."""
    same = [
        order
        for order in facts.orders
        if (order.court_name, order.case_number) == (listing.court_name, listing.case_number) and order.issued_on <= on
    ]
    return bool(same) and not any(order.in_force(on) for order in same)


def _orders(measure: Measure, version: Version, facts: Facts, act: str, on: date) -> Iterator[Hit]:
    for order in facts.orders:
        if not order.in_force(on) or not _order_reaches(version, facts, order):
            continue
        if version.trigger is Trigger.BOTH:
            if not order.items or measure.id in order.items:
                yield Hit(order, _noted(order, on))
        elif act in version.debt_acts:
            yield Hit(order, "debt_test")


def _order_reaches(version: Version, facts: Facts, order: OrderFact) -> bool:
    if order.bound_role is None:
        return facts.kind in version.kinds
    return order.bound_role in version.roles


def _marks(version: Version, facts: Facts, on: date) -> Iterator[Hit]:
    if Association.UNIT_TO_ROLES not in version.associations:
        return
    for mark in facts.marks:
        if mark.in_force(on) and mark.role in version.roles:
            yield Hit(mark, _noted(mark, on) if mark.named_by_court else "register_only")


def _roles(version: Version, facts: Facts, on: date) -> Iterator[Hit]:
    if Association.PERSON_TO_UNIT not in version.associations or facts.kind is not DebtorKind.ORGANISATION:
        return
    for role in facts.roles:
        if role.in_force(on) and role.role in version.reverse_roles:
            yield Hit(role, None if role.confirmed else "register_only")
