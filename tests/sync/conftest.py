"""A register to publish from, on either database."""

from __future__ import annotations

import pytest

from creditsvc.services import Services
from tests.support.feed_world import Register


@pytest.fixture
def register(services: Services) -> Register:
    """Empty, with the streams made."""
    return Register(services)
