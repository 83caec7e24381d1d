"""The desk by hand: every kind of decision has its form, the queue and the calendar show what is due, many at once are shown first."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from creditsvc.access.permissions import StaffRole
from creditsvc.app import create_app
from creditsvc.register import kinds
from creditsvc.register.desk_fields import HIDDEN, changes_of, widgets
from creditsvc.register.desk_forms import LABELS
from creditsvc.register.desk_words import EVENTS, states, task_label
from creditsvc.register.entries import matter
from creditsvc.register.kinds import KINDS
from creditsvc.register.life import State, Step
from creditsvc.register.service import ServiceMode
from creditsvc.register.tables import ConsumptionOrder, Decision, Listing
from creditsvc.register.tables_matters import CandidateRecord
from creditsvc.register.task_kinds import TaskKind
from creditsvc.services import Services
from tests.register import world
from tests.support.people import post_form, staff_browser
from wsgi import features

TODAY = "2026-11-24"
COMMON = {
    "event_on": "2026-11-20",
    "known_on": "2026-11-23",
    "document_number": "（2026）豫0105执5号之一",
    "reason": "经查属实",
}


@pytest.fixture
def services(sqlite_services: Services) -> Services:
    """On SQLite alone: the use cases below are held on both databases by their own tests."""
    return sqlite_services


@pytest.fixture
def app(services: Services) -> Flask:
    """The whole application."""
    made = create_app(services, features())
    made.testing = True
    return made


@pytest.fixture
def clerk(app: Flask, services: Services) -> FlaskClient:
    """Who proposes."""
    return staff_browser(app, services, StaffRole.CLERK)


@pytest.fixture
def judge(app: Flask, services: Services) -> FlaskClient:
    """Who signs."""
    return staff_browser(app, services, StaffRole.JUDGE)


@pytest.fixture
def president(app: Flask, services: Services) -> FlaskClient:
    """Who signs what the law leaves to him."""
    return staff_browser(app, services, StaffRole.PRESIDENT)


def said(client: FlaskClient, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, path
    return answer.get_data(as_text=True)


def proposed(client: FlaskClient, entry: str, kind: str, **fields: Any) -> str:
    page = f"/desk/listings/{entry}/decisions/{kind}"
    answer = post_form(client, f"/desk/listings/{entry}/decisions", {**COMMON, "what": kind, **fields}, page=page)
    assert answer.status_code == 303, re.sub("<[^>]+>", "", answer.get_data(as_text=True))[600:2200]
    return answer.headers["Location"]


def signed(client: FlaskClient, decision: str) -> None:
    digest = re.search(r'name="digest" value="([0-9a-f]{64})"', said(client, decision))
    assert digest, "nothing to sign here"
    assert post_form(client, decision, {"go": "approve", "digest": digest[1]}, page=decision).status_code == 303


def one(services: Services, table: Any, **wanted: Any) -> Any:
    with services.database.reading() as session:
        return session.scalars(select(table).filter_by(**wanted).order_by(table.id.desc()).limit(1)).one()


def test_every_kind_of_decision_has_a_form_with_every_field(services: Services) -> None:
    unit = world.unit(3)
    about = {
        kinds.CANDIDATE: world.candidate(services, unit),
        kinds.LISTING: world.add_listing(services, unit),
        kinds.ORDER: world.add_order(services, unit),
    }
    with services.database.reading() as session:
        for kind, rule in KINDS.items():
            for what in rule.about:
                fields = widgets(session, matter(session, about[what]), kind, today=world.DAY)
                typed = {each.name for each in fields} | HIDDEN | ({"subject"} if kind == "name_officer" else set())
                missing = set(rule.fields) - typed - {"severity", "relief", "mark"}
                assert not missing, f"{kind}: {missing}"
                unnamed = [each.name for each in fields if each.name not in LABELS and each.name != "number"]
                assert unnamed == [], kind


def test_what_is_typed_is_what_the_readers_take(services: Services) -> None:
    entry = world.candidate(services, world.resident(5))
    typed = MultiDict([("grounds", "evades"), ("grounds", "obstructs"), ("decided_on", TODAY), ("until", "2028-11-24"),
                       ("acts", " 转移车辆 \r\n\r\n隐匿账户"), ("answer_student", "已核实"), ("answer_age", " ")])  # fmt: skip
    with services.database.reading() as session:
        about = matter(session, entry)
        found = changes_of("decide_listing", about, widgets(session, about, "decide_listing", today=world.DAY), typed)
    assert found == {
        "grounds": ["evades", "obstructs"], "decided_on": TODAY, "until": "2028-11-24", "acts": ["转移车辆", "隐匿账户"],
        "doubts": {"student": "已核实"},
    }  # fmt: skip


def test_words_for_every_state_step_and_matter() -> None:
    assert {step.value for step in Step} <= set(EVENTS)
    assert {state.value for state in State} <= set(states())
    assert all(task_label(kind.value).en != kind.value for kind in TaskKind) and task_label("other").zh == "other"
    assert all(mode.label.en for mode in ServiceMode)


def test_a_listing_from_nothing_to_removed_by_hand(
    clerk: FlaskClient, judge: FlaskClient, president: FlaskClient, services: Services
) -> None:
    who = world.resident(9)
    fields = {
        "number": who.number, "name": "王丁", "court_code": "豫0105", "case_number": "（2026）豫0105执900号", "filed_on": "2026-01-05",
        "basis_number": "（2025）豫0105民初9号", "basis_issuer": "郑州市金水区人民法院", "obligation": "支付 5,000 元",
        "performance": "none", "applicants": "甲公司", "notice_served_on": "2026-02-01", "perform_by": "2026-02-11",
    }  # fmt: skip
    for wrong, place in (
        ({"number": who.number[:-1] + "0"}, "number"),
        ({"perform_by": "2027-01-01"}, "perform_by"),
        ({"name": ""}, "name"),
    ):
        answer = post_form(clerk, "/desk/candidates", {**fields, **wrong}, page="/desk/candidates/new")
        page = answer.get_data(as_text=True)
        assert answer.status_code == 422 and f'id="{place}-error"' in page and who.number not in page, place
    opened = post_form(clerk, "/desk/candidates", fields, page="/desk/candidates/new")
    assert opened.status_code == 303 and who.number not in opened.headers["Location"]
    candidate = one(services, CandidateRecord).entry
    case = f"/desk/listings/{candidate}"
    review = {"applicant": "甲公司", "applied_on": "2026-11-20"}
    assert post_form(clerk, f"/desk/candidates/{candidate}/review", review, page=case).status_code == 303
    assert "对纳入申请作出决定" in said(clerk, case)

    decision = proposed(clerk, candidate, "decide_listing", grounds=["able_but_refuses"], decided_on=TODAY)
    assert "须由院长签发" in said(judge, decision)
    signed(president, decision)
    listing = one(services, Listing)
    case = f"/desk/listings/{listing.entry}"
    assert (listing.state, listing.candidate) == ("decided", candidate) and "录入国家库并公布" in said(clerk, case)

    served = {"mode": "direct", "day": TODAY}
    assert post_form(clerk, case + "/service", {**served, "day": "2026-11-25"}, page=case).status_code == 422
    assert post_form(clerk, case + "/service", served, page=case).status_code == 303
    assert "2026年11月24日" in said(clerk, case)
    signed(judge, proposed(clerk, listing.entry, "publish_listing", national_entry="QG1", national_entered_on=TODAY))
    signed(
        judge,
        proposed(
            clerk, listing.entry, "correct_listing", **_corrected(clerk, listing.entry, obligation="支付 6,000 元")
        ),
    )
    assert one(services, Listing).obligation == "支付 6,000 元"
    signed(president, proposed(clerk, listing.entry, "issue_order", issued_on=TODAY))

    told = {"kind": "performed", "voluntary": "yes", **COMMON}
    assert post_form(clerk, case + "/circumstances", {**told, "voluntary": ""}, page=case).status_code == 422
    assert post_form(clerk, case + "/circumstances", told, page=case).status_code == 303
    waiting = one(services, Decision, kind="remove_listing", state="proposed")
    signed(judge, f"/desk/decisions/{waiting.id}")
    decided = said(clerk, f"/desk/decisions/{waiting.id}")
    assert decided.count("测试人员") >= 2 and "staff:" not in decided, "people are named, not numbered"
    assert one(services, Listing).state == "removed" and one(services, ConsumptionOrder).state == "ordered"
    page = said(clerk, case)
    assert "已删除" in page and "重新提请纳入" in page
    assert who.number not in page


def _corrected(client: FlaskClient, entry: str, **changes: str) -> dict[str, str]:
    """The correction's form as it stands, with some fields typed over."""
    page = said(client, f"/desk/listings/{entry}/decisions/correct_listing")
    given = dict(re.findall(r'<input class="govuk-input[^>]*name="(\w+)"[^>]*value="([^"]*)"', page))
    given |= dict(re.findall(r'<textarea[^>]*name="(\w+)"[^>]*>([^<]*)</textarea>', page))
    given |= {"sex": "male", "performance": "none", **changes}
    return {name: value for name, value in given.items() if name not in COMMON}


def test_doubts_are_shown_with_their_clause_and_a_place_for_a_word(clerk: FlaskClient, services: Services) -> None:
    entry = world.candidate(services, world.resident(12))
    page = f"/desk/listings/{entry}/decisions/decide_listing"
    fields = {
        **COMMON,
        "what": "decide_listing",
        "grounds": ["able_but_refuses"],
        "decided_on": TODAY,
        "findings": ["campus_loan_student"],
    }
    answer = post_form(clerk, f"/desk/listings/{entry}/decisions", fields, page=page)
    shown = answer.get_data(as_text=True)
    assert (
        answer.status_code == 409 and 'name="answer_student"' in shown and "第十六条" in shown and "经查属实" in shown
    )
    assert (
        post_form(
            clerk, f"/desk/listings/{entry}/decisions", {**fields, "answer_student": "非在校生"}, page=page
        ).status_code
        == 303
    )


def test_what_the_law_closes_is_shown_with_its_reason(clerk: FlaskClient, services: Services) -> None:
    number = world.resident(14)
    listing = world.add_listing(services, number, case_number="（2026）豫0105执14号")
    order = world.add_order(services, number, case_number="（2026）豫0105执14号")
    page = said(clerk, f"/desk/listings/{order}")
    assert "不能解除限制消费令" in page and "法释〔2015〕17号第一条第二款" in page
    assert "延长期限" not in said(clerk, f"/desk/listings/{listing}").split('id="decide"')[1]


@pytest.mark.parametrize("kind", ["nonsense", "lift_order"])
def test_a_kind_that_is_not_for_this_entry_is_refused(clerk: FlaskClient, services: Services, kind: str) -> None:
    entry = world.add_listing(services)
    assert clerk.get(f"/desk/listings/{entry}/decisions/{kind}").status_code == 409
    assert post_form(clerk, f"/desk/listings/{entry}/decisions", {**COMMON, "what": kind}).status_code in {409, 422}


def test_many_ended_terms_are_shown_before_anything_is_proposed(
    clerk: FlaskClient, judge: FlaskClient, services: Services
) -> None:
    over = [world.add_listing(services, grounds=["evades"], until=date(2026, 11, 20)) for _ in range(3)]
    running = world.add_listing(services, grounds=["evades"], until=date(2027, 1, 1))
    preview = post_form(clerk, "/desk/bulk/removals", {"entry": [*over, running]}, page="/desk/")
    page = preview.get_data(as_text=True)
    assert "选中 4 件，其中 3 件可以提出删除" in page and "期限至 2027-01-01 届满" in page
    with services.database.reading() as session:
        assert session.scalars(select(Decision)).all() == []
    missing = post_form(clerk, "/desk/bulk/removals/propose", {"entry": over}, page="/desk/")
    assert missing.status_code == 422 and "请填写文书号" in missing.get_data(as_text=True)
    done = post_form(
        clerk, "/desk/bulk/removals/propose", {"entry": [*over, running], "document_number": "批1"}, page="/desk/"
    )
    assert "提出了 3 件，1 件没有提出" in done.get_data(as_text=True)

    with services.database.reading() as session:
        waiting = session.scalars(select(Decision).order_by(Decision.id)).all()
    numbers = [str(row.id) for row in waiting]
    own = post_form(clerk, "/desk/bulk/approvals", {"decision": numbers}, page="/desk/")
    assert own.status_code == 403
    shown = post_form(judge, "/desk/bulk/approvals", {"decision": numbers}, page="/desk/").get_data(as_text=True)
    digests = dict(re.findall(r'name="(digest-\d+)" value="([0-9a-f]{64})"', shown))
    assert len(digests) == 3 and "期限届满" in shown
    digests[f"digest-{numbers[2]}"] = "0" * 64
    result = post_form(judge, "/desk/bulk/approvals/sign", {"decision": numbers, **digests}, page="/desk/").get_data(
        as_text=True
    )
    assert "签批了 2 件，1 件没有签批" in result and "内容已变动" in result
    assert (
        one(services, Listing, entry=over[0]).state == "removed"
        and one(services, Listing, entry=over[2]).state == "active"
    )


def test_many_receipts_are_shown_before_any_is_recorded(clerk: FlaskClient, services: Services) -> None:
    rows = [
        world.add_listing(services, world.resident(serial), decided_on=date(2026, 11, 2)) for serial in (81, 82, 83)
    ]
    page = "/desk/bulk/service"
    assert "尚未登记送达" in clerk.get(page).get_data(as_text=True)
    typed = {f"day-{rows[0]}": "2026-11-20", f"day-{rows[1]}": "2026-10-01", f"day-{rows[2]}": ""}
    assert post_form(clerk, page, typed, page=page).status_code == 422, "how was it served?"
    assert post_form(clerk, page, {"mode": "post"}, page=page).status_code == 422
    shown = post_form(clerk, page, {"mode": "public_notice", **typed}, page=page).get_data(as_text=True)
    assert "自 2026-12-20 起算送达" in shown and "应在作出之日与今天之间" in shown, "thirty days"
    with services.database.reading() as session:
        assert set(session.scalars(select(Listing.served_on))) == {None}
    post_form(clerk, page, {"mode": "public_notice", "shown": "1", **typed}, page=page)
    with services.database.reading() as session:
        found = {
            row.entry: (str(row.served_on), row.service_mode)
            for row in session.scalars(select(Listing))
            if row.served_on
        }
    assert found == {rows[0]: ("2026-12-20", "public_notice")}


def test_the_queue_counts_and_shows_each_working(clerk: FlaskClient, services: Services) -> None:
    world.candidate(services, world.resident(21), applicant="甲公司")
    page = said(clerk, "/desk/")
    assert "对纳入申请作出决定" in page and "王甲" in page and "起算当日不计入" in page
    assert "<b>1</b> 以后" in page.replace("\n", "")


def test_the_calendar_shows_days_of_rest_and_what_is_due(clerk: FlaskClient, services: Services) -> None:
    world.candidate(services, world.resident(22), applicant="甲公司")
    entry = world.add_listing(services, grounds=["evades"], until=date(2026, 10, 7))
    page = said(clerk, "/desk/calendar?month=2026-12")
    assert "2026年12月" in page and "对纳入申请作出决定" in page
    october = said(clerk, "/desk/calendar?month=2026-10")
    assert "国庆" in october and "调休上班" in october and entry in october and "期限届满" in october
    assert "2026年11月" in said(clerk, "/desk/calendar?month=nonsense")
    assert "November 2026" in said(clerk, "/desk/calendar?lang=en")


def test_people_of_one_name_are_told_apart(clerk: FlaskClient, services: Services) -> None:
    first, second = world.resident(31), world.resident(32)
    for number in (first, first, second):
        world.add_listing(services, number, name="李同名")
    page = said(clerk, "/desk/listings?q=李同名")
    assert "同名，但不是同一人" in page and page.count("人员 A") == 2 and page.count("人员 B") == 1
    alone = world.add_listing(services, world.resident(33), name="独名")
    assert "同名，但不是同一人" not in said(clerk, "/desk/listings?q=独名")
    assert "同名的另一人" not in said(clerk, f"/desk/listings/{alone}")
    other = one(services, Listing, name="李同名")
    assert "不得合并" in said(clerk, f"/desk/listings/{other.entry}")


def test_somebody_is_found_by_number_also_while_nothing_is_decided(clerk: FlaskClient, services: Services) -> None:
    who = world.resident(51)
    entry = world.candidate(services, who)
    for number, found in ((who.number, True), (world.resident(52).number, False)):
        answer = post_form(clerk, "/desk/listings", {"number": number}, page="/desk/listings")
        page = answer.get_data(as_text=True)
        assert (entry in page) is found and number not in page


def test_a_dispute_is_marked_at_once(clerk: FlaskClient, services: Services) -> None:
    entry = world.add_listing(services)
    case = f"/desk/listings/{entry}"
    assert (
        post_form(
            clerk, case + "/notes", {"mark": "suspended", "document_number": "1", "reason": "x"}, page=case
        ).status_code
        == 409
    )
    assert post_form(clerk, case + "/notes", {"mark": "disputed"}, page=case).status_code == 422
    assert (
        post_form(
            clerk, case + "/notes", {"mark": "disputed", "document_number": "收1", "reason": "金额有误"}, page=case
        ).status_code
        == 303
    )
    assert "有异议" in said(clerk, case)


def test_another_courts_matters_are_not_there(app: Flask, services: Services) -> None:
    entries = [world.candidate(services, world.resident(41)), world.add_listing(services)]
    stranger = staff_browser(app, services, StaffRole.CLERK, "stranger", court_code="豫0302")
    for entry in entries:
        assert stranger.get(f"/desk/listings/{entry}").status_code == 404
        assert stranger.get(f"/desk/listings/{entry}/decisions/remove_listing").status_code == 404
        for act in ("circumstances", "notes", "service"):
            fields = {
                **COMMON,
                "kind": "performed",
                "voluntary": "yes",
                "mark": "disputed",
                "mode": "direct",
                "day": TODAY,
            }
            assert post_form(stranger, f"/desk/listings/{entry}/{act}", fields).status_code == 404
    assert post_form(stranger, "/desk/bulk/removals", {"entry": entries[1:]}).status_code == 404
