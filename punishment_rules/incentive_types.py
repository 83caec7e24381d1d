"""What the incentives are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from punishment_rules.catalogue_types import Discretion, Document, Grounding, Standing, Verification
from punishment_rules.law import Citation, DebtorKind, Role, Text
from punishment_rules.parse import parse_clause
from punishment_rules.strict import Table


class Scope(StrEnum):
    """Where an incentive holds. `elsewhere` was seen in another province only: an example, no rule of Henan."""

    NATIONAL = "national"
    HENAN = "henan"
    ELSEWHERE = "elsewhere"


class Merit(StrEnum):
    """What a debtor did, or which standing it has, that an incentive answers."""

    VOLUNTARY_PERFORMANCE = "voluntary_performance"
    ACTIVE_PERFORMANCE = "active_performance_after_listing"
    HONEST_INABILITY = "honest_inability"
    COMMITMENT = "commitment"
    REPAIR_COMPLETED = "repair_completed"
    GOOD_CREDIT_LIST = "good_credit_list"
    APPLICATION = "application"


class Benefit(StrEnum):
    """What an incentive gives."""

    CERTIFICATE = "certificate"
    FACILITATE = "facilitate"
    PRIORITY = "priority"
    REDUCE_COST = "reduce_cost"
    REDUCE_SCRUTINY = "reduce_scrutiny"
    PUBLICITY_POSITIVE = "publicity_positive"
    SUSPEND_MEASURE = "suspend_measure"
    DEFER_LISTING = "defer_listing"
    EARLY_REMOVAL = "early_removal"
    CREDIT_SUPPORT = "credit_support"
    SCORE = "score"


@dataclass(frozen=True, slots=True)
class Incentive:
    """One row. `start` is the day of its basis where known; `separate_decision`: the court decides it in the case."""

    id: str
    sector: str
    title: Text
    benefit: Benefit
    kinds: frozenset[DebtorKind]
    roles: frozenset[Role]
    merit: Merit
    scope: Scope
    authority: Text
    evidence: Text
    person: Text
    limits: Text | None
    discretion: Discretion
    grounding: Grounding
    verification: Verification
    standing: Standing
    separate_decision: bool
    start: date | None
    end: date | None
    clauses: tuple[Citation, ...]


@dataclass(frozen=True, slots=True)
class IncentiveBook:
    """All incentives; `edition` is the SHA-256 of the canonical content."""

    edition: str
    rows: Mapping[str, Incentive]


def parse_incentive(table: Table, sector: str, documents: Mapping[str, Document]) -> Incentive:
    """One strict row. Raises CatalogueError."""
    clauses = tuple(parse_clause(clause, documents) for clause in table.tables("clauses"))
    if not clauses:
        raise table.fault("an incentive without a clause", "clauses")
    incentive = Incentive(
        id=table.text("id"),
        sector=sector,
        title=table.pair(),
        benefit=table.enum("benefit", Benefit),
        kinds=table.enums("kinds", DebtorKind),
        roles=table.enums("roles", Role),
        merit=table.enum("merit", Merit),
        scope=table.enum("scope", Scope),
        authority=table.pair("authority"),
        evidence=table.pair("evidence"),
        person=table.pair("person"),
        limits=table.maybe_pair("limits"),
        discretion=table.enum("discretion", Discretion),
        grounding=table.enum("grounding", Grounding),
        verification=table.enum("verification", Verification),
        standing=table.enum("standing", Standing),
        separate_decision=table.flag("separate_decision"),
        start=table.day("from"),
        end=table.day("to"),
        clauses=clauses,
    )
    table.done()
    if incentive.start and incentive.end and incentive.end < incentive.start:
        raise table.fault("an incentive ends before it begins", "to")
    if not incentive.kinds and not incentive.roles:
        raise table.fault("an incentive for nobody", "kinds")
    return incentive
