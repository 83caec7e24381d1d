"""The way off the list through the use cases, on both databases: draft, send, review, two people, removal."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from functools import partial

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from creditsvc.kernel.errors import Conflict, InvalidInput, NotAllowed, NotFound
from creditsvc.kernel.load import packaged_calendar
from creditsvc.services import Services
from creditsvc.storage.outbox import Outbox
from repair import applications as use
from repair import desk_work as work
from repair.entries import entry_view
from repair.evidence import add_paper, open_paper, papers_of
from repair.history import events_of, load
from repair.jobs import deadlines
from repair.outcomes import Finding
from repair.policy.grounds import RemovalGround
from repair.policy.states import State, Step
from repair.queue import queue
from repair.tables import Application
from tests.repair.papers import pdf
from tests.repair.world import DAY, clerk, debtor_of, judge_of, list_person

FINDING = Finding("（2026）豫0105执1234号之二", date(2026, 11, 20), date(2026, 11, 23), "申请执行人确认款项已付清")


def change(services: Services, application_id: str, act: Callable[[Session, Application], object]) -> None:
    """One use case in one transaction."""
    with services.database.writing() as session:
        act(session, load(session, application_id, to_change=True))


def draft_for(services: Services, entry: str, ground: RemovalGround = RemovalGround.PERFORMED) -> str:
    with services.database.writing() as session:
        return use.start_draft(
            session, services, caller=debtor_of(services, entry), entry=entry, ground=ground, now=services.clock.now()
        ).id


def sent(services: Services, entry: str) -> str:
    application_id = draft_for(services, entry)
    now = services.clock.now()
    with services.database.writing() as session:
        mine = load(session, application_id, to_change=True)
        use.save_statement(session, services, mine, "2026年11月20日已将全部款项转入法院账户。")
        add_paper(session, services, mine, name="回单.pdf", content=pdf(), now=now)
        session.flush()
        use.submit(session, services, mine, caller=debtor_of(services, entry), calendar=packaged_calendar(), now=now)
    return application_id


def taken(services: Services, entry: str) -> str:
    application_id = sent(services, entry)
    with services.database.writing() as session:
        work.take(session, load(session, application_id, to_change=True), caller=clerk(), now=services.clock.now())
    return application_id


def test_a_person_who_paid_leaves(services: Services) -> None:
    entry = list_person(services)
    application_id = taken(services, entry)
    now = services.clock.now()
    with services.database.writing() as session:
        work.propose_grant(
            session, services, load(session, application_id, to_change=True), FINDING, caller=clerk(), now=now
        )
    with services.database.reading() as session:
        digest = work.shown_digest(session, load(session, application_id, to_change=False))
        assert entry_view(session, entry, on=DAY).in_force
    with services.database.writing() as session:
        work.approve(
            session,
            services,
            load(session, application_id, to_change=True),
            digest=digest,
            with_order=False,
            caller=judge_of(),
            now=now,
        )
    with services.database.reading() as session:
        found = load(session, application_id, to_change=False)
        assert (found.state, found.is_open) == (State.GRANTED, False)
        assert not entry_view(session, entry, on=DAY).in_force
        facts = session.scalars(select(Outbox).where(Outbox.entry == entry, Outbox.is_exit)).all()
        assert [fact.exit["ground"] for fact in facts if fact.exit] == ["performed"]
        assert [event.step for event in events_of(session, found)] == [
            "draft",
            Step.SUBMIT,
            Step.TAKE,
            Step.PROPOSE_GRANT,
            Step.APPROVE,
        ]


def test_receipt_number_and_due_day(services: Services) -> None:
    first, second = sent(services, list_person(services)), sent(services, list_person(services))
    with services.database.reading() as session:
        one, two = (load(session, item, to_change=False) for item in (first, second))
        assert (one.number, two.number) == ("豫信修〔2026〕000001号", "豫信修〔2026〕000002号")
        assert one.received_on == DAY
        assert one.due_on == date(2026, 12, 9)
        assert not one.due_provisional


def test_who_proposed_can_not_sign_and_nothing_changes(services: Services) -> None:
    entry = list_person(services)
    application_id = taken(services, entry)
    now = services.clock.now()
    with services.database.writing() as session:
        work.propose_grant(
            session, services, load(session, application_id, to_change=True), FINDING, caller=clerk(), now=now
        )
        digest = work.shown_digest(session, load(session, application_id, to_change=True))
    same_person = judge_of(person=clerk().person)
    with pytest.raises(NotAllowed):
        change(
            services,
            application_id,
            lambda session, found: work.approve(
                session, services, found, digest=digest, with_order=False, caller=same_person, now=now
            ),
        )
    with services.database.reading() as session:
        assert load(session, application_id, to_change=False).state == State.GRANT_PROPOSED
        assert entry_view(session, entry, on=DAY).in_force


def test_a_changed_proposal_is_not_signed(services: Services) -> None:
    application_id = taken(services, list_person(services))
    now = services.clock.now()
    refusal = work.Refusal("（2026）豫0105执1234号之三", "凭证不能证明付清", "法释〔2017〕7号第十二条", work.REMEDY.zh)
    with services.database.writing() as session:
        work.propose_refusal(session, load(session, application_id, to_change=True), refusal, caller=clerk(), now=now)
    with pytest.raises(Conflict) as refused:
        change(
            services,
            application_id,
            lambda session, found: work.approve(
                session, services, found, digest="0" * 64, with_order=False, caller=judge_of(), now=now
            ),
        )
    assert refused.value.code == "application-changed"


def test_refusal_needs_reason_clause_and_remedy_and_leaves_the_entry(services: Services) -> None:
    entry = list_person(services)
    application_id = taken(services, entry)
    now = services.clock.now()
    for missing in ("reason", "clause", "remedy"):
        values = {"document_number": "1", "reason": "x", "clause": "y", "remedy": "z", missing: " "}
        empty = work.Refusal(**values)
        with pytest.raises(InvalidInput) as refused:
            change(services, application_id, partial(work.propose_refusal, refusal=empty, caller=clerk(), now=now))
        # by the names that the desk's form has, beside which it stands
        assert refused.value.details["field"] == {"reason": "refusal_reason"}.get(missing, missing)
    refusal = work.Refusal("（2026）豫0105执1234号之三", "凭证不能证明付清", "法释〔2017〕7号第十二条", work.REMEDY.zh)
    with services.database.writing() as session:
        found = load(session, application_id, to_change=True)
        work.propose_refusal(session, found, refusal, caller=clerk(), now=now)
        digest = work.shown_digest(session, found)
        work.approve(session, services, found, digest=digest, with_order=False, caller=judge_of(), now=now)
    with services.database.reading() as session:
        assert load(session, application_id, to_change=False).state == State.REFUSED
        assert entry_view(session, entry, on=DAY).in_force


def test_sent_back_then_granted(services: Services) -> None:
    application_id = taken(services, list_person(services))
    now = services.clock.now()
    with services.database.writing() as session:
        found = load(session, application_id, to_change=True)
        work.propose_grant(session, services, found, FINDING, caller=clerk(), now=now)
        work.send_back(session, found, reason="请核实到账日期", caller=judge_of(), now=now)
        assert (found.state, found.proposal, found.decision_id) == (State.UNDER_REVIEW, None, None)
        work.propose_grant(session, services, found, FINDING, caller=clerk(), now=now)
        digest = work.shown_digest(session, found)
        work.approve(session, services, found, digest=digest, with_order=False, caller=judge_of(), now=now)
        assert found.state == State.GRANTED


def test_a_listing_with_a_term_is_not_left_by_performance_but_early(services: Services) -> None:
    entry = list_person(services, grounds=("property_report",), until=date(2027, 5, 1))
    with pytest.raises(Conflict) as refused:
        draft_for(services, entry)
    assert refused.value.code == "way-not-open"
    assert "第十条第二款" in refused.value.text.zh
    assert draft_for(services, entry, RemovalGround.EARLY)


def test_foreign_and_missing_answer_alike(services: Services) -> None:
    mine, theirs = list_person(services), list_person(services)
    application_id = draft_for(services, theirs)
    texts = set()
    for wanted in (application_id, "app_" + "0" * 24):
        with pytest.raises(NotFound) as refused, services.database.reading() as session:
            use.own_application(session, wanted, caller=debtor_of(services, mine))
        texts.add(str(refused.value))
    assert len(texts) == 1
    with pytest.raises(NotFound), services.database.writing() as session:
        use.start_draft(
            session,
            services,
            caller=debtor_of(services, mine),
            entry=theirs,
            ground=RemovalGround.PERFORMED,
            now=services.clock.now(),
        )


def test_one_application_at_a_time_and_drafts_are_carried_on(services: Services) -> None:
    entry = list_person(services)
    assert draft_for(services, entry) == draft_for(services, entry)
    sent(services, entry)
    with pytest.raises(Conflict) as refused:
        draft_for(services, entry)
    assert refused.value.code == "application-exists"


def test_another_court_does_not_see_it(services: Services) -> None:
    application_id = sent(services, list_person(services))
    with services.database.reading() as session:
        found = load(session, application_id, to_change=False)
        assert queue(session, caller=clerk()) == [found]
        assert queue(session, caller=clerk(court="豫0106")) == []
        with pytest.raises(NotFound):
            work.in_court(found, clerk(court="豫0106"))


def test_papers_are_sealed_and_open_again(services: Services) -> None:
    application_id = sent(services, list_person(services))
    files = [path for path in services.settings.evidence.rglob("*") if path.is_file()]
    assert len(files) == 1
    assert b"%PDF" not in files[0].read_bytes()
    with services.database.reading() as session:
        found = load(session, application_id, to_change=False)
        assert "已将全部款项".encode() not in (found.statement_cell or b"")
        (paper,) = papers_of(session, services, found)
        assert open_paper(session, services, found, paper.id) == (paper, pdf())


def test_not_complete_is_not_sent(services: Services) -> None:
    entry = list_person(services)
    application_id = draft_for(services, entry)
    now, me = services.clock.now(), debtor_of(services, entry)
    with pytest.raises(InvalidInput) as refused:
        change(
            services,
            application_id,
            lambda session, mine: use.submit(session, services, mine, caller=me, calendar=packaged_calendar(), now=now),
        )
    assert refused.value.details["fields"] == ["papers", "statement"]


def test_late_is_marked_once_and_a_withdrawn_one_is_not(services: Services) -> None:
    entry = list_person(services)
    late, withdrawn = sent(services, list_person(services)), sent(services, entry)
    with services.database.writing() as session:
        mine = load(session, withdrawn, to_change=True)
        use.withdraw(session, mine, caller=debtor_of(services, entry), now=services.clock.now())
    after = services.clock.now() + timedelta(days=16)
    assert deadlines(services, after).endswith("1 escalated")
    assert deadlines(services, after) == ""
    with services.database.reading() as session:
        assert load(session, late, to_change=False).overdue_since == date(2026, 12, 10)
        assert load(session, withdrawn, to_change=False).overdue_since is None
