"""The feed's addresses, as a subscriber's program finds them: what each answers, and with which error."""

from __future__ import annotations

import gzip
import threading
import time
from datetime import date, timedelta

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from flask import Flask
from flask.testing import FlaskClient

from creditsvc.access.permissions import StaffRole
from creditsvc.services import Services
from creditsvc.wallclock import FixedClock
from sync import feed_api
from sync.feed_upkeep import keep_feed
from sync.heads import resign_heads
from sync.key_lists import key_list_note, newest_list
from sync.ladder import mark_overdue
from sync.pull_networks import set_pull_ranges
from sync.slip_answers import token_key
from sync.wire.encoding import b64url, unb64url
from sync.wire.events import Event, Hole, parse_line
from sync.wire.head import Head, parse_head
from sync.wire.merkle import consistency_proof, inclusion_proof, leaf_hash, verify_consistency, verify_inclusion
from sync.wire.notes import parse_note
from sync.wire.slips import check_slip, open_block, parse_token_block
from sync.wire.snapshot import Header, Tombstone, read_snapshot
from sync.wire.state import FAN, StateTree, bucket_digest, bucket_of, group_digest, state_root
from sync.wire.subject import token
from sync.wire.tiles import Tile, TileNodes, parse_bundle
from tests.support.feed_world import OPERATOR, Account, Copy, Register
from tests.support.people import post_form, staff_browser

EVENTS = "/v1/streams/bureau/events"


@pytest.fixture
def account(register: Register) -> Account:
    """A credit bureau."""
    return register.subscriber()


def _problem(answer: object) -> tuple[int, str]:
    return answer.status_code, answer.get_json()["type"]  # type: ignore[attr-defined]


def _later(services: Services, **by: float) -> None:
    assert isinstance(services.clock, FixedClock)
    services.clock.set(services.clock.now() + timedelta(**by))
    resign_heads(services, services.clock.now())


def test_heads_keys_and_log_need_no_key_and_an_idle_question_costs_304(
    register: Register, services: Services, client: FlaskClient
) -> None:
    register.listings(2)
    register.publish()
    with services.database.reading() as session:
        assert client.get("/v1/keys").get_data(as_text=True) == key_list_note(session)
    for path in ("/v1/keys", "/v1/streams/agency/head", "/v1/streams/agency/1/checkpoint"):
        first = client.get(path)
        again = client.get(path, headers={"If-None-Match": first.headers["ETag"]})
        assert (first.status_code, again.status_code, again.get_data()) == (200, 304, b"")
    register.listings(1)
    register.publish()
    assert client.get(path, headers={"If-None-Match": first.headers["ETag"]}).status_code == 200
    assert client.get("/v1/streams/nowhere/head").status_code == 404


def test_events_come_without_gap_and_never_past_the_head(
    register: Register, account: Account, client: FlaskClient
) -> None:
    register.listings(7)
    register.publish()
    head = register.head("bureau")
    answer = account.get(client, f"{EVENTS}?after=2&limit=3")
    lines = answer.get_data().split(b"\n")[:-1]
    assert [parse_line(line, head.origin).sequence for line in lines] == [3, 4, 5]
    assert answer.headers["Feed-Sequence"] == "5" and answer.headers["Content-Type"].startswith("application/x-ndjson")
    assert (
        account.get(client, f"{EVENTS}?after=2&limit=3", headers={"If-None-Match": answer.headers["ETag"]}).status_code
        == 304
    )
    assert account.get(client, f"{EVENTS}?after=7").get_data() == b""
    assert _problem(account.get(client, f"{EVENTS}?after=8")) == (409, "cursor-ahead")
    assert account.get(client, f"{EVENTS}?after=-1").status_code == 422
    whole = account.get(client, EVENTS, headers={"Accept-Encoding": "gzip"})
    assert gzip.decompress(whole.get_data()) == account.get(client, EVENTS).get_data()


def test_each_refusal_has_its_name(
    register: Register, account: Account, services: Services, client: FlaskClient
) -> None:
    assert _problem(client.get(EVENTS)) == (401, "key-missing")
    assert _problem(account.get(client, "/v1/streams/agency/events")) == (403, "scope-denied")
    assert client.get("/v1/streams/public/events").status_code == 200
    assert _problem(client.get("/v1/streams/public/slips")) == (401, "key-missing")


def test_a_forgotten_cursor_is_sent_to_the_snapshot_and_public_forgets_nothing(
    register: Register, account: Account, services: Services, client: FlaskClient
) -> None:
    copy, entries = Copy(), register.listings(3)
    register.publish()
    register.remove(entries[0])
    register.publish()
    copy.pull(client, account, "bureau")
    head = register.head("bureau")
    assert account.send(client, "bureau", account.receipt(client, head, copy)).status_code == 200
    _later(services, minutes=5)
    assert register.head("bureau").forget_before == 4 and register.head("public").forget_before == 0
    answer = account.get(client, f"{EVENTS}?after=3")
    assert _problem(answer) == (410, "cursor-forgotten")
    assert answer.get_json()["snapshot"] == "/v1/streams/bureau/snapshots/latest"
    assert account.get(client, f"{EVENTS}?after=4").status_code == 200
    header, _, tombstones = _snapshot(account, services, client, head)
    assert (header.count, header.sequence, tombstones) == (2, 4, [])


def _snapshot(
    account: Account, services: Services, client: FlaskClient, head: Head
) -> tuple[Header, StateTree, list[Tombstone]]:
    answer = account.get(client, f"/v1/streams/{head.origin.stream}/snapshots/latest", buffered=True)
    assert (answer.status_code, answer.headers["Content-Encoding"]) == (200, "gzip")
    assert answer.headers.get("Content-Length") in {None, str(len(answer.get_data()))}
    with services.database.reading() as session:
        keys = newest_list(session)
    assert keys is not None
    known = keys.stream_keys(head.origin.stream, 1, on=date(2026, 11, 24))
    tree, tombstones, header = StateTree(), [], None
    for record in read_snapshot([gzip.decompress(answer.get_data())], head.origin, known):
        if isinstance(record, Header):
            header = record
        elif isinstance(record, Tombstone):
            tombstones.append(record)
        else:
            tree.put(record[1].data.entry, record[1].data.revision)
    assert header is not None
    return header, tree, tombstones


def test_a_snapshot_has_the_heads_count_and_state_and_every_tombstone(
    register: Register, account: Account, services: Services, client: FlaskClient
) -> None:
    entries = register.listings(6)
    register.publish()
    register.annotate(entries[0], "disputed")
    register.correct(entries[1])
    register.remove(entries[2])
    register.remove(entries[3], revoked=True)
    register.publish()
    head = register.head("bureau")
    header, tree, tombstones = _snapshot(account, services, client, head)
    assert (header.sequence, header.count, header.state) == (head.size, head.count, head.state) == (10, 4, tree.root())
    assert [(one.entry, one.exit, one.effect) for one in tombstones] == [
        (entries[2], "removed", "stop_use"), (entries[3], "revoked", "erase"),
    ]  # fmt: skip
    etag = account.get(client, "/v1/streams/bureau/snapshots/latest", buffered=True).headers["ETag"]
    assert (
        account.get(client, "/v1/streams/bureau/snapshots/latest", headers={"If-None-Match": etag}).status_code == 304
    )


def test_a_block_is_rebuilt_when_something_in_it_is_erased(
    register: Register, account: Account, services: Services, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    for room in ("sync.erasure", "sync.feed_reading"):
        monkeypatch.setattr(f"{room}.SEGMENT", 10)
    entries = register.listings(24)
    register.publish()
    keep_feed(services, services.clock.now())
    before = account.get(client, "/v1/streams/bureau/segments").get_json()["segments"]
    assert [(block["first"], block["last"]) for block in before] == [(1, 10), (11, 20)]
    path = "/v1/streams/bureau/segments/"
    body = account.get(client, path + before[0]["name"])
    assert body.get_data() == account.get(client, f"{EVENTS}?limit=10").get_data()
    assert "private" in body.headers["Cache-Control"] and not body.headers["ETag"].startswith("W/")
    register.remove(entries[0])
    register.publish()
    keep_feed(services, services.clock.now())
    after = account.get(client, "/v1/streams/bureau/segments").get_json()["segments"]
    assert after[0]["name"] != before[0]["name"] and after[1] == before[1]
    assert account.get(client, path + before[0]["name"]).status_code == 404
    raw = account.get(client, path + after[0]["name"]).get_data()
    assert entries[0].encode() not in raw and raw.startswith(b'{"erased":true,"leaf":"')
    assert client.get(path + after[0]["name"]).status_code == 401


def test_the_log_is_served_as_tiles_with_every_proof(register: Register, client: FlaskClient) -> None:
    first = register.listings(300)
    register.publish()
    old = register.head("agency")
    register.remove(first[7])
    register.listings(20)
    register.publish()
    new = register.head("agency")

    def fetch(wanted: Tile) -> bytes:
        answer = client.get(f"/v1/streams/agency/1/{wanted.path}")
        assert answer.status_code == 200 and "immutable" in answer.headers["Cache-Control"]
        return answer.get_data()

    nodes = TileNodes(new.size, fetch)
    proof = consistency_proof(old.size, new.size, nodes)
    verify_consistency(first=old.size, second=new.size, first_root=old.root, second_root=new.root, proof=proof)
    leaves = [
        entry
        for index in (0, 1)
        for entry in parse_bundle(fetch(Tile(None, index, 256 if index == 0 else new.size - 256)))
    ]
    assert len(leaves) == new.size == 321
    for index in (0, 7, 255, 256, 300, 320):
        path = inclusion_proof(index, new.size, nodes)
        verify_inclusion(index=index, size=new.size, leaf=leaf_hash(leaves[index]), root=new.root, proof=path)
    for path_ in ("tile/0/002", "tile/0/001.p/200", "tile/3/000", "tile/entries/x001/000", "tile/0/1", "else"):
        assert client.get(f"/v1/streams/agency/1/{path_}").status_code == 404, path_
    assert client.get("/v1/streams/agency/2/tile/0/000").status_code == 404


def test_state_is_served_by_groups_and_buckets(register: Register, account: Account, client: FlaskClient) -> None:
    entries = register.listings(9)
    register.publish()
    head, path = register.head("bureau"), "/v1/streams/bureau/state"
    told = account.get(client, path).get_json()
    groups = [unb64url(digest, "state") for digest in told["groups"]]
    assert (told["sequence"], told["state"], state_root(groups)) == (head.size, b64url(head.state), head.state)
    group, bucket = bucket_of(entries[0])
    buckets = [unb64url(digest, "state") for digest in account.get(client, f"{path}/{group}").get_json()["buckets"]]
    assert group_digest(buckets) == groups[group]
    lines = account.get(client, f"{path}/{group}/{bucket}")
    assert bucket_digest(lines.get_data()) == buckets[bucket] and entries[0].encode() in lines.get_data()
    assert lines.headers["Feed-Sequence"] == str(head.size)
    assert (
        account.get(client, f"{path}/256").status_code == 422
        and account.get(client, f"{path}/0/{FAN}").status_code == 422
    )


@pytest.mark.parametrize("mode", ["token", "number"])
def test_slips_match_their_subjects_and_go_with_the_entry(
    register: Register, services: Services, client: FlaskClient, mode: str
) -> None:
    private = X25519PrivateKey.generate()
    more = {"slip_mode": "number", "recipient": private.public_key().public_bytes_raw()} if mode == "number" else {}
    account = register.subscriber("agency-a", ("agency",), **more)
    person = register.listings(1)[0]
    unit = register.listings(1, units=True)[0]
    officer = register.officer(unit)
    register.correct(unit)
    register.publish()
    answer = account.get(client, "/v1/streams/agency/slips?after=0")
    assert answer.headers["Feed-Sequence"] == "3" and "no-store" in answer.headers["Cache-Control"]
    told = {entry: register.data("agency", entry) for entry in (person, unit)}
    own, roles = told[person]["subject"], [role["subject"] for role in told[unit]["roles"]]
    if mode == "number":
        slips = {slip.entry: slip for slip in open_block(answer.get_data(), private)}
        check_slip(slips[person], subject=own)
        check_slip(slips[unit], subject=None, roles=roles)
        assert slips[unit].roles[0].number == officer.canonical and slips[unit].revision == 2
        again = account.get(client, "/v1/streams/agency/slips?after=0")
        assert again.get_data() != answer.get_data()
    else:
        tokens = {slip.entry: slip for slip in parse_token_block(answer.get_data())}
        key = token_key(services.keyring, "agency-a")
        assert tokens[person].token == token(key, register.numbers[0].canonical)
        assert tokens[unit].token is None and tokens[unit].roles == ((roles[0], token(key, officer.canonical)),)
    register.annotate(person, "disputed")
    register.publish()
    assert account.get(client, "/v1/streams/agency/slips?after=3").get_data() != b""
    register.remove(person)
    register.remove(unit)
    register.publish()
    assert account.get(client, "/v1/streams/agency/slips?after=0").get_data() == b""


def test_a_receipt_that_differs_is_answered_down_to_lines(
    register: Register, account: Account, client: FlaskClient
) -> None:
    entries, copy = register.listings(5), Copy()
    register.publish()
    copy.pull(client, account, "bureau")
    head = register.head("bureau")
    copy.tree.remove(entries[0])
    asked = account.ask(client, "bureau", head.size).get_json()
    assert asked["all"] is True and (asked["sequence"], asked["since"]) == (5, 0)
    note = account.receipt(client, head, copy, asked)
    answer = account.send(client, "bureau", note)
    assert _problem(answer) == (409, "state-mismatch") and "buckets" not in answer.get_json()
    ours = [unb64url(digest, "state") for digest in answer.get_json()["groups"]]
    differing = [group for group in range(FAN) if ours[group] != copy.tree.group_digests()[group]]
    group, bucket = bucket_of(entries[0])
    assert differing == [group]
    lines = account.get(client, f"/v1/streams/bureau/state/{group}/{bucket}").get_data(as_text=True)
    assert lines == f"{entries[0]}:1\n"
    copy.tree.put(entries[0], 1)
    assert _problem(account.send(client, "bureau", note)) == (409, "nonce-used")
    assert account.send(client, "bureau", account.receipt(client, head, copy)).get_json()["applied"] is True
    asked = account.ask(client, "bureau", head.size).get_json()
    assert asked["all"] is False and asked["since"] == 5
    lie = account.send(client, "bureau", account.receipt(client, head, copy, asked, proof=bytes(32)))
    assert len(lie.get_json()["buckets"]) == 256


def test_the_published_state_echoed_is_no_receipt(register: Register, account: Account, client: FlaskClient) -> None:
    register.listings(4)
    register.publish()
    head, nothing = register.head("bureau"), Copy()
    answer = account.send(client, "bureau", account.receipt(client, head, nothing))
    assert _problem(answer) == (409, "state-mismatch")


def test_an_overdue_subscriber_gets_removals_only_until_it_confirms(
    register: Register, account: Account, services: Services, client: FlaskClient
) -> None:
    first, second, third = register.listings(3)
    copy = Copy()
    register.publish()
    copy.pull(client, account, "bureau")
    register.remove(first)
    register.publish()
    _later(services, days=3)
    assert mark_overdue(services, services.clock.now()) == 1
    register.listings(1)
    register.correct(second)
    register.remove(third)
    register.publish()
    head = register.head("bureau")
    served = [
        parse_line(line, head.origin) for line in account.get(client, f"{EVENTS}?after=3").get_data().split(b"\n")[:-1]
    ]
    kinds = [
        "removal" if isinstance(one, Event) else "withheld" if isinstance(one, Hole) and one.withheld else "?"
        for one in served
    ]
    assert sorted(kinds) == ["removal", "removal", "withheld", "withheld"]
    for path in ("snapshots/latest", "snapshots/latest.csv", "slips?after=0", "segments"):
        assert _problem(account.get(client, f"/v1/streams/bureau/{path}")) == (403, "overdue"), path
    copy.pull(client, account, "bureau")
    assert account.send(client, "bureau", account.receipt(client, head, copy)).status_code == 200
    assert account.get(client, "/v1/streams/bureau/snapshots/latest", buffered=True).status_code == 200
    assert account.ask(client, "bureau", head.size).get_json()["all"] is True


def test_keys_are_good_from_the_agreements_networks_alone(
    register: Register, account: Account, services: Services, client: FlaskClient
) -> None:
    def come_from(address: str, path: str = EVENTS) -> tuple[int, str]:
        answer = account.get(client, path, environ_base={"REMOTE_ADDR": address})
        return (answer.status_code, "") if answer.status_code == 200 else _problem(answer)

    assert come_from("192.0.2.7") == (200, "")
    now = services.clock.now()
    with services.database.writing() as session:
        given = ["10.20.0.0/16", "2001:db8::/32"]
        assert set_pull_ranges(session, account.row, given, caller=OPERATOR, now=now) == given
    for address in ("10.20.3.4", "::ffff:10.20.3.4", "2001:db8::9"):
        assert come_from(address) == (200, ""), address
    for address in ("10.21.0.1", "127.0.0.1", "2001:db9::1", "nowhere"):
        assert come_from(address) == (403, "scope-denied"), address
    assert come_from("10.21.0.1", "/v1/streams/bureau/head") == (200, "")
    with services.database.writing() as session:
        set_pull_ranges(session, account.row, [], caller=OPERATOR, now=now)
    assert come_from("10.21.0.1") == (200, "")


def test_an_overdue_units_people_ask_in_vain_too(
    register: Register, account: Account, app: Flask, services: Services, client: FlaskClient
) -> None:
    agent = staff_browser(app, services, StaffRole.AGENCY, unit=account.row.title, sector="finance")
    question = {
        "name": "某人",
        "id_number": "410105198501011231",
        "sector": "finance",
        "act": "loan",
        "purpose": "授信",
    }
    entry = register.listings(1)[0]
    register.publish()
    Copy().pull(client, account, "bureau")
    register.remove(entry)
    register.publish()
    assert post_form(agent, "/agency/", question, page="/agency/").status_code in {200, 422}
    _later(services, days=3)
    mark_overdue(services, services.clock.now())
    agent = staff_browser(app, services, StaffRole.AGENCY, "agent-2", unit=account.row.title, sector="finance")
    refused = post_form(agent, "/agency/", question, page="/agency/")
    assert refused.status_code == 403 and "到期未确认的移除" in refused.get_data(as_text=True)
    assert agent.get("/agency/").status_code == 200


def test_a_wait_is_a_wish_and_waiters_are_few(
    app: Flask, register: Register, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    register.listings(1)
    register.publish()
    monkeypatch.setattr(feed_api, "_waiters", threading.BoundedSemaphore(1))
    got: list[tuple[float, bytes]] = []

    def wait() -> None:
        began = time.monotonic()
        answer = account.get(app.test_client(), f"{EVENTS}?after=1&wait=20")
        got.append((time.monotonic() - began, answer.get_data()))

    first = threading.Thread(target=wait)
    first.start()
    while feed_api._waiters._value:
        time.sleep(0.01)
    wait()
    assert got[0][1] == b""
    register.listings(1)
    register.publish()
    first.join(15)
    assert len(got) == 2 and b"entry.published" in got[1][1] and got[1][0] < 15


def test_an_expired_head_is_served_and_says_so(register: Register, services: Services, client: FlaskClient) -> None:
    assert isinstance(services.clock, FixedClock)
    services.clock.set(services.clock.now() + timedelta(hours=3))
    head = parse_head(parse_note(client.get("/v1/streams/public/head").get_data()).text)
    assert head.expires < services.clock.now()


def test_canaries_are_served_and_marked_in_snapshots(
    register: Register, services: Services, client: FlaskClient
) -> None:
    from sync.canaries import publish_canaries

    publish_canaries(services, services.clock.now())
    line = client.get("/v1/streams/public/events").get_data().split(b"\n")[0]
    assert msgspec.json.decode(line)["type"] == "canary.published"
    raw = gzip.decompress(client.get("/v1/streams/public/snapshots/latest", buffered=True).get_data())
    assert raw.split(b"\n")[1].startswith(b'{"canary":true,"data":{')
