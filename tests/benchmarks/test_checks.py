"""Single checks through HTTP beside a bare route: same server, workers, load generator, disk and run.

A check is signed, its ledger row durable before the answer. ``CHECK_ENTRIES`` sets the size of the register (30,000 unless told
otherwise) and ``CHECK_FOLDER`` where it is kept; ``CHECK_POSTGRES`` names a server that holds one under the same folder's keys.
"""

from __future__ import annotations

import json
import os
import pickle
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from creditsvc.access.api_keys import create_api_key
from creditsvc.access.callers import job_caller
from creditsvc.access.permissions import Permission
from creditsvc.services import Services
from tests.benchmarks.big_register import AREA, NAME, STRANGERS, number_at, opened, people_of
from tests.support.apps import Templates
from tests.support.postgres import NoPostgres, PostgresServer

ENTRIES = int(os.environ.get("CHECK_ENTRIES", "30000"))
SECONDS = float(os.environ.get("CHECK_SECONDS", "4"))
ROUNDS = int(os.environ.get("CHECK_ROUNDS", "3"))
WORKERS, THREADS, CONNECTIONS = 2, 8, 16
UNITS, ASKED = 240, 4_000
pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(7200)]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def register(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Services]:
    """A register of that size: on SQLite, and on a PostgreSQL that syncs every commit."""
    folder = Path(os.environ.get("CHECK_FOLDER", str(tmp_path / "register")))
    if request.param == "sqlite":
        services = opened(folder, ENTRIES)
        yield services
        services.dispose()
        return
    if given := os.environ.get("CHECK_POSTGRES"):
        services = opened(folder, ENTRIES, url=given)
        yield services
        services.dispose()
        return
    monkeypatch.setattr(
        "tests.support.postgres.SETTINGS",
        "-c fsync=on -c synchronous_commit=on -c max_connections=100 -c listen_addresses=",
    )
    try:
        server = PostgresServer()
    except NoPostgres as reason:
        pytest.skip(str(reason))
    try:
        templates = Templates(tmp_path)
        templates._postgres = server
        for name in ("register", "keys"):
            templates.execute(f"CREATE DATABASE {name}")
        services = opened(tmp_path / "home", ENTRIES, url=server.url("register"))
        yield services
        services.dispose()
    finally:
        server.close()


def test_checks_beside_a_bare_route(register: Services, tmp_path: Path, free_port: int) -> None:
    checks, bare = tmp_path / "checks", tmp_path / "bare"
    plain = tmp_path / "plain"
    _write_requests(register, free_port, checks, bare, plain)
    with (
        _bare_ledger(register),
        _served(register, free_port) as port,
        _served(register, free_port + 1, bare=True) as other,
    ):
        for file, at in ((checks, port), (bare, other), (plain, other)):
            assert set(_load(at, file, seconds=2)["statuses"]) == {"200"}
        found: dict[str, list[float]] = {"checks": [], "bare": [], "plain": []}
        for _ in range(ROUNDS):
            for name, file, at in (("bare", bare, other), ("checks", checks, port), ("plain", plain, other)):
                said = _load(at, file, seconds=SECONDS)
                assert set(said["statuses"]) == {"200"}, said
                found[name].append(said["rate"])
        best = {name: max(rates) for name, rates in found.items()}
        half = [_load(port, checks, seconds=SECONDS * 2, rate=best["checks"] / 2) for _ in range(ROUNDS)]
    kind = "sqlite" if register.database.is_sqlite else "postgres"
    _tell(f"checks {kind}, {ENTRIES:,} entries", best["checks"], best["bare"])
    _tell(f"checks {kind}, beside plain JSON", best["checks"], best["plain"])
    sys.stdout.write(f"FIGURE checks {kind}, round by round: {_rounds(found)}\n")
    tails = ", ".join(f"{one['p99']} ms" for one in half)
    sys.stdout.write(f"FIGURE checks {kind}, at half load: p50 {min(one['p50'] for one in half)} ms, p99 {tails}\n")


def _tell(name: str, rate: float, base: float) -> None:
    sys.stdout.write(f"\nFIGURE {name}: {rate:,.0f}/s, baseline {base:,.0f}/s, ratio {rate / base:.3f}\n")


def _rounds(found: dict[str, list[float]]) -> str:
    pairs = [check / bare for check, bare in zip(found["checks"], found["bare"], strict=True)]
    return f"{[round(one, 3) for one in pairs]}, median {statistics.median(pairs):.3f}"


def _write_requests(services: Services, port: int, checks: Path, bare: Path, plain: Path) -> None:
    now = services.clock.now()
    keys = []
    with services.database.writing() as session:
        for unit in range(UNITS):
            _, key = create_api_key(session, unit=f"演示单位{unit}", permissions=[Permission.CHECK_ASK],
                                    expires_at=now + timedelta(days=1), caller=job_caller("bench"), now=now)  # fmt: skip
            keys.append(key)
    chosen, made, beside, simple = random.Random(7), [], [], []
    for place in range(ASKED):
        # every second one is listed
        number = number_at(AREA if place % 2 else STRANGERS, chosen.randrange(people_of(ENTRIES)))
        body = {
            "number": number,
            "name": NAME,
            "sector": "transport",
            "act": "fly",
            "purpose": "售票核验",
            "matter": f"T-{place}",
        }
        made.append(_request("/v1/checks", body, f"Authorization: Bearer {keys[place % UNITS]}\r\n", port))
        token = services.vault.token(f"resident_id:{number}").hex()
        beside.append(_request("/bare", {"token": token, "purpose": "售票核验"}, "", port))
        simple.append(_request("/plain", {"purpose": "售票核验"}, "", port))
    for path, requests in ((checks, made), (bare, beside), (plain, simple)):
        path.write_bytes(pickle.dumps(requests))


def _request(path: str, body: dict[str, Any], more: str, port: int) -> bytes:
    content = json.dumps(body, ensure_ascii=False).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n{more}"
    return f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content


@contextmanager
def _bare_ledger(services: Services) -> Iterator[None]:
    kind = "BLOB" if services.database.is_sqlite else "bytea"
    serial = "INTEGER PRIMARY KEY" if services.database.is_sqlite else "bigserial PRIMARY KEY"
    with services.database.writing() as session:
        session.execute(text("DROP TABLE IF EXISTS bare_ledger"))
        session.execute(text(f"CREATE TABLE bare_ledger (id {serial}, token {kind}, purpose TEXT)"))
    yield
    with services.database.writing() as session:
        session.execute(text("DROP TABLE bare_ledger"))


@contextmanager
def _served(services: Services, port: int, *, bare: bool = False) -> Iterator[int]:
    settings = services.settings
    given = {
        "CREDITSVC_HOME": str(settings.home.absolute()), "CREDITSVC_DATABASE_URL": settings.database_url,
        "CREDITSVC_KEYS_URL": settings.keys_url, "CREDITSVC_DEMO": "1", "CREDITSVC_LOG_LEVEL": "WARNING",
        "BARE_DATABASE": settings.database_url or str(services.database.url.database),
    }  # fmt: skip
    target = "tests.benchmarks.bare_app:application" if bare else "wsgi:application"
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port),
               "--workers", str(WORKERS), "--blocking-threads", str(THREADS), "--backpressure", str(THREADS * 8), "--no-ws",
               "--log-level", "warning", target]  # fmt: skip
    with subprocess.Popen(command, env={**os.environ, **given}, stdout=subprocess.DEVNULL) as process:
        try:
            _wait(port, process)
            yield port
        finally:
            process.terminate()


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    import socket

    for _ in range(300):
        assert process.poll() is None, "the server did not start"
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            time.sleep(1)
            return
    raise AssertionError("the server did not listen")


def _load(port: int, file: Path, *, seconds: float, rate: float | None = None) -> dict[str, Any]:
    command = [
        sys.executable,
        "-m",
        "tests.benchmarks.load",
        str(port),
        str(file),
        "--seconds",
        str(seconds),
        "--connections",
        str(CONNECTIONS),
    ]
    done = subprocess.run(
        [*command, *(["--rate", str(rate)] if rate else [])], capture_output=True, text=True, check=True
    )
    return dict(json.loads(done.stdout))
