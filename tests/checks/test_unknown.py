"""Old or failing data: the answer is "unknown, try again", never a restriction and never clear. The answer says its age."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from creditsvc.access.permissions import Permission, StaffRole
from creditsvc.access.tables import AccessEntry
from creditsvc.app import create_app
from creditsvc.checks import answer as answers
from creditsvc.checks import data_age
from creditsvc.ports import Freshness, Ports
from creditsvc.register.tables import RegisterEvent
from creditsvc.services import Services
from tests.checks.asking import FLY, asked, post
from tests.checks.screening_world import listed
from tests.support.people import key_header, post_form, staff_browser
from wsgi import features


def _with_batch(services: Services, days: float) -> Services:
    newest = services.clock.now() - timedelta(days=days)
    port = Ports({"fresh/batch": lambda _session, _settings: Freshness("batch", newest, timedelta(days=7))})
    return replace(services, ports=port)


def test_the_answer_says_its_age(services: Services, client: FlaskClient) -> None:
    number, name, entry = listed(services)
    header = key_header(services, Permission.CHECK_ASK)
    now = services.clock.now()
    never = asked(client, header, number, name)
    assert (never["as_of_event"], never["as_of"], never["age_seconds"]) == (0, None, None)
    with services.database.writing() as session:
        session.add(
            RegisterEvent(
                entry=entry,
                kind="listing",
                revision=1,
                type="listed",
                recorded_at=now - timedelta(minutes=3),
                actor="test",
                clause="第一条",
            )
        )
    response = post(client, header, number, name)
    said = response.get_json()
    assert (said["as_of"], said["age_seconds"]) == ("2026-11-24T01:57:00Z", 180)
    assert said["good_until"] == "2026-11-24T03:00:00Z"
    assert (response.headers["Answer-Age"], response.headers["Answer-Good-Until"]) == ("180", said["good_until"])


def test_stale_data_answer_nothing(services: Services) -> None:
    number, name, _ = listed(services)
    header = key_header(services, Permission.CHECK_ASK)
    stale = create_app(_with_batch(services, 15.1), [])
    assert stale is not None
    with services.database.reading() as session:
        before = session.scalar(select(func.count()).select_from(AccessEntry))
    app = create_app(services, features())
    app.extensions["creditsvc"] = replace(app.extensions["creditsvc"], services=_with_batch(services, 15.1))
    refused = post(app.test_client(), header, number, name)
    problem = refused.get_json()
    assert (refused.status_code, problem["type"], problem["outcome"]) == (503, "data-stale", "unknown")
    assert refused.headers["Retry-After"] == "3600"
    assert "restricted" not in {value for value in problem.values() if isinstance(value, str)}
    page = post_form(
        staff_browser(app, services, StaffRole.AGENCY, "agent"),
        "/agency/",
        {"number": number, "name": name, **FLY},
        page="/agency/",
    )
    assert page.status_code == 503 and "结果未知" in page.get_data(as_text=True)
    with services.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(AccessEntry)) == before
    data_age._seen.clear()
    app.extensions["creditsvc"] = replace(app.extensions["creditsvc"], services=_with_batch(services, 14.9))
    fresh = asked(app.test_client(), header, number, name)
    assert (fresh["outcome"], fresh["newest_list"]) == ("restricted", "2026-11-09T04:24:00Z")


def test_failing_data_answer_nothing(services: Services, client: FlaskClient, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    number, name, _ = listed(services)
    header = key_header(services, Permission.CHECK_ASK)

    def gone(*_: object, **__: object) -> None:
        raise OperationalError("SELECT", {}, Exception("disk I/O error"))

    for broken in ("held_about_each", "enter_checks"):
        with monkeypatch.context() as patched:
            patched.setattr(answers, broken, gone)
            refused = post(client, header, number, name)
            problem = refused.get_json()
            assert (refused.status_code, problem["type"], problem["outcome"]) == (503, "answer-unknown", "unknown")
            assert refused.headers["Retry-After"] == "30"
    assert asked(client, header, number, name)["outcome"] == "restricted"
