"""The law's speed: loading the catalogue, one row, one answer, all answers of one sector; each beside bare work of the same run."""

from __future__ import annotations

import sys
import time
import tomllib
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from punishment_rules import law
from punishment_rules.evaluate import evaluate
from punishment_rules.facts import Facts, ListingFact, OrderFact
from punishment_rules.judge import Question, judge
from punishment_rules.law import Ground
from punishment_rules.load import catalogue, load_catalogue
from punishment_rules.overlay import NONE

SHIPPED = Path(law.__file__).parent / "catalogue"
ON = date(2026, 6, 10)
COURT, CASE = "郑州市中原区人民法院", "（2026）豫0102执1号"
LISTED = Facts(
    listings=(ListingFact("L1", (Ground.EVADES,), COURT, CASE, date(2026, 1, 5), until=date(2028, 1, 4)),),
    orders=(OrderFact("O1", COURT, CASE, date(2026, 1, 5)),),
)
pytestmark = pytest.mark.benchmark


def best(work: Callable[[], object], times: int = 7) -> float:
    """The fastest of several goes, in seconds: the machine is shared."""
    took = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        took.append(time.perf_counter() - start)
    return min(took)


def told(name: str, seconds: float, baseline: float, aim: float) -> None:
    sys.stdout.write(
        f"\nFIGURE {name}: {seconds * 1e6:,.1f} µs, baseline {baseline * 1e6:,.1f} µs, ratio {seconds / baseline:.2f}, "
        f"aim {aim * 1e6:,.0f} µs\n"
    )


def test_the_catalogue_beside_a_bare_parse_of_its_files() -> None:
    paths = sorted(SHIPPED.glob("*.toml"))
    loading = best(lambda: load_catalogue(SHIPPED))
    parsing = best(lambda: [tomllib.loads(path.read_text(encoding="utf-8")) for path in paths])
    told("catalogue-load", loading, parsing, 0.1)


def test_a_row_beside_a_bare_loop_over_its_facts() -> None:
    """The bare loop asks the same facts and clauses whether they hold on the day, and says nothing."""
    rules, rows = catalogue(), list(catalogue().measures.values())

    def bare() -> int:
        return sum(
            version.start is not None and version.start <= ON and any(one.in_force(ON) for one in LISTED.listings)
            and any(clause.in_force(ON) for clause in version.clauses)
            for row in rows for version in row.versions
        )  # fmt: skip

    judging = best(lambda: [judge(row, Question(LISTED, row.acts[0], ON, rules, NONE)) for row in rows])
    told("measure", judging / len(rows), best(bare) / len(rows), 50e-6)
    cold = [date.fromordinal(ON.toordinal() + shift) for shift in range(1, 8)]
    first = min(best(lambda day=day: [judge(row, Question(LISTED, row.acts[0], day, rules, NONE)) for row in rows], 1)  # type: ignore[misc]
                for day in cold)  # fmt: skip
    told("measure-on-a-new-day", first / len(rows), best(bare) / len(rows), 50e-6)


@pytest.mark.parametrize("sector", ["transport", "financial_regulation"])
def test_an_answer_beside_a_bare_look_up(sector: str) -> None:
    """One answer is one act; a sector's whole list of acts is asked too. The bare look-up finds the rows by sector and act."""
    rules = catalogue()
    acts = [act.id for act in rules.acts(sector)]

    def bare() -> list[object]:
        return [[row.version_on(ON) for row in rules.by_act.get((sector, act), ())] for act in acts]

    def asked() -> list[object]:
        return [evaluate(LISTED, sector=sector, act=act, on=ON, catalogue=rules) for act in acts]

    answering, looking = best(asked), best(bare)
    told(f"answer-{sector}", answering / len(acts), looking / len(acts), 1e-3)
    told(f"answers-of-all-{len(acts)}-acts-{sector}", answering, looking, 1e-3)
