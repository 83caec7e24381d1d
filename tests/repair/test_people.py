"""Doors of the portal beside the letter code: a second factor, an agent's mandate, the window, one's own data."""

from __future__ import annotations

import json
import re
from base64 import b32decode
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from flask import Flask
from flask.testing import FlaskClient

from creditsvc.access.permissions import StaffRole
from creditsvc.services import Services
from tests.repair.test_desk import Staff, staff
from tests.repair.test_portal import Person, post
from tests.repair.world import list_person

__all__ = ["staff"]
ACCOUNT = "/portal/account/"


@pytest.fixture
def person(services: Services, app: Flask) -> Person:
    made = Person(services, app)
    made.sign_in()
    return made


def code_now(services: Services, secret: str) -> str:
    machine = TOTP(b32decode(secret), 6, SHA1(), 30)
    return machine.generate(int(services.clock.now().timestamp())).decode()


def later(services: Services, **by: float) -> None:
    services.clock.set(services.clock.now() + timedelta(**by))  # type: ignore[attr-defined]


def protect(person: Person) -> str:
    """The second factor taken into use; its secret."""
    shown = post(person.browser, ACCOUNT, ACCOUNT + "second-factor", {}).text
    secret = re.search(r'name="secret" value="([A-Z2-7]{32})"', shown)
    assert secret
    fields = {"secret": secret[1], "code": code_now(person.services, secret[1])}
    assert post(person.browser, ACCOUNT, ACCOUNT + "second-factor/confirm", fields).status_code == 303
    return secret[1]


def challenge_of(page: str) -> str:
    found = re.search(r'name="challenge" value="([\w-]+)"', page)
    assert found, page[:300]
    return found[1]


def meets(person: Person, browser: FlaskClient, challenge: str, code: str) -> int:
    fields = {"challenge": challenge, "code": code}
    return post(browser, "/portal/sign-in", "/portal/second-factor", fields).status_code


def test_with_a_second_factor_the_letter_alone_does_not_open(person: Person, app: Flask) -> None:
    secret = protect(person)
    later(person.services, minutes=2)
    person.browser = app.test_client()
    challenge = challenge_of(person.sign_in().text)
    assert person.browser.get("/portal/").status_code != 200
    assert meets(person, person.browser, challenge, "000000") == 422
    code = code_now(person.services, secret)
    assert meets(person, person.browser, challenge, code) == 303
    assert person.browser.get("/portal/").status_code == 200
    again = app.test_client()
    person.browser = again
    assert meets(person, again, challenge_of(person.sign_in().text), code) == 422, "a code counts once"


def test_five_tries_and_ten_minutes(person: Person, app: Flask) -> None:
    secret = protect(person)
    later(person.services, minutes=2)
    person.browser = app.test_client()
    challenge = challenge_of(person.sign_in().text)
    for _ in range(5):
        assert meets(person, person.browser, challenge, "000000") == 422
    assert meets(person, person.browser, challenge, code_now(person.services, secret)) == 422
    assert person.browser.get("/portal/").status_code != 200
    fresh = challenge_of(person.sign_in().text)
    later(person.services, minutes=11)
    assert meets(person, person.browser, fresh, code_now(person.services, secret)) == 422


def agent_of(person: Person, app: Flask, **mandate: str) -> tuple[FlaskClient, str]:
    """An agent with a mandate, signed in with a browser of their own."""
    fields = {"agent": "王代理", "until": "2026-12-31", **mandate}
    shown = post(person.browser, ACCOUNT, ACCOUNT + "mandates", fields).text
    code = re.search(r"[2-9A-Z]{4}(-[2-9A-Z]{4}){3}", shown)
    assert code, shown[:400]
    browser = app.test_client()
    typed = {"number": person.number, "name": "王代理", "code": code[0]}
    assert post(browser, "/portal/sign-in", "/portal/sign-in", typed).status_code == 303
    return browser, code[0]


def test_an_agent_looks_and_applies_only_as_far_as_the_mandate_goes(person: Person, app: Flask) -> None:
    looking, _ = agent_of(person, app)
    assert person.entry in looking.get("/portal/").text
    assert "王代理" in looking.get("/portal/").text
    choice = {"choice": f"{person.entry}|removal/performed"}
    assert post(looking, "/portal/apply", "/portal/apply", choice).status_code == 403
    applying, _ = agent_of(person, app, may_apply="1")
    assert post(applying, "/portal/apply", "/portal/apply", choice).status_code == 303
    assert post(applying, "/portal/apply", ACCOUNT + "second-factor", {}).status_code == 403


def test_a_mandate_that_is_ended_or_over_closes_the_door(person: Person, app: Flask) -> None:
    agent, code = agent_of(person, app)
    address = re.search(r'action="(/portal/account/mandates/\d+/end)"', person.browser.get(ACCOUNT).text)
    assert address
    assert post(person.browser, ACCOUNT, address[1], {}).status_code == 303
    assert agent.get("/portal/").status_code != 200, "at once"
    typed = {"number": person.number, "name": "王代理", "code": code}
    assert post(app.test_client(), "/portal/sign-in", "/portal/sign-in", typed).status_code == 422
    short, _ = agent_of(person, app, until="2026-11-24")
    assert short.get("/portal/").status_code == 200
    later(person.services, hours=15)
    assert short.get("/portal/").status_code != 200


def test_somebody_elses_mandate_is_not_there(person: Person, services: Services, app: Flask) -> None:
    agent_of(person, app)
    other = Person(services, app)
    other.sign_in()
    assert post(other.browser, ACCOUNT, ACCOUNT + "mandates/1/end", {}).status_code == 404


def at_window(clerk: FlaskClient, person: Person, **changes: str) -> str:
    fields = {"number": person.number, "name": person.name, "seen": "1", "do": "pass", **changes}
    return post(clerk, "/desk/window/", "/desk/window/", fields).text


def test_the_window_lets_in_once_and_notes_who_helped(person: Person, app: Flask, staff: Staff) -> None:
    clerk = staff("clerk", StaffRole.CLERK)
    code = re.search(r"[2-9A-Z]{4}(-[2-9A-Z]{4}){3}", at_window(clerk, person))
    assert code
    terminal, again = app.test_client(), app.test_client()
    assert post(terminal, "/portal/window", "/portal/window", {"pass": code[0]}).status_code == 303
    assert person.entry in terminal.get("/portal/").text
    assert post(again, "/portal/window", "/portal/window", {"pass": code[0]}).status_code == 422
    choice = {"choice": f"{person.entry}|removal/performed"}
    draft = post(terminal, "/portal/apply", "/portal/apply", choice).headers["Location"]
    assert draft


@pytest.mark.parametrize("wrong", [{"name": "王某某"}, {"number": "110101199003070011"}, {"seen": ""}])
def test_the_window_gives_nothing_for_papers_that_do_not_agree(
    person: Person, staff: Staff, wrong: dict[str, str]
) -> None:
    said = at_window(staff("clerk", StaffRole.CLERK), person, **wrong)
    assert not re.search(r"[2-9A-Z]{4}(-[2-9A-Z]{4}){3}", said)
    assert person.number not in said


def test_another_courts_window_knows_nobody(person: Person, staff: Staff) -> None:
    elsewhere = at_window(staff("elsewhere", StaffRole.CLERK, "豫0106"), person)
    assert "没有与该号码和姓名相符的记录" in elsewhere


def test_a_lost_code_and_a_lost_phone_are_mended_at_the_window(person: Person, app: Flask, staff: Staff) -> None:
    protect(person)
    clerk = staff("clerk", StaffRole.CLERK)
    code = re.search(r"[2-9A-Z]{4}(-[2-9A-Z]{4}){3}", at_window(clerk, person, do="code"))
    assert code
    assert "已经重置" in at_window(clerk, person, do="factor")
    person.browser = app.test_client()
    assert person.sign_in().status_code == 422, "the old code has ended"
    assert person.sign_in(code=code[0]).status_code == 303


def test_letters_in_a_batch_for_people_listed_earlier(services: Services, staff: Staff) -> None:
    entries = [list_person(services) for _ in range(3)]
    clerk = staff("clerk", StaffRole.CLERK)
    assert "3 条" in clerk.get("/desk/letters/").text
    sheets = post(clerk, "/desk/letters/", "/desk/letters/", {})
    assert len(set(re.findall(r"[2-9A-HJ-NP-Z]{4}(?:-[2-9A-HJ-NP-Z]{4}){3}", sheets.text))) == len(entries)
    assert sheets.headers["Cache-Control"] == "no-store"
    assert "都已有查询码" in clerk.get("/desk/letters/").text


def test_a_copy_of_ones_own_data_on_the_spot(person: Person, app: Flask, services: Services) -> None:
    other = Person(services, app)
    other.sign_in()
    answer = post(person.browser, ACCOUNT, ACCOUNT + "own-data", {})
    said = json.loads(answer.data)
    assert [entry["entry"] for entry in said["entries"]] == [person.entry]
    assert said["number"] == person.number
    assert other.number not in answer.text and other.entry not in answer.text
    assert answer.headers["Content-Disposition"].startswith("attachment")
    again = json.loads(post(person.browser, ACCOUNT, ACCOUNT + "own-data", {}).data)
    assert [item["kind"] for item in again["applications"]] == ["own_data"], "that it was handed out is on record"
