"""Runs ``creditsvc`` commands for tests in processes of their own, without loading the house anew for each.

A parent that has loaded everything forks one child a command: its environment, folder and streams are what the test
names, its exit is its own, and nothing that it does stays. A fresh ``python -m wsgi`` costs seconds only to load, a child
a few milliseconds. Whoever wants to see the start itself runs the program: ``tests/functional/test_trial.py``.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
SECONDS = 240
"""That a command may take at most."""


def serve() -> int:
    """Read a command a line, run it in a child, say how it ended."""
    import wsgi

    for where, _, _ in wsgi.COMMANDS.values():
        import_module(where.partition(":")[0])
    for name in wsgi.VERIFIERS:
        import_module(name)
    wsgi.features()
    gc.freeze()
    for line in sys.stdin:
        asked = json.loads(line)
        child = os.fork()
        if child == 0:
            _leave(_child(wsgi, asked))
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()
    return 0


def _leave(code: int) -> None:
    """End as a program ends, but for taking apart a thousand modules: that alone takes longer than most commands."""
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _child(wsgi: Any, asked: dict[str, Any]) -> int:
    for stream, (path, how) in enumerate(
        ((asked["stdin"], os.O_RDONLY), (asked["stdout"], os.O_WRONLY), (asked["stderr"], os.O_WRONLY))
    ):
        file = os.open(path, how)
        os.dup2(file, stream)
        os.close(file)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - it is the process's own
    os.environ.clear()
    os.environ.update(asked["environ"])
    os.chdir(asked["folder"])
    sys.argv = ["creditsvc", *asked["words"]]
    try:
        return int(wsgi.main(asked["words"]))
    except SystemExit as left:  # argparse
        if isinstance(left.code, str):
            sys.stderr.write(left.code + "\n")
        return left.code if isinstance(left.code, int) else int(left.code is not None)
    except BaseException:
        traceback.print_exc()
        return 1


@cache
def _server() -> subprocess.Popen[str]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("CREDITSVC_")}
    made = subprocess.Popen(
        [sys.executable, "-m", "tests.support.command_server"], cwd=ROOT, env=environ, stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    atexit.register(_stop, made)
    return made


def run_command(
    words: Sequence[str], environ: Mapping[str, str], *, stdin: str = "", folder: Path = ROOT
) -> tuple[int, str]:
    """Run a command; its exit code (negative for a signal), and what it wrote to both streams, output before errors."""
    server = _server()
    assert server.stdin is not None and server.stdout is not None
    with tempfile.TemporaryDirectory() as place:
        files = {name: Path(place) / name for name in ("stdin", "stdout", "stderr")}
        for name, file in files.items():
            file.write_text(stdin if name == "stdin" else "", "utf-8")
        asked = {"words": list(words), "environ": dict(environ), "folder": str(folder)}
        try:
            server.stdin.write(json.dumps(asked | {name: str(file) for name, file in files.items()}) + "\n")
            server.stdin.flush()
            ready, _, _ = select.select([server.stdout], [], [], SECONDS)
            ended = server.stdout.readline() if ready else ""
            assert ended, f"{words}: not ended after {SECONDS} seconds\n{files['stderr'].read_text('utf-8')}"
        except BaseException:  # whatever broke off the waiting: the next command must not read this one's end
            _stop(server)
            _server.cache_clear()
            raise
        return int(ended), files["stdout"].read_text("utf-8") + files["stderr"].read_text("utf-8")


def _stop(server: subprocess.Popen[str]) -> None:
    """Kill it with the command that it runs."""
    with suppress(ProcessLookupError):
        os.killpg(server.pid, signal.SIGKILL)
    server.wait(10)


if __name__ == "__main__":
    raise SystemExit(serve())
