"""What the court records leads to a proposal the same moment; a listing with a term is reviewed; exits are kept apart."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from creditsvc.kernel.errors import InvalidInput, NotAllowed
from creditsvc.register.circumstance_kinds import (
    RULES,
    CircumstanceKind,
    Effect,
    Happened,
    Record,
    consequence,
)
from creditsvc.register.circumstances import Recorded, record
from creditsvc.register.decisions import approve
from creditsvc.register.jobs import register_due
from creditsvc.register.life import State
from creditsvc.register.tables import ConsumptionOrder, Decision, Listing
from creditsvc.register.tables_matters import Circumstance
from creditsvc.services import Services
from creditsvc.storage.calendars import keep_notice
from creditsvc.tasks.feature import due_matters
from creditsvc.tasks.queue import NewTask, open_task
from creditsvc.tasks.tables import Task
from creditsvc.wallclock import FixedClock
from tests.kernel.test_calendars import CALENDAR
from tests.register.world import CLERK, DAY, JUDGE, PRESIDENT, add_listing, add_order, resident
from tests.support.apps import NOON

TERM = {"grounds": ["evades"], "until": date(2028, 3, 1)}


def happened(services: Services, entry: str, kind: CircumstanceKind, number: str = "结案 9", **changes: Any) -> None:
    values: dict[str, Any] = {"event_on": date(2026, 11, 20), "known_on": DAY, "reason": "已查明", "voluntary": True}
    what = Recorded(entry, kind, document_number=number, **{**values, **changes})
    with services.database.writing() as session:
        record(session, what, caller=CLERK, now=services.clock.now())


def rows(services: Services, table: Any) -> list[Any]:
    with services.database.reading() as session:
        return list(session.scalars(select(table).order_by(table.id)))


def test_performance_is_proposed_the_same_moment_for_listing_and_order(services: Services) -> None:
    who, case = resident(50), "（2026）豫0105执50号"
    listing, order = add_listing(services, who, case_number=case), add_order(services, who, case_number=case)
    elsewhere = add_listing(services, who)
    happened(services, listing, CircumstanceKind.PERFORMED)
    happened(services, listing, CircumstanceKind.PERFORMED)
    removal, lifting = rows(services, Decision)
    assert [(one.kind, one.entry, one.due_on) for one in (removal, lifting)] == [
        ("remove_listing", listing, date(2026, 11, 27)),
        ("lift_order", order, date(2026, 11, 27)),
    ], "two decisions, each of its own (I11); once"
    assert [(task.kind, task.timer, task.entry) for task in rows(services, Task)] == [
        ("remove", "T05", listing),
        ("lift", "T14", order),
    ]
    with pytest.raises(NotAllowed), services.database.writing() as session:
        approve(session, removal.id, shown_digest=removal.digest, caller=CLERK, now=NOON)
    with services.database.writing() as session:
        approve(session, removal.id, shown_digest=removal.digest, caller=JUDGE, now=NOON)
        approve(session, lifting.id, shown_digest=lifting.digest, caller=JUDGE, now=NOON)
    assert [row.state for row in rows(services, Listing)] == ["removed", "active"], "I10: only that one"
    assert rows(services, Listing)[1].entry == elsewhere
    assert [row.state for row in rows(services, ConsumptionOrder)] == ["lifted"]
    assert all(task.closed_at for task in rows(services, Task))


def test_a_listing_with_a_term_is_reviewed_and_its_order_waits(services: Services) -> None:
    who, case = resident(51), "（2026）豫0105执51号"
    listing = add_listing(services, who, case_number=case, **TERM)
    add_order(services, who, case_number=case)
    happened(services, listing, CircumstanceKind.PERFORMED)
    assert rows(services, Decision) == [], "I06: nothing is proposed for a listing with a term"
    assert [task.kind for task in rows(services, Task)] == ["review_early", "lift"]


def test_the_end_of_a_round_removes_nothing_until_two_empty_searches(services: Services) -> None:
    listing = add_listing(services)
    happened(services, listing, CircumstanceKind.ROUND_ENDED, event_on=date(2026, 3, 1))
    happened(services, listing, CircumstanceKind.CLEAN_QUERY, "查询 1", event_on=date(2026, 9, 1))
    happened(services, listing, CircumstanceKind.LEAD, "线索 1", event_on=date(2026, 10, 1))
    happened(services, listing, CircumstanceKind.CLEAN_QUERY, "查询 2", event_on=date(2026, 11, 1))
    assert rows(services, Decision) == [] and rows(services, Task) == [], "I16: a valid lead is open (case 31)"
    happened(services, listing, CircumstanceKind.LEAD_CLEARED, "线索 2", event_on=date(2026, 11, 20))
    (made,) = rows(services, Decision)
    assert (made.kind, made.draft["ground"]) == ("remove_listing", "no_property")


def test_a_wrong_match_is_revoked_with_its_duties(services: Services) -> None:
    who, case = resident(52), "（2026）豫0105执52号"
    listing, other = add_listing(services, who, case_number=case), add_listing(services, who, case_number=case, **TERM)
    happened(services, listing, CircumstanceKind.WRONG_PERSON)
    (made,) = rows(services, Decision)
    assert (made.kind, made.draft["ground"], made.entry) == ("revoke_listing", "identity_error", listing), (
        "that record alone"
    )
    with services.database.writing() as session:
        approve(session, made.id, shown_digest=made.digest, caller=JUDGE, now=NOON)
    duties = [task for task in rows(services, Task) if task.closed_at is None]
    assert [(task.kind, task.due_on) for task in duties] == [("wrong_listing", DAY)]
    assert [row.state for row in rows(services, Listing) if row.entry == other] == ["active"]


def test_performed_before_publication_goes_straight_to_its_end(services: Services) -> None:
    listing = add_listing(services, state="in_grace", national_entry=None, national_entered_on=None, published_on=None)
    happened(services, listing, CircumstanceKind.PERFORMED)
    (made,) = rows(services, Decision)
    assert (made.kind, made.draft["ground"]) == ("lapse_listing", "performed"), "cases 16, 17"


def test_what_came_by_file_is_drawn_by_the_job_under_its_recorder(services: Services) -> None:
    listing = add_listing(services)
    with services.database.writing() as session:
        session.add(
            Circumstance(
                entry=listing, kind="performed", event_on=DAY, known_on=DAY, recorded_at=NOON, recorder="batch:7",
                recorder_person="person-2", document_number="结案 8", reason="批次", voluntary=True, details={}, prepared=False,
            )
        )  # fmt: skip
    assert "1 drawn" in register_due(services, NOON)
    assert "drawn" not in register_due(services, NOON)
    (made,) = rows(services, Decision)
    assert (made.proposer, made.proposer_person) == ("job:register", "person-2")
    with pytest.raises(NotAllowed), services.database.writing() as session:
        approve(session, made.id, shown_digest=made.digest, caller=JUDGE, now=NOON)
    with services.database.writing() as session:
        approve(session, made.id, shown_digest=made.digest, caller=PRESIDENT, now=NOON)


def test_ended_terms_and_missing_calendars_come_into_the_queue_once(services: Services) -> None:
    ended = add_listing(services, grounds=["evades"], decided_on=date(2024, 11, 20), until=date(2026, 11, 20))
    add_listing(services, **TERM)
    register_due(services, NOON)
    register_due(services, NOON)
    calendar, term = sorted(rows(services, Task), key=lambda task: task.kind)
    assert (calendar.kind, calendar.court_code, calendar.details) == ("load_calendar", "", {"year": 2027})
    assert (term.kind, term.entry, term.timer, term.due_on) == ("remove_after_term", ended, "T06", date(2026, 11, 25))
    due_matters(services, NOON + timedelta(days=2))
    assert [task.level for task in sorted(rows(services, Task), key=lambda task: task.kind)] == [0, 2], (
        "overdue is raised"
    )


def test_a_loaded_calendar_moves_open_deadlines_and_keeps_both_days(services: Services) -> None:
    clock = services.clock
    assert isinstance(clock, FixedClock)
    clock.set(NOON + timedelta(days=37))
    listing = add_listing(services)
    happened(services, listing, CircumstanceKind.PERFORMED, known_on=date(2026, 12, 31), event_on=date(2026, 12, 31))
    (made,), (task,) = rows(services, Decision), rows(services, Task)
    assert (made.due_on, made.due_provisional, task.due_on, task.provisional) == (
        date(2027, 1, 6),
        True,
        date(2027, 1, 6),
        True,
    )
    notice = CALENDAR.notice(2026)
    assert notice is not None
    moved = {day.replace(year=2027) for day in notice.off_days if (day.month, day.day) != (2, 29)}
    off = dict.fromkeys(moved | {date(2027, 1, 4), date(2027, 1, 5)}, "元旦、春节、清明、劳动、端午、中秋、国庆")
    with services.database.writing() as session:
        new = type(notice)(2027, "演示通知", date(2026, 11, 1), "演示", off, frozenset())
        assert keep_notice(session, new, by="test", at=NOON)
        assert not keep_notice(session, new, by="test", at=NOON), "the same notice again is nothing new"
    register_due(services, clock.now())
    due_matters(services, clock.now())
    (made,), (task, *_) = rows(services, Decision), rows(services, Task)
    assert (made.due_before, made.due_on, made.due_provisional) == (date(2027, 1, 6), date(2027, 1, 8), False)
    assert (task.due_before, task.due_on, task.provisional) == (date(2027, 1, 6), date(2027, 1, 8), False)


def test_what_is_recorded_is_complete_and_not_of_the_future(services: Services) -> None:
    listing = add_listing(services)
    for change in ({"voluntary": None}, {"known_on": DAY + timedelta(days=1)}, {"reason": " "}, {"number": ""}):
        with pytest.raises(InvalidInput):
            happened(services, listing, CircumstanceKind.PERFORMED, **change)  # type: ignore[arg-type]
    assert rows(services, Circumstance) == []


def test_a_matter_is_opened_once(services: Services) -> None:
    new = NewTask("x/1", "judge", "豫0105", DAY, due_on=DAY)
    with services.database.writing() as session:
        assert open_task(session, new, by="t", now=NOON).id == open_task(session, new, by="t", now=NOON).id


kinds = st.sampled_from(CircumstanceKind)
STAYS = {
    "partial", "settlement_signed", "round_ended", "lead", "other_stay", "retrial_ordered", "resumed", "payment_denied",
}  # fmt: skip


@given(
    kinds,
    st.booleans(),
    st.sampled_from([None, State.ACTIVE, State.DECIDED, State.IN_GRACE]),
    st.lists(kinds, max_size=6),
)
def test_what_the_law_makes_of_a_circumstance(
    kind: CircumstanceKind, termed: bool, state: State | None, before: list[CircumstanceKind]
) -> None:
    earlier = [Happened(one, DAY - timedelta(days=9 - place)) for place, one in enumerate(before)]
    found = consequence(Record(True, termed, state), Happened(kind, DAY), earlier)
    if kind.value in STAYS:
        assert found.effect is Effect.STAYS, "I16, I17: neither the end of a round nor another stay removes"
    if termed and state is State.ACTIVE:
        assert found.effect is not Effect.REMOVE, "I06"
    if state in {State.DECIDED, State.IN_GRACE}:
        assert found.effect in {Effect.LAPSE, Effect.JUDGE, Effect.REVOKE, Effect.STAYS}
    if found.effect is Effect.REMOVE and kind in {CircumstanceKind.CLEAN_QUERY, CircumstanceKind.LEAD_CLEARED}:
        assert CircumstanceKind.ROUND_ENDED in before and [*before, kind].count(CircumstanceKind.CLEAN_QUERY) >= 2
    assert found.clause and RULES[kind].label.zh
    assert consequence(Record(False), Happened(kind, DAY), earlier).effect is not Effect.REMOVE, "I11"
