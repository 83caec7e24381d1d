"""Checks entered together are counted and written exactly as they would be one after the other."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from sqlalchemy import delete, select

from creditsvc.access.callers import Caller, CallerKind
from creditsvc.access.tables import AccessEntry, RateBucket
from creditsvc.checks import quota
from creditsvc.checks.entered import Asked, enter_checks
from creditsvc.kernel.errors import TooMany
from creditsvc.kernel.identity import parse_identity, resident_check_digit
from creditsvc.services import Services

PEOPLE = tuple(first + resident_check_digit(first) for first in (f"4101051960030{day}00{day}" for day in range(1, 6)))
KEYS = tuple(Caller(CallerKind.API_KEY, account_id=key, unit=unit) for key, unit in ((1, "甲"), (2, "甲"), (3, "乙")))
STAFF = Caller(CallerKind.STAFF, account_id=1, person="p", court_code="豫01")


@pytest.fixture(autouse=True)
def _narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits that a handful of questions reach."""
    monkeypatch.setattr(quota, "MOST_IN_A_RUN", 3)
    monkeypatch.setattr(quota, "RATE_CAPACITY", 6)
    monkeypatch.setattr(quota, "RATE_PER_SECOND", 0.001)


def _asked(services: Services, who: int, person: int) -> Asked:
    number = parse_identity(PEOPLE[person])
    return Asked(services, (*KEYS, STAFF)[who], number, services.vault.token(number.canonical), services.clock.now(), None,
                 "核验", "M-1", "transport", "fly", "clear")  # fmt: skip


def _forget(services: Services) -> None:
    quota._leases.clear()
    with services.database.writing() as session:
        session.execute(delete(AccessEntry))
        session.execute(delete(RateBucket))


def _said(services: Services, groups: list[list[Asked]]) -> tuple[list[str], list[tuple[str, bytes]], dict[str, float]]:
    _forget(services)
    said: list[str] = []
    for group in groups:
        with services.database.driving() as transaction:
            said += [one.code if isinstance(one, TooMany) else "entered" for one in enter_checks(transaction, group)]
    with services.database.reading() as session:
        rows = [(row.actor, row.subject_token or b"") for row in session.scalars(select(AccessEntry))]
        levels = {row.key: row.level for row in session.scalars(select(RateBucket)) if not row.key.startswith("check:")}
    return said, sorted(rows), levels


def _in_turn(group: list[Asked]) -> list[Asked]:
    """Second questions about one person after the first ones: of those that come at once, none comes first by itself."""
    seen: list[tuple[int, Asked]] = []
    for one in group:
        before = sum((one.caller, one.token) == (other.caller, other.token) for _, other in seen)
        seen.append((before, one))
    return [one for _, one in sorted(seen, key=lambda pair: pair[0])]


@given(some.lists(some.tuples(some.integers(0, 3), some.integers(0, 4)), min_size=1, max_size=12), some.integers(1, 12))
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_together_as_one_after_the_other(services: Services, asked: list[tuple[int, int]], size: int) -> None:
    narrow = replace(services, settings=replace(services.settings, check_people_a_day=2, check_people_a_day_of_key=4))
    each = [_asked(narrow, who, person) for who, person in asked]
    groups = [_in_turn(each[start : start + size]) for start in range(0, len(each), size)]
    assert _said(narrow, groups) == _said(narrow, [[one] for group in groups for one in group])


def test_the_numbers_are_those_of_their_own_rows(services: Services) -> None:
    _forget(services)
    asked = [_asked(services, who, person) for who, person in ((0, 0), (1, 3), (2, 0))]
    with services.database.driving() as transaction:
        numbers = enter_checks(transaction, asked)
    with services.database.reading() as session:
        for number, one in zip(numbers, asked, strict=True):
            row = session.get_one(AccessEntry, number)
            assert (row.actor, row.subject_token) == (one.caller.actor, one.token)


def test_asked_twice_in_one_group_counts_one_person(services: Services) -> None:
    _forget(services)
    with services.database.driving() as transaction:
        enter_checks(transaction, [_asked(services, 0, 1)] * 3)
    with services.database.reading() as session:
        left = {row.key.split(":")[0]: row.level for row in session.scalars(select(RateBucket))}
    assert (left["people"], left["run"]) == (services.settings.check_people_a_day_of_key - 1, 2)
    later = replace(_asked(services, 0, 1), now=services.clock.now() + timedelta(days=1))
    with services.database.driving() as transaction:
        assert isinstance(enter_checks(transaction, [later])[0], int)
