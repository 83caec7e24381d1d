"""Both sides by one loop: what stands here stands there, over every profile and channel."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from creditsvc.services import Services
from sync.platform.shape.load import shipped
from sync.platform.shape.profile import Layout
from tests.platform.world import World, database_world, folder_world

PROFILES = sorted(shipped())


@pytest.fixture(params=PROFILES)
def loop(request: pytest.FixtureRequest, sqlite_services: Services, tmp_path: Path) -> Iterator[World]:
    """One world a profile."""
    name: str = request.param
    if shipped()[name].layout is Layout.TABLE:
        made = database_world(sqlite_services, f"sqlite:///{tmp_path / 'front.db'}", tmp_path, name)
    else:
        made = folder_world(sqlite_services, tmp_path, name)
    yield made
    made.close()


def test_what_stands_here_stands_there(loop: World) -> None:
    people, units = loop.register.listings(5), loop.register.listings(3, units=True)
    loop.round()
    assert loop.ledger.state() == dict.fromkeys(people + units, (1, "listed"))
    loop.register.correct(people[0])
    loop.register.annotate(people[1], "disputed")
    loop.register.remove(people[2])
    loop.register.remove(units[0], revoked=True)
    late = loop.register.listings(1)
    loop.register.remove(late[0])
    loop.round()
    expected = dict.fromkeys(people + units, (1, "listed"))
    expected |= {people[0]: (2, "listed"), people[1]: (2, "listed"), people[2]: (2, "ended"), units[0]: (2, "ended")}
    assert loop.ledger.state() == expected
    made = loop.compare()
    assert made is not None and made.state == "agrees" and made.waiting == 0
    assert loop.standin.seen.bad_signatures == 0
    assert loop.standin.seen.results == {"accepted": 12}
    numbers = loop.ledger.numbers()
    assert numbers[people[2]] == "" and numbers[people[3]] == loop.register.numbers[3].number
