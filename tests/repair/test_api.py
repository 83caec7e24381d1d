"""Applications over the API, and the command that writes letter codes."""

from __future__ import annotations

import csv
import re

from flask import Flask

from creditsvc.services import Services
from repair.commands import write_letters
from tests.repair.test_portal import Person


def token_of(person: Person) -> dict[str, str]:
    found = re.search(r'name="csrf_token" value="([^"]+)"', person.browser.get("/portal/apply").text)
    assert found
    return {"X-CSRF-Token": found[1]}


def test_a_person_begins_and_lists_applications(services: Services, app: Flask) -> None:
    person, other = Person(services, app), Person(services, app)
    person.sign_in()
    other.sign_in()
    wanted = {"entry": person.entry, "ground": "performed", "statement": "已付清。"}
    made = person.browser.post("/v1/applications", json=wanted, headers=token_of(person))
    assert made.status_code == 201, made.text
    assert made.json and made.json["state"] == "draft"
    assert "statement" not in made.json
    assert person.browser.get(f"/v1/applications/{made.json['id']}").status_code == 200
    assert other.browser.get(f"/v1/applications/{made.json['id']}").status_code == 404
    assert other.browser.get("/v1/applications").json == []
    foreign = other.browser.post("/v1/applications", json=wanted, headers=token_of(other))
    assert (foreign.status_code, foreign.json and foreign.json["type"]) == (404, "entry-unknown")


def test_what_the_api_refuses(services: Services, app: Flask) -> None:
    person = Person(services, app)
    assert person.browser.get("/v1/applications").status_code == 401
    person.sign_in()
    headers = token_of(person)
    unsent = {"entry": person.entry, "ground": "performed", "statement": "已付清。", "send": True}
    assert person.browser.post("/v1/applications", json=unsent, headers=headers).status_code == 422
    for wrong in ({"ground": "no_such"}, {"entry": "lst_1"}, {"stranger": 1}):
        answer = person.browser.post("/v1/applications", json={**unsent, **wrong}, headers=headers)
        assert answer.status_code == 422
    assert person.browser.get("/v1/applications").json == [], "nothing half done"


def test_the_letters_command_writes_codes_that_open(services: Services, app: Flask) -> None:
    person = Person(services, app)
    out = services.settings.home / "letters.csv"
    assert write_letters(services, [], 1, out) == 0
    assert out.stat().st_mode & 0o777 == 0o600
    (row,) = csv.DictReader(out.read_text("utf-8-sig").splitlines())
    assert row["entry"] == person.entry
    assert person.sign_in(code=row["code"], number=row["number"], name=row["name"]).status_code == 303
