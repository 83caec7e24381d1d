"""Every case of the contract's list: refused with its own error, or healed; and afterwards the copy is right again."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from sync.mirror import errors, trouble
from sync.mirror.client import Agreement, Mirror, stored_head
from sync.mirror.errors import MirrorError
from sync.mirror.identities import SlipKeys
from sync.mirror.store import Store
from sync.wire.canonical import canonical_json, parse_json
from sync.wire.encoding import unb64url
from sync.wire.errors import SignatureInvalid
from sync.wire.keys import DatedKey, sign_key_list
from sync.wire.push import push_body, push_headers, verify_push
from sync.wire.receipts import Receipt, sign_receipt
from tests.support.feed_simulator import FAULTS, NOW, TOKEN_KEY, Publisher, signer


def agrees(store: Store, feed: Publisher) -> bool:
    """Whether the copy is the publisher's state, entry by entry, with bodies and removals."""
    mine = {entry: revision for _, entry, revision in store.state_rows()}
    theirs = dict(feed.state.entries())
    bodies = all(
        parse_json(store.line(entry) or b"{}", "copy").get("data") == held.data for entry, held in feed.bodies.items()
    )
    gone = all(store.has_departed(stone.entry) for stone in feed.tombstones)
    return mine == theirs and bodies and gone


def prepare(feed: Publisher, mirror: Mirror) -> None:
    """Some history that the mirror has, and some that it has not."""
    entries = feed.publish(8)
    feed.remove(entries[0])
    mirror.refresh(NOW)
    feed.correct(entries[1], name="更正")
    feed.remove(entries[2])
    feed.publish(4)


REFUSALS: dict[str, type[MirrorError]] = {
    "gap": errors.FeedGap,
    "duplicate": errors.FeedRepeats,
    "reorder": errors.FeedGap,
    "tampered_event": errors.LogMismatch,
    "truncated": errors.FeedTruncated,
    "malformed": errors.FeedUnreadable,
    "cut_line": errors.FeedUnreadable,
    "cursor_ahead": errors.CursorAhead,
    "fork": errors.LogMismatch,
    "expired": errors.HeadExpired,
    "future": errors.HeadFromFuture,
    "unknown_signature": errors.HeadUntrusted,
    "false_cosignature": errors.HeadUntrusted,
    "other_origin": errors.OtherOrigin,
    "other_epoch": errors.HeadUntrusted,
    "keys_forged": errors.KeysUntrusted,
    "keys_changed": errors.KeysWentBackwards,
    "state_lie": errors.StateContradicts,
    "endless": errors.FeedEndless,
    "down": trouble.PublisherUnreachable,
    "refused": trouble.KeyRefused,
    "forbidden": trouble.ScopeDenied,
    "too_often": trouble.AskedTooOften,
}
BY_SNAPSHOT: dict[str, type[MirrorError]] = {
    "snapshot_cut": errors.SnapshotCutShort,
    "snapshot_without_trailer": errors.SnapshotCutShort,
    "snapshot_false_trailer": errors.SnapshotUntrusted,
    "snapshot_tampered": errors.SnapshotUntrusted,
    "snapshot_other_state": errors.SnapshotMismatch,
    "tiles_missing": errors.ConsistencyMissing,
    "tiles_false": errors.ConsistencyMissing,
    "endless": errors.SnapshotCutShort,
}
AFTER_DATA: dict[str, type[MirrorError]] = {
    "slip_mismatch": errors.SlipMismatch,
    "slip_garbled": errors.SlipMismatch,
    "nonce_used": errors.NonceUsed,
    "nonce_of_another_sequence": errors.ReceiptRefused,
}


@pytest.mark.parametrize("fault", REFUSALS)
def test_it_refuses_and_keeps_what_it_had(fault: str, feed: Publisher, mirror: Mirror, store: Store) -> None:
    prepare(feed, mirror)
    before = (list(store.state_rows()), store.number("cursor"), store.text("head"))
    feed.fault = fault
    with pytest.raises(REFUSALS[fault]) as caught:
        mirror.refresh(NOW)
    assert type(caught.value) is REFUSALS[fault]
    assert (list(store.state_rows()), store.number("cursor"), store.text("head")) == before
    feed.mend()
    mirror.refresh(NOW)
    assert agrees(store, feed)


@pytest.mark.parametrize("fault", BY_SNAPSHOT)
@pytest.mark.parametrize("known", [True, False], ids=["forgotten", "first"])
def test_a_bad_snapshot_is_thrown_away_whole(
    fault: str, known: bool, feed: Publisher, mirror: Mirror, store: Store
) -> None:
    if known:
        prepare(feed, mirror)
    else:
        feed.publish(9)
    feed.forget(feed.size - 1)
    before = list(store.state_rows())
    feed.fault = fault
    with pytest.raises(BY_SNAPSHOT[fault]):
        mirror.refresh(NOW)
    assert list(store.state_rows()) == before
    feed.mend()
    assert mirror.refresh(NOW).from_snapshot
    assert agrees(store, feed)


@pytest.mark.parametrize("fault", AFTER_DATA)
def test_slips_and_receipts_never_hold_up_a_removal(
    fault: str, feed: Publisher, agreement: Agreement, store: Store
) -> None:
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    private = X25519PrivateKey.generate()
    feed.sealed_for = private.public_key()
    mirror = Mirror(store, feed, replace(agreement, slips=SlipKeys(TOKEN_KEY, private)))
    prepare(feed, mirror)
    feed.fault = fault
    with pytest.raises(AFTER_DATA[fault]):
        mirror.refresh(NOW)
    assert agrees(store, feed)
    feed.mend()
    mirror.refresh(NOW)
    assert feed.receipt == feed.size and store.counts()["slips"] == len(feed.people)


def test_every_fault_of_the_simulator_has_a_case() -> None:
    healed = {"beyond_head", "rolled_back"}
    assert set(FAULTS) == REFUSALS.keys() | BY_SNAPSHOT.keys() | AFTER_DATA.keys() | healed


def test_every_refusal_has_its_own_code_and_exit_code() -> None:
    kinds = [
        kind
        for module in (errors, trouble)
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, MirrorError) and kind is not MirrorError
    ]
    kinds = list(dict.fromkeys(kinds))
    assert len({kind.exit_code for kind in kinds}) == len({kind.default_code for kind in kinds}) == len(kinds)
    assert all(10 <= kind.exit_code < 64 for kind in kinds)


def test_an_event_past_the_head_is_not_applied(feed: Publisher, mirror: Mirror, store: Store) -> None:
    prepare(feed, mirror)
    feed.fault = "beyond_head"
    assert mirror.refresh(NOW).sequence == feed.size == store.number("cursor")
    assert agrees(store, feed)


def test_a_feed_that_goes_backwards(feed: Publisher, mirror: Mirror, store: Store) -> None:
    prepare(feed, mirror)
    mirror.refresh(NOW)
    feed.fault = "rolled_back"
    with pytest.raises(errors.FeedWentBackwards):
        mirror.refresh(NOW)
    assert agrees(store, feed)


@pytest.mark.parametrize("fault", ["fork", "state_lie"])
def test_a_fork_at_the_same_size(fault: str, feed: Publisher, mirror: Mirror) -> None:
    prepare(feed, mirror)
    mirror.refresh(NOW)
    feed.fault = fault
    with pytest.raises(errors.FeedForked):
        mirror.refresh(NOW)


def test_a_restored_backup_that_grew_again_is_another_log(feed: Publisher, mirror: Mirror, store: Store) -> None:
    prepare(feed, mirror)
    mirror.refresh(NOW)
    restored = Publisher(seed=99)
    restored.publish(feed.size + 5)
    forked = Mirror(store, restored, Agreement("agency"))
    with pytest.raises(errors.LogMismatch):
        forked.refresh(NOW)
    restored.forget(restored.size)
    with pytest.raises(errors.ConsistencyMissing):
        forked.refresh(NOW)


def test_cosignatures_that_the_agreement_asks_for(feed: Publisher, store: Store, agreement: Agreement) -> None:
    """None asked: a witness that is down holds up nothing. Some asked: a head without them is not followed."""
    feed.publish(3)
    assert Mirror(store, feed, agreement).refresh(NOW).witnesses == ("witness-a",)
    strict = Mirror(store, feed, replace(agreement, witnesses=1))
    feed.has_witness = False
    (entry,) = feed.publish()
    with pytest.raises(errors.WitnessesMissing):
        strict.refresh(NOW)
    assert store.revision(entry) is None
    assert Mirror(store, feed, agreement).refresh(NOW).witnesses == ()
    feed.has_witness = True
    assert strict.refresh(NOW).witnesses == ("witness-a",) and agrees(store, feed)
    feed.fault = "false_cosignature"
    with pytest.raises(errors.HeadUntrusted):
        strict.refresh(NOW)


def test_it_waits_at_the_publisher(feed: Publisher, mirror: Mirror) -> None:
    feed.publish(3)
    mirror.refresh(NOW)
    assert not mirror.wait(1)
    feed.publish()
    assert mirror.wait(1)
    mirror.refresh(NOW)
    feed.fault = "endless"
    with pytest.raises(errors.FeedEndless):
        mirror.wait(1)
    feed.mend()
    feed.publish()
    feed.forget(feed.size)
    assert mirror.wait(1)


def test_an_empty_publication(feed: Publisher, mirror: Mirror, store: Store) -> None:
    assert mirror.refresh(NOW).sequence == 0
    (only,) = feed.publish()
    mirror.refresh(NOW)
    feed.remove(only)
    assert mirror.refresh(NOW).count == 0
    assert agrees(store, feed) and feed.taken[-1] == 2


def test_removed_then_listed_again(feed: Publisher, mirror: Mirror, store: Store) -> None:
    (old,) = feed.publish(case_number="（2026）豫0105执77号")
    mirror.refresh(NOW)
    feed.remove(old)
    (new,) = feed.publish(case_number="（2026）豫0105执77号")
    mirror.refresh(NOW)
    assert agrees(store, feed) and store.has_departed(old) and store.revision(new) == 1


def test_erased_bodies(feed: Publisher, mirror: Mirror, store: Store) -> None:
    feed.has_snapshots = False
    one, two, three = feed.publish(3)
    feed.annotate(one)
    feed.annotate(one, mark="suspended")
    feed.correct(two, name="更正")
    feed.remove(three)
    assert len(feed.erased) == 3
    report = mirror.refresh(NOW)
    assert report.changes.erased == 3 and not report.from_snapshot
    assert agrees(store, feed)


def test_a_forgotten_cursor_goes_by_the_snapshot(feed: Publisher, mirror: Mirror, store: Store) -> None:
    prepare(feed, mirror)
    feed.forget(feed.size - 1)
    assert mirror.refresh(NOW).from_snapshot and agrees(store, feed)
    feed.has_snapshots = False
    feed.publish(3)
    feed.forget(feed.size)
    with pytest.raises(errors.SnapshotMissing):
        mirror.refresh(NOW)


def test_a_snapshot_older_than_the_head_is_continued_by_events(feed: Publisher, mirror: Mirror, store: Store) -> None:
    entries = feed.publish(300)
    feed.snapshot_lag = feed.snapshot()
    feed.remove(entries[5])
    feed.correct(entries[6], name="更正")
    report = mirror.refresh(NOW)
    assert report.from_snapshot and report.changes.events == 2
    assert agrees(store, feed)


def test_without_tiles_a_first_sync_goes_by_events(feed: Publisher, mirror: Mirror, store: Store) -> None:
    entries = feed.publish(70)
    feed.remove(entries[3])
    feed.has_tiles = False
    report = mirror.refresh(NOW)
    assert not report.from_snapshot and report.changes.events == 71
    assert agrees(store, feed)


def test_key_rotation(feed: Publisher, mirror: Mirror, store: Store) -> None:
    feed.publish(2)
    mirror.refresh(NOW)
    feed.rotate_key()
    feed.publish(2)
    mirror.refresh(NOW)
    feed.log_keys = feed.log_keys[1:]
    feed.publish(2)
    mirror.refresh(NOW)
    assert agrees(store, feed)


def test_an_old_key_list_never_comes_back(feed: Publisher, mirror: Mirror) -> None:
    feed.publish()
    old = feed.keys
    feed.rotate_key()
    mirror.refresh(NOW)
    feed.keys = old
    with pytest.raises(errors.KeysWentBackwards):
        mirror.refresh(NOW)


def test_the_list_of_the_agreement_binds_the_first_fetch(feed: Publisher, store: Store) -> None:
    trusted = sign_key_list(feed.keys, feed.roots)
    feed.publish()
    feed.fault = "keys_forged"
    with pytest.raises(errors.KeysUntrusted):
        Mirror(store, feed, Agreement("agency", trusted_keys=trusted)).refresh(NOW)
    feed.mend()
    Mirror(store, feed, Agreement("agency", trusted_keys=trusted)).refresh(NOW)
    assert agrees(store, feed)


def test_an_operator_may_give_a_newer_list(feed: Publisher, store: Store) -> None:
    """Two changes of the roots while the mirror slept: nothing that it knows signs the newest list."""
    feed.publish()
    Mirror(store, feed, Agreement("agency")).refresh(NOW)
    feed.roots = feed.keys_signers = [signer(f"{feed.origin.host}/root", f"later{index}") for index in range(3)]
    first, last = feed.keys.roots[0].first_day, feed.keys.roots[0].last_day
    roots = tuple(DatedKey(root.verifier, first, last) for root in feed.roots)
    feed.keys = replace(feed.keys, version=feed.keys.version + 2, roots=roots)
    feed.publish()
    with pytest.raises(errors.KeysUntrusted):
        Mirror(store, feed, Agreement("agency")).refresh(NOW)
    by_hand = sign_key_list(feed.keys, feed.roots)
    Mirror(store, feed, Agreement("agency", trusted_keys=by_hand)).refresh(NOW)
    Mirror(store, feed, Agreement("agency")).refresh(NOW)
    assert agrees(store, feed)


def test_an_epoch_is_changed_by_a_person_alone(feed: Publisher, store: Store, agreement: Agreement) -> None:
    prepare(feed, mirror := Mirror(store, feed, agreement))
    feed.new_epoch()
    with pytest.raises(errors.OtherEpoch) as caught:
        mirror.refresh(NOW)
    assert "agency/2" in str(caught.value)
    again = Mirror(store, feed, replace(agreement, epoch=2))
    assert again.refresh(NOW).from_snapshot
    assert {e for _, e, _ in store.state_rows()} == set(feed.bodies)


def test_another_stream_needs_another_directory(feed: Publisher, mirror: Mirror, store: Store) -> None:
    mirror.refresh(NOW)
    with pytest.raises(trouble.OtherStream):
        Mirror(store, feed, Agreement("bureau"))


def test_a_clock_off_by_a_day(feed: Publisher, mirror: Mirror, store: Store) -> None:
    feed.publish()
    with pytest.raises(errors.HeadExpired):
        mirror.refresh(NOW + timedelta(days=1))
    with pytest.raises(errors.HeadFromFuture):
        mirror.refresh(NOW - timedelta(days=1))
    mirror.refresh(NOW)
    with pytest.raises(errors.HeadExpired):
        mirror.refresh(NOW + timedelta(days=1))
    assert agrees(store, feed)


def test_canaries_are_applied_counted_and_known_as_such(feed: Publisher, mirror: Mirror, store: Store) -> None:
    feed.publish(3)
    (canary,) = feed.publish(canary=True)
    mirror.refresh(NOW)
    (later,) = feed.publish(canary=True)
    assert mirror.refresh(NOW).count == 5
    assert store.counts()["canaries"] == 2 and agrees(store, feed)
    feed.remove(canary)
    feed.remove(later)
    mirror.refresh(NOW)
    assert agrees(store, feed) and feed.receipt == feed.size


def test_the_published_state_is_no_receipt(feed: Publisher, mirror: Mirror) -> None:
    """An echo of our own root, signed with the right key: the proof over the lines is missing."""
    feed.publish(5)
    answer = feed.post(
        "/v1/streams/agency/receipts/nonce", canonical_json({"sequence": 5}), content_type="", limit=9999
    )
    nonce = unb64url(parse_json(answer.body, "n")["nonce"], "n")
    head = feed.head()
    echo = Receipt("feed.test", "bureau-a", "agency", 1, 5, 5, head.state, nonce, head.state, 0, 0, 0, 0, 0, NOW)
    refused = feed.post("/x/receipts", sign_receipt(echo, feed.subscriber).encode(), content_type="", limit=9999)
    assert refused.status == 409 and b"state-mismatch" in refused.body and feed.receipt == 0
    mirror.refresh(NOW)
    assert feed.receipt == 5


def test_a_receipt_sent_twice(feed: Publisher, mirror: Mirror, monkeypatch: pytest.MonkeyPatch) -> None:
    feed.publish(5)
    sent: list[bytes] = []
    post = feed.post

    def keep(path: str, body: bytes, **rest: object) -> object:
        sent.append(body)
        return post(path, body, **rest)  # type: ignore[arg-type]

    monkeypatch.setattr(feed, "post", keep)
    mirror.refresh(NOW)
    again = post("/x/receipts", sent[-1], content_type="", limit=9999)
    assert again.status == 409 and b"nonce-used" in again.body


def _lose_an_entry(store: Store, entries: list[str]) -> None:
    store.drop_entries(entries[:1])


def _keep_one_that_left(store: Store, entries: list[str]) -> None:
    from sync.mirror.store import row_of

    ghost = "lst_" + "z" * 24
    store.put_entries([row_of(ghost, revision=1, sequence=1, canary=False, kind="listing", unit_code=None, line=b"{}")])


def _miss_a_correction(store: Store, entries: list[str]) -> None:
    store._db.execute("UPDATE entries SET revision = 9 WHERE entry = ?", (entries[1],))


@pytest.mark.parametrize("damage", [_lose_an_entry, _keep_one_that_left, _miss_a_correction])
def test_a_copy_that_drifted_is_healed_by_its_buckets(
    damage: Callable[[Store, list[str]], None], feed: Publisher, mirror: Mirror, store: Store
) -> None:
    entries = feed.publish(40)
    mirror.refresh(NOW)
    with store.transaction():
        damage(store, entries)
    feed.remove(entries[9])
    feed.asked.clear()
    feed.now = NOW + timedelta(days=1)
    report = mirror.refresh(feed.now)
    assert report.healed == 1 and agrees(store, feed) and feed.receipt == feed.size
    lines = [path for path in feed.asked if path.count("/") == 6 and "/state/" in path]
    assert len(lines) == 1


def test_an_overdue_subscriber_gets_removals_and_comes_back(feed: Publisher, mirror: Mirror, store: Store) -> None:
    entries = feed.publish(6)
    mirror.refresh(NOW)
    feed.overdue = True
    feed.publish(2)
    feed.remove(entries[0])
    report = mirror.refresh(NOW)
    assert report.overdue and store.has_departed(entries[0]) and report.changes.withheld == 2
    assert store.counts()["without_body"] == 2 and feed.receipt == feed.size
    feed.overdue = False
    feed.publish(1)
    report = mirror.refresh(NOW)
    assert report.from_snapshot and not report.overdue and agrees(store, feed)


def test_pushes_wake_in_any_order(feed: Publisher, mirror: Mirror, store: Store) -> None:
    """A push says that there is something; what there is, the pull says."""
    key = feed.log_keys[0].private
    public = key.public_key().public_bytes_raw()
    pushes = []
    for sequence in (1, 2, 3):
        feed.publish()
        body = push_body(stream="agency", sequence=sequence, urgent=False)
        pushes.append((push_headers(body, message_id=f"msg{sequence}", at=NOW, key=key), body))
    for headers, body in (pushes[2], pushes[0], pushes[1], pushes[1]):
        verify_push(headers, body, public=public, now=NOW)
        mirror.refresh(NOW)
    assert agrees(store, feed) and stored_head(store) is not None
    with pytest.raises(SignatureInvalid):
        verify_push(pushes[0][0], pushes[1][1], public=public, now=NOW)


def test_an_idle_pass_costs_two_questions(feed: Publisher, mirror: Mirror) -> None:
    feed.publish(3)
    mirror.refresh(NOW)
    feed.asked.clear()
    mirror.refresh(NOW)
    assert [path.rpartition("/")[2].partition("?")[0] for path in feed.asked] == ["keys", "head", "slips"]


def _once_after_publishing(feed: Publisher, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The publisher moves on just before it answers this, once."""
    served = getattr(feed, name)

    def racing(*asked: object) -> object:
        feed.publish()
        monkeypatch.setattr(feed, name, served)
        return served(*asked)

    monkeypatch.setattr(feed, name, racing)


@pytest.mark.parametrize("moment", ["_snapshot", "_events", "_state"])
def test_the_feed_may_move_on_in_the_middle(
    moment: str, feed: Publisher, mirror: Mirror, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed.publish(5)
    if moment != "_snapshot":
        mirror.refresh(NOW)
        feed.publish(2)
    if moment == "_state":
        with store.transaction():
            store.drop_entries(feed.in_force[:1])
    _once_after_publishing(feed, moment, monkeypatch)
    with suppress(errors.Diverged):
        mirror.refresh(NOW)
    mirror.refresh(NOW)
    assert agrees(store, feed) and feed.receipt == feed.size


def test_a_removal_is_final_whatever_the_state_says(feed: Publisher, mirror: Mirror, store: Store) -> None:
    """A signed state that brings an entry back contradicts the log: the log wins."""
    entries = feed.publish(3)
    feed.remove(entries[0])
    mirror.refresh(NOW)
    feed.publish()
    feed.state.put(entries[0], 5)
    with pytest.raises(MirrorError) as caught:
        mirror.refresh(NOW)
    assert isinstance(caught.value, errors.StateContradicts)
    assert store.revision(entries[0]) is None
