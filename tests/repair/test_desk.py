"""The court's pages: the queue, one application, proposals by one person and the signature of another."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from creditsvc.access.accounts import NewAccount, create_account, start_session
from creditsvc.access.callers import job_caller
from creditsvc.access.permissions import StaffRole
from creditsvc.access.tables import AuditEntry
from creditsvc.services import Services
from repair.entries import entry_view, own_entries
from repair.history import load
from tests.papers.conftest import text_of
from tests.repair.test_applications import sent
from tests.repair.test_portal import post
from tests.repair.world import COURT, DAY, debtor_of, list_person

PASSWORD = "长城-砖块-三十七-橘子"
Staff = Callable[..., FlaskClient]


@pytest.fixture
def staff(services: Services, app: Flask) -> Staff:
    """A browser in which somebody of the court is signed in."""

    def signed_in(username: str, role: StaffRole, court: str = COURT) -> FlaskClient:
        now = services.clock.now()
        with services.database.writing() as session:
            new = NewAccount(username, username, role, court_code=court)
            account = create_account(session, new, PASSWORD, cost="cheap", caller=job_caller("test"), now=now)
            account.must_change = False
            token = start_session(session, account, now=now)
        browser = app.test_client()
        browser.set_cookie("session", token)
        return browser

    return signed_in


def test_two_people_and_both_decisions(services: Services, staff: Staff, tmp_path: Path) -> None:
    entry = list_person(services, with_order=True)
    application = sent(services, entry)
    page = f"/desk/applications/{application}"
    clerk, judge = staff("clerk", StaffRole.CLERK), staff("judge", StaffRole.JUDGE)
    assert "豫信修〔2026〕000001号" in clerk.get("/desk/applications/").text
    assert post(clerk, page, page + "/take", {}).status_code == 303
    empty = post(clerk, page, page + "/grant", {"reason": "已核实"})
    assert empty.status_code == 422
    assert "请填写履行日期" in empty.text
    assert post(clerk, page, page + "/letter", {}).status_code == 409, "there is no decision yet"
    finding = {
        "document_number": "（2026）豫0105执1号之二",
        "event_on": "2026-11-20",
        "confirmed_on": "2026-11-23",
        "reason": "申请执行人确认已付清",
        "lift_order": "1",
    }
    template = re.search(
        r"经审查，申请人以“已经履行完毕”为由提出申请。【[^】]+】符合[^<]+应当准许。", clerk.get(page).text
    )
    assert template
    blank = post(clerk, page, page + "/grant", {**finding, "reason": template[0]})
    assert blank.status_code == 422 and "请把模板里的空白补全" in blank.text
    assert post(clerk, page, page + "/grant", finding).status_code == 303
    assert "请另一人复核签批" in clerk.get(page).text
    shown = judge.get(page).text
    assert "2026年11月26日" in shown, "three working days from the confirmation"
    digest = re.search(r'name="digest" value="([0-9a-f]{64})"', shown)
    assert digest
    assert post(judge, page, page + "/approve", {"digest": digest[1], "with_order": "1"}).status_code == 303
    with services.database.reading() as session:
        assert load(session, application, to_change=False).state == "granted"
        assert not entry_view(session, entry, on=DAY).in_force
        mine = own_entries(session, debtor_of(services, entry).subject_id or "", on=DAY)
        assert [view.in_force for view in mine] == [False, False], "listing and order are both gone"
    letters = [post(who, page, page + "/letter", {}).data for who in (clerk, judge)]
    assert letters[0].startswith(b"%PDF-") and letters[0] == letters[1], "issued once"
    words = re.sub(r"\s", "", text_of(letters[0], tmp_path))
    for expected in ("申请审查决定书", "豫信修〔2026〕000001号", "申请执行人确认已付清", "已准许"):
        assert expected in words


def test_papers_are_shown_as_pages_drawn_anew_and_who_opened_them_is_on_record(
    services: Services, staff: Staff
) -> None:
    application = sent(services, list_person(services))
    clerk = staff("clerk", StaffRole.CLERK)
    link = re.search(
        r'href="(/desk/applications/[^"]+/papers/[0-9a-f]{32})"', clerk.get(f"/desk/applications/{application}").text
    )
    assert link
    shown = clerk.get(link[1])
    assert f'src="{link[1]}/pages/0"' in shown.text
    page = clerk.get(link[1] + "/pages/0")
    assert (page.mimetype, page.data[:3]) == ("image/jpeg", b"\xff\xd8\xff")
    assert (page.headers["X-Content-Type-Options"], page.headers["Cache-Control"]) == ("nosniff", "no-store")
    assert clerk.get(link[1] + "/pages/1").status_code == 415, "there is no second page"
    with services.database.reading() as session:
        read = session.scalars(select(AuditEntry).where(AuditEntry.action == "evidence.read")).all()
        assert [entry.object for entry in read] == [application]


def test_another_court_and_an_agency_see_nothing(services: Services, app: Flask, staff: Staff) -> None:
    application = sent(services, list_person(services))
    elsewhere = staff("elsewhere", StaffRole.CLERK, "豫0106")
    assert elsewhere.get(f"/desk/applications/{application}").status_code == 404
    assert "豫信修" not in elsewhere.get("/desk/applications/").text
    assert staff("agency", StaffRole.AGENCY).get("/desk/applications/").status_code == 403


def test_a_letter_shows_its_code_once(services: Services, staff: Staff) -> None:
    entry = list_person(services)
    clerk, page = staff("clerk", StaffRole.CLERK), f"/desk/letters/{entry}"
    letter = post(clerk, page, page, {})
    code = re.search(r"[2-9A-Z]{4}(-[2-9A-Z]{4}){3}", letter.text)
    assert code
    assert letter.headers["Cache-Control"] == "no-store"
    assert code[0] not in clerk.get(page).text
    assert re.search(r"\d{10}\*{4}\d{3}[\dX]", letter.text), "the number is masked"
    assert not re.search(r"(?<![0-9a-f])\d{17}[\dX](?![0-9a-f])", letter.text), "a digest is no number"
