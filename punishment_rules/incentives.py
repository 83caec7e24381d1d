"""What follows from performing: which incentives answer a merit, by which clause, with which evidence. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from punishment_rules.catalogue_types import Discretion, Standing
from punishment_rules.incentive_types import Incentive, IncentiveBook, Merit, Scope
from punishment_rules.law import Citation, DebtorKind, Role, Text, in_force


class Grant(StrEnum):
    """How an incentive stands to the asker: due, open to the office's judgment, or an example from elsewhere."""

    DUE = "due"
    OPEN = "open"
    EXAMPLE = "example"

    @property
    def label(self) -> Text:
        """Label in both languages."""
        return _LABELS[self]


_LABELS = {
    Grant.DUE: Text("应当给予", "due"),
    Grant.OPEN: Text("可以给予，由有关单位决定", "may be granted; the office decides"),
    Grant.EXAMPLE: Text("外地做法，仅供参考", "an example from elsewhere, no rule here"),
}


@dataclass(frozen=True, slots=True)
class IncentiveAnswer:
    """One incentive: how it stands, the clause to cite, the evidence that the record must carry."""

    incentive: Incentive
    grant: Grant
    citation: Citation
    evidence: Text


def for_performer(
    merits: Collection[Merit],
    *,
    kind: DebtorKind,
    on: date,
    book: IncentiveBook,
    sector: str | None = None,
    roles: Collection[Role] = (),
    listed: bool = False,
) -> tuple[IncentiveAnswer, ...]:
    """Incentives that answer what somebody did, on a Beijing day; those due first, examples from elsewhere last.

    `sector` narrows to one sector and the rows of all regulators. Who is still listed is on no good-credit list (I29): those rows
    fall away. A row without a known first day is open from the day its document is, and examples are never more than shown.
    """
    wanted = set(merits) - ({Merit.GOOD_CREDIT_LIST} if listed else set())
    rows = (
        row
        for row in book.rows.values()
        if row.merit in wanted
        and (kind in row.kinds or not row.roles.isdisjoint(roles))
        and (sector is None or row.sector in (sector, "all_regulators"))
        and in_force(on, row.start, row.end)
    )
    answers = [_answer(row, on) for row in rows]
    order = list(Grant)
    return tuple(sorted((one for one in answers if one is not None), key=lambda one: order.index(one.grant)))


def _answer(row: Incentive, on: date) -> IncentiveAnswer | None:
    """The row as it stands on the day; None where no clause of it was in force."""
    alive = [clause for clause in row.clauses if clause.in_force(on)]
    if not alive:
        return None
    return IncentiveAnswer(row, _grant(row), min(alive, key=lambda clause: clause.level.rank), row.evidence)


def _grant(row: Incentive) -> Grant:
    if row.scope is Scope.ELSEWHERE:
        return Grant.EXAMPLE
    by_itself = not row.separate_decision and row.standing is not Standing.PRACTICE_ONLY
    if row.discretion is Discretion.MANDATORY and by_itself:
        return Grant.DUE
    return Grant.OPEN
