"""The answer as a whole: errors, days of change, ways out, what a person reads."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from punishment_rules.evaluate import Answer, BeforeCatalogue, UnknownAct, UnknownSector, acts, evaluate, sectors
from punishment_rules.facts import NO_FACTS, ReliefFact, ReliefKind
from punishment_rules.law import Ground, Level, Outcome
from punishment_rules.load import catalogue
from punishment_rules.reliefs import last_day
from tests.rules.casebook import facts

TODAY = date(2026, 11, 24)


def ask(given: dict[str, Any], sector: str = "transport", act: str = "fly", on: date = TODAY) -> Answer:
    return evaluate(facts(given), sector=sector, act=act, on=on, catalogue=catalogue())


def test_an_unknown_sector_or_act_names_those_that_are_known() -> None:
    with pytest.raises(UnknownSector, match="public_resource_trading") as sector:
        ask({}, sector="aviation")
    assert len(sector.value.known) == 30
    with pytest.raises(UnknownAct, match="high_speed_rail") as act:
        ask({}, act="teleport")
    assert "apply_licence" in act.value.known


def test_a_day_before_the_catalogue_is_refused() -> None:
    with pytest.raises(BeforeCatalogue):
        ask({}, on=date(2013, 9, 30))
    assert ask({}, on=date(2013, 10, 1)).outcome is Outcome.CLEAR


def test_nothing_found_is_an_answer_with_a_clause() -> None:
    answer = evaluate(NO_FACTS, sector="transport", act="fly", on=TODAY, catalogue=catalogue())
    assert [verdict.reasons[0].code for verdict in answer.verdicts] == ["no_entry"]
    assert answer.verdicts[0].reasons[0].citation.document_id == "LIST17"
    assert answer.catalogue_edition == catalogue().edition
    assert len(answer.catalogue_edition) == 64


def test_entries_that_bind_nothing_cite_the_ceiling() -> None:
    answer = ask({"orders": [{"from": date(2026, 6, 1)}]}, sector="finance", act="procurement")
    assert answer.verdicts[0].measure_id is None
    assert answer.verdicts[0].reasons[0].citation.document_id == "GBF49"
    assert answer.verdicts[1].reasons[0].code == "order_only"


def test_a_term_ends_by_its_date_alone() -> None:
    given = {"listings": [{"from": date(2024, 6, 10), "until": date(2026, 6, 10), "ground": "evades"}]}
    last = ask(given, sector="finance", act="procurement", on=date(2026, 6, 10))
    assert (last.outcome, last.changes_on) == (Outcome.RESTRICTED, date(2026, 6, 11))
    assert "2026-06-10" in last.verdicts[0].ends.zh
    assert ask(given, sector="finance", act="procurement", on=date(2026, 6, 11)).outcome is Outcome.CLEAR


def test_a_term_that_ends_changes_nothing_while_the_order_stands() -> None:
    given = {
        "listings": [{"from": date(2024, 6, 10), "until": date(2027, 6, 10), "ground": "evades"}],
        "orders": [{"from": date(2024, 6, 10)}],
    }
    assert ask(given).changes_on is None


def test_the_way_out_follows_the_ground() -> None:
    refusing = ask({"listings": [{"from": date(2026, 6, 1)}]}).verdicts[0]
    evading = ask({"listings": [{"from": date(2026, 6, 1), "ground": "evades"}]}).verdicts[0]
    assert "申请删除" in refusing.next_step.zh
    assert "提前删除" in evading.next_step.zh
    assert "最长一个月" in refusing.next_step.zh
    assert refusing.sources == ("L1",)


def test_a_partial_lift_leaves_the_other_case() -> None:
    given = {
        "orders": [{"from": date(2026, 2, 1)}, {"from": date(2026, 3, 1), "case": "（2025）豫0103执9号"}],
        "reliefs": [{"kind": "temporary_lift", "entry": "O1", "from": date(2026, 11, 20), "to": date(2026, 11, 30)}],
    }
    answer = ask(given)
    assert answer.outcome is Outcome.RESTRICTED
    assert answer.verdicts[0].sources == ("O2",)


def test_the_trace_tells_the_working_in_order() -> None:
    trace = ask({"listings": [{"from": date(2026, 6, 1)}]}).verdicts[0].trace
    assert [line.step for line in trace] == ["version", "source", "ceiling", "measure", "outcome"]
    assert "2015-07-22" in trace[0].text.zh and "司法解释" in trace[0].text.zh
    cited = {line.step: line.citation.document_id for line in trace if line.citation is not None}
    assert cited == {"version": "CONS15", "ceiling": "GBF49", "measure": "CONS15"}
    assert all(line.citation.in_force(TODAY) for line in trace if line.citation is not None)


def test_the_trace_tells_that_a_relief_did_not_help() -> None:
    given = {
        "listings": [{"from": date(2026, 6, 1)}],
        "reliefs": [{"kind": "temporary_lift", "entry": "L1", "from": date(2026, 7, 1), "to": date(2026, 7, 9)}],
    }
    assert "no_relief" in {line.step for line in ask(given).verdicts[0].trace}


def test_a_person_who_decides_learns_why_and_that_nobody_is_refused_meanwhile() -> None:
    verdict = ask({"listings": [{"from": date(2026, 6, 1)}]}, act="tender").verdicts[0]
    assert {reason.code for reason in verdict.reasons} == {"measure", "ceiling_level"}
    assert "不得以系统答复为由拒绝" in verdict.next_step.zh


def test_acts_of_all_regulators_join_every_sector() -> None:
    for sector in sectors(catalogue()):
        assert "apply_licence" in {act.id for act in acts(sector.id, catalogue())}
        assert len({act.id for act in acts(sector.id, catalogue())}) == len(acts(sector.id, catalogue()))


def test_grounds_and_levels_know_their_order() -> None:
    assert [ground.item for ground in Ground] == [1, 2, 3, 4, 5, 6]
    assert [ground.termed for ground in Ground] == [False, True, True, True, True, True]
    assert all(ground.zh and ground.en for ground in Ground)
    assert [level for level in Level if level.sufficient] == list(Level)[:4]


@pytest.mark.parametrize(
    ("first", "typed", "last"),
    [
        (date(2026, 8, 1), date(2026, 8, 20), date(2026, 8, 20)),
        (date(2026, 8, 1), date(2026, 12, 31), date(2026, 9, 1)),
        (date(2026, 1, 31), date(2026, 12, 31), date(2026, 2, 28)),
        (date(2026, 12, 15), date(2027, 12, 31), date(2027, 1, 15)),
    ],
)
def test_a_temporary_lift_lasts_a_month_at_most(first: date, typed: date, last: date) -> None:
    assert last_day(ReliefFact(ReliefKind.TEMPORARY_LIFT, "O1", first, typed)) == last
    assert last_day(ReliefFact(ReliefKind.SINGLE_APPROVAL, "O1", first, typed)) == typed
