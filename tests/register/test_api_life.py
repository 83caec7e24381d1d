"""The court's side of the API, from a debtor put before the court to a removal, by two accounts; who may not is told so."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from creditsvc.access.permissions import StaffRole
from creditsvc.register.tables import Listing
from creditsvc.services import Services
from creditsvc.web.csrf import HEADER
from tests.register.world import DAY, add_listing, resident
from tests.support.people import staff_browser, token_in

NUMBER = resident(801)
NEW = {
    "number": NUMBER.number, "name": "王甲", "court_code": "豫0105", "case_number": "（2026）豫0105执801号", "filed_on": "2026-01-05",
    "notice_served_on": "2026-02-01", "perform_by": "2026-02-11", "obligation": "支付货款", "basis_number": "判 1",
    "basis_issuer": "郑州市金水区人民法院", "applicants": ["李乙"],
}  # fmt: skip


class Account:
    """Somebody of the court at the API."""

    def __init__(self, app: Flask, services: Services, role: StaffRole, username: str) -> None:
        self.client: FlaskClient = staff_browser(app, services, role, username)
        self.token = token_in(self.client.get("/desk/listings", follow_redirects=True))

    def post(self, path: str, body: dict[str, Any], status: int = 200) -> Any:
        answer = self.client.post(path, json=body, headers={HEADER: self.token})
        assert answer.status_code == status, answer.get_data(as_text=True)
        assert NUMBER.number not in answer.get_data(as_text=True), "no identity number leaves"
        return answer.get_json()

    def get(self, path: str, status: int = 200) -> Any:
        answer = self.client.get(path)
        assert answer.status_code == status, answer.get_data(as_text=True)
        return answer.get_json()


@pytest.fixture
def clerk(app: Flask, services: Services) -> Account:
    return Account(app, services, StaffRole.CLERK, "clerk-1")


@pytest.fixture
def president(app: Flask, services: Services) -> Account:
    return Account(app, services, StaffRole.PRESIDENT, "president-1")


def decide(by: Account, signer: Account, entry: str, kind: str, ground: str = "", **changes: Any) -> None:
    body = {"kind": kind, "entry": entry, "ground": ground, "event_on": str(DAY), "known_on": str(DAY), "reason": "已查明",
            "document_number": "（2026）豫0105执801号之一", "changes": changes}  # fmt: skip
    made = by.post("/v1/decisions", body, 201)
    assert by.post(f"/v1/decisions/{made['decision']}/approve", {"digest": made["digest"]}, 403), "not by who proposed"
    done = signer.post(f"/v1/decisions/{made['decision']}/approve", {"digest": made["digest"]})
    assert done["state"] == "approved"


def test_from_a_candidate_to_a_removal(services: Services, clerk: Account, president: Account) -> None:
    entry = clerk.post("/v1/candidates", NEW, 201)["entry"]
    reviewed = clerk.post(f"/v1/candidates/{entry}/review", {"applicant": "李乙", "applied_on": str(DAY)})
    assert reviewed["state"] == "under_review"
    (due,) = clerk.get("/v1/due")["tasks"]
    assert (due["kind"], due["due_on"], due["basis"]) == ("decide", "2026-12-09", "法释〔2017〕7号第五条")
    decide(clerk, president, entry, "decide_listing", grounds=["able_but_refuses"], decided_on=str(DAY))
    listing = clerk.get(f"/v1/candidates/{entry}")["listing"]
    served = clerk.post(
        f"/v1/listings/{listing}/service", {"mode": "public_notice", "day": str(DAY), "document_number": "公告 1"}
    )
    assert served["served_on"] == "2026-12-24", "thirty days from the notice"
    clerk.post(f"/v1/listings/{listing}/service", {"mode": "direct", "day": str(DAY), "document_number": "回证 1"}, 409)
    decide(clerk, president, listing, "publish_listing", national_entry="QG801", national_entered_on=str(DAY))
    note = {"mark": "disputed", "document_number": "收件 1", "reason": "申请更正"}
    assert clerk.post(f"/v1/listings/{listing}/notes", note)["marked"]
    assert not clerk.post(f"/v1/listings/{listing}/notes", note)["marked"]
    happened = {"kind": "performed", "event_on": str(DAY), "known_on": str(DAY), "document_number": "结案 1", "reason": "已付清",
                "voluntary": True}  # fmt: skip
    (one,) = clerk.post(f"/v1/listings/{listing}/circumstances", happened, 201)["circumstances"]
    waiting = clerk.get(f"/v1/decisions/{one['decision']}")
    assert (waiting["kind"], waiting["due_on"]) == ("remove_listing", "2026-11-27")
    life = clerk.get(f"/v1/listings/{listing}/life")
    assert (life["state"], life["overlays"]) == ("active", ["disputed"])
    assert [event["type"] for event in life["events"]] == ["decide", "publish", "annotate"]
    president.post(f"/v1/decisions/{one['decision']}/approve", {"digest": waiting["digest"]})
    assert clerk.get(f"/v1/listings/{listing}")["state"] == "removed"
    assert clerk.get("/v1/due")["tasks"] == []
    with services.database.reading() as session:
        assert session.scalars(select(Listing)).one().relisting_of is None


def test_a_review_ends_by_a_judges_word_and_a_removal_only_by_decision(
    services: Services, clerk: Account, president: Account
) -> None:
    termed = add_listing(services, grounds=["evades"], until=date(2028, 3, 1))
    plain = add_listing(services)
    happened = {"kind": "performed", "event_on": str(DAY), "known_on": str(DAY), "document_number": "结案 1", "reason": "已付清",
                "voluntary": True}  # fmt: skip
    for entry in (termed, plain):
        clerk.post(f"/v1/listings/{entry}/circumstances", happened, 201)
    tasks = {task["kind"]: task["task"] for task in clerk.get("/v1/due")["tasks"]}
    assert set(tasks) == {"review_early", "remove"}
    word = {"outcome": "审查后不提前删除：转移财产尚未纠正"}
    clerk.post(f"/v1/due/{tasks['review_early']}/settle", word, 403)
    president.post(f"/v1/due/{tasks['remove']}/settle", word, 409)
    president.post(f"/v1/due/{tasks['review_early']}/settle", word)
    president.post(f"/v1/due/{tasks['review_early']}/settle", word, 409)
    president.post("/v1/due/999/settle", word, 404)
    assert [task["kind"] for task in clerk.get("/v1/due")["tasks"]] == ["remove"]


def test_what_is_wrong_is_said_and_nothing_is_kept(clerk: Account) -> None:
    for status, change in (
        (422, {"number": "110101200001010000"}),
        (422, {"case_number": "执行案"}),
        (422, {"perform_by": str(DAY)}),
        (422, {"court_code": "豫0702"}),
        (422, {"performance": "full"}),
        (422, {"colour": "red"}),
        (404, {"relisting_of": "lst_" + "0" * 24}),
    ):
        clerk.post("/v1/candidates", {**NEW, **change}, status)
    entry = clerk.post("/v1/candidates", NEW, 201)["entry"]
    clerk.post("/v1/candidates", NEW, 409)
    clerk.post(f"/v1/candidates/{entry}/review", {"applicant": "李乙"}, 422)
    clerk.get("/v1/candidates/cnd_" + "0" * 24, 404)


def test_another_court_and_an_agency_see_nothing(app: Flask, services: Services, clerk: Account) -> None:
    entry = clerk.post("/v1/candidates", NEW, 201)["entry"]
    other = staff_browser(app, services, StaffRole.JUDGE, "judge-7", court_code="豫0702")
    assert other.get(f"/v1/candidates/{entry}").status_code == 404
    agency = staff_browser(app, services, StaffRole.AGENCY, "agency-7")
    assert agency.get(f"/v1/candidates/{entry}").status_code == 403
    assert agency.get("/v1/due").status_code == 403
