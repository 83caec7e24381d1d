"""The register walked at random through its public use cases, on both databases; after each step the law still holds."""

from __future__ import annotations

import secrets
import tempfile
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import select
from sqlalchemy.orm import Session

from creditsvc.access.permissions import StaffRole
from creditsvc.kernel.days import add_months, legal_day
from creditsvc.kernel.errors import CreditServiceError
from creditsvc.register.candidates import NewCandidate, begin_review, completed, open_candidate
from creditsvc.register.circumstance_kinds import CircumstanceKind
from creditsvc.register.circumstances import Recorded, record
from creditsvc.register.decisions import Draft, approve, propose, reject
from creditsvc.register.effects_marks import note_at_once
from creditsvc.register.jobs import register_due
from creditsvc.register.kinds import KINDS, clause_of
from creditsvc.register.life import MOVES, ORDER_MOVES
from creditsvc.register.marks import Mark
from creditsvc.register.tables import ConsumptionOrder, Decision, Listing, Relief, ResponsibleMark
from creditsvc.register.tables_matters import CandidateRecord
from creditsvc.tasks.feature import due_matters
from creditsvc.wallclock import FixedClock
from tests.conftest import missing_tool
from tests.register.invariants import CHECKS
from tests.register.seen import Seen
from tests.register.world import CASE, CLERK, COURT, JUDGE, PRESIDENT, add_listing, add_order, resident, staff, unit
from tests.support.apps import Templates, world
from tests.support.postgres import NoPostgres

ADULT, TEEN, NAMESAKE, FIRM = resident(601), resident(602, "20081220"), resident(603), unit(604)
PEOPLE = {ADULT: "王甲", TEEN: "王小", NAMESAKE: "王甲", FIRM: "某某有限公司"}
STRANGER = staff(StaffRole.JUDGE, "person-88", account=88, court="豫0702")
AGENCY = staff(StaffRole.AGENCY, "person-88", account=88)
SIGNERS = st.sampled_from([PRESIDENT, PRESIDENT, PRESIDENT, JUDGE, CLERK, STRANGER])
GROUNDS = st.sampled_from(
    [["able_but_refuses"], ["able_but_refuses"], ["evades"], ["obstructs", "evades"], ["able_but_refuses", "evades"]]
)
MONTHS = st.sampled_from([None, None, 24, 24, 25, 36, 60, 61])
FINDINGS = st.lists(
    st.sampled_from(["security_suffices", "campus_loan_student", "applicant_holds_off", "only_as_officer"]), max_size=1
)
OLD = {"decided_on": date(2018, 3, 1), "published_on": date(2018, 3, 2), "national_entered_on": date(2018, 3, 2)}
WORD = dict.fromkeys(
    ("cause", "student", "six-months-own-motion", "higher-approval", "applicant-holds-off"), "已逐项核实并说明"
)
LIVELY = (
    "publish_listing",
    "grant_grace",
    "remove_listing",
    "lift_order",
    "lapse_listing",
    "grant_temporary_lift",
    "end_relief",
)
reached: Counter[str] = Counter()
"""Which kinds of decision were approved in this process: a walk that gets nowhere proves nothing."""


class Walk(RuleBasedStateMachine):
    """Four debtors in two cases; a clerk, a judge, a president, a judge of another court and an agency do as they like."""

    templates: Templates
    kind = "sqlite"

    @initialize()
    def open(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.context = world(self.kind, self.templates, Path(self.folder.name))
        self.services = self.context.__enter__()
        case = CASE.format(1)
        term: dict[str, Any] = {"grounds": ["evades"], "decided_on": date(2025, 3, 1), "until": date(2027, 3, 1)}
        given = [add_listing(self.services, ADULT, case_number=case, applicants=["李乙"]),
                 add_listing(self.services, ADULT, case_number=case, **term),
                 add_order(self.services, ADULT, case_number=case),
                 add_listing(self.services, NAMESAKE, case_number=CASE.format(3), **OLD)]  # fmt: skip
        self.before: dict[str, Any] = {"given": given}
        for who, case_of in ((ADULT, 2), (FIRM, 1), (NAMESAKE, 1)):
            self.put_before_the_court(who, case_of, "李乙" if who is ADULT else "", again=False)
        self.list_somebody(
            1, ["able_but_refuses"], None, [], True, PRESIDENT
        )  # the unit: decided, and not yet published

    @property
    def today(self) -> date:
        return legal_day(self.services.clock.now())

    def attempt(self, act: Callable[[Session], object]) -> bool:
        """Do it in a transaction; a refusal of our own family is an answer, anything else a failure."""
        try:
            with self.services.database.writing() as session:
                act(session)
        except CreditServiceError:
            return False
        return True

    def pick(self, table: Any, place: int) -> Any:
        with self.services.database.reading() as session:
            rows = session.scalars(select(table).order_by(table.id)).all()
            return rows[place % len(rows)] if rows else None

    def decide(self, kind: str, entry: str, ground: str, changes: dict[str, Any], signer: Any) -> None:
        """Proposed by the clerk; signed by somebody at once."""
        now, number = self.services.clock.now(), f"文书 {secrets.token_hex(3)}"
        what = Draft(kind, entry, ground, clause_of(kind, ground), self.today, self.today, "已查明", number, changes)
        made: list[Decision] = []

        def write(session: Session) -> None:
            made.append(propose(session, completed(session, self.services, what, now=now), caller=CLERK, now=now))

        def sign(session: Session) -> None:
            approve(session, made[0].id, shown_digest=made[0].digest, caller=signer, now=now)

        if self.attempt(write) and self.attempt(sign):
            reached[kind] += 1

    @rule(
        who=st.sampled_from(list(PEOPLE)),
        case=st.integers(1, 2),
        applicant=st.sampled_from(["", "李乙"]),
        again=st.booleans(),
    )
    def put_before_the_court(self, who: Any, case: int, applicant: str, again: bool) -> None:
        old = self.pick(Listing, 0) if again else None
        new = NewCandidate(
            who, PEOPLE[who], COURT, CASE.format(case), date(2026, 1, 5), date(2026, 2, 1), date(2026, 2, 11), "支付 1 元", "判 1", "本院",
            legal_representative="赵丙", applicants=["李乙"], relisting_of=old.entry if old else None,
        )  # fmt: skip
        now = self.services.clock.now()

        def act(session: Session) -> None:
            row = open_candidate(session, self.services, new, caller=CLERK, now=now)
            applied = self.today if applicant else None
            begin_review(session, row.entry, applicant=applicant, applied_on=applied, reason="", caller=CLERK, now=now)

        self.attempt(act)

    @rule(
        place=st.integers(0, 9), grounds=GROUNDS, months=MONTHS, findings=FINDINGS, worded=st.booleans(), signer=SIGNERS
    )
    def list_somebody(
        self, place: int, grounds: list[str], months: int | None, findings: list[str], worded: bool, signer: Any
    ) -> None:
        row = self.pick(CandidateRecord, -1 - place)
        if row is None:
            return
        until = add_months(self.today, months).isoformat() if months else None
        if grounds == ["evades"] and until is None:
            until = add_months(self.today, 24).isoformat()
        doubts = WORD if worded else {}
        changes = {"grounds": grounds, "decided_on": str(self.today), "until": until, "findings": findings,
                   "cause": "several_acts" if months and months > 25 else None, "acts": ["甲", "乙"], "doubts": doubts}  # fmt: skip
        self.decide("decide_listing", row.entry, "", changes, signer)

    @rule(place=st.integers(0, 9), signer=SIGNERS)
    def order_somebody(self, place: int, signer: Any) -> None:
        row = self.pick(CandidateRecord, -1 - place)
        if row is not None:
            self.decide("issue_order", row.entry, "", {"issued_on": str(self.today)}, signer)

    @rule(kind=st.sampled_from(sorted(KINDS)), place=st.integers(0, 9), back=st.booleans(), days=st.integers(0, 70),
          pick=st.integers(0, 9), yes=st.booleans(), signer=SIGNERS)  # fmt: skip
    def decide_anything(self, kind: str, place: int, back: bool, days: int, pick: int, yes: bool, signer: Any) -> None:
        if kind == "decide_listing":
            return
        about = sorted(KINDS[kind].about)[pick % len(KINDS[kind].about)]
        table = {"listing": Listing, "consumption_order": ConsumptionOrder, "candidate": CandidateRecord}[about]
        row = self.pick(table, -1 - place if back else place)
        if row is None:
            return
        grounds = sorted(ground.value for ground in KINDS[kind].grounds)
        ground = grounds[pick % len(grounds)] if grounds else ""
        self.decide(kind, row.entry, ground, self.changes_for(kind, row, days, yes), signer)

    @rule(table=st.sampled_from([Listing, Listing, ConsumptionOrder, CandidateRecord]), place=st.integers(0, 9), pick=st.integers(0, 99),
          days=st.integers(0, 70), yes=st.booleans(), signer=st.sampled_from([PRESIDENT, PRESIDENT, PRESIDENT, JUDGE]))  # fmt: skip
    def take_a_step_that_the_state_allows(
        self, table: Any, place: int, pick: int, days: int, yes: bool, signer: Any
    ) -> None:
        row = self.pick(table, -1 - place)
        if row is None:
            return
        about = {Listing: "listing", ConsumptionOrder: "consumption_order", CandidateRecord: "candidate"}[table]
        moves: dict[Any, Any] = ORDER_MOVES if table is ConsumptionOrder else MOVES
        kinds = sorted(name for name, kind in KINDS.items() if about in kind.about and (row.state, kind.step) in moves)
        if not kinds:
            return
        kind = kinds[pick % len(kinds)]
        grounds = sorted(ground.value for ground in KINDS[kind].grounds)
        ground = grounds[(pick + days) % len(grounds)] if grounds else ""
        if kind == "decide_listing":
            self.list_somebody(
                place, ["evades"] if yes else ["able_but_refuses"], 24 if yes else None, [], True, signer
            )
        else:
            self.decide(kind, row.entry, ground, self.changes_for(kind, row, days, yes), signer)

    @rule(kind=st.sampled_from(LIVELY), place=st.integers(0, 9), pick=st.integers(0, 9), days=st.integers(0, 70), yes=st.booleans(),
          signer=st.sampled_from([PRESIDENT, PRESIDENT, PRESIDENT, JUDGE]))  # fmt: skip
    def go_on(self, kind: str, place: int, pick: int, days: int, yes: bool, signer: Any) -> None:
        """What moves a life on, for a record that is where it can be done: chance alone comes there too seldom."""
        about = sorted(KINDS[kind].about)[pick % len(KINDS[kind].about)]
        table: Any = ConsumptionOrder if about == "consumption_order" else Listing
        moves: dict[Any, Any] = ORDER_MOVES if table is ConsumptionOrder else MOVES
        with self.services.database.reading() as session:
            rows = session.scalars(select(table).order_by(table.id)).all()
        able = [row for row in rows if (row.state, KINDS[kind].step) in moves]
        if able:
            grounds = sorted(ground.value for ground in KINDS[kind].grounds)
            ground = grounds[pick % len(grounds)] if grounds else ""
            row = able[place % len(able)]
            self.decide(kind, row.entry, ground, self.changes_for(kind, row, days, yes), signer)

    def changes_for(self, kind: str, row: Any, days: int, yes: bool) -> dict[str, Any]:
        later = str(self.today + timedelta(days=days))
        relief, mark = self.pick(Relief, -1), self.pick(ResponsibleMark, -1)
        one_act = {"from_day": str(self.today), "to_day": later, "measures": ["hotel"], "purpose": "投标"}
        until = add_months(row.decided_on, 36).isoformat() if kind == "extend_listing" else ""
        ready: dict[str, dict[str, Any]] = {
            "extend_listing": {"until": until, "cause": "several_acts", "acts": ["甲", "乙"]},
            "issue_order": {"issued_on": str(self.today)},
            "grant_grace": {"from_day": str(self.today), "to_day": str(self.today + timedelta(days=31 + days))},
            "publish_listing": {"national_entry": f"QG{days}", "national_entered_on": str(self.today)},
            "enter_nonpublic": {"unit_notified": "某局"},
            "correct_listing": {"performed_part": f"{days} 元"},
            "correct_order": {"unit_name": f"单位 {days}"},
            "name_officer": {"number": NAMESAKE.number, "role": "actual_controller", "name": "王甲", "from_day": str(self.today)},
            "release_officer": {"mark": mark.id if mark else 1, "to_day": later},
            "grant_temporary_lift": {"from_day": str(self.today), "to_day": later, "purpose": "illness", "undertaking": True},
            "grant_single_approval": one_act,
            "grant_single_lift": one_act,
            "end_relief": {"relief": relief.id if relief else 1, "abused": yes},
        }  # fmt: skip
        return ready.get(kind, {})

    @rule(pick=st.integers(0, 9), signer=SIGNERS, go=st.booleans())
    def settle_what_waits(self, pick: int, signer: Any, go: bool) -> None:
        now = self.services.clock.now()

        def act(session: Session) -> None:
            waiting = session.scalars(select(Decision).where(Decision.state == "proposed").order_by(Decision.id)).all()
            if waiting:
                one = waiting[pick % len(waiting)]
                if go:
                    approve(session, one.id, shown_digest=one.digest, caller=signer, now=now)
                else:
                    reject(session, one.id, reason="退回", caller=signer, now=now)

        self.attempt(act)

    @rule(place=st.integers(0, 9), kind=st.sampled_from(CircumstanceKind), voluntary=st.booleans())
    def something_happens(self, place: int, kind: CircumstanceKind, voluntary: bool) -> None:
        row, now = self.pick(Listing, place), self.services.clock.now()
        what = Recorded(row.entry, kind, self.today, self.today, f"文书 {secrets.token_hex(3)}", "已查明", voluntary)
        self.attempt(lambda session: record(session, what, caller=CLERK, now=now))

    @rule(place=st.integers(0, 9), mark=st.sampled_from(Mark), who=st.sampled_from([CLERK, STRANGER, AGENCY]))
    def somebody_objects(self, place: int, mark: Mark, who: Any) -> None:
        row, now = self.pick(Listing, place), self.services.clock.now()
        self.attempt(
            lambda session: note_at_once(
                session, row.entry, mark, document_number="收件 1", reason="申请", caller=who, now=now
            )
        )

    @rule(place=st.integers(0, 9), who=st.sampled_from([STRANGER, AGENCY]))
    def others_try_to_remove(self, place: int, who: Any) -> None:
        row, now = self.pick(Listing, place), self.services.clock.now()
        what = Draft("remove_listing", row.entry, "performed", "x", self.today, self.today, "x", "x")
        assert not self.attempt(lambda session: propose(session, what, caller=who, now=now)), "I15"

    @rule(days=st.sampled_from([1, 1, 5, 35, 100, 190]))
    def time_passes(self, days: int) -> None:
        clock = self.services.clock
        assert isinstance(clock, FixedClock)
        clock.set(clock.now() + timedelta(days=days))
        register_due(self.services, clock.now())
        due_matters(self.services, clock.now())

    @invariant()
    def the_law_holds(self) -> None:
        if not hasattr(self, "before"):
            return
        with self.services.database.reading() as session:
            seen = Seen(self.services, session, self.today, PEOPLE, self.before)
            for check in CHECKS.values():
                check(seen)

    def teardown(self) -> None:
        if hasattr(self, "before"):
            self.context.__exit__(None, None, None)
            self.folder.cleanup()


def walk(kind: str, templates: Templates, *, examples: int, steps: int) -> None:
    """Walk; a machine of its own for each database."""
    if kind == "postgres":
        try:
            templates.postgres()
        except NoPostgres as reason:
            missing_tool(f"PostgreSQL ({reason})")

    class Here(Walk):
        pass

    Here.templates, Here.kind = templates, kind
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Here, settings=settings(max_examples=examples, stateful_step_count=steps, deadline=None)
    )


DATABASES = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


@pytest.mark.parametrize("kind", DATABASES)
def test_the_law_holds_whatever_officers_do(kind: str, templates: Templates) -> None:
    walk(kind, templates, examples=6 if kind == "sqlite" else 3, steps=30)


@pytest.mark.slow
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("kind", DATABASES)
def test_the_law_holds_on_long_walks(kind: str, templates: Templates) -> None:
    walk(kind, templates, examples=60, steps=60)
    assert {"decide_listing", "publish_listing", "grant_grace", "remove_listing", "lift_order", "lapse_listing"} <= set(
        reached
    )
