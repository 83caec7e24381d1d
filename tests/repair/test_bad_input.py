"""What people get wrong, one by one, as they would do it in a browser: a clear message, nothing lost, nothing leaked."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from creditsvc.app import create_app
from creditsvc.register.tables import Listing
from creditsvc.services import Services
from repair.history import load
from repair.policy.kinds import ApplicationKind
from repair.tables import Application
from tests.repair.papers import pdf, png
from tests.repair.steps import grant, send
from tests.repair.test_every_kind import FINDING
from tests.repair.test_portal import Person, post
from tests.repair.world import debtor_of, list_person
from tests.support.apps import NOON, Templates, world
from wsgi import features


@pytest.fixture(scope="module")
def town(templates: Templates, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Services, Flask]]:
    """One world for all of these."""
    with world("sqlite", templates, tmp_path_factory.mktemp("bad")) as services:
        yield services, create_app(services, features())


@pytest.fixture
def person(town: tuple[Services, Flask]) -> Person:
    """Somebody new, signed in."""
    services, app = town
    services.clock.set(NOON)  # type: ignore[attr-defined]
    made = Person(services, app)
    made.sign_in()
    return made


def count(services: Services) -> int:
    with services.database.reading() as session:
        return session.scalar(select(func.count()).select_from(Application)) or 0


def choose(person: Person, choice: str) -> tuple[int, str]:
    answer = post(person.browser, "/portal/apply", "/portal/apply", {"choice": choice})
    return answer.status_code, answer.text


def test_an_application_for_an_entry_that_has_gone_already(person: Person) -> None:
    services, me = person.services, debtor_of(person.services, person.entry)
    grant(services, send(services, me, person.entry, ApplicationKind.REMOVAL, "performed"), FINDING)
    before = count(services)
    for ground in ("removal/performed", "revocation/wrong_person", "credit_repair/creditor_consent"):
        status, said = choose(person, f"{person.entry}|{ground}")
        assert status == 409 and "已经不在名单上" in said, ground
    assert count(services) == before
    assert "别处还在显示" in person.browser.get(f"/portal/entries/{person.entry}").text, "what is left to do is offered"
    assert choose(person, f"{person.entry}|objection/should_be_gone")[0] == 303


def test_an_entry_that_goes_while_the_draft_is_written(person: Person) -> None:
    address = person.draft()
    person.explain(address, [(io.BytesIO(pdf()), "回单.pdf")])
    with person.services.database.writing() as session:
        session.execute(
            update(Listing).where(Listing.entry == person.entry).values(state="removed", ended_on=date(2026, 11, 24))
        )
    sent = post(person.browser, address, address.replace("/explain", "/send"), {})
    assert sent.status_code == 409 and "已经不在名单上" in sent.text
    assert "2026年11月20日已付清。" in person.browser.get(address).text, "nothing is lost"


def test_the_same_application_twice(person: Person) -> None:
    services = person.services
    first = send(services, debtor_of(services, person.entry), person.entry, ApplicationKind.REMOVAL, "performed")
    with services.database.reading() as session:
        number = load(session, first, to_change=False).number or "-"
    before = count(services)
    status, said = choose(person, f"{person.entry}|removal/performed")
    assert status == 409 and "不必重复申请" in said and number in said
    assert count(services) == before


@pytest.mark.parametrize(
    "choice",
    ["{other}|removal/performed", "lst_" + "0" * 24 + "|removal/performed", "（2026）豫0105执1号|removal/performed"],
)
def test_somebody_elses_case_and_one_that_is_not_there_answer_alike(person: Person, choice: str) -> None:
    other = list_person(person.services)
    status, said = choose(person, choice.format(other=other))
    assert status == 404 and "没有这条记录" in said and "金水区" not in said.split("<main")[1]


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (b"", "空.pdf", "文件是空的"),
        (pdf(b"/OpenAction << /S /JavaScript /JS (app.alert(1)) >>"), "脚本.pdf", "脚本"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "照片.png", "不是 PDF、JPEG、PNG 或 OFD"),
        (png(50_000, 50_000), "巨图.png", "50000×50000"),
    ],
)
def test_papers_that_are_not_taken(person: Person, content: bytes, name: str, said: str) -> None:
    address = person.draft()
    answer = person.explain(address, [(io.BytesIO(content), name)])
    assert answer.status_code == 422 and said in answer.text
    assert "2026年11月20日已付清。" in person.browser.get(address).text, "the statement is kept"


def test_a_deadline_in_a_year_without_calendar_is_provisional_and_holds_nothing_up(person: Person) -> None:
    person.services.clock.set(datetime(2026, 12, 25, 2, 0, tzinfo=UTC))  # type: ignore[attr-defined]
    person.sign_in()
    address = person.draft()
    checked = person.explain(address, [(io.BytesIO(pdf()), "回单.pdf")])
    page = person.browser.get(checked.headers["Location"]).text
    assert "暂定：该年放假安排尚未公布" in page
    sent = post(person.browser, checked.headers["Location"], address.replace("/explain", "/send"), {})
    assert sent.status_code == 303
    status = person.browser.get(sent.headers["Location"]).text
    assert "暂定" in status and "2027年1月" in status
    application = address.split("/")[3]
    with person.services.database.reading() as session:
        found = load(session, application, to_change=False)
        assert found.due_provisional and found.due_on and found.due_on.year == 2027
    grant(person.services, application, FINDING)
    assert "已移出" in person.browser.get(address.replace("/explain", "")).text


def test_an_objection_to_the_platform_is_marked_at_once_and_has_both_days(person: Person) -> None:
    status, _ = choose(person, f"{person.entry}|objection/inaccurate")
    assert status == 303
    services, me = person.services, debtor_of(person.services, person.entry)
    wanted = {"to": "platform"}
    application = send(services, me, person.entry, ApplicationKind.OBJECTION, "inaccurate", wanted=wanted)
    page = person.browser.get(f"/portal/applications/{application}").text
    assert "向省信用平台提出" in page and "2026-12-03" in page, "seven working days at the platform"
    assert "2026年11月27日" in page, "three at the court"
