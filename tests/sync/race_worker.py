"""One process of the race: writers that roll some of their work back, and a sequencer; it may be killed at any instant.

Called as ``python -m tests.sync.race_worker HOME REGISTER KEYS SEED WRITERS``. What was acknowledged is written to
``acknowledged`` in HOME, an entry a line, after its commit. It ends when ``stop`` lies in HOME.
"""

from __future__ import annotations

import itertools
import os
import random
import sys
import threading
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from creditsvc.services import Services, open_services
from sync.publish import sequence_once
from tests.support import feed_world
from tests.support.apps import test_settings
from tests.support.feed_world import Register

ROLLED_BACK = 0.05


def main(home: Path, register: str, keys: str, seed: int, writers: int) -> None:
    """Write and number until told to stop."""
    services = open_services(test_settings(home, database_url=register, keys_url=keys))
    feed_world._serial = itertools.count(seed * 1_000_000 + 1)
    stop = home / "stop"
    log = os.open(home / "acknowledged", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    work = [threading.Thread(target=_write, args=(services, stop, log, seed * 100 + place)) for place in range(writers)]
    work += [threading.Thread(target=_number, args=(services, stop)) for _ in range(2)]
    for thread in work:
        thread.start()
    for thread in work:
        thread.join()
    services.dispose()


def _write(services: Services, stop: Path, log: int, seed: int) -> None:
    chance, register = random.Random(seed), Register.__new__(Register)
    register.services, register.numbers = services, []
    pause = threading.Event()
    while not stop.exists():
        try:
            with services.database.writing() as session:
                entries = register.add(session, 1 + chance.randrange(3))
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
        if services.database.is_sqlite:
            pause.wait(chance.random() * 0.05)


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
