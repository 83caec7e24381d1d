"""Marks annotate and never hide; three reliefs kept apart; an order is lifted by a decision of its own."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from creditsvc.access.callers import Caller
from creditsvc.access.permissions import StaffRole
from creditsvc.kernel.days import add_months
from creditsvc.kernel.errors import Conflict, InvalidInput, NotAllowed
from creditsvc.register.answers import Way
from creditsvc.register.decisions import Draft, approve, propose
from creditsvc.register.effects_marks import clear_settled, note_at_once
from creditsvc.register.feed_fields import feed_fields
from creditsvc.register.marks import Mark
from creditsvc.register.reliefs import ReliefAsked, relief_answer
from creditsvc.register.tables import ConsumptionOrder, EntryMark, Listing, Relief
from creditsvc.services import Services
from creditsvc.storage.outbox import Outbox
from creditsvc.wallclock import FixedClock
from punishment_rules.facts import Note, ReliefKind
from tests.register.world import (
    CLERK,
    DAY,
    JUDGE,
    PRESIDENT,
    add_listing,
    add_order,
    draft,
    known_facts,
    resident,
    staff,
)
from tests.support.apps import NOON

LIFT = {"from_day": "2026-11-26", "to_day": "2026-11-28", "purpose": "funeral", "undertaking": True}
ONE_ACT = {"from_day": "2026-11-26", "to_day": "2026-11-28", "measures": ["hotel"], "purpose": "参加投标"}


def decided(services: Services, what: Draft, who: Caller = PRESIDENT) -> None:
    """Proposed by the clerk, approved by somebody else, committed."""
    with services.database.writing() as session:
        made = propose(session, what, caller=CLERK, now=services.clock.now())
        approve(session, made.id, shown_digest=made.digest, caller=who, now=services.clock.now())


def about(entry: str, kind: str, ground: str = "", **changes: Any) -> Draft:
    return draft(entry, kind, ground, changes=changes, event_on=DAY, known_on=DAY)


def rows(services: Services, table: Any) -> list[Any]:
    with services.database.reading() as session:
        return list(session.scalars(select(table).order_by(table.id)))


def told(services: Services, entry: str) -> list[str]:
    return [row.fact for row in rows(services, Outbox) if row.entry == entry]


def in_the_feed(services: Services, entry: str) -> list[dict[str, Any]]:
    with services.database.reading() as session:
        found: list[dict[str, Any]] = feed_fields(session, services.vault, [entry])[entry].data.get("marks", [])
        return found


def later(services: Services, days: int) -> None:
    clock = services.clock
    assert isinstance(clock, FixedClock)
    clock.set(NOON + timedelta(days=days))


def test_a_dispute_annotates_and_hides_nothing(services: Services) -> None:
    who = resident(7)
    entry = add_listing(services, who)
    with services.database.writing() as session:
        args = {"document_number": "收件 12", "reason": "收到更正申请", "caller": CLERK, "now": NOON}
        assert note_at_once(session, entry, Mark.DISPUTED, **args)
        assert not note_at_once(session, entry, Mark.DISPUTED, **args), "once"
    assert told(services, entry) == ["annotated"]
    assert in_the_feed(services, entry) == [{"mark": "disputed", "from": "2026-11-24"}]
    (fact,) = known_facts(services, who, "王甲", on=DAY).listings
    assert fact.in_force(DAY) and [note.note for note in fact.notes] == [Note.DISPUTED], "I14"
    later(services, 5)
    with services.database.writing() as session:
        args = {"document_number": "驳回 3", "reason": "已驳回", "caller": JUDGE, "now": services.clock.now()}
        assert clear_settled(session, entry, Mark.DISPUTED, **args)
        assert note_at_once(session, entry, Mark.RECONSIDERATION, **args)
    marks = in_the_feed(services, entry)
    assert marks == [
        {"mark": "disputed", "from": "2026-11-24", "to": "2026-11-29"},
        {"mark": "disputed", "from": "2026-11-29"},
    ], "streams know no reconsideration: it is a dispute one level up"
    (row,) = rows(services, Listing)
    assert (row.state, row.revision) == ("active", 4)


def test_only_what_tells_of_a_request_is_noted_by_one_person(services: Services) -> None:
    entry = add_listing(services)
    with pytest.raises(Conflict, match="two people"), services.database.writing() as session:
        note_at_once(session, entry, Mark.SHIELDED, document_number="x", reason="x", caller=CLERK, now=NOON)
    elsewhere = staff(StaffRole.CLERK, "person-8", court="豫0702")
    with pytest.raises(Exception, match="no such entry"), services.database.writing() as session:
        note_at_once(session, entry, Mark.DISPUTED, document_number="x", reason="x", caller=elsewhere, now=NOON)
    assert rows(services, EntryMark) == []


def test_a_mark_by_decision_is_set_once_and_cleared_once(services: Services) -> None:
    entry = add_listing(services)
    with pytest.raises(Conflict, match="no such mark"):
        decided(services, about(entry, "clear_shielded"))
    decided(services, about(entry, "mark_shielded", to_day="2027-11-24"))
    with pytest.raises(Conflict, match="stands already"):
        decided(services, about(entry, "mark_shielded"))
    decided(services, about(entry, "clear_shielded"))
    assert told(services, entry) == ["annotated", "annotated"]
    assert in_the_feed(services, entry) == [{"mark": "shielded", "from": "2026-11-24", "to": "2026-11-24"}]


def test_a_temporary_lift_needs_the_president_and_ends_by_itself(services: Services) -> None:
    who = resident(8)
    order = add_order(services, who)
    with pytest.raises(NotAllowed, match="president"):
        decided(services, about(order, "grant_temporary_lift", **LIFT), JUDGE)
    decided(services, about(order, "grant_temporary_lift", **LIFT))
    (relief,) = rows(services, Relief)
    assert (relief.kind, relief.measures, relief.to_day) == ("temporary_lift", [], date(2026, 11, 28))
    assert told(services, order) == ["annotated"]
    assert in_the_feed(services, order) == [{"mark": "temporary_lift", "from": "2026-11-26", "to": "2026-11-28"}]
    (row,) = rows(services, ConsumptionOrder)
    assert row.state == "ordered", "I27: the order stands; the lift is beside it, and no job ends it"


def test_after_abuse_no_further_lift(services: Services) -> None:
    who = resident(9)
    order, other = add_order(services, who), add_order(services, who)
    today = LIFT | {"from_day": "2026-11-24"}
    decided(services, about(order, "grant_temporary_lift", **today))
    (relief,) = rows(services, Relief)
    decided(services, about(order, "end_relief", relief=relief.id, abused=True))
    (relief,) = rows(services, Relief)
    assert (relief.to_day, relief.granted_to, relief.abused) == (date(2026, 11, 23), date(2026, 11, 28), True)
    assert in_the_feed(services, order) == [], "restored at once"
    for entry in (order, other):
        with pytest.raises(Conflict) as refused:
            decided(services, about(entry, "grant_temporary_lift", **LIFT))
        assert refused.value.code == "relief-abused"
    with pytest.raises(Conflict, match="has ended"):
        decided(services, about(order, "end_relief", relief=relief.id))


def test_one_act_is_approved_apart_and_single_lifts_are_off(services: Services) -> None:
    order = add_order(services, resident(10))
    decided(services, about(order, "grant_single_approval", **ONE_ACT), JUDGE)
    (relief,) = rows(services, Relief)
    assert (relief.kind, relief.measures, relief.purpose) == ("single_approval", ["hotel"], "参加投标")
    with pytest.raises(Conflict) as off:
        decided(services, about(order, "grant_single_lift", **ONE_ACT))
    assert off.value.code == "single-lift-off"


def test_values_are_held_against_their_fields(services: Services) -> None:
    order, listing = add_order(services, resident(11)), add_listing(services)
    for entry, kind, changes in (
        (order, "grant_temporary_lift", LIFT | {"purpose": "holiday"}),
        (order, "grant_temporary_lift", {**LIFT, "hotel": True}),
        (order, "grant_single_approval", ONE_ACT | {"measures": []}),
        (order, "end_relief", {"relief": "1"}),
        (listing, "mark_disputed", {"to_day": "tomorrow"}),
        (listing, "mark_disputed", {"to_day": "2026-01-01"}),
    ):
        with pytest.raises(InvalidInput):
            decided(services, about(entry, kind, **changes))
    with pytest.raises(Conflict, match="not for such an entry"):
        decided(services, about(listing, "grant_temporary_lift", **LIFT))


def test_an_order_is_lifted_with_its_reason(services: Services) -> None:
    order = add_order(services, resident(12))
    decided(services, about(order, "lift_order", "order_lifted", why="security"), JUDGE)
    (row,) = rows(services, ConsumptionOrder)
    assert (row.state, row.exit["basis"]) == ("lifted", "法释〔2017〕7号第十条第一款第一项")


days = st.dates(date(2020, 1, 1), date(2029, 12, 31))


@given(st.sampled_from(ReliefKind), days, days, days, st.booleans(), st.booleans(), st.booleans())
def test_no_relief_is_automatic_and_a_temporary_one_is_a_month_at_most(
    kind: ReliefKind, from_day: date, to_day: date, on: date, undertaking: bool, abused: bool, measures: bool
) -> None:
    answer = relief_answer(ReliefAsked(kind, from_day, to_day, on, undertaking, abused, ("hotel",) if measures else ()))
    assert answer.way is not Way.OPEN, "I22"
    if answer.way is Way.PERSON_DECIDES:
        assert max(from_day, on) <= to_day and kind is not ReliefKind.SINGLE_LIFT
    if answer.way is Way.PERSON_DECIDES and kind is ReliefKind.TEMPORARY_LIFT:
        assert undertaking and not abused and not measures and to_day <= add_months(from_day, 1), "I27"
