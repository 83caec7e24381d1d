"""Builds a snapshot in a process of its own, so that the memory is the builder's alone; prints a line of JSON.

python -m tests.benchmarks.snapshot_once HOME
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from creditsvc.services import open_services
from creditsvc.settings import Settings
from sync.snapshots import snapshot_file
from tests.benchmarks.figures import peak_mib, timed

STREAM = "public"


def main(home: Path) -> None:
    """Build it anew and say what that took."""
    services = open_services(Settings(home=home, demo=True))
    for old in (home / "feed" / STREAM).rglob("*.gz"):
        old.unlink()
    before, processor = peak_mib(), time.process_time()
    with timed() as building:
        path, _, _ = snapshot_file(services, STREAM, services.clock.now())
    processor = time.process_time() - processor
    told = {
        "seconds": building.seconds,
        "processor": processor,
        "before": before,
        "peak": peak_mib(),
        "path": str(path),
    }
    sys.stdout.write(json.dumps(told) + "\n")
    services.dispose()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
