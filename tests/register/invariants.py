"""What the register must never break, each as a function over one state of it: the identifiers are those of the law's own list.

Every function takes a ``Seen`` and fails with its identifier. They read the tables and the public readings alone.
"""

from __future__ import annotations

from collections.abc import Callable

from creditsvc.access.audit import first_break
from creditsvc.kernel.days import add_months
from creditsvc.register.life import FINAL, State
from creditsvc.register.policy import CIRCUMSTANCES
from creditsvc.register.tables import (
    Listing,
)
from punishment_rules.law import Ground
from tests.register import invariants_more as more
from tests.register.seen import Seen

LAWFUL_MONTHS = (24, *range(36, 61))
AFTER_ORDER = {"lifted", "revoked"}


def _termed(row: Listing) -> bool:
    return any(Ground(ground).termed for ground in row.grounds)


def no_minor_is_listed(seen: Seen) -> None:
    for row in seen.listings:
        birth = seen.numbers[row.subject_id].birth_date()
        assert birth is None or row.decided_on > add_months(birth, 216), "I01"


def no_first_ground_against_art_3(seen: Seen) -> None:
    bars = {"security_suffices", "property_suffices", "ranks_later", "otherwise_unable"}
    for made in seen.approved("decide_listing"):
        changes = made.draft["changes"]
        assert "able_but_refuses" not in changes["grounds"] or not bars & set(changes.get("findings", ())), "I02"


def no_officer_is_listed_for_a_unit(seen: Seen) -> None:
    for made in seen.approved("decide_listing"):
        assert "only_as_officer" not in made.draft["changes"].get("findings", ()), "I03"
    for mark in seen.officers:
        own = [row for row in seen.listings if row.subject_id == mark.subject_id]
        number = seen.numbers.get(mark.subject_id)
        facts = seen.facts.get(number) if number else None
        assert facts is None or own or not facts.listings, "I03: a mark is no listing"


def what_is_in_force_is_complete(seen: Seen) -> None:
    for row in seen.listings:
        if row.state == State.ACTIVE.value:
            needed = (row.decision_number, row.grounds, row.obligation, row.case_number, row.court_code, row.name)
            assert all(needed) and row.national_entry and row.national_entered_on, "I04"
            assert row.candidate is None or (row.decision_signed_by and row.basis_number and row.filed_on), "I04"


def a_term_if_and_only_if_the_ground_has_one(seen: Seen) -> None:
    for row in seen.listings:
        assert _termed(row) == (row.until is not None), "I05"
        if row.until is not None:
            near = [add_months(row.decided_on, months) for months in LAWFUL_MONTHS]
            assert any(abs((row.until - day).days) <= 1 for day in near), "I05"


def article_10_never_removes_a_termed_listing(seen: Seen) -> None:
    grounds = {ground.value for ground in CIRCUMSTANCES}
    termed = {row.entry for row in seen.listings if _termed(row)}
    for made in seen.decisions:
        assert not (made.kind == "remove_listing" and made.entry in termed and made.draft["ground"] in grounds), "I06"


def nothing_leaves_the_house_before_publication(seen: Seen) -> None:
    for row in seen.listings:
        if row.state in {State.DECIDED.value, State.IN_GRACE.value, State.LAPSED.value}:
            assert seen.told(row.entry) == [] and not seen.fields[row.entry].in_force, "I07"
            assert row.entry not in seen.named(), "I07"


def nothing_is_served_after_an_exit(seen: Seen) -> None:
    for row in seen.entries:
        if row.state in {State.REMOVED.value, State.REVOKED.value, *AFTER_ORDER}:
            assert not seen.fields[row.entry].in_force and row.entry not in seen.named(), "I08"


def nothing_follows_an_exit(seen: Seen) -> None:
    for row in seen.entries:
        facts = seen.told(row.entry)
        assert [fact.revision for fact in facts] == sorted({fact.revision for fact in facts}), "I09"
        exits = [fact for fact in facts if fact.is_exit]
        assert len(exits) <= 1 and (not exits or facts[-1] is exits[0]), "I09: an exit is the last word"
        was_public = any(fact.fact == "published" for fact in facts)
        assert not exits or was_public or row.entry in seen.before.get("given", ()), "I09"


def who_is_listed_stays_listed_while_any_stands(seen: Seen) -> None:
    standing = {
        row.entry
        for row in seen.listings
        if row.state == State.ACTIVE.value and (row.until is None or seen.today <= row.until)
    }
    assert seen.named() == standing, "I10, I14: by date alone, whatever is noted"


def an_order_outlives_the_listing_and_never_the_other_way(seen: Seen) -> None:
    lifted = {made.entry for made in seen.approved("lift_order")}
    removed = {made.entry for made in seen.approved("remove_listing")}
    for order in seen.orders:
        assert (order.state == "lifted") == (order.entry in lifted), "I11: lifted by its own decision alone"
    for row in seen.listings:
        assert (row.state == State.REMOVED.value) == (row.entry in removed), "I11: removed by its own decision alone"
    ended = {
        event.entry: event.id for event in seen.events if event.kind == "consumption_order" and event.type == "remove"
    }
    began = {event.entry: event.id for event in seen.events if event.type == "publish" and event.kind == "listing"}
    for order in seen.orders:
        for row in seen.listings:
            same = (row.subject_id, row.case_number) == (order.subject_id, order.case_number)
            if same and row.state == State.ACTIVE.value and order.state == "lifted" and row.entry in began:
                over = row.until is not None and order.ended_on is not None and row.until < order.ended_on
                assert over or began[row.entry] > ended[order.entry], "I11: no lifting while a listing stood"


def six_months_after_the_applicants_own_request(seen: Seen) -> None:
    for row in seen.listings:
        mine = next((one for one in seen.candidates if one.listing == row.entry), None)
        for old in seen.listings:
            asked = old.subject_id == row.subject_id and (old.exit or {}).get("ground") == "applicant_request"
            if mine is None or not asked or old.ended_on is None or mine.applicant not in old.applicants:
                continue
            after = row.id > old.id and row.decided_on >= old.ended_on
            assert not after or row.decided_on > add_months(old.ended_on, 6), "I12"


def what_has_ended_is_never_opened_again(seen: Seen) -> None:
    ended = seen.before.setdefault("ended", {})
    for row in seen.entries:
        final = row.state in {state.value for state in FINAL} or row.state in AFTER_ORDER
        held = (row.state, row.revision, row.ended_on)
        assert ended.get(row.entry, held) == held, "I13"
        if final:
            ended[row.entry] = held
    for row in seen.listings:
        assert row.relisting_of != row.entry, "I13"


def a_mark_hides_nothing(seen: Seen) -> None:
    for mark in seen.marks:
        row = next(row for row in seen.entries if row.entry == mark.entry)
        if row.state == State.ACTIVE.value and (row.until is None or seen.today <= row.until):
            assert row.entry in seen.named(), "I14"


def only_the_court_decides(seen: Seen) -> None:
    for made in seen.decisions:
        assert made.court_code == "豫0105" and made.proposer != "staff:88" and made.approver != "staff:88", "I15"


def every_change_was_decided_by_two_people(seen: Seen) -> None:
    made = {one.id: one for one in seen.decisions}
    for event in seen.events:
        if event.decision_id is not None:
            one = made[event.decision_id]
            assert one.state == "approved" and one.approver_person and one.approver_person != one.proposer_person, "I22"
            assert (one.approver or "").startswith("staff:"), "I22: a machine signs nothing"
        else:
            assert event.type in {"annotate", "review"}, "I22: what one person does takes nothing from anybody"


def state_event_and_fact_become_true_together(seen: Seen) -> None:
    given = seen.before.get("given", ())
    for row in seen.entries:
        events = [event for event in seen.events if event.entry == row.entry]
        assert row.revision == len(events) + (row.entry in given), "one event a revision"
        assert {fact.revision for fact in seen.told(row.entry)} <= {event.revision for event in events}
        left = row.state in {State.REMOVED.value, State.REVOKED.value, *AFTER_ORDER}
        was_public = row.entry in given or any(fact.fact == "published" for fact in seen.told(row.entry))
        assert not (left and was_public) or any(fact.is_exit for fact in seen.told(row.entry)), "an exit is always told"


def the_journal_is_whole(seen: Seen) -> None:
    assert first_break(seen.session) is None, "I23"


def a_consumption_order_is_no_dishonesty(seen: Seen) -> None:
    for number, facts in seen.facts.items():
        own = {row.entry for row in seen.listings if seen.numbers.get(row.subject_id) == number}
        assert {fact.entry for fact in facts.listings} <= own, "I26, I21: by the number alone"


def a_temporary_lift_is_short_and_never_after_abuse(seen: Seen) -> None:
    abused: dict[str, int] = {}
    subject = {order.entry: order.subject_id for order in seen.orders}
    for relief in sorted(seen.reliefs, key=lambda row: row.id):
        if relief.kind == "temporary_lift":
            last = relief.granted_to or relief.to_day
            assert last <= add_months(relief.from_day, 1) and relief.measures == [], "I27"
        if relief.abused:
            abused.setdefault(subject[relief.entry], relief.id)
    granted = seen.approved("grant_temporary_lift")
    ended = {
        made.draft["changes"]["relief"]: made
        for made in seen.approved("end_relief")
        if made.draft["changes"].get("abused")
    }
    for stop in ended.values():
        later = [
            one for one in granted if subject[one.entry] == subject[stop.entry] and one.settled_at > stop.settled_at
        ]
        assert later == [], "I27"


def what_is_not_public_reaches_nobody(seen: Seen) -> None:
    for row in seen.listings:
        if row.nonpublic:
            told = seen.told(row.entry)
            withheld = any(event.type == "withhold" and event.entry == row.entry for event in seen.events)
            assert bool(told) == withheld and not seen.fields[row.entry].in_force, "I31"
            assert not told or (told[-1].is_exit and (told[-1].exit or {})["effect"] == "erase"), (
                "I31: nothing of it is kept"
            )
            assert row.entry not in seen.named(), "I31"


def times_are_kept_apart_and_never_change(seen: Seen) -> None:
    kept = seen.before.setdefault("events", {})
    for event in seen.events:
        held = (
            event.entry,
            event.revision,
            event.type,
            event.event_on,
            event.known_on,
            event.decided_on,
            event.recorded_at,
        )
        assert kept.setdefault(event.id, held) == held, "I32"
        assert event.event_on is None or event.known_on is None or event.event_on <= event.known_on, "I32"
    assert set(kept) == {event.id for event in seen.events}, "I32: events are only ever added"
    for row in seen.listings:
        if row.published_on is not None and row.candidate is not None:
            assert row.decided_on <= row.published_on, "I32"


CHECKS: dict[str, Callable[[Seen], None]] = {
    "I01": no_minor_is_listed,
    "I02": no_first_ground_against_art_3,
    "I03": no_officer_is_listed_for_a_unit,
    "I04": what_is_in_force_is_complete,
    "I05": a_term_if_and_only_if_the_ground_has_one,
    "I06": article_10_never_removes_a_termed_listing,
    "I07": nothing_leaves_the_house_before_publication,
    "I08": nothing_is_served_after_an_exit,
    "I09": nothing_follows_an_exit,
    "I10": who_is_listed_stays_listed_while_any_stands,
    "I11": an_order_outlives_the_listing_and_never_the_other_way,
    "I12": six_months_after_the_applicants_own_request,
    "I13": what_has_ended_is_never_opened_again,
    "I14": a_mark_hides_nothing,
    "I15": only_the_court_decides,
    "I19": state_event_and_fact_become_true_together,
    "I22": every_change_was_decided_by_two_people,
    "I23": the_journal_is_whole,
    "I26": a_consumption_order_is_no_dishonesty,
    "I27": a_temporary_lift_is_short_and_never_after_abuse,
    "I31": what_is_not_public_reaches_nobody,
    "I32": times_are_kept_apart_and_never_change,
    "I16": more.the_end_of_a_round_alone_removes_nothing,
    "I17": more.only_retrial_and_bankruptcy_suspend,
    "I18": more.what_was_revoked_is_no_history,
    "I20": more.exits_are_known_as_exits,
    "I21": more.a_full_number_is_in_no_field,
    "I25": more.measures_stop_with_the_entry,
    "I28": more.beyond_five_years_only_while_listed,
    "I30": more.a_deadline_in_a_year_without_notice_is_provisional,
}
