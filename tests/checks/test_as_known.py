"""A check as known on a past day: a row that was imported later was not known, whatever day it speaks of."""

from __future__ import annotations

from datetime import date, timedelta

from flask.testing import FlaskClient
from sqlalchemy import select

from creditsvc.access.permissions import Permission
from creditsvc.register.tables import Listing
from creditsvc.services import Services
from creditsvc.storage.subjects import numbers_of
from tests.repair.world import DAY, list_person
from tests.support.people import key_header


def test_what_was_known_on_a_day(services: Services, client: FlaskClient) -> None:
    """The listing is in force from 2 March and came in with a batch on 24 November."""
    entry = list_person(services)
    with services.database.reading() as session:
        subject, name = session.execute(select(Listing.subject_id, Listing.name).where(Listing.entry == entry)).one()
        number = numbers_of(session, services.vault, [subject])[subject].number
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
