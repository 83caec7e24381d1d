"""A whole running service for tests: real commands, a real server process, a browser made of urllib3."""

from __future__ import annotations

import atexit
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import urllib3

from creditsvc.access.accounts import NewAccount, create_account
from creditsvc.access.callers import job_caller
from creditsvc.access.permissions import StaffRole
from creditsvc.services import open_services
from creditsvc.settings import Settings
from tests.support.command_server import run_command

ROOT = Path(__file__).parents[2]
PASSWORD = "nine calm herons wade"
_TOKEN = re.compile(r'name="csrf_token" value="([0-9a-f]{64})"')


@dataclass
class House:
    """An installation in a folder of its own."""

    home: Path
    environ: dict[str, str]
    port: int
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def base(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def run(self, *words: str | Path, stdin: str = "", expect: int | None = 0) -> str:
        """Run a ``creditsvc`` command; what it said."""
        code, said = run_command([str(word) for word in words], self.environ, stdin=stdin)
        assert expect is None or code == expect, f"{words}: {code}\n{said}"
        return said

    def account(self, username: str, role: str, *more: str) -> None:
        """An account with ``PASSWORD``, made here: a command of its own for each would cost seconds."""
        given = dict(zip(more[::2], more[1::2], strict=True))
        new = NewAccount(
            username, username, StaffRole(role), court_code=given.get("--court"), unit=given.get("--unit"),
            sector=given.get("--sector"), must_change=False,
        )  # fmt: skip
        services = open_services(
            Settings.from_environ(
                {name: value for name, value in self.environ.items() if name.startswith("CREDITSVC_")}
            )
        )
        try:
            with services.database.writing() as session:
                create_account(
                    session,
                    new,
                    PASSWORD,
                    cost=services.settings.argon2,
                    caller=job_caller("test"),
                    now=services.clock.now(),
                )
        finally:
            services.dispose()

    def account_by_command(self, username: str, role: str, *more: str) -> None:
        """The same by ``creditsvc account add``."""
        words = ("account", "add", username, "--name", username, "--role", role, "--password-stdin", *more)
        self.run(*words, stdin=PASSWORD + "\n")

    def serve(self) -> None:
        """Start web and jobs, and wait until they answer."""
        log = (self.home / "serve.log").open("ab")
        self.processes.append(
            subprocess.Popen([sys.executable, "-m", "wsgi", "serve"], cwd=ROOT, env=self.environ, stdout=subprocess.DEVNULL,
                             stderr=log, start_new_session=True)
        )  # fmt: skip
        log.close()
        for _ in range(600):
            try:
                if urllib3.request("GET", self.base + "/readyz", retries=False, timeout=2).status == 200:
                    return
            except urllib3.exceptions.HTTPError:
                time.sleep(0.1)
        raise AssertionError((self.home / "serve.log").read_text()[-3000:])

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Stop what was started."""
        for process in self.processes:
            if process.poll() is None:
                os.killpg(process.pid, how) if how is signal.SIGKILL else process.send_signal(how)
        for process in self.processes:
            process.wait(30)
        self.processes.clear()


@contextmanager
def house(home: Path, *, by_command: bool = False, **settings: str) -> Iterator[House]:
    """An installation with keys and tables; its processes end with it.

    ``by_command`` migrates it by command under its own address, where it matters who the feed says that it is.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    environ = {name: value for name, value in os.environ.items() if not name.startswith("CREDITSVC_")}
    environ |= {"CREDITSVC_HOME": str(home / "var"), "CREDITSVC_BIND": f"127.0.0.1:{port}", "CREDITSVC_HOST": f"127.0.0.1:{port}",
                "CREDITSVC_DEMO": "true", "PYTHONPATH": str(ROOT), **settings}  # fmt: skip
    made = House(home, environ, port)
    if by_command or settings.keys() & _OF_THE_TABLES:
        made.run("migrate")
    else:
        shutil.copytree(_migrated(), home / "var")
    try:
        yield made
    finally:
        made.stop()


_OF_THE_TABLES = {"CREDITSVC_DATABASE_URL", "CREDITSVC_KEYS_URL", "CREDITSVC_KEYS"}
"""Settings with which an installation has keys or tables of its own."""


@cache
def _migrated() -> Path:
    """A ``var/`` as ``creditsvc migrate`` leaves it on SQLite: made once a process, copied for each house."""
    folder = Path(tempfile.mkdtemp(prefix="house-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    environ = {name: value for name, value in os.environ.items() if not name.startswith("CREDITSVC_")}
    environ |= {"CREDITSVC_HOME": str(folder / "var"), "PYTHONPATH": str(ROOT)}
    House(folder, environ, 0).run("migrate")
    return folder / "var"


class Browser:
    """Keeps cookies, follows redirects, fills in the form's token."""

    def __init__(self, base: str) -> None:
        self._base, self._pool, self._cookies = base, urllib3.PoolManager(retries=False), dict[str, str]()

    def _send(self, method: str, path: str, **more: Any) -> urllib3.BaseHTTPResponse:
        headers = {
            "Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items()),
            "Origin": self._base,
        }
        answer = self._pool.request(method, self._base + path, headers=headers, redirect=False, timeout=60, **more)
        for line in answer.headers.getlist("Set-Cookie"):
            name, _, value = line.split(";")[0].partition("=")
            self._cookies[name] = value
        return answer

    def get(self, path: str) -> str:
        """A page, after its redirects."""
        answer = self._send("GET", path)
        while answer.status in {302, 303}:
            answer = self._send("GET", answer.headers["Location"].removeprefix(self._base))
        assert answer.status == 200, f"{path}: {answer.status}"
        return answer.data.decode()

    def post(self, page: str, address: str, fields: Mapping[str, Any], *, status: int = 303) -> tuple[str, str]:
        """Post a form that stands on a page; where it led, and what it said."""
        token = _TOKEN.search(self.get(page))
        assert token, f"no form on {page}"
        answer = self._send("POST", address, fields={"csrf_token": token[1], **fields}, encode_multipart=True)
        assert answer.status == status, f"{address}: {answer.status}\n{answer.data.decode()[:3000]}"
        return answer.headers.get("Location", "").removeprefix(self._base), answer.data.decode()

    def sign_in(self, username: str) -> None:
        """Sign in as staff."""
        self.post("/sign-in", "/sign-in", {"username": username, "password": PASSWORD})


def eventually(what: Any, *, seconds: float = 30) -> Any:
    """Ask again until it is true; the last answer."""
    until = time.monotonic() + seconds
    while not (found := what()) and time.monotonic() < until:
        time.sleep(0.2)
    return found
