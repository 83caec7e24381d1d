"""Every kind by its cases: what is open (kinds.yaml), and every path from open to closed (paths.yaml)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from creditsvc.kernel.days import add_months
from creditsvc.kernel.errors import InvalidInput
from creditsvc.kernel.load import packaged_calendar
from repair.policy.answers import Way
from repair.policy.check import EntryFacts, every_way, judge_way, kinds_for, questions_in
from repair.policy.deadlines import CLOCKS, clock, resumed
from repair.policy.grounds import GROUNDS, Effect
from repair.policy.kinds import KINDS, About, ApplicationKind
from repair.policy.orders import OrderFacts, check_lift_days
from repair.policy.questions import QUESTIONS
from repair.policy.reconsideration import RECONSIDERED, REMEDIES, RefusalFacts
from repair.policy.removal import ListingFacts
from repair.policy.silence import silence_of
from repair.policy.states import FINAL, MOVES, State, Step, move, steps_of
from repair.policy.wanted import wanted_faults
from repair.policy.wrongly import WrongFacts

HERE = Path(__file__).parent
CASES = yaml.safe_load((HERE / "kinds.yaml").read_text("utf-8"))
PATHS = yaml.safe_load((HERE / "paths.yaml").read_text("utf-8"))
DAY = date(2026, 11, 24)


def facts_of(case: dict[str, Any]) -> EntryFacts:
    listing = {"grounds": ["able_but_refuses"], **case.get("listing", {})}
    refusal = case.get("refusal")
    return EntryFacts(
        About(case["about"]),
        ListingFacts(**{**listing, "grounds": frozenset(listing["grounds"])}),
        OrderFacts(**case.get("order", {})),
        WrongFacts(**case.get("wrong", {})),
        RefusalFacts(**{**refusal, "kind": ApplicationKind(refusal["kind"])}) if refusal else None,
        through_unit=case.get("through_unit", False),
    )


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_case(case: dict[str, Any]) -> None:
    answer = judge_way(facts_of(case), ApplicationKind(case["kind"]), case["ground"], on=case.get("on", DAY))
    said = (answer.way.value, answer.clause.zh, answer.opens_on, answer.asks, answer.blocked_by)
    assert said == (case["way"], case["clause"], case.get("opens_on"), case.get("asks", ""), case.get("blocked_by", ""))


def test_every_ground_of_every_kind_has_a_case() -> None:
    seen = {(case["kind"], case["ground"]) for case in CASES}
    wanted = {(kind.value, ground) for kind in ApplicationKind for ground in GROUNDS[kind]}
    elsewhere = {(kind, ground) for kind, ground in wanted if kind == "removal"}
    alike = {("certificate", code) for code in GROUNDS[ApplicationKind.CERTIFICATE]}
    assert wanted - elsewhere - alike <= seen


def simple_paths(kind: ApplicationKind) -> Iterator[tuple[str, ...]]:
    """Every way from the draft to an end that passes no state twice."""

    def walk(state: State, seen: frozenset[State], steps: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        if state in FINAL:
            yield steps
        for (before, step), after in MOVES.items():
            if before is state and step in steps_of(kind) and after not in seen:
                yield from walk(after, seen | {after}, (*steps, step.value))

    return walk(State.DRAFT, frozenset({State.DRAFT}), ())


@pytest.mark.parametrize("kind", ApplicationKind)
def test_every_path_from_open_to_closed(kind: ApplicationKind) -> None:
    said = PATHS[kind.value]
    assert said["clause"] == KINDS[kind].clause.zh
    assert said.get("clock", "") == KINDS[kind].clock
    written = {tuple(step.split()[1] for step in path["steps"]) for path in said["paths"]}
    assert set(simple_paths(kind)) <= written
    for path in said["paths"]:
        state, due = replay(kind, path["steps"])
        assert (state.value, due) == (path["ends"], path.get("due")), path
        assert path["name"] and path["clause"]
        signed = date.fromisoformat(path["steps"][-1].split()[0])
        after, goes_up = KINDS[kind].after_grant, kind in RECONSIDERED
        carried = counted(after, signed) if after and state is State.GRANTED else None
        upward = counted("seek_reconsideration", signed) if goes_up and state is State.REFUSED else None
        assert (path.get("carried_out_by"), path.get("reconsider_by")) == (carried, upward), path


def counted(code: str, start: date) -> date:
    """The last day of a clock that starts on this day."""
    return clock(code).due(start, packaged_calendar()).day


@pytest.mark.parametrize("kind", ApplicationKind)
def test_the_paths_are_ones_that_a_court_could_walk(kind: ApplicationKind) -> None:
    theirs = {"submit", "withdraw", "discard", "hand_out", "overtake"}
    for path in PATHS[kind.value]["paths"]:
        steps = [(date.fromisoformat(step.split()[0]), step.split()[1]) for step in path["steps"]]
        assert [day for day, _ in steps] == sorted(day for day, _ in steps), path
        for day, step in steps:
            assert step in theirs or packaged_calendar().is_working_day(day), (step, day, path)
        if path["ends"] in {"granted", "refused"} and "due" in path:
            assert steps[-1][0] <= path["due"], path


def replay(kind: ApplicationKind, steps: list[str]) -> tuple[State, date | None]:
    """Walk the steps on their days; where it ends, and the last day to decide."""
    state, due, paused, calendar = State.DRAFT, None, DAY, packaged_calendar()
    for written in steps:
        day, step = date.fromisoformat(written.split()[0]), Step(written.split()[1])
        state = move(state, step, kind)
        if step is Step.SUBMIT:
            due = clock(KINDS[kind].clock).due(day, calendar).day
        elif step is Step.PAUSE:
            paused = day
        elif step is Step.RESUME and due:
            unit = CLOCKS[KINDS[kind].clock].unit
            due = resumed(due, paused_on=paused, resumed_on=day, unit=unit, calendar=calendar).day
    return state, due


MAYBE = st.sampled_from([None, True, False])
ORDERS = st.builds(
    OrderFacts,
    in_force=st.booleans(),
    performance=st.sampled_from(["none", "partial", "full"]),
    listing_case=st.sampled_from(["", "（2026）豫0105执1号"]),
    security=st.sampled_from([None, "absent", "offered", "accepted"]),
    creditor_consent=st.sampled_from([None, "absent", "given"]),
    bound_role=st.sampled_from([None, "legal_representative", "principal_officer", "actual_controller"]),
    left_office=MAYBE,
    in_control=MAYBE,
    is_person=st.booleans(),
    abused=st.booleans(),
    lift_until=st.none() | st.dates(date(2026, 11, 1), date(2026, 12, 31)),
    rule_loaded=st.booleans(),
)


@given(ORDERS)
def test_invariants_of_orders(facts: OrderFacts) -> None:
    found = every_way(EntryFacts(About.ORDER, order=facts, wrong=WrongFacts(is_listing=False)), on=DAY)
    ways = {(one.kind, one.ground): one.answer for one in found}
    lifting = [ways[ApplicationKind.ORDER_LIFTING, ground] for ground in GROUNDS[ApplicationKind.ORDER_LIFTING]]
    if facts.listing_case and facts.in_force:
        assert all(answer.way is Way.NOT_OPEN and answer.blocked_by for answer in lifting), "I11"
    for kind in (ApplicationKind.TEMPORARY_LIFT, ApplicationKind.SINGLE_APPROVAL, ApplicationKind.FORMER_OFFICER):
        for ground in GROUNDS[kind]:
            assert ways[kind, ground].way is not Way.OPEN, "no relief is granted by itself (I22)"
    if facts.abused:
        assert ways[ApplicationKind.TEMPORARY_LIFT, "funeral"].way is Way.NOT_OPEN, "I27"
    if not facts.rule_loaded:
        assert ways[ApplicationKind.SINGLE_LIFT, "court_rule"].way is Way.NOT_OPEN


@given(st.dates(date(2026, 11, 24), date(2027, 6, 30)), st.integers(0, 60))
def test_a_temporary_lift_is_a_month_at_most(first: date, length: int) -> None:
    last = date.fromordinal(first.toordinal() + length)
    if last <= add_months(first, 1):
        check_lift_days(first, last, on=DAY)
        return
    with pytest.raises(InvalidInput) as refused:
        check_lift_days(first, last, on=DAY)
    assert refused.value.details["field"] == "to_day"


def test_a_lift_from_the_31st_of_january_ends_on_the_28th_of_february() -> None:
    check_lift_days(date(2027, 1, 31), date(2027, 2, 28), on=DAY)
    with pytest.raises(InvalidInput):
        check_lift_days(date(2027, 1, 31), date(2027, 3, 1), on=DAY)


@given(
    st.builds(ListingFacts, grounds=st.frozensets(st.sampled_from(["able_but_refuses", "evades"]), min_size=1)),
    st.fixed_dictionaries(
        {}, optional={code: st.sampled_from([key for key, _, _ in one.choices]) for code, one in QUESTIONS.items()}
    ),
)
def test_what_a_person_says_opens_nothing_by_itself(facts: ListingFacts, claims: dict[str, str]) -> None:
    about = EntryFacts(About.LISTING, listing=facts)
    recorded = {(one.kind, one.ground): one.answer for one in every_way(about, on=DAY)}
    for one in every_way(about, on=DAY, claims=claims):
        if one.answer.way is Way.OPEN:
            assert recorded[one.kind, one.ground].way is Way.OPEN


def test_the_questions_that_are_asked_exist() -> None:
    asked = questions_in(
        every_way(EntryFacts(About.LISTING, listing=ListingFacts(frozenset({"able_but_refuses"}))), on=DAY)
    )
    assert set(asked) == set(QUESTIONS)


def test_tables_fit_each_other() -> None:
    assert set(REMEDIES) == set(ApplicationKind)
    assert not set(kinds_for(About.LISTING)) & {ApplicationKind.TEMPORARY_LIFT, ApplicationKind.OWN_DATA}
    for kind, grounds in GROUNDS.items():
        for code, rule in grounds.items():
            assert rule.clause.zh and rule.name.en
            if kind is ApplicationKind.CREDIT_REPAIR:
                assert rule.effect is Effect.FOLLOW_UP, "a promise ends nothing by itself"
            silence = silence_of(kind.value, code)
            assert silence is None or silence.effect == "none", "no clause of these gives silence an effect"


def test_what_a_kind_wants_besides_is_asked_for() -> None:
    lacking = wanted_faults(ApplicationKind.TEMPORARY_LIFT, "funeral", {}, on=DAY)
    assert set(lacking) == {"from_day", "to_day", "undertaking"}
    too_long = {"from_day": "2026-11-25", "to_day": "2026-12-26", "undertaking": True}
    assert set(wanted_faults(ApplicationKind.TEMPORARY_LIFT, "funeral", too_long, on=DAY)) == {"to_day"}
    assert wanted_faults(ApplicationKind.REMOVAL, "performed", {}, on=DAY) == {}
    assert set(wanted_faults(ApplicationKind.CREDIT_REPAIR, "early", {}, on=DAY)) == {
        "promise",
        "promiser",
        "publicity",
    }
