"""From a candidate to a published listing, typed at the desk by two people: every transition, every bar, nothing made up."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from creditsvc.kernel.errors import Conflict, CreditServiceError, InvalidInput, NotAllowed
from creditsvc.register.candidates import NewCandidate, homonyms, open_candidate
from creditsvc.register.decisions import Draft
from creditsvc.register.feed_fields import feed_fields
from creditsvc.register.rules_loaded import keep_rule
from creditsvc.register.tables import ConsumptionOrder, Decision, Listing, RegisterEvent, ResponsibleMark
from creditsvc.register.tables_matters import CandidateRecord, GracePeriod
from creditsvc.services import Services
from creditsvc.storage.outbox import Outbox
from creditsvc.storage.subjects import keep_subjects
from creditsvc.tasks.tables import Task
from creditsvc.wallclock import FixedClock
from tests.register.world import (
    CLERK,
    DAY,
    JUDGE,
    add_listing,
    candidate,
    decided,
    draft,
    known_facts,
    resident,
    unit,
)
from tests.support.apps import NOON

ENTERED = {"national_entry": "QG900", "national_entered_on": "2026-11-24"}


def about(
    entry: str, kind: str, ground: str = "", *, number: str = "（2026）豫0105执5号之一", on: date = DAY, **changes: Any
) -> Draft:
    return draft(entry, kind, ground, changes=changes, event_on=on, known_on=on, document_number=number)


def rows(services: Services, table: Any) -> list[Any]:
    with services.database.reading() as session:
        return list(session.scalars(select(table).order_by(table.id)))


def listing_of(services: Services, entry: str) -> Listing:
    """The listing that was decided about a candidate."""
    with services.database.reading() as session:
        return session.scalars(select(Listing).where(Listing.candidate == entry)).one()


def listed(services: Services, entry: str, **changes: Any) -> Listing:
    """Decide to list, by clerk and president."""
    given = {"grounds": ["able_but_refuses"], "decided_on": "2026-11-24"} | changes
    decided(services, about(entry, "decide_listing", **given))
    return listing_of(services, entry)


def move(services: Services, days: int) -> date:
    """Let days pass; today."""
    clock = services.clock
    assert isinstance(clock, FixedClock)
    clock.set(NOON + timedelta(days=days))
    return DAY + timedelta(days=days)


def named(services: Services, number: Any, name: str = "王甲", on: date = DAY) -> list[str]:
    return [fact.entry for fact in known_facts(services, number, name, on=on).listings]


def refused(services: Services, code: str, what: Draft, kind: type[CreditServiceError] = Conflict) -> None:
    with pytest.raises(kind) as caught:
        decided(services, what)
    assert caught.value.code == code
    assert rows(services, Decision) == [] or all(row.state != "proposed" for row in rows(services, Decision))


def test_the_whole_beginning_without_grace(services: Services) -> None:
    who = resident(21)
    entry = candidate(services, who, applicant="李乙")
    (task,) = rows(services, Task)
    assert (task.kind, task.timer, task.due_on) == ("decide", "T01", date(2026, 12, 9)), "fifteen days from receipt"
    row = listed(services, entry)
    assert (row.state, row.grounds, row.until, row.decision_signed_by) == (
        "decided",
        ["able_but_refuses"],
        None,
        "staff:4",
    )
    assert rows(services, Outbox) == [] and named(services, who) == [], "I07: nothing is published in DECIDED"
    decide, enter = rows(services, Task)
    assert (decide.outcome, enter.kind, enter.closed_at) == ("decide_listing", "enter", None)
    decided(services, about(row.entry, "publish_listing", **ENTERED), JUDGE)
    row = listing_of(services, entry)
    assert (row.state, row.published_on, row.national_entry, row.revision) == ("active", DAY, "QG900", 2)
    assert named(services, who) == [row.entry]
    assert [(fact.fact, fact.entry) for fact in rows(services, Outbox)] == [("published", row.entry)]
    assert [event.type for event in rows(services, RegisterEvent)] == [
        "annotate",
        "review",
        "decide",
        "decide",
        "publish",
    ]
    assert [task.kind for task in rows(services, Task) if not task.closed_at] == ["article8"]


def test_grace_hides_a_listing_and_ends_by_a_persons_word(services: Services) -> None:
    who = resident(22)
    row = listed(services, candidate(services, who))
    refused(services, "grace-length", about(row.entry, "grant_grace", from_day="2026-11-24", to_day="2027-03-24"))
    decided(services, about(row.entry, "grant_grace", from_day="2026-11-24", to_day="2026-12-24"), JUDGE)
    assert rows(services, Listing)[0].state == "in_grace"
    assert rows(services, Outbox) == [] and named(services, who) == [], "I07, case 20"
    refused(services, "in-grace", about(row.entry, "publish_listing", **ENTERED))
    refused(services, "in-grace", about(row.entry, "issue_order", issued_on="2026-11-24"))
    second = about(row.entry, "grant_grace", from_day="2026-12-24", to_day="2027-01-24")
    with pytest.raises(NotAllowed, match="president"):
        decided(services, second, JUDGE)
    with services.database.writing() as session:
        session.query(Decision).where(Decision.open_key.is_not(None)).delete()
    decided(services, second)
    assert len(rows(services, GracePeriod)) == 2, "a second grace by the president alone (case 19)"
    today = move(services, 62)
    decided(
        services, about(row.entry, "publish_listing", on=today, national_entry="QG1", national_entered_on=str(today))
    )
    assert [fact.fact for fact in rows(services, Outbox)] == ["published"]


def test_performed_in_grace_leaves_nothing(services: Services) -> None:
    who = resident(23)
    row = listed(services, candidate(services, who))
    decided(services, about(row.entry, "grant_grace", from_day="2026-11-24", to_day="2027-02-24"))
    decided(services, about(row.entry, "lapse_listing", "performed"), JUDGE)
    assert (rows(services, Listing)[0].state, rows(services, Outbox), named(services, who)) == ("lapsed", [], [])
    refused(services, "step-impossible", about(row.entry, "publish_listing", **ENTERED))


def test_holding_off_reaches_two_grounds_alone(services: Services) -> None:
    row = listed(services, candidate(services, resident(24)), grounds=["evades"], until="2028-11-24")
    refused(services, "hold-off", about(row.entry, "lapse_listing", "applicant_holds_off"))
    decided(services, about(row.entry, "lapse_listing", "withdrawn"))


def test_a_revocation_before_publication_tells_no_stream(services: Services) -> None:
    row = listed(services, candidate(services, resident(25)))
    decided(services, about(row.entry, "revoke_listing", "error"))
    assert (rows(services, Listing)[0].state, rows(services, Outbox)) == ("revoked", [])


def test_what_is_not_public_is_on_no_stream_and_in_no_check(services: Services) -> None:
    who = resident(26)
    row = listed(services, candidate(services, who))
    decided(services, about(row.entry, "enter_nonpublic", unit_notified="某局"))
    with services.database.reading() as session:
        assert not feed_fields(session, services.vault, [row.entry])[row.entry].in_force, "I31"
    assert (named(services, who), rows(services, Outbox)) == ([], [])
    decided(services, about(row.entry, "correct_listing", performed_part="1 元"))
    decided(services, about(row.entry, "remove_listing", "performed"))
    assert (rows(services, Listing)[0].state, rows(services, Outbox)) == ("removed", [])
    kinds = [task.kind for task in rows(services, Task) if task.kind.startswith("notify")]
    assert kinds == ["notify_unit", "notify_unit_exit"], "the unit is told of both (I19)"


def test_what_turns_unsuitable_for_publication_leaves_every_stream_and_stands(services: Services) -> None:
    """It is in no check and on no stream, receivers keep nothing of it; the listing goes on, and the unit is told."""
    who = resident(27)
    row = listed(services, candidate(services, who))
    refused(services, "step-impossible", about(row.entry, "withhold_listing", unit_notified="某局"))
    decided(services, about(row.entry, "publish_listing", **ENTERED))
    decided(services, about(row.entry, "withhold_listing", unit_notified="某局"), JUDGE)
    (row,) = rows(services, Listing)
    assert (row.state, row.nonpublic, row.exit, row.ended_on) == ("active_nonpublic", True, None, None)
    assert named(services, who) == []
    told = rows(services, Outbox)[-1]
    assert told.exit is not None
    assert (told.fact, told.is_exit, told.exit["effect"], told.exit["ground"]) == ("removed", True, "erase", "withheld")
    assert [task.kind for task in rows(services, Task) if not task.closed_at] == ["article8", "notify_unit"]
    decided(services, about(row.entry, "remove_listing", "performed"))
    assert len(rows(services, Outbox)) == 2, "its end is told to nobody who was told that it left"


GRADES = {
    "court": "豫0105", "from": "2026-01-01", "source": "本院分级办法", "severities": [
        {"name": "minor", "zh": "轻微", "en": "minor", "grace_months": 2}, {"name": "grave", "zh": "严重", "en": "grave"},
    ],
}  # fmt: skip


def test_a_grade_that_asks_for_grace_first_is_not_published_without(services: Services) -> None:
    with services.database.writing() as session:
        keep_rule(session, GRADES, caller=JUDGE, now=services.clock.now())
    row = listed(services, candidate(services, resident(28)), severity="minor")
    refused(services, "grace-first", about(row.entry, "publish_listing", **ENTERED))
    refused(services, "grace-grade", about(row.entry, "grant_grace", from_day="2026-11-24", to_day="2026-12-24"))
    decided(services, about(row.entry, "grant_grace", from_day="2026-11-24", to_day="2027-01-24"), JUDGE)
    today = move(services, 62)
    entered = {"national_entry": "QG2", "national_entered_on": str(today)}
    decided(services, about(row.entry, "publish_listing", on=today, **entered))
    grave = listed(services, candidate(services, resident(29)), severity="grave", decided_on=str(today))
    decided(services, about(grave.entry, "publish_listing", on=today, **{**entered, "national_entry": "QG3"}))
    assert [one.state for one in rows(services, Listing)] == ["active", "active"]


@pytest.mark.parametrize(
    ("born", "changes", "code"),
    [
        ("20090101", {}, "minor"),
        ("20081124", {}, "minor"),
        ("19800101", {"findings": ["security_suffices"]}, "security"),
        ("19800101", {"findings": ["property_suffices"]}, "property"),
        ("19800101", {"findings": ["ranks_later"]}, "rank"),
        ("19800101", {"findings": ["otherwise_unable"]}, "inability"),
        ("19800101", {"findings": ["only_as_officer"]}, "officer"),
        ("19800101", {"findings": ["applicant_holds_off"]}, "applicant-holds-off"),
        ("19800101", {"findings": ["campus_loan_student"]}, "doubt-open"),
        ("19800101", {"findings": ["lacks_capacity"]}, "doubt-open"),
        ("19800101", {"grounds": ["evades"]}, "term-missing"),
        ("19800101", {"grounds": ["evades"], "until": "2028-12-30"}, "term-wrong"),
        ("19800101", {"until": "2028-11-24"}, "term-unexpected"),
        ("19800101", {"grounds": ["able_but_refuses", "evades"], "until": "2028-11-24"}, "two-records"),
        ("19800101", {"grounds": ["evades"], "until": "2029-11-24"}, "cause-missing"),
        ("19800101", {"grounds": ["evades"], "until": "2029-11-24", "cause": "violence"}, "cause-violence"),
        (
            "19800101",
            {"grounds": ["evades"], "until": "2029-11-24", "cause": "several_acts", "acts": ["甲"]},
            "cause-acts",
        ),
        (
            "19800101",
            {"grounds": ["evades"], "until": "2029-11-24", "cause": "several_acts", "acts": ["甲", "乙"]},
            "doubt-open",
        ),
        ("19800101", {"severity": "minor"}, "severity-unknown"),
    ],
)
def test_bars_at_the_desk(sqlite_services: Services, born: str, changes: dict[str, Any], code: str) -> None:
    entry = candidate(sqlite_services, resident(27, born))
    given = {"grounds": ["able_but_refuses"], "decided_on": "2026-11-24"} | changes
    refused(sqlite_services, code, about(entry, "decide_listing", **given))


def test_a_doubt_is_answered_in_words_or_it_stands(services: Services) -> None:
    entry = candidate(services, resident(28))
    row = listed(
        services, entry, findings=["campus_loan_student"], doubts={"student": "已毕业并有稳定收入，另有转移财产行为"}
    )
    assert row.state == "decided"
    with services.database.reading() as session:
        made = session.scalars(select(Decision)).one()
    assert made.draft["changes"]["doubts"] == {"student": "已毕业并有稳定收入，另有转移财产行为"}


def test_no_second_listing_on_the_same_applicants_wish_within_six_months(services: Services) -> None:
    who = resident(29)
    first = candidate(services, who, serial=77)
    row = listed(services, first)
    decided(services, about(row.entry, "publish_listing", **ENTERED))
    decided(services, about(row.entry, "remove_listing", "applicant_request"))
    today = move(services, 30)
    again = candidate(services, who, applicant="李乙", serial=77, relisting_of=row.entry)
    with pytest.raises(Conflict) as barred:
        listed(services, again, decided_on=str(today))
    assert barred.value.code == "six-months", "I12"
    with services.database.writing() as session:
        other = session.scalars(select(CandidateRecord).where(CandidateRecord.entry == again)).one()
        other.applicant = None
    with pytest.raises(Conflict) as asked:
        listed(services, again, decided_on=str(today))
    assert (asked.value.code, asked.value.details["points"]) == ("doubt-open", ["six-months-own-motion"])
    new = about(again, "decide_listing", number="（2026）豫0105执5号之二", grounds=["able_but_refuses"], decided_on=str(today),
                doubts={"six-months-own-motion": "另经审委会第 12 号决定批准"}, on=today)  # fmt: skip
    decided(services, new)
    made = listing_of(services, again)
    assert made.relisting_of == row.entry and made.entry != row.entry, "I13: a new record names the old one"
    assert rows(services, Listing)[0].state == "removed"


def test_only_an_ended_listing_of_the_same_debtor_and_case_is_followed(services: Services) -> None:
    who = resident(30)
    standing = add_listing(services, who)
    values = {"number": who, "name": "王甲", "court_code": "豫0105", "case_number": "（2026）豫0105执1号", "filed_on": None,
              "notice_served_on": date(2026, 2, 1), "perform_by": date(2026, 2, 11)}  # fmt: skip
    for code, change in (
        ("relisting", {"relisting_of": standing}),
        ("court", {"court_code": "豫0702"}),
        ("performed", {"performance": "full"}),
        ("notice-days", {"perform_by": DAY}),
        ("name-missing", {"name": " "}),
    ):
        with pytest.raises(CreditServiceError) as wrong, services.database.writing() as session:
            open_candidate(session, services, NewCandidate(**{**values, **change}), caller=CLERK, now=NOON)
        assert wrong.value.code == code
    assert rows(services, CandidateRecord) == []


def test_a_revoked_record_can_not_be_cited(services: Services) -> None:
    who = resident(31)
    wrong = add_listing(services, who, state="revoked")
    entry = candidate(services, who)
    term = {"grounds": ["evades"], "decided_on": "2026-11-24", "until": "2029-11-24", "cause": "several_acts"}
    refused(services, "act-revoked", about(entry, "decide_listing", **term, acts=[wrong, "乙"]))


def test_article_6_is_complete_or_nothing_is_decided(services: Services) -> None:
    entry = candidate(services, unit(32), legal_representative="", basis_number="")
    with pytest.raises(InvalidInput) as missing:
        listed(services, entry)
    assert missing.value.details["missing"] == ["basis_number", "legal_representative"], "I04"


def test_the_president_signs_a_listing_and_an_order(services: Services) -> None:
    entry = candidate(services, resident(33))
    for kind, changes in (
        ("decide_listing", {"grounds": ["able_but_refuses"], "decided_on": "2026-11-24"}),
        ("issue_order", {"issued_on": "2026-11-24"}),
    ):
        with pytest.raises(NotAllowed, match="president"):
            decided(services, about(entry, kind, **changes), JUDGE)


def test_an_order_is_issued_beside_and_told_at_once(services: Services) -> None:
    entry = candidate(services, resident(34))
    decided(services, about(entry, "issue_order", number="（2026）豫0105执5号限消令", issued_on="2026-11-24"))
    (order,) = rows(services, ConsumptionOrder)
    assert (order.state, order.order_number, order.signed_by) == ("ordered", "（2026）豫0105执5号限消令", "staff:4")
    assert [(fact.kind, fact.fact) for fact in rows(services, Outbox)] == [("consumption_order", "published")]
    refused(services, "order-stands", about(entry, "issue_order", issued_on="2026-11-24"))
    assert rows(services, CandidateRecord)[0].state == "under_review", "an order is no listing (I26)"


def test_no_order_against_a_minor(services: Services) -> None:
    entry = candidate(services, resident(35, "20170501"))
    refused(services, "minor", about(entry, "issue_order", issued_on="2026-11-24"))
    decided(services, about(entry, "refuse_listing", "barred"))
    assert rows(services, CandidateRecord)[0].state == "refused"


def test_officers_are_marked_and_released_by_the_court(services: Services) -> None:
    firm, officer = unit(36), resident(36)
    row = listed(services, candidate(services, firm))
    decided(services, about(row.entry, "publish_listing", **ENTERED))
    who = {"role": "legal_representative", "name": "赵丙", "from_day": "2026-11-24"}
    changes = {**who, "number": officer.number}
    decided(services, draft(row.entry, "name_officer", "", changes=changes, event_on=DAY, known_on=DAY))
    (mark,) = rows(services, ResponsibleMark)
    found = known_facts(services, officer, "赵丙", on=DAY)
    assert (len(found.listings), len(found.marks)) == (0, 1), "I03: a mark, never a listing"
    decided(services, about(row.entry, "release_officer", mark=mark.id, to_day="2026-11-30"))
    assert rows(services, ResponsibleMark)[0].to_day == date(2026, 11, 30)
    assert [fact.fact for fact in rows(services, Outbox)] == ["published", "corrected", "corrected"]
    with services.database.writing() as session:
        same = keep_subjects(session, services.vault, [firm], at=NOON)[firm]
    refused(services, "officer-number", about(row.entry, "name_officer", subject=same, **who), InvalidInput)


def test_a_courts_own_rule_governs_inside_the_law(services: Services) -> None:
    raw = {
        "court": "豫01", "from": "2026-11-01", "source": "郑中法〔2026〕9号", "grace_months": [1, 2], "longest_term": 36,
        "unit_needs_higher_approval": True,
        "severities": [{"name": "general", "zh": "一般", "en": "general", "longest_term": 24}],
    }  # fmt: skip
    with services.database.writing() as session:
        keep_rule(session, raw, caller=CLERK, now=NOON)
    long = {"grounds": ["obstructs"], "decided_on": "2026-11-24", "until": "2030-11-24", "cause": "violence"}
    refused(services, "term-over-rule", about(candidate(services, resident(37)), "decide_listing", **long))
    firm = candidate(services, unit(38))
    with pytest.raises(Conflict) as asked:
        listed(services, firm)
    assert asked.value.details["points"] == ["higher-approval"]
    row = listed(services, firm, doubts={"higher-approval": "郑中法批〔2026〕3号"})
    refused(services, "grace-length", about(row.entry, "grant_grace", from_day="2026-11-24", to_day="2027-02-24"))


def test_people_of_one_name_are_shown_and_never_merged(services: Services) -> None:
    one, other = resident(39), resident(40)
    entry = add_listing(services, one)
    add_listing(services, one, state="decided", court_code="豫0702")
    with services.database.reading() as session:
        shown = homonyms(session, services, other, "王甲", caller=CLERK)
        assert [found.entry for found in shown] == [entry], "of other courts only what is public"
        assert homonyms(session, services, one, "王甲", caller=CLERK) == []
    assert named(services, other) == [], "I21: the number alone matches"
