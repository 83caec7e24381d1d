"""Files of every shape on their way in: what is shown, what is held, what takes effect, and in which order."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func, select

from creditsvc.access.permissions import StaffRole
from creditsvc.kernel.errors import InvalidInput, NotAllowed
from creditsvc.register import decisions
from creditsvc.register.kinds import KINDS, clause_of
from creditsvc.register.tables import ConsumptionOrder, Decision, Listing, RegisterEvent, Relief, ResponsibleMark
from creditsvc.register.task_kinds import BY_WORD
from creditsvc.services import Services
from creditsvc.storage.outbox import Outbox
from creditsvc.tasks.tables import Task
from sync.tables_intake import ExitAhead
from tests.support.feed_world import unit_of
from tests.support.intake import CLERK, JUDGE, PRESIDENT, TERMED, Intake, about, ended, listing, staff


@pytest.fixture
def intake(services: Services) -> Intake:
    return Intake(services)


def orders(intake: Intake) -> dict[str, str]:
    with intake.services.database.reading() as session:
        return {row[0]: row[1] for row in session.execute(select(ConsumptionOrder.name, ConsumptionOrder.state))}


def test_a_preview_counts_what_it_would_do(intake: Intake) -> None:
    intake.take([listing(number) for number in range(1, 6)])
    batch = intake.send(
        [
            listing(6),
            listing(7, order_number=None),
            listing(1),
            ended(2),
            ended(3),
            ended(99),
            listing(4, duty="另一内容"),
        ]
    )
    shown = batch.preview or {}
    assert {name: shown[name] for name in ("rows", "gain", "lose", "ahead", "orders", "unchanged", "changed", "refused")} == {
        "rows": 7, "gain": 2, "lose": 2, "ahead": 1, "orders": 1, "unchanged": 1, "changed": 1, "refused": 0,
    }  # fmt: skip
    assert [(row["code"], row["rows"], row["lose"], row["standing"]) for row in shown["courts"]] == [
        ("豫0105", 2, 2, 5)
    ]
    assert {row["stream"]: (row["gain"], row["lose"]) for row in shown["streams"]} == {
        "agency": (3, 2), "bureau": (2, 2), "platform": (2, 2), "public": (2, 2),
    }  # fmt: skip
    assert shown["affected"] == {"person": {"gain": 2, "lose": 2}}
    seen = {row["sector"]: row["person"] for row in shown["sectors"]}
    assert seen["transport"][0] > 0 and "unit" not in shown["sectors"][0], "what each sector closes to those on it"
    assert shown["shapes"] == {"exit": 3, "listing": 2}
    assert intake.faults(batch) == [(8, "entry-changed")]
    assert intake.states() == {f"测试{number}": "active" for number in range(1, 6)}, (
        "nothing is in force before its release"
    )


def test_a_whole_list_leaves_one_matter_to_see_who_is_to_be_told_of(intake: Intake) -> None:
    intake.take([listing(number) for number in range(1, 6)])
    intake.take([ended(2)])
    with intake.services.database.reading() as session:
        (task,) = session.scalars(select(Task).where(Task.kind == "article8_batch")).all()
    assert (task.court_code, task.entry, task.due_on) == ("豫0105", None, None), "art. 8 names no time"
    for said in task.details["said"].values():
        assert "郑州市金水区人民法院" in said and "5" in said, "a high court sees those of all courts below it"
    assert task.details["page"] == f"/desk/batches/{task.key.split('/')[1]}"
    assert task.kind in BY_WORD


def test_exits_go_through_the_law_and_leave_their_whole_trace(intake: Intake) -> None:
    intake.take([listing(1), listing(2), listing(3, **TERMED)])
    done = intake.take([ended(1), ended(2, "不应纳入"), ended(3)])
    assert intake.states() == {"测试1": "removed", "测试2": "revoked", "测试3": "active"}
    assert intake.faults(done) == [(4, "not-lawful")], "art. 10 para. 1 never ends a listing with a term"
    assert (done.state, done.applied, done.passed_over) == ("applied", 2, 0)
    with intake.services.database.reading() as session:
        decided = session.scalars(select(Decision).order_by(Decision.id)).all()
        assert [(row.kind, row.proposer_person, row.approver_person) for row in decided] == [
            ("remove_listing", CLERK.person, JUDGE.person), ("revoke_listing", CLERK.person, JUDGE.person),
        ]  # fmt: skip
        exits = session.scalars(select(Outbox).where(Outbox.is_exit)).all()
        assert [(row.exit or {})["effect"] for row in exits] == ["stop_use", "erase"]
    again = intake.send([{**ended(1)}, ended(2, "不应纳入"), {**ended(3), "reason": "再报"}])
    assert (again.preview or {})["unchanged"] == 2


def test_exits_overtake_additions_within_a_batch(intake: Intake) -> None:
    done = intake.take([listing(1), listing(2), ended(1)])
    assert intake.states() == {"测试2": "active"}
    assert (done.applied, done.passed_over) == (2, 1)
    with intake.services.database.reading() as session:
        assert (
            session.scalar(select(func.count()).select_from(RegisterEvent).where(RegisterEvent.type == "publish")) == 2
        )


def test_exits_overtake_additions_across_batches(intake: Intake) -> None:
    first = intake.send([listing(number) for number in range(1, 60)])
    second = intake.send([ended(30), ended(31, decision_number=None)])
    intake.release(first)
    intake.release(second)
    intake.apply(chunk=10)
    assert "测试30" not in intake.states() and "测试31" not in intake.states()
    assert len(intake.states()) == 57


def test_a_late_addition_never_resurrects(intake: Intake) -> None:
    """I09: neither after a removal, nor when the exit came first, nor in other brackets."""
    intake.take([listing(1), ended(2), ended(3, decision_number=None)])
    intake.take([ended(1)])
    again = {
        **listing(1),
        "case_code": "(2026)豫0105执0001号",
        "decision_number": "(2026)豫0105执1号之一",
        "duty": "换了写法",
    }
    late = intake.send([again, listing(2), listing(3), listing(4)])
    assert intake.faults(late) == [(2, "entry-ended"), (3, "exit-came-first"), (4, "exit-came-first")]
    intake.release(late)
    intake.apply()
    assert intake.states() == {"测试1": "removed", "测试4": "active"}
    with intake.services.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(ExitAhead)) == 2


def test_relisting_is_a_new_record_with_a_new_decision(intake: Intake) -> None:
    intake.take([listing(1)])
    intake.take([ended(1)])
    intake.take([listing(1, decision_number="（2026）豫0105执1号之九")])
    with intake.services.database.reading() as session:
        assert session.scalars(select(Listing.state).order_by(Listing.id)).all() == ["removed", "active"]


def test_absence_removes_nobody_and_the_same_file_changes_nothing(intake: Intake) -> None:
    rows = [listing(number) for number in range(1, 4)]
    first = intake.take(rows)
    assert intake.send(rows).id == first.id
    intake.take([listing(9)])
    assert set(intake.states().values()) == {"active"} and len(intake.states()) == 4


def test_orders_alone_and_their_lifting(intake: Intake) -> None:
    order = {
        name: listing(1)[name]
        for name in ("subject_name", "id_number", "court_name", "case_code", "order_number", "order_issued_on")
    }
    made = intake.take(
        [order, {**order, "id_number": listing(2)["id_number"], "subject_name": "测试2", "order_number": "限消二号"}]
    )
    assert made.applied == 2 and orders(intake) == {"测试1": "ordered", "测试2": "ordered"}
    assert (intake.send([{**order, "sex": "女"}]).preview or {})["unchanged"] == 1
    intake.take([about(1, exit_ground="解除限制消费", order_number=order["order_number"])])
    assert orders(intake)["测试1"] == "lifted"
    back = intake.send([{**order, "sex": "男"}])
    assert intake.faults(back) == [(2, "entry-ended")]


def test_a_listing_and_its_order_leave_in_one_file_in_the_right_order(intake: Intake) -> None:
    """No order is lifted while a listing of its case stands (法释〔2015〕17号 art. 1), however the rows lie."""
    intake.take([listing(1), listing(2)])
    lift = about(1, exit_ground="解除限制消费", order_number=listing(1)["order_number"], document_number="限消解一号")
    stands = about(2, exit_ground="解除限制消费", order_number=listing(2)["order_number"], document_number="限消解二号")
    done = intake.take([lift, ended(1), stands])
    assert intake.states() == {"测试1": "removed", "测试2": "active"}
    assert orders(intake) == {"测试1": "lifted", "测试2": "ordered"}
    assert intake.faults(done) == [(4, "not-applied")]


def test_corrections_and_extensions(intake: Intake) -> None:
    intake.take([listing(1), listing(2, **TERMED)])
    corrected = intake.take([about(1, new_name="测试一", new_obligation="偿还借款")])
    assert corrected.applied == 1 and "测试一" in intake.states()
    why = {"extension_cause": "多项失信行为", "extension_acts": "虚假报告财产；违反限制消费令"}
    longer = [about(2, new_end_date="2029-10-28", reason="两项失信行为", **why)]
    batch = intake.send(longer)
    with pytest.raises(NotAllowed, match="president"):
        intake.release(batch, by=JUDGE)
    intake.release(batch, by=PRESIDENT)
    intake.apply()
    with intake.services.database.reading() as session:
        until = session.scalar(select(Listing.until).where(Listing.name == "测试2"))
    assert str(until) == "2029-10-28"
    wrong = intake.send(
        [
            about(1, new_end_date="2029-10-28", reason="延长", **why),
            about(2, new_end_date="2031-12-01", reason="再延长", **why),
        ]
    )
    assert intake.faults(wrong) == [(2, "not-lawful"), (3, "not-lawful")]


def _proposed(intake: Intake, name: str, kind: str, ground: str = "", **changes: Any) -> None:
    now = intake.services.clock.now()
    with intake.services.database.writing() as session:
        entry = session.scalars(select(Listing.entry).where(Listing.name == name)).one()
        draft = decisions.Draft(
            kind, entry, ground, clause_of(kind, ground), now.date(), now.date(), "已核", "文书九", changes
        )
        decisions.propose(session, draft, caller=JUDGE, now=now)


def test_what_waits_at_the_desk_holds_up_changes_and_no_exit(intake: Intake) -> None:
    intake.take([listing(1), listing(2)])
    _proposed(intake, "测试1", "correct_listing", obligation="偿还")
    _proposed(intake, "测试2", "remove_listing", "performed")
    rows = [about(1, row_type="correction", new_obligation="偿还借款"), ended(2, row_type="exit")]
    batch = intake.send(rows)
    assert intake.faults(batch) == [(2, "decision-open")]
    intake.release(batch)
    intake.apply()
    assert intake.states() == {"测试1": "active", "测试2": "removed"}
    with intake.services.database.reading() as session:
        found = session.execute(
            select(Decision.kind, Decision.state, Decision.approver_person).order_by(Decision.id)
        ).all()
    assert [tuple(row) for row in found] == [
        ("correct_listing", "proposed", None),
        ("remove_listing", "rejected", CLERK.person),  # the desk's, overtaken in the name of the other of the two
        ("remove_listing", "approved", JUDGE.person),
    ]


def test_reliefs(intake: Intake) -> None:
    intake.take([listing(1)])
    relief = about(1, order_number=listing(1)["order_number"], relief_kind="暂时解除", relief_from="2026-11-25", relief_to="2026-12-10",
                   relief_purpose="本人就医", relief_undertaking="是")  # fmt: skip
    long = {**relief, "relief_to": "2027-12-10", "document_number": "另一文书"}
    batch = intake.send([relief, long])
    assert intake.faults(batch) == [(3, "not-lawful")], "at most a month (35号 no. 17)"
    intake.release(batch, by=PRESIDENT)
    intake.apply()
    assert intake.faults(batch) == [(3, "not-lawful")], intake.said(batch)
    with intake.services.database.reading() as session:
        found = session.scalars(select(Relief)).one()
        assert (found.kind, str(found.to_day)) == ("temporary_lift", "2026-12-10")


def test_officers_are_marked_and_released(intake: Intake) -> None:
    if "name_officer" not in KINDS:
        pytest.skip("the register does not know the decision")
    unit = {"subject_name": "测试有限公司", "id_number": unit_of(1).number}
    intake.take([listing(1, **unit)])
    mark = about(1, **unit, officer_name="李四", officer_id=listing(8)["id_number"], officer_role="法定代表人")
    del mark["subject_name"]
    assert (
        intake.take(
            [
                mark,
                {
                    **about(2),
                    "officer_name": "李四",
                    "officer_id": listing(8)["id_number"],
                    "officer_role": "法定代表人",
                },
            ]
        ).applied
        == 1
    )
    again = intake.send([{**mark, "reason": "重复报送"}])
    assert (again.preview or {})["unchanged"] == 1
    assert intake.take([{**mark, "officer_to": "2026-11-24", "document_number": "免职一号"}]).applied == 1
    with intake.services.database.reading() as session:
        found = session.scalars(select(ResponsibleMark)).one()
        assert (found.name, str(found.from_day), str(found.to_day)) == ("李四", "2026-11-20", "2026-11-24")


def test_a_change_names_its_entry_or_waits(intake: Intake) -> None:
    intake.take(
        [
            listing(1),
            listing(
                1, decision_number="（2026）豫0105执1号之五", disrupt_types="违反财产报告制度", end_date="2028-10-28"
            ),
        ]
    )
    sent = intake.send(
        [
            about(1, new_name="某"),
            about(5, new_name="某"),
            about(1, new_name="某", decision_number=listing(1)["decision_number"]),
        ]
    )
    assert intake.faults(sent) == [(2, "entry-ambiguous"), (3, "entry-unknown")]


def test_only_the_listing_court_or_one_above_it(services: Services) -> None:
    intake = Intake(services)
    intake.take([listing(1)])
    elsewhere = staff(StaffRole.CLERK, 7, court="豫03")
    sent = intake.send([listing(2), ended(1), {**ended(1), "court_name": "", "document_number": "别的"}], by=elsewhere)
    assert [code for _, code in intake.faults(sent)] == ["court-not-yours"] * 3


@pytest.mark.parametrize(
    ("declared", "rows", "codes"),
    [
        (3, range(100, 103), []),
        (5, range(100, 103), ["count"]),
        (None, range(100, 140), ["growth"]),
        (None, range(100, 115), []),
    ],
)
def test_guards_on_counts_and_growth(intake: Intake, declared: int | None, rows: range, codes: list[str]) -> None:
    intake.take([listing(number) for number in range(1, 31)])
    shown = intake.send([listing(number) for number in rows], declared=declared).preview or {}
    assert [guard["code"] for guard in shown["held"] if guard["code"] != "court-gain"] == codes


def test_a_mass_removal_is_held_until_somebody_says_why(intake: Intake) -> None:
    intake.take([listing(number) for number in range(1, 31)])
    batch = intake.send([ended(number) for number in range(1, 25)])
    shown: dict[str, Any] = batch.preview or {}
    assert [guard["code"] for guard in shown["held"]] == ["loss", "court-loss"]
    with pytest.raises(InvalidInput, match="guard holds"):
        intake.release(batch, reason=" ")
    intake.release(batch, reason="年终集中清理，已逐件核对")
    intake.apply()
    assert list(intake.states().values()).count("removed") == 24


def test_a_file_much_shorter_than_the_last_one_is_held(intake: Intake) -> None:
    intake.take([listing(number) for number in range(1, 211)])
    shown = intake.send([listing(number) for number in range(1, 50)]).preview or {}
    assert [guard["code"] for guard in shown["held"]] == []  # nothing staged: of no shape
    shown = intake.send([listing(number) for number in range(205, 230)]).preview or {}
    assert "shrunk" in [guard["code"] for guard in shown["held"]]


def test_the_manifest_of_an_import(intake: Intake) -> None:
    batch = intake.take([listing(1), listing(2), listing(2)])
    batch = intake.batch(batch.id)
    assert (batch.format, batch.encoding, batch.rows) == ("ndjson", "utf-8", 3)
    assert batch.parser and len(batch.sha256) == 64
    assert intake.faults(batch) == [(4, "row-duplicate")]
    shown = batch.preview or {}
    assert (shown["gain"], shown["refused"]) == (2, 1)
    assert shown["courts"][0]["rows"] == 2
