"""Invariants that are of one moment and not of a walk: what was revoked, and how long somebody is disclosed."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditsvc.kernel.errors import Conflict
from creditsvc.register.feed_fields import feed_fields
from creditsvc.services import Services
from punishment_rules.facts import ListingFact
from punishment_rules.law import Ground
from tests.register.test_beginnings import about, candidate, named
from tests.register.world import DAY, JUDGE, add_listing, decided, known_facts, resident

OLD = {"decided_on": date(2018, 3, 1), "published_on": date(2018, 3, 2), "national_entered_on": date(2018, 3, 2)}


def test_what_was_revoked_is_no_history(services: Services) -> None:
    """I18: in no check of any day, on no stream, and never one of several acts."""
    who = resident(71)
    entry = add_listing(services, who)
    decided(services, about(entry, "revoke_listing", "error"), JUDGE)
    with services.database.reading() as session:
        for on in (date(2026, 4, 1), DAY, DAY + timedelta(days=900)):
            assert known_facts(services, who, "王甲", on=on).listings == ()
        assert not feed_fields(session, services.vault, [entry])[entry].in_force
    term = {"grounds": ["evades"], "decided_on": "2026-11-24", "until": "2029-11-24", "cause": "several_acts"}
    with pytest.raises(Conflict) as wrong:
        decided(services, about(candidate(services, who), "decide_listing", **term, acts=[entry, "另一行为"]))
    assert wrong.value.code == "act-revoked"


def test_disclosure_outlives_five_years_only_while_listed(services: Services) -> None:
    """I28: eight years listed and unpaid is still named; from the day of its removal never again."""
    who = resident(72)
    entry = add_listing(services, who, **OLD)
    assert named(services, who) == [entry]
    decided(services, about(entry, "remove_listing", "performed"), JUDGE)
    with services.database.reading() as session:
        (fact,) = known_facts(services, who, "王甲", on=DAY).listings
        assert fact.in_force(DAY - timedelta(days=1)) and not fact.in_force(DAY), (
            "asked about a past day it says what was"
        )
        assert not feed_fields(session, services.vault, [entry])[entry].in_force


@given(st.dates(date(2017, 5, 1), date(2026, 1, 1)), st.integers(0, 4000), st.none() | st.integers(0, 4000))
def test_nobody_is_disclosed_after_removal(listed: date, asked: int, removed: int | None) -> None:
    """I28 for every day: without a removal for as long as it stands, with one until the day before."""
    ended = None if removed is None else listed + timedelta(days=removed)
    fact = ListingFact("lst_1", (Ground.ABLE_BUT_REFUSES,), "某法院", "（2018）某号", listed, ended_on=ended)
    on = listed + timedelta(days=asked)
    assert fact.in_force(on) == (ended is None or on < ended)
