"""Random histories with random faults: whatever happened, the copy ends equal to the publisher. A broken client doesn't."""

from __future__ import annotations

import random
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest

from sync.mirror.client import Agreement, Mirror
from sync.mirror.errors import MirrorError
from sync.mirror.identities import SlipKeys
from sync.mirror.store import Store
from sync.wire.keys import sign_key_list
from tests.mirror.test_conformance import agrees
from tests.support.feed_simulator import FAULTS, NOW, TOKEN_KEY, Publisher

STEPS = 6


def act(feed: Publisher, chance: random.Random) -> None:
    """Something that a court does."""
    entries = feed.in_force
    what = chance.choice(
        ["publish", "publish", "remove", "remove", "correct", "annotate", "canary", "relist", "forget"]
    )
    if what == "canary":
        feed.publish(canary=True)
    elif what == "forget":
        feed.forget(chance.randint(feed.forget_before, feed.size))
    elif what == "publish" or not entries:
        feed.publish(chance.randint(1, 4))
    elif what in {"remove", "relist"}:
        feed.remove(chance.choice(entries), effect=chance.choice(["stop_use", "erase"]))
        if what == "relist":
            feed.publish()
    elif what == "correct":
        feed.correct(chance.choice(entries), name="更正")
    else:
        feed.annotate(chance.choice(entries))


def run(directory: Path, seed: int, seen: Counter[str]) -> bool:
    """One history; whether the copy ended equal to the publisher's state."""
    chance = random.Random(seed)
    feed = Publisher(seed=seed)
    feed.publish(chance.randint(0, 6))
    store = Store(directory / f"{seed}.sqlite")
    trusted = sign_key_list(feed.keys, feed.roots)
    agreement = Agreement("agency", trusted_keys=trusted, receipts=feed.subscriber, slips=SlipKeys(TOKEN_KEY))
    try:
        for step in range(STEPS):
            for _ in range(chance.randint(0, 3)):
                act(feed, chance)
            # every fault in turn, so that none is left to luck, and one more by chance
            feed.fault = FAULTS[(seed + step * 17) % len(FAULTS)] if chance.random() < 0.7 else chance.choice(FAULTS)
            seen[feed.fault] += 1
            feed.overdue = chance.random() < 0.1
            with suppress(MirrorError):
                Mirror(store, feed, agreement).refresh(NOW)
        feed.mend()
        feed.overdue = False
        (last,) = feed.publish()
        for _ in range(2):
            with suppress(MirrorError):
                Mirror(store, feed, agreement).refresh(NOW)
            if last in feed.bodies:
                feed.remove(last)
        return agrees(store, feed) and feed.receipt == feed.size
    finally:
        store.close()


def runs(directory: Path, count: int) -> tuple[list[int], Counter[str]]:
    """The seeds whose run ended differently, and how often each fault was in force."""
    seen: Counter[str] = Counter()
    return [seed for seed in range(count) if not run(directory, seed, seen)], seen


def test_a_hundred_histories_end_equal(tmp_path: Path) -> None:
    different, seen = runs(tmp_path, 100)
    assert different == []
    assert min(seen[fault] for fault in FAULTS) >= 3


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_thousand_histories_end_equal(tmp_path: Path) -> None:
    different, seen = runs(tmp_path, 1000)
    assert different == []
    assert min(seen[fault] for fault in FAULTS) >= 3


def test_a_client_that_ignores_removals_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Store, "drop_entries", lambda *_: None)
    different, _ = runs(tmp_path, 25)
    assert len(different) > 20
