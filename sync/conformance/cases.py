"""Every conformance case of the contract: what the publisher does, and what a client must do about it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from creditsvc.kernel.days import legal_day
from creditsvc.kernel.text import Bilingual
from sync.conformance.kit import CaseFailed, Kit
from sync.conformance.publisher import person

SOON = timedelta(seconds=8)
WHO, SOMEBODY, NOBODY = person(123), person(456), person(789)


@dataclass(frozen=True, slots=True)
class Case:
    """One case. ``asks``: it needs the command that asks the client's copy."""

    name: str
    title: Bilingual
    run: Callable[[Kit], None]
    asks: bool = False


def _after_history(fault: str, kit: Kit) -> None:
    kit.history()
    kit.spoilt(fault)


def _first_sync(fault: str, kit: Kit) -> None:
    """A first sync that can only be by the snapshot."""
    kit.feed.publish(9)
    kit.feed.remove(kit.feed.in_force[0])
    kit.feed.forget(kit.feed.size - 1)
    kit.spoilt(fault)


def _at_the_same_size(fault: str, kit: Kit) -> None:
    kit.history()
    kit.follows()
    kit.spoilt(fault)


def _passes_that_bring_nothing(kit: Kit) -> None:
    """Pushes come late, early and twice: each only wakes, and what there is the pull says."""
    kit.history()
    for _ in range(3):
        kit.follows()
    kit.feed.publish(2)
    kit.follows()
    kit.follows()


def _past_the_head(kit: Kit) -> None:
    kit.history()
    kit.feed.fault = "beyond_head"
    kit.follows()


def _forgotten_cursor(kit: Kit) -> None:
    kit.history()
    kit.feed.forget(kit.feed.size - 1)
    kit.follows()


def _cursor_ahead(kit: Kit) -> None:
    """Refused as often as it is met: a client never begins again by itself."""
    kit.history()
    kit.feed.fault = "cursor_ahead"
    kit.refuses("cursor_ahead")
    kit.spoilt("cursor_ahead")


def _listed_again(kit: Kit) -> None:
    entries = kit.history()
    kit.follows()
    kit.feed.remove(entries[4])
    kit.feed.publish(1, case_number="（2026）豫0105执77号")
    kit.follows()


def _erased_bodies(kit: Kit) -> None:
    kit.feed.has_snapshots = False
    entries = kit.history()
    kit.feed.correct(entries[1], name="再更正")
    kit.feed.annotate(entries[3], mark="suspended")
    kit.feed.remove(entries[5], exit_="revoked", effect="erase")
    kit.follows()


def _rolled_back(kit: Kit) -> None:
    kit.history()
    kit.follows()
    kit.spoilt("rolled_back")


def _without_consistency(fault: str, kit: Kit) -> None:
    """A jump by the snapshot is believed only if the log is proved to continue the one that the client knows."""
    kit.history()
    kit.feed.forget(kit.feed.size - 1)
    kit.spoilt(fault)


def _key_rotation(kit: Kit) -> None:
    kit.history()
    kit.feed.rotate_key()
    kit.follows()
    kit.feed.log_keys = kit.feed.log_keys[1:]
    kit.feed.publish(2)
    kit.follows()


def _old_key_list(kit: Kit) -> None:
    kit.history()
    old = kit.feed.keys
    kit.feed.rotate_key()
    kit.follows()
    kit.feed.keys, newest = old, kit.feed.keys
    kit.refuses("old_key_list")
    kit.feed.keys = newest
    kit.follows()


def _empty(kit: Kit) -> None:
    kit.follows()
    (only,) = kit.feed.publish()
    kit.follows()
    kit.feed.remove(only)
    kit.follows()


def _canary(kit: Kit) -> None:
    """Counted in the state like any entry, so that the receipt shows a client which skips it."""
    kit.history()
    (canary,) = kit.feed.publish(canary=True)
    kit.follows()
    kit.feed.remove(canary)
    kit.feed.publish(canary=True)
    kit.follows()


def _canary_shown_to_nobody(kit: Kit) -> None:
    kit.feed.publish_person(WHO, canary=True)
    kit.feed.publish_person(SOMEBODY)
    kit.follows()
    kit.says(SOMEBODY, {"restricted"})
    kit.says(WHO, {"clear"})


def _echo(kit: Kit) -> None:
    """A published state that brings back who was removed: whoever echoes it, or proves it by our own lines, confirms
    what its copy must not hold."""
    entries = kit.history()
    kit.follows()
    kit.feed.publish()
    kit.feed.state.put(entries[0], 5)
    kit.refuses("echo")
    kit.feed.state.remove(entries[0])
    kit.follows()


def _nonce_used(kit: Kit) -> None:
    kit.history()
    kit.spoilt("nonce_used")


def _other_epoch(kit: Kit) -> None:
    """Announced by the roots: refused until its operator says so."""
    kit.history()
    kit.follows()
    kit.feed.new_epoch()
    kit.refuses("new_epoch")
    kit.refuses("new_epoch")
    kit.speak_of(kit.feed.origin.epoch)
    kit.follows()


def _slip(fault: str, kit: Kit) -> None:
    """The removals come first: they are applied and may be confirmed whatever the slip says."""
    kit.history()
    kit.feed.fault = fault
    kit.refuses(fault, receipts_too=False)
    kit.feed.mend()
    kit.follows()


def _until_with_the_feed_down(kit: Kit) -> None:
    today = legal_day(kit.feed.now)
    kit.feed.publish_person(WHO, until=(today - timedelta(days=1)).isoformat())
    kit.feed.publish_person(SOMEBODY, until=(today + timedelta(days=30)).isoformat())
    kit.follows()
    kit.feed.fault = "down"
    kit.refuses("down")
    kit.says(SOMEBODY, {"restricted"})
    kit.says(WHO, {"clear"})


def _expired_copy(kit: Kit) -> None:
    """A copy past its head's expiry may doubt; it may not restrict."""
    kit.feed.publish_person(WHO)
    kit.feed.life = SOON
    kit.follows()
    kit.feed.fault = "down"
    time.sleep(SOON.total_seconds() + 1)
    kit.says(WHO, {"doubt"})


def _gone_is_gone(kit: Kit) -> None:
    entry = kit.feed.publish_person(WHO)
    kit.follows()
    kit.says(WHO, {"restricted"})
    kit.says(NOBODY, {"clear"})
    kit.feed.remove(entry)
    kit.follows()
    kit.says(WHO, {"clear"})


def _overdue(kit: Kit) -> None:
    entries = kit.history()
    kit.follows()
    kit.feed.overdue = True
    kit.feed.publish(2)
    kit.feed.remove(entries[4])
    before = kit.feed.receipt
    kit.attempt()
    if kit.feed.receipt == before:
        raise CaseFailed("逾期期间没有确认移除", "overdue, it did not confirm the removal")
    kit.feed.overdue = False
    kit.feed.publish(1)
    kit.follows()


def _older_snapshot(kit: Kit) -> None:
    entries = kit.feed.publish(300)
    kit.feed.snapshot_lag = kit.feed.snapshot()
    kit.feed.remove(entries[5])
    kit.feed.correct(entries[6], name="更正")
    kit.follows()


def _case(name: str, zh: str, en: str, run: Callable[[Kit], None], *, asks: bool = False) -> Case:
    return Case(name, Bilingual(zh, en), run, asks)


def _fault(name: str, fault: str, zh: str, en: str, how: Callable[[str, Kit], None] = _after_history) -> Case:
    return _case(name, zh, en, partial(how, fault))


CASES: tuple[Case, ...] = (
    _fault("gap", "gap", "缺一个事件", "a gap"),
    _fault("duplicate", "duplicate", "一个事件来两次", "a duplicate"),
    _fault("reordered", "reorder", "事件次序颠倒", "events out of order"),
    _case("push-order", "推送次序颠倒、重复", "pushes out of order and twice", _passes_that_bring_nothing),
    _fault("tampered-event", "tampered_event", "事件被篡改", "an event that the log didn't commit to"),
    _fault("truncated", "truncated", "未到流头即中断", "a feed that ends before its head"),
    _fault("malformed", "malformed", "格式错误的行", "a line that isn't the contract's"),
    _fault("cut-line", "cut_line", "半行", "half a line"),
    _case("past-the-head", "流头之后的事件", "an event past the head", _past_the_head),
    _fault("snapshot-cut", "snapshot_cut", "快照被截断", "a snapshot cut short", _first_sync),
    _fault(
        "snapshot-no-trailer", "snapshot_without_trailer", "快照无签名尾", "a snapshot without trailer", _first_sync
    ),
    _fault("snapshot-false-trailer", "snapshot_false_trailer", "签名尾是假的", "a false trailer", _first_sync),
    _fault("snapshot-tampered", "snapshot_tampered", "快照被篡改", "a changed snapshot", _first_sync),
    _fault("snapshot-other-state", "snapshot_other_state", "快照状态不符", "a snapshot of another state", _first_sync),
    _case("snapshot-older", "早于流头的快照", "a snapshot older than the head", _older_snapshot),
    _case("cursor-forgotten", "游标已被遗忘", "a forgotten cursor", _forgotten_cursor),
    _case("cursor-ahead", "游标超前", "a cursor ahead", _cursor_ahead),
    _case("listed-again", "移除后再次列入", "removed, then listed again", _listed_again),
    _case("erased", "已擦除的内容", "erased bodies", _erased_bodies),
    _fault("expired", "expired", "流头已过期（时钟快一天）", "an expired head (a clock that is a day fast)"),
    _fault("future", "future", "流头来自将来（时钟慢一天）", "a head from the future (a clock that is a day slow)"),
    _case("rolled-back", "流头倒退", "a head rolled back", _rolled_back),
    _fault("fork", "fork", "分叉：同一序号不同的根", "a fork: same size, other root", _at_the_same_size),
    _fault("fork-state", "state_lie", "分叉：同一序号不同的状态", "a fork: same size, other state", _at_the_same_size),
    _fault("state-lie", "state_lie", "状态与事件不符", "a state that isn't that of the events"),
    _fault("no-consistency", "tiles_missing", "缺少一致性证明", "a missing consistency proof", _without_consistency),
    _fault("false-consistency", "tiles_false", "一致性证明是假的", "a false one", _without_consistency),
    _case("key-rotation", "密钥轮换", "key rotation", _key_rotation),
    _case("old-key-list", "密钥清单倒退", "an older key list", _old_key_list),
    _fault("forged-keys", "keys_forged", "伪造的密钥清单", "a forged key list"),
    _fault("unknown-signature", "unknown_signature", "未知的签名", "an unknown signature"),
    _fault("false-cosignature", "false_cosignature", "见证联署是假的", "a false cosignature of a witness"),
    _fault("other-origin", "other_origin", "其他主机的流头", "a head of another host"),
    _case("empty", "空的发布", "an empty publication", _empty),
    _case("canary", "校验记录计入状态", "canaries are counted", _canary),
    _case("canary-hidden", "校验记录不示人", "canaries are shown to nobody", _canary_shown_to_nobody, asks=True),
    _case("echo", "照抄已发布的状态作回执", "the published state echoed as a receipt", _echo),
    _case("nonce-used", "随机数被用两次", "a nonce used twice", _nonce_used),
    _fault("nonce-other", "nonce_of_another_sequence", "随机数属于别的序号", "a nonce of another sequence"),
    _fault("endless", "endless", "没有尽头的数据", "endless data"),
    _case("other-epoch", "另一个纪元", "another epoch", _other_epoch),
    _fault("slip-mismatch", "slip_mismatch", "信函与主体不符", "a slip that isn't for its subject", _slip),
    _fault("slip-garbled", "slip_garbled", "信函无法开启", "a slip that can't be opened", _slip),
    _case("overdue", "逾期：仅收移除", "overdue: removals only", _overdue),
    _fault("unreachable", "down", "无法连接", "no answer"),
    _case("gone-is-gone", "移除后不再受限", "who left is not restricted", _gone_is_gone, asks=True),
    _case("until", "期限届满而数据流中断", "until has passed, the feed is down", _until_with_the_feed_down, asks=True),
    _case("expired-copy", "副本过期不得限制", "an expired copy restricts nobody", _expired_copy, asks=True),
)
NEEDS_SEALED = frozenset({"slip-mismatch"})
"""A token can't be compared with a subject: these cases are for sealed numbers alone."""

SAME_ERROR = (
    frozenset({"gap", "reorder"}),
    frozenset({"malformed", "cut_line"}),
    frozenset({"snapshot_cut", "snapshot_without_trailer"}),
    frozenset({"snapshot_false_trailer", "snapshot_tampered"}),
    frozenset({"tiles_missing", "tiles_false"}),
    frozenset({"unknown_signature", "false_cosignature"}),
    frozenset({"fork", "state_lie", "echo"}),
    frozenset({"slip_mismatch", "slip_garbled"}),
    frozenset({"keys_forged", "old_key_list"}),
)
"""Faults that a client may report alike: they are found by the same check. All others have an error of their own."""
