"""The examples in docs/: run as an agency would run them, against a served publisher and a real copy."""

from __future__ import annotations

import base64
import csv
import io
import runpy
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask import Flask
from werkzeug.serving import make_server

from creditsvc.app import create_app
from creditsvc.kernel.days import legal_day
from creditsvc.services import Services
from creditsvc.wallclock import FixedClock
from sync.key_lists import newest_list
from sync.mirror.cli import main as mirror
from sync.wire.encoding import b64url
from sync.wire.keys import sign_key_list
from sync.wire.slips import Identity
from tests.support.feed_server import KEY, serving
from tests.support.feed_simulator import TOKEN_KEY, Publisher, person
from tests.support.feed_world import Register
from wsgi import features

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs" / "examples"


def run(name: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """An example by the command line that its first lines show."""
    call = [sys.executable, "-W", "ignore", str(EXAMPLES / name), *map(str, arguments)]
    return subprocess.run(call, capture_output=True, text=True, timeout=60, check=False, cwd=ROOT)


@pytest.mark.parametrize("name", ["bidding_site.py", "bank.py"])
def test_an_example_is_short_and_needs_nothing_of_ours(name: str) -> None:
    text = (EXAMPLES / name).read_text("utf-8")
    assert len(text.splitlines()) <= 100
    imported = {line.split()[1].split(".")[0] for line in text.splitlines() if line.startswith(("import ", "from "))}
    assert imported <= {*sys.stdlib_module_names, "cryptography"}


@contextmanager
def _served(app: Flask) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()


@pytest.fixture
def today(sqlite_services: Services) -> Services:
    """Services whose clock shows the real time: an example has none but that."""
    assert isinstance(sqlite_services.clock, FixedClock)
    sqlite_services.clock.set(datetime.now(UTC))
    return sqlite_services


def test_a_bidding_site(today: Services, tmp_path: Path) -> None:
    app, register = create_app(today, features()), Register(today)
    account = register.subscriber("bids", ("agency",))
    listed, disputed = register.listings(2, units=True)
    codes = [number.number for number in register.numbers]
    register.listings(3)
    register.annotate(disputed, "disputed")
    register.publish()
    with today.database.reading() as session:
        keys = newest_list(session)
    assert keys is not None
    known = keys.stream_keys("agency", 1, on=legal_day(today.clock.now()))
    (tmp_path / "stream.keys").write_text("\n".join(key.text for key in known))
    (tmp_path / "api.key").write_text(account.key)
    db = ["--db", tmp_path / "list.db"]
    with _served(app) as url:
        fetch = ["fetch", url, "--key-file", tmp_path / "api.key", "--signed-by", tmp_path / "stream.keys", *db]
        done = run("bidding_site.py", *fetch)
        assert (done.returncode, done.stdout[:1]) == (0, "5"), done.stderr
        asked = run("bidding_site.py", "ask", codes[0], *db)
        assert asked.returncode == 4 and "郑州市金水区人民法院" in asked.stdout
        assert run("bidding_site.py", "ask", codes[1], *db).returncode == 0, "under dispute: not used"
        assert run("bidding_site.py", "ask", "91410100MA9999999X", *db).returncode == 0
        with sqlite3.connect(tmp_path / "list.db") as held:
            assert len(held.execute("SELECT * FROM list").fetchall()) == 2, "units alone, no person"
        register.remove(listed)
        register.publish()
        assert isinstance(today.clock, FixedClock)
        today.clock.set(today.clock.now() + timedelta(minutes=5))
        assert run("bidding_site.py", *fetch).returncode == 0
        assert run("bidding_site.py", "ask", codes[0], *db).returncode == 0, "gone the same night, without a trace"
        (tmp_path / "stream.keys").write_text(Publisher().log_keys[0].verifier.text)
        forged = run("bidding_site.py", *fetch)
        assert forged.returncode != 0 and "no signature to trust" in forged.stderr
    with sqlite3.connect(tmp_path / "list.db") as held:
        held.execute("UPDATE state SET until = '2026-01-01T00:00:00Z'")
    assert run("bidding_site.py", "ask", codes[0], *db).returncode == 4, "too old to rely on"


def test_a_bank(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    feed = Publisher()
    feed.now = datetime.now(UTC)
    feed.publish(20)
    (listed,) = feed.publish()
    who, other = person(4321), person(99)
    feed.people[listed] = Identity(f"resident_id:{who.number}", b"x" * 32)
    feed.bodies[listed].data.update(subject=feed.people[listed].subject, name=who.name)
    texts = {"key": KEY, "tokens": b64url(TOKEN_KEY), "trust": sign_key_list(feed.keys, feed.roots),
             "signing": b64url(feed.subscriber.private.private_bytes_raw())}  # fmt: skip
    for name, text in texts.items():
        (tmp_path / name).write_text(text, "utf-8")
    folder, command = tmp_path / "copy", tmp_path / "creditsvc"
    sync = ["--dir", str(folder), "--stream", "agency/1", "--trust", str(tmp_path / "trust"), "--subscriber", "bureau-a",
            "--key-file", str(tmp_path / "key"), "--token-key", str(tmp_path / "tokens"),
            "--signing-key", str(tmp_path / "signing")]  # fmt: skip
    with serving(feed, key=KEY) as url:
        assert mirror([url, *sync]) == 0
    start = "import sys; from wsgi import main; sys.exit(main(sys.argv[1:]))"
    command.write_text(f"#!/bin/sh\nexec {sys.executable} -W ignore -c '{start}' \"$@\"\n")
    command.chmod(0o755)
    customers = tmp_path / "customers.csv"
    customers.write_text(f"{other.number},{other.name}\n{who.number},{who.name}\n", "utf-8")
    screen = [customers, "--mirror", folder, "--token-key", tmp_path / "tokens", "--command", command]
    done = run("bank.py", *screen)
    found = list(csv.reader(io.StringIO(done.stdout)))
    assert done.returncode in {3, 4}, done.stderr
    assert {row[0] for row in found} == {"2"} and all(row[2] and row[3] for row in found), "measure and clause"
    assert who.number not in done.stdout + done.stderr
    customers.write_text(f"{other.number},{other.name}\n", "utf-8")
    assert (run("bank.py", *screen).returncode, run("bank.py", *screen).stdout) == (0, "")
    with sqlite3.connect(folder / "copy.sqlite") as copy:
        copy.execute("DELETE FROM slips")
    incomplete = run("bank.py", *screen)
    assert incomplete.returncode == 1 and "not whole" in incomplete.stderr, "who is missing can't be found"
    capsys.readouterr()


def test_a_key_may_hold_the_sign_that_parts_its_name() -> None:
    """The key is the rest after the second plus, and base64 has pluses of its own."""
    known = runpy.run_path(str(EXAMPLES / "bidding_site.py"))["signed_text"]
    while True:
        key = Ed25519PrivateKey.generate()
        public = base64.b64encode(b"\x01" + key.public_key().public_bytes_raw()).decode()
        if "+" in public:
            break
    signature = base64.b64encode(b"\0\0\0\0" + key.sign(b"a sheet\n")).decode()
    assert known(f"a sheet\n\n\u2014 there {signature}\n", [f"there+00000000+{public}"]) == "a sheet"
