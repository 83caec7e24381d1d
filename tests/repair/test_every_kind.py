"""What a grant of each kind does in the register, on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import select, update

from creditsvc.access.ledger import record_access
from creditsvc.access.permissions import ROLE_PERMISSIONS, StaffRole
from creditsvc.kernel.errors import Conflict, InvalidInput, NotAllowed, NotFound
from creditsvc.kernel.load import packaged_calendar
from creditsvc.register.effects_marks import standing
from creditsvc.register.marks import Mark
from creditsvc.register.one_subject import held_about
from creditsvc.register.readings import facts_of_subjects
from creditsvc.register.tables import ConsumptionOrder, Listing, Relief, ResponsibleMark
from creditsvc.services import Services
from creditsvc.storage.outbox import Outbox
from creditsvc.storage.subjects import Subject
from punishment_rules.facts import Facts
from repair import desk_work as work
from repair.after_decision import note_service
from repair.applications import own_applications, withdraw
from repair.breaches import answer_charge, open_breach
from repair.entries import entry_view, own_entries, own_entry
from repair.history import load
from repair.jobs import deadlines
from repair.outcomes import Finding
from repair.policy.kinds import ApplicationKind
from repair.portal_view import status_of
from repair.promises import note_keeping, promise_of
from repair.reliance import note_done, notices_about, notices_to
from tests.repair.steps import grant, order_of, refuse, send, sign
from tests.repair.world import DAY, clerk, debtor_of, judge_of, list_person, president

Kind = ApplicationKind
FINDING = Finding("（2026）豫0105执1234号之二", date(2026, 11, 20), date(2026, 11, 23), "经审查属实")
HIGHER = "豫01"


def lift(services: Services, **changes: object) -> str:
    me_entry = list_person(services, with_order=True)
    wanted = {"from_day": "2026-11-25", "to_day": "2026-11-28", "undertaking": "1", **changes}
    me = debtor_of(services, me_entry)
    order = order_of(services, me_entry)
    return send(services, me, order, Kind.TEMPORARY_LIFT, "funeral", wanted={k: str(v) for k, v in wanted.items()})


def test_a_flight_ban_is_lifted_for_a_funeral_by_the_president_and_nothing_else(services: Services) -> None:
    application = lift(services)
    finding = replace(FINDING, from_day=date(2026, 11, 25), to_day=date(2026, 11, 28))
    with services.database.writing() as session:
        found = load(session, application, to_change=True)
        assert found.due_on == date(2026, 11, 26), "two working days, the service's own target"
        work.take(session, found, caller=clerk(), now=services.clock.now())
        work.propose_grant(session, services, found, finding, caller=clerk(), now=services.clock.now())
        digest = work.shown_digest(session, found)
    with pytest.raises(NotAllowed):
        sign(services, application, digest, judge_of())
    sign(services, application, digest, president())
    with services.database.reading() as session:
        found = load(session, application, to_change=False)
        (relief,) = session.scalars(select(Relief).where(Relief.entry == found.entry)).all()
        assert (relief.kind, relief.from_day, relief.to_day, relief.measures) == (
            "temporary_lift",
            date(2026, 11, 25),
            date(2026, 11, 28),
            [],
        )
        assert entry_view(session, found.entry, on=DAY).in_force, "the order stands"


def test_a_lift_of_more_than_a_month_is_not_sent(services: Services) -> None:
    with pytest.raises(InvalidInput) as refused:
        lift(services, to_day="2026-12-26")
    assert refused.value.details["fields"] == ["to_day"]


def test_after_abuse_no_further_lift(services: Services) -> None:
    entry = list_person(services, with_order=True)
    order, me = order_of(services, entry), debtor_of(services, entry)
    with services.database.writing() as session:
        session.add(
            Relief(
                entry=order,
                kind="temporary_lift",
                from_day=DAY,
                to_day=DAY,
                measures=[],
                decision_number="1",
                abused=True,
            )
        )
    with pytest.raises(Conflict) as refused:
        send(services, me, order, Kind.TEMPORARY_LIFT, "funeral")
    assert "第17条" in refused.value.text.zh


def test_a_refusal_is_won_on_reconsideration_by_the_court_above(services: Services) -> None:
    entry = list_person(services)
    me = debtor_of(services, entry)
    first = send(services, me, entry, Kind.REVOCATION, "no_circumstance", e_service=True)
    with services.database.reading() as session:
        assert standing(session, entry, Mark.DISPUTED, on=DAY)
    refuse(services, first)
    with services.database.reading() as session:
        assert load(session, first, to_change=False).served_on == DAY
        assert standing(session, entry, Mark.DISPUTED, on=DAY) is None
    again = send(services, me, first, Kind.RECONSIDERATION, "in_time", e_service=True)
    with services.database.reading() as session:
        found = load(session, again, to_change=False)
        assert (found.court_code, found.about, found.due_on) == (HIGHER, first, date(2026, 12, 9))
        assert standing(session, entry, Mark.RECONSIDERATION, on=DAY)
        assert entry_view(session, entry, on=DAY).in_force, "nothing is suspended (art. 12)"
        with pytest.raises(NotFound):
            work.in_court(found, clerk())
    grant(services, again, FINDING, by=clerk(court=HIGHER), signed_by=judge_of(court=HIGHER))
    with services.database.reading() as session:
        view = entry_view(session, entry, on=DAY)
        assert not view.in_force
        exits = session.scalars(select(Outbox).where(Outbox.entry == entry, Outbox.is_exit)).all()
        assert [fact.exit["exit"] for fact in exits if fact.exit] == ["revoked"]


def test_the_province_may_look_but_not_decide_in_place_of_the_court_above(services: Services) -> None:
    entry = list_person(services)
    me = debtor_of(services, entry)
    first = send(services, me, entry, Kind.REVOCATION, "no_circumstance", e_service=True)
    refuse(services, first)
    again = send(services, me, first, Kind.RECONSIDERATION, "in_time")
    with pytest.raises(NotAllowed) as refused:
        grant(services, again, FINDING, by=clerk(court="豫"))
    assert refused.value.code == "other-court"


def test_too_late_for_reconsideration_needs_a_reason(services: Services) -> None:
    entry = list_person(services)
    me = debtor_of(services, entry)
    first = send(services, me, entry, Kind.REMOVAL, "performed", e_service=True)
    refuse(services, first)
    late = services.clock.now() + timedelta(days=13)
    with pytest.raises(Conflict) as refused:
        send(services, me, first, Kind.RECONSIDERATION, "in_time", at=late)
    assert "2026-12-04" in refused.value.text.zh
    wanted = {"obstacle_ended_on": "2026-12-05"}
    assert send(services, me, first, Kind.RECONSIDERATION, "obstacle", wanted=wanted, at=late)


def test_the_day_of_service_is_recorded_once_and_never_before_the_decision(services: Services) -> None:
    entry = list_person(services)
    application = send(services, debtor_of(services, entry), entry, Kind.REMOVAL, "performed")
    refuse(services, application)
    now = services.clock.now()
    with services.database.writing() as session:
        found = load(session, application, to_change=True)
        assert found.served_on is None, "without consent nothing is served here"
        with pytest.raises(InvalidInput):
            note_service(session, found, mode="post", served_on=DAY - timedelta(days=1), caller=clerk(), now=now)
        note_service(session, found, mode="post", served_on=DAY, caller=clerk(), now=now)
        with pytest.raises(Conflict):
            note_service(session, found, mode="left", served_on=DAY, caller=clerk(), now=now)


def test_a_promise_ends_nothing_and_opens_an_application_that_is_decided_by_its_own_rule(services: Services) -> None:
    entry = list_person(services)
    me = debtor_of(services, entry)
    wanted = {"promise": "1", "promiser": "person", "publicity": "limited"}
    application = send(services, me, entry, Kind.CREDIT_REPAIR, "creditor_consent", wanted=wanted)
    with services.database.reading() as session:
        promise = promise_of(session, load(session, application, to_change=False))
        assert promise and promise.number == "41010520261124000001"
    grant(services, application, FINDING)
    with services.database.reading() as session:
        assert entry_view(session, entry, on=DAY).in_force
        (opened,) = (item for item in own_applications(session, caller=me) if item.about == application)
        assert (opened.kind, opened.ground, opened.state) == ("removal", "applicant_request", "submitted")
    with services.database.writing() as session:
        now = services.clock.now()
        with pytest.raises(InvalidInput):
            note_keeping(session, promise.number, state="breached", caller=clerk(), now=now)
        note_keeping(session, promise.number, state="partial", caller=clerk(), now=now)


def test_a_breach_is_a_new_case_in_which_the_person_is_heard_and_which_restores_nothing(services: Services) -> None:
    entry = list_person(services)
    me = debtor_of(services, entry)
    wanted = {"promise": "1", "promiser": "person", "publicity": "limited"}
    repaired = send(services, me, entry, Kind.CREDIT_REPAIR, "creditor_consent", wanted=wanted)
    grant(services, repaired, FINDING)
    with services.database.reading() as session:
        (removal,) = (one.id for one in own_applications(session, caller=me) if one.about == repaired)
    grant(services, removal, FINDING)
    number, now = "41010520261124000001", services.clock.now()
    with services.database.writing() as session:
        with pytest.raises(NotFound):
            open_breach(session, services, number, ground="not_kept", charge="x", calendar=packaged_calendar(),
                        caller=clerk(court="豫0106"), now=now)  # fmt: skip
        case = open_breach(session, services, number, ground="not_kept", charge="2027年1月未按期付款",
                           calendar=packaged_calendar(), caller=clerk(), now=now).id  # fmt: skip
    with pytest.raises(InvalidInput):
        send(services, me, entry, Kind.PROMISE_BREACH, "not_kept")
    with pytest.raises(Conflict) as refused:
        grant(services, case, FINDING)
    assert refused.value.code == "not-heard"
    with services.database.writing() as session:
        found = load(session, case, to_change=True)
        answer_charge(session, services, found, "已与申请执行人另行约定。", caller=me, now=now)
        with pytest.raises(Conflict):
            answer_charge(session, services, found, "再次陈述", caller=me, now=now)
        with pytest.raises(Conflict):
            withdraw(session, found, caller=me, now=now)
    grant(services, case, FINDING)
    with services.database.reading() as session:
        assert not entry_view(session, entry, on=DAY).in_force, "nothing comes back"
        promise = promise_of(session, load(session, repaired, to_change=False))
        assert promise and (promise.state, promise.breach_case) == (
            "breached",
            load(session, case, to_change=False).number,
        )
        assert status_of(session, load(session, case, to_change=False), DAY, packaged_calendar()).state.zh == "认定违诺"


def test_an_order_is_lifted_when_no_listing_stands(services: Services) -> None:
    entry = list_person(services, with_order=True)
    me, order = debtor_of(services, entry), order_of(services, entry)
    with pytest.raises(Conflict) as refused:
        send(services, me, order, Kind.ORDER_LIFTING, "performed")
    assert "先申请删除" in refused.value.text.zh
    grant(services, send(services, me, entry, Kind.REMOVAL, "performed"), FINDING)
    with services.database.reading() as session:
        assert entry_view(session, order, on=DAY).in_force, "I11: removal lifts no order by itself"
    grant(services, send(services, me, order, Kind.ORDER_LIFTING, "performed"), FINDING)
    with services.database.reading() as session:
        assert not any(view.in_force for view in own_entries(session, me.subject_id or "", on=DAY))


def test_a_debt_with_two_numbers_leaves_once(services: Services) -> None:
    first = list_person(services)
    second = list_person(services)
    with services.database.writing() as session:
        one = session.scalar(select(Listing).where(Listing.entry == first))
        assert one
        session.execute(
            update(Listing)
            .where(Listing.entry == second)
            .values(subject_id=one.subject_id, name=one.name, case_number="（2026）豫0105执恢77号")
        )
        basis = {"basis_number": "（2024）豫0105民初5566号"}
        session.execute(update(Listing).where(Listing.entry.in_([first, second])).values(**basis))
    grant(services, send(services, debtor_of(services, first), first, Kind.REMOVAL, "performed"), FINDING)
    with services.database.reading() as session:
        assert [entry_view(session, entry, on=DAY).in_force for entry in (first, second)] == [False, False]


def test_those_who_relied_on_a_wrong_entry_are_told_and_the_person_sees_it_done(services: Services) -> None:
    entry = list_person(services)
    me = debtor_of(services, entry)
    agency = replace(
        clerk(), court_code=None, unit="郑州市政务服务中心", permissions=ROLE_PERMISSIONS[StaffRole.AGENCY]
    )
    now = services.clock.now()
    with services.database.writing() as session:
        for at, outcome in ((now, "restricted"), (now, "clear"), (now - timedelta(days=900), "restricted")):
            record_access(
                session,
                caller=agency,
                action="check",
                subject_token=None,
                subject_id=me.subject_id,
                purpose="招标资格审查",
                matter="ZB-2026-17",
                outcome=outcome,
                at=at,
            )
    grant(services, send(services, me, entry, Kind.REVOCATION, "wrong_person"), FINDING)
    with services.database.writing() as session:
        (told,) = notices_to(session, "郑州市政务服务中心")
        assert (told.matter, told.entry) == ("ZB-2026-17", entry)
        stranger = replace(agency, unit="别的单位")
        with pytest.raises(NotFound):
            note_done(session, told.id, outcome="changed", caller=stranger, now=now)
        note_done(session, told.id, outcome="changed", caller=agency, now=now)
    with services.database.reading() as session:
        assert [row.outcome for row in notices_about(session, me.subject_id or "")] == ["changed"]
    assert deadlines(services, now) == "", "told once"


def test_a_removal_that_the_court_may_refuse_needs_another_division_where_it_is_set(services: Services) -> None:
    changed = replace(services, settings=replace(services.settings, second_division=True))
    entry = list_person(services, grounds=("property_report",), until=date(2027, 5, 1))
    application = send(services, debtor_of(services, entry), entry, Kind.REMOVAL, "early")
    proposer, same = replace(clerk(), division="执行实施庭"), replace(judge_of(), division="执行实施庭")
    with pytest.raises(NotAllowed) as refused:
        grant(changed, application, FINDING, by=proposer, signed_by=same)
    assert refused.value.code == "second-division"
    with services.database.writing() as session:
        found = load(session, application, to_change=True)
        digest = work.shown_digest(session, found)
        other = replace(judge_of(), division="执行审查庭")
        work.approve(session, changed, found, digest=digest, with_order=False, caller=other, now=services.clock.now())
        assert not entry_view(session, entry, on=DAY).in_force


def test_a_former_officer_is_released_and_the_successor_is_named(services: Services) -> None:
    entry = list_person(services, with_order=True, bound_role="legal_representative")
    me, order = debtor_of(services, entry), order_of(services, entry)
    grant(services, send(services, me, entry, Kind.REMOVAL, "performed"), FINDING)
    application = send(services, me, order, Kind.FORMER_OFFICER, "left_office", wanted={"undertaking": "1"})
    with pytest.raises(InvalidInput) as refused:
        grant(services, application, FINDING)
    assert refused.value.details["field"] == "successor"
    grant(services, application, FINDING, successor="（2026）豫0105执9号限消令")
    with services.database.reading() as session:
        assert not entry_view(session, order, on=DAY).in_force


def test_an_officer_bound_through_a_mark_asks_for_their_own_and_the_unit_stays_bound(services: Services) -> None:
    unit, officer = list_person(services, with_order=True), debtor_of(services, list_person(services))
    order, as_unit = order_of(services, unit), debtor_of(services, unit)
    mark_officer(services, unit, officer.subject_id or "")
    with services.database.reading() as session:
        (bound,) = (view for view in own_entries(session, officer.subject_id or "", on=DAY) if view.entry == order)
        assert (bound.bound_role, bound.unit_name, bound.in_force) == (
            "legal_representative",
            "河南某商贸有限公司",
            True,
        )
    days = {"from_day": "2026-11-25", "to_day": "2026-11-28"}
    spending = send(services, officer, order, Kind.PRIVATE_SPENDING, "own_means", wanted=days)
    measures = ("travel-aircraft",)
    grant(
        services, spending, replace(FINDING, from_day=date(2026, 11, 25), to_day=date(2026, 11, 28), measures=measures)
    )
    reliefs = {
        who.subject_id: [fact.measures for fact in facts.reliefs]
        for who in (officer, as_unit)
        for facts in [read(services, who.subject_id or "")]
    }
    assert reliefs == {officer.subject_id: [measures], as_unit.subject_id: []}, "theirs alone"
    leaving = send(services, officer, order, Kind.FORMER_OFFICER, "left_office", wanted={"undertaking": "1"})
    grant(services, leaving, FINDING, successor="（2026）豫0105执9号限消令")
    with services.database.reading() as session:
        assert not own_entry(session, officer.subject_id or "", order, on=DAY).in_force
        assert entry_view(session, order, on=DAY).in_force, "the unit is bound as before"
        with pytest.raises(NotFound):
            own_entry(session, debtor_of(services, list_person(services)).subject_id or "", order, on=DAY)


def mark_officer(services: Services, unit: str, officer: str) -> None:
    """The listed one made a unit, and somebody marked as its legal representative."""
    as_unit = {"debtor_kind": "organisation", "name": "河南某商贸有限公司"}
    with services.database.writing() as session:
        row = session.scalars(select(Listing).where(Listing.entry == unit)).one()
        for table in (Listing, ConsumptionOrder):
            session.execute(update(table).where(table.case_number == row.case_number).values(**as_unit))
        session.add(
            ResponsibleMark(
                unit_entry=unit,
                subject_id=officer,
                role="legal_representative",
                name="张某某",
                from_day=date(2026, 3, 2),
                decision_number="（2026）豫0105执1号",
            )
        )


def read(services: Services, subject: str) -> Facts:
    """What a check reads of somebody: by the bulk reading, and by the one for a single check, which must agree."""
    with services.database.reading() as session:
        facts = facts_of_subjects(session, [subject], on=DAY)[subject]
        token = session.scalars(select(Subject.token).where(Subject.id == subject)).one()
    with services.database.direct() as driver:
        held = held_about(driver, token, is_sqlite=services.database.is_sqlite)
    assert [row.measures for row in held.reliefs] == [list(fact.measures) for fact in facts.reliefs]
    return facts


def test_lateness_is_told_step_by_step(services: Services) -> None:
    entry = list_person(services)
    application = send(services, debtor_of(services, entry), entry, Kind.REMOVAL, "performed")
    start = services.clock.now()
    seen = []
    for days in (9, 13, 16, 17, 40):
        deadlines(services, start + timedelta(days=days))
        with services.database.reading() as session:
            seen.append(load(session, application, to_change=False).escalated)
    assert seen == [None, "soon", "late", "late", "higher"]
