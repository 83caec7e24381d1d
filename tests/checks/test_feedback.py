"""The loop of joint discipline closes: an agency says what it did on an answer, and the supervisor counts it."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from creditsvc.access.permissions import Permission, StaffRole
from creditsvc.checks.tables_feedback import Feedback
from creditsvc.services import Services
from tests.checks.asking import FLY, asked
from tests.checks.screening_world import AGENCY, csv_of, listed, send
from tests.repair.world import person_number
from tests.support.people import key_header, post_form, staff_browser

MAY = Permission.CHECK_ASK


def _report(
    client: FlaskClient, header: dict[str, str], answer: str, done: str, **more: Any
) -> tuple[int, dict[str, Any]]:
    response = client.post("/v1/feedback", json={"answer": answer, "done": done, **more}, headers=header)
    return response.status_code, dict(response.get_json())


def test_applied_then_lifted_and_counted(services: Services, app: Flask, client: FlaskClient) -> None:
    number, name, _ = listed(services)
    header = key_header(services, MAY, unit="演示航空")
    restricted = [asked(client, header, number, name)["check"] for _ in range(3)]
    clear = asked(client, header, person_number(905).number, "甲某")["check"]
    status, said = _report(client, header, restricted[0], "applied", measure="travel-air", done_on="2026-11-24")
    assert (status, said["outcome"], said["at_odds"], said["measure"]) == (201, "restricted", False, "travel-air")
    again = _report(client, header, restricted[0], "applied", measure="travel-air", done_on="2026-11-24")[1]
    assert again["feedback"] == said["feedback"], "the same report twice is one"
    assert _report(client, header, restricted[0], "lifted")[0] == 201
    assert _report(client, header, restricted[1], "lifted")[1]["type"] == "nothing-applied"
    assert (
        _report(client, header, restricted[1], "not_applied", reason=f"旅客改乘硬座 {number}")[1]["reason"]
        == "旅客改乘硬座 …"
    )
    assert _report(client, header, clear, "applied")[1]["at_odds"] is True
    own = client.get("/v1/feedback", headers=header).get_json()["feedback"]
    assert [one["done"] for one in own] == ["applied", "not_applied", "lifted", "applied"]

    supervisor = staff_browser(app, services, StaffRole.SUPERVISOR)
    [unit] = supervisor.get("/v1/oversight/feedback").get_json()["units"]
    assert unit == {
        "unit": "演示航空", "answers": 3, "reported": 2, "unreported": 1, "applied": 2, "not_applied": 1, "lifted": 1, "at_odds": 1,
    }  # fmt: skip
    page = supervisor.get("/oversight/feedback").get_data(as_text=True)
    assert "演示航空" in page
    assert supervisor.get("/v1/oversight/feedback?to=2026-11-01").get_json()["units"] == []
    assert supervisor.get("/oversight/feedback?from=2026-12-01&to=2026-11-01").status_code == 200
    assert supervisor.get("/v1/oversight/feedback?from=2026-12-01&to=2026-11-01").get_json()["type"] == "days-reversed"


@pytest.mark.parametrize(
    ("wrong", "status", "code"),
    [
        ({"answer": "chk-0000000000"}, 404, "answer-unknown"),
        ({"answer": "chk-9999999999"}, 404, "answer-unknown"),
        ({"answer": "' OR 1=1"}, 404, "answer-unknown"),
        ({"answer": "12"}, 404, "screening-unknown"),
        ({"done": "not_applied"}, 422, "reason-missing"),
        ({"done": "not_applied", "reason": "  "}, 422, "reason-missing"),
        ({"done": "burned"}, 422, "invalid-input"),
        ({"measure": "no-such"}, 422, "measure-unknown"),
        ({"done_on": "2026-11-25"}, 422, "day-ahead"),
    ],
)
def test_what_is_refused(sqlite_services: Services, wrong: dict[str, str], status: int, code: str) -> None:
    from creditsvc.app import create_app
    from wsgi import features

    services = sqlite_services
    client = create_app(services, features()).test_client()
    number, name, _ = listed(services)
    header = key_header(services, MAY)
    answer = asked(client, header, number, name)["check"]
    got, said = _report(client, header, **{"answer": answer, "done": "applied", **wrong})  # type: ignore[arg-type]
    assert (got, said["type"]) == (status, code)


def test_answers_of_others_are_not_there(services: Services, client: FlaskClient) -> None:
    number, name, _ = listed(services)
    answer = asked(client, key_header(services, MAY, unit="甲单位"), number, name)["check"]
    stranger = key_header(services, MAY, unit="乙单位")
    assert _report(client, stranger, answer, "applied")[1]["type"] == "answer-unknown"
    assert client.get("/v1/feedback", headers=stranger).get_json() == {"feedback": []}


def test_a_row_of_a_screening(services: Services, client: FlaskClient) -> None:
    screening = send(services, csv_of([("1", "甲某", person_number(906).number, "")]))
    header = key_header(services, MAY, unit=AGENCY.unit or "")
    assert _report(client, header, str(screening.id), "applied")[1]["type"] == "row-missing"
    assert _report(client, header, str(screening.id), "applied", row=2)[1]["row"] == 2
    assert _report(client, header, str(screening.id), "lifted", row=2)[0] == 201


def test_by_page(services: Services, app: Flask) -> None:
    number, name, _ = listed(services)
    browser = staff_browser(app, services, StaffRole.AGENCY, "agent")
    shown = post_form(browser, "/agency/", {"number": number, "name": name, **FLY}, page="/agency/").get_data(
        as_text=True
    )
    at = "/agency/feedback"
    assert f"{at}?answer=chk-" in shown
    waiting = browser.get(at).get_data(as_text=True)
    reference = shown.split(f"{at}?answer=")[1][:14]
    assert reference in waiting and "没有等待反馈的答复" not in waiting
    missing = post_form(browser, at, {"answer": reference, "done": ""}, page=at)
    assert missing.status_code == 422 and "请选择处理情况" in missing.get_data(as_text=True)
    assert (
        post_form(browser, at, {"answer": reference, "done": "not_applied", "reason": ""}, page=at).status_code == 422
    )
    assert post_form(browser, at, {"answer": reference, "done": "applied", "done_on": "xx"}, page=at).status_code == 422
    assert post_form(browser, at, {"answer": reference, "done": "applied"}, page=at).status_code == 303
    assert "没有等待反馈的答复" in browser.get(at).get_data(as_text=True)
    with services.database.reading() as session:
        assert session.scalars(select(Feedback.done)).all() == ["applied"]
