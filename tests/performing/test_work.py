"""The positive path by its use cases: papers, two people, publicity, the list, its end, what is told and to whom."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import select, update

from creditsvc.access.callers import Caller, CallerKind
from creditsvc.access.permissions import Permission
from creditsvc.access.tables import AccessEntry
from creditsvc.kernel.errors import Conflict, InvalidInput, NotAllowed, NotFound
from creditsvc.papers.issuing import PaperState, copy_of, paper_of, papers_about
from creditsvc.register.tables import Listing
from creditsvc.services import Services
from creditsvc.storage.outbox import Outbox
from creditsvc.storage.subjects import numbers_of
from repair.performing import incentive_list as places
from repair.performing import work
from repair.performing.answers import IncentiveQuestion, Standing, ask
from repair.performing.jobs import incentives
from repair.performing.published import publishable
from repair.performing.records import events_of, in_court, load, own
from repair.performing.tables import PerformanceRecord
from repair.policy.performing import Source
from repair.policy.performing_states import Stage
from tests.performing.world import DUE, NAME, PERFORMED, advised, certified, finding, on_list, performer_of, row_of
from tests.repair.world import clerk, debtor_of, judge_of, list_person, person_number

AFTER = timedelta(days=14)


def _asked(services: Services, record_id: str, name: str = NAME, *, days: int = 14) -> Standing:
    asker = Caller(CallerKind.API_KEY, 5, "key:5", unit="演示单位", permissions=frozenset({Permission.CHECK_ASK}))
    row = row_of(services, record_id)
    with services.database.writing() as session:
        number = numbers_of(session, services.vault, [row.subject_id])[row.subject_id]
        question = IncentiveQuestion(number, name, "financial_regulation", "贷款审查", "")
        return ask(session, services, question, caller=asker, now=services.clock.now() + timedelta(days=days))


def test_from_the_notice_to_the_certificate(services: Services) -> None:
    record_id = certified(services)
    with services.database.reading() as session:
        row = load(session, record_id, to_change=False)
        assert (row.stage, row.merit) == ("certified", "voluntary_performance")
        papers = papers_about(session, application=record_id)
        assert [paper.kind for paper in papers] == ["PERFORM", "ADVICE"]
        assert copy_of(session, services, papers[0])[:5] == b"%PDF-"
        acts = [event.act for event in events_of(session, row)]
        assert acts == ["advise", "claim", "propose_certificate", "approve"]


def test_names_of_people_on_no_public_list_stand_nowhere_in_clear(sqlite_services: Services) -> None:
    certified(sqlite_services)
    raw = b"".join(path.read_bytes() for path in sqlite_services.settings.home.glob("register.db*"))
    assert NAME.encode() not in raw and "债权人甲".encode() not in raw and b"86,000" not in raw


def test_the_proposer_can_not_sign_and_a_changed_proposal_is_not_signed(sqlite_services: Services) -> None:
    services, now = sqlite_services, sqlite_services.clock.now()
    record_id = advised(services)
    with services.database.writing() as session:
        row = load(session, record_id, to_change=True)
        work.claim(session, row, performed_on=PERFORMED, caller=clerk(), now=now)
        work.propose(session, row, finding(), caller=judge_of(), now=now)
        with pytest.raises(NotAllowed):
            work.approve(session, services, row, digest=work.shown_digest(row), caller=judge_of(), now=now)
        with pytest.raises(Conflict):
            work.approve(session, services, row, digest="0" * 64, caller=judge_of(person="p-3"), now=now)
        assert row.certificate is None


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ({"in_full": False}, Conflict),
        ({"compelled": True}, Conflict),
        ({"compelled": None}, InvalidInput),
        ({"performed_on": DUE + timedelta(days=1), "confirmed_on": DUE + timedelta(days=1)}, InvalidInput),
        ({"document": " "}, InvalidInput),
        ({"confirmed_on": date(2026, 11, 25)}, InvalidInput),
    ],
)
def test_what_the_law_or_the_facts_exclude_is_not_proposed(
    sqlite_services: Services, changes: dict[str, object], refused: type[Exception]
) -> None:
    services, now = sqlite_services, sqlite_services.clock.now()
    record_id = advised(services)
    with services.database.writing() as session:
        row = load(session, record_id, to_change=True)
        work.claim(session, row, performed_on=PERFORMED, caller=clerk(), now=now)
        with pytest.raises(refused):
            work.propose(session, row, finding(**changes), caller=clerk(), now=now)
        assert row.stage == "claimed"


def test_a_refusal_has_a_reason_and_a_remedy_and_may_be_followed_by_another_try(sqlite_services: Services) -> None:
    services, now = sqlite_services, sqlite_services.clock.now()
    record_id = advised(services)
    with services.database.writing() as session:
        row = load(session, record_id, to_change=True)
        work.claim(session, row, performed_on=PERFORMED, caller=performer_of(services, record_id), now=now)
        with pytest.raises(InvalidInput):
            work.propose_refusal(session, row, reason=" ", caller=clerk(), now=now)
        work.propose_refusal(session, row, reason="尚欠利息", caller=clerk(), now=now)
        assert work.approve(session, services, row, digest=work.shown_digest(row), caller=judge_of(), now=now) is None
        assert row.finding is not None and "补充材料" in row.finding["remedy_zh"]
        work.claim(session, row, performed_on=date(2026, 11, 24), caller=clerk(), now=now)
        assert (row.stage, row.finding) == ("claimed", None)


def test_a_second_notice_in_the_same_case_is_refused(sqlite_services: Services) -> None:
    record_id = advised(sqlite_services)
    row, now = row_of(sqlite_services, record_id), sqlite_services.clock.now()
    with sqlite_services.database.writing() as session:
        number = numbers_of(session, sqlite_services.vault, [row.subject_id])[row.subject_id]
        again = work.Advice(number, NAME, row.court_code, row.case_number, "甲", "乙", DUE)
        with pytest.raises(Conflict):
            work.advise(session, sqlite_services, again, caller=clerk(), now=now)


def test_other_courts_and_other_people_see_nothing(sqlite_services: Services) -> None:
    record_id = advised(sqlite_services)
    stranger = debtor_of(sqlite_services, list_person(sqlite_services))
    with sqlite_services.database.reading() as session:
        with pytest.raises(NotFound):
            in_court(load(session, record_id, to_change=False), clerk(court="豫0302"))
        with pytest.raises(NotFound):
            own(session, record_id, stranger, to_change=False)


def test_nothing_is_told_before_the_list_and_only_what_is_needed_on_it(services: Services) -> None:
    record_id = certified(services)
    assert not _asked(services, record_id).on_list
    on_list(services, record_id, later=services.clock.now() + AFTER)
    told = _asked(services, record_id)
    assert told.on_list and told.until == date(2027, 12, 8) and told.incentives
    assert all(each.citation.text.zh for each in told.incentives)
    assert not _asked(services, record_id, "守约甲").on_list
    with services.database.reading() as session:
        rows = session.scalars(select(AccessEntry).where(AccessEntry.action == "incentive_check")).all()
        assert [row.outcome for row in rows] == ["none", "on_list", "none"]


def test_a_place_ends_by_date_alone_even_if_no_job_has_run(sqlite_services: Services) -> None:
    record_id = certified(sqlite_services)
    on_list(sqlite_services, record_id, later=sqlite_services.clock.now() + AFTER)
    assert _asked(sqlite_services, record_id, days=14 + 365).on_list
    assert not _asked(sqlite_services, record_id, days=14 + 366).on_list


def test_publicity_comes_first_and_another_person_lists(sqlite_services: Services) -> None:
    services, now = sqlite_services, sqlite_services.clock.now()
    record_id = certified(services)
    with services.database.writing() as session:
        row = load(session, record_id, to_change=True)
        with pytest.raises(Conflict, match="agreed"):
            places.publicise(session, row, working_days_long=7, caller=clerk(), now=now)
        places.agree(session, row, listing=True, platform=False, caller=performer_of(services, record_id), now=now)
        places.publicise(session, row, working_days_long=7, caller=judge_of(), now=now)
        assert row.publicity_until == date(2026, 12, 3)
        with pytest.raises(NotAllowed):
            places.put_on_list(session, row, months=12, caller=judge_of(), now=now + AFTER)
        with pytest.raises(Conflict, match="publicity"):
            places.put_on_list(session, row, months=12, caller=judge_of(person="p-3"), now=now)


def test_an_objection_holds_the_place_until_it_is_checked(services: Services) -> None:
    record_id, now = certified(services), services.clock.now()
    with services.database.writing() as session:
        row = load(session, record_id, to_change=True)
        places.agree(session, row, listing=True, platform=False, caller=performer_of(services, record_id), now=now)
        places.publicise(session, row, working_days_long=7, caller=clerk(), now=now)
        first = places.object_to(
            session, services, row, statement="尚有利息未付", received_on=date(2026, 11, 24), caller=clerk(), now=now
        )
        second = places.object_to(
            session, services, row, statement="同上", received_on=date(2026, 11, 24), caller=clerk(), now=now
        )
        with pytest.raises(Conflict):
            places.put_on_list(session, row, months=12, caller=judge_of(), now=now + AFTER)
        with pytest.raises(NotAllowed):
            places.settle_objection(
                session, row, first.id, upheld=False, outcome="已付清", caller=judge_of(person="person-1"), now=now
            )
        places.settle_objection(session, row, first.id, upheld=False, outcome="已付清", caller=judge_of(), now=now)
        assert row.stage == Stage.OBJECTED.value
        places.settle_objection(session, row, second.id, upheld=True, outcome="确有未付", caller=judge_of(), now=now)
        assert row.stage == Stage.WITHDRAWN.value
        with pytest.raises(NotFound):
            places.settle_objection(session, row, second.id, upheld=True, outcome="x", caller=judge_of(), now=now)


def test_the_platform_gets_it_with_consent_and_lets_go_when_that_is_taken_back(services: Services) -> None:
    record_id = certified(services)
    on_list(services, record_id, platform=True, later=services.clock.now() + AFTER)
    entry = row_of(services, record_id).entry
    assert entry is not None
    with services.database.reading() as session:
        told = publishable(session, services.vault, [entry, "inc_" + "0" * 24])
    assert set(told) == {entry} and told[entry].in_force
    assert told[entry].data["name"] == NAME
    assert not {"case_number", "obligation", "basis_number"} & told[entry].data.keys()
    with services.database.writing() as session:
        row = load(session, record_id, to_change=True)
        me = performer_of(services, record_id)
        places.agree(session, row, listing=True, platform=False, caller=me, now=services.clock.now() + AFTER)
        facts = session.execute(select(Outbox.entry, Outbox.fact).order_by(Outbox.id)).all()
        assert [tuple(fact) for fact in facts] == [(entry, "published"), (entry, "removed")]
        assert session.scalars(select(Outbox.exit).order_by(Outbox.id.desc())).first()["ground"] == "incentive_ended"  # type: ignore[index]
        places.agree(session, row, listing=True, platform=True, caller=me, now=services.clock.now() + AFTER)
        assert row.entry not in {None, entry}
    assert _asked(services, record_id).on_list


def test_taking_back_the_agreement_ends_it_at_once(sqlite_services: Services) -> None:
    record_id = certified(sqlite_services)
    on_list(sqlite_services, record_id, platform=True, later=sqlite_services.clock.now() + AFTER)
    with sqlite_services.database.writing() as session:
        row = load(session, record_id, to_change=True)
        me = performer_of(sqlite_services, record_id)
        places.agree(session, row, listing=False, platform=False, caller=me, now=sqlite_services.clock.now() + AFTER)
        assert (row.stage, row.entry) == ("withdrawn", None)
    assert not _asked(sqlite_services, record_id).on_list


def test_a_later_listing_silences_the_answer_at_once_and_ends_the_place(services: Services) -> None:
    record_id = certified(services)
    on_list(services, record_id, platform=True, later=services.clock.now() + AFTER)
    entry = list_person(services)
    with services.database.writing() as session:
        session.execute(
            update(Listing).where(Listing.entry == entry).values(subject_id=row_of(services, record_id).subject_id)
        )
    assert not _asked(services, record_id).on_list
    assert incentives(services, services.clock.now() + AFTER) == "1 withdrawn"
    assert row_of(services, record_id).stage == "withdrawn"
    assert incentives(services, services.clock.now() + AFTER) == ""


def test_periods_that_run_out_and_places_that_end(sqlite_services: Services) -> None:
    waiting, listed = advised(sqlite_services), certified(sqlite_services)
    on_list(sqlite_services, listed, platform=True, later=sqlite_services.clock.now() + AFTER)
    over = sqlite_services.clock.now() + timedelta(days=400)
    assert incentives(sqlite_services, over) == "1 lapsed 1 expired"
    assert (row_of(sqlite_services, waiting).stage, row_of(sqlite_services, listed).stage) == ("lapsed", "expired")
    with sqlite_services.database.reading() as session:
        assert session.scalars(select(Outbox.fact).order_by(Outbox.id)).all() == ["published", "removed"]


def test_false_evidence_revokes_the_certificate_too(sqlite_services: Services) -> None:
    record_id, now = certified(sqlite_services), sqlite_services.clock.now()
    with sqlite_services.database.writing() as session:
        row = load(session, record_id, to_change=True)
        places.withdraw(session, row, reason="收条系伪造", false_evidence=True, caller=judge_of(), now=now)
        assert row.certificate is not None
        assert paper_of(session, row.certificate).state == PaperState.REVOKED.value


def test_performing_after_a_listing_is_the_courts_to_judge(sqlite_services: Services) -> None:
    services, now = sqlite_services, sqlite_services.clock.now()
    record_id = advised(services)
    row = row_of(services, record_id)
    entry = list_person(services)
    with services.database.writing() as session:
        session.execute(
            update(Listing).where(Listing.entry == entry).values(
                subject_id=row.subject_id, case_number=row.case_number, state="removed"
            )
        )  # fmt: skip
        kept = session.get_one(PerformanceRecord, record_id)
        work.claim(session, kept, performed_on=PERFORMED, caller=clerk(), now=now)
        with pytest.raises(InvalidInput):
            work.propose(session, kept, finding(source=Source.COURT_ACCOUNT), caller=clerk(), now=now)
        work.propose(session, kept, finding(reason="列入后主动履行，权利人无异议"), caller=clerk(), now=now)
        assert kept.merit == "active_performance_after_listing"


def test_whoever_may_not_check_can_not_ask(sqlite_services: Services) -> None:
    question = IncentiveQuestion(person_number(1), "甲", "transport", "核验", "")
    with sqlite_services.database.writing() as session, pytest.raises(NotAllowed):
        ask(session, sqlite_services, question, caller=clerk(), now=sqlite_services.clock.now())
