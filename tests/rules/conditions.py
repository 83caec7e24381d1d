"""What a complete case file holds: for each measure, every condition of the row with a case on either side of it.

A condition is a name and a test of a case. The list is made from the row's own words, so a new condition without its
cases is found by name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from punishment_rules.bind import names_target
from punishment_rules.catalogue_types import Amount, Association, Measure, Trigger, Version
from punishment_rules.facts import Facts, HeldBy, Obligation, ReliefKind
from punishment_rules.history import history
from punishment_rules.law import DebtorKind, Outcome, Role
from punishment_rules.load import catalogue
from tests.rules.casebook import Case

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Condition:
    """One side of one condition."""

    name: str
    met_by: Callable[[Case], bool]


def conditions(measure: Measure) -> Iterator[Condition]:
    """Everything that the case file of a measure has to show."""
    yield from _days(measure)
    version = measure.versions[-1]
    bound = _paper_free if not version.separate_decision else _with_paper
    yield from _entries(version)
    yield from _kinds(version, bound)
    yield from _roles(version)
    yield from _orders(measure, version)
    yield from _reverse(version)
    yield from _joins(version)
    yield from _papers(version)
    yield from _reliefs(measure, version)
    yield from _judgments(version)


def _days(measure: Measure) -> Iterator[Condition]:
    """The first day of each stretch of its life, and the day before it."""
    for period in history(measure, catalogue().begins)[1:]:
        for day in (period.start - ONE_DAY, period.start):
            yield Condition(f"on {day}", lambda case, day=day: case.on == day)  # type: ignore[misc]


def _bound(case: Case) -> bool:
    return case.expect is not Outcome.CLEAR


def _free(case: Case) -> bool:
    return case.expect is Outcome.CLEAR


def _paper_free(case: Case) -> bool:
    return _bound(case)


def _with_paper(case: Case) -> bool:
    return _bound(case) and bool(case.facts.papers)


def _only(facts: Facts, *kinds: str) -> bool:
    """True if nothing but these kinds of facts is given."""
    every = ("listings", "orders", "marks", "roles", "papers", "discipline", "consortium")
    return all(bool(getattr(facts, kind)) == (kind in kinds) for kind in every)


def _listing(case: Case) -> bool:
    return _only(case.facts, "listings") or _only(case.facts, "listings", "papers")


def _entries(version: Version) -> Iterator[Condition]:
    if version.separate_decision or names_target(version):
        return
    ends: list[tuple[str, Callable[[Case], bool]]] = [
        ("the day before the listing", lambda c: _free(c) and c.facts.listings[0].listed_on == c.on + ONE_DAY),
        ("the last day of the term", lambda c: _bound(c) and c.facts.listings[0].until == c.on),
        ("the day after the term", lambda c: _free(c) and c.facts.listings[0].until == c.on - ONE_DAY),
        ("the day of the removal", lambda c: _free(c) and c.facts.listings[0].ended_on == c.on),
        ("the day before the removal", lambda c: _bound(c) and c.facts.listings[0].ended_on == c.on + ONE_DAY),
    ]
    for name, test in ends:
        yield Condition(name, lambda case, test=test: _only(case.facts, "listings") and test(case))  # type: ignore[misc]


def _kinds(version: Version, bound: Callable[[Case], bool]) -> Iterator[Condition]:
    for kind in DebtorKind:
        reached = kind in version.kinds and not names_target(version)

        def met(case: Case, kind: DebtorKind = kind, reached: bool = reached) -> bool:
            mine = _listing(case) and case.facts.listings[0].debtor_kind is kind
            return mine and (bound(case) if reached else _free(case) or bool(case.facts.papers))

        if not names_target(version):
            yield Condition(f"a listed {kind} is {'reached' if reached else 'not reached'}", met)


def _roles(version: Version) -> Iterator[Condition]:
    through = Association.UNIT_TO_ROLES in version.associations
    for role in (Role.LEGAL_REPRESENTATIVE, Role.PRINCIPAL_OFFICER, Role.DIRECTLY_RESPONSIBLE, Role.ACTUAL_CONTROLLER):
        reached = through and role in version.roles and not version.separate_decision

        def met(case: Case, role: Role = role, reached: bool = reached) -> bool:
            mine = (
                _only(case.facts, "marks") and case.facts.marks[0].role is role and case.facts.marks[0].named_by_court
            )
            return mine and _bound(case) is reached

        if reached or role is Role.LEGAL_REPRESENTATIVE:
            yield Condition(f"{role} of a listed unit is {'reached' if reached else 'not reached'}", met)
    if through and not version.separate_decision:
        yield Condition(
            "a role from the register only goes to a person",
            lambda c: (
                _only(c.facts, "marks") and not c.facts.marks[0].named_by_court and c.expect is Outcome.NEEDS_OFFICER
            ),
        )
        yield Condition(
            "a role that the clause does not name is not reached",
            lambda c: _only(c.facts, "marks") and c.facts.marks[0].role not in version.roles and _free(c),
        )
        yield Condition(
            "the day after the role ended",
            lambda c: _only(c.facts, "marks") and c.facts.marks[0].to_day == c.on - ONE_DAY and _free(c),
        )


def _order(case: Case) -> bool:
    return _only(case.facts, "orders") and case.facts.orders[0].bound_role is None and not case.facts.orders[0].items


def _orders(measure: Measure, version: Version) -> Iterator[Condition]:
    if version.separate_decision:
        return
    if version.trigger is Trigger.LISTED:
        yield Condition("an order alone", lambda c: _order(c) and _free(c) and c.act not in version.debt_acts)
        if version.debt_acts:
            yield Condition("an order alone", lambda c: _order(c) and _bound(c) and c.act in version.debt_acts)
        return
    yield Condition("an order alone binds", lambda c: _order(c) and _bound(c))
    yield Condition(
        "the day before the order", lambda c: _order(c) and _free(c) and c.facts.orders[0].issued_on == c.on + ONE_DAY
    )
    yield Condition(
        "the day the order is lifted", lambda c: _order(c) and _free(c) and c.facts.orders[0].ended_on == c.on
    )
    yield Condition(
        "an order that names other items",
        lambda c: (
            _only(c.facts, "orders")
            and bool(c.facts.orders[0].items)
            and measure.id not in c.facts.orders[0].items
            and _free(c)
        ),
    )
    yield Condition(
        "an order that names this item",
        lambda c: _only(c.facts, "orders") and measure.id in c.facts.orders[0].items and _bound(c),
    )
    yield Condition(
        "the term is over and the order stands",
        lambda c: _only(c.facts, "listings", "orders") and c.facts.orders[0].ended_on is None and _bound(c)
        and (until := c.facts.listings[0].until) is not None and until < c.on,
    )  # fmt: skip
    yield Condition(
        "the order is lifted and the listing stands",
        lambda c: (
            _only(c.facts, "listings", "orders")
            and c.facts.orders[0].ended_on is not None
            and c.expect is Outcome.NEEDS_OFFICER
        ),
    )
    if version.roles:
        yield Condition(
            "an order against the unit reaches its officer",
            lambda c: _only(c.facts, "orders") and c.facts.orders[0].bound_role in version.roles and _bound(c),
        )


def _reverse(version: Version) -> Iterator[Condition]:
    if Association.PERSON_TO_UNIT not in version.associations:
        return
    for role in sorted(version.reverse_roles):
        yield Condition(
            f"a listed {role} brings the unit in",
            lambda c, role=role: _only(c.facts, "roles") and c.facts.roles[0].role is role  # type: ignore[misc]
            and c.facts.roles[0].confirmed and _bound(c),
        )  # fmt: skip
    yield Condition(
        "a post that the clause does not name",
        lambda c: _only(c.facts, "roles") and c.facts.roles[0].role not in version.reverse_roles and _free(c),
    )
    yield Condition(
        "the day after the listed person left",
        lambda c: _only(c.facts, "roles") and c.facts.roles[0].to_day == c.on - ONE_DAY and _free(c),
    )
    yield Condition(
        "an unconfirmed post goes to a person",
        lambda c: _only(c.facts, "roles") and not c.facts.roles[0].confirmed and c.expect is Outcome.NEEDS_OFFICER,
    )


def _joins(version: Version) -> Iterator[Condition]:
    if Association.CONSORTIUM in version.associations:
        yield Condition("another member is listed", lambda c: _only(c.facts, "consortium") and _bound(c))
        yield Condition("the other member has left", lambda c: _only(c.facts, "consortium") and _free(c))
    if DebtorKind.ORGANISATION in version.kinds and not version.separate_decision and not names_target(version):
        yield Condition(
            "the company is listed, its branch acts",
            lambda c: _listing(c) and c.facts.listings[0].held_by is HeldBy.HEAD_OFFICE and _bound(c),
        )
        yield Condition(
            "the branch alone is listed",
            lambda c: (
                _listing(c) and c.facts.listings[0].held_by is HeldBy.BRANCH and c.expect is Outcome.NEEDS_OFFICER
            ),
        )


def _papers(version: Version) -> Iterator[Condition]:
    if not version.separate_decision:
        return
    yield Condition("the list without a paper", lambda c: not c.facts.papers and not c.facts.orders and _free(c))
    yield Condition("with a paper", lambda c: _with_paper(c) and c.expect is Outcome.NEEDS_OFFICER)
    yield Condition(
        "the day before the paper",
        lambda c: bool(c.facts.papers) and c.facts.papers[0].from_day == c.on + ONE_DAY and _free(c),
    )
    yield Condition(
        "the day after the paper",
        lambda c: bool(c.facts.papers) and c.facts.papers[0].to_day == c.on - ONE_DAY and _free(c),
    )
    yield Condition(
        "the last day of the paper", lambda c: bool(c.facts.papers) and c.facts.papers[0].to_day == c.on and _bound(c)
    )


def _relief(case: Case, kind: ReliefKind) -> bool:
    return bool(case.facts.reliefs) and case.facts.reliefs[0].kind is kind


def _reliefs(measure: Measure, version: Version) -> Iterator[Condition]:
    if version.trigger is not Trigger.BOTH or version.separate_decision:
        return
    yield Condition(
        "an approval for one act goes to a person",
        lambda c: _relief(c, ReliefKind.SINGLE_APPROVAL) and c.expect is Outcome.NEEDS_OFFICER,
    )
    if not measure.temporary_lift:
        if any(act.startswith(("soft", "ship", "emu")) for act in measure.acts):
            yield Condition("a temporary lift leaves it", lambda c: _relief(c, ReliefKind.TEMPORARY_LIFT) and _bound(c))
        return
    for name, shift, free in (
        ("the day before the lift", ONE_DAY, False),
        ("the first day of the lift", timedelta(0), True),
    ):
        yield Condition(
            name,
            lambda c, shift=shift, free=free: _relief(c, ReliefKind.TEMPORARY_LIFT)  # type: ignore[misc]
            and c.facts.reliefs[0].from_day == c.on + shift and _free(c) is free,
        )  # fmt: skip
    for name, shift, free in (
        ("the last day of the lift", timedelta(0), True),
        ("the day after the lift", ONE_DAY, False),
    ):
        yield Condition(
            name,
            lambda c, shift=shift, free=free: _relief(c, ReliefKind.TEMPORARY_LIFT)  # type: ignore[misc]
            and c.facts.reliefs[0].to_day == c.on - shift and _free(c) is free,
        )  # fmt: skip
    yield Condition(
        "never longer than a month",
        lambda c: _relief(c, ReliefKind.TEMPORARY_LIFT) and c.facts.reliefs[0].to_day > c.on
        and c.on - c.facts.reliefs[0].from_day > timedelta(days=31) and _bound(c),
    )  # fmt: skip


def _judgments(version: Version) -> Iterator[Condition]:
    if version.amount is Amount.LARGE_OWN_DEBT:
        for owed, free in ((Obligation.ACT, True), (Obligation.PAYMENT, False)):
            yield Condition(
                f"listed over an obligation of {owed}",
                lambda c, owed=owed, free=free: (
                    _listing(c) and c.facts.listings[0].obligation is owed and _free(c) is free
                ),  # type: ignore[misc]
            )
    if version.traits:
        yield Condition(
            "the standing is known", lambda c: bool(c.facts.traits & version.traits) and c.expect is Outcome.RESTRICTED
        )
        yield Condition("the standing is unknown", lambda c: not c.facts.traits and c.expect is Outcome.NEEDS_OFFICER)
    if names_target(version):
        yield Condition("a notice makes it a target", lambda c: bool(c.facts.discipline) and _bound(c))
        yield Condition(
            "the day before the notice",
            lambda c: (
                bool(c.facts.discipline) and c.facts.discipline[0].notified_on == c.on + ONE_DAY and not _restricted(c)
            ),
        )
        yield Condition(
            "the day after the notice ended",
            lambda c: (
                bool(c.facts.discipline) and c.facts.discipline[0].to_day == c.on - ONE_DAY and not _restricted(c)
            ),
        )


def _restricted(case: Case) -> bool:
    return case.expect is Outcome.RESTRICTED
