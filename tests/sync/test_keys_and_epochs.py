"""The list of keys by its roots, rotation with seven days of both, and a new epoch after a restore."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from creditsvc.access.callers import Caller, CallerKind
from creditsvc.access.permissions import Permission
from creditsvc.kernel.errors import Conflict, InvalidInput
from creditsvc.services import Services
from creditsvc.wallclock import FixedClock
from sync.epochs import epochs_over, open_epoch
from sync.heads import resign_heads
from sync.key_lists import draft, key_list_note, newest_list, publish_list
from sync.ladder import mark_overdue
from sync.root_keys import main as root
from sync.root_keys import make_root, open_roots, read_root, signed_by
from sync.tables_feed import FeedStream
from sync.wire.keys import verify_key_list
from sync.wire.notes import parse_note, verify_note
from sync.witnessing import cosign_heads
from tests.support.feed_world import STREAMS, Copy, Register

OPERATOR = Caller(CallerKind.STAFF, account_id=9, person="operator", permissions=frozenset({Permission.OPERATE}))


def _publish(services: Services, text: str, roots: list[int]) -> str:
    here = open_roots(services.settings.keys / "offline", services.settings.host)
    for number in roots:
        text = signed_by(text, here[number])
    with services.database.writing() as session:
        publish_list(session, services, text, caller=OPERATOR, now=services.clock.now())
    return text


def _draft(services: Services, **changes: object) -> str:
    with services.database.reading() as session:
        return draft(session, services, services.clock.now(), **changes).text  # type: ignore[arg-type]


def _move(services: Services, days: int) -> None:
    clock = services.clock
    assert isinstance(clock, FixedClock)
    clock.set(clock.now() + timedelta(days=days))


def _signatures(services: Services, stream: str) -> int:
    resign_heads(services, services.clock.now())
    with services.database.reading() as session:
        return len(parse_note(session.get_one(FeedStream, stream).head).signatures)


def test_both_keys_sign_for_seven_days(register: Register, services: Services) -> None:
    register.listings(1)
    register.publish()
    with services.database.reading() as session:
        before = newest_list(session)
    _publish(services, _draft(services, rotate=["bureau"]), [0, 2])
    _move(services, 1)
    assert (_signatures(services, "bureau"), _signatures(services, "agency")) == (2, 1)
    with services.database.reading() as session:
        note = session.get_one(FeedStream, "bureau").head
        keys = newest_list(session)
    assert before is not None and keys is not None and keys.version == 2
    on = services.clock.now().date()
    old, new = (set(listed.stream_keys("bureau", 1, on=on)) for listed in (before, keys))
    assert old < new and len(new) == 2
    for key in new:
        verify_note(note, [key])
    _move(services, 6)
    assert _signatures(services, "bureau") == 2
    _move(services, 1)
    assert _signatures(services, "bureau") == 1
    with services.database.reading() as session:
        verify_note(session.get_one(FeedStream, "bureau").head, new - old)


@pytest.mark.parametrize(
    ("roots", "change"),
    [
        pytest.param([1], lambda text: text, id="one root alone"),
        pytest.param([0, 0], lambda text: text, id="one root twice"),
        pytest.param([0, 1], lambda text: text.replace("version 2", "version 3"), id="a version skipped"),
        pytest.param([0, 1], lambda text: text.replace("version 2", "version 1"), id="an old version"),
        pytest.param([0, 1], lambda text: re.sub("stream public.*\n", "", text), id="a stream forgotten"),
    ],
)  # fmt: skip
def test_a_list_that_is_not_in_order_is_refused(
    register: Register, services: Services, roots: list[int], change: object
) -> None:
    with services.database.reading() as session:
        before = key_list_note(session)
    with pytest.raises(InvalidInput) as refused:
        _publish(services, change(_draft(services)), roots)  # type: ignore[operator]
    assert refused.value.code == "keys-refused"
    with services.database.reading() as session:
        assert key_list_note(session) == before


def test_roots_are_replaced_by_two_of_the_old_and_two_of_the_new(register: Register, services: Services) -> None:
    folder = services.settings.keys / "offline"
    for number in (4, 5):
        make_root(folder / f"root-{number}.key")
    here = open_roots(folder, services.settings.host)
    fresh = [here[0].verifier, here[3].verifier, here[4].verifier]
    with services.database.reading() as session:
        first = key_list_note(session)
    text = _draft(services, roots=fresh)
    with pytest.raises(InvalidInput):
        _publish(services, text, [3, 4])
    with pytest.raises(InvalidInput):
        _publish(services, text, [1, 2])
    note = _publish(services, text, [0, 1, 3])
    assert verify_key_list(note, known=verify_key_list(first)).root_keys() == tuple(fresh)


def test_a_root_signs_offline_by_its_command(register: Register, services: Services, tmp_path: Path) -> None:
    path = tmp_path / "draft"
    path.write_text(_draft(services, rotate=["public"]))
    for number in (1, 3, 3):
        assert root(["sign", str(path), "--key", str(services.settings.keys / "offline" / f"root-{number}.key")]) == 0
    assert len(parse_note(path.read_text()).signatures) == 2
    assert verify_key_list(path.read_text()).version == 2
    assert root(["new", str(tmp_path / "root-9.key")]) == 0
    assert read_root(tmp_path / "root-9.key", "host").name == "host/root-9"


def test_an_epoch_opens_only_once_the_roots_have_announced_it(register: Register, services: Services) -> None:
    with pytest.raises(Conflict) as refused:
        open_epoch(services, reason="恢复备份", caller=OPERATOR, now=services.clock.now())
    assert refused.value.code == "epoch-unannounced"


def test_a_new_epoch_starts_at_one_with_everything_that_stands(
    register: Register, services: Services, client: FlaskClient
) -> None:
    account = register.subscriber("bureau-a", ("bureau",))
    gone, *stays = register.listings(4)
    register.order()
    register.publish()
    register.remove(gone)
    register.publish()
    Copy().pull(client, account, "bureau")
    cosign_heads(services, services.clock.now())
    _publish(services, _draft(services, new_epoch=True), [0, 1])
    opened = open_epoch(services, reason="恢复备份", caller=OPERATOR, now=services.clock.now())
    assert opened == dict.fromkeys(STREAMS, 2)
    assert register.head("bureau").size == 0
    register.publish()
    head = register.head("bureau")
    assert (head.origin.epoch, head.size, head.count) == (2, 3, 3)
    assert {event.entry for event in register.events("bureau")} == set(stays)
    assert register.head("agency").count == 4
    copy = Copy().pull(client, account, "bureau")
    assert copy.tree.root() == head.state
    assert client.get("/v1/streams/bureau/1/checkpoint").status_code == 404
    assert cosign_heads(services, services.clock.now()) == 8
    with services.database.reading() as session:
        over = {epoch.stream: epoch for epoch in epochs_over(session)}
    assert (over["bureau"].epoch, over["bureau"].size, over["bureau"].reason) == (1, 5, "恢复备份")
    register.remove(stays[0])
    register.publish()
    assert mark_overdue(services, services.clock.now() + timedelta(days=9)) == 1


def test_days_of_the_list_are_days_in_beijing(register: Register, services: Services) -> None:
    with services.database.reading() as session:
        keys = newest_list(session)
    assert keys is not None and keys.roots[0].first_day == date(2026, 11, 24)
