"""The creditor's link: one question, once, for one person, until a day; silence does nothing."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from creditsvc.access.permissions import StaffRole
from creditsvc.services import Services
from repair.entries import entry_view
from repair.history import load
from tests.repair.test_applications import taken
from tests.repair.test_desk import Staff, staff
from tests.repair.test_portal import post
from tests.repair.world import DAY, list_person

__all__ = ["staff"]
NUMBER = "41010519700101001X"


@pytest.fixture
def clerk(staff: Staff) -> FlaskClient:
    return staff("clerk", StaffRole.CLERK)


def link_of(clerk: FlaskClient, application: str) -> str:
    page = f"/desk/applications/{application}"
    shown = post(clerk, page, page + "/ask-creditor", {"creditor_name": "李申请", "creditor_number": NUMBER}).text
    link = re.search(r"https?://[^/]+(/creditor/[\w-]{32})", shown)
    assert link, shown[:500]
    return link[1]


def says(browser: FlaskClient, link: str, **fields: str) -> tuple[int, str]:
    answer = post(browser, link, link, {"holder": NUMBER[-6:], **fields})
    return answer.status_code, answer.text


def test_one_question_one_answer(services: Services, app: Flask, clerk: FlaskClient) -> None:
    entry = list_person(services)
    application = taken(services, entry)
    link, creditor = link_of(clerk, application), app.test_client()
    first = creditor.get(link)
    assert "（2026）" not in first.text and "张" not in first.text.split("<main")[1], (
        "nothing about anybody before who it is"
    )
    status, page = says(creditor, link)
    assert status == 200 and "是否已经履行完毕" in page and "没有答复不等于确认" in page
    status, page = says(creditor, link, answer="performed", words="11月20日收到全部款项。")
    assert status == 200 and "已收到您的答复" in page
    assert creditor.get(link).status_code == 404, "once"
    desk = clerk.get(f"/desk/applications/{application}").text
    assert "已经全部履行" in desk and "11月20日收到全部款项。" in desk
    with services.database.reading() as session:
        assert load(session, application, to_change=False).state == "under_review", "the court weighs it"
        assert entry_view(session, entry, on=DAY).in_force


def test_a_stranger_with_the_link_gets_nowhere(services: Services, app: Flask, clerk: FlaskClient) -> None:
    link, stranger = link_of(clerk, taken(services, list_person(services))), app.test_client()
    for _ in range(5):
        status, page = says(stranger, link, holder="999999", answer="performed")
        assert status == 422 and "（2026）" not in page
    assert stranger.get(link).status_code == 404, "five wrong tries end it"


def test_wrong_used_over_and_revoked_answer_alike(services: Services, app: Flask, clerk: FlaskClient) -> None:
    application = taken(services, list_person(services))
    revoked, standing = link_of(clerk, application), link_of(clerk, application)
    browser = app.test_client()
    says(browser, standing, answer="objects")
    over = link_of(clerk, taken(services, list_person(services)))
    services.clock.set(services.clock.now() + timedelta(days=10))  # type: ignore[attr-defined]
    pages = {browser.get(link).text.replace(link, "") for link in (revoked, standing, over, "/creditor/" + "x" * 32)}
    assert len({re.sub(r"[0-9a-f]{16,64}", "", page) for page in pages}) == 1


def test_silence_confirms_nothing(services: Services, clerk: FlaskClient) -> None:
    entry = list_person(services)
    application = taken(services, entry)
    link_of(clerk, application)
    services.clock.set(services.clock.now() + timedelta(days=9))  # type: ignore[attr-defined]
    with services.database.reading() as session:
        assert load(session, application, to_change=False).state == "under_review"
        assert entry_view(session, entry, on=DAY).in_force


def test_what_the_clerk_must_give(services: Services, clerk: FlaskClient) -> None:
    page = f"/desk/applications/{taken(services, list_person(services))}"
    for wrong in (
        {"creditor_name": "", "creditor_number": NUMBER},
        {"creditor_name": "李申请", "creditor_number": "12"},
    ):
        assert post(clerk, page, page + "/ask-creditor", wrong).status_code == 422
