"""An unknown number and a wrong name can't be told apart: not by the answer, not by the ledger, not by the work done."""

from __future__ import annotations

from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import event, select

from creditsvc.access.permissions import Permission
from creditsvc.access.tables import AccessEntry
from creditsvc.register.tables import Listing
from creditsvc.services import Services
from creditsvc.storage.subjects import numbers_of
from tests.repair.world import list_person, person_number
from tests.support.people import key_header


def _asked(client: FlaskClient, header: dict[str, str], number: str, name: str) -> dict[str, Any]:
    question = {
        "number": number,
        "name": name,
        "sector": "transport",
        "act": "fly",
        "purpose": "售票核验",
        "matter": "T-1",
    }
    answer = client.post("/v1/checks", json=question, headers=header)
    assert answer.status_code == 200
    return dict(answer.get_json())


def test_strangers_and_wrong_names_look_alike(services: Services, client: FlaskClient) -> None:
    entry = list_person(services, with_order=True)
    with services.database.reading() as session:
        subject = session.scalar(select(Listing.subject_id).where(Listing.entry == entry)) or ""
        listed = numbers_of(session, services.vault, [subject])[subject].number
    header = key_header(services, Permission.CHECK_ASK)
    _asked(client, header, listed, "甲某")
    statements: list[str] = []
    for engine in (services.database.read_engine, services.database.write_engine):
        event.listen(
            engine, "before_cursor_execute", lambda *said: statements.append(said[2].split(" WHERE")[0].split("\n")[0])
        )
    wrong = _asked(client, header, listed, "查无此人")
    for_wrong, statements[:] = list(statements), []
    unknown = _asked(client, header, person_number(998).number, "查无此人")
    assert wrong.pop("check") != unknown.pop("check")
    for said in (wrong, unknown):
        assert len(said.pop("number_key")) == 22
        del said["subject"]["number_masked"], said["subject"]["number_digest"]
    assert len(wrong.pop("certificate")) == len(unknown.pop("certificate")), "nor by the length"
    assert wrong == unknown
    assert wrong["outcome"] == "clear"
    assert for_wrong == statements, "the same reads and writes in the same order"
    with services.database.reading() as session:
        rows = session.scalars(select(AccessEntry).order_by(AccessEntry.id.desc()).limit(2)).all()
        assert {(row.subject_id, row.outcome) for row in rows} == {(None, "clear")}
