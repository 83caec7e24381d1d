"""The life of an entry as a table, and walked at random over a real register."""

from __future__ import annotations

import tempfile
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import select

from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import Conflict, CreditServiceError
from creditsvc.register.decisions import approve, propose, reject
from creditsvc.register.effects import KINDS
from creditsvc.register.life import FINAL, MOVES, ORDER_MOVES, OrderState, State, Step, moved, order_moved
from creditsvc.register.policy import ExitGround
from creditsvc.register.readings import facts_about
from creditsvc.register.tables import ConsumptionOrder, Decision, Listing, RegisterEvent
from creditsvc.storage.outbox import Outbox
from creditsvc.wallclock import FixedClock
from tests.register.world import CLERK, JUDGE, PRESIDENT, add_listing, add_order, draft, resident
from tests.support.apps import NOON, Templates, world


def test_what_is_final() -> None:
    assert {State.REFUSED, State.REMOVED, State.REVOKED, State.LAPSED} == FINAL


@given(st.lists(st.sampled_from(Step), max_size=12))
def test_a_walk_ends_where_the_law_ends(steps: list[Step]) -> None:
    state = State.CANDIDATE
    walked = [state]
    for step in steps:
        try:
            state = moved(state, step)
        except Conflict as impossible:
            assert impossible.code == "step-impossible"
            assert (state, step) not in MOVES
            continue
        walked.append(state)
    if State.ACTIVE in walked:
        assert State.DECIDED in walked[: walked.index(State.ACTIVE)], "nothing is published without a decision"
        assert State.LAPSED not in walked, "what was published does not lapse"
    if FINAL & set(walked):
        assert walked.index(next(found for found in walked if found in FINAL)) == len(walked) - 1


def test_every_state_is_reached_and_every_order_step_is_known() -> None:
    assert set(MOVES.values()) | {State.CANDIDATE} == set(State)
    for state in OrderState:
        for step in Step:
            if (state, step) in ORDER_MOVES:
                assert order_moved(state, step) is ORDER_MOVES[state, step]
            else:
                with pytest.raises(Conflict):
                    order_moved(state, step)


CHANGES = {
    "correct_listing": {"performed_part": "1,000 元"},
    "extend_listing": {"until": "2030-03-01", "cause": "several_acts", "acts": ["甲", "乙"]},
}
WAYS = {
    about: [
        (kind, ground.value)
        for kind, found in KINDS.items()
        if about in found.about
        for ground in sorted(found.grounds) or [ExitGround.ERROR]
    ]
    for about in ("listing", "consumption_order")
}
PEOPLE = st.sampled_from([PRESIDENT, PRESIDENT, JUDGE, CLERK])


class Register(RuleBasedStateMachine):
    """One debtor, two listings of one case (with and without a term), one order; officers do as they like."""

    @initialize()
    def open(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        path = Path(self.folder.name)
        (path / "template").mkdir()
        self.context = world("sqlite", Templates(path / "template"), path)
        self.services = self.context.__enter__()
        self.number, case = resident(500), "（2026）豫0105执500号"
        self.entries = [
            add_listing(self.services, self.number, case_number=case),
            add_listing(self.services, self.number, case_number=case, grounds=["evades"], decided_on=date(2025, 3, 1),
                        until=date(2027, 3, 1)),
            add_order(self.services, self.number, case_number=case),
        ]  # fmt: skip
        self.gone: dict[str, str] = {}

    def attempt(self, act: Any) -> None:
        """Do it in a transaction; a refusal of our own family is an answer, anything else a failure."""
        try:
            with self.services.database.writing() as session:
                act(session)
        except CreditServiceError:
            pass

    def draft(self, which: int, what: tuple[str, str]) -> Any:
        today = legal_day(self.services.clock.now())
        return draft(self.entries[which], *what, changes=CHANGES.get(what[0], {}), event_on=today, known_on=today)

    @rule(which=st.integers(0, 1), what=st.sampled_from(WAYS["listing"]))
    def propose_about_a_listing(self, which: int, what: tuple[str, str]) -> None:
        made, now = self.draft(which, what), self.services.clock.now()
        self.attempt(lambda session: propose(session, made, caller=CLERK, now=now))

    @rule(what=st.sampled_from(WAYS["consumption_order"]))
    def propose_about_the_order(self, what: tuple[str, str]) -> None:
        made, now = self.draft(2, what), self.services.clock.now()
        self.attempt(lambda session: propose(session, made, caller=CLERK, now=now))

    @rule(which=st.integers(0, 1), what=st.sampled_from(WAYS["listing"]))
    def decide_about_a_listing(self, which: int, what: tuple[str, str]) -> None:
        self.propose_about_a_listing(which, what)
        self.sign_the_newest()

    @rule(what=st.sampled_from(WAYS["consumption_order"]))
    def decide_about_the_order(self, what: tuple[str, str]) -> None:
        self.propose_about_the_order(what)
        self.sign_the_newest()

    def sign_the_newest(self) -> None:
        def act(session: Any) -> None:
            newest = session.scalar(select(Decision).order_by(Decision.id.desc()).limit(1))
            if newest is not None:
                now = self.services.clock.now()
                approve(session, newest.id, shown_digest=newest.digest, caller=PRESIDENT, now=now)

        self.attempt(act)

    @rule(who=PEOPLE, pick=st.integers(0, 9), go=st.sampled_from([True, True, True, False]))
    def settle(self, who: Any, pick: int, go: bool) -> None:
        def act(session: Any) -> None:
            waiting = session.scalars(select(Decision).where(Decision.state == "proposed").order_by(Decision.id)).all()
            if not waiting:
                return
            one, now = waiting[pick % len(waiting)], self.services.clock.now()
            if go:
                approve(session, one.id, shown_digest=one.digest, caller=who, now=now)
            else:
                reject(session, one.id, reason="退回", caller=who, now=now)

        self.attempt(act)

    @rule(days=st.integers(1, 200))
    def time_passes(self, days: int) -> None:
        clock = self.services.clock
        assert isinstance(clock, FixedClock)
        clock.set(clock.now() + timedelta(days=days))

    @invariant()
    def all_holds(self) -> None:
        if not hasattr(self, "entries"):
            return
        today = legal_day(self.services.clock.now())
        with self.services.database.reading() as session:
            rows: list[Any] = [*session.scalars(select(Listing)), *session.scalars(select(ConsumptionOrder))]
            for row in rows:
                self._one(session, row)
            listings = [row for row in rows if isinstance(row, Listing)]
            standing = [row for row in listings if row.state == "active" and (row.until is None or today <= row.until)]
            order = next(row for row in rows if isinstance(row, ConsumptionOrder))
            if standing:
                assert order.state != "lifted", "I11: who is listed is under the order"
            match = facts_about(session, self.services.vault, self.number, "王甲", on=today)
            named = {fact.entry for fact in match.facts.listings if fact.in_force(today)}
            assert named == {row.entry for row in standing}, "a check names what is in force, by date alone"

    def _one(self, session: Any, row: Any) -> None:
        events = session.scalars(select(RegisterEvent).where(RegisterEvent.entry == row.entry)).all()
        facts = session.scalars(select(Outbox).where(Outbox.entry == row.entry).order_by(Outbox.id)).all()
        assert row.revision == 1 + len(events) == 1 + len(facts), "state, event and fact become true together"
        assert [fact.revision for fact in facts] == list(range(2, row.revision + 1))
        exits = [fact for fact in facts if fact.is_exit]
        assert len(exits) == (row.state not in {"active", "ordered"})
        assert all(fact.revision == row.revision for fact in exits), "nothing follows an exit"
        before = self.gone.get(row.entry)
        assert before in (None, row.state), "what has left stays as it left"
        if exits:
            self.gone[row.entry] = row.state
            decided = session.get(Decision, events[-1].decision_id)
            assert decided.approver_person and decided.approver_person != decided.proposer_person

    def teardown(self) -> None:
        if hasattr(self, "context"):
            self.context.__exit__(None, None, None)
            self.folder.cleanup()


RegisterWalk = Register.TestCase
RegisterWalk.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)


def test_the_walk_starts_on_the_house_clock() -> None:
    assert legal_day(NOON) == date(2026, 11, 24)
