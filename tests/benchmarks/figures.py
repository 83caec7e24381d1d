"""Prints figures: one line each, name, value, baseline, ratio; and the court staff that the measured work needs."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from creditsvc.access.callers import Caller, CallerKind
from creditsvc.access.permissions import ROLE_PERMISSIONS, StaffRole


@dataclass
class Timed:
    """How long a block took."""

    seconds: float = 0.0


@contextmanager
def timed() -> Iterator[Timed]:
    """Measure a block by the monotonic clock."""
    found, start = Timed(), time.perf_counter()
    yield found
    found.seconds = time.perf_counter() - start


def report(name: str, count: int, seconds: float, baseline: float) -> float:
    """Print a rate beside its baseline's; the ratio."""
    rate, base = count / seconds, count / baseline
    sys.stdout.write(f"\nFIGURE {name}: {rate:,.0f}/s, baseline {base:,.0f}/s, ratio {rate / base:.3f}\n")
    return rate / base


def peak_mib() -> float:
    """Peak memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def forget_peak() -> None:
    """Reckon peak memory from here on, where the system lets us: what was laid down before is not what is measured."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", "ascii")


def staff(role: StaffRole, person: str) -> Caller:
    """Somebody at the province's high court."""
    return Caller(CallerKind.STAFF, 1, person, role=role.value, court_code="豫", permissions=ROLE_PERMISSIONS[role])
