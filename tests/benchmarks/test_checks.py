"""Checks a second over HTTP, beside a bare route with one indexed SELECT and one durable INSERT by the driver."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask, request

from creditsvc.access.api_keys import create_api_key
from creditsvc.access.callers import job_caller
from creditsvc.access.permissions import Permission
from creditsvc.app import create_app
from creditsvc.services import Services
from creditsvc.storage.subjects import numbers_of
from tests.benchmarks.figures import report, timed
from tests.repair.world import list_person
from wsgi import features

CHECKS, PEOPLE = 400, 50
pytestmark = pytest.mark.benchmark


def test_checks_beside_a_bare_route(sqlite_services: Services, tmp_path: Path) -> None:
    services = sqlite_services
    entries = [list_person(services, with_order=True) for _ in range(PEOPLE)]
    app = create_app(services, features())
    now = services.clock.now()
    with services.database.writing() as session:
        _, key = create_api_key(session, unit="演示", permissions=[Permission.CHECK_ASK], expires_at=now + timedelta(days=1),
                                caller=job_caller("bench"), now=now)  # fmt: skip
    with services.database.reading() as session:
        from creditsvc.register.tables import Listing

        rows = session.query(Listing.subject_id, Listing.name).filter(Listing.entry.in_(entries)).all()
        numbers = numbers_of(session, services.vault, [row[0] for row in rows])
    people = [(numbers[subject].number, name) for subject, name in rows]
    client, header = app.test_client(), {"Authorization": f"Bearer {key}"}

    def ask(index: int) -> int:
        if index % 100 == 0:
            services.clock.set(services.clock.now() + timedelta(seconds=30))  # type: ignore[attr-defined]
        number, name = people[index % len(people)]
        body = {"number": number, "name": name, "sector": "transport", "act": "fly", "purpose": "售票", "matter": "T-1"}
        return client.post("/v1/checks", json=body, headers=header).status_code

    assert ask(0) == 200
    with timed() as checking:
        assert {ask(index) for index in range(CHECKS)} == {200}
    bare = _bare(tmp_path, people)
    report("checks", CHECKS, checking.seconds, bare)


def _bare(tmp_path: Path, people: list[tuple[str, str]]) -> float:
    path = tmp_path / "bare.db"
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.executescript(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE entry (token TEXT PRIMARY KEY, name TEXT);"
        "CREATE TABLE ledger (id INTEGER PRIMARY KEY, token TEXT, purpose TEXT);"
    )
    connection.executemany("INSERT INTO entry VALUES (?, ?)", people)
    app = Flask("bare")

    @app.post("/")
    def answer() -> dict[str, str]:
        asked = request.get_json()
        row = connection.execute("SELECT name FROM entry WHERE token = ?", (asked["number"],)).fetchone()
        connection.execute("INSERT INTO ledger (token, purpose) VALUES (?, ?)", (asked["number"], asked["purpose"]))
        return {"name": row[0]}

    client = app.test_client()
    with timed() as bare:
        for index in range(CHECKS):
            number, name = people[index % len(people)]
            assert client.post("/", json={"number": number, "purpose": "售票"}).status_code == 200
    connection.close()
    return bare.seconds
