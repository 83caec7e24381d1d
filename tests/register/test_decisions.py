"""Decisions by two people: who, on what, to what effect; exactly once, on both databases."""

from __future__ import annotations

import threading
from datetime import date
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from creditsvc.access.audit import first_break
from creditsvc.access.callers import Caller
from creditsvc.access.permissions import StaffRole
from creditsvc.kernel.errors import Conflict, CreditServiceError, InvalidInput, NotAllowed, NotFound
from creditsvc.register.decisions import Draft, approve, propose, reject
from creditsvc.register.tables import ConsumptionOrder, Decision, Listing, RegisterEvent
from creditsvc.services import Services
from creditsvc.storage.outbox import Outbox
from tests.register.world import (
    CLERK,
    DAY,
    JUDGE,
    OTHER_JUDGE,
    PRESIDENT,
    add_listing,
    add_order,
    draft,
    resident,
    staff,
)

CAUSE = {"cause": "several_acts", "acts": ["转移财产", "虚假报告"]}


def proposed(services: Services, what: Draft, who: Caller = CLERK) -> tuple[int, str]:
    """Propose and commit: number and digest."""
    with services.database.writing() as session:
        made = propose(session, what, caller=who, now=services.clock.now())
        return made.id, made.digest


def approved(services: Services, decision: tuple[int, str], who: Caller = JUDGE) -> None:
    """Approve what was shown, and commit."""
    with services.database.writing() as session:
        approve(session, decision[0], shown_digest=decision[1], caller=who, now=services.clock.now())


def refused(services: Services, kind: type[CreditServiceError], code: str, what: Draft, who: Caller = CLERK) -> None:
    """A proposal that must fail, with nothing left behind."""
    with pytest.raises(kind) as caught:
        proposed(services, what, who)
    assert caught.value.code == code
    with services.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Decision)) == 0


def listing_of(services: Services, entry: str) -> Listing:
    with services.database.reading() as session:
        return session.scalars(select(Listing).where(Listing.entry == entry)).one()


def told(services: Services, entry: str) -> list[Outbox]:
    with services.database.reading() as session:
        return list(session.scalars(select(Outbox).where(Outbox.entry == entry).order_by(Outbox.id)))


def events(services: Services, entry: str) -> list[RegisterEvent]:
    with services.database.reading() as session:
        return list(session.scalars(select(RegisterEvent).where(RegisterEvent.entry == entry)))


def test_a_removal_is_one_transaction(services: Services) -> None:
    entry = add_listing(services)
    decision = proposed(services, draft(entry))
    assert (listing_of(services, entry).state, told(services, entry)) == ("active", []), "a proposal changes nothing"
    approved(services, decision)
    row = listing_of(services, entry)
    assert (row.state, row.revision, row.ended_on) == ("removed", 2, DAY)
    (fact,) = told(services, entry)
    assert (fact.fact, fact.kind, fact.revision, fact.is_exit) == ("removed", "listing", 2, True)
    assert fact.exit == {
        "exit": "removed", "ground": "performed", "effect": "stop_use", "effective": "2026-11-24", "due": "2026-11-25",
        "decision": "（2026）豫0105执9号之二", "basis": "法释〔2017〕7号第十条第一款第一项",
    }  # fmt: skip
    (event,) = events(services, entry)
    assert (event.event_on, event.known_on, event.decided_on) == (date(2026, 11, 20), date(2026, 11, 23), DAY)
    assert (event.type, event.decision_id, event.actor) == ("remove", decision[0], "staff:2")
    with services.database.reading() as session:
        made = session.get(Decision, decision[0])
        assert made is not None
        assert (made.state, made.open_key, made.due_on) == ("approved", None, date(2026, 11, 26))
        assert first_break(session) is None, "proposal and approval are in the journal"


def test_one_person_is_not_two(services: Services) -> None:
    entry = add_listing(services)
    both = staff(StaffRole.JUDGE, "person-1", account=77)
    decision = proposed(services, draft(entry))
    with pytest.raises(NotAllowed, match="another person"):
        approved(services, decision, both)
    with pytest.raises(IntegrityError), services.database.writing() as session:
        session.execute(update(Decision).where(Decision.id == decision[0]).values(approver_person="person-1"))
    assert listing_of(services, entry).state == "active"


def test_an_approval_is_bound_to_what_was_shown(services: Services) -> None:
    entry = add_listing(services)
    number, digest = proposed(services, draft(entry))
    with pytest.raises(Conflict) as wrong:
        approved(services, (number, "0" * 64))
    assert wrong.value.code == "decision-changed"
    change = draft(entry, "correct_listing", "", changes={"performed_part": "1,000 元"})
    approved(services, proposed(services, change))
    with pytest.raises(Conflict) as stale:
        approved(services, (number, digest))
    assert stale.value.code == "decision-changed"
    assert listing_of(services, entry).state == "active"
    with services.database.writing() as session:
        reject(session, number, reason="内容已更正，须重新提出", caller=JUDGE, now=services.clock.now())
    approved(services, proposed(services, draft(entry)))
    assert [fact.fact for fact in told(services, entry)] == ["corrected", "removed"]
    assert [fact.revision for fact in told(services, entry)] == [2, 3]


def test_two_officers_at_once_have_one_effect(services: Services) -> None:
    entry = add_listing(services)
    decision = proposed(services, draft(entry))
    gate, outcomes = threading.Barrier(4), []

    def sign(who: Caller) -> None:
        gate.wait()
        try:
            approved(services, decision, who)
            outcomes.append("approved")
        except Conflict as lost:
            outcomes.append(lost.code)

    people = (JUDGE, OTHER_JUDGE, PRESIDENT, staff(StaffRole.JUDGE, "person-9", account=9))
    threads = [threading.Thread(target=sign, args=(who,)) for who in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["approved", "decision-settled", "decision-settled", "decision-settled"]
    assert (len(told(services, entry)), len(events(services, entry)), listing_of(services, entry).revision) == (1, 1, 2)


def test_two_different_decisions_at_once_have_one_effect(services: Services) -> None:
    entry = add_listing(services)
    both = [
        proposed(services, draft(entry)),
        proposed(services, draft(entry, "revoke_listing", "error", clause="法释〔2017〕7号第九条第一款")),
    ]
    gate, codes = threading.Barrier(2), []

    def sign(decision: tuple[int, str]) -> None:
        gate.wait()
        try:
            approved(services, decision)
        except Conflict as lost:
            codes.append(lost.code)

    threads = [threading.Thread(target=sign, args=(decision,)) for decision in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(codes) == 1 and codes[0] in {"decision-changed", "step-impossible"}
    assert (len(told(services, entry)), listing_of(services, entry).revision) == (1, 2)


def test_only_the_listing_court_or_one_above_decides(services: Services) -> None:
    entry = add_listing(services)
    for court, reaches in (("豫0106", False), ("豫02", False), ("豫01", True), ("豫", True)):
        who = staff(StaffRole.CLERK, f"clerk-{court}", account=50, court=court)
        if not reaches:
            refused(services, NotFound, "entry-unknown", draft(entry), who)
            continue
        number, _ = proposed(services, draft(entry), who)
        with services.database.writing() as session:
            reject(session, number, reason="试", caller=JUDGE, now=services.clock.now())
            session.delete(session.get(Decision, number))


def test_a_clerk_can_not_approve_and_an_agency_can_do_nothing(services: Services) -> None:
    entry = add_listing(services)
    decision = proposed(services, draft(entry))
    with pytest.raises(NotAllowed):
        approved(services, decision, staff(StaffRole.CLERK, "person-8", account=8))
    with pytest.raises(NotAllowed):
        proposed(services, draft(entry), staff(StaffRole.AGENCY, "person-7", account=7))


def test_article_ten_does_not_reach_a_termed_listing(services: Services) -> None:
    entry = add_listing(services, grounds=["property_report"], until=date(2028, 3, 1))
    refused(services, Conflict, "termed", draft(entry))
    refused(services, Conflict, "term-running", draft(entry, ground="term_ended"))
    approved(services, proposed(services, draft(entry, ground="early", clause="法释〔2017〕7号第二条第二款")))
    assert told(services, entry)[0].exit["ground"] == "early"  # type: ignore[index]


def test_an_ended_term_is_removed_after_its_last_day(services: Services) -> None:
    entry = add_listing(services, grounds=["property_report"], decided_on=date(2024, 11, 23), until=date(2026, 11, 23))
    what = draft(entry, ground="term_ended", event_on=date(2026, 11, 23), known_on=date(2026, 11, 23))
    approved(services, proposed(services, what))
    assert listing_of(services, entry).state == "removed"


def test_revocation_erases(services: Services) -> None:
    entry = add_listing(services)
    refused(services, InvalidInput, "ground-wrong", draft(entry, "revoke_listing", "performed"))
    approved(services, proposed(services, draft(entry, "revoke_listing", "identity_error")))
    (fact,) = told(services, entry)
    assert fact.exit is not None
    assert (fact.exit["exit"], fact.exit["effect"], fact.exit["ground"]) == ("revoked", "erase", "identity_error")


def test_what_has_left_never_comes_back(services: Services) -> None:
    entry = add_listing(services)
    approved(services, proposed(services, draft(entry)))
    for kind, ground in (("remove_listing", "performed"), ("revoke_listing", "error"), ("correct_listing", "")):
        with pytest.raises(Conflict) as caught:
            proposed(services, draft(entry, kind, ground, changes={"name": "某"} if kind == "correct_listing" else {}))
        assert caught.value.code == "step-impossible"


def test_the_order_goes_after_the_listing_and_by_its_own_decision(services: Services) -> None:
    number = resident(700)
    entry = add_listing(services, number, case_number="（2026）豫0105执700号")
    order = add_order(services, number, case_number="（2026）豫0105执700号")
    lift = draft(order, "lift_order", "order_lifted", clause="法释〔2015〕17号第九条")
    refused(services, Conflict, "listing-stands", lift)
    removal = proposed(services, draft(entry))
    lifting = proposed(services, lift)
    with pytest.raises(Conflict) as early:
        approved(services, lifting)
    assert early.value.code == "listing-stands"
    approved(services, removal)
    with services.database.reading() as session:
        standing = session.scalars(select(ConsumptionOrder)).one()
        assert standing.state == "ordered", "removing the listing lifts nothing (I11)"
    approved(services, lifting)
    (fact,) = told(services, order)
    assert (fact.kind, fact.fact, fact.exit and fact.exit["ground"]) == ("consumption_order", "removed", "order_lifted")


def test_an_order_outlives_a_term_and_can_then_be_lifted(services: Services) -> None:
    number = resident(701)
    case = "（2024）豫0105执701号"
    add_listing(services, number, case_number=case, grounds=["evades"], until=date(2026, 11, 23))
    order = add_order(services, number, case_number=case)
    approved(services, proposed(services, draft(order, "lift_order", "order_lifted")))
    assert told(services, order)[0].is_exit


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, "changes-wrong"),
        ({"grounds": ["evades"]}, "changes-wrong"),
        ({"until": "2028-01-01"}, "changes-wrong"),
        ({"name": ""}, "value-wrong"),
        ({"name": "长" * 257}, "value-wrong"),
        ({"name": "甲\0"}, "value-wrong"),
        ({"name": 7}, "value-wrong"),
        ({"age": "46"}, "value-wrong"),
        ({"age": True}, "value-wrong"),
        ({"sex": "other"}, "value-wrong"),
        ({"performance": None}, "value-wrong"),
        ({"filed_on": "2026-02-30"}, "value-wrong"),
        ({"filed_on": 20260101}, "value-wrong"),
        ({"case_number": "第一号"}, "case-number-shape"),
        ({"name": "王甲"}, "nothing-changes"),
    ],
)
def test_a_correction_takes_only_values_that_fit(sqlite_services: Services, changes: dict[str, Any], code: str) -> None:
    entry = add_listing(sqlite_services)
    with pytest.raises(InvalidInput) as caught:
        proposed(sqlite_services, draft(entry, "correct_listing", "", changes=changes))
    assert caught.value.code == code


def test_a_correction_is_told_with_its_revision(services: Services) -> None:
    entry = add_listing(services)
    changes = {"name": "王乙", "filed_on": "2026-01-06", "obligation": None, "performance": "partial"}
    approved(services, proposed(services, draft(entry, "correct_listing", "", changes=changes)))
    row = listing_of(services, entry)
    assert (row.name, row.filed_on, row.obligation, row.performance) == ("王乙", date(2026, 1, 6), None, "partial")
    (fact,) = told(services, entry)
    assert (fact.fact, fact.revision, fact.is_exit) == ("corrected", 2, False)


def test_an_extension_is_signed_by_the_president_before_the_end(services: Services) -> None:
    entry = add_listing(services, grounds=["obstructs"], decided_on=date(2025, 3, 1), until=date(2027, 3, 1))
    longer = draft(entry, "extend_listing", "", changes={"until": "2029-03-01", **CAUSE})
    for until, code in (("2027-09-01", "extension-length"), ("2027-03-01", "extension-shorter")):
        refused(services, Conflict, code, draft(entry, "extend_listing", "", changes={"until": until, **CAUSE}))
    decision = proposed(services, longer)
    with pytest.raises(NotAllowed, match="president"):
        approved(services, decision, JUDGE)
    approved(services, decision, PRESIDENT)
    assert listing_of(services, entry).until == date(2029, 3, 1)
    over = add_listing(services, grounds=["obstructs"], decided_on=date(2024, 11, 23), until=date(2026, 11, 23))
    with pytest.raises(Conflict) as late:
        proposed(services, draft(over, "extend_listing", "", changes={"until": "2027-11-23", **CAUSE}))
    assert late.value.code == "term-over"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"reason": " "}, "reason-missing"),
        ({"document_number": ""}, "document_number-missing"),
        ({"clause": ""}, "clause-missing"),
        ({"known_on": date(2026, 11, 25)}, "days-order"),
        ({"event_on": date(2026, 11, 24)}, "days-order"),
    ],
)
def test_no_decision_without_reason_document_clause_and_days(
    sqlite_services: Services, changes: dict[str, Any], code: str
) -> None:
    refused(sqlite_services, InvalidInput, code, draft(add_listing(sqlite_services), **changes))


def test_a_rejection_changes_nothing_and_opens_the_way_again(services: Services) -> None:
    entry = add_listing(services)
    number, digest = proposed(services, draft(entry))
    with pytest.raises(Conflict) as twice:
        proposed(services, draft(entry))
    assert twice.value.code == "decision-open"
    with services.database.writing() as session:
        reject(session, number, reason="证据不足", caller=JUDGE, now=services.clock.now())
    assert (told(services, entry), listing_of(services, entry).revision) == ([], 1)
    with pytest.raises(Conflict) as settled:
        approved(services, (number, digest))
    assert settled.value.code == "decision-settled"
    approved(services, proposed(services, draft(entry)))
