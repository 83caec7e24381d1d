"""A process that is asked to end, also twice at once: systemd and a terminal both ask."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from creditsvc.jobs.stopping import Stopping

MANY = """
import os, signal, threading
from creditsvc.jobs.stopping import Stopping
made = Stopping()
def ask():
    for _ in range(20000):
        os.kill(os.getpid(), signal.SIGTERM)
threading.Thread(target=ask, daemon=True).start()
while not made.look():
    pass
print("ended")
"""


@pytest.fixture
def handlers() -> Iterator[None]:
    """Those of the test run come back."""
    before = {name: signal.getsignal(name) for name in (signal.SIGINT, signal.SIGTERM)}
    yield
    for name, handler in before.items():
        signal.signal(name, handler)


@pytest.mark.usefixtures("handlers")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_noted(how: signal.Signals) -> None:
    made = Stopping()
    assert not made.asked
    os.kill(os.getpid(), how)
    begun = time.monotonic()
    assert made.look()
    assert time.monotonic() - begun < 5


def test_many_signals_at_once_end_it_all_the_same() -> None:
    done = subprocess.run([sys.executable, "-c", MANY], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == "ended\n"
