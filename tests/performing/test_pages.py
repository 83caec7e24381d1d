"""The pages of the positive path: the court's forms, the performer's card, publicity, the agency's question."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from creditsvc.access.permissions import Permission, StaffRole
from creditsvc.app import create_app
from creditsvc.papers.issuing import papers_about
from creditsvc.services import Services
from creditsvc.storage.subjects import numbers_of
from repair.performing import incentive_list as places
from repair.performing.records import load
from tests.performing.world import NAME, advised, certified, on_list, performer_of, row_of
from tests.repair.world import clerk, person_number
from tests.support.people import debtor_browser, key_header, post_form, staff_browser
from wsgi import features

DESK = "/desk/performances/"


def advice(**changes: str) -> dict[str, str]:
    return {
        "number": person_number(801).number, "name": NAME, "court_code": "豫0105", "case_number": "（2026）豫0105民初801号",
        "creditor": "债权人甲", "obligation": "支付货款 1 元", "due_on": "2026-12-10", **changes,
    }  # fmt: skip


def test_from_the_form_to_the_certificate_by_two_people(services: Services, app: Flask) -> None:
    window = staff_browser(app, services, StaffRole.CLERK)
    judge = staff_browser(app, services, StaffRole.JUDGE)
    made = post_form(window, DESK + "new", advice(), page=DESK + "new")
    assert made.status_code == 303
    page = made.location.split("?")[0]
    text = window.get(made.location).text
    assert "告知书" in text and NAME in text and "-ADVICE-2026-00001-" in text
    code = post_form(window, page + "/code", page=page)
    assert code.status_code == 200 and "只显示这一次" in code.text and code.headers["Cache-Control"] == "no-store"
    assert (
        post_form(window, page + "/claim", {"version": "1", "performed_on": "2026-11-20"}, page=page).status_code == 303
    )
    stale = post_form(window, page + "/claim", {"version": "1", "performed_on": "2026-11-20"}, page=page)
    assert stale.status_code == 422 and "刚刚被他人处理过" in stale.text
    proposal = {
        "version": "2", "performed_on": "2026-11-20", "in_full": "yes", "compelled": "no", "source": "", "confirmed_on": "2026-11-23",
        "document": "权利人收条",
    }  # fmt: skip
    assert "请选择确认方式" in post_form(window, page + "/propose", proposal, page=page).text
    proposal["source"] = "creditor"
    assert post_form(window, page + "/propose", proposal, page=page).status_code == 303
    shown = judge.get(page).text
    digest = shown.split('name="digest" value="')[1][:64]
    assert "权利人书面确认" in shown
    assert post_form(judge, page + "/approve", {"version": "3", "digest": digest}, page=page).status_code == 303
    certificate = judge.get(page).text.split(f"{page}/papers/")[1].split('"')[0]
    pdf = judge.get(f"{page}/papers/{certificate}")
    assert pdf.data[:5] == b"%PDF-" and pdf.headers["Cache-Control"] == "no-store"
    assert "有效" in window.get(f"/verify/{certificate}").text


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"number": "410105198001018014"}, "校验位"),
        ({"number": ""}, "号码"),
        ({"name": " "}, "请填写姓名"),
        ({"creditor": ""}, "请填写权利人"),
        ({"due_on": "2026-11-01"}, "履行期限应在今天之后"),
        ({"due_on": "soon"}, "请填写履行期限"),
        ({"court_code": "豫0302"}, "请选择本院"),
    ],
)
def test_a_notice_that_lacks_something_says_what(sqlite_services: Services, changes: dict[str, str], said: str) -> None:
    window = staff_browser(create_app(sqlite_services, features()), sqlite_services, StaffRole.CLERK)
    refused = post_form(window, DESK + "new", advice(**changes), page=DESK + "new")
    assert refused.status_code == 422
    assert said in refused.text
    assert person_number(801).number not in refused.text


def test_the_performer_sees_the_days_reports_and_agrees(services: Services, app: Flask) -> None:
    record_id = advised(services)
    me = debtor_browser(app, services, row_of(services, record_id).subject_id, NAME)
    home = "/portal/performances/"
    assert "还有 16 天" in me.get(home).text
    empty = post_form(me, f"{home}{record_id}/claim", {"version": "1"}, page=home)
    assert empty.status_code == 422 and "请填写履行日期" in empty.text
    future = post_form(me, f"{home}{record_id}/claim", {"version": "1", "performed_on": "2027-01-01"}, page=home)
    assert "不能在今天之后" in future.text
    assert (
        post_form(me, f"{home}{record_id}/claim", {"version": "1", "performed_on": "2026-11-24"}, page=home).status_code
        == 303
    )
    assert "待核实" in me.get(home).text
    other = debtor_browser(app, services, row_of(services, advised(services)).subject_id, NAME)
    assert (
        post_form(
            other, f"{home}{record_id}/claim", {"version": "2", "performed_on": "2026-11-24"}, page=home
        ).status_code
        == 404
    )
    with services.database.reading() as session:
        number = papers_about(session, application=record_id)[0].number
    assert me.get(f"{home}{record_id}/papers/{number}").data[:5] == b"%PDF-"
    assert other.get(f"{home}{record_id}/papers/{number}").status_code == 404


def test_an_agreement_is_the_persons_own(services: Services, app: Flask) -> None:
    record_id = certified(services)
    me = debtor_browser(app, services, row_of(services, record_id).subject_id, NAME)
    home = "/portal/performances/"
    version = str(row_of(services, record_id).version)
    form = {"version": version, "listing": "1", "platform": "1"}
    assert post_form(me, f"{home}{record_id}/agree", form, page=home).status_code == 303
    row = row_of(services, record_id)
    assert row.agrees_listing_on == row.agrees_platform_on is not None


def test_publicity_shows_the_first_character_and_how_to_object(services: Services, app: Flask) -> None:
    stranger = app.test_client()
    assert "目前没有公示" in stranger.get("/incentives/publicity/").text
    record_id = certified(services)
    with services.database.writing() as session:
        row = load(session, record_id, to_change=True)
        places.agree(
            session,
            row,
            listing=True,
            platform=False,
            caller=performer_of(services, record_id),
            now=services.clock.now(),
        )
        places.publicise(session, row, working_days_long=7, caller=clerk(), now=services.clock.now())
    text = stranger.get("/incentives/publicity/").text
    assert "守＊＊" in text and NAME not in text and "12368" in text
    assert row_of(services, record_id).case_number not in text


def test_the_agencys_page_and_the_api_answer_alike(services: Services, app: Flask) -> None:
    record_id = certified(services)
    # the clock of the pages stands still, so the place is put on the list as if publicity had long been over
    on_list(services, record_id, later=services.clock.now() + timedelta(days=14))
    with services.database.reading() as session:
        subject = row_of(services, record_id).subject_id
        number = numbers_of(session, services.vault, [subject])[subject].number
    agency = staff_browser(app, services, StaffRole.AGENCY)
    asked = {"number": number, "name": NAME, "sector": "financial_regulation", "purpose": "贷款审查"}
    page = post_form(agency, "/agency/incentives/", asked, page="/agency/incentives/")
    assert page.status_code == 200 and "在激励名单上" in page.text and number not in page.text
    key = key_header(services, Permission.CHECK_ASK)
    client = app.test_client()
    told = client.post("/v1/incentives/standing", json=asked, headers=key)
    assert told.status_code == 200 and told.json["on_list"] and told.json["certificate"] in page.text  # type: ignore[index]
    for wrong in ({"name": "守约甲"}, {"number": person_number(999).number}):
        answer = client.post("/v1/incentives/standing", json=asked | wrong, headers=key)
        assert (answer.status_code, answer.json["on_list"], answer.json["incentives"]) == (200, False, [])  # type: ignore[index]
    unknown = client.post("/v1/incentives/standing", json=asked | {"sector": "nowhere"}, headers=key)
    assert (unknown.status_code, unknown.json["type"]) == (422, "sector-unknown")  # type: ignore[index]


def test_a_performer_signs_in_with_the_code_on_the_notice(services: Services, app: Flask) -> None:
    window = staff_browser(app, services, StaffRole.CLERK)
    page = post_form(window, DESK + "new", advice(), page=DESK + "new").location.split("?")[0]
    code = post_form(window, page + "/code", page=page).text.split("<strong>")[1].split("</strong>")[0]
    me = app.test_client()
    typed = {"number": person_number(801).number, "name": NAME, "code": code}
    signed_in = post_form(me, "/portal/sign-in", typed, page="/portal/sign-in")
    assert signed_in.status_code == 303
    assert "告知书" in me.get("/portal/performances/").text
    assert (
        post_form(app.test_client(), "/portal/sign-in", typed | {"name": "守约甲"}, page="/portal/sign-in").status_code
        == 422
    )
