"""In whose hands each day lay: the court's, the applicant's, or nobody's because the law leaves it out."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from creditsvc.services import Services
from repair import desk_work as work
from repair.history import load
from repair.lateness import figures, held_days
from repair.policy.kinds import ApplicationKind
from repair.tables import ApplicationEvent
from tests.repair.steps import refuse, send
from tests.repair.world import DAY, clerk, debtor_of, list_person
from tests.support.apps import NOON


def event(day: int, state: str) -> ApplicationEvent:
    at: datetime = NOON + timedelta(days=day)
    return ApplicationEvent(version=day, step="x", state=state, actor="x", note="", at=at)


def test_each_day_belongs_to_whoever_held_it_at_its_end() -> None:
    history = [
        event(0, "submitted"),
        event(2, "under_review"),
        event(4, "returned"),
        event(7, "submitted"),
        event(8, "granted"),
    ]
    held = [holder for _, holder in held_days(history, DAY + timedelta(days=30))]
    assert held == ["court"] * 4 + ["person"] * 3 + ["court"]


def test_what_the_law_leaves_out_is_nobodys_fault_and_an_open_one_counts_to_today() -> None:
    held = held_days([event(0, "submitted"), event(1, "paused"), event(5, "under_review")], DAY + timedelta(days=7))
    assert [holder for _, holder in held] == ["court", *["excluded"] * 4, "court", "court"]


def test_figures_of_a_court_and_of_nobody_else(services: Services) -> None:
    entry, other = list_person(services), list_person(services)
    refuse(services, send(services, debtor_of(services, entry), entry, ApplicationKind.REMOVAL, "performed"))
    late = send(services, debtor_of(services, other), other, ApplicationKind.REMOVAL, "performed")
    with services.database.writing() as session:
        found = load(session, late, to_change=True)
        work.take(session, found, caller=clerk(), now=services.clock.now())
        assert found.due_on == date(2026, 12, 9)
    today = date(2026, 12, 14)
    span = {"first": DAY, "last": DAY, "today": today}
    with services.database.reading() as session:
        mine = figures(session, caller=clerk(), **span)
        assert (mine.received, mine.decided, mine.late) == (2, 1, 1)
        assert mine.late_days == {"court": 4}, "the 10th to the 13th"
        assert figures(session, caller=clerk(court="豫01"), **span).courts == (("豫0105", 2, 1),)
        assert figures(session, caller=clerk(court="豫0106"), **span).received == 0
