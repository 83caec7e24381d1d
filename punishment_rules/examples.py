"""Worked examples: facts, a question, and the answer that the law gives. Shown beside each rule and run as tests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from punishment_rules.catalogue_types import Catalogue, UnknownAct, UnknownSector
from punishment_rules.evaluate import Answer, evaluate
from punishment_rules.facts import Facts
from punishment_rules.given import facts_given
from punishment_rules.law import Outcome, Text
from punishment_rules.overlay import NONE, Overlay
from punishment_rules.strict import Table


@dataclass(frozen=True, slots=True)
class Asked:
    """One question of an example and its answer: the measures that restrict, those that a person decides, and those
    that a reader might expect and that are clear. What is not named has to be clear too."""

    sector: str
    act: str
    on: date
    restricted: tuple[str, ...]
    officer: tuple[str, ...]
    clear: tuple[str, ...]
    cites: tuple[str, ...]
    """Words that must stand in the clauses which the answer cites."""

    def expected(self, measure_id: str) -> Outcome:
        """What the example says of one measure."""
        if measure_id in self.restricted:
            return Outcome.RESTRICTED
        return Outcome.NEEDS_OFFICER if measure_id in self.officer else Outcome.CLEAR

    @property
    def measures(self) -> tuple[str, ...]:
        """The measures that the example is about."""
        return (*self.restricted, *self.officer, *self.clear)


@dataclass(frozen=True, slots=True)
class Example:
    """One case with its questions. `number` is that of the study, where it comes from there."""

    text: Text
    facts: Facts
    asked: tuple[Asked, ...]
    number: str


def parse_example(table: Table, catalogue: Catalogue) -> Example:
    """One strict row `[[example]]`. Raises CatalogueError with file and line."""
    example = Example(
        text=table.pair(),
        facts=facts_given(table.table("given")),
        asked=tuple(_parse_asked(ask, catalogue) for ask in table.tables("ask")),
        number=table.text("number", ""),
    )
    table.done()
    if not example.asked:
        raise table.fault("an example that asks nothing", "ask")
    return example


def _parse_asked(table: Table, catalogue: Catalogue) -> Asked:
    asked = Asked(
        sector=table.text("sector"),
        act=table.text("act"),
        on=table.needed_day("day"),
        restricted=table.texts("restricted"),
        officer=table.texts("officer"),
        clear=table.texts("clear"),
        cites=table.texts("cites"),
    )
    table.done()
    try:
        catalogue.act(asked.sector, asked.act)
    except (UnknownSector, UnknownAct) as unknown:
        raise table.fault(str(unknown), "act") from None
    known = {measure.id for measure in catalogue.measures_for(asked.sector, asked.act)}
    for measure in asked.measures:
        if measure not in known:
            raise table.fault(f"{measure!r} does not bind {asked.sector}.{asked.act}", measure)
    return asked


def answer_to(example: Example, asked: Asked, catalogue: Catalogue, overlay: Overlay = NONE) -> Answer:
    """The answer that the law gives to one question of an example."""
    return evaluate(
        example.facts, sector=asked.sector, act=asked.act, on=asked.on, catalogue=catalogue, overlay=overlay
    )


def holds(answer: Answer, asked: Asked) -> bool:
    """Whether the answer is what the example says: exactly these measures restrict, these go to a person, these are cited."""
    found = {
        outcome: {one.measure_id for one in answer.of(outcome)}
        for outcome in (Outcome.RESTRICTED, Outcome.NEEDS_OFFICER)
    }
    cited = "".join(reason.citation.text.zh for verdict in answer.verdicts for reason in verdict.reasons)
    return found == {
        Outcome.RESTRICTED: set(asked.restricted),
        Outcome.NEEDS_OFFICER: set(asked.officer),
    } and all(words in cited for words in asked.cites)


def about(measure_id: str, examples: Iterable[Example]) -> Iterator[tuple[Example, Asked]]:
    """The examples that speak of a measure, with the question that does, in their order."""
    for example in examples:
        for asked in example.asked:
            if measure_id in asked.measures:
                yield example, asked
