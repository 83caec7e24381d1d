"""The portal as a browser without JavaScript sees it."""

from __future__ import annotations

import io
import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from creditsvc.services import Services
from creditsvc.storage.subjects import numbers_of
from repair.entries import entry_view
from repair.letters import issue_codes
from repair.policy.alphabet import printed
from repair.policy.files import MAX_BYTES
from tests.repair.papers import pdf
from tests.repair.world import DAY, clerk, list_person


class Person:
    """A listed person with a letter in hand, and a browser."""

    def __init__(self, services: Services, app: Flask, **listing: object) -> None:
        self.services, self.browser = services, app.test_client()
        self.entry = list_person(services, **listing)
        with services.database.writing() as session:
            codes = issue_codes(session, services, [self.entry], caller=clerk(), now=services.clock.now())
            view = entry_view(session, self.entry, on=DAY)
            self.number = numbers_of(session, services.vault, [view.subject_id])[view.subject_id].number
        self.name, self.code = view.name, printed(codes[self.entry])

    def sign_in(self, **changes: str) -> TestResponse:
        fields = {"number": self.number, "name": self.name, "code": self.code, **changes}
        return post(self.browser, "/portal/sign-in", "/portal/sign-in", fields)

    def draft(self) -> str:
        """Screen 1 done: the address of screen 2."""
        answer = post(self.browser, "/portal/apply", "/portal/apply", {"choice": f"{self.entry}|removal/performed"})
        assert answer.status_code == 303, answer.text
        return answer.headers["Location"]

    def explain(self, address: str, papers: list[tuple[io.BytesIO, str]], go: str = "check") -> TestResponse:
        fields = {"statement": "2026年11月20日已付清。", "go": go, "papers": papers}
        return post(self.browser, address, address, fields)


def post(browser: FlaskClient, page: str, address: str, fields: dict[str, object]) -> TestResponse:
    """Open the page, take its token, send the form."""
    shown = browser.get(page)
    token = re.search(r'name="(csrf\w*)"[^>]*value="([^"]+)"', shown.text)
    assert token, shown.text[:500]
    answer = browser.post(address, data={token[1]: token[2], **fields}, content_type="multipart/form-data")
    # the client keeps a large body in a temporary file and forgets it
    answer.request.environ["wsgi.input"].close()
    return answer


@pytest.fixture
def person(services: Services, app: Flask) -> Person:
    return Person(services, app)


@pytest.mark.parametrize(
    "wrong", [{"code": "ABCD-EFGH-JKMN-PQRS"}, {"name": "王某某"}, {"number": "410105199003070011"}, {"number": "x"}]
)
def test_whatever_is_wrong_the_answer_is_the_same(person: Person, wrong: dict[str, str]) -> None:
    answer = person.sign_in(**wrong)
    assert answer.status_code == 422
    assert "证件号码、姓名或者查询码不正确" in answer.text
    assert person.number not in answer.text
    assert person.code not in answer.text
    assert person.browser.get("/portal/").status_code in {302, 303, 401}


def test_refusals_can_not_be_told_apart(person: Person) -> None:
    texts = set()
    for wrong in ({"code": "ABCD-EFGH-JKMN-PQRS"}, {"number": "410105199003070011"}):
        page = person.sign_in(**wrong).text
        texts.add(re.sub(r'value="[^"]*"', "", page))
    assert len(texts) == 1


def test_signs_in_and_sees_where_one_stands(person: Person) -> None:
    assert person.sign_in().status_code == 303
    home = person.browser.get("/portal/")
    assert home.status_code == 200
    for expected in ("有履行能力而拒不履行", "法释〔2017〕7号第一条第一项", "12368", "申请移出名单"):
        assert expected in home.text
    entry = person.browser.get(f"/portal/entries/{person.entry}")
    for expected in ("怎样移出", "现在受到哪些限制", "法释〔2017〕7号第十条第一款第一项"):
        assert expected in entry.text
    assert person.number not in home.text + entry.text


def test_a_code_is_forgiving_of_how_it_is_typed(person: Person) -> None:
    assert person.sign_in(code=person.code.lower().replace("-", " ")).status_code == 303


def test_a_reissued_code_ends_the_old_one(person: Person) -> None:
    with person.services.database.writing() as session:
        issue_codes(session, person.services, [person.entry], caller=clerk(), now=person.services.clock.now())
    assert person.sign_in().status_code == 422


def test_ten_tries_and_then_a_pause(person: Person) -> None:
    for _ in range(10):
        assert person.sign_in(code="ABCD-EFGH-JKMN-PQRS").status_code == 422
    answer = person.sign_in()
    assert answer.status_code == 429
    assert person.browser.get("/portal/").status_code != 200


def test_three_screens_and_a_receipt(person: Person) -> None:
    person.sign_in()
    address = person.draft()
    answer = person.explain(address, [(io.BytesIO(pdf()), "回单.pdf")])
    assert answer.status_code == 303
    check = person.browser.get(answer.headers["Location"])
    assert "回单.pdf" in check.text and "起算当日不计入" in check.text
    sent = post(person.browser, answer.headers["Location"], address.replace("/explain", "/send"), {})
    status = person.browser.get(sent.headers["Location"])
    assert "豫信修〔2026〕000001号" in status.text
    receipt = person.browser.get(address.replace("/explain", "/receipt"))
    assert receipt.headers["Content-Disposition"].startswith("attachment")
    assert "豫信修〔2026〕000001号" in receipt.text
    assert person.number not in status.text + receipt.text


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (b"<svg/>", "照片.png", "不是 PDF、JPEG、PNG 或 OFD"),
        (b"", "空.pdf", "文件是空的"),
        (pdf() + b" " * MAX_BYTES, "大.pdf", "超过 20 MB"),
    ],
)
def test_a_bad_file_is_said_and_nothing_else_is_lost(person: Person, content: bytes, name: str, said: str) -> None:
    person.sign_in()
    address = person.draft()
    answer = person.explain(address, [(io.BytesIO(pdf()), "好.pdf"), (io.BytesIO(content), name)])
    assert answer.status_code == 422
    assert said in answer.text
    again = person.browser.get(address)
    assert "2026年11月20日已付清。" in again.text
    assert "好.pdf" in again.text


def test_an_expired_session_asks_to_sign_in_and_keeps_the_draft(person: Person) -> None:
    person.sign_in()
    address = person.draft()
    person.explain(address, [], go="keep")
    person.services.clock.set(person.services.clock.now() + timedelta(hours=3))  # type: ignore[attr-defined]
    assert person.browser.get(address).status_code in {302, 303, 401}
    person.sign_in()
    assert "2026年11月20日已付清。" in person.browser.get(address).text


def test_own_paper_is_a_download_that_nothing_renders(person: Person) -> None:
    person.sign_in()
    address = person.draft()
    person.explain(address, [(io.BytesIO(pdf()), "回单.pdf")], go="keep")
    link = re.search(r'href="(/portal/applications/[^"]+/papers/[0-9a-f]{32})"', person.browser.get(address).text)
    assert link
    paper = person.browser.get(link[1])
    assert paper.data == pdf()
    assert paper.headers["Content-Disposition"].startswith("attachment")
    assert paper.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in paper.headers["Content-Security-Policy"]


def test_a_stranger_finds_nothing(services: Services, app: Flask) -> None:
    one, other = Person(services, app), Person(services, app)
    one.sign_in()
    other.sign_in()
    address = one.draft()
    for path in (address, address.replace("/explain", ""), f"/portal/entries/{one.entry}"):
        assert other.browser.get(path).status_code == 404


def test_no_page_of_the_portal_can_be_had_without_signing_in(person: Person) -> None:
    for path in ("/portal/", "/portal/apply", "/portal/who-looked", f"/portal/entries/{person.entry}"):
        answer = person.browser.get(path)
        assert answer.status_code in {302, 303}
        assert "/portal/sign-in" in answer.headers["Location"]
