"""A check as known on a past day: a row that was imported later was not known, whatever day it speaks of."""

from __future__ import annotations

import json
from datetime import date, timedelta

from flask.testing import FlaskClient
from sqlalchemy import select

from creditsvc.access.permissions import Permission, StaffRole
from creditsvc.app import create_app
from creditsvc.checks.answer_paper import _facts
from creditsvc.checks.answer_proof import _findings
from creditsvc.checks.certificate import brief_of
from creditsvc.register.tables import Listing
from creditsvc.services import Services
from creditsvc.storage.subjects import numbers_of
from tests.repair.world import DAY, list_person
from tests.support.people import key_header, post_form, staff_browser
from wsgi import features


def _listed(services: Services) -> tuple[str, str]:
    entry = list_person(services)
    with services.database.reading() as session:
        subject, name = session.execute(select(Listing.subject_id, Listing.name).where(Listing.entry == entry)).one()
        return numbers_of(session, services.vault, [subject])[subject].number, name


def test_what_was_known_on_a_day(services: Services, client: FlaskClient) -> None:
    """The listing is in force from 2 March and came in with a batch on 24 November."""
    number, name = _listed(services)
    header = key_header(services, Permission.CHECK_ASK)
    asked = {
        "number": number,
        "name": name,
        "sector": "transport",
        "act": "fly",
        "purpose": "售票核验",
        "matter": "T-1",
        "on": "2026-10-01",
    }

    def outcome(known: date | None) -> tuple[str, str | None]:
        question = asked | ({} if known is None else {"known_on": known.isoformat()})
        said = client.post("/v1/checks", json=question, headers=header).get_json()
        return said["outcome"], said["known_on"]

    assert outcome(None) == ("restricted", None)
    assert outcome(DAY - timedelta(days=1)) == ("clear", "2026-11-23")
    assert outcome(DAY) == ("restricted", "2026-11-24")


def test_the_page_asks_the_same_and_says_so(sqlite_services: Services) -> None:
    services = sqlite_services
    number, name = _listed(services)
    browser = staff_browser(create_app(services, features()), services, StaffRole.AGENCY, "agent", sector="transport")
    form = {
        "number": number,
        "name": name,
        "sector": "transport",
        "act": "fly",
        "purpose": "复核",
        "matter": "T-1",
        "on": "2026-10-01",
    }

    def page(known: str) -> str:
        return post_form(browser, "/agency/", {**form, "known_on": known}, page="/agency/").get_data(as_text=True)

    before, now = page("2026-11-23"), page("")
    assert "不受限制" in before and "按 2026年11月23日 终了时已知的记录" in before
    assert "不用于现在办理" in before
    assert "终了时已知的记录" not in now and "不用于现在办理" not in now
    wrong = page("上周")
    assert "日期应写作" in wrong and "<details open>" in wrong


def test_paper_code_and_proof_say_so_too(sqlite_services: Services) -> None:
    """Whoever is shown a clear answer of a past day must not take it for one about today."""
    services = sqlite_services
    number, name = _listed(services)
    client = create_app(services, features()).test_client()
    question = {"number": number, "name": name, "sector": "transport", "act": "fly", "purpose": "复核", "matter": "T-1"}
    header = key_header(services, Permission.CHECK_ASK)

    def told(**more: str) -> list[str]:
        said = client.post("/v1/checks", json=question | more, headers=header).get_json()
        facts = json.dumps(_facts(said), ensure_ascii=False)
        brief = brief_of(said, said["certificate"]).decode()
        proof = " ".join(one.value for one in _findings(said, compared=False))
        return [facts, brief, proof]

    assert all("2026-11-23" in one for one in told(known_on="2026-11-23"))
    assert not any("2026-11-23" in one or "known_on" in one for one in told())
