"""A publisher in memory and mirrors of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sync.mirror.client import Agreement, Mirror
from sync.mirror.identities import SlipKeys
from sync.mirror.store import Store
from tests.support.feed_simulator import TOKEN_KEY, Publisher

MakeMirror = Callable[..., Mirror]


@pytest.fixture
def feed() -> Publisher:
    """A publisher that behaves."""
    return Publisher()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty copy."""
    made = Store(tmp_path / "copy.sqlite")
    yield made
    made.close()


@pytest.fixture
def agreement(feed: Publisher) -> Agreement:
    """Token slips and receipts on the agencies' stream."""
    return Agreement(feed.origin.stream, receipts=feed.subscriber, slips=SlipKeys(TOKEN_KEY))


@pytest.fixture
def mirror(store: Store, feed: Publisher, agreement: Agreement) -> Mirror:
    """A mirror of the publisher."""
    return Mirror(store, feed, agreement)
