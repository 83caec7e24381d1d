"""A calendar that is loaded later moves the due days of open applications; the day that stood before is kept."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from creditsvc.access.callers import Caller
from creditsvc.kernel.load import packaged_calendar
from creditsvc.kernel.notices import YearNotice
from creditsvc.services import Services
from creditsvc.storage.calendars import calendar, keep_notice
from creditsvc.wallclock import FixedClock
from repair import desk_work as work
from repair.facts import refusal_facts
from repair.history import load
from repair.jobs import count_anew
from repair.policy.kinds import ApplicationKind
from repair.tables import Application
from tests.repair.steps import refuse, send
from tests.repair.world import clerk, debtor_of, list_person
from tests.support.apps import NOON

LATE = NOON + timedelta(days=31)
_LAST = packaged_calendar().notice(2026)
assert _LAST is not None
REST = {day.replace(year=2027): name for day, name in _LAST.off_days.items() if day.month > 1}
REST |= dict.fromkeys((date(2027, 1, 1), date(2027, 1, 8), date(2027, 1, 9), date(2027, 1, 10)), "元旦")
"""Next year's rest days, made up: this year's, and three in January."""


def test_both_days_are_kept(services: Services) -> None:
    """Received on 2026-12-25: the fifteenth day is 2027-01-09, a Saturday, so the Monday, as long as nobody knows better."""
    me = _late(services)
    first, done = (send(services, *me(), ApplicationKind.REMOVAL, "performed") for _ in range(2))
    refuse(services, done)
    with services.database.reading() as session:
        version = load(session, first, to_change=False).version
    assert (count_anew(services, LATE), count_anew(services, LATE)) == ("1 recounted", ""), "what is decided stays"
    _load(services, date(2027, 1, 11))
    assert count_anew(services, LATE) == "1 recounted"
    with services.database.reading() as session:
        found = load(session, first, to_change=False)
        assert (found.due_on, found.due_provisional, found.due_before) == (date(2027, 1, 12), False, date(2027, 1, 11))
        assert found.version == version, "whoever is about to sign signs what he was shown"
        assert load(session, done, to_change=False).due_before is None


def test_a_pause_runs_on(services: Services) -> None:
    """Three working days from 12-25, stopped on the Monday with two left; from 12-31 on these are counted anew."""
    me = _late(services)
    number = send(services, *me(), ApplicationKind.OBJECTION, "inaccurate")
    _step(services, number, 3, lambda session, found, now: work.take(session, found, caller=clerk(), now=now))
    _step(
        services, number, 3,
        lambda session, found, now: work.pause(session, found, reason="expert", caller=clerk(), now=now),
    )  # fmt: skip
    _step(
        services, number, 6,
        lambda session, found, now: work.resume(session, found, calendar=calendar(session), caller=clerk(), now=now),
    )  # fmt: skip
    with services.database.reading() as session:
        before = load(session, number, to_change=False).due_on
    _load(services, date(2027, 1, 4))
    count_anew(services, LATE)
    with services.database.reading() as session:
        found = load(session, number, to_change=False)
        assert before is not None and found.due_on == before + timedelta(days=1) and found.due_before == before


def test_the_way_to_the_court_above_is_counted_by_the_loaded_calendar(services: Services) -> None:
    me = _late(services)
    refused = send(services, *me(), ApplicationKind.REMOVAL, "performed")
    refuse(services, refused)
    with services.database.writing() as session:
        load(session, refused, to_change=True).served_on = date(2026, 12, 31)
    _load(services, date(2027, 1, 11))
    with services.database.reading() as session:
        last = refusal_facts(session, load(session, refused, to_change=False)).last_day
    assert last == date(2027, 1, 12), "ten days, and the rest days of the notice that was loaded"


def _late(services: Services) -> Callable[[], tuple[Caller, str]]:
    """It is 2026-12-25; gives another debtor and his entry each time."""
    assert isinstance(services.clock, FixedClock)
    services.clock.set(LATE)

    def one() -> tuple[Caller, str]:
        entry = list_person(services)
        return debtor_of(services, entry), entry

    return one


def _load(services: Services, extra: date) -> None:
    with services.database.writing() as session:
        notice = YearNotice(2027, "虚构〔2026〕1号", date(2026, 12, 26), "演示", {**REST, extra: "元旦"}, frozenset())
        keep_notice(session, notice, by="t", at=LATE)


def _step(services: Services, number: str, days: int, act: Callable[[Session, Application, datetime], object]) -> None:
    now = LATE + timedelta(days=days)
    assert isinstance(services.clock, FixedClock)
    services.clock.set(now)
    with services.database.writing() as session:
        act(session, load(session, number, to_change=True), now)
