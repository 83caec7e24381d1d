"""One process of the race: writers that roll some of their work back, and a sequencer; it may be killed at any instant.

Called as ``python -m tests.sync.race_worker HOME REGISTER KEYS SEED WRITERS``. What was acknowledged is written to
``acknowledged`` in HOME, an entry a line, after its commit. It ends when ``stop`` lies in HOME.

PostgreSQL hands numbers to rows before they are committed, so later ones are seen first. SQLite has one writer at a time
and never would; there the writers take their numbers beforehand, in a transaction of its own, as applications do that
have an allocator for them (hi/lo). So ids run ahead of commits on both.
"""

from __future__ import annotations

import itertools
import os
import random
import sys
import threading
from pathlib import Path

from sqlalchemy import event, text
from sqlalchemy.exc import SQLAlchemyError

from creditsvc.services import Services, open_services
from creditsvc.storage.outbox import Outbox
from sync.publish import sequence_once
from tests.support import feed_world
from tests.support.apps import test_settings
from tests.support.feed_world import Register

ROLLED_BACK = 0.05
BLOCK = 16
"""Numbers that a writer takes at a time."""


def main(home: Path, register: str, keys: str, seed: int, writers: int) -> None:
    """Write and number until told to stop."""
    services = open_services(test_settings(home, database_url=register, keys_url=keys))
    feed_world._serial = itertools.count(seed * 1_000_000 + 1)
    stop = home / "stop"
    log = os.open(home / "acknowledged", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    if services.database.is_sqlite:
        _number_beforehand(services)
    work = [threading.Thread(target=_write, args=(services, stop, log, seed * 100 + place)) for place in range(writers)]
    work += [threading.Thread(target=_number, args=(services, stop)) for _ in range(2)]
    for thread in work:
        thread.start()
    for thread in work:
        thread.join()
    services.dispose()


_taken = threading.local()
"""Numbers that this thread has taken and not used yet."""


def _number_beforehand(services: Services) -> None:
    with services.database.writing() as session:
        session.execute(text("CREATE TABLE IF NOT EXISTS race_number (last INTEGER NOT NULL)"))
        if session.scalar(text("SELECT count(*) FROM race_number")) == 0:
            session.execute(text("INSERT INTO race_number VALUES (0)"))

    @event.listens_for(Outbox, "before_insert")
    def numbered(_mapper: object, _connection: object, fact: Outbox) -> None:
        fact.id = _taken.numbers.pop(0)


def _take(services: Services, count: int) -> None:
    """Have at least so many numbers at hand."""
    at_hand: list[int] = getattr(_taken, "numbers", [])
    if len(at_hand) < count:
        with services.database.writing() as session:
            last = session.scalar(text(f"UPDATE race_number SET last = last + {BLOCK} RETURNING last")) or 0
        at_hand = list(range(last - BLOCK + 1, last + 1))
    _taken.numbers = at_hand


def _write(services: Services, stop: Path, log: int, seed: int) -> None:
    chance, register = random.Random(seed), Register.__new__(Register)
    register.services, register.numbers = services, []
    pause = threading.Event()
    while not stop.exists():
        count = 1 + chance.randrange(3)
        try:
            if services.database.is_sqlite:
                _take(services, count)
                pause.wait(chance.random() * 0.05)
            with services.database.writing() as session:
                entries = register.add(session, count)
                if chance.random() < ROLLED_BACK:
                    raise InterruptedError
                if not services.database.is_sqlite:
                    # transactions overlap, so numbers are given in another order than commits come
                    pause.wait(chance.random() * 0.1)
            os.write(log, "".join(f"{entry}\n" for entry in entries).encode())
        except InterruptedError:
            continue
        except SQLAlchemyError:
            pause.wait(0.05)


def _number(services: Services, stop: Path) -> None:
    pause = threading.Event()
    while not stop.exists():
        try:
            sequence_once(services, services.clock.now(), batch=23)
        except SQLAlchemyError:
            pause.wait(0.05)
        pause.wait(0.01)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5]))
