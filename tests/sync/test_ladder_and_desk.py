"""The ladder with its times, alarms, probes, the end of an agreement, and the pages that show them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from creditsvc.access.permissions import Permission, StaffRole
from creditsvc.kernel.errors import InvalidInput
from creditsvc.services import Services
from creditsvc.wallclock import FixedClock
from sync.agreements import recipient_of
from sync.canaries import publish_canaries
from sync.feed_upkeep import keep_feed
from sync.heads import resign_heads
from sync.holders import holders_of
from sync.ladder import mark_overdue
from sync.platform.late import late_users
from sync.probes import open_probes, plan_probes, record_finding
from sync.subscribers import agreements_of, end_subscriber, lags, register_verifier, subscriber_named
from sync.tables_delivery import FeedAlarm
from sync.tables_feed import FeedStream, Overdue, Receipt, Subscriber
from sync.timelines import ladder_of, timeline_of
from sync.wire.encoding import b64
from tests.support.feed_simulator import signer
from tests.support.feed_world import OPERATOR, Copy, Register, number_of
from tests.support.people import key_header, post_form, staff_browser

EMPTY = Copy()


def _later(services: Services, **by: float) -> None:
    assert isinstance(services.clock, FixedClock)
    services.clock.set(services.clock.now() + timedelta(**by))
    resign_heads(services, services.clock.now())


def _alarms(services: Services, *, still: bool = True) -> list[str]:
    with services.database.reading() as session:
        query = select(FeedAlarm.kind).where(FeedAlarm.closed_at.is_(None)) if still else select(FeedAlarm.kind)
        return list(session.scalars(query.order_by(FeedAlarm.id)))


def test_each_rung_has_its_time(register: Register, services: Services, client: FlaskClient) -> None:
    account, copy = register.subscriber(), Copy()
    first, second = register.listings(2)
    register.publish()
    copy.pull(client, account, "bureau")
    times = {}
    for entry in (first, second):
        register.remove(entry)
        register.publish()
        times[entry, "published"] = services.clock.now()
        _later(services, minutes=1)
        copy.pull(client, account, "bureau")
        times[entry, "fetched"] = services.clock.now()
        _later(services, minutes=1)
        assert account.send(client, "bureau", account.receipt(client, register.head("bureau"), copy)).status_code == 200
        times[entry, "applied"] = services.clock.now()
        _later(services, hours=1)
    with services.database.reading() as session:
        rungs = {rung.entry: rung for rung in ladder_of(session, lags(session)[0])}
        told = timeline_of(session, first)
        holder = holders_of(session, first)[0]
    for (entry, step), at in times.items():
        assert rungs[entry].times[step] == at, (entry, step)
    assert {rung.stage for rung in rungs.values()} == {"applied"}
    assert (holder.stage, holder.reached_at) == ("applied", times[first, "applied"])
    assert {stream.stream for stream in told} == {"public", "agency", "bureau", "platform"}
    assert [len(stream.holders) for stream in told if stream.stream == "bureau"] == [1]


def test_the_supervisor_is_told_of_overdue_and_of_a_second_divergence(
    register: Register, services: Services, client: FlaskClient
) -> None:
    account, copy = register.subscriber(), Copy()
    entry = register.listings(1)[0]
    register.publish()
    copy.pull(client, account, "bureau")
    register.remove(entry)
    register.publish()
    _later(services, days=3)
    mark_overdue(services, services.clock.now())
    assert _alarms(services) == ["overdue"]
    copy.pull(client, account, "bureau")
    for wanted in (["overdue"], ["overdue", "diverged"]):
        lie = account.receipt(client, register.head("bureau"), copy, proof=bytes(32))
        assert account.send(client, "bureau", lie).status_code == 409
        assert _alarms(services) == wanted
    assert account.send(client, "bureau", account.receipt(client, register.head("bureau"), copy)).status_code == 200
    assert _alarms(services) == [] and _alarms(services, still=False) == ["overdue", "diverged"]


def test_a_canary_shows_a_silent_copy_and_hides_no_removal(
    register: Register, services: Services, client: FlaskClient
) -> None:
    account, copy = register.subscriber(), Copy()
    entry = register.listings(1)[0]
    publish_canaries(services, services.clock.now())
    register.publish()
    copy.pull(client, account, "bureau")
    _later(services, days=1)
    publish_canaries(services, services.clock.now())
    register.remove(entry, due=services.clock.now().date().isoformat())
    register.publish()
    assert mark_overdue(services, services.clock.now()) == 0
    _later(services, days=1)
    assert mark_overdue(services, services.clock.now()) == 1
    with services.database.reading() as session:
        removal = register.events("bureau")[-1]
        assert (session.scalars(select(Overdue.removal)).one(), removal.entry) == (removal.sequence, entry)


def test_the_late_list_names_the_day_the_removal_had(
    register: Register, services: Services, client: FlaskClient
) -> None:
    """By whose Beijing day's end it was due, at whatever hour the lateness was noticed."""
    account, copy = register.subscriber(), Copy()
    first = register.listings(1)[0]
    register.publish()
    copy.pull(client, account, "bureau")
    register.remove(first, due="2026-11-25")
    register.publish()
    _later(services, days=3, hours=9)
    assert mark_overdue(services, services.clock.now()) == 1
    with services.database.reading() as session:
        assert [late.due_on.isoformat() for late in late_users(session)] == ["2026-11-25"]


def test_a_silent_copy_is_overdue_by_canaries_alone(
    register: Register, services: Services, client: FlaskClient
) -> None:
    account = register.subscriber()
    publish_canaries(services, services.clock.now())
    Copy().pull(client, account, "bureau")
    for overdue in (0, 0, 1):
        _later(services, days=1)
        publish_canaries(services, services.clock.now())
        assert mark_overdue(services, services.clock.now()) == overdue


def test_programs_of_an_overdue_unit_get_no_answers(
    app: Flask, register: Register, services: Services, client: FlaskClient
) -> None:
    account, copy = register.subscriber(title="演示单位"), Copy()
    entry = register.listings(1)[0]
    register.publish()
    copy.pull(client, account, "bureau")
    register.remove(entry)
    register.publish()
    _later(services, days=3)
    program = key_header(services, Permission.CHECK_ASK, Permission.SCREEN_RUN)
    question = {
        "number": number_of(77).number,
        "name": "测试77",
        "sector": "public_resource_trading",
        "act": "tender",
        "purpose": "投标资格",
        "matter": "ZB-2026-7",
    }
    assert client.post("/v1/checks", json=question, headers=program).status_code == 200
    mark_overdue(services, services.clock.now())
    refused = client.post("/v1/checks", json=question, headers=program)
    assert (refused.status_code, refused.get_json()["type"]) == (403, "overdue")
    assert client.get("/v1/screenings", headers=program).status_code == 403
    other = key_header(services, Permission.CHECK_ASK, unit="另一单位")
    assert client.post("/v1/checks", json=question, headers=other).status_code == 200
    copy.pull(client, account, "bureau")
    assert account.send(client, "bureau", account.receipt(client, register.head("bureau"), copy)).status_code == 200
    assert client.post("/v1/checks", json=question, headers=program).status_code == 200


def test_effects_and_onward_recipients_are_kept(register: Register, services: Services, client: FlaskClient) -> None:
    account, copy = register.subscriber(), Copy()
    register.listings(1)
    register.publish()
    copy.pull(client, account, "bureau")
    note = account.receipt(
        client, register.head("bureau"), copy, deleted=3, shielded=2, history=1, onward=5, onward_confirmed=4
    )
    assert account.send(client, "bureau", note).status_code == 200
    with services.database.reading() as session:
        kept = session.scalars(select(Receipt)).one()
    assert (kept.deleted, kept.shielded, kept.history, kept.onward, kept.onward_confirmed) == (3, 2, 1, 5, 4)
    assert kept.verifier == account.signs.verifier.text


def test_a_receipt_key_that_is_replaced_signs_for_seven_days_more(
    register: Register, services: Services, client: FlaskClient
) -> None:
    account, copy = register.subscriber(), Copy()
    register.listings(1)
    register.publish()
    copy.pull(client, account, "bureau")
    old, new = account.signs, signer("bureau-a", "bureau-a-new")
    with services.database.writing() as session:
        subscriber = session.get_one(Subscriber, account.row.id)
        register_verifier(
            session, subscriber, new.verifier.text, caller=OPERATOR, now=services.clock.now(), replace=True
        )
    for days, signs, status in ((0, new, 200), (6, old, 200), (2, old, 422), (0, new, 200)):
        _later(services, days=days, seconds=1)
        account.signs = signs
        assert (
            account.send(client, "bureau", account.receipt(client, register.head("bureau"), copy)).status_code == status
        )


def test_an_ended_agreement_ends_with_a_receipt_over_an_empty_set(
    register: Register, services: Services, client: FlaskClient
) -> None:
    account, other = register.subscriber(), register.subscriber("bureau-b")
    copy = Copy()
    register.listings(3)
    register.publish()
    head = register.head("bureau")
    copy.pull(client, account, "bureau")
    for one in (account, other):
        Copy().pull(client, one, "bureau")
        assert one.send(client, "bureau", one.receipt(client, head, copy)).status_code == 200
    with services.database.writing() as session:
        end_subscriber(session, session.get_one(Subscriber, account.row.id), caller=OPERATOR, now=services.clock.now())
    assert account.get(client, "/v1/streams/bureau/events?after=0").status_code == 403
    assert account.get(client, "/v1/streams/bureau/snapshots/latest").status_code == 403
    full = account.receipt(client, head, copy)
    answer = account.send(client, "bureau", full)
    assert (answer.status_code, answer.get_json()["type"]) == (409, "state-mismatch")
    with services.database.reading() as session:
        assert [lag.parting for lag in lags(session)] == [True, False]
    nothing = account.receipt(client, head, EMPTY, count=0, state=EMPTY.tree.root())
    assert account.send(client, "bureau", nothing).status_code == 200
    assert account.ask(client, "bureau", head.size).status_code == 401
    with services.database.reading() as session:
        assert [lag.subscriber.name for lag in lags(session)] == ["bureau-b"]
    register.listings(1)
    register.publish()
    Copy().pull(client, other, "bureau")
    _later(services, minutes=5)
    with services.database.reading() as session:
        assert session.get_one(FeedStream, "bureau").forget_before == head.size


def test_whoever_ends_without_it_is_named_after_thirty_days(
    register: Register, services: Services, client: FlaskClient
) -> None:
    account = register.subscriber()
    register.listings(1)
    register.publish()
    Copy().pull(client, account, "bureau")
    with services.database.writing() as session:
        end_subscriber(session, session.get_one(Subscriber, account.row.id), caller=OPERATOR, now=services.clock.now())
    _later(services, days=29)
    keep_feed(services, services.clock.now())
    assert _alarms(services) == [] and account.ask(client, "bureau", 1).status_code == 200
    _later(services, days=2)
    keep_feed(services, services.clock.now())
    keep_feed(services, services.clock.now())
    assert _alarms(services) == ["farewell"] and account.ask(client, "bureau", 1).status_code == 401


def test_a_probe_that_still_finds_somebody_is_a_divergence(
    register: Register, services: Services, client: FlaskClient
) -> None:
    account, copy = register.subscriber(), Copy()
    entries = register.listings(4)
    register.publish()
    copy.pull(client, account, "bureau")
    for entry in entries[:3]:
        register.remove(entry)
    register.publish()
    copy.pull(client, account, "bureau")
    assert plan_probes(services, services.clock.now()) == 0
    assert account.send(client, "bureau", account.receipt(client, register.head("bureau"), copy)).status_code == 200
    assert plan_probes(services, services.clock.now()) == 0
    _later(services, days=1, minutes=1)
    assert plan_probes(services, services.clock.now()) == 2
    assert plan_probes(services, services.clock.now()) == 0
    with services.database.writing() as session:
        (one, _), (two, _) = open_probes(session)
        record_finding(session, one.id, "gone", "", caller=OPERATOR, now=services.clock.now())
        record_finding(session, two.id, "still", "查询页仍显示", caller=OPERATOR, now=services.clock.now())
    assert _alarms(services) == ["still-shown"]
    with services.database.reading() as session:
        stages = {rung.entry: rung.stage for rung in ladder_of(session, lags(session)[0])}
    assert (stages[one.entry], stages[two.entry]) == ("probed", "diverged")
    with services.database.reading() as session:
        assert {holders_of(session, entry)[0].stage for entry in entries[:3]} <= {"applied", "diverged"}


def test_who_passes_data_on_is_looked_after_at_a_recipient_too(
    register: Register, services: Services, client: FlaskClient
) -> None:
    account, copy = register.subscriber(), Copy()
    entries = register.listings(4)
    register.publish()
    copy.pull(client, account, "bureau")
    for entry in entries[:3]:
        register.remove(entry)
    register.publish()
    copy.pull(client, account, "bureau")
    note = account.receipt(client, register.head("bureau"), copy, onward=3, onward_confirmed=3)
    assert account.send(client, "bureau", note).status_code == 200
    _later(services, days=1, minutes=1)
    assert plan_probes(services, services.clock.now()) == 3
    with services.database.writing() as session:
        (one,) = [probe for probe, _ in open_probes(session) if probe.onward]
        with pytest.raises(InvalidInput) as nameless:
            record_finding(session, one.id, "still", " ", caller=OPERATOR, now=services.clock.now())
        assert nameless.value.code == "recipient-missing"
        record_finding(session, one.id, "gone", "某平台：已查不到", caller=OPERATOR, now=services.clock.now())
    with services.database.reading() as session:
        assert {rung.stage for rung in ladder_of(session, lags(session)[0])} == {"applied"}


@pytest.fixture
def shown(register: Register, services: Services, client: FlaskClient) -> tuple[str, str]:
    """A subscriber with a removal, an alarm and a probe; the entries that left and that stays."""
    account, copy = register.subscriber(title="演示单位"), Copy()
    gone, stays = register.listings(2)
    register.publish()
    copy.pull(client, account, "bureau")
    register.remove(gone)
    register.publish()
    copy.pull(client, account, "bureau")
    account.send(client, "bureau", account.receipt(client, register.head("bureau"), copy))
    _later(services, days=2)
    plan_probes(services, services.clock.now())
    return gone, stays


def test_the_desk_shows_ladder_timeline_alarms_and_probes(
    app: Flask, services: Services, shown: tuple[str, str]
) -> None:
    operator = staff_browser(app, services, StaffRole.OPERATOR)
    for path, words in {
        "/desk/subscribers/": ("演示单位", "已应用"),
        "/desk/subscribers/bureau-a": (shown[0], "移除的进度", "信用评价", "令牌"),
        f"/desk/feed/entry/{shown[0]}": ("移出", "内容已擦除", "演示单位"),
        "/desk/feed/": ("密钥清单", "根密钥"),
        "/desk/feed/alarms": ("没有警示",),
        "/desk/feed/probes": (shown[0], "记录结果"),
    }.items():
        page = operator.get(path).get_data(as_text=True)
        assert all(word in page for word in words), (path, words)
    assert operator.get("/desk/feed/entry/lst_" + "z" * 24).status_code == 404
    assert operator.get("/desk/feed/entry?entry=410105198501011231").status_code == 422
    found = operator.get(f"/desk/feed/entry?entry={shown[1]}")
    assert found.headers["Location"].endswith(shown[1])
    probe = post_form(operator, "/desk/feed/probes/1", {"finding": "still", "note": "仍在"}, page="/desk/feed/probes")
    assert probe.status_code == 303 and "仍被展示" in operator.get("/desk/feed/alarms").get_data(as_text=True)
    again = post_form(operator, "/desk/feed/probes/1", {"finding": "gone"}, page="/desk/feed/alarms")
    assert again.status_code == 422
    assert post_form(operator, "/desk/feed/alarms/1/close", page="/desk/feed/alarms").status_code == 303
    assert _alarms(services) == []


def test_the_desk_sets_where_a_subscriber_is_woken(app: Flask, services: Services, shown: tuple[str, str]) -> None:
    operator = staff_browser(app, services, StaffRole.OPERATOR)
    page = "/desk/subscribers/bureau-a"
    bad = {"push_url": "https://wake.example/", "push_hosts": "other.example", "push_ranges": "10.0.0.0/8"}
    answer = post_form(operator, page + "/push", bad, page=page)
    assert answer.status_code == 422 and "wake.example" in answer.get_data(as_text=True)
    good = bad | {"push_hosts": "wake.example, b.example"}
    assert post_form(operator, page + "/push", good, page=page).status_code == 303
    assert "wake.example、b.example" in operator.get(page).get_data(as_text=True)
    key = b64(X25519PrivateKey.generate().public_key().public_bytes_raw())
    assert post_form(operator, page + "/slips", {"recipient": "short"}, page=page).status_code == 422
    assert post_form(operator, page + "/slips", {"recipient": key}, page=page).status_code == 303
    another = {"number": "2027-1", "streams": ["bureau"], "purpose": "信用评价", "days": "30"}
    assert post_form(operator, page + "/agreements", another | {"streams": ["else"]}, page=page).status_code == 422
    assert post_form(operator, page + "/agreements", another, page=page).status_code == 303
    with services.database.reading() as session:
        newest, first = agreements_of(session, subscriber_named(session, "bureau-a"))
    assert (newest.number, newest.push_url, newest.slip_mode, recipient_of(newest)) == (
        "2027-1", good["push_url"], "number", key,
    )  # fmt: skip
    assert first.ended_at is None and recipient_of(first) == key
    assert post_form(operator, page + "/slips", {"recipient": ""}, page=page).status_code == 303
    with services.database.reading() as session:
        assert {one.slip_mode for one in agreements_of(session, subscriber_named(session, "bureau-a"))} == {"token"}
    wrong = post_form(operator, page + "/networks", {"pull_ranges": "10.0.0.0/8 nowhere"}, page=page)
    assert wrong.status_code == 422 and "不是网段：nowhere" in wrong.get_data(as_text=True)
    assert post_form(operator, page + "/networks", {"pull_ranges": "10.9.0.0/16"}, page=page).status_code == 303
    assert "10.9.0.0/16" in operator.get(page).get_data(as_text=True)


def test_a_subscriber_sees_its_own_page_and_nobody_elses(
    app: Flask, services: Services, register: Register, shown: tuple[str, str]
) -> None:
    register.subscriber("bureau-b", title="另一家单位")
    own = staff_browser(app, services, StaffRole.BUREAU_IT)
    page = own.get("/subscriber/").get_data(as_text=True)
    assert shown[0] in page and "另一家单位" not in page
    assert own.get("/subscriber/keys.note").get_data(as_text=True).startswith(services.settings.host)
    for path in ("/desk/subscribers/", "/desk/subscribers/bureau-a", "/desk/feed/", f"/desk/feed/entry/{shown[0]}"):
        assert own.get(path).status_code == 403
    stranger = staff_browser(app, services, StaffRole.BUREAU_IT, "it-2", unit="没有订阅的单位")
    assert "没有登记为订阅单位" in stranger.get("/subscriber/").get_data(as_text=True)
    assert stranger.get("/subscriber/keys.note").status_code == 404
    supervisor = staff_browser(app, services, StaffRole.SUPERVISOR)
    assert supervisor.get("/desk/feed/alarms").status_code == 200
